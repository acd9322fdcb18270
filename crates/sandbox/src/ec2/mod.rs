//! EC2: the table of actions, and the frame around each of them. One file per kind of call.

mod attachments;
pub(crate) mod bundle_key;
mod call;
mod copy_keys;
mod describe;
mod ebs_defaults;
mod filters;
mod image_ancestry;
mod image_attributes;
mod image_copy;
mod image_create;
mod image_deregister;
mod image_describe;
mod image_manifest;
mod image_names;
mod image_references;
mod image_register;
mod image_rules;
mod image_sharing;
mod image_switches;
mod instance_attributes;
mod instance_describe;
mod instance_place;
mod instance_run;
mod instance_states;
mod instance_type_table;
mod instance_types;
mod key_import;
mod key_pairs;
mod launch_rules;
mod manifest_text;
mod mappings;
mod network;
mod public_access;
mod regions;
mod security_groups;
mod security_rules;
mod snapshot_attributes;
mod snapshot_copy;
mod snapshots;
mod tag_rules;
mod tags;
mod volumes;

use std::collections::BTreeMap;

use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::Xml;
use crate::world::World;
use call::{Action, Invocation};

pub(crate) use call::Caller;
pub(crate) use copy_keys::find as find_key;
pub(crate) use tag_rules::{Tags, take_list as take_tags};

/// The API version whose shapes the answers have.
pub(crate) const VERSION: &str = "2016-11-15";

/// Does an EC2 call and gives the inside of its answer.
pub(crate) fn dispatch(
    world: &mut World,
    caller: Caller,
    action: &str,
    params: BTreeMap<String, String>,
) -> Result<Xml, ApiError> {
    let run = handler(action).ok_or_else(|| {
        let message = format!("The action {action} is not valid for this web service.");
        ApiError::client("InvalidAction", message)
    })?;
    if let Some(region) = world.regions.get_mut(&caller.region) {
        region.furnish(&caller.account, &caller.region);
    }
    if world.denied.contains(action) {
        return Err(unauthorized(&caller, action));
    }
    run(world, caller, params)
}

/// Puts an answer into its envelope.
pub(crate) fn envelope(action: &str, request_id: &str, inside: &Xml) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <{action}Response xmlns=\"http://ec2.amazonaws.com/doc/{VERSION}/\">\
         <requestId>{request_id}</requestId>{}</{action}Response>",
        inside.as_str()
    )
}

/// An error in the form of EC2.
pub(crate) fn error_envelope(error: &ApiError, request_id: &str) -> String {
    let mut xml = Xml::new();
    xml.element("Response", |xml| {
        xml.element("Errors", |xml| {
            xml.element("Error", |xml| {
                xml.text("Code", &error.code)
                    .text("Message", &error.message);
            });
        });
        xml.text("RequestID", request_id);
    });
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}",
        xml.into_string()
    )
}

type Handler = fn(&mut World, Caller, BTreeMap<String, String>) -> Result<Xml, ApiError>;

