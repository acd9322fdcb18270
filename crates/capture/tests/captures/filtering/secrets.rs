//! What must not travel.

use ami_capture::Reason::{self, *};

use super::{BODY, armor, certificate_entry, pkcs12};

/// What must not travel: path, content, reason.
pub fn secrets() -> Vec<(&'static str, Vec<u8>, Reason)> {
    let aws = "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzzz1\n";
    let text = |text: &str| text.as_bytes().to_vec();
    let any = || text("x\n");
    let mut swap = vec![0; 40960];
    swap[4086..4096].copy_from_slice(b"SWAPSPACE2");
    let mut core = b"\x7fELF\x02\x01\x01".to_vec();
    core.resize(4096, 0);
    core[16] = 4;
    let mut store = b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x02".to_vec();
    store.extend(certificate_entry());
    store.extend(b"\0\0\0\x01\0\x03key\0\0\0\0\0\0\0\0\0\0\0\x04abcd");
    let json_key = format!(
        "{{\"type\": \"service_account\", \"private_key\": \"{}\"}}",
        armor("PRIVATE KEY").replace('\n', "\\n")
    );
    let indented = armor("EC PRIVATE KEY").replace('\n', "\n    ");
    let encrypted = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\
                     DEK-Info: AES-128-CBC,B1D8E3E3B3B4F2D3E6D5B3B4F2D3E6D5\n\n";
    let pgp = "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\n\n";
    let late = format!(
        "{}\n{}",
        "a line of a long file\n".repeat(3000),
        armor("RSA PRIVATE KEY")
    );
    vec![
        (
            "etc/ssh/ssh_host_rsa_key",
            text(&armor("RSA PRIVATE KEY")),
            HostKey,
        ),
        ("etc/ssh/ssh_host_ed25519_key", any(), HostKey),
        (
            "etc/ssh/ssh_host_ed25519_key.pub",
            text("ssh-ed25519 AAAA"),
            HostKey,
        ),
        ("etc/ssh/ssh_host_ecdsa_key-cert.pub", any(), HostKey),
        ("usr/local/etc/ssh/ssh_host_rsa_key", any(), HostKey),
        ("etc/dropbear/dropbear_rsa_host_key", any(), HostKey),
        ("root/.ssh/id_rsa", any(), PrivateKey),
        ("root/.ssh/id_ed25519~", any(), PrivateKey),
        ("root/.ssh/.id_rsa.swp", any(), PrivateKey),
        ("root/.ssh/id_work", any(), PrivateKey),
        (
            "root/.ssh/work",
            text(&armor("OPENSSH PRIVATE KEY")),
            PrivateKey,
        ),
        ("root/work.PEM", text(&armor("PRIVATE KEY")), PrivateKey),
        (
            "root/no-extension",
            text(&armor("RSA PRIVATE KEY")),
            PrivateKey,
        ),
        ("root/dsa", text(&armor("DSA PRIVATE KEY")), PrivateKey),
        (
            "root/enc",
            text(&armor("ENCRYPTED PRIVATE KEY")),
            PrivateKey,
        ),
        (
            "root/old-enc",
            text(&format!("{encrypted}{BODY}")),
            PrivateKey,
        ),
        (
            "root/crlf.key",
            text(&armor("PRIVATE KEY").replace('\n', "\r\n")),
            PrivateKey,
        ),
        ("root/google.json", text(&json_key), PrivateKey),
        (
            "root/values.yaml",
            text(&format!("key: |\n    {indented}")),
            PrivateKey,
        ),
        (
            "root/ssh2",
            text(&format!(
                "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nComment: \"x\"\n{BODY}"
            )),
            PrivateKey,
        ),
        ("root/secret.asc", text(&format!("{pgp}{BODY}")), PrivateKey),
        (
            "root/secret.gpg",
            b"\x95\x03\x98\x04\x5f".to_vec(),
            PrivateKey,
        ),
        (
            "root/putty.txt",
            text("PuTTY-User-Key-File-3: ssh-ed25519\n"),
            PrivateKey,
        ),
        ("root/p.ppk", any(), PrivateKey),
        (
            "root/ssh1",
            b"SSH PRIVATE KEY FILE FORMAT 1.1\n\0\0".to_vec(),
            PrivateKey,
        ),
        (
            "root/pkcs8.der",
            b"\x30\x82\x04\xbd\x02\x01\x00\x30\x0d\x06\x09".to_vec(),
            PrivateKey,
        ),
        (
            "root/ec.key",
            b"\x30\x77\x02\x01\x01\x04\x20\x01\x02\x03\x04\x05".to_vec(),
            PrivateKey,
        ),
        (
            "root/account.json",
            text(r#"{"kty":"RSA","n":"x","e":"AQAB","d":"y"}"#),
            PrivateKey,
        ),
        ("root/long.txt", text(&late), PrivateKey),
        (
            "etc/ssl/private/server.key",
            text(&armor("PRIVATE KEY")),
            PrivateKey,
        ),
        (
            "etc/ssl/certs/mine.pem",
            text(&format!("{}{}", armor("CERTIFICATE"), armor("PRIVATE KEY"))),
            PrivateKey,
        ),
        (
            "etc/letsencrypt/archive/x/privkey1.pem",
            text(&armor("PRIVATE KEY")),
            PrivateKey,
        ),
        ("etc/krb5.keytab", b"\x05\x02\0\0".to_vec(), PrivateKey),
        ("srv/http.keytab", b"\x05\x02\0\0".to_vec(), PrivateKey),
        (
            "usr/local/etc/app/key.pem",
            text(&armor("PRIVATE KEY")),
            PrivateKey,
        ),
        ("home/a/.gnupg/private-keys-v1.d", Vec::new(), PrivateKey),
        ("home/a/.gnupg/secring.gpg", any(), PrivateKey),
        ("etc/wireguard", Vec::new(), PrivateKey),
        ("home/a/id.p12", pkcs12(b"\x02"), KeyStore),
        ("home/a/plain.p12", pkcs12(b"\x01"), KeyStore),
        ("usr/share/x/.netrc", any(), Credentials),
        ("usr/share/httpd/.aws", Vec::new(), Credentials),
        ("usr/share/tomcat/.ssh/id_rsa", any(), PrivateKey),
        ("usr/share/tomcat/.bash_history", any(), History),
        (
            "usr/share/app/key.pem",
            text(&armor("PRIVATE KEY")),
            PrivateKey,
        ),
        ("lib/x/key.pem", text(&armor("PRIVATE KEY")), PrivateKey),
        ("boot/id.pem", text(&armor("PRIVATE KEY")), PrivateKey),
        (
            "root/age.txt",
            text(&format!(
                "# public key: age1\nAGE-SECRET-KEY-1{}\n",
                "QPZRY9X8GF2TVDW0S3JN".repeat(3)
            )),
            PrivateKey,
        ),
        (
            "etc/openvpn/ta.key",
            text(&format!(
                "#\n# 2048 bit OpenVPN static key\n#\n-----BEGIN OpenVPN Static key V1-----\n{}",
                "e1c5a0b2c3d4e5f60718293a4b5c6d7e\n".repeat(16)
            )),
            PrivateKey,
        ),
        (
            "etc/openvpn/client.ovpn",
            text(&format!(
                "client\n<tls-crypt>\n-----BEGIN OpenVPN Static key V1-----\n{}",
                "e1c5a0b2c3d4e5f60718293a4b5c6d7e\n".repeat(16)
            )),
            PrivateKey,
        ),
        (
            "etc/bind/Kexample.com.+013+1.private",
            text("Private-key-format: v1.3\nAlgorithm: 13 (ECDSAP256SHA256)\nPrivateKey: eHg=\n"),
            PrivateKey,
        ),
        ("etc/bind/rndc.key", any(), PrivateKey),
        (
            "etc/bind/ddns.key",
            text("key \"ddns\" {\n\talgorithm hmac-sha256;\n\tsecret \"eHg=\";\n};\n"),
            PrivateKey,
        ),
        (
            "etc/pacman.d/gnupg/private-keys-v1.d",
            Vec::new(),
            PrivateKey,
        ),
        (
            "root/backup/0A1B.key",
            text("Created: 20240101T000000\nKey: (private-key (ecc (curve Ed25519)\n"),
            PrivateKey,
        ),
        (
            "root/backup/0A1C.key",
            text("(21:protected-private-key(3:rsa"),
            PrivateKey,
        ),
        (
            "var/lib/tor/web/hs_ed25519_secret_key",
            b"== ed25519v1-secret: type0 ==\0\0\0abc".to_vec(),
            PrivateKey,
        ),
        (
            "etc/systemd/network/wg0.netdev",
            text("[WireGuard]\nPrivateKey=eBf6tLkCpQBlRs4YlA0bM4W+2JcKHb7mOKqXhS0m5nE=\n"),
            PrivateKey,
        ),
        (
            "root/wg0.conf",
            text("[Interface]\nPrivateKey = eBf6tLkCpQBlRs4YlA0bM4W+2JcKHb7mOKqXhS0m5nE=\n"),
            PrivateKey,
        ),
        (
            "root/wg-privatekey",
            text("eBf6tLkCpQBlRs4YlA0bM4W+2JcKHb7mOKqXhS0m5nE=\n"),
            PrivateKey,
        ),
        (
            "root/minisign.key",
            text("untrusted comment: minisign encrypted secret key\nRWRTY0Iy\n"),
            PrivateKey,
        ),
        (
            "opt/hadoop/core-site.xml",
            text(
                "<property>\n  <name>fs.s3a.secret.key</name>\n  <value>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzzz1</value>",
            ),
            Credentials,
        ),
        (
            "opt/hadoop/s3a.conf",
            text("spark.hadoop.fs.s3a.secret.key wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzzz1\n"),
            Credentials,
        ),
        (
            "home/a/.env",
            text("AWS_SECRET=wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzzz1\n"),
            Credentials,
        ),
        ("var/lib/rancher/k3s/server/token", any(), Credentials),
        ("home/a/.sbt/.credentials", any(), Credentials),
        ("home/a/.config/gh/hosts.yml", any(), Credentials),
        ("home/a/.config/rclone", Vec::new(), Credentials),
        ("etc/rclone.conf", any(), Credentials),
        ("home/a/.vault_pass.txt", any(), Credentials),
        ("home/a/.erlang.cookie", any(), Credentials),
        ("home/a/.curlrc", text("user = \"a:b\"\n"), Credentials),
        (
            "home/a/.pip/pip.conf",
            text("index-url = https://a:b@pypi.example.com/simple\n"),
            Credentials,
        ),
        ("var/log/cloud-init-output.log.1", any(), CloudInit),
        ("var/log/cloud-init-output.log.2.gz", any(), CloudInit),
        ("var/log/cloud-init.log-20240101", any(), CloudInit),
        ("home/a/.local/share/atuin", Vec::new(), History),
        ("home/a/.local/share/zsh/history", any(), History),
        ("home/a/.local/share/nano/search_history", any(), History),
        ("home/a/.local/state/lesshst", any(), History),
        (
            "home/a/.ipython/profile_default/history.sqlite",
            any(),
            History,
        ),
        ("home/a/.config/nushell/history.txt", any(), History),
        ("home/a/.config/nushell/history.sqlite3-wal", any(), History),
        (
            "home/a/.local/share/xonsh/history_json",
            Vec::new(),
            History,
        ),
        (
            "home/a/.mongodb/mongosh/mongosh_repl_history",
            any(),
            History,
        ),
        ("home/a/.ghc/ghci_history", any(), History),
        ("home/a/.Rhistory", any(), History),
        ("home/a/.dbshell", any(), History),
        ("home/a/.wget-hsts", any(), History),
        (
            "etc/app/store.pfx",
            b"\x30\x80\x02\x01\x03\x30\x80\x06".to_vec(),
            KeyStore,
        ),
        ("etc/app/keys.jks", store.clone(), KeyStore),
        ("etc/app/cacerts", store, KeyStore),
        ("root/.aws", Vec::new(), Credentials),
        ("home/a/.aws", Vec::new(), Credentials),
        ("home/a/.boto", any(), Credentials),
        ("home/a/.s3cfg", any(), Credentials),
        ("home/a/.passwd-s3fs", any(), Credentials),
        ("home/a/.netrc", any(), Credentials),
        ("home/a/.netrc.bak", any(), Credentials),
        ("home/a/#.netrc#", any(), Credentials),
        ("home/a/.git-credentials", any(), Credentials),
        (
            "home/a/.docker/config.json",
            text(r#"{"auths":{"x":{"auth":"eDp5"}}}"#),
            Credentials,
        ),
        ("home/a/.kube/config", any(), Credentials),
        ("home/a/.config/gcloud", Vec::new(), Credentials),
        ("home/a/.azure", Vec::new(), Credentials),
        (
            "home/a/.npmrc",
            text("//r/:_authToken=npm_abc\n"),
            Credentials,
        ),
        (
            "home/a/.pypirc",
            text("[pypi]\npassword = x\n"),
            Credentials,
        ),
        ("home/a/.pgpass", any(), Credentials),
        (
            "home/a/.my.cnf",
            text("[client]\npassword=x\n"),
            Credentials,
        ),
        ("home/a/.cargo/credentials.toml", any(), Credentials),
        ("home/a/.vault-token", any(), Credentials),
        (
            "home/a/deploy.sh",
            text("export AWS_SECRET_ACCESS_KEY='wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzzz1'\n"),
            Credentials,
        ),
        ("home/a/my-aws", text(aws), Credentials),
        (
            "home/a/classic",
            text("AWSAccessKeyId=AKIA\nAWSSecretKey=wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzzz1\n"),
            Credentials,
        ),
        (
            "home/a/role.json",
            text(
                "{\"SecretAccessKey\" : \"wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzzz1\",\"Token\":\"x\"}",
            ),
            Credentials,
        ),
        (
            "etc/kubernetes/admin.conf",
            text("    client-key-data: LS0tLS1CRUdJTiBSU0EgUFJJ\n"),
            Credentials,
        ),
        ("etc/passwd-s3fs", any(), Credentials),
        ("etc/apt/auth.conf", any(), Credentials),
        ("root/.bash_history", any(), History),
        ("root/.bash_history.1", any(), History),
        ("root/.bash_history-01234.tmp", any(), History),
        ("root/.zsh_history", any(), History),
        ("root/.psql_history", any(), History),
        ("root/.python_history", any(), History),
        ("root/.node_repl_history", any(), History),
        ("root/.irb-history", any(), History),
        ("root/.viminfo", any(), History),
        ("root/.viminfo.tmp", any(), History),
        ("root/.lesshst", any(), History),
        ("home/a/.local/share/fish/fish_history", any(), History),
        ("root/.ssh/authorized_keys", any(), AuthorizedKeys),
        ("home/a/.ssh/authorized_keys", any(), AuthorizedKeys),
        ("home/a/.ssh/authorized_keys2", any(), AuthorizedKeys),
        ("home/a/.ssh/authorized_keys.bak", any(), AuthorizedKeys),
        (
            "var/lib/jenkins/.ssh/authorized_keys",
            any(),
            AuthorizedKeys,
        ),
        ("var/lib/cloud/instances", Vec::new(), CloudInit),
        ("var/lib/cloud/instance", any(), CloudInit),
        ("var/lib/cloud/data", Vec::new(), CloudInit),
        ("var/log/cloud-init-output.log", any(), CloudInit),
        ("var/lib/dhcp", Vec::new(), Lease),
        ("var/lib/NetworkManager/x.lease", any(), Lease),
        ("etc/machine-id", any(), MachineId),
        ("var/lib/dbus/machine-id", any(), MachineId),
        ("var/lib/systemd/random-seed", any(), RandomSeed),
        (
            "etc/udev/rules.d/70-persistent-net.rules",
            any(),
            NetworkNames,
        ),
        ("swapfile", swap, Swap),
        ("srv/core.1234", core, CoreDump),
        ("var/lib/systemd/coredump", Vec::new(), CoreDump),
        ("srv/.notes.swp", b"b0VIM 9.0\0\0\0\0".to_vec(), EditorSwap),
        ("srv/tf/terraform.tfstate", any(), TerraformState),
        ("srv/tf/terraform.tfstate.backup", any(), TerraformState),
    ]
}
