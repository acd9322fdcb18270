//! Block device mappings as calls ask for them and as answers show them.

use crate::model::id::Kind;
use crate::model::mapping::{Device, Ebs, Mapping};
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::Xml;
use crate::world::Region;

const TYPES: [&str; 7] = ["standard", "io1", "io2", "gp2", "gp3", "sc1", "st1"];

/// One mapping of a CreateImage, RegisterImage or RunInstances call.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) device_name: String,
    pub(crate) no_device: bool,
    pub(crate) virtual_name: Option<String>,
    pub(crate) ebs: Option<WantedEbs>,
}

/// The volume of a mapping, or of CreateVolume: what is not said comes from elsewhere.
#[derive(Debug, Default)]
pub(crate) struct WantedEbs {
    pub(crate) delete_on_termination: Option<bool>,
    pub(crate) snapshot: Option<String>,
    pub(crate) size: Option<u32>,
    pub(crate) volume_type: Option<String>,
    pub(crate) iops: Option<u32>,
    pub(crate) throughput: Option<u32>,
    pub(crate) encrypted: Option<bool>,
    pub(crate) kms_key: Option<String>,
}

/// Takes `BlockDeviceMapping.N`.
pub(crate) fn take(params: &Params) -> Result<Vec<Wanted>, ApiError> {
    let mut all: Vec<Wanted> = Vec::new();
    for given in params.structs("BlockDeviceMapping") {
        let wanted = take_one(&given)?;
        if all
            .iter()
            .any(|other| other.device_name == wanted.device_name)
        {
            let message = format!("Duplicate device name '{}'", wanted.device_name);
            return Err(invalid(message));
        }
        all.push(wanted);
    }
    Ok(all)
}

fn take_one(given: &Params) -> Result<Wanted, ApiError> {
    let device_name = given.req("DeviceName")?;
    let no_device = given.opt("NoDevice").is_some_and(|value| value != "false");
    let virtual_name = given.opt("VirtualName");
    let section = given.section("Ebs");
    let ebs = if section.is_empty() {
        None
    } else {
        Some(WantedEbs::take(&section, "VolumeSize")?)
    };
    let is_ephemeral = |name: &String| {
        name.strip_prefix("ephemeral")
            .is_some_and(|n| matches!(n.parse(), Ok(0u8..=23)))
    };
    if let Some(name) = virtual_name.as_ref().filter(|name| !is_ephemeral(name)) {
        return Err(invalid(format!("Invalid virtual name '{name}'")));
    }
    if no_device && (ebs.is_some() || virtual_name.is_some()) {
        let message = format!("Device '{device_name}' has NoDevice beside another device");
        return Err(invalid(message));
    }
    Ok(Wanted {
        device_name,
        no_device,
        virtual_name,
        ebs,
    })
}

impl WantedEbs {
    /// Takes the fields of a volume; its size is called `VolumeSize` in mappings and `Size` in
    /// CreateVolume.
    pub(crate) fn take(params: &Params, size: &str) -> Result<Self, ApiError> {
        let wanted = WantedEbs {
            delete_on_termination: params.flag("DeleteOnTermination")?,
            snapshot: params.opt("SnapshotId").filter(|id| !id.is_empty()),
            size: params.number(size)?,
            volume_type: params.opt("VolumeType"),
            iops: params.number("Iops")?,
            throughput: params.number("Throughput")?,
            encrypted: params.flag("Encrypted")?,
            kms_key: params.opt("KmsKeyId"),
        };
        for known in ["OutpostArn", "VolumeInitializationRate", "EbsCardIndex"] {
            params.accept(known);
        }
        wanted
            .snapshot
            .iter()
            .try_for_each(|id| Kind::Snapshot.check(id))?;
        wanted.check_type()?;
        Ok(wanted)
    }

    fn check_type(&self) -> Result<(), ApiError> {
        let Some(word) = self.volume_type.as_deref() else {
            return Ok(());
        };
        if !TYPES.contains(&word) {
            return Err(ApiError::bad_value(
                word,
                "volumeType",
                "Unknown volume type.",
            ));
        }
        let provisioned = matches!(word, "io1" | "io2");
        if provisioned && self.iops.is_none() {
            let message = format!("The parameter iops must be specified for {word} volumes.");
            return Err(ApiError::client("MissingParameter", message));
        }
        if self.iops.is_some() && !provisioned && word != "gp3" {
            let message = format!("The parameter iops is not supported for {word} volumes.");
            return Err(ApiError::combination(message));
        }
        if self.throughput.is_some() && word != "gp3" {
            let message = format!("The parameter throughput is not supported for {word} volumes.");
            return Err(ApiError::combination(message));
        }
        Ok(())
    }

    /// Lays what the call says over what was there; the snapshot, when one is named, must be visible
    /// to the account and not larger than the volume.
    pub(crate) fn over(&self, base: Ebs, region: &Region, account: &str) -> Result<Ebs, ApiError> {
        let mut ebs = base;
        if let Some(id) = &self.snapshot {
            let found = region
                .snapshots
                .get(id)
                .filter(|s| region.opens(s, account) && s.veil.is_lifted());
            let snapshot = found.ok_or_else(|| Kind::Snapshot.not_found(&[id]))?;
            ebs.snapshot = Some(id.clone());
            ebs.size = self.size.unwrap_or(snapshot.size);
            ebs.encrypted = snapshot.encrypted || self.encrypted.unwrap_or(false);
            if ebs.size < snapshot.size {
                return Err(too_small(ebs.size, id, snapshot.size));
            }
        }
        self.lay_type(&mut ebs);
        ebs.size = self.size.unwrap_or(ebs.size);
        // What is encrypted cannot be made plain again by saying so (CreateVolume in the API reference).
        ebs.encrypted |= self.encrypted.unwrap_or(false);
        ebs.kms_key = self.kms_key.clone().or(ebs.kms_key);
        ebs.delete_on_termination = self
            .delete_on_termination
            .unwrap_or(ebs.delete_on_termination);
        Ok(ebs)
    }

