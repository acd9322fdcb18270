//! Block device mappings of images.

/// One block device of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The name by which instances see it, such as `/dev/xvda`.
    pub device_name: String,
    /// What is behind the name.
    pub device: Device,
}

/// What a block device mapping names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Device {
    /// A volume, from a snapshot or empty.
    Ebs(Ebs),
    /// An instance store volume such as `ephemeral0`.
    Virtual(String),
}

/// The volume that a launch makes for a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ebs {
    /// The snapshot that the volume starts from.
    pub snapshot: Option<String>,
    /// Its size in GiB.
    pub size: u32,
    /// `gp3`, `io2` …
    pub volume_type: String,
    /// Provisioned operations per second.
    pub iops: Option<u32>,
    /// Provisioned MiB per second (gp3).
    pub throughput: Option<u32>,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// The key, when one was named.
    pub kms_key: Option<String>,
    /// Whether it goes with its instance.
    pub delete_on_termination: bool,
}

impl Default for Ebs {
    fn default() -> Self {
        Ebs {
            snapshot: None,
            size: 8,
            volume_type: "gp3".into(),
            iops: Some(3000),
            throughput: Some(125),
            encrypted: false,
            kms_key: None,
            delete_on_termination: true,
        }
    }
}

impl Mapping {
    /// A mapping of a volume.
    pub fn ebs(device_name: &str, ebs: Ebs) -> Self {
        Mapping {
            device_name: device_name.into(),
            device: Device::Ebs(ebs),
        }
    }

    /// The volume, when the mapping has one.
    pub fn as_ebs(&self) -> Option<&Ebs> {
        match &self.device {
            Device::Ebs(ebs) => Some(ebs),
            Device::Virtual(_) => None,
        }
    }
}
