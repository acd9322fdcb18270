//! DescribeInstances.

use crate::model::id::Kind;
use crate::model::instance::{Attachment, Instance, InstanceState};
use crate::model::network::Subnet;
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::{Xml, timestamp};
use crate::world::Region;

use super::call::{Action, Invocation};
use super::describe::{Describe, Query};
use super::security_groups;

const FILTERS: [&str; 29] = [
    "architecture",
    "availability-zone",
    "block-device-mapping.delete-on-termination",
    "block-device-mapping.device-name",
    "block-device-mapping.status",
    "block-device-mapping.volume-id",
    "client-token",
    "ena-support",
    "hypervisor",
    "image-id",
    "instance-id",
    "instance-state-code",
    "instance-state-name",
    "instance-type",
    "instance.group-id",
    "instance.group-name",
    "key-name",
    "launch-index",
    "launch-time",
    "owner-id",
    "platform",
    "platform-details",
    "private-ip-address",
    "reservation-id",
    "root-device-name",
    "root-device-type",
    "tag-key",
    "tenancy",
    "virtualization-type",
];

/// Lists the instances of the account.
pub(crate) struct DescribeInstances(Query);

impl Action for DescribeInstances {
    fn take(params: &Params) -> Result<Self, ApiError> {
        params.accept("IncludeManagedResources");
        Ok(DescribeInstances(Query::take(
            params,
            "InstanceId",
            "instancesSet",
            &FILTERS,
        )?))
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let (region, me) = (call.region(), &*call.caller.account);
        let open = |instance: &Instance| instance.owner == me;
        let (found, token) =
            self.0
                .select(region, &region.instances, call.settings(), me, open, |_| {
                    true
                })?;
        let mut xml = Xml::new();
        xml.list(
            "reservationSet",
            found.chunk_by(|a, b| a.0.reservation == b.0.reservation),
            write_reservation,
        );
        xml.opt("nextToken", token);
        Ok(xml)
    }
}

/// An instance of the account.
pub(crate) fn own<'r>(
    region: &'r Region,
    account: &str,
    id: &str,
) -> Result<&'r Instance, ApiError> {
    Kind::Instance.check(id)?;
    let instance = region.instances.get(id);
    let seen = instance.filter(|instance| instance.owner == account && instance.veil.look());
    seen.ok_or_else(|| Kind::Instance.not_found(&[id]))
}

/// The instances of a launch, as RunInstances and DescribeInstances show them.
pub(crate) fn write_reservation(xml: &mut Xml, instances: &[(&Instance, Sight)]) {
    let Some((first, _)) = instances.first() else {
        return;
    };
    xml.text("reservationId", &first.reservation)
        .text("ownerId", &first.owner);
    // Only in EC2-Classic did a reservation have groups of its own.
    xml.list("groupSet", [(); 0], |_, ()| {});
    xml.list("instancesSet", instances, |xml, (instance, sight)| {
        write(xml, instance, sight)
    });
}

/// What one read has seen of an instance: its state and that of each attachment.
#[derive(Clone, Debug)]
pub(crate) struct Sight {
    pub(crate) state: InstanceState,
    attachments: Vec<&'static str>,
}

impl Sight {
    /// Looks without counting as a read.
    pub(crate) fn peek(instance: &Instance) -> Self {
        let attachments = instance
            .attachments
            .iter()
            .map(|a| *a.course.peek())
            .collect();
        Sight {
            state: instance.state(),
            attachments,
        }
    }
}

impl Describe for Instance {
    type View = Sight;

    const MOVING: &'static [&'static str] = &[
        "instance-state-code",
        "instance-state-name",
        "block-device-mapping.status",
    ];

    fn view(&self, _region: &Region) -> Sight {
        let attachments = self.attachments.iter().map(|a| *a.course.read()).collect();
        Sight {
            state: *self.course.read(),
            attachments,
        }
    }

    fn values(&self, region: &Region, filter: &str) -> Vec<String> {
        if let Some(field) = filter.strip_prefix("block-device-mapping.") {
            return self
                .attachments
                .iter()
                .map(|a| attachment_value(a, field))
                .collect();
        }
        let one = |value: &str| vec![value.to_owned()];
        let opt = |value: &Option<String>| value.iter().cloned().collect();
        match filter {
            "architecture" => one(&self.architecture),
            "availability-zone" => one(&self.zone),
            "client-token" => one(&self.client_token),
            "ena-support" => vec![self.ena_support.to_string()],
            "hypervisor" => one("xen"),
            "image-id" => one(&self.image),
            "instance-id" => one(&self.id),
            "instance.group-id" => self.groups.clone(),
            "instance.group-name" => security_groups::names(region, &self.groups),
            "instance-type" => one(&self.instance_type),
            "key-name" => opt(&self.key_name),
            "launch-index" => vec![self.launch_index.to_string()],
            "launch-time" => vec![timestamp(self.launched)],
            "owner-id" => one(&self.owner),
            "platform" => opt(&self.platform),
            "platform-details" => one(platform_details(self)),
            "private-ip-address" => one(&self.private_ip),
            "reservation-id" => one(&self.reservation),
            "root-device-name" => one(&self.root_device),
            "root-device-type" => one(self.root_type),
            "tenancy" => one("default"),
            "virtualization-type" => one(&self.virtualization),
            _ => Vec::new(),
        }
    }

    fn moving(&self, view: &Sight, filter: &str) -> Vec<String> {
        match filter {
            "instance-state-code" => vec![view.state.code().to_string()],
            "instance-state-name" => vec![view.state.as_str().to_owned()],
            _ => view
                .attachments
                .iter()
                .map(|word| (*word).to_owned())
                .collect(),
        }
    }
}