    fn lay_type(&self, ebs: &mut Ebs) {
        if let Some(word) = &self.volume_type {
            let is_gp3 = word == "gp3";
            ebs.iops = is_gp3.then_some(3000);
            ebs.throughput = is_gp3.then_some(125);
            ebs.volume_type.clone_from(word);
        }
        ebs.iops = self.iops.or(ebs.iops);
        ebs.throughput = self.throughput.or(ebs.throughput);
    }
}

/// The mapping of a device that is not there yet. A volume that names no type is gp2, as EC2 makes it.
pub(crate) fn fresh(wanted: &Wanted, region: &Region, account: &str) -> Result<Mapping, ApiError> {
    let device = match (&wanted.virtual_name, &wanted.ebs) {
        (Some(name), None) => Device::Virtual(name.clone()),
        (None, Some(ebs)) => {
            if ebs.size.is_none() && ebs.snapshot.is_none() {
                let message = format!("Device '{}' needs a size or a snapshot", wanted.device_name);
                return Err(ApiError::client("MissingParameter", message));
            }
            Device::Ebs(ebs.over(gp2(), region, account)?)
        }
        _ => {
            let message = format!(
                "Device '{}' must be one of a volume or a virtual device",
                wanted.device_name
            );
            return Err(invalid(message));
        }
    };
    Ok(Mapping {
        device_name: wanted.device_name.clone(),
        device,
    })
}

pub(crate) fn gp2() -> Ebs {
    Ebs {
        volume_type: "gp2".into(),
        iops: None,
        throughput: None,
        ..Ebs::default()
    }
}

/// The mappings of an image, in DescribeImages and DescribeImageAttribute.
pub(crate) fn write(xml: &mut Xml, mappings: &[Mapping]) {
    xml.list("blockDeviceMapping", mappings, |xml, mapping| {
        xml.text("deviceName", &mapping.device_name);
        match &mapping.device {
            Device::Virtual(name) => {
                xml.text("virtualName", name);
            }
            Device::Ebs(ebs) => {
                xml.element("ebs", |xml| {
                    xml.text("deleteOnTermination", ebs.delete_on_termination);
                    xml.opt("iops", ebs.iops)
                        .opt("snapshotId", ebs.snapshot.as_ref());
                    xml.text("volumeSize", ebs.size)
                        .text("volumeType", &ebs.volume_type);
                    xml.opt("throughput", ebs.throughput)
                        .text("encrypted", ebs.encrypted);
                    xml.opt("kmsKeyId", ebs.kms_key.as_ref());
                });
            }
        }
    });
}

pub(crate) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidBlockDeviceMapping", message)
}

/// EC2's words for a volume that its snapshot does not fit into.
pub(crate) fn too_small(size: u32, snapshot: &str, expected: u32) -> ApiError {
    invalid(format!(
        "Volume of size {size}GB is smaller than snapshot '{snapshot}', expect size >= {expected}GB"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::params::decode_form;

    fn take_form(form: &str) -> Result<Vec<Wanted>, ApiError> {
        take(&Params::new(decode_form(form.as_bytes())))
    }

    #[test]
    fn a_type_says_which_speeds_it_takes() {
        let code = |fields: &str| {
            let form = format!("BlockDeviceMapping.1.DeviceName=/dev/sdb&{fields}");
            take_form(&form.replace('~', "BlockDeviceMapping.1.Ebs."))
                .map_err(|e| e.code)
                .map(|w| w.len())
        };
        assert_eq!(code("~VolumeType=gp3&~Throughput=250&~Iops=4000"), Ok(1));
        assert_eq!(
            code("~VolumeType=gp2&~Throughput=250"),
            Err("InvalidParameterCombination".into())
        );
        assert_eq!(code("~VolumeType=io2"), Err("MissingParameter".into()));
        assert_eq!(code("~VolumeType=gp4"), Err("InvalidParameterValue".into()));
        assert_eq!(code("BlockDeviceMapping.1.VirtualName=ephemeral0"), Ok(1));
        assert_eq!(
            code("BlockDeviceMapping.1.VirtualName=disk0"),
            Err("InvalidBlockDeviceMapping".into())
        );
    }

    #[test]
    fn what_is_said_lies_over_what_was_there() {
        let wanted = take_form(
            "BlockDeviceMapping.1.DeviceName=/dev/sdb&BlockDeviceMapping.1.Ebs.VolumeType=gp2",
        )
        .unwrap();
        let base = Ebs {
            size: 20,
            delete_on_termination: false,
            ..Ebs::default()
        };
        let ebs = wanted[0]
            .ebs
            .as_ref()
            .unwrap()
            .over(base, &Region::default(), "1")
            .unwrap();
        assert_eq!((ebs.size, &*ebs.volume_type, ebs.iops), (20, "gp2", None));
        assert!(!ebs.delete_on_termination);
    }
}
