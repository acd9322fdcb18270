//! Keys and certificates as openssl writes them.

mod support;

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, SystemTime},
};

use ami_bundle_format::{Certificate, ContentKey, Error, PrivateKey, keys::Recipients};
use support::{certificate, key};

/// Runs openssl in `directory`; `false`, and a line, when there is none.
fn openssl(directory: &Path, words: &str) -> bool {
    let status = Command::new("openssl")
        .args(words.split(' '))
        .current_dir(directory)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match status {
        Ok(status) => {
            assert!(status.success(), "openssl {words}");
            true
        }
        Err(_) => {
            use std::io::Write as _;
            // Past the capture of passing tests, so that it is seen.
            let _ = writeln!(std::io::stderr(), "skipped: openssl is not installed");
            false
        }
    }
}

#[test]
fn every_form_of_a_private_key_is_the_same_key() {
    let directory = tempfile::tempdir().expect("a directory");
    let at = directory.path();
    let read = |name: &str| std::fs::read_to_string(at.join(name)).expect(name);
    for bits in [1024, 2048, 4096] {
        if !openssl(at, &format!("genrsa -traditional -out pkcs1 {bits}")) {
            return;
        }
        openssl(at, "pkcs8 -topk8 -nocrypt -in pkcs1 -out pkcs8");
        openssl(
            at,
            "pkcs8 -topk8 -passout pass:secret -in pkcs1 -out encrypted",
        );
        openssl(
            at,
            "req -new -x509 -sha256 -days 365 -subj /O=Test/CN=who -key pkcs1 -out certificate",
        );
        openssl(at, "x509 -in certificate -outform DER -out der");
        let certificate = Certificate::parse(&std::fs::read(at.join("certificate")).expect("it"));
        let certificate = certificate.expect("a certificate");
        let der = Certificate::parse(&std::fs::read(at.join("der")).expect("it")).expect("it");
        assert_eq!(certificate.subject(), "CN=who,O=Test");
        assert_eq!(der.subject(), "CN=who,O=Test");
        let passphrase = Some(&b"secret"[..]);
        for (name, passphrase) in [("pkcs1", None), ("pkcs8", None), ("encrypted", passphrase)] {
            let text = format!("Bag Attributes\n{}and more\n", read(name));
            let key = PrivateKey::from_pem(&text, passphrase).expect(name);
            assert!(certificate.belongs_to(&key));
            assert!(der.belongs_to(&key));
            let signature = key.sign(b"bytes").expect("signed");
            assert_eq!(signature.len(), bits / 8);
            assert!(certificate.verifies(b"bytes", &signature));
            assert!(!certificate.verifies(b"other", &signature));
        }
        assert!(!certificate.belongs_to(&support::key("user")));
    }
    for wrong in [None, Some(&b"wrong"[..]), Some(b"")] {
        let error = PrivateKey::from_pem(&read("encrypted"), wrong)
            .err()
            .expect("refused");
        assert!(matches!(error, Error::Passphrase(_)), "{error}");
    }
    openssl(
        at,
        "rsa -traditional -aes128 -passout pass:secret -in pkcs1 -out old",
    );
    let error = PrivateKey::from_pem(&read("old"), Some(b"secret"))
        .err()
        .expect("refused");
    assert!(
        error.to_string().contains("openssl pkcs8 -topk8"),
        "{error}"
    );
}

#[test]
fn what_is_no_key_is_said_to_be_none() {
    let certificate = std::fs::read_to_string(support::data("keys/user-1024.cert.pem"));
    let certificate = certificate.expect("the certificate is there");
    for (text, why) in [
        (certificate.as_str(), "is a certificate"),
        ("", "is not in PEM"),
        ("-----BEGIN PRIVATE KEY-----\n", "is not in PEM"),
        (
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "is damaged",
        ),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
            "is damaged",
        ),
        (
            "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
            "is not an RSA",
        ),
    ] {
        let error = PrivateKey::from_pem(text, None)
            .err()
            .expect("refused")
            .to_string();
        assert!(error.contains(why), "{error}");
    }
    let key = std::fs::read(support::data("keys/user-1024.key.pem")).expect("the key is there");
    for bytes in [&b""[..], b"x", &key, &certificate.as_bytes()[..200]] {
        assert!(Certificate::parse(bytes).is_err());
    }
}

#[test]
fn the_end_of_a_certificate_is_told() {
    let certificate = certificate("user");
    let end = certificate.not_after();
    assert!(end > SystemTime::UNIX_EPOCH);
    assert!(!certificate.expired(end));
    assert!(certificate.expired(end + Duration::from_secs(1)));
    assert!(certificate.belongs_to(&key("user")));
    assert!(!certificate.belongs_to(&key("fake-ec2")));
}

#[test]
fn a_content_key_comes_back_by_either_key_and_no_other() {
    let (ec2, user) = (certificate("fake-ec2"), certificate("user"));
    let content = ContentKey::random().expect("random numbers");
    let both = Recipients {
        ec2: Some(&ec2),
        user: Some(&user),
    };
    let keys = content.encrypted_for(both).expect("encrypted");
    assert_eq!(keys.user_iv.as_ref().map(Vec::len), Some(128));
    for who in ["user", "fake-ec2"] {
        let back = ContentKey::decrypted_by(&key(who), &keys).expect(who);
        assert_eq!(*back.secret_bytes(), *content.secret_bytes());
    }
    let only = Recipients {
        ec2: Some(&ec2),
        user: None,
    };
    let keys = content.encrypted_for(only).expect("encrypted");
    assert!(keys.user_key.is_none());
    let refused = ContentKey::decrypted_by(&key("user"), &keys).err();
    assert!(matches!(refused, Some(Error::WrongKey)));
    let again = ContentKey::random().expect("random numbers");
    assert_ne!(*again.secret_bytes(), *content.secret_bytes());
}
