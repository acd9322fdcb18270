//! The block device mappings of an image: its root's, and those that were asked for beside it.

use ami_cli::args::Args;
use ami_core::error::Error;
use ami_core::id::Id;
use ami_core::mapping::{self, Ebs, Mapping, Target};

use crate::options::{value, values};
use crate::size;

/// AWS's own name for the root of Linux images (EC2 User Guide, "Device names for volumes").
const ROOT: &str = "/dev/xvda";
/// What root devices are called (same place): that of AMIs of Ubuntu and Windows is the second.
const ROOTS: [&str; 2] = [ROOT, "/dev/sda1"];
/// What there is to say against anything else: it costs least, and what it can do does not depend on
/// its size.
const TYPE: &str = "gp3";
/// Types that no machine starts from (EBS User Guide, "EBS volume types").
const NO_ROOTS: [&str; 2] = ["st1", "sc1"];
/// Types that have no I/O operations per second unless they are told.
const NEED_IOPS: [&str; 2] = ["io1", "io2"];

/// What the options say of the volumes.
#[derive(Debug, Clone)]
pub struct Volumes {
    /// The name of the root device.
    pub(crate) root_device: String,
    /// Has nobody said its name?
    is_usual: bool,
    /// What is said of the root; its snapshot is still to come.
    root: Ebs,
    /// The other devices.
    others: Vec<Mapping>,
    /// The size of the root in GiB, where it is said.
    pub size: Option<u32>,
}

impl Default for Volumes {
    /// A root as large as what is on it, and nothing else.
    fn default() -> Self {
        Self {
            root_device: ROOT.to_owned(),
            is_usual: true,
            root: Ebs::default(),
            others: Vec::new(),
            size: None,
        }
    }
}

impl Volumes {
    /// Reads the options that the tool has.
    ///
    /// # Errors
    /// What EC2 would refuse, and what is said twice.
    pub fn read(args: &Args) -> Result<Self, Error> {
        let root_device = value(args, "root-device", device)?;
        let is_said = root_device.is_some();
        let root_device = root_device.unwrap_or_else(|| ROOT.to_owned());
        let size = value(args, "size", size::parse)?;
        let volume_type = value(args, "volume-type", mapping::volume_type)?;
        let mappings: Vec<Mapping> = values(args, "block-device-mapping", str::parse)?;
        mapping::check_all(&mappings).map_err(wrong)?;
        let is_root = |mapping: &Mapping| mapping.device == root_device;
        let (mut root, others): (Vec<_>, Vec<_>) = mappings.into_iter().partition(is_root);
        others.iter().try_for_each(check_other)?;
        let volumes = Self {
            is_usual: !is_said && root.is_empty(),
            root_device: root_device.clone(),
            root: Ebs {
                volume_type,
                ..Ebs::default()
            },
            others,
            size,
        };
        volumes.with_root_at(root_device, root.pop())
    }

    /// The same where the root device of a source image is usual: it counts unless the root is named,
    /// by its option or by a mapping.
    ///
    /// # Errors
    /// The options say of that device what no root has.
    pub fn with_usual_root(&self, device: &str) -> Result<Self, Error> {
        let mut volumes = self.clone();
        if !self.is_usual || self.root_device == device {
            return Ok(volumes);
        }
        let is_root = |mapping: &Mapping| mapping.device == device;
        let (mut root, others): (Vec<_>, Vec<_>) = volumes.others.into_iter().partition(is_root);
        volumes.others = others;
        volumes.with_root_at(device.to_owned(), root.pop())
    }

    /// The same with these devices too, as far as nothing is said of them.
    #[must_use]
    pub fn with_others(&self, mappings: Vec<Mapping>) -> Self {
        let mut volumes = self.clone();
        for mapping in mappings {
            let is_said = volumes.root_device == mapping.device
                || volumes
                    .others
                    .iter()
                    .any(|other| other.device == mapping.device);
            if !is_said {
                volumes.others.push(mapping);
            }
        }
        volumes
    }

    /// The root is there, and a mapping may say more of it than the options do.
    fn with_root_at(self, root_device: String, mapping: Option<Mapping>) -> Result<Self, Error> {
        let mut root = mapping.map(root_of).transpose()?.unwrap_or_default();
        let size = root.size.and_then(|size| u32::try_from(size).ok());
        let size = one("size", self.size, size)?;
        root.volume_type = one("volume-type", self.root.volume_type, root.volume_type)?;
        check_type(&root, &root_device)?;
        Ok(Self {
            root_device,
            root,
            size,
            ..self
        })
    }

    /// What to say where a volume that would be empty bears a name that roots have.
    pub(crate) fn suspicion(&self) -> Option<String> {
        let is_empty = |mapping: &&Mapping| match &mapping.target {
            Target::Ebs(ebs) => ebs.snapshot.is_none() && ROOTS.contains(&&*mapping.device),
            Target::NoDevice | Target::Ephemeral(_) => false,
        };
        let device = &self.others.iter().find(is_empty)?.device;
        Some(format!(
            "{device} is one more volume, an empty one: the root device is {}; if {device} is meant, say \
             --root-device {device}",
            self.root_device
        ))
    }

