//! What its place tells: paths from the top of the tree.

use crate::Reason::{self, *};

/// Single files, and directories whose content goes.
pub(super) const PLACES: [(&[u8], Reason); 61] = [
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
    (b"var/lib/rancher/k3s/server/token", Credentials),
    (b"var/lib/rancher/k3s/server/node-token", Credentials),
    (b"var/lib/rancher/k3s/server/agent-token", Credentials),
    (b"var/lib/rancher/k3s/server/cred", Credentials),
    (b"var/lib/rancher/rke2/server/token", Credentials),
    (b"var/lib/rancher/rke2/server/node-token", Credentials),
    (b"var/lib/rancher/rke2/server/agent-token", Credentials),
    (b"var/lib/rancher/rke2/server/cred", Credentials),
    (b"etc/rancher/node/password", Credentials),
    (b"var/snap/microk8s/current/credentials", Credentials),
    (b"var/lib/tailscale/tailscaled.state", PrivateKey),
    (b"var/lib/zerotier-one/identity.secret", PrivateKey),
    (b"var/lib/zerotier-one/authtoken.secret", Credentials),
    (b"var/lib/jenkins/secrets/master.key", PrivateKey),
    (b"var/lib/jenkins/secrets/hudson.util.Secret", PrivateKey),
    (b"etc/davfs2/secrets", Credentials),
    (b"etc/postfix/sasl_passwd", Credentials),
    (b"etc/postfix/sasl_passwd.db", Credentials),
    (b"etc/exim4/passwd.client", Credentials),
    (b"etc/munge/munge.key", PrivateKey),
    (b"etc/corosync/authkey", PrivateKey),
    (b"etc/pacemaker/authkey", PrivateKey),
];

/// Is it one of cloud-init's logs, also of days before (`cloud-init-output.log.1`, `.2.gz`)? They have
/// what user data printed.
pub(super) fn is_cloud_log(path: &[u8]) -> bool {
    let rest = path.strip_prefix(b"var/log/cloud-init");
    rest.is_some_and(|rest| !rest.contains(&b'/') && memchr::memmem::find(rest, b".log").is_some())
}
