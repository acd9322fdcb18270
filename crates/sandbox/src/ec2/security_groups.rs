//! CreateSecurityGroup, DeleteSecurityGroup and DescribeSecurityGroups.

use crate::model::id::Kind;
use crate::model::instance::InstanceState;
use crate::model::network::{self, SecurityGroup};
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::Xml;
use crate::world::Region;

use super::call::{Action, Invocation};
use super::describe::{Describe, Query};
use super::security_rules;
use super::tag_rules::{self, Tags};

/// The name of the group that every VPC has from the beginning.
pub(crate) const DEFAULT: &str = "default";

/// Makes a group without rules for what comes in.
pub(crate) struct CreateSecurityGroup {
    name: String,
    description: String,
    vpc: Option<String>,
    tags: Tags,
}

impl Action for CreateSecurityGroup {
    fn take(params: &Params) -> Result<Self, ApiError> {
        let [tags] = tag_rules::take_specifications(params, [Kind::SecurityGroup])?;
        Ok(CreateSecurityGroup {
            name: params.req("GroupName")?,
            description: params.req("GroupDescription")?,
            vpc: params.filled("VpcId"),
            tags,
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let (me, region) = (call.caller.account.clone(), call.caller.region.clone());
        let vpc = network::vpc_id(&me, &region);
        if let Some(wanted) = self.vpc.filter(|wanted| *wanted != vpc) {
            let message = format!("The vpc ID '{wanted}' does not exist");
            return Err(ApiError::client("InvalidVpcID.NotFound", message));
        }
        if self.name.starts_with("sg-") {
            let why = "Group names must not begin with 'sg-'.";
            return Err(ApiError::bad_value(&self.name, "groupName", why));
        }
        if by_name(call.region(), &me, &self.name).is_some() {
            let message = format!(
                "The security group '{}' already exists for VPC '{vpc}'",
                self.name
            );
            return Err(ApiError::client("InvalidGroup.Duplicate", message));
        }
        let mut group = SecurityGroup::new(&me, &vpc, &self.name, &self.description);
        group.tags = self.tags;
        let room = call.commit()?;
        group.veil = room.veil();
        let mut xml = Xml::new();
        xml.text("groupId", &group.id)
            .tags(group.tags.iter())
            .text("securityGroupArn", arn(&region, &group));
        room.region.groups.insert(&group.id.clone(), group);
        Ok(xml)
    }
}

/// Removes a group that no instance is in.
pub(crate) struct DeleteSecurityGroup(Named);

impl Action for DeleteSecurityGroup {
    fn take(params: &Params) -> Result<Self, ApiError> {
        Ok(DeleteSecurityGroup(Named::take(params)?))
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let region = call.region();
        let group = self.0.find(region, &call.caller.account)?;
        let id = group.id.clone();
        if group.name == DEFAULT {
            let message = format!(
                "the specified group: \"{id}\" name: \"default\" cannot be deleted by a user"
            );
            return Err(ApiError::client("CannotDelete", message));
        }
        let used = region.instances.iter().any(|instance| {
            instance.groups.contains(&id) && instance.state() != InstanceState::Terminated
        });
        if used {
            let message = format!("resource {id} has a dependent object");
            return Err(ApiError::client("DependencyViolation", message));
        }
        call.commit()?.region.groups.remove(&id);
        let mut xml = Xml::done();
        xml.text("groupId", id);
        Ok(xml)
    }
}

/// Lists the groups of the account.
pub(crate) struct DescribeSecurityGroups {
    query: Query,
    names: Vec<String>,
}

impl Action for DescribeSecurityGroups {
    fn take(params: &Params) -> Result<Self, ApiError> {
        const KNOWN: [&str; 10] = [
            "description",
            "group-id",
            "group-name",
            "ip-permission.cidr",
            "ip-permission.from-port",
            "ip-permission.protocol",
            "ip-permission.to-port",
            "owner-id",
            "tag-key",
            "vpc-id",
        ];
        Ok(DescribeSecurityGroups {
            query: Query::take(params, "GroupId", "groupIdSet", &KNOWN)?,
            names: params.strings("GroupName"),
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let (region, me) = (call.region(), &*call.caller.account);
        let unknown = |name: &&String| by_name(region, me, name).is_none();
        if let Some(name) = self.names.iter().find(unknown) {
            return Err(Kind::SecurityGroup.not_found(&[name]));
        }
        let open = |group: &SecurityGroup| group.owner == me;
        let listed =
            |group: &SecurityGroup| self.names.is_empty() || self.names.contains(&group.name);
        let (groups, token) =
            self.query
                .select(region, &region.groups, call.settings(), me, open, listed)?;
        let mut xml = Xml::new();
        xml.list("securityGroupInfo", groups, |xml, (group, ())| {
            write(xml, group, &call.caller.region)
        });
        xml.opt("nextToken", token);
        Ok(xml)
    }
}

/// A group as a call names it: by ID, or by name in the default VPC.
pub(crate) struct Named {
    id: Option<String>,
    name: Option<String>,
}

impl Named {
    pub(crate) fn take(params: &Params) -> Result<Self, ApiError> {
        let (id, name) = (params.opt("GroupId"), params.opt("GroupName"));
        if id.is_none() && name.is_none() {
            let message = "The request must contain the parameter GroupName or GroupId";
            return Err(ApiError::client("MissingParameter", message));
        }
        Ok(Named { id, name })
    }

    pub(crate) fn find<'r>(
        &self,
        region: &'r Region,
        account: &str,
    ) -> Result<&'r SecurityGroup, ApiError> {
        match (&self.id, &self.name) {
            (Some(id), _) => by_id(region, account, id),
            (None, name) => {
                let name = name.as_deref().unwrap_or_default();
                let found = by_name(region, account, name);
                found.ok_or_else(|| Kind::SecurityGroup.not_found(&[name]))
            }
        }
    }
}

pub(crate) fn by_id<'r>(
    region: &'r Region,
    account: &str,
    id: &str,
) -> Result<&'r SecurityGroup, ApiError> {
    Kind::SecurityGroup.check(id)?;
    let group = region
        .groups
        .get(id)
        .filter(|group| group.owner == account && group.veil.look());
    group.ok_or_else(|| Kind::SecurityGroup.not_found(&[id]))
}

