//! What its name or place tells.

use rustix::fs::FileType;

use crate::Reason::{self, *};
use crate::mounts::below;

/// Single files, and directories whose content goes.
const PLACES: [(&[u8], Reason); 41] = [
    (b"etc/machine-id", MachineId),
    (b"var/lib/dbus/machine-id", MachineId),
    (b"var/lib/NetworkManager/secret_key", MachineId),
    (b"var/lib/systemd/credential.secret", PrivateKey),
    (b"var/lib/systemd/random-seed", RandomSeed),
    (b"var/lib/urandom/random-seed", RandomSeed),
    (b"var/lib/random-seed", RandomSeed),
    (b"boot/loader/random-seed", RandomSeed),
    (b"boot/efi/loader/random-seed", RandomSeed),
    (b"efi/loader/random-seed", RandomSeed),
    // What `cloud-init clean --logs` removes: all but the seed and the scripts of the image's maker.
    (b"var/lib/cloud/instance", CloudInit),
    (b"var/lib/cloud/instances", CloudInit),
    (b"var/lib/cloud/data", CloudInit),
    (b"var/lib/cloud/sem", CloudInit),
    (b"var/log/cloud-init.log", CloudInit),
    (b"var/log/cloud-init-output.log", CloudInit),
    (b"var/lib/dhcp", Lease),
    (b"var/lib/dhcp3", Lease),
    (b"var/lib/dhcpcd", Lease),
    (b"var/lib/dhcpcd5", Lease),
    (b"var/lib/dhclient", Lease),
    (b"var/lib/systemd/coredump", CoreDump),
    (b"var/crash", CoreDump),
    (b"var/lib/apport/coredump", CoreDump),
    (b"var/spool/abrt", CoreDump),
    (b"etc/passwd-s3fs", Credentials),
    (b"etc/boto.cfg", Credentials),
    (b"etc/apt/auth.conf", Credentials),
    (b"etc/apt/auth.conf.d", Credentials),
    (b"etc/krb5.keytab", PrivateKey),
    (b"etc/wireguard", PrivateKey),
    (b"etc/ipsec.secrets", Credentials),
    (b"etc/ppp/chap-secrets", Credentials),
    (b"etc/ppp/pap-secrets", Credentials),
    (b"etc/ssh/authorized_keys", AuthorizedKeys),
    (b"etc/ssh/authorized_keys.d", AuthorizedKeys),
    (b"etc/credstore", Credentials),
    (b"etc/credstore.encrypted", Credentials),
    (b"var/lib/sss/secrets", Credentials),
    (b"var/lib/samba/private", Credentials),
    (b"var/lib/amazon/ssm/Vault", Credentials),
];

/// Names at any depth, files or directories. Those with a slash are the last parts of a path.
const NAMES: [(&[u8], Reason); 61] = [
    (b".aws", Credentials),
    (b".awssecret", Credentials),
    (b".boto", Credentials),
    (b".s3cfg", Credentials),
    (b".passwd-s3fs", Credentials),
    (b".fog", Credentials),
    (b".netrc", Credentials),
    (b"_netrc", Credentials),
    (b".git-credentials", Credentials),
    (b".config/git/credentials", Credentials),
    (b".config/gh/hosts.yml", Credentials),
    (b".config/hub", Credentials),
    (b".config/gcloud", Credentials),
    (b".config/rclone", Credentials),
    (b".config/composer/auth.json", Credentials),
    (b".composer/auth.json", Credentials),
    (b".config/containers/auth.json", Credentials),
    (b".config/doctl", Credentials),
    (b".dockercfg", Credentials),
    (b".kube/config", Credentials),
    (b".azure", Credentials),
    (b".oci", Credentials),
    (b".bluemix", Credentials),
    (b".pgpass", Credentials),
    (b".mylogin.cnf", Credentials),
    (b".smbcredentials", Credentials),
    (b".vault-token", Credentials),
    (b".terraformrc", Credentials),
    (b".terraform.d/credentials.tfrc.json", Credentials),
    (b".cargo/credentials", Credentials),
    (b".cargo/credentials.toml", Credentials),
    (b".gem/credentials", Credentials),
    (b".m2/settings-security.xml", Credentials),
    (b".subversion/auth", Credentials),
    (b".local/share/keyrings", Credentials),
    (b".Xauthority", Credentials),
    (b".ICEauthority", Credentials),
    (b".gnupg/private-keys-v1.d", PrivateKey),
    (b".gnupg/openpgp-revocs.d", PrivateKey),
    (b"secring.gpg", PrivateKey),
    (b".gnupg/random_seed", RandomSeed),
    (b".ssh/id_rsa", PrivateKey),
    (b".ssh/id_dsa", PrivateKey),
    (b".ssh/id_ecdsa", PrivateKey),
    (b".ssh/id_ed25519", PrivateKey),
    (b".ssh/identity", PrivateKey),
    (b".ssh/authorized_keys", AuthorizedKeys),
    (b".ssh/authorized_keys2", AuthorizedKeys),
    (b".history", History),
    (b".histfile", History),
    (b".zhistory", History),
    (b".zsh_sessions", History),
    (b".bash_sessions", History),
    (b".viminfo", History),
    (b".lesshst", History),
    (b".mysql_history", History),
    (b"fish_history", History),
    (b"ConsoleHost_history.txt", History),
    (b"nvim/shada", History),
    (b".recently-used", History),
    (b".local/share/recently-used.xbel", History),
];

