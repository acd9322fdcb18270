//! What came of it: the image, and what is not in it.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, Serializer};

use crate::FileSystem;

/// An image, and what is not in it.
#[derive(Debug)]
pub struct Captured {
    /// The image, open for reading and writing, of mode 0600. If it has no name it lives as long as
    /// this and its clones do.
    pub file: File,
    /// Its path, if it was to have one.
    pub path: Option<PathBuf>,
    /// Its size in bytes, holes included.
    pub size: u64,
    /// What it is.
    pub file_system: FileSystem,
    /// Its label, if the volume's has one.
    pub label: Option<String>,
    /// Its UUID: the volume's, or a new one where the volume is only a directory of its file system
    /// or on something else than disks have.
    pub uuid: String,
    /// Files, directories and whatever else was copied.
    pub files: u64,
    /// Bytes of files that were copied, without holes.
    pub bytes: u64,
    /// What is not in it, and what should be known of it.
    pub report: Report,
}

/// What is not in an image, and what should be known of it.
#[derive(Debug, Default, Clone)]
pub struct Report {
    /// In the order in which it was met. Of a directory all below it is left out, and not listed.
    pub left_out: Vec<LeftOut>,
    /// Sentences for the user: what the image's first start will do, what still travels.
    pub notes: Vec<String>,
}

/// A path, and why it is not, or not as it was, in the image. As JSON: `{"path":…,"reason":…}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The path in the image, from its top: `/etc/ssh/ssh_host_rsa_key`. In JSON what is no UTF-8 is
    /// replaced.
    #[serde(serialize_with = "lossy")]
    pub path: PathBuf,
    /// Why.
    pub reason: Reason,
}

/// Why something is not, or not as it was, in the image. [`Reason::is_filter`] tells which are the
/// filter's. JSON has [`Reason::code`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The user excluded it by its path.
    Excluded,
    /// It matched a line of the user's file of patterns.
    Pattern,
    /// It is of the live system: below `/proc`, `/sys`, `/dev`, `/run`, `/tmp`, `/var/tmp`, `/mnt`,
    /// `/media`.
    Live,
    /// Another file system is mounted there.
    MountPoint,
    /// It is the image that is being made.
    OwnFile,
    /// A socket: nobody listens on it in the image.
    Socket,
    /// It was there, and was gone when it was to be copied.
    Vanished,
    /// It is in the image, but was written to during each attempt to copy it.
    Changed,
    /// Another program holds a lease on it and does not let anybody read it (fcntl(2)).
    Leased,
    /// A host key of SSH, public half included: a new one is made without it.
    HostKey,
    /// A private key, told by its content or a place where only such are.
    PrivateKey,
    /// A store that holds private keys (PKCS#12, JKS).
    KeyStore,
    /// Passwords, tokens, keys of cloud accounts.
    Credentials,
    /// What somebody typed: histories of shells and other programs.
    History,
    /// Keys that would let their owners log in.
    AuthorizedKeys,
    /// What cloud-init keeps of this instance, user data included.
    CloudInit,
    /// Addresses leased to this machine.
    Lease,
    /// The identity of this machine; `/etc/machine-id` is there, empty.
    MachineId,
    /// A seed of random numbers, which two machines must not share.
    RandomSeed,
    /// Names of network interfaces, tied to this machine's addresses.
    NetworkNames,
    /// A file that memory is swapped to.
    Swap,
    /// The memory of a program that crashed.
    CoreDump,
    /// What an editor keeps of a file that is open in it.
    EditorSwap,
    /// What Terraform knows of an installation, passwords included.
    TerraformState,
}

impl Reason {
    /// Is it one of the filter's, which an include overrides?
    pub fn is_filter(self) -> bool {
        self >= Self::HostKey
    }

    /// A word for programs, as in JSON: `host_key`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Excluded => "excluded",
            Self::Pattern => "pattern",
            Self::Live => "live",
            Self::MountPoint => "mount_point",
            Self::OwnFile => "own_file",
            Self::Socket => "socket",
            Self::Vanished => "vanished",
            Self::Changed => "changed",
            Self::Leased => "leased",
            Self::HostKey => "host_key",
            Self::PrivateKey => "private_key",
            Self::KeyStore => "key_store",
            Self::Credentials => "credentials",
            Self::History => "history",
            Self::AuthorizedKeys => "authorized_keys",
            Self::CloudInit => "cloud_init",
            Self::Lease => "lease",
            Self::MachineId => "machine_id",
            Self::RandomSeed => "random_seed",
            Self::NetworkNames => "network_names",
            Self::Swap => "swap",
            Self::CoreDump => "core_dump",
            Self::EditorSwap => "editor_swap",
            Self::TerraformState => "terraform_state",
        }
    }
}

impl Report {
    /// How many there are of each reason.
    pub fn counts(&self) -> BTreeMap<Reason, u64> {
        let mut counts = BTreeMap::new();
        for left_out in &self.left_out {
            *counts.entry(left_out.reason).or_default() += 1;
        }
        counts
    }
}

fn lossy<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::{LeftOut, Reason};

    #[test]
    fn reasons_are_the_same_words_in_json() {
        let left_out = LeftOut {
            path: "/etc/ssh/ssh_host_rsa_key".into(),
            reason: Reason::HostKey,
        };
        let json = serde_json::to_string(&left_out).expect("plain");
        let expected = format!(
            r#"{{"path":"/etc/ssh/ssh_host_rsa_key","reason":"{}"}}"#,
            Reason::HostKey.code()
        );
        assert_eq!(json, expected);
        assert!(Reason::HostKey.is_filter());
        assert!(!Reason::Changed.is_filter());
        assert!(!Reason::Leased.is_filter());
    }
}
