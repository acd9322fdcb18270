//! Whether a copy of a snapshot is encrypted, and under which key.
//!
//! CopySnapshot in the API reference: copies of what is encrypted are encrypted, all are where encryption
//! by default is on, and without a key they are under the one of EBS. That the copy of an own snapshot
//! keeps its key within the region is an assumption. CopyImage and CopySnapshot: keys are authenticated
//! asynchronously, so that a copy under a wrong one is begun and fails later.

use crate::model::kms_key::KmsKey;
use crate::model::snapshot::Snapshot;
use crate::world::Region;

use super::call::Invocation;

/// What a snapshot says that could not be copied for its key (EBS user guide, "Copy an Amazon EBS
/// snapshot").
pub(crate) const INACCESSIBLE: &str = "Given key ID is not accessible";

/// What a call says of encryption, and where the source lies.
pub(crate) struct Wish<'a> {
    pub(crate) encrypted: bool,
    pub(crate) key: Option<&'a str>,
    pub(crate) source_region: &'a str,
}

/// How a copy is encrypted.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) encrypted: bool,
    /// The ARN of the key, or what was given when it names none.
    pub(crate) key: Option<String>,
    /// Whether the account can use this key and the one of the source.
    pub(crate) works: bool,
}

impl Wish<'_> {
    pub(crate) fn outcome(
        &self,
        call: &Invocation<'_>,
        there: &Region,
        source: &Snapshot,
    ) -> Outcome {
        let (here, me) = (call.region(), &*call.caller.account);
        if !(self.encrypted || source.encrypted || here.encrypts(me)) {
            return Outcome {
                encrypted: false,
                key: None,
                works: true,
            };
        }
        let stays = source.owner == me && call.caller.region == self.source_region;
        let of_source = source.kms_key.as_deref().filter(|_| stays);
        let (key, works) = match self.key.or(of_source) {
            None => (KmsKey::of_ebs(me, &call.caller.region).arn(), true),
            Some(word) => match find(here, &call.caller.region, me, word) {
                Some(key) => (key.arn(), key.serves(me)),
                // A key that nobody has planted is the owner's where a seed names it.
                None => (word.to_owned(), self.key.is_none()),
            },
        };
        Outcome {
            encrypted: true,
            key: Some(key),
            works: works && can_read(there, self.source_region, me, source),
        }
    }
}

/// Whether an account can decrypt a snapshot: who is given one needs its key too.
fn can_read(there: &Region, region: &str, me: &str, source: &Snapshot) -> bool {
    if !source.encrypted {
        return true;
    }
    let word = source.kms_key.as_deref().unwrap_or("alias/aws/ebs");
    match find(there, region, &source.owner, word) {
        Some(key) => key.serves(me),
        None => source.owner == me,
    }
}

/// The key of a name in a region, with the one that AWS manages.
pub(crate) fn find(region: &Region, name: &str, caller: &str, word: &str) -> Option<KmsKey> {
    let of_ebs = KmsKey::of_ebs(caller, name);
    let mut keys = region.kms_keys.iter().chain([&of_ebs]);
    keys.find(|key| key.is_named(word, caller)).cloned()
}

/// Whether a snapshot is encrypted under the key that AWS manages.
pub(crate) fn is_under_default(snapshot: &Snapshot, region: &str) -> bool {
    let of_ebs = KmsKey::of_ebs(&snapshot.owner, region);
    let key = snapshot.kms_key.as_deref();
    snapshot.encrypted && key.is_none_or(|key| of_ebs.is_named(key, &snapshot.owner))
}

/// The key of a snapshot as DescribeSnapshots shows it.
pub(crate) fn shown(snapshot: &Snapshot, region: &str) -> Option<String> {
    if is_under_default(snapshot, region) {
        return Some(KmsKey::of_ebs(&snapshot.owner, region).arn());
    }
    snapshot.kms_key.clone().filter(|_| snapshot.encrypted)
}