/// The names of those groups.
pub(crate) fn names(region: &Region, ids: &[String]) -> Vec<String> {
    let groups = ids.iter().filter_map(|id| region.groups.get(id));
    groups.map(|group| group.name.clone()).collect()
}

pub(crate) fn by_name<'r>(
    region: &'r Region,
    account: &str,
    name: &str,
) -> Option<&'r SecurityGroup> {
    let mut groups = region.groups.iter();
    groups.find(|group| group.owner == account && group.name == name)
}

impl Describe for SecurityGroup {
    type View = ();

    const MOVING: &'static [&'static str] = &[];

    fn view(&self, _region: &Region) {}

    fn values(&self, _region: &Region, filter: &str) -> Vec<String> {
        match filter {
            "description" => vec![self.description.clone()],
            "group-id" => vec![self.id.clone()],
            "group-name" => vec![self.name.clone()],
            "owner-id" => vec![self.owner.clone()],
            "vpc-id" => vec![self.vpc.clone()],
            _ => security_rules::values(&self.ingress, filter),
        }
    }

    fn moving(&self, _view: &(), _filter: &str) -> Vec<String> {
        Vec::new()
    }
}

fn write(xml: &mut Xml, group: &SecurityGroup, region: &str) {
    xml.text("ownerId", &group.owner).text("groupId", &group.id);
    xml.text("groupName", &group.name)
        .text("groupDescription", &group.description);
    xml.text("vpcId", &group.vpc)
        .text("securityGroupArn", arn(region, group));
    security_rules::write(xml, "ipPermissions", &group.ingress, &group.owner);
    let everything = security_rules::everything();
    security_rules::write(xml, "ipPermissionsEgress", &[everything], &group.owner);
    xml.tags(group.tags.iter());
}

fn arn(region: &str, group: &SecurityGroup) -> String {
    let (owner, id) = (&group.owner, &group.id);
    format!("arn:aws:ec2:{region}:{owner}:security-group/{id}")
}
