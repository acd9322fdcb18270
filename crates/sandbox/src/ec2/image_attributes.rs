//! DescribeImageAttribute, ModifyImageAttribute and ResetImageAttribute.

use crate::model::image::Image;
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::Xml;

use super::call::{Action, Invocation};
use super::{image_deregister, image_describe, image_sharing, mappings};

/// Shows one attribute of an image of the caller.
pub(crate) struct DescribeAttribute {
    id: String,
    attribute: String,
}

impl Action for DescribeAttribute {
    fn take(params: &Params) -> Result<Self, ApiError> {
        Ok(DescribeAttribute {
            attribute: params.req("Attribute")?,
            id: params.req("ImageId")?,
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let image = image_deregister::own(call.region(), &call.caller.account, &self.id)?;
        let mut xml = Xml::new();
        xml.text("imageId", &image.id);
        let mut value = |value: Option<&String>| {
            xml.element(&self.attribute, |xml| {
                xml.opt("value", value);
            });
        };
        match &*self.attribute {
            "description" => value(image.description.as_ref()),
            "kernel" => value(image.kernel.as_ref()),
            "ramdisk" => value(image.ramdisk.as_ref()),
            "sriovNetSupport" => value(image.sriov_net_support.as_ref()),
            "bootMode" => value(image.boot_mode.as_ref()),
            "tpmSupport" => value(image.tpm_support.as_ref()),
            "uefiData" => value(image.uefi_data.as_ref()),
            "imdsSupport" => value(image.imds_support.as_ref()),
            "deregistrationProtection" => value(image.protection.as_ref()),
            "lastLaunchedTime" => value(None),
            "productCodes" => image_describe::write_product_codes(&mut xml, image),
            "blockDeviceMapping" => mappings::write(&mut xml, &image.mappings),
            "launchPermission" => write_permissions(&mut xml, image),
            other => {
                return Err(ApiError::bad_value(
                    other,
                    "attribute",
                    "Unknown attribute.",
                ));
            }
        }
        Ok(xml)
    }
}

fn write_permissions(xml: &mut Xml, image: &Image) {
    let group = image.public.then(|| ("group", "all".to_owned()));
    let users = image
        .shared_with
        .iter()
        .map(|user| ("userId", user.clone()));
    let arns = image
        .shared_with_groups
        .iter()
        .map(|arn| (arn_word(arn), arn.clone()));
    xml.list(
        "launchPermission",
        group.into_iter().chain(users).chain(arns),
        |xml, (word, value)| {
            xml.text(word, value);
        },
    );
}

fn arn_word(arn: &str) -> &'static str {
    if arn.contains(":ou/") {
        "organizationalUnitArn"
    } else {
        "organizationArn"
    }
}

/// Changes one attribute of an image of the caller.
pub(crate) struct ModifyAttribute {
    id: String,
    description: Option<String>,
    imds_support: Option<String>,
    add: Vec<Grantee>,
    remove: Vec<Grantee>,
}

/// Who may launch an image.
enum Grantee {
    User(String),
    Everyone,
    Arn(String),
}

impl Action for ModifyAttribute {
    fn take(params: &Params) -> Result<Self, ApiError> {
        let id = params.req("ImageId")?;
        let attribute = params.opt("Attribute");
        let value = params.opt("Value");
        let permission = params.section("LaunchPermission");
        let (mut add, mut remove) = (
            grantees(&permission, "Add")?,
            grantees(&permission, "Remove")?,
        );
        let flat = take_flat(params)?;
        match params.opt("OperationType").as_deref() {
            Some("add") => add.extend(flat),
            Some("remove") => remove.extend(flat),
            // Packer sends the accounts in both spellings and the operation in neither.
            None if flat.is_empty() || !(add.is_empty() && remove.is_empty()) => {}
            None => return Err(ApiError::missing("OperationType")),
            Some(other) => return Err(ApiError::bad_value(other, "operationType", "")),
        }
        let named = |word: &str| value.clone().filter(|_| attribute.as_deref() == Some(word));
        let description = params
            .section("Description")
            .opt("Value")
            .or_else(|| named("description"));
        let imds_support = params
            .section("ImdsSupport")
            .opt("Value")
            .or_else(|| named("imdsSupport"));
        if description.is_none() && imds_support.is_none() && add.is_empty() && remove.is_empty() {
            let message = "No attributes specified.";
            return Err(ApiError::combination(message));
        }
        let shares = !(add.is_empty() && remove.is_empty());
        let changes = [description.is_some(), imds_support.is_some(), shares];
        if changes.into_iter().filter(|change| *change).count() > 1 {
            // ModifyImageAttribute in the API reference.
            let message = "Only one attribute can be specified at a time.";
            return Err(ApiError::combination(message));
        }
        Ok(ModifyAttribute {
            id,
            description,
            imds_support,
            add,
            remove,
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let image = image_deregister::own(call.region(), &call.caller.account, &self.id)?;
        if !self.add.is_empty() {
            image_sharing::check(call, image)?;
        }
        if self.add.iter().any(|g| matches!(g, Grantee::Everyone)) {
            image_sharing::check_public(call, image)?;
        }
        let room = call.commit()?;
        if let Some(image) = room.region.images.get_mut(&self.id) {
            image.description = self.description.or(image.description.take());
            image.imds_support = self.imds_support.or(image.imds_support.take());
            self.add.iter().for_each(|grantee| grantee.give(image));
            self.remove
                .iter()
                .for_each(|grantee| grantee.take_from(image));
        }
        Ok(Xml::done())
    }
}

/// Ends all sharing of an image of the caller.
pub(crate) struct ResetAttribute(String);

impl Action for ResetAttribute {
    fn take(params: &Params) -> Result<Self, ApiError> {
        let attribute = params.req("Attribute")?;
        if attribute != "launchPermission" {
            // ResetImageAttribute in the API reference knows no other.
            return Err(ApiError::bad_value(attribute, "attribute", ""));
        }
        Ok(ResetAttribute(params.req("ImageId")?))
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        image_deregister::own(call.region(), &call.caller.account, &self.0)?;
        let room = call.commit()?;
        if let Some(image) = room.region.images.get_mut(&self.0) {
            image.public = false;
            image.shared_with.clear();
            image.shared_with_groups.clear();
        }
        Ok(Xml::done())
    }
}

impl Grantee {
    fn give(&self, image: &mut Image) {
        match self {
            Grantee::User(user) => _ = image.shared_with.insert(user.clone()),
            Grantee::Everyone => image_sharing::publish(image),
            Grantee::Arn(arn) => _ = image.shared_with_groups.insert(arn.clone()),
        }
    }

    fn take_from(&self, image: &mut Image) {
        match self {
            Grantee::User(user) => _ = image.shared_with.remove(user),
            Grantee::Everyone => image.public = false,
            Grantee::Arn(arn) => _ = image.shared_with_groups.remove(arn),
        }
    }
}

/// Takes `LaunchPermission.Add.N` or `LaunchPermission.Remove.N`.
fn grantees(permission: &Params, list: &str) -> Result<Vec<Grantee>, ApiError> {
    let mut grantees = Vec::new();
    for given in permission.structs(list) {
        grantees.extend(given.opt("UserId").map(user).transpose()?);
        grantees.extend(given.opt("Group").map(group).transpose()?);
        grantees.extend(given.opt("OrganizationArn").map(Grantee::Arn));
        grantees.extend(given.opt("OrganizationalUnitArn").map(Grantee::Arn));
    }
    Ok(grantees)
}

/// Takes the older spelling: `UserId.N` and `UserGroup.N` beside OperationType.
fn take_flat(params: &Params) -> Result<Vec<Grantee>, ApiError> {
    let users = params.strings("UserId").into_iter().map(user);
    let groups = params.strings("UserGroup").into_iter().map(group);
    let units = params.strings("OrganizationalUnitArn").into_iter();
    let arns = params
        .strings("OrganizationArn")
        .into_iter()
        .chain(units)
        .map(|arn| Ok(Grantee::Arn(arn)));
    users.chain(groups).chain(arns).collect()
}

fn user(id: String) -> Result<Grantee, ApiError> {
    if id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(Grantee::User(id));
    }
    Err(ApiError::client(
        "InvalidAMIAttributeItemValue",
        format!("Invalid attribute item value \"{id}\" for userId item type."),
    ))
}

fn group(name: String) -> Result<Grantee, ApiError> {
    if name == "all" {
        return Ok(Grantee::Everyone);
    }
    Err(ApiError::client(
        "InvalidAMIAttributeItemValue",
        format!("Invalid attribute item value \"{name}\" for userGroup item type."),
    ))
}