fn attachment_value(attachment: &Attachment, field: &str) -> String {
    match field {
        "delete-on-termination" => attachment.delete_on_termination.to_string(),
        "device-name" => attachment.device.clone(),
        _ => attachment.volume.clone(),
    }
}

fn write(xml: &mut Xml, instance: &Instance, sight: &Sight) {
    xml.text("instanceId", &instance.id)
        .text("imageId", &instance.image);
    xml.element("instanceState", |xml| write_state(xml, sight.state));
    let host = instance.private_ip.replace('.', "-");
    xml.text("privateDnsName", format!("ip-{host}.ec2.internal"))
        .text("dnsName", "");
    xml.text("reason", "")
        .opt("keyName", instance.key_name.as_ref());
    xml.text("amiLaunchIndex", instance.launch_index);
    xml.text("instanceType", &instance.instance_type);
    xml.text("launchTime", timestamp(instance.launched));
    xml.element("monitoring", |xml| {
        xml.text("state", "disabled");
    });
    write_place(xml, instance);
    xml.text("architecture", &instance.architecture)
        .opt("platform", instance.platform.as_ref());
    xml.text("platformDetails", platform_details(instance));
    xml.text("rootDeviceType", instance.root_type)
        .text("rootDeviceName", &instance.root_device);
    write_attachments(xml, instance, sight);
    xml.text("sourceDestCheck", instance.traits.source_dest_check);
    xml.text("ebsOptimized", instance.traits.ebs_optimized);
    xml.text("virtualizationType", &instance.virtualization)
        .text("hypervisor", "xen");
    xml.text("clientToken", &instance.client_token)
        .text("enaSupport", instance.ena_support);
    if let Some((code, message)) = &instance.state_reason {
        xml.element("stateReason", |xml| {
            xml.text("code", code).text("message", message);
        });
    }
    if let Some(profile) = &instance.profile {
        xml.element("iamInstanceProfile", |xml| {
            xml.text("arn", profile);
        });
    }
    xml.tags(instance.tags.iter());
}

fn write_place(xml: &mut Xml, instance: &Instance) {
    xml.element("placement", |xml| {
        xml.text("availabilityZone", &instance.zone)
            .text("groupName", "")
            .text("tenancy", "default");
    });
    let subnet = Subnet::of(&instance.owner, &instance.zone);
    xml.text("subnetId", subnet.id).text("vpcId", subnet.vpc);
    xml.text("privateIpAddress", &instance.private_ip);
    xml.list("groupSet", &instance.groups, |xml, id| {
        xml.text("groupId", id);
    });
}

/// The volumes of an instance, as DescribeInstances and DescribeInstanceAttribute show them.
pub(crate) fn write_attachments(xml: &mut Xml, instance: &Instance, sight: &Sight) {
    let rows = instance.attachments.iter().zip(&sight.attachments);
    let shown = rows.filter(|(_, status)| **status != "detached");
    xml.list("blockDeviceMapping", shown, |xml, (attachment, status)| {
        xml.text("deviceName", &attachment.device);
        xml.element("ebs", |xml| {
            xml.text("volumeId", &attachment.volume)
                .text("status", status);
            xml.text("attachTime", timestamp(attachment.attached));
            xml.text("deleteOnTermination", attachment.delete_on_termination);
        });
    });
}

/// A state as a number and a word.
pub(crate) fn write_state(xml: &mut Xml, state: InstanceState) {
    xml.text("code", state.code()).text("name", state.as_str());
}

fn platform_details(instance: &Instance) -> &'static str {
    if instance.platform.is_some() {
        "Windows"
    } else {
        "Linux/UNIX"
    }
}
