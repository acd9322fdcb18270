//! What the node is told of what is asked for, with the files that options name.

use std::io::Read;
use std::path::{Path, PathBuf};

use ami_bundle_format::{Certificate, Compression};
use ami_bundle_node::protocol;
use ami_capture::{Fstab, OtherFileSystems, Size};
use ami_core::error::{Error, Kind};

use super::Request;

/// The largest script, table or list of patterns that is sent.
const LARGEST: u64 = 1 << 20;

/// What files say that options name. They are of this machine, and are sent along with the order.
#[derive(Default)]
pub(super) struct Files {
    fstab: Option<Vec<u8>>,
    script: Option<Vec<u8>>,
    exclude_from: Option<Vec<u8>>,
}

impl Request {
    /// What the node is told.
    pub(in crate::node) fn order(&self) -> protocol::Order {
        let der = |certificate: &Option<Certificate>| {
            let der = certificate.as_ref().map(|it| it.der().to_vec());
            der.unwrap_or_default()
        };
        let (capture, files) = (&self.capture, &self.files);
        protocol::Order {
            volume: capture.volume.clone(),
            work_dir: capture.work_dir.clone(),
            size: match capture.size {
                Size::Automatic => None,
                Size::Bytes(size) => Some(size),
            },
            file_system: capture.file_system.map(|kind| kind.to_string()),
            all: capture.others == OtherFileSystems::TakeLocal,
            excludes: capture.excludes.clone(),
            exclude_from: files.exclude_from.clone(),
            includes: capture.includes.clone(),
            filter: capture.filter,
            fstab: match (&capture.fstab, &files.fstab) {
                (_, Some(text)) => protocol::Fstab::Text(text.clone()),
                (Fstab::Generate, None) => protocol::Fstab::Generate,
                _ => protocol::Fstab::Keep,
            },
            script: files.script.clone(),
            name: self.name.clone(),
            compression: match self.compression {
                Compression::Fast => protocol::Compression::Fast,
                Compression::Default => protocol::Compression::Default,
                Compression::Best => protocol::Compression::Best,
            },
            certificate: der(&self.certificate),
            ec2_certificate: der(&self.ec2),
            inherit: self.inherit,
        }
    }
}

impl Files {
    pub(super) fn read(capture: &ami_capture::Order) -> Result<Self, Error> {
        let read = |path: Option<&PathBuf>| path.map(|path| content(path)).transpose();
        let fstab = match &capture.fstab {
            Fstab::Replace(path) => Some(path),
            _ => None,
        };
        Ok(Self {
            fstab: read(fstab)?,
            script: read(capture.script.as_ref())?,
            exclude_from: read(capture.exclude_from.as_ref())?,
        })
    }
}

fn content(path: &Path) -> Result<Vec<u8>, Error> {
    let wrong = |what: String| Error::new(Kind::Usage, what).of(path.display());
    let cannot = |error: std::io::Error| wrong(format!("cannot be read: {error}"));
    let file = std::fs::File::open(path).map_err(cannot)?;
    let mut content = Vec::new();
    // It may be a pipe, whose size nobody knows before.
    let read = file.take(LARGEST + 1).read_to_end(&mut content);
    read.map_err(cannot)?;
    match content.len() as u64 > LARGEST {
        true => Err(wrong("is larger than 1 MiB".to_owned())),
        false => Ok(content),
    }
}
