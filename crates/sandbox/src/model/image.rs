//! Images.

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;

use super::id::Kind;
use super::mapping::{Ebs, Mapping};
use crate::config::Pace;
use crate::course::{Course, Veil};

/// The states of an image (API reference, Image).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageState {
    /// Being made.
    Pending,
    /// Can be used.
    Available,
    /// Registered, but cannot be used.
    Invalid,
    /// Gone, though still shown.
    Deregistered,
    /// Between states.
    Transient,
    /// Could not be made.
    Failed,
    /// Could not be made.
    Error,
    /// Switched off by its owner.
    Disabled,
}

impl ImageState {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            ImageState::Pending => "pending",
            ImageState::Available => "available",
            ImageState::Invalid => "invalid",
            ImageState::Deregistered => "deregistered",
            ImageState::Transient => "transient",
            ImageState::Failed => "failed",
            ImageState::Error => "error",
            ImageState::Disabled => "disabled",
        }
    }
}

/// Why an image is in its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateReason {
    /// Such as `Client.InternalError`.
    pub code: String,
    /// For people.
    pub message: String,
}

/// An image as the sandbox knows it: what seeds fill in and what tests look at.
#[derive(Clone, Debug)]
pub struct Image {
    /// `ami-…`
    pub id: String,
    /// The name, unique among the owner's images in the region.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// The account.
    pub owner: String,
    /// `amazon` for images of Amazon.
    pub owner_alias: Option<String>,
    /// Whether everyone may launch it.
    pub public: bool,
    /// The accounts that may launch it.
    pub shared_with: BTreeSet<String>,
    /// The organizations and units that may launch it, by ARN.
    pub shared_with_groups: BTreeSet<String>,
    /// When it was made.
    pub created: OffsetDateTime,
    /// `x86_64`, `arm64` …
    pub architecture: String,
    /// `hvm` or `paravirtual`.
    pub virtualization: String,
    /// `Windows`, or none.
    pub platform: Option<String>,
    /// The name of the root device.
    pub root_device: String,
    /// Its block devices.
    pub mappings: Vec<Mapping>,
    /// Its tags, which only the owner sees.
    pub tags: BTreeMap<String, String>,
    /// `uefi` …
    pub boot_mode: Option<String>,
    /// `v2.0`
    pub tpm_support: Option<String>,
    /// `v2.0`
    pub imds_support: Option<String>,
    /// Base64 of the UEFI variable store.
    pub uefi_data: Option<String>,
    /// `simple`
    pub sriov_net_support: Option<String>,
    /// Enhanced networking.
    pub ena_support: bool,
    /// The kernel of a paravirtual image.
    pub kernel: Option<String>,
    /// The RAM disk of a paravirtual image.
    pub ramdisk: Option<String>,
    /// Where the manifest lies; the owner and the name when there is none.
    pub location: Option<String>,
    /// The image it was made from.
    pub source_image: Option<String>,
    /// Where that image lies.
    pub source_region: Option<String>,
    /// The instance it was made from.
    pub source_instance: Option<String>,
    /// When it is to be deprecated.
    pub deprecation: Option<OffsetDateTime>,
    /// `disabled`, `enabled-with-cooldown` … (deregistration protection).
    pub protection: Option<String>,
    /// The products of AWS Marketplace that it is of.
    pub product_codes: Vec<String>,
    /// Until when it cannot be deregistered although its protection is off.
    pub(crate) cooldown: Option<OffsetDateTime>,
    pub(crate) course: Course<Stage>,
    pub(crate) veil: Veil,
}

/// A state with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stage {
    pub(crate) state: ImageState,
    pub(crate) reason: Option<StateReason>,
}

impl From<ImageState> for Stage {
    fn from(state: ImageState) -> Self {
        Stage {
            state,
            reason: None,
        }
    }
}

impl Image {
    /// An available hvm image of an account, made now.
    pub(crate) fn new(owner: &str, name: &str) -> Self {
        Image {
            id: Kind::Image.fresh(),
            name: name.into(),
            description: None,
            owner: owner.into(),
            owner_alias: None,
            public: false,
            shared_with: BTreeSet::new(),
            shared_with_groups: BTreeSet::new(),
            created: OffsetDateTime::now_utc(),
            architecture: "x86_64".into(),
            virtualization: "hvm".into(),
            platform: None,
            root_device: "/dev/xvda".into(),
            mappings: Vec::new(),
            tags: BTreeMap::new(),
            boot_mode: None,
            tpm_support: None,
            imds_support: None,
            uefi_data: None,
            sriov_net_support: None,
            ena_support: true,
            kernel: None,
            ramdisk: None,
            location: None,
            source_image: None,
            source_region: None,
            source_instance: None,
            deprecation: None,
            protection: None,
            product_codes: Vec::new(),
            cooldown: None,
            course: Course::settled(ImageState::Available.into()),
            veil: Veil::new(Pace::Now),
        }
    }

    /// The state at this moment; looking does not count as a read.
    pub fn state(&self) -> ImageState {
        self.course.peek().state
    }

    /// Why it is in its state, when that is known.
    pub fn state_reason(&self) -> Option<&StateReason> {
        self.course.peek().reason.as_ref()
    }

    /// Puts it into a state for good.
    pub fn set_state(&mut self, state: ImageState) {
        self.course = Course::settled(state.into());
    }

    /// The snapshots of its volumes.
    pub fn snapshots(&self) -> impl Iterator<Item = &str> {
        self.mappings
            .iter()
            .filter_map(|mapping| mapping.as_ebs()?.snapshot.as_deref())
    }

    /// The volume of the root device.
    pub(crate) fn root(&self) -> Option<&Ebs> {
        self.mappings
            .iter()
            .find(|mapping| mapping.device_name == self.root_device)?
            .as_ebs()
    }

    /// `ebs`, or `instance-store` where no volume is behind the root device.
    pub fn root_type(&self) -> &'static str {
        match self.root() {
            Some(_) => "ebs",
            None => "instance-store",
        }
    }

    /// Whether an account may see and launch it.
    pub(crate) fn is_open_to(&self, account: &str) -> bool {
        self.owner == account || self.public || self.shared_with.contains(account)
    }
}

super::resource!(Image, Kind::Image);
