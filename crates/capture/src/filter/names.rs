//! What its name tells, at any depth.

use rustix::fs::FileType;

use super::histories;
use super::places::{PLACES, is_cloud_log};
use crate::Reason::{self, *};
use crate::mounts::below;

/// Names at any depth, files or directories. Those with a slash are the last parts of a path.
const NAMES: [(&[u8], Reason); 103] = [
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
    (b".credentials", Credentials),
    (b".credentials_rsaparams", Credentials),
    (b".authinfo", Credentials),
    (b".authinfo.gpg", Credentials),
    (b".rclone.conf", Credentials),
    (b"rclone.conf", Credentials),
    (b"application_default_credentials.json", Credentials),
    (b".saml2aws", Credentials),
    (b".ossutilconfig", Credentials),
    (b".aliyun", Credentials),
    (b".ibmcloud", Credentials),
    (b".config/op", Credentials),
    (b".config/flyctl", Credentials),
    (b".fly/config.yml", Credentials),
    (b".config/netlify", Credentials),
    (b".vercel/auth.json", Credentials),
    (b".config/argocd", Credentials),
    (b".argocd/config", Credentials),
    (b".config/configstore/firebase-tools.json", Credentials),
    (b".pulumi/credentials.json", Credentials),
    (b".cloudflared", Credentials),
    (b".acme.sh/account.conf", Credentials),
    (b".snowflake/connections.toml", Credentials),
    (b".kaggle/kaggle.json", Credentials),
    (b".huggingface/token", Credentials),
    (b"huggingface/token", Credentials),
    (b".cf/config.json", Credentials),
    (b".config/filezilla", Credentials),
    (b".filezilla", Credentials),
    (b".config/pypoetry/auth.toml", Credentials),
    (b".cassandra/credentials", Credentials),
    (b".puppetlabs/token", Credentials),
    (b".jfrog", Credentials),
    (b".consul-token", Credentials),
    (b".nomad-token", Credentials),
    (b".vault_pass", Credentials),
    (b".vault_pass.txt", Credentials),
    (b".vault-pass", Credentials),
    (b".vault_password", Credentials),
    (b"vault_pass.txt", Credentials),
    (b"gitlab-secrets.json", Credentials),
    (b".davfs2/secrets", Credentials),
    (b".smbcreds", Credentials),
    (b".cvspass", Credentials),
    (b".bazaar/authentication.conf", Credentials),
    (b".vnc/passwd", Credentials),
    (b".google_authenticator", Credentials),
    (b".erlang.cookie", Credentials),
    (b".password-store", Credentials),
    (b".local/share/kwalletd", Credentials),
    (b".mozilla/firefox", Credentials),
    (b".thunderbird", Credentials),
    (b".terraform.d/credentials", Credentials),
    (b".config/borg/keys", PrivateKey),
    (b"rndc.key", PrivateKey),
    (b".Xauthority", Credentials),
    (b".ICEauthority", Credentials),
    (b"private-keys-v1.d", PrivateKey),
    (b"openpgp-revocs.d", PrivateKey),
    (b"secring.gpg", PrivateKey),
    (b".gnupg/random_seed", RandomSeed),
    (b".ssh/id_rsa", PrivateKey),
    (b".ssh/id_dsa", PrivateKey),
    (b".ssh/id_ecdsa", PrivateKey),
    (b".ssh/id_ed25519", PrivateKey),
    (b".ssh/identity", PrivateKey),
    (b".ssh/authorized_keys", AuthorizedKeys),
    (b".ssh/authorized_keys2", AuthorizedKeys),
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
    if is_link || super::holds_examples(path) {
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
    let is = |known: &[u8]| match known.contains(&b'/') {
        true => path
            .strip_suffix(known)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with(b"/")),
        false => name == known,
    };
    if let Some((_, reason)) = NAMES.iter().find(|(known, _)| is(known)) {
        return Some(*reason);
    }
    if histories::NAMES.iter().any(|known| is(known)) {
        return Some(History);
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
    if histories::is_history(path, name) {
        return Some(History);
    }
    if ends(b".tfstate") || ends(b".tfstate.backup") {
        return Some(TerraformState);
    }
    if is_cloud_log(path) {
        return Some(CloudInit);
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
