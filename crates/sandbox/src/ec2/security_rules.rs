//! AuthorizeSecurityGroupIngress, RevokeSecurityGroupIngress, and rules as calls and answers have them.

use crate::model::network::{Peer, Rule};
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::Xml;

use super::call::{Action, Invocation};
use super::security_groups::Named;

/// Adds rules to a group.
pub(crate) struct Authorize {
    group: Named,
    rules: Vec<Rule>,
}

impl Action for Authorize {
    fn take(params: &Params) -> Result<Self, ApiError> {
        params.accept("TagSpecification");
        Ok(Authorize {
            group: Named::take(params)?,
            rules: take(params)?,
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let group = self.group.find(call.region(), &call.caller.account)?;
        if let Some(rule) = self.rules.iter().find(|rule| group.ingress.contains(rule)) {
            let message = format!(
                "the specified rule \"{}, ALLOW\" already exists",
                words(rule)
            );
            return Err(ApiError::client("InvalidPermission.Duplicate", message));
        }
        let id = group.id.clone();
        let region = call.commit()?.region;
        if let Some(group) = region.groups.get_mut(&id) {
            group.ingress.extend(self.rules);
        }
        Ok(Xml::done())
    }
}

/// Takes rules away from a group.
pub(crate) struct Revoke {
    group: Named,
    rules: Vec<Rule>,
}

impl Action for Revoke {
    fn take(params: &Params) -> Result<Self, ApiError> {
        Ok(Revoke {
            group: Named::take(params)?,
            rules: take(params)?,
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let group = self.group.find(call.region(), &call.caller.account)?;
        if self.rules.iter().any(|rule| !group.ingress.contains(rule)) {
            let message = "The specified rule does not exist in this security group.";
            return Err(ApiError::client("InvalidPermission.NotFound", message));
        }
        let id = group.id.clone();
        let region = call.commit()?.region;
        if let Some(group) = region.groups.get_mut(&id) {
            group.ingress.retain(|rule| !self.rules.contains(rule));
        }
        Ok(Xml::done())
    }
}

/// Takes `IpPermissions.N`, or the older spelling of one rule in the call itself.
fn take(params: &Params) -> Result<Vec<Rule>, ApiError> {
    let mut rules = Vec::new();
    for given in params.structs("IpPermissions") {
        let mut peers = Vec::new();
        for (list, field) in [
            ("IpRanges", "CidrIp"),
            ("Ipv6Ranges", "CidrIpv6"),
            ("PrefixListIds", "PrefixListId"),
            ("Groups", "GroupId"),
        ] {
            for peer in given.structs(list) {
                let value = peer.req(field)?;
                ["Description", "UserId", "VpcId"]
                    .iter()
                    .for_each(|known| peer.accept(known));
                peers.push(match field {
                    "CidrIp" => Peer::V4(value),
                    "CidrIpv6" => Peer::V6(value),
                    "PrefixListId" => Peer::Prefix(value),
                    _ => Peer::Group(value),
                });
            }
        }
        let (protocol, ports) = take_ports(&given)?;
        rules.extend(peers.into_iter().map(|peer| Rule {
            protocol: protocol.clone(),
            ports,
            peer,
        }));
    }
    if let Some(cidr) = params.opt("CidrIp") {
        let (protocol, ports) = take_ports(params)?;
        let peer = Peer::V4(cidr);
        rules.push(Rule {
            protocol,
            ports,
            peer,
        });
    }
    if rules.is_empty() {
        return Err(ApiError::missing("ipPermissions"));
    }
    Ok(rules)
}

/// Ports go with tcp and udp; `-1` is every protocol on every port (IpPermission in the API reference).
fn take_ports(params: &Params) -> Result<(String, Option<(i32, i32)>), ApiError> {
    let protocol = params.req("IpProtocol")?;
    let (from, to) = (params.number("FromPort")?, params.number("ToPort")?);
    if protocol == "-1" {
        return Ok((protocol, None));
    }
    let (from, to) = from
        .zip(to)
        .ok_or_else(|| ApiError::missing("fromPort and toPort"))?;
    let is_range = (0..=65535).contains(&from) && (from..=65535).contains(&to);
    if matches!(&*protocol, "tcp" | "udp") && !is_range {
        let message = format!("Invalid TCP/UDP port range ({from}:{to})");
        return Err(ApiError::client("InvalidParameterValue", message));
    }
    Ok((protocol, Some((from, to))))
}

/// The rule that every group has for what goes out.
pub(crate) fn everything() -> Rule {
    Rule {
        protocol: "-1".into(),
        ports: None,
        peer: Peer::V4("0.0.0.0/0".into()),
    }
}

/// What the `ip-permission.*` filters look at.
pub(crate) fn values(rules: &[Rule], filter: &str) -> Vec<String> {
    let value = |rule: &Rule| match (filter, &rule.peer) {
        ("ip-permission.cidr", Peer::V4(cidr)) => Some(cidr.clone()),
        ("ip-permission.protocol", _) => Some(rule.protocol.clone()),
        ("ip-permission.from-port", _) => rule.ports.map(|ports| ports.0.to_string()),
        ("ip-permission.to-port", _) => rule.ports.map(|ports| ports.1.to_string()),
        _ => None,
    };
    rules.iter().filter_map(value).collect()
}

/// The rules of a group, one permission for each.
pub(crate) fn write(xml: &mut Xml, name: &str, rules: &[Rule], owner: &str) {
    xml.list(name, rules, |xml, rule| {
        xml.text("ipProtocol", &rule.protocol)
            .opt("fromPort", rule.ports.map(|ports| ports.0))
            .opt("toPort", rule.ports.map(|ports| ports.1));
        let (list, field, value) = match &rule.peer {
            Peer::V4(cidr) => ("ipRanges", "cidrIp", cidr),
            Peer::V6(cidr) => ("ipv6Ranges", "cidrIpv6", cidr),
            Peer::Prefix(id) => ("prefixListIds", "prefixListId", id),
            Peer::Group(id) => ("groups", "groupId", id),
        };
        for empty in ["groups", "ipRanges", "ipv6Ranges", "prefixListIds"] {
            let peer = (empty == list).then_some(value);
            xml.list(empty, peer, |xml, value| {
                xml.text(field, value);
                if field == "groupId" {
                    xml.text("userId", owner);
                }
            });
        }
    });
}

/// EC2's words for a rule.
fn words(rule: &Rule) -> String {
    let peer = match &rule.peer {
        Peer::V4(peer) | Peer::V6(peer) | Peer::Prefix(peer) | Peer::Group(peer) => peer,
    };
    match rule.ports {
        Some((from, to)) => format!(
            "peer: {peer}, {}, from port: {from}, to port: {to}",
            rule.protocol.to_uppercase()
        ),
        None => format!("peer: {peer}, ALL"),
    }
}
