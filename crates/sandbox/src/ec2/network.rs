//! DescribeVpcs, DescribeSubnets and DescribeAccountAttributes: one default VPC with a default subnet
//! in every zone, as in a new account.

use crate::model::network::{self, Subnet, VPC_CIDR};
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::Xml;

use super::call::{Action, Invocation};
use super::filters::Filters;
use super::regions::zones;

/// The IDs, filters and page of a call whose answer always fits on one page.
struct OnePage {
    ids: Vec<String>,
    filters: Filters,
}

impl OnePage {
    fn take(params: &Params, ids: &str, known: &[&str]) -> Result<Self, ApiError> {
        let max: Option<u32> = params.number("MaxResults")?;
        if let Some(max) = max.filter(|max| !(5..=1000).contains(max)) {
            return Err(ApiError::bad_value(
                max,
                "maxResults",
                "Expecting 5 to 1000.",
            ));
        }
        if params.opt("NextToken").is_some() {
            let message = "The specified pagination token is not valid or is expired.";
            return Err(ApiError::client("InvalidPaginationToken", message));
        }
        Ok(OnePage {
            ids: params.strings(ids),
            filters: Filters::take(params, known)?,
        })
    }

    /// Refuses IDs that nothing has.
    fn check(&self, known: &[String], code: &str, word: &str) -> Result<(), ApiError> {
        match self.ids.iter().find(|id| !known.contains(id)) {
            Some(id) => {
                let message = format!("The {word} ID '{id}' does not exist");
                Err(ApiError::client(code, message))
            }
            None => Ok(()),
        }
    }

    fn shows(&self, id: &String, values: impl FnMut(&str) -> Vec<String>) -> bool {
        (self.ids.is_empty() || self.ids.contains(id)) && self.filters.pass(|_| true, values)
    }
}

/// Lists the default VPC.
pub(crate) struct DescribeVpcs(OnePage);

impl Action for DescribeVpcs {
    fn take(params: &Params) -> Result<Self, ApiError> {
        const KNOWN: [&str; 8] = [
            "cidr",
            "cidr-block-association.cidr-block",
            "dhcp-options-id",
            "is-default",
            "owner-id",
            "state",
            "tag-key",
            "vpc-id",
        ];
        Ok(DescribeVpcs(OnePage::take(params, "VpcId", &KNOWN)?))
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let me = &*call.caller.account;
        let id = network::vpc_id(me, &call.caller.region);
        self.0
            .check(std::slice::from_ref(&id), "InvalidVpcID.NotFound", "vpc")?;
        let value = |filter: &str| match filter {
            "cidr" | "cidr-block-association.cidr-block" => vec![VPC_CIDR.to_owned()],
            "dhcp-options-id" => vec!["default".to_owned()],
            "is-default" => vec!["true".to_owned()],
            "owner-id" => vec![me.to_owned()],
            "state" => vec!["available".to_owned()],
            "vpc-id" => vec![id.clone()],
            _ => Vec::new(),
        };
        let shown = self.0.shows(&id, value).then_some(&id);
        let mut xml = Xml::new();
        xml.list("vpcSet", shown, |xml, id| {
            xml.text("vpcId", id)
                .text("ownerId", me)
                .text("state", "available");
            xml.text("cidrBlock", VPC_CIDR)
                .text("dhcpOptionsId", "default");
            xml.text("instanceTenancy", "default")
                .text("isDefault", true);
        });
        Ok(xml)
    }
}

/// Lists the default subnets.
pub(crate) struct DescribeSubnets(OnePage);

