//! ImportKeyPair.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest, Sha256};

use crate::model::id::Kind;
use crate::model::network::KeyPair;
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::Xml;

use super::call::{Action, Invocation};
use super::key_pairs;
use super::tag_rules::{self, Tags};

/// Takes the public half of a key that somebody else has made.
pub(crate) struct ImportKeyPair {
    name: String,
    public: String,
    kind: &'static str,
    fingerprint: String,
    tags: Tags,
}

impl Action for ImportKeyPair {
    fn take(params: &Params) -> Result<Self, ApiError> {
        let [tags] = tag_rules::take_specifications(params, [Kind::KeyPair])?;
        let name = params.req("KeyName")?;
        let public = STANDARD.decode(params.req("PublicKeyMaterial")?);
        let public = public.ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let public = public.ok_or_else(misshapen)?.trim().to_owned();
        let (kind, fingerprint) = read(&public).ok_or_else(misshapen)?;
        Ok(ImportKeyPair {
            name,
            public,
            kind,
            fingerprint,
            tags,
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let me = call.caller.account.clone();
        if key_pairs::by_name(call.region(), &me, &self.name).is_some() {
            return Err(key_pairs::duplicate(&self.name));
        }
        let key = KeyPair {
            fingerprint: self.fingerprint,
            kind: self.kind.into(),
            public: Some(self.public),
            tags: self.tags,
            ..KeyPair::new(&me, &self.name)
        };
        let room = call.commit()?;
        let mut xml = Xml::new();
        xml.text("keyName", &key.name)
            .text("keyFingerprint", &key.fingerprint);
        xml.text("keyPairId", &key.id).tags(key.tags.iter());
        room.region.keys.insert(&key.id.clone(), key);
        Ok(xml)
    }
}

/// The kind of an OpenSSH key in one line, and its fingerprint. EC2 takes RSA and ED25519 (ImportKeyPair
/// in the API reference); the fingerprint of an imported RSA key would be an MD5, here it is a SHA-256 of
/// either.
fn read(line: &str) -> Option<(&'static str, String)> {
    let mut words = line.split_ascii_whitespace();
    let (word, kind) = match words.next()? {
        word @ "ssh-rsa" => (word, "rsa"),
        word @ "ssh-ed25519" => (word, "ed25519"),
        _ => return None,
    };
    let blob = STANDARD.decode(words.next()?).ok()?;
    // The blob names its kind again, after four bytes of length (RFC 4253, section 6.6).
    let is_whole = blob.get(4..4 + word.len()) == Some(word.as_bytes());
    is_whole.then(|| (kind, STANDARD_NO_PAD.encode(Sha256::digest(&blob))))
}

fn misshapen() -> ApiError {
    let message = "Key is not in valid OpenSSH public key format";
    ApiError::client("InvalidKey.Format", message)
}
