//! What instances are launched into: the default network of an account, security groups, key pairs.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::id::Kind;
use crate::config::Pace;
use crate::course::Veil;

/// The addresses of a default VPC (VPC user guide, "Default VPCs").
pub(crate) const VPC_CIDR: &str = "172.31.0.0/16";

/// The ID of the default VPC of an account in a region. It is the same in every run.
pub(crate) fn vpc_id(account: &str, region: &str) -> String {
    format!("vpc-0{:016x}", hash(&[account, region]))
}

/// The default subnet of a zone.
#[derive(Clone, Debug)]
pub(crate) struct Subnet {
    pub(crate) id: String,
    pub(crate) vpc: String,
    pub(crate) zone: String,
    pub(crate) cidr: String,
}

impl Subnet {
    /// The default subnet of an account in a zone such as `us-east-1b`.
    pub(crate) fn of(account: &str, zone: &str) -> Self {
        let region = zone.trim_end_matches(|c: char| c.is_ascii_lowercase());
        Subnet {
            id: format!("subnet-0{:016x}", hash(&[account, zone])),
            vpc: vpc_id(account, region),
            zone: zone.into(),
            cidr: format!("172.31.{}.0/20", third_byte(zone)),
        }
    }
}

/// An address of the default subnet of a zone.
pub(crate) fn address(zone: &str) -> String {
    let [a, b, ..] = getrandom::u32().unwrap_or_default().to_le_bytes();
    format!("172.31.{}.{}", third_byte(zone) + a % 16, 4 + b % 250)
}

/// Every default subnet has a twentieth part of the VPC: 172.31.0.0, 172.31.16.0 and so on.
fn third_byte(zone: &str) -> u8 {
    let letter = zone.bytes().last().unwrap_or(b'a');
    (letter.saturating_sub(b'a') % 16) * 16
}

/// FNV-1a: short, and the same everywhere.
fn hash(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A security group.
#[derive(Clone, Debug)]
pub(crate) struct SecurityGroup {
    pub(crate) id: String,
    pub(crate) owner: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) vpc: String,
    pub(crate) ingress: Vec<Rule>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) veil: Veil,
}

/// One rule of a security group: a protocol, its ports, and one peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) protocol: String,
    pub(crate) ports: Option<(i32, i32)>,
    pub(crate) peer: Peer,
}

/// Who may connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    V4(String),
    V6(String),
    Prefix(String),
    Group(String),
}

impl SecurityGroup {
    pub(crate) fn new(owner: &str, vpc: &str, name: &str, description: &str) -> Self {
        SecurityGroup {
            id: Kind::SecurityGroup.fresh(),
            owner: owner.into(),
            name: name.into(),
            description: description.into(),
            vpc: vpc.into(),
            ingress: Vec::new(),
            tags: BTreeMap::new(),
            veil: Veil::new(Pace::Now),
        }
    }
}

/// A key pair, for tests to look at. Nobody can log in here, so that the private half of one that was made
/// here is made up.
#[derive(Clone, Debug)]
pub struct KeyPair {
    /// `key-…`
    pub id: String,
    /// The account.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// `rsa` or `ed25519`.
    pub kind: String,
    /// How people compare keys.
    pub fingerprint: String,
    /// The public half of an imported one, in one line as OpenSSH has it.
    pub public: Option<String>,
    /// When it was made or imported.
    pub created: OffsetDateTime,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    pub(crate) veil: Veil,
}

impl KeyPair {
    /// One of RSA without a fingerprint.
    pub(crate) fn new(owner: &str, name: &str) -> Self {
        KeyPair {
            id: Kind::KeyPair.fresh(),
            owner: owner.into(),
            name: name.into(),
            kind: "rsa".into(),
            fingerprint: String::new(),
            public: None,
            created: OffsetDateTime::now_utc(),
            tags: BTreeMap::new(),
            veil: Veil::new(Pace::Now),
        }
    }
}

super::resource!(SecurityGroup, Kind::SecurityGroup);
super::resource!(KeyPair, Kind::KeyPair);
