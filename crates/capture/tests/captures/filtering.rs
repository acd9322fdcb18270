//! The filter, both ways: each kind of secret is left out, and nothing that only looks like one is.

use std::path::Path;

use ami_capture::Reason::{self, *};

use crate::support::{Mounted, can, captured, left_out, order, sh, write};

const BODY: &str = "MIIEpAIBAAKCAQEA2nq0mZrO6cT1x0w8bq3yQf1G6Qw0a1bVt2q9Zr7kqYl0n8Zp\n\
                    4uXc1n0m9sJ8zq5vB3r7tY2wK6dF1hG8jL0pQ4sT7uV9xZ2aC5eD3fH6iK8lN1oP\n";

fn armor(kind: &str) -> String {
    format!("-----BEGIN {kind}-----\n{BODY}-----END {kind}-----\n")
}

/// What must not travel: path, content, reason.
fn secrets() -> Vec<(&'static str, Vec<u8>, Reason)> {
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
        (
            "home/a/id.p12",
            b"\x30\x82\x09\x51\x02\x01\x03\x30\x82".to_vec(),
            KeyStore,
        ),
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

/// What must stay: it only looks like a secret, or a system does not work without it.
fn harmless() -> Vec<(&'static str, Vec<u8>)> {
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
        ("usr/share/x/.netrc", any()),
        ("lib/x/key.pem", text(&armor("PRIVATE KEY"))),
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

/// An entry of a store of Java: a certificate that is trusted.
fn certificate_entry() -> Vec<u8> {
    b"\0\0\0\x02\0\x02ca\0\0\0\0\0\0\0\0\0\x05X.509\0\0\0\x03abc".to_vec()
}

fn tree(top: &Path) {
    for (path, content, reason) in secrets() {
        match content.is_empty() {
            true => write(top, &format!("{path}/inside"), "x"),
            false => write(top, path, &content),
        }
        // All that is decided by content must be so under any name.
        if reason == PrivateKey && content.len() > 100 && !path.starts_with("root/.ssh") {
            write(
                top,
                &format!("by-content/{}", path.replace('/', "-")),
                &content,
            );
        }
    }
    for (path, content) in harmless() {
        write(top, path, content);
    }
}

#[test]
fn secrets_are_left_out_and_nothing_else() {
    if !can("secrets_are_left_out_and_nothing_else", &["mke2fs"]) {
        return;
    }
    let top = tempfile::tempdir().expect("a directory");
    let work = tempfile::tempdir().expect("a directory");
    tree(top.path());
    let result = captured(&order(top.path(), work.path()));
    let mut expected: Vec<(String, Reason)> = secrets()
        .into_iter()
        .map(|(path, _, reason)| (format!("/{path}"), reason))
        .collect();
    let copies = std::fs::read_dir(top.path().join("by-content")).expect("copies");
    for copy in copies {
        let name = copy.expect("a copy").file_name();
        expected.push((format!("/by-content/{}", name.display()), PrivateKey));
    }
    expected.sort();
    assert_eq!(left_out(&result), expected);
    let image = Mounted::image(&work.path().join("image"), "ext4");
    for (path, content) in harmless() {
        let there = std::fs::read(image.path.join(path));
        assert_eq!(there.expect(path), content, "{path}");
    }
    for (path, _, _) in secrets() {
        let there = image.path.join(path);
        if path == "etc/machine-id" {
            assert_eq!(there.metadata().expect("there").len(), 0);
        } else if let Ok(mut inside) = there.read_dir() {
            assert!(inside.next().is_none(), "{path}");
        } else {
            assert!(there.symlink_metadata().is_err(), "{path}");
        }
    }
    assert!(
        result
            .report
            .notes
            .iter()
            .any(|note| note.contains("sshd needs new ones"))
    );
    assert!(
        result
            .report
            .notes
            .iter()
            .any(|note| note.contains("/etc/shadow"))
    );
}

#[test]
fn without_the_filter_all_travels() {
    if !can("without_the_filter_all_travels", &["mke2fs"]) {
        return;
    }
    let top = tempfile::tempdir().expect("a directory");
    let work = tempfile::tempdir().expect("a directory");
    tree(top.path());
    let mut order = order(top.path(), work.path());
    order.filter = false;
    let result = captured(&order);
    assert_eq!(left_out(&result), []);
    assert!(result.report.notes[0].contains("nothing was filtered"));
    let image = Mounted::image(&work.path().join("image"), "ext4");
    let sums = "cd \"$1\"; find . -type f -print0 | sort -z | xargs -0 sha256sum";
    assert_eq!(sh(sums, &[top.path()]), sh(sums, &[&image.path]));
}

#[test]
fn keys_of_the_programs_that_make_them_are_found() {
    let programs = ["mke2fs", "openssl", "ssh-keygen"];
    if !can("keys_of_the_programs_that_make_them_are_found", &programs) {
        return;
    }
    let top = tempfile::tempdir().expect("a directory");
    let work = tempfile::tempdir().expect("a directory");
    let script = r#"mkdir "$1/secret" "$1/public"; cd "$1/secret"
        for type in rsa ecdsa ed25519; do
            ssh-keygen -q -t $type -N '' -f $type; ssh-keygen -q -t $type -N secret -f $type-locked
        done
        for form in PEM PKCS8; do ssh-keygen -q -t rsa -m $form -N '' -f $form; done
        ssh-keygen -q -t rsa -m PEM -N secret -f PEM-locked
        mv ./*.pub ../public
        openssl genrsa -out genrsa 2048; openssl genrsa -traditional -out traditional 2048
        openssl genpkey -algorithm ed25519 -out x25519; openssl ecparam -name prime256v1 -genkey -out ec
        openssl pkcs8 -topk8 -v2 aes128 -passout pass:x -in genrsa -out pkcs8
        openssl rsa -in genrsa -outform DER -out der.der; openssl ec -in ec -outform DER -out ec.key
        openssl pkcs8 -topk8 -nocrypt -in genrsa -outform DER -out pkcs8.der
        openssl pkcs8 -topk8 -v2 aes128 -passout pass:x -in genrsa -outform DER -out locked.p8
        openssl req -x509 -new -key genrsa -subj /CN=x -days 9 -out ../public/cert.pem
        openssl pkcs12 -export -in ../public/cert.pem -inkey genrsa -passout pass:x -out store.p12
        openssl rsa -in genrsa -pubout -out ../public/pub.pem
        openssl rsa -in genrsa -pubout -outform DER -out ../public/pub.der
        openssl x509 -in ../public/cert.pem -outform DER -out ../public/cert.der
        openssl dsaparam -out ../public/dsaparam.pem 1024
        if command -v gpg; then
            export GNUPGHOME=$(mktemp -d)
            gpg -q --batch --passphrase '' --quick-generate-key x default default never
            gpg -q --batch --export-secret-keys -o gpg.gpg; gpg -q --batch -a --export-secret-keys -o gpg.asc
            gpg -q --batch --export -o ../public/gpg.gpg; gpg -q --batch -a --export -o ../public/gpg.asc
            gpgconf --kill all; rm -rf "$GNUPGHOME"
        fi
        cd ..; mkdir host
        for place in /etc/ssl/certs /usr/share/keyrings /etc/apt/trusted.gpg.d /usr/share/ca-certificates; do
            [[ ! -d $place ]] || cp -rL $place host/$(basename $place) || true
        done"#;
    sh(script, &[top.path()]);
    let result = captured(&order(top.path(), work.path()));
    let left: Vec<String> = left_out(&result)
        .into_iter()
        .map(|(path, _)| path)
        .collect();
    let there = sh(
        "cd \"$1\"; find secret -type f | sort | sed 's|^|/|'",
        &[top.path()],
    );
    assert_eq!(left.join("\n") + "\n", there);
    assert!(left.len() >= 20, "{left:?}");
}
