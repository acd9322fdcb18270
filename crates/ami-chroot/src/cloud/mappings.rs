//! The devices of an image: those of its source, with the new root, changed by what was typed.

use ami_core::id::Id;
use ami_core::mapping::{Ebs, Mapping, Target};

use super::Run;

/// AWS's own name of the root device of Linux images.
const ROOT: &str = "/dev/xvda";
const TYPE: &str = "gp3";

impl Run<'_> {
    /// The name of the root device.
    pub(super) fn root_device(&self) -> String {
        let typed = self.wishes.image.root_device.clone();
        let source = self.base.registered.as_ref();
        typed
            .or_else(|| source?.root_device.clone())
            .unwrap_or_else(|| ROOT.to_owned())
    }

    /// The source image's devices with the new root, changed by what was typed.
    pub(super) fn mappings(&self, root: &str, snapshot: &Id) -> Vec<Mapping> {
        let source = self.base.registered.as_deref();
        let mut mappings = source
            .map(|source| source.mappings.clone())
            .unwrap_or_default();
        // A root device of another name is no second disk.
        let old_root = source.and_then(|source| source.root_device.as_deref());
        for mapping in &mut mappings {
            if Some(mapping.device.as_str()) == old_root {
                root.clone_into(&mut mapping.device);
            }
        }
        for typed in &self.wishes.image.mappings {
            mappings.retain(|mapping| mapping.device != typed.device);
            mappings.push(typed.clone());
        }
        let mut ebs = match mappings.iter().position(|mapping| mapping.device == root) {
            Some(at) => match mappings.remove(at).target {
                Target::Ebs(ebs) => ebs,
                _ => Ebs::default(),
            },
            None => Ebs::default(),
        };
        ebs.snapshot = Some(snapshot.clone());
        ebs.size = ebs
            .size
            .max(self.wishes.volume.size)
            .max(Some(self.base.size));
        ebs.delete_on_termination = ebs.delete_on_termination.or(Some(true));
        if let Some(wanted) = &self.wishes.volume.volume_type {
            ebs.volume_type = Some(wanted.clone());
            (ebs.iops, ebs.throughput) = (None, None);
        }
        ebs.volume_type.get_or_insert_with(|| TYPE.to_owned());
        let device = root.to_owned();
        mappings.insert(
            0,
            Mapping {
                device,
                target: Target::Ebs(ebs),
            },
        );
        // Of what has a snapshot EC2 takes nothing said about encryption: the snapshot tells.
        for mapping in &mut mappings {
            if let Target::Ebs(ebs) = &mut mapping.target
                && (ebs.snapshot.is_some() || ebs.encrypted == Some(false))
            {
                (ebs.encrypted, ebs.kms_key) = (None, None);
            }
        }
        mappings
    }
}
