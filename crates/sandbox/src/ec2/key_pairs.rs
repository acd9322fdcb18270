//! CreateKeyPair, DeleteKeyPair and DescribeKeyPairs.

use crate::model::id::Kind;
use crate::model::network::KeyPair;
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::{Xml, timestamp};
use crate::world::Region;

use super::call::{Action, Invocation};
use super::filters::{Filters, tag_values};
use super::tag_rules::{self, Tags};

/// Makes a key pair and shows its private half, this once.
pub(crate) struct CreateKeyPair {
    name: String,
    kind: String,
    tags: Tags,
}

impl Action for CreateKeyPair {
    fn take(params: &Params) -> Result<Self, ApiError> {
        let [tags] = tag_rules::take_specifications(params, [Kind::KeyPair])?;
        let name = params.req("KeyName")?;
        let kind = params.opt("KeyType").unwrap_or_else(|| "rsa".into());
        if !matches!(&*kind, "rsa" | "ed25519") {
            return Err(ApiError::bad_value(kind, "keyType", ""));
        }
        match params.opt("KeyFormat").as_deref() {
            None | Some("pem" | "ppk") => Ok(CreateKeyPair { name, kind, tags }),
            Some(other) => Err(ApiError::bad_value(other, "keyFormat", "")),
        }
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let me = call.caller.account.clone();
        if by_name(call.region(), &me, &self.name).is_some() {
            return Err(duplicate(&self.name));
        }
        let key = KeyPair {
            fingerprint: fingerprint(),
            kind: self.kind,
            tags: self.tags,
            ..KeyPair::new(&me, &self.name)
        };
        let room = call.commit()?;
        let mut xml = Xml::new();
        xml.text("keyName", &key.name)
            .text("keyFingerprint", &key.fingerprint);
        xml.text("keyMaterial", material())
            .text("keyPairId", &key.id)
            .tags(key.tags.iter());
        room.region.keys.insert(&key.id.clone(), key);
        Ok(xml)
    }
}

/// Removes a key pair. One that is not there is no error (DeleteKeyPair answers `true` for both).
pub(crate) struct DeleteKeyPair {
    name: Option<String>,
    id: Option<String>,
}

impl Action for DeleteKeyPair {
    fn take(params: &Params) -> Result<Self, ApiError> {
        let (name, id) = (params.opt("KeyName"), params.opt("KeyPairId"));
        if name.is_none() && id.is_none() {
            return Err(ApiError::missing("KeyName"));
        }
        Ok(DeleteKeyPair { name, id })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let me = &*call.caller.account;
        let named = |key: &&KeyPair| {
            let by_name = Some(&key.name) == self.name.as_ref();
            key.owner == me && (by_name || Some(&key.id) == self.id.as_ref())
        };
        let id = call
            .region()
            .keys
            .iter()
            .find(named)
            .map(|key| key.id.clone());
        let region = call.commit()?.region;
        let mut xml = Xml::done();
        if let Some(id) = id {
            region.keys.remove(&id);
            xml.text("keyPairId", id);
        }
        Ok(xml)
    }
}

/// Lists the key pairs of the account.
pub(crate) struct DescribeKeyPairs {
    names: Vec<String>,
    ids: Vec<String>,
    filters: Filters,
}

impl Action for DescribeKeyPairs {
    fn take(params: &Params) -> Result<Self, ApiError> {
        const KNOWN: [&str; 4] = ["fingerprint", "key-name", "key-pair-id", "tag-key"];
        params.accept("IncludePublicKey");
        Ok(DescribeKeyPairs {
            names: params.strings("KeyName"),
            ids: params.strings("KeyPairId"),
            filters: Filters::take(params, &KNOWN)?,
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let me = &*call.caller.account;
        let own = || call.region().keys.iter().filter(|key| key.owner == me);
        let no_name = |name: &&String| own().all(|key| key.name != **name);
        let no_id = |id: &&String| own().all(|key| key.id != **id);
        let unknown = self.names.iter().find(no_name);
        if let Some(unknown) = unknown.or(self.ids.iter().find(no_id)) {
            return Err(Kind::KeyPair.not_found(&[unknown]));
        }
        let any = self.names.is_empty() && self.ids.is_empty();
        let shown = own().filter(|key| {
            let value = |filter: &str| match filter {
                "fingerprint" => vec![key.fingerprint.clone()],
                "key-name" => vec![key.name.clone()],
                "key-pair-id" => vec![key.id.clone()],
                tag => tag_values(tag, key.tags.iter()),
            };
            (any || self.names.contains(&key.name) || self.ids.contains(&key.id))
                && self.filters.pass(|_| true, value)
        });
        let mut xml = Xml::new();
        xml.list("keySet", shown, |xml, key| {
            xml.text("keyPairId", &key.id).text("keyName", &key.name);
            xml.text("keyFingerprint", &key.fingerprint)
                .text("keyType", &key.kind);
            xml.text("createTime", timestamp(key.created))
                .tags(key.tags.iter());
        });
        Ok(xml)
    }
}

pub(crate) fn by_name<'r>(region: &'r Region, account: &str, name: &str) -> Option<&'r KeyPair> {
    let mut keys = region.keys.iter();
    keys.find(|key| key.owner == account && key.name == name)
}

/// The error for a name that is taken.
pub(crate) fn duplicate(name: &str) -> ApiError {
    let message = format!("The keypair '{name}' already exists.");
    ApiError::client("InvalidKeyPair.Duplicate", message)
}

/// Twenty bytes, as of a SHA-1 over the key.
fn fingerprint() -> String {
    let mut bytes = [0; 20];
    // Without randomness the fingerprint is all zeros, which is as good here.
    let _ = getrandom::fill(&mut bytes);
    bytes.map(|byte| format!("{byte:02x}")).join(":")
}

/// The private half in the frame of PEM: what is in the frame opens nothing.
fn material() -> String {
    let line = || format!("{:016x}", getrandom::u64().unwrap_or_default()).repeat(4);
    let lines: Vec<String> = (0..25).map(|_| line()).collect();
    format!(
        "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----",
        lines.join("\n")
    )
}