fn handler(action: &str) -> Option<Handler> {
    Some(match action {
        "AttachVolume" => run::<attachments::Attach>,
        "AuthorizeSecurityGroupIngress" => run::<security_rules::Authorize>,
        "CopyImage" => run::<image_copy::CopyImage>,
        "CopySnapshot" => run::<snapshot_copy::CopySnapshot>,
        "CreateImage" => run::<image_create::CreateImage>,
        "CreateKeyPair" => run::<key_pairs::CreateKeyPair>,
        "CreateSecurityGroup" => run::<security_groups::CreateSecurityGroup>,
        "CreateSnapshot" => run::<snapshots::CreateSnapshot>,
        "CreateTags" => run::<tags::CreateTags>,
        "CreateVolume" => run::<volumes::CreateVolume>,
        "DeleteKeyPair" => run::<key_pairs::DeleteKeyPair>,
        "DeleteSecurityGroup" => run::<security_groups::DeleteSecurityGroup>,
        "DeleteSnapshot" => run::<snapshots::DeleteSnapshot>,
        "DeleteTags" => run::<tags::DeleteTags>,
        "DeleteVolume" => run::<volumes::DeleteVolume>,
        "DeregisterImage" => run::<image_deregister::DeregisterImage>,
        "DescribeAccountAttributes" => run::<network::DescribeAccount>,
        "DescribeAvailabilityZones" => run::<regions::DescribeZones>,
        "DescribeImageAttribute" => run::<image_attributes::DescribeAttribute>,
        "DescribeImageReferences" => run::<image_references::DescribeImageReferences>,
        "DescribeImages" => run::<image_describe::DescribeImages>,
        "DescribeInstanceAttribute" => run::<instance_attributes::Describe>,
        "DescribeInstanceTypes" => run::<instance_types::DescribeInstanceTypes>,
        "DescribeInstances" => run::<instance_describe::DescribeInstances>,
        "DescribeKeyPairs" => run::<key_pairs::DescribeKeyPairs>,
        "DescribeRegions" => run::<regions::DescribeRegions>,
        "DescribeSecurityGroups" => run::<security_groups::DescribeSecurityGroups>,
        "DescribeSnapshotAttribute" => run::<snapshot_attributes::DescribeAttribute>,
        "DescribeSnapshots" => run::<snapshots::DescribeSnapshots>,
        "DescribeSubnets" => run::<network::DescribeSubnets>,
        "DescribeTags" => run::<tags::DescribeTags>,
        "DescribeVolumes" => run::<volumes::DescribeVolumes>,
        "DescribeVpcs" => run::<network::DescribeVpcs>,
        "DetachVolume" => run::<attachments::Detach>,
        "DisableEbsEncryptionByDefault" => run::<ebs_defaults::Disable>,
        "DisableImage" => run::<image_switches::Disable>,
        "DisableImageBlockPublicAccess" => run::<public_access::DisableImages>,
        "DisableImageDeprecation" => run::<image_switches::EndDeprecation>,
        "DisableImageDeregistrationProtection" => run::<image_switches::Unprotect>,
        "DisableSnapshotBlockPublicAccess" => run::<public_access::DisableSnapshots>,
        "EnableEbsEncryptionByDefault" => run::<ebs_defaults::Enable>,
        "EnableImage" => run::<image_switches::Enable>,
        "EnableImageBlockPublicAccess" => run::<public_access::EnableImages>,
        "EnableImageDeprecation" => run::<image_switches::Deprecate>,
        "EnableImageDeregistrationProtection" => run::<image_switches::Protect>,
        "EnableSnapshotBlockPublicAccess" => run::<public_access::EnableSnapshots>,
        "GetEbsDefaultKmsKeyId" => run::<ebs_defaults::GetKey>,
        "GetEbsEncryptionByDefault" => run::<ebs_defaults::GetEncryption>,
        "GetImageAncestry" => run::<image_ancestry::GetAncestry>,
        "GetImageBlockPublicAccessState" => run::<public_access::GetImages>,
        "GetSnapshotBlockPublicAccessState" => run::<public_access::GetSnapshots>,
        "ImportKeyPair" => run::<key_import::ImportKeyPair>,
        "ModifyImageAttribute" => run::<image_attributes::ModifyAttribute>,
        "ModifyInstanceAttribute" => run::<instance_attributes::Modify>,
        "ModifySnapshotAttribute" => run::<snapshot_attributes::ModifyAttribute>,
        "RebootInstances" => run::<instance_states::Reboot>,
        "RegisterImage" => run::<image_register::RegisterImage>,
        "ResetImageAttribute" => run::<image_attributes::ResetAttribute>,
        "ResetSnapshotAttribute" => run::<snapshot_attributes::ResetAttribute>,
        "RevokeSecurityGroupIngress" => run::<security_rules::Revoke>,
        "RunInstances" => run::<instance_run::RunInstances>,
        "StartInstances" => run::<instance_states::Start>,
        "StopInstances" => run::<instance_states::Stop>,
        "TerminateInstances" => run::<instance_states::Terminate>,
        _ => return None,
    })
}

/// Takes the parameters of an action, refuses what is left, and does it.
fn run<A: Action>(
    world: &mut World,
    caller: Caller,
    flat: BTreeMap<String, String>,
) -> Result<Xml, ApiError> {
    let params = Params::new(flat.clone());
    params.opt("Action");
    params.req("Version")?;
    let dry_run = params.flag("DryRun")?.unwrap_or(false);
    let action = A::take(&params)?;
    params.finish()?;
    let mut invocation = Invocation::new(world, caller, flat, dry_run);
    let answer = action.run(&mut invocation)?;
    // What only reads never asks to write; it would have been done here.
    if dry_run {
        Err(ApiError::dry_run())
    } else {
        Ok(answer)
    }
}

/// EC2's words for a missing permission, since 2023 with the names in them.
fn unauthorized(caller: &Caller, action: &str) -> ApiError {
    let message = format!(
        "You are not authorized to perform this operation. User: {} is not authorized to perform: \
         ec2:{action} because no identity-based policy allows the ec2:{action} action",
        caller.arn
    );
    ApiError::new(403, "UnauthorizedOperation", message)
}
