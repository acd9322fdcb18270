//! A private key: it signs manifests and opens bundles.

use rsa::{
    Pkcs1v15Encrypt, Pkcs1v15Sign, RsaPrivateKey, RsaPublicKey,
    pkcs1::DecodeRsaPrivateKey,
    pkcs8::{DecodePrivateKey, EncryptedPrivateKeyInfo, der::pem},
    rand_core::OsRng,
};
use sha1::Digest as _;
use zeroize::Zeroizing;

use crate::Error;

/// What stands before a SHA-1 digest that RSA signs: the algorithm's name in DER (RFC 8017, 9.2).
const SHA1_NAME: [u8; 15] = [
    0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14,
];

/// A signature by SHA-1 and RSA, PKCS#1 version 1.5: the format knows no other.
pub(super) fn scheme() -> Pkcs1v15Sign {
    Pkcs1v15Sign {
        hash_len: Some(20),
        prefix: SHA1_NAME.into(),
    }
}

/// An RSA private key. It is wiped from memory when it is dropped, and is not shown.
pub struct PrivateKey(RsaPrivateKey);

impl PrivateKey {
    /// Reads a key from PEM: PKCS#1 (`RSA PRIVATE KEY`), PKCS#8 (`PRIVATE KEY`) or encrypted PKCS#8
    /// (`ENCRYPTED PRIVATE KEY`), the latter with its passphrase.
    ///
    /// # Errors
    ///
    /// [`Error::Passphrase`] when a passphrase is wanted: ask for one and call again. Otherwise
    /// [`Error::Key`] says what it is instead of a key.
    pub fn from_pem(text: &str, passphrase: Option<&[u8]>) -> Result<Self, Error> {
        let text = block(text).unwrap_or(text);
        let label =
            pem::decode_label(text.as_bytes()).map_err(|_| bad("is not in PEM, or damaged"))?;
        match label {
            "RSA PRIVATE KEY" if text.contains("Proc-Type: 4,ENCRYPTED") => Err(bad(
                "is encrypted in the old form of OpenSSL; `openssl pkcs8 -topk8 -in OLD -out NEW` makes one that can be read",
            )),
            "RSA PRIVATE KEY" => RsaPrivateKey::from_pkcs1_pem(text).map_err(|_| damaged()),
            "PRIVATE KEY" => RsaPrivateKey::from_pkcs8_pem(text).map_err(|_| damaged()),
            "ENCRYPTED PRIVATE KEY" => decrypted(text, passphrase),
            "CERTIFICATE" => Err(bad("is a certificate")),
            "PUBLIC KEY" | "RSA PUBLIC KEY" => Err(bad("is a public key")),
            _ => Err(bad("is not an RSA private key")),
        }
        .map(Self)
    }

    pub(crate) fn public(&self) -> RsaPublicKey {
        self.0.to_public_key()
    }

    /// Signs `bytes`.
    ///
    /// # Errors
    ///
    /// When the key is too small or inconsistent.
    pub fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let digest = sha1::Sha1::digest(bytes);
        self.0
            .sign_with_rng(&mut OsRng, scheme(), &digest)
            .map_err(|_| bad("cannot sign"))
    }

    pub(super) fn decrypt(&self, ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.0
            .decrypt_blinded(&mut OsRng, Pkcs1v15Encrypt, ciphertext)
            .ok()
            .map(Zeroizing::new)
    }
}

/// The first block of PEM. Attributes may stand before it, as in what `openssl pkcs12` writes, and
/// certificates after it.
fn block(text: &str) -> Option<&str> {
    let text = &text[text.find("-----BEGIN ")?..];
    let end = text.find("-----END ")?;
    let line = text[end..].find('\n').unwrap_or(text.len() - end);
    Some(text[..end + line].trim_end())
}

fn decrypted(text: &str, passphrase: Option<&[u8]>) -> Result<RsaPrivateKey, Error> {
    let Some(passphrase) = passphrase else {
        return Err(Error::Passphrase("its passphrase is needed"));
    };
    let (_, der) = pem::decode_vec(text.as_bytes()).map_err(|_| damaged())?;
    let info = EncryptedPrivateKeyInfo::try_from(der.as_slice()).map_err(|_| {
        bad("is encrypted in a way that is not known here; `openssl pkcs8 -topk8 -in OLD -out NEW` makes one that can be read")
    })?;
    // A wrong passphrase shows as wrong padding, or as bytes that are no key.
    info.decrypt(passphrase)
        .ok()
        .and_then(|document| RsaPrivateKey::from_pkcs8_der(document.as_bytes()).ok())
        .ok_or(Error::Passphrase("this is not its passphrase"))
}

fn damaged() -> Error {
    bad("is damaged, or not of RSA with 1024 to 4096 bits")
}

fn bad(what: &str) -> Error {
    Error::Key(format!("the private key {what}"))
}
