//! DescribeInstanceAttribute and ModifyInstanceAttribute.

use crate::model::instance::{Instance, InstanceState, Traits};
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::Xml;

use super::call::{Action, Invocation};
use super::instance_describe::{self, Sight};
use super::security_groups;

/// The attributes that are one value, as ModifyInstanceAttribute spells them as a structure; as the
/// value of `Attribute` they begin with a small letter.
const PLAIN: [&str; 11] = [
    "DisableApiStop",
    "DisableApiTermination",
    "EbsOptimized",
    "EnaSupport",
    "InstanceInitiatedShutdownBehavior",
    "InstanceType",
    "Kernel",
    "Ramdisk",
    "SourceDestCheck",
    "SriovNetSupport",
    "UserData",
];

/// Shows one attribute of an instance.
pub(crate) struct Describe {
    id: String,
    attribute: String,
}

impl Action for Describe {
    fn take(params: &Params) -> Result<Self, ApiError> {
        Ok(Describe {
            id: params.req("InstanceId")?,
            attribute: params.req("Attribute")?,
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let instance = instance_describe::own(call.region(), &call.caller.account, &self.id)?;
        let mut xml = Xml::new();
        xml.text("instanceId", &instance.id);
        match &*self.attribute {
            "blockDeviceMapping" => {
                instance_describe::write_attachments(&mut xml, instance, &Sight::peek(instance));
            }
            "groupSet" => {
                xml.list("groupSet", &instance.groups, |xml, id| {
                    xml.text("groupId", id);
                });
            }
            "productCodes" => {
                xml.list("productCodes", [(); 0], |_, ()| {});
            }
            "rootDeviceName" => {
                xml.element("rootDeviceName", |xml| {
                    xml.text("value", &instance.root_device);
                });
            }
            "enclaveOptions" => {
                xml.element("enclaveOptions", |xml| {
                    xml.text("enabled", false);
                });
            }
            word => {
                let name = plain(word)?;
                xml.element(word, |xml| {
                    xml.opt("value", value(instance, name));
                });
            }
        }
        Ok(xml)
    }
}

/// The spelling in [`PLAIN`] of an attribute.
fn plain(word: &str) -> Result<&'static str, ApiError> {
    let lower = |name: &str| format!("{}{}", name[..1].to_lowercase(), &name[1..]);
    let found = PLAIN.into_iter().find(|name| lower(name) == word);
    found.ok_or_else(|| ApiError::bad_value(word, "attribute", "Unknown attribute."))
}

fn value(instance: &Instance, name: &str) -> Option<String> {
    let traits = &instance.traits;
    match name {
        "DisableApiStop" => Some(traits.stop_protection.to_string()),
        "DisableApiTermination" => Some(instance.termination_protection.to_string()),
        "EbsOptimized" => Some(traits.ebs_optimized.to_string()),
        "EnaSupport" => Some(instance.ena_support.to_string()),
        "InstanceInitiatedShutdownBehavior" => Some(traits.shutdown_behavior.clone()),
        "InstanceType" => Some(instance.instance_type.clone()),
        "SourceDestCheck" => Some(traits.source_dest_check.to_string()),
        "SriovNetSupport" => traits.sriov_net_support.clone(),
        "UserData" => traits.user_data.clone(),
        _ => None,
    }
}

/// Changes one attribute of an instance.
pub(crate) struct Modify {
    id: String,
    plain: Option<(&'static str, String)>,
    devices: Vec<(String, bool)>,
    groups: Vec<String>,
}

impl Action for Modify {
    fn take(params: &Params) -> Result<Self, ApiError> {
        let id = params.req("InstanceId")?;
        let mut values = Vec::new();
        for name in PLAIN {
            let value = params.section(name).opt("Value");
            values.extend(value.map(|value| (name, value)));
        }
        let (attribute, value) = (params.opt("Attribute"), params.opt("Value"));
        if let Some((attribute, value)) = attribute.zip(value) {
            values.push((plain(&attribute)?, value));
        }
        let mut devices = Vec::new();
        for given in params.structs("BlockDeviceMapping") {
            let keep = given.section("Ebs").flag("DeleteOnTermination")?;
            devices.extend(given.opt("DeviceName").zip(keep));
            given.section("Ebs").accept("VolumeId");
        }
        let groups = params.strings("GroupId");
        let given =
            values.len() + usize::from(!devices.is_empty()) + usize::from(!groups.is_empty());
        if given != 1 {
            // ModifyInstanceAttribute in the API reference: only one attribute at a time.
            let message = "Exactly one attribute must be specified";
            return Err(ApiError::combination(message));
        }
        Ok(Modify {
            id,
            plain: values.pop(),
            devices,
            groups,
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let (region, me) = (call.region(), &*call.caller.account);
        let mut instance = instance_describe::own(region, me, &self.id)?.clone();
        for group in &self.groups {
            security_groups::by_id(region, me, group)?;
        }
        for (device, delete) in &self.devices {
            let mut attachments = instance.attachments.iter_mut();
            let attachment = attachments.find(|attachment| attachment.device == *device);
            let attachment = attachment.ok_or_else(|| {
                let message = format!("No device is currently mapped at {device}");
                ApiError::client("InvalidInstanceAttributeValue", message)
            })?;
            attachment.delete_on_termination = *delete;
        }
        if !self.groups.is_empty() {
            instance.groups = self.groups;
        }
        if let Some((name, value)) = &self.plain {
            set(&mut instance, name, value)?;
        }
        let region = call.commit()?.region;
        if let Some(place) = region.instances.get_mut(&self.id) {
            *place = instance;
        }
        Ok(Xml::done())
    }
}

/// What describes the machine can be changed only while it is stopped.
fn set(instance: &mut Instance, name: &'static str, value: &str) -> Result<(), ApiError> {
    let switches = matches!(
        name,
        "DisableApiStop"
            | "DisableApiTermination"
            | "SourceDestCheck"
            | "InstanceInitiatedShutdownBehavior"
    );
    if !switches && instance.state() != InstanceState::Stopped {
        let message = format!(
            "The instance '{}' is not in the 'stopped' state.",
            instance.id
        );
        return Err(ApiError::client("IncorrectInstanceState", message));
    }
    let Traits {
        stop_protection,
        ebs_optimized,
        source_dest_check,
        shutdown_behavior,
        sriov_net_support,
        user_data,
    } = &mut instance.traits;
    match name {
        "DisableApiStop" => *stop_protection = flag(name, value)?,
        "DisableApiTermination" => instance.termination_protection = flag(name, value)?,
        "EbsOptimized" => *ebs_optimized = flag(name, value)?,
        "EnaSupport" => instance.ena_support = flag(name, value)?,
        "SourceDestCheck" => *source_dest_check = flag(name, value)?,
        "InstanceType" => instance.instance_type = value.to_owned(),
        "InstanceInitiatedShutdownBehavior" => *shutdown_behavior = check_behavior(value)?,
        "SriovNetSupport" => *sriov_net_support = Some(value.to_owned()),
        "UserData" => *user_data = Some(value.to_owned()),
        _ => {
            let message = format!("{name} of an hvm instance cannot be changed");
            return Err(ApiError::client("UnsupportedOperation", message));
        }
    }
    Ok(())
}

/// What an instance does when it shuts itself down: `stop` or `terminate`.
pub(crate) fn check_behavior(value: &str) -> Result<String, ApiError> {
    match value {
        "stop" | "terminate" => Ok(value.to_owned()),
        _ => Err(ApiError::bad_value(
            value,
            "instanceInitiatedShutdownBehavior",
            "Expected 'stop' or 'terminate'.",
        )),
    }
}

fn flag(name: &str, value: &str) -> Result<bool, ApiError> {
    let why = "Expected 'true' or 'false'.";
    let parsed = value.parse();
    parsed.map_err(|_| ApiError::bad_value(value, name, why))
}
