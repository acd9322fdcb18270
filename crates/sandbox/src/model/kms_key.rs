//! Keys of KMS, as far as EBS asks for them.

use std::collections::BTreeSet;

/// Whether a key may be used (KMS developer guide, "Key states of AWS KMS keys").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KmsKeyState {
    /// It encrypts and decrypts.
    Enabled,
    /// Its owner has switched it off.
    Disabled,
    /// It will be deleted and cannot be used any more.
    PendingDeletion,
}

/// A customer managed key in a region: what seeds fill in.
#[derive(Clone, Debug)]
pub struct KmsKey {
    /// The last part of its ARN.
    pub id: String,
    /// The account.
    pub owner: String,
    /// Where it lies; a key of another region cannot encrypt here.
    pub region: String,
    /// Its names, such as `alias/images`.
    pub aliases: BTreeSet<String>,
    /// Whether it may be used.
    pub state: KmsKeyState,
    /// The other accounts that its policy lets use it.
    pub shared_with: BTreeSet<String>,
}

impl KmsKey {
    /// An enabled key of an account.
    pub(crate) fn new(owner: &str, region: &str) -> Self {
        let random = || getrandom::u64().unwrap_or_default();
        KmsKey {
            id: uuid_like(random(), random()),
            owner: owner.into(),
            region: region.into(),
            aliases: BTreeSet::new(),
            state: KmsKeyState::Enabled,
            shared_with: BTreeSet::new(),
        }
    }

    /// The key that AWS manages for EBS. It is the same each time, but another for every account and
    /// region.
    pub(crate) fn of_ebs(owner: &str, region: &str) -> Self {
        let place = format!("{owner}/{region}");
        KmsKey {
            id: uuid_like(hash(&place, 1), hash(&place, 2)),
            aliases: BTreeSet::from(["alias/aws/ebs".to_owned()]),
            ..KmsKey::new(owner, region)
        }
    }

    /// Its ARN.
    pub fn arn(&self) -> String {
        self.arn_of(&format!("key/{}", self.id))
    }

    /// Whether a word is its ID, its ARN, one of its aliases or the ARN of one. Only ARNs name the keys
    /// of other accounts.
    pub(crate) fn is_named(&self, word: &str, caller: &str) -> bool {
        let mut aliases = self.aliases.iter();
        if word.starts_with("arn:") {
            return word == self.arn() || aliases.any(|alias| word == self.arn_of(alias));
        }
        self.owner == caller && (word == self.id || aliases.any(|alias| word == alias))
    }

    /// Whether an account can encrypt and decrypt with it now.
    pub(crate) fn serves(&self, account: &str) -> bool {
        let may = self.owner == account || self.shared_with.contains(account);
        may && self.state == KmsKeyState::Enabled
    }

    fn arn_of(&self, resource: &str) -> String {
        format!("arn:aws:kms:{}:{}:{resource}", self.region, self.owner)
    }
}

fn uuid_like(high: u64, low: u64) -> String {
    uuid::Builder::from_random_bytes((u128::from(high) << 64 | u128::from(low)).to_be_bytes())
        .into_uuid()
        .to_string()
}

/// FNV-1a: the same in every run, which the hashes of the standard library do not promise.
fn hash(text: &str, seed: u64) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325 ^ seed, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_ebs_stays_the_same() {
        let arn = |account, region| KmsKey::of_ebs(account, region).arn();
        assert_eq!(arn("1", "eu-west-1"), arn("1", "eu-west-1"));
        assert_ne!(arn("1", "eu-west-1"), arn("1", "eu-west-2"));
        assert_ne!(arn("1", "eu-west-1"), arn("2", "eu-west-1"));
    }

    #[test]
    fn a_key_has_four_kinds_of_names() {
        let mut key = KmsKey::new("1", "eu-west-1");
        key.aliases.insert("alias/web".into());
        let alias_arn = "arn:aws:kms:eu-west-1:1:alias/web";
        for name in [&*key.id, "alias/web", &key.arn(), alias_arn] {
            assert!(key.is_named(name, "1"), "{name}");
            assert_eq!(key.is_named(name, "2"), name.starts_with("arn:"), "{name}");
        }
        assert!(!key.is_named("alias/other", "1"));
    }
}
