//! What must stay.

use super::{armor, certificate_entry, pkcs12};

/// What must stay: it only looks like a secret, or a system does not work without it.
pub fn harmless() -> Vec<(&'static str, Vec<u8>)> {
    let text = |text: &str| text.as_bytes().to_vec();
    let any = || text("x\n");
    let mut trust = b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x01".to_vec();
    trust.extend(certificate_entry());
    let mut program = b"\x7fELF\x02\x01\x01".to_vec();
    program.resize(64, 0);
    program[16] = 2;
    program.extend(armor("RSA PRIVATE KEY").as_bytes());
    vec![
        ("etc/ssl/certs/ca.pem", text(&armor("CERTIFICATE"))),
        ("etc/ssl/certs/java/cacerts", trust.clone()),
        ("etc/pki/ca-trust/extracted/java/cacerts.jks", trust),
        (
            "etc/pki/tls/certs/ca-bundle.crt",
            text(&armor("TRUSTED CERTIFICATE")),
        ),
        (
            "etc/pki/rpm-gpg/RPM-GPG-KEY-x",
            text(&armor("PGP PUBLIC KEY BLOCK")),
        ),
        ("etc/apt/trusted.gpg", b"\x99\x02\x0d\x04\x5f".to_vec()),
        ("etc/apt/trusted.gpg~", b"\x99\x02\x0d\x04\x5f".to_vec()),
        ("etc/apt/trusted.gpg.d/x.gpg", b"\x98\x33\x04\x5f".to_vec()),
        (
            "etc/apt/keyrings/x.asc",
            text(&armor("PGP PUBLIC KEY BLOCK")),
        ),
        ("usr/share/keyrings/x.gpg", b"\x99\x02\x0d\x04\x5f".to_vec()),
        (
            "usr/share/ca-certificates/x.crt",
            text(&armor("CERTIFICATE")),
        ),
        ("usr/share/doc/x/test.key", text(&armor("PRIVATE KEY"))),
        (
            "usr/lib/python3/test/keycert.pem",
            text(&armor("PRIVATE KEY")),
        ),
        (
            "usr/lib/python3/dist-packages/botocore/x.rst",
            text("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzzz1\n"),
        ),
        (
            "var/lib/dpkg/info/cmake.list",
            text("/usr/share\n/usr/share/cmake/Key.pfx\n/lib/brought/key.pem\n"),
        ),
        ("usr/share/cmake/Key.pfx", pkcs12(b"\x02")),
        ("usr/lib/brought/key.pem", text(&armor("PRIVATE KEY"))),
        (
            "usr/share/perl5/Mojo/server.key",
            text(&armor("RSA PRIVATE KEY")),
        ),
        ("usr/share/ca/public.pem", text(&armor("PUBLIC KEY"))),
        ("etc/pki/java/trust.p12", pkcs12(b"\x06")),
        ("etc/pki/java/trust.jks", pkcs12(b"\x03")),
        ("root/.curlrc", text("user-agent = mine\n")),
        ("etc/pip.conf", text("# ask admin@example.com\n")),
        (
            "root/wg.pub",
            text("mQ0V1b2l5c1pQ3J0d2ZxYzN4c2R0b3A5a2p3MTIzND0=\n"),
        ),
        (
            "etc/systemd/network/eth.network",
            text("[Match]\nName=eth0\n"),
        ),
        ("etc/age.txt", text("a key begins with AGE-SECRET-KEY-1\n")),
        (
            "etc/bind/named.conf",
            text("algorithm hmac-sha256; secret \"eHg=\";\n"),
        ),
        ("srv/app/.git/refs/heads/history", any()),
        ("srv/app/history", any()),
        ("srv/app/order_history", any()),
        ("var/log/cloud-init-local.txt", any()),
        (
            "root/core-site.xml",
            text("<name>fs.s3a.secret.key</name><value>in-the-vault</value>"),
        ),
        (
            "etc/ssh/sshd_config",
            text("HostKey /etc/ssh/ssh_host_rsa_key\n"),
        ),
        ("etc/ssh/moduli", any()),
        ("etc/shadow", text("root:$6$x:1::::::\n")),
        (
            "etc/ssl/openssl.cnf",
            text("# PRIVATE KEY of the CA\nprivate_key = $dir/private/cakey.pem\n"),
        ),
        ("root/.ssh/known_hosts", any()),
        ("root/.ssh/config", any()),
        ("root/.ssh/id_rsa.pub", text("ssh-rsa AAAA")),
        ("root/public.pem", text(&armor("PUBLIC KEY"))),
        ("root/request.csr", text(&armor("CERTIFICATE REQUEST"))),
        ("root/dh.pem", text(&armor("DH PARAMETERS"))),
        (
            "root/notes.txt",
            text("It begins with -----BEGIN RSA PRIVATE KEY----- and ends so.\n"),
        ),
        (
            "root/grep.sh",
            text("grep -l -- '-----BEGIN PRIVATE KEY-----' \"$1\"\n"),
        ),
        (
            "root/placeholder.pem",
            text("-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----\n"),
        ),
        (
            "root/aws.md",
            text("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"),
        ),
        (
            "root/aws.py",
            text("aws_secret_access_key=os.environ['AWS_SECRET_ACCESS_KEY']\n"),
        ),
        (
            "root/aws.tmpl",
            text("AWS_SECRET_ACCESS_KEY=YOUR_SECRET\nsecret_key = <40 characters>\n"),
        ),
        ("root/.bashrc", text("HISTFILE=~/.bash_history\n")),
        ("root/.history.conf", any()),
        (
            "root/public.der",
            b"\x30\x82\x01\x22\x30\x0d\x06\x09\x2a\x86\x48".to_vec(),
        ),
        (
            "root/cert.der",
            b"\x30\x82\x03\x22\x30\x82\x02\x0a\xa0\x03\x02\x01\x02".to_vec(),
        ),
        (
            "root/public.jwk",
            text(r#"{"kty":"RSA","n":"x","e":"AQAB"}"#),
        ),
        ("root/.npmrc", text("registry=https://example.com\n")),
        (
            "root/.docker/config.json",
            text(r#"{"credsStore":"ecr-login"}"#),
        ),
        ("root/.gnupg/pubring.kbx", any()),
        ("opt/tool/bin/tool", program),
        ("etc/machine-info", any()),
        ("etc/swapfile.conf", any()),
        ("srv/core", text("not a dump\n")),
        ("srv/notes.swp", any()),
        ("srv/main.tf", any()),
        ("etc/udev/rules.d/10-mine.rules", any()),
        ("var/lib/cloud/seed/nocloud/meta-data", any()),
        ("var/lib/cloud/scripts/per-boot/x", any()),
        ("var/log/syslog", any()),
        ("etc/keytab.conf", any()),
        ("etc/network/interfaces", any()),
    ]
}
