//! Access control lists: who is granted what on a bucket or an object (S3 user guide, "Access control list
//! (ACL) overview").

use sha2::{Digest, Sha256};

use crate::wire::signature::hex;

/// The canonical user whom the canned ACL aws-exec-read grants READ: EC2, reading bundles. AWS does not
/// document the number; public listings of object ACLs show it, under the name za-team.
pub(crate) const EC2_READER: &str =
    "6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c";

/// The group of everyone.
pub(super) const EVERYONE: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
/// The group of everyone who has an AWS account.
pub(super) const ACCOUNTS: &str = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";

pub(super) const READ: &str = "READ";
pub(super) const WRITE: &str = "WRITE";
pub(super) const READ_ACP: &str = "READ_ACP";
pub(super) const WRITE_ACP: &str = "WRITE_ACP";
pub(super) const FULL_CONTROL: &str = "FULL_CONTROL";

/// One line of an access control list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// A canonical user ID (64 hexadecimal digits), or the URI of a group.
    pub grantee: String,
    /// `READ`, `WRITE`, `READ_ACP`, `WRITE_ACP` or `FULL_CONTROL`.
    pub permission: &'static str,
}

/// The number by which S3 names an account: 64 hexadecimal digits. Here they are made of its twelve.
pub(crate) fn canonical_id(account: &str) -> String {
    hex(&Sha256::digest(format!("canonical user of {account}")))
}

impl Grant {
    pub(super) fn new(grantee: impl Into<String>, permission: &'static str) -> Self {
        Grant {
            grantee: grantee.into(),
            permission,
        }
    }

    /// Whether it reaches beyond the accounts that are named.
    pub(super) fn is_public(&self) -> bool {
        [EVERYONE, ACCOUNTS].contains(&&*self.grantee)
    }

    fn is_to(&self, account: Option<&str>) -> bool {
        match (&*self.grantee, account) {
            (EVERYONE, _) | (ACCOUNTS, Some(_)) => true,
            (grantee, Some(account)) => grantee == canonical_id(account),
            _ => false,
        }
    }
}

/// Whether a list grants a permission to an account, or to someone without one.
pub(super) fn allows(grants: &[Grant], account: Option<&str>, permission: &str) -> bool {
    grants.iter().any(|grant| {
        (grant.permission == permission || grant.permission == FULL_CONTROL) && grant.is_to(account)
    })
}

/// The grants of a canned ACL, for its owner and the owner of the bucket; none of an unknown name.
pub(super) fn canned(name: &str, owner: &str, bucket_owner: &str) -> Option<Vec<Grant>> {
    let mut grants = vec![Grant::new(canonical_id(owner), FULL_CONTROL)];
    let of_bucket = |permission| Grant::new(canonical_id(bucket_owner), permission);
    match name {
        "private" => {}
        "public-read" => grants.push(Grant::new(EVERYONE, READ)),
        "public-read-write" => {
            grants.extend([READ, WRITE].map(|permission| Grant::new(EVERYONE, permission)));
        }
        "authenticated-read" => grants.push(Grant::new(ACCOUNTS, READ)),
        "aws-exec-read" => grants.push(Grant::new(EC2_READER, READ)),
        // For one's own bucket these two say what is so already.
        "bucket-owner-read" if owner != bucket_owner => grants.push(of_bucket(READ)),
        "bucket-owner-full-control" if owner != bucket_owner => {
            grants.push(of_bucket(FULL_CONTROL));
        }
        "bucket-owner-read" | "bucket-owner-full-control" => {}
        _ => return None,
    }
    Some(grants)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exec_read_lets_ec2_read_and_nobody_else() {
        let grants = canned("aws-exec-read", "1", "1").unwrap();
        assert!(allows(&grants, Some("1"), WRITE_ACP));
        assert!(!allows(&grants, Some("2"), READ));
        assert!(!allows(&grants, None, READ));
        assert_eq!(grants[1], Grant::new(EC2_READER, READ));
    }

    #[test]
    fn groups_are_everyone_and_those_who_sign() {
        let public = canned("public-read", "1", "1").unwrap();
        assert!(allows(&public, None, READ));
        let signed = canned("authenticated-read", "1", "1").unwrap();
        assert!(allows(&signed, Some("2"), READ) && !allows(&signed, None, READ));
        assert_eq!(canned("secret", "1", "1"), None);
    }
}