impl Action for DescribeSubnets {
    fn take(params: &Params) -> Result<Self, ApiError> {
        // Some filters have an older name beside theirs (DescribeSubnets in the API reference).
        const KNOWN: [&str; 16] = [
            "availability-zone",
            "availabilityZone",
            "availability-zone-id",
            "availabilityZoneId",
            "available-ip-address-count",
            "cidr",
            "cidr-block",
            "cidrBlock",
            "default-for-az",
            "defaultForAz",
            "map-public-ip-on-launch",
            "owner-id",
            "state",
            "subnet-id",
            "tag-key",
            "vpc-id",
        ];
        Ok(DescribeSubnets(OnePage::take(params, "SubnetId", &KNOWN)?))
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let (me, region) = (&*call.caller.account, &*call.caller.region);
        let rows: Vec<(Subnet, String)> = zones(region)
            .into_iter()
            .map(|zone| (Subnet::of(me, &zone.name), zone.id))
            .collect();
        let ids: Vec<String> = rows.iter().map(|row| row.0.id.clone()).collect();
        self.0.check(&ids, "InvalidSubnetID.NotFound", "subnet")?;
        let shown = rows.iter().filter(|(subnet, zone_id)| {
            let value = |filter: &str| subnet_value(subnet, zone_id, me, filter);
            self.0.shows(&subnet.id, value)
        });
        let mut xml = Xml::new();
        xml.list("subnetSet", shown, |xml, (subnet, zone_id)| {
            let arn = format!("arn:aws:ec2:{region}:{me}:subnet/{}", subnet.id);
            xml.text("subnetId", &subnet.id).text("subnetArn", arn);
            xml.text("state", "available").text("vpcId", &subnet.vpc);
            xml.text("ownerId", me).text("cidrBlock", &subnet.cidr);
            xml.text("availableIpAddressCount", FREE_ADDRESSES);
            xml.text("availabilityZone", &subnet.zone)
                .text("availabilityZoneId", zone_id);
            xml.text("defaultForAz", true)
                .text("mapPublicIpOnLaunch", true);
        });
        Ok(xml)
    }
}

/// A /20 without the five addresses that AWS keeps (VPC user guide, "Subnet CIDR reservations").
const FREE_ADDRESSES: u32 = 4096 - 5;

fn subnet_value(subnet: &Subnet, zone_id: &str, owner: &str, filter: &str) -> Vec<String> {
    vec![match filter {
        "availability-zone" | "availabilityZone" => subnet.zone.clone(),
        "availability-zone-id" | "availabilityZoneId" => zone_id.to_owned(),
        "available-ip-address-count" => FREE_ADDRESSES.to_string(),
        "cidr" | "cidr-block" | "cidrBlock" => subnet.cidr.clone(),
        "default-for-az" | "defaultForAz" | "map-public-ip-on-launch" => "true".to_owned(),
        "owner-id" => owner.to_owned(),
        "state" => "available".to_owned(),
        "subnet-id" => subnet.id.clone(),
        "vpc-id" => subnet.vpc.clone(),
        _ => return Vec::new(),
    }]
}

/// Says what the account may do, in the numbers of a new one.
pub(crate) struct DescribeAccount(Vec<String>);

impl Action for DescribeAccount {
    fn take(params: &Params) -> Result<Self, ApiError> {
        Ok(DescribeAccount(params.strings("AttributeName")))
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let vpc = network::vpc_id(&call.caller.account, &call.caller.region);
        let all = [
            ("supported-platforms", "VPC"),
            ("default-vpc", &*vpc),
            ("max-instances", "20"),
            ("vpc-max-security-groups-per-interface", "5"),
            ("max-elastic-ips", "5"),
            ("vpc-max-elastic-ips", "5"),
        ];
        let unknown = |name: &&String| all.iter().all(|row| row.0 != **name);
        if let Some(name) = self.0.iter().find(unknown) {
            return Err(ApiError::bad_value(name, "attributeName", ""));
        }
        let shown = all
            .iter()
            .filter(|row| self.0.is_empty() || self.0.iter().any(|name| name == row.0));
        let mut xml = Xml::new();
        xml.list("accountAttributeSet", shown, |xml, (name, value)| {
            xml.text("attributeName", name);
            xml.list("attributeValueSet", [value], |xml, value| {
                xml.text("attributeValue", value);
            });
        });
        Ok(xml)
    }
}
