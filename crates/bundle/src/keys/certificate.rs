//! An X.509 certificate, of which the format uses the public key.

use std::time::SystemTime;

use rsa::{Pkcs1v15Encrypt, RsaPublicKey, pkcs8::DecodePublicKey, rand_core::OsRng};
use sha1::Digest as _;
use x509_cert::der::{Decode, DecodePem, Encode};

use super::private::scheme;
use crate::{Error, PrivateKey};

/// A certificate with an RSA public key. Who signed it does not matter to the format, and is not
/// checked.
#[derive(Clone, Debug)]
pub struct Certificate {
    subject: String,
    not_before: SystemTime,
    not_after: SystemTime,
    key: RsaPublicKey,
    der: Vec<u8>,
}

impl Certificate {
    /// Reads a certificate in PEM, the first one of several, or in DER.
    ///
    /// # Errors
    ///
    /// When it is neither, or its public key is not RSA.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let parsed = match pem(bytes) {
            Some(block) => x509_cert::Certificate::from_pem(block),
            None => x509_cert::Certificate::from_der(bytes),
        };
        let damaged = || bad("is not an X.509 certificate in PEM or DER, or is damaged");
        let parsed = parsed.map_err(|_| damaged())?;
        let der = parsed.to_der().map_err(|_| damaged())?;
        let fields = parsed.tbs_certificate;
        let key = fields
            .subject_public_key_info
            .to_der()
            .ok()
            .and_then(|der| RsaPublicKey::from_public_key_der(&der).ok())
            .ok_or_else(|| bad("has no RSA public key of at most 4096 bits"))?;
        Ok(Self {
            subject: fields.subject.to_string(),
            not_before: fields.validity.not_before.to_system_time(),
            not_after: fields.validity.not_after.to_system_time(),
            key,
            der,
        })
    }

    /// Whom it names, as RFC 4514 writes it: `CN=name,O=organisation`.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The certificate alone, in DER: nothing of what else was in its file, such as a private key.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The end of its validity. The format goes on working after it.
    #[must_use]
    pub fn not_after(&self) -> SystemTime {
        self.not_after
    }

    /// Whether its validity ended before `now`.
    #[must_use]
    pub fn expired(&self, now: SystemTime) -> bool {
        self.not_after < now
    }

    /// Whether its validity begins only after `now`.
    #[must_use]
    pub fn is_early(&self, now: SystemTime) -> bool {
        now < self.not_before
    }

    /// Whether `key` is the private key of this certificate's public key.
    #[must_use]
    pub fn belongs_to(&self, key: &PrivateKey) -> bool {
        self.key == key.public()
    }

    /// Whether `signature` is over `bytes` and by this certificate's owner: SHA-1 and RSA, PKCS#1
    /// version 1.5.
    #[must_use]
    pub fn verifies(&self, bytes: &[u8], signature: &[u8]) -> bool {
        let digest = sha1::Sha1::digest(bytes);
        self.key.verify(scheme(), &digest, signature).is_ok()
    }

    pub(super) fn encrypt(&self, secret: &[u8]) -> Result<Vec<u8>, Error> {
        self.key
            .encrypt(&mut OsRng, Pkcs1v15Encrypt, secret)
            .map_err(|_| bad("has a public key that is too small to encrypt with"))
    }
}

/// The first block of PEM in `bytes`. Text may stand before it, as `openssl x509 -text` writes it, and
/// more certificates after it.
fn pem(bytes: &[u8]) -> Option<&str> {
    const END: &str = "-----END CERTIFICATE-----";
    let text = std::str::from_utf8(bytes).ok()?;
    let text = &text[text.find("-----BEGIN CERTIFICATE-----")?..];
    Some(&text[..text.find(END)? + END.len()])
}

fn bad(what: &str) -> Error {
    Error::Key(format!("the certificate {what}"))
}
