//! The key pair of EC2 for bundles: what bundling tools encrypt for its certificate, EC2 alone can read.

use rsa::pkcs8::DecodePrivateKey;
use rsa::rand_core::OsRng;
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Encrypt, RsaPrivateKey};

use crate::wire::signature::hex;

/// The certificate, as PEM.
pub const CERTIFICATE: &str = include_str!("../../data/ec2.cert.pem");

/// The private key, as PEM. It is test data.
pub(crate) const PRIVATE_KEY: &str = include_str!("../../data/ec2.key.pem");

/// The length of an AES key or an initialization vector as bundles carry it: hexadecimal text.
const TEXT: usize = 32;

fn key() -> Result<RsaPrivateKey, String> {
    RsaPrivateKey::from_pkcs8_pem(PRIVATE_KEY).map_err(|error| error.to_string())
}

/// Whether hexadecimal digits are an AES key or an initialization vector that was encrypted for EC2: 32
/// hexadecimal digits of text, padded by PKCS #1 v1.5.
pub(crate) fn opens(digits: &str) -> Result<(), String> {
    let bytes = bytes(digits).ok_or("is not hexadecimal")?;
    let key = key()?;
    if bytes.len() != key.size() {
        return Err(format!("has {} bytes, not {}", bytes.len(), key.size()));
    }
    let text = key.decrypt(Pkcs1v15Encrypt, &bytes);
    let text = text.map_err(|_| "cannot be decrypted with the private key of EC2")?;
    match text.len() == TEXT && text.iter().all(u8::is_ascii_hexdigit) {
        true => Ok(()),
        false => Err("is not an AES-128 key in hexadecimal".to_owned()),
    }
}

/// Encrypts text for EC2.
pub(crate) fn seal(text: &str) -> String {
    let sealed = key().and_then(|key| {
        let public = key.to_public_key();
        let sealed = public.encrypt(&mut OsRng, Pkcs1v15Encrypt, text.as_bytes());
        sealed.map_err(|error| error.to_string())
    });
    // The key is a part of this program and fits what it is asked to hold.
    hex(&sealed.expect("the key of EC2 works"))
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    if !digits.is_ascii() || !digits.len().is_multiple_of(2) {
        return None;
    }
    let pairs = (0..digits.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_and_nothing_else_does() {
        let sealed = seal("0123456789abcdef0123456789abcdef");
        assert_eq!(sealed.len(), 256);
        assert_eq!(opens(&sealed), Ok(()));
        assert!(opens(&seal("short")).is_err());
        assert!(opens(&"00".repeat(128)).is_err());
        assert!(opens("xy").is_err() && opens("").is_err() && opens("é").is_err());
    }
}
