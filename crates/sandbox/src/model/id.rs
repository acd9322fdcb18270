//! IDs: their kinds, their shape, fresh ones, and what EC2 says of wrong ones.

use crate::wire::error::ApiError;

/// The kinds of resources that have IDs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Image,
    Instance,
    KeyPair,
    SecurityGroup,
    Snapshot,
    Volume,
}

impl Kind {
    pub(crate) const ALL: [Kind; 6] = [
        Kind::Image,
        Kind::Instance,
        Kind::KeyPair,
        Kind::SecurityGroup,
        Kind::Snapshot,
        Kind::Volume,
    ];

    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Kind::Image => "ami-",
            Kind::Instance => "i-",
            Kind::KeyPair => "key-",
            Kind::SecurityGroup => "sg-",
            Kind::Snapshot => "snap-",
            Kind::Volume => "vol-",
        }
    }

    /// The word of TagSpecifications and of DescribeTags.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Kind::Image => "image",
            Kind::Instance => "instance",
            Kind::KeyPair => "key-pair",
            Kind::SecurityGroup => "security-group",
            Kind::Snapshot => "snapshot",
            Kind::Volume => "volume",
        }
    }

    /// The kind that an ID claims to be of.
    pub(crate) fn of(id: &str) -> Option<Kind> {
        Kind::ALL
            .into_iter()
            .find(|kind| id.starts_with(kind.prefix()))
    }

    /// An ID of 17 hex digits, as EC2 gives them since 2016.
    pub(crate) fn fresh(self) -> String {
        let random = getrandom::u64().unwrap_or_default();
        format!("{}0{random:016x}", self.prefix())
    }

    /// Refuses an ID that cannot be one of this kind: the prefix and 8 or 17 hex digits.
    pub(crate) fn check(self, id: &str) -> Result<(), ApiError> {
        let digits = id.strip_prefix(self.prefix());
        let is_hex = |digits: &str| {
            digits
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        if digits.is_some_and(|digits| matches!(digits.len(), 8 | 17) && is_hex(digits)) {
            return Ok(());
        }
        Err(self.malformed(id, digits.is_some()))
    }

    pub(crate) fn check_all(self, ids: &[String]) -> Result<(), ApiError> {
        ids.iter().try_for_each(|id| self.check(id))
    }

    /// The error for IDs that do not exist or that the caller may not see. EC2 names all of them.
    pub(crate) fn not_found(self, ids: &[&str]) -> ApiError {
        let names = ids.join(", ");
        let (noun, verb) = if ids.len() == 1 {
            ("", "does not exist")
        } else {
            ("s", "do not exist")
        };
        let message = match self {
            Kind::Image => format!("The image id{noun} '[{names}]' {verb}"),
            Kind::Instance => format!("The instance ID{noun} '{names}' {verb}"),
            Kind::KeyPair => format!("The key pair{noun} '{names}' {verb}"),
            Kind::SecurityGroup => format!("The security group{noun} '{names}' {verb}"),
            Kind::Snapshot => format!("The snapshot{noun} '{names}' {verb}."),
            Kind::Volume => format!("The volume{noun} '{names}' {verb}."),
        };
        let code = match self {
            Kind::Image => "InvalidAMIID.NotFound",
            Kind::Instance => "InvalidInstanceID.NotFound",
            Kind::KeyPair => "InvalidKeyPair.NotFound",
            Kind::SecurityGroup => "InvalidGroup.NotFound",
            Kind::Snapshot => "InvalidSnapshot.NotFound",
            Kind::Volume => "InvalidVolume.NotFound",
        };
        ApiError::client(code, message)
    }

    /// Volumes and snapshots without their prefix get another code than those with wrong digits.
    fn malformed(self, id: &str, has_prefix: bool) -> ApiError {
        let invalid = format!("Invalid id: \"{id}\"");
        let expecting = format!("{invalid} (expecting \"{}...\")", self.prefix());
        match self {
            Kind::Image => ApiError::client("InvalidAMIID.Malformed", expecting),
            Kind::Instance => ApiError::client("InvalidInstanceID.Malformed", invalid),
            Kind::KeyPair => ApiError::client("InvalidKeyPair.Format", invalid),
            Kind::SecurityGroup => ApiError::client("InvalidGroupId.Malformed", expecting),
            Kind::Snapshot if has_prefix => {
                ApiError::client("InvalidSnapshotID.Malformed", invalid)
            }
            Kind::Volume if has_prefix => ApiError::client("InvalidVolumeID.Malformed", invalid),
            Kind::Snapshot => ApiError::bad_value(id, "snapshotId", "Expected: 'snap-...'."),
            Kind::Volume => ApiError::bad_value(id, "volumeId", "Expected: 'vol-...'."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_ids_pass_their_own_check() {
        for kind in Kind::ALL {
            let id = kind.fresh();
            assert_eq!(kind.check(&id), Ok(()));
            assert_eq!(Kind::of(&id), Some(kind));
        }
    }

    #[test]
    fn misshapen_ids_are_refused() {
        for id in [
            "ami-123",
            "ami-0123456789abcdefg",
            "ami-XYZ45678",
            "i-12345678",
            "",
        ] {
            assert_eq!(
                Kind::Image.check(id).unwrap_err().code,
                "InvalidAMIID.Malformed",
                "{id}"
            );
        }
        assert_eq!(Kind::Image.check("ami-12345678"), Ok(()));
    }

    #[test]
    fn several_unknown_ids_are_all_named() {
        let error = Kind::Image.not_found(&["ami-1", "ami-2"]);
        assert_eq!(error.message, "The image ids '[ami-1, ami-2]' do not exist");
        let error = Kind::Instance.not_found(&["i-1"]);
        assert_eq!(error.message, "The instance ID 'i-1' does not exist");
    }
}
