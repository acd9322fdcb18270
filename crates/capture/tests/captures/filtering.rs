//! The filter, both ways: each kind of secret is left out, and nothing that only looks like one is.

mod harmless;
mod secrets;

use std::path::Path;

use ami_capture::Reason::{self, *};

use crate::support::{Mounted, can, captured, left_out, order, sh, write};
use harmless::harmless;
use secrets::secrets;

const BODY: &str = "MIIEpAIBAAKCAQEA2nq0mZrO6cT1x0w8bq3yQf1G6Qw0a1bVt2q9Zr7kqYl0n8Zp\n\
                    4uXc1n0m9sJ8zq5vB3r7tY2wK6dF1hG8jL0pQ4sT7uV9xZ2aC5eD3fH6iK8lN1oP\n";

fn armor(kind: &str) -> String {
    format!("-----BEGIN {kind}-----\n{BODY}-----END {kind}-----\n")
}

/// An entry of a store of Java: a certificate that is trusted.
fn certificate_entry() -> Vec<u8> {
    b"\0\0\0\x02\0\x02ca\0\0\0\0\0\0\0\0\0\x05X.509\0\0\0\x03abc".to_vec()
}

/// A store as of RFC 7292 with a bag of this kind: 1 and 2 hold keys, 3 a certificate, 6 others.
fn pkcs12(bag: &[u8]) -> Vec<u8> {
    let mut store = b"\x30\x82\x09\x51\x02\x01\x03\x30\x82\x09\x17\x06\x09".to_vec();
    store.extend(b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01");
    store.extend(bag);
    store
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
        openssl pkcs12 -export -nokeys -in ../public/cert.pem -passout pass:x -out ../public/trust.p12
        if command -v keytool; then
            for type in JKS PKCS12; do
                keytool -genkeypair -alias k -keyalg EC -dname CN=x -storepass secret -keypass secret \
                    -storetype $type -keystore key-$type.jks
                keytool -importcert -noprompt -alias c -file ../public/cert.pem -storepass secret \
                    -storetype $type -keystore ../public/trust-$type.jks
            done
        fi
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
        for place in /etc/ssl/certs /usr/share/keyrings /etc/apt/trusted.gpg.d /usr/share/ca-certificates \
            /etc/ssl/certs/java /usr/lib/jvm/*/lib/security; do
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