    /// All mappings of an image whose root is made of that snapshot.
    pub(crate) fn with_root(&self, snapshot: &Id) -> Vec<Mapping> {
        self.all(Some(snapshot), self.size)
    }

    /// The same where the snapshot is still to come, of so many GiB.
    pub(crate) fn with_root_to_come(&self, size: u32) -> Vec<Mapping> {
        self.all(None, Some(self.size.unwrap_or(size)))
    }

    fn all(&self, snapshot: Option<&Id>, size: Option<u32>) -> Vec<Mapping> {
        let root = &self.root;
        let ebs = Ebs {
            snapshot: snapshot.cloned(),
            size: size.and_then(|size| i32::try_from(size).ok()),
            delete_on_termination: Some(root.delete_on_termination.unwrap_or(true)),
            volume_type: Some(root.volume_type.clone().unwrap_or_else(|| TYPE.to_owned())),
            iops: root.iops,
            throughput: root.throughput,
            encrypted: None,
            kms_key: None,
        };
        let root = Mapping {
            device: self.root_device.clone(),
            target: Target::Ebs(ebs),
        };
        std::iter::once(root).chain(self.others.clone()).collect()
    }

    /// The mappings of an image whose root is in no snapshot.
    pub(crate) fn without_root(&self) -> Vec<Mapping> {
        self.others.clone()
    }

    /// Refuses a root that is smaller than what is to be on it.
    pub(crate) fn check_size(&self, least: u32, of: &str) -> Result<(), Error> {
        match self.size.filter(|size| *size < least) {
            None => Ok(()),
            Some(size) => Err(Error::usage(format!(
                "--size: {size} GiB are too few for {of}, which needs {least}"
            ))),
        }
    }
}

fn wrong(why: impl std::fmt::Display) -> Error {
    Error::usage(format!("--block-device-mapping: {why}"))
}

fn device(text: &str) -> Result<String, String> {
    // The rules for a device's name are those of a mapping's.
    let mapping: Mapping = format!("{text}=none").parse().map_err(|_: String| {
        let shown = ami_core::escape::escape(text);
        format!("'{shown}' is no device, which are named like /dev/xvda")
    })?;
    Ok(mapping.device)
}

/// What may be said in one of two places.
fn one<T>(option: &str, typed: Option<T>, mapped: Option<T>) -> Result<Option<T>, Error> {
    match (typed, mapped) {
        (Some(_), Some(_)) => Err(Error::usage(format!(
            "--{option} and the mapping of the root device both say it"
        ))),
        (typed, mapped) => Ok(typed.or(mapped)),
    }
}

fn root_of(mapping: Mapping) -> Result<Ebs, Error> {
    let device = mapping.device;
    let Target::Ebs(ebs) = mapping.target else {
        return Err(wrong(format!(
            "{device} is the root, which is a volume of EBS"
        )));
    };
    if ebs.snapshot.is_some() {
        return Err(wrong(format!(
            "the snapshot of {device}, the root, is SOURCE"
        )));
    }
    if ebs.encrypted.is_some() {
        let what = format!("{device}, the root, is encrypted where its snapshot is");
        return Err(wrong(what).hint("a disk is encrypted with --encrypt"));
    }
    Ok(ebs)
}

/// EC2 refuses all of these, but only when a disk is uploaded already.
fn check_other(mapping: &Mapping) -> Result<(), Error> {
    let device = &mapping.device;
    let ebs = match &mapping.target {
        Target::NoDevice => {
            let what =
                format!("{device}=none leaves out a device that is there, and there is none yet");
            return Err(wrong(what));
        }
        Target::Ephemeral(_) => return Ok(()),
        Target::Ebs(ebs) => ebs,
    };
    if ebs.snapshot.is_none() && ebs.size.is_none() {
        return Err(wrong(format!("{device} needs a snapshot or a size")));
    }
    if ebs.snapshot.is_some() && ebs.encrypted.is_some() {
        let what = format!("{device} has a snapshot, which is encrypted or not");
        return Err(wrong(what));
    }
    check_iops(ebs, device)
}

fn check_type(root: &Ebs, device: &str) -> Result<(), Error> {
    let volume_type = root.volume_type.as_deref().unwrap_or(TYPE);
    if NO_ROOTS.contains(&volume_type) {
        let what = format!("--volume-type: no machine starts from a volume of type {volume_type}");
        return Err(Error::usage(what));
    }
    check_iops(root, device)
}

fn check_iops(ebs: &Ebs, device: &str) -> Result<(), Error> {
    let volume_type = ebs.volume_type.as_deref().unwrap_or_default();
    if NEED_IOPS.contains(&volume_type) && ebs.iops.is_none() {
        return Err(Error::usage(format!(
            "a volume of type {volume_type} needs its IOPS: -b {device}=:::{volume_type}:3000"
        )));
    }
    Ok(())
}
