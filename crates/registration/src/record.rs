//! What was made, as it is printed: an image, a snapshot, or a file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ami_core::id::Id;
use ami_core::output::{Column, ID_WIDTH, Record};
use ami_core::reference::Located;
use ami_core::region::Region;
use ami_core::tag::{Heritage, Tag};
use ami_core::time::Moment;
use serde::Serialize;

/// What is known of something that was made.
#[derive(Debug, Clone)]
pub struct Made {
    /// The image or the snapshot.
    pub located: Located,
    /// The image's name.
    pub name: Option<String>,
    /// The state in which it was seen last.
    pub state: String,
    /// The image's architecture.
    pub architecture: Option<String>,
    /// The image's boot mode.
    pub boot_mode: Option<String>,
    /// The snapshot of the root.
    pub snapshot: Option<Id>,
    /// The root's size in GiB.
    pub size: Option<u32>,
    /// Is the root encrypted?
    pub is_encrypted: Option<bool>,
    /// How many blocks of EBS it took to put or to get.
    pub blocks: Option<u32>,
    /// The disk file.
    pub file: Option<PathBuf>,
    /// Where it comes from.
    pub heritage: Option<Heritage>,
    /// The snapshot that it was made of.
    pub source_snapshot: Option<Id>,
    /// Its tags.
    pub tags: Vec<Tag>,
}

impl Made {
    /// Something of which no more is known than that it is there.
    pub fn new(located: Located, state: impl Into<String>) -> Self {
        Self {
            located,
            name: None,
            state: state.into(),
            architecture: None,
            boot_mode: None,
            snapshot: None,
            size: None,
            is_encrypted: None,
            blocks: None,
            file: None,
            heritage: None,
            source_snapshot: None,
            tags: Vec::new(),
        }
    }

    fn date(&self) -> String {
        let heritage = self.heritage.as_ref();
        heritage
            .map(|heritage| heritage.created.compact())
            .unwrap_or_default()
    }

    fn size(&self) -> String {
        self.size.map(|size| size.to_string()).unwrap_or_default()
    }

    fn blocks(&self) -> String {
        let blocks = self.blocks.as_ref();
        blocks.map(u32::to_string).unwrap_or_default()
    }

    fn snapshot(&self) -> String {
        let snapshot = self.snapshot.as_ref();
        snapshot.map(Id::to_string).unwrap_or_default()
    }

    fn object<'a>(&'a self, reference: &'a str) -> Json<'a> {
        let heritage = self.heritage.as_ref();
        let tags = self.tags.iter();
        let file = self.file.as_ref();
        Json {
            reference,
            id: &self.located.id,
            region: &self.located.region,
            name: self.name.as_deref(),
            state: &self.state,
            architecture: self.architecture.as_deref(),
            boot_mode: self.boot_mode.as_deref(),
            snapshot: self.snapshot.as_ref(),
            size: self.size,
            encrypted: self.is_encrypted,
            blocks: self.blocks,
            file: file.map(|file| file.display().to_string()),
            source_image: heritage.and_then(|heritage| heritage.source_image.as_ref()),
            source_region: heritage.and_then(|heritage| heritage.source_region.as_ref()),
            source_snapshot: self.source_snapshot.as_ref(),
            created: heritage.map(|heritage| heritage.created),
            tags: tags.map(|tag| (&*tag.key, &*tag.value)).collect(),
        }
    }
}

/// The fields of the JSON table of `ami-register-image`, in its order.
#[derive(Serialize)]
struct Json<'a> {
    reference: &'a str,
    id: &'a Id,
    region: &'a Region,
    name: Option<&'a str>,
    state: &'a str,
    architecture: Option<&'a str>,
    boot_mode: Option<&'a str>,
    snapshot: Option<&'a Id>,
    size: Option<u32>,
    encrypted: Option<bool>,
    blocks: Option<u32>,
    file: Option<String>,
    source_image: Option<&'a Id>,
    source_region: Option<&'a Region>,
    source_snapshot: Option<&'a Id>,
    created: Option<Moment>,
    tags: BTreeMap<&'a str, &'a str>,
}

/// An image.
pub struct Image(pub Made);
/// A snapshot, and no image.
pub struct Snapshot<'a>(pub &'a Made);
/// A disk file.
pub struct File<'a>(pub &'a Made);

impl Record for Image {
    const COLUMNS: &'static [Column] = &[
        Column::new("IMAGE_ID", ID_WIDTH),
        Column::new("SNAPSHOT_ID", ID_WIDTH),
        Column::new("ARCHITECTURE", 12),
        Column::new("GIB", 5),
        Column::new("BLOCKS", 8),
        Column::new("CREATE_DATE", 16),
        Column::new("NAME", 30),
    ];

    fn located(&self) -> &Located {
        &self.0.located
    }

    fn cells(&self, reference: &str) -> Vec<String> {
        let made = &self.0;
        vec![
            reference.to_owned(),
            made.snapshot(),
            made.architecture.clone().unwrap_or_default(),
            made.size(),
            made.blocks(),
            made.date(),
            made.name.clone().unwrap_or_default(),
        ]
    }

    fn json<'a>(&'a self, reference: &'a str) -> impl Serialize + 'a {
        self.0.object(reference)
    }
}

impl Record for Snapshot<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::new("SNAPSHOT_ID", ID_WIDTH),
        Column::new("GIB", 5),
        Column::new("BLOCKS", 8),
        Column::new("CREATE_DATE", 16),
    ];

    fn located(&self) -> &Located {
        &self.0.located
    }

    fn cells(&self, reference: &str) -> Vec<String> {
        let made = self.0;
        vec![
            reference.to_owned(),
            made.size(),
            made.blocks(),
            made.date(),
        ]
    }

    fn json<'a>(&'a self, reference: &'a str) -> impl Serialize + 'a {
        self.0.object(reference)
    }
}

impl Record for File<'_> {
    /// The snapshot was there before, and the file's name is known to who gave it.
    const IS_NEWS: bool = false;
    const COLUMNS: &'static [Column] = &[
        Column::new("FILE", 30),
        Column::new("SNAPSHOT_ID", ID_WIDTH),
        Column::new("GIB", 5),
        Column::new("BLOCKS", 8),
    ];

    fn located(&self) -> &Located {
        &self.0.located
    }

    fn cells(&self, reference: &str) -> Vec<String> {
        let made = self.0;
        let file = made.file.as_ref();
        vec![
            file.map(|file| file.display().to_string())
                .unwrap_or_default(),
            reference.to_owned(),
            made.size(),
            made.blocks(),
        ]
    }

    fn json<'a>(&'a self, reference: &'a str) -> impl Serialize + 'a {
        self.0.object(reference)
    }
}