/// How editors and packagers call a copy of a file.
const COPIES: [&[u8]; 15] = [
    b"~",
    b"-",
    b".bak",
    b".backup",
    b".old",
    b".orig",
    b".save",
    b".tmp",
    b".swp",
    b".swo",
    b".dpkg-old",
    b".dpkg-dist",
    b".dpkg-bak",
    b".rpmsave",
    b".rpmnew",
];

/// Why a path is left out, if its name or place tells. It has no slash before it.
pub(crate) fn by_name(path: &[u8], kind: FileType) -> Option<Reason> {
    // Where a link leads nothing secret is, and systems have links in these places.
    let is_link = kind == FileType::Symlink;
    let place = PLACES.iter().find(|(place, _)| *place == path);
    if let Some((_, reason)) = place {
        return (!is_link || *reason == CloudInit).then_some(*reason);
    }
    if is_link || super::is_shipped(path) {
        return None;
    }
    let is_directory = kind == FileType::Directory;
    named(path, is_directory).or_else(|| {
        let original = original(path);
        (original != path && !is_directory)
            .then(|| named(&original, false))
            .flatten()
    })
}

fn named(path: &[u8], is_directory: bool) -> Option<Reason> {
    let name = last(path);
    let known = NAMES.iter().find(|(known, _)| match known.contains(&b'/') {
        true => path
            .strip_suffix(*known)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with(b"/")),
        false => name == *known,
    });
    if let Some((_, reason)) = known {
        return Some(*reason);
    }
    match is_directory {
        true => None,
        false => of_file(path, name),
    }
}

fn of_file(path: &[u8], name: &[u8]) -> Option<Reason> {
    let has = |part: &[u8]| memchr::memmem::find(name, part).is_some();
    let ends = |part: &[u8]| name.ends_with(part);
    if name.starts_with(b"ssh_host_") && has(b"key")
        || name.starts_with(b"dropbear_") && has(b"_host_key")
        || path == b"etc/ssh/ssh_host_key"
    {
        return Some(HostKey);
    }
    if ends(b".ppk") || name.starts_with(b"id_") && is_key_name(path, name) {
        return Some(PrivateKey);
    }
    if is_history(name) {
        return Some(History);
    }
    if ends(b".tfstate") || ends(b".tfstate.backup") {
        return Some(TerraformState);
    }
    let rules = below(path, b"etc/udev/rules.d").is_some();
    if rules && has(b"persistent-net") {
        return Some(NetworkNames);
    }
    let manager = below(path, b"var/lib/NetworkManager").is_some();
    let wicked = below(path, b"var/lib/wicked").is_some();
    if manager && ends(b".lease") || wicked && name.starts_with(b"lease") {
        return Some(Lease);
    }
    None
}

/// A key of a user under a name of his own, `id_work`: the public half says so.
fn is_key_name(path: &[u8], name: &[u8]) -> bool {
    let directory = &path[..path.len() - name.len()];
    directory.ends_with(b".ssh/") && !name.ends_with(b".pub")
}

/// `.bash_history`, `.psql_history.1`, `.irb-history`, `.viminfo.tmp`
fn is_history(name: &[u8]) -> bool {
    let Some(name) = name.strip_prefix(b".") else {
        return false;
    };
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit());
    let stem = &name[..name.len() - digits.count()];
    // Programs write a new one beside it, with their number: `.bash_history-01234.tmp`
    let stem = stem.strip_suffix(b".tmp").unwrap_or(stem);
    let stem = stem
        .strip_suffix(b".")
        .or(stem.strip_suffix(b"-"))
        .unwrap_or(stem);
    let ends = |part: &[u8]| stem.ends_with(part);
    ends(b"_history")
        || ends(b"-history")
        || ends(b"_hist")
        || name.starts_with(b"viminfo")
        || memchr::memmem::find(name, b"_history-").is_some()
}

/// The name of what a file is a copy of: `.id_rsa.swp`, `#.netrc#`, `.netrc~`, `.netrc.bak`.
fn original(path: &[u8]) -> Vec<u8> {
    let name = last(path);
    let directory = &path[..path.len() - name.len()];
    let mut stem = name;
    while let Some(shorter) = COPIES.iter().find_map(|copy| stem.strip_suffix(*copy)) {
        stem = shorter;
    }
    if let Some(inner) = stem.strip_prefix(b"#").and_then(|s| s.strip_suffix(b"#")) {
        stem = inner;
    }
    stem = stem.strip_prefix(b".#").unwrap_or(stem);
    let is_swap = name.ends_with(b".swp") || name.ends_with(b".swo");
    if is_swap && !stem.starts_with(b"..") {
        // vim puts a dot before the name; to one that has a dot it adds none.
        let hidden = named(&[directory, stem].concat(), false).is_some();
        if !hidden {
            stem = stem.strip_prefix(b".").unwrap_or(stem);
        }
    }
    [directory, stem].concat()
}

fn last(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}
