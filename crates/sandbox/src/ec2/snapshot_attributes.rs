//! DescribeSnapshotAttribute, ModifySnapshotAttribute and ResetSnapshotAttribute: who may make volumes.

use crate::model::id::Kind;
use crate::model::snapshot::Snapshot;
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::Xml;
use crate::world::Region;

use super::call::{Action, Invocation};
use super::{copy_keys, public_access};

const PERMISSION: &str = "createVolumePermission";
const CODES: &str = "productCodes";

/// Shows one attribute of a snapshot of the caller.
pub(crate) struct DescribeAttribute {
    id: String,
    attribute: String,
}

impl Action for DescribeAttribute {
    fn take(params: &Params) -> Result<Self, ApiError> {
        Ok(DescribeAttribute {
            attribute: check_attribute(params.req("Attribute")?)?,
            id: params.req("SnapshotId")?,
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let snapshot = own(call.region(), &call.caller.account, &self.id)?;
        let mut xml = Xml::new();
        xml.text("snapshotId", &snapshot.id);
        if self.attribute == CODES {
            xml.list(CODES, [(); 0], |_, ()| {});
            return Ok(xml);
        }
        let everyone = snapshot.public.then_some(("group", "all"));
        let users = snapshot
            .shared_with
            .iter()
            .map(|user| ("userId", user.as_str()));
        xml.list(
            PERMISSION,
            everyone.into_iter().chain(users),
            |xml, (word, value)| {
                xml.text(word, value);
            },
        );
        Ok(xml)
    }
}

/// Shares a snapshot of the caller, or ends that.
pub(crate) struct ModifyAttribute {
    id: String,
    add: Vec<Grantee>,
    remove: Vec<Grantee>,
}

/// Who may make volumes of a snapshot.
enum Grantee {
    User(String),
    Everyone,
}

impl Grantee {
    fn is_everyone(&self) -> bool {
        matches!(self, Grantee::Everyone)
    }
}

impl Action for ModifyAttribute {
    fn take(params: &Params) -> Result<Self, ApiError> {
        let id = params.req("SnapshotId")?;
        let attribute = params.opt("Attribute").map(check_attribute).transpose()?;
        if attribute.as_deref() == Some(CODES) {
            // The API reference allows nothing but createVolumePermission to be changed.
            return Err(ApiError::bad_value(
                CODES,
                "attribute",
                "Cannot be changed.",
            ));
        }
        let permission = params.section("CreateVolumePermission");
        let (mut add, mut remove) = (
            grantees(&permission, "Add")?,
            grantees(&permission, "Remove")?,
        );
        let users = params.strings("UserId").into_iter().map(user);
        let groups = params.strings("UserGroup").into_iter().map(group);
        let flat: Vec<Grantee> = users.chain(groups).collect::<Result<_, _>>()?;
        match params.opt("OperationType").as_deref() {
            Some("add") => add.extend(flat),
            Some("remove") => remove.extend(flat),
            // Packer sends the accounts in both spellings and the operation in neither.
            None if flat.is_empty() || !(add.is_empty() && remove.is_empty()) => {}
            None => return Err(ApiError::missing("OperationType")),
            Some(other) => return Err(ApiError::bad_value(other, "operationType", "")),
        }
        if add.is_empty() && remove.is_empty() {
            return Err(ApiError::combination("No attributes specified."));
        }
        if !(add.is_empty() || remove.is_empty()) {
            // ModifySnapshotAttribute in the API reference: not both in a single operation.
            let message = "Permissions cannot be added and removed at once.";
            return Err(ApiError::combination(message));
        }
        Ok(ModifyAttribute { id, add, remove })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let snapshot = own(call.region(), &call.caller.account, &self.id)?;
        check_key(snapshot, &call.caller.region, &self.add)?;
        if self.add.iter().any(Grantee::is_everyone) {
            public_access::check_snapshot(call)?;
        }
        let region = call.commit()?.region;
        if let Some(snapshot) = region.snapshots.get_mut(&self.id) {
            for grantee in &self.add {
                match grantee {
                    Grantee::User(user) => _ = snapshot.shared_with.insert(user.clone()),
                    Grantee::Everyone => snapshot.public = true,
                }
            }
            for grantee in &self.remove {
                match grantee {
                    Grantee::User(user) => _ = snapshot.shared_with.remove(user),
                    Grantee::Everyone => snapshot.public = false,
                }
            }
        }
        Ok(Xml::done())
    }
}

/// Ends all sharing of a snapshot of the caller.
pub(crate) struct ResetAttribute(String);

impl Action for ResetAttribute {
    fn take(params: &Params) -> Result<Self, ApiError> {
        let attribute = check_attribute(params.req("Attribute")?)?;
        if attribute != PERMISSION {
            return Err(ApiError::bad_value(attribute, "attribute", ""));
        }
        Ok(ResetAttribute(params.req("SnapshotId")?))
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        own(call.region(), &call.caller.account, &self.0)?;
        let region = call.commit()?.region;
        if let Some(snapshot) = region.snapshots.get_mut(&self.0) {
            snapshot.shared_with.clear();
            snapshot.public = false;
        }
        Ok(Xml::done())
    }
}

/// ModifySnapshotAttribute in the API reference: encrypted snapshots cannot be made public, and those
/// under the default key cannot be shared at all. Public threads quote the messages.
fn check_key(snapshot: &Snapshot, region: &str, add: &[Grantee]) -> Result<(), ApiError> {
    if !snapshot.encrypted || add.is_empty() {
        return Ok(());
    }
    let message = if copy_keys::is_under_default(snapshot, region) {
        "Encrypted snapshots with EBS default key cannot be shared"
    } else if add.iter().any(Grantee::is_everyone) {
        "Encrypted snapshots cannot be shared publicly"
    } else {
        return Ok(());
    };
    Err(ApiError::client("OperationNotPermitted", message))
}

/// A snapshot of the account; one that it may only read is refused with another word.
pub(crate) fn own<'r>(
    region: &'r Region,
    account: &str,
    id: &str,
) -> Result<&'r Snapshot, ApiError> {
    Kind::Snapshot.check(id)?;
    let seen = region
        .snapshots
        .get(id)
        .filter(|snapshot| region.opens(snapshot, account) && snapshot.veil.look());
    let snapshot = seen.ok_or_else(|| Kind::Snapshot.not_found(&[id]))?;
    if snapshot.owner == account {
        return Ok(snapshot);
    }
    let message = format!("Not authorized for snapshot:{id}");
    Err(ApiError::client("AuthFailure", message))
}

fn check_attribute(word: String) -> Result<String, ApiError> {
    if word == PERMISSION || word == CODES {
        return Ok(word);
    }
    let why = "Unknown attribute.";
    Err(ApiError::bad_value(word, "attribute", why))
}

/// Takes `CreateVolumePermission.Add.N` or `CreateVolumePermission.Remove.N`.
fn grantees(permission: &Params, list: &str) -> Result<Vec<Grantee>, ApiError> {
    let mut grantees = Vec::new();
    for given in permission.structs(list) {
        grantees.extend(given.opt("UserId").map(user).transpose()?);
        grantees.extend(given.opt("Group").map(group).transpose()?);
    }
    Ok(grantees)
}

fn user(id: String) -> Result<Grantee, ApiError> {
    if id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(Grantee::User(id));
    }
    Err(ApiError::bad_value(id, "userId", "Expected an account ID."))
}

fn group(name: String) -> Result<Grantee, ApiError> {
    match &*name {
        "all" => Ok(Grantee::Everyone),
        _ => Err(ApiError::bad_value(name, "group", "Expected 'all'.")),
    }
}
