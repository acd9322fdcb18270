//! The key of a bundle's contents, and its initialization vector.

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::Recipients;
use crate::{
    Certificate, Error, PrivateKey,
    digest::{from_hex, to_hex},
    manifest::EncryptedKeys,
};

/// How long each of the two is, in bytes.
const LENGTH: usize = 16;

/// An AES-128 key with its initialization vector. Both are wiped from memory when it is dropped, and
/// are not shown.
pub struct ContentKey {
    key: [u8; LENGTH],
    iv: [u8; LENGTH],
}

impl ContentKey {
    /// A new one, for one bundle, from the operating system's random numbers.
    ///
    /// # Errors
    ///
    /// When there are none.
    pub fn random() -> Result<Self, Error> {
        let mut new = Self::of([0; LENGTH], [0; LENGTH]);
        getrandom::fill(&mut new.key)
            .and_then(|()| getrandom::fill(&mut new.iv))
            .map_err(|cause| Error::Key(format!("no random numbers: {cause}")))?;
        Ok(new)
    }

    /// One that another program chose: the one that made the bundle elsewhere.
    #[must_use]
    pub fn of(key: [u8; LENGTH], iv: [u8; LENGTH]) -> Self {
        Self { key, iv }
    }

    /// Key and vector as raw bytes, for a program that makes the bundle elsewhere.
    #[must_use]
    pub fn secret_bytes(&self) -> Zeroizing<[u8; 2 * LENGTH]> {
        let mut both = Zeroizing::new([0; 2 * LENGTH]);
        both[..LENGTH].copy_from_slice(&self.key);
        both[LENGTH..].copy_from_slice(&self.iv);
        both
    }

    /// The other way round of [`ContentKey::secret_bytes`].
    #[must_use]
    pub fn from_secret_bytes(both: &[u8; 2 * LENGTH]) -> Self {
        let mut new = Self::of([0; LENGTH], [0; LENGTH]);
        new.key.copy_from_slice(&both[..LENGTH]);
        new.iv.copy_from_slice(&both[LENGTH..]);
        new
    }

    pub(crate) fn key(&self) -> &[u8; LENGTH] {
        &self.key
    }

    pub(crate) fn iv(&self) -> &[u8; LENGTH] {
        &self.iv
    }

    /// What a manifest carries of it. What the format encrypts is not the 16 bytes but the 32
    /// hexadecimal digits that stand for them.
    ///
    /// # Errors
    ///
    /// When a certificate's key is too small.
    pub fn encrypted_for(&self, recipients: Recipients<'_>) -> Result<EncryptedKeys, Error> {
        let encrypted = |secret: &[u8; LENGTH], certificate: Option<&Certificate>| {
            let digits = Zeroizing::new(to_hex(secret));
            certificate
                .map(|certificate| certificate.encrypt(digits.as_bytes()))
                .transpose()
        };
        Ok(EncryptedKeys {
            ec2_key: encrypted(&self.key, recipients.ec2)?,
            user_key: encrypted(&self.key, recipients.user)?,
            ec2_iv: encrypted(&self.iv, recipients.ec2)?,
            user_iv: encrypted(&self.iv, recipients.user)?,
        })
    }

    /// Opens what a manifest carries, with the owner's key or with EC2's.
    ///
    /// # Errors
    ///
    /// [`Error::WrongKey`] when it is for neither.
    pub fn decrypted_by(key: &PrivateKey, keys: &EncryptedKeys) -> Result<Self, Error> {
        let pairs = [
            (&keys.user_key, &keys.user_iv),
            (&keys.ec2_key, &keys.ec2_iv),
        ];
        pairs
            .into_iter()
            .find_map(|(encrypted_key, encrypted_iv)| {
                let mut new = Self::of([0; LENGTH], [0; LENGTH]);
                open(key, encrypted_key.as_deref()?, &mut new.key)?;
                open(key, encrypted_iv.as_deref()?, &mut new.iv)?;
                Some(new)
            })
            .ok_or(Error::WrongKey)
    }
}

fn open(key: &PrivateKey, ciphertext: &[u8], into: &mut [u8; LENGTH]) -> Option<()> {
    let digits = key.decrypt(ciphertext)?;
    let bytes = Zeroizing::new(from_hex(std::str::from_utf8(&digits).ok()?)?);
    into.copy_from_slice(bytes.get(..).filter(|bytes| bytes.len() == LENGTH)?);
    Some(())
}

impl Drop for ContentKey {
    fn drop(&mut self) {
        self.key.zeroize();
        self.iv.zeroize();
    }
}

impl ZeroizeOnDrop for ContentKey {}
