//! The manifest: what a bundle is, where its parts are, and its key for those who may have it.
//!
//! [`Manifest::parse`] reads what the writers of this format have made since version 2007-10-10,
//! [`Manifest::to_xml`] writes the one form that all of their readers and verifiers take. The
//! signature covers bytes as they stand in the file, so [`verify`] works on the file, not on a
//! [`Manifest`].

mod read;
mod signature;
mod write;

pub use read::{MOST_BYTES, MOST_PARTS, MOST_SIZE};
pub use signature::verify;

use crate::{ContentKey, Error, Packed, PrivateKey, Sha1, keys::Recipients, name};

/// What a part takes in a manifest besides the image's name, in bytes, at most.
const PART: usize = 140;
/// What all else takes, in bytes, at most: four keys of 16384 bits and some lists.
const REST: usize = 256 * 1024;

/// Checks that a bundle of an image of that name and with so many parts can be read again.
///
/// # Errors
///
/// When it has more than [`MOST_PARTS`], or its manifest more than [`MOST_BYTES`].
pub fn check_count(name: &str, parts: usize) -> Result<(), Error> {
    if parts > MOST_PARTS {
        let what = format!("would have up to {parts} parts, and {MOST_PARTS} are the most");
        return Err(Error::contents(what));
    }
    let most = parts * (PART + write::escaped(name).len()) + REST;
    match most > MOST_BYTES {
        true => Err(Error::contents(format!(
            "would have a manifest of more than {MOST_BYTES} bytes: choose a shorter name"
        ))),
        false => Ok(()),
    }
}

/// The version of the format that is written, and that EC2 reads.
pub const VERSION: &str = "2007-10-10";

/// All that a manifest says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The version of the format, [`VERSION`].
    pub version: String,
    /// The program that made the bundle.
    pub bundler: Bundler,
    /// EC2's word for the processor, `x86_64`.
    pub architecture: Option<String>,
    /// Block device mappings; written in the order of their virtual names.
    pub mappings: Vec<Mapping>,
    /// `aki-…`
    pub kernel: Option<String>,
    /// `ari-…`
    pub ramdisk: Option<String>,
    /// Product codes.
    pub product_codes: Vec<String>,
    /// The image.
    pub image: ImageElement,
    /// The signature as it was read. It is not written: [`Manifest::to_signed_xml`] makes a new one.
    pub signature: Signature,
}

/// The program that made a bundle, in three texts of its choice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bundler {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its release within that version.
    pub release: String,
}

/// One block device mapping.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mapping {
    /// `ami`, `root`, `swap`, `ephemeral0`, …
    pub virtual_name: String,
    /// `sda1` or `/dev/sda1`.
    pub device: String,
}

/// What a manifest says of the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageElement {
    /// Its name, which is also its file's in the archive. It is a plain file name.
    pub name: String,
    /// The owner's account, 12 digits.
    pub user: String,
    /// `machine`, `kernel` or `ramdisk`.
    pub kind: String,
    /// Only a kernel's.
    pub kernel_name: Option<String>,
    /// The images that this one comes from, the oldest first.
    pub ancestors: Vec<String>,
    /// The digest of the tar archive.
    pub digest: Sha1,
    /// The image's size in bytes, of which [`MOST_SIZE`] are the most that is read.
    pub size: u64,
    /// The sum of the parts' sizes in bytes.
    pub bundled_size: u64,
    /// The contents' key, encrypted for EC2 and for the owner.
    pub keys: EncryptedKeys,
    /// The parts by index.
    pub parts: Vec<Part>,
}

impl Default for ImageElement {
    fn default() -> Self {
        Self {
            name: String::new(),
            user: String::new(),
            kind: "machine".into(),
            kernel_name: None,
            ancestors: Vec::new(),
            digest: Sha1([0; 20]),
            size: 0,
            bundled_size: 0,
            keys: EncryptedKeys::default(),
            parts: Vec::new(),
        }
    }
}

/// The four encrypted texts. `None` where the element is missing or empty: euca2ools leaves the
/// user's empty when it was given no certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncryptedKeys {
    /// The key, for EC2.
    pub ec2_key: Option<Vec<u8>>,
    /// The key, for the owner.
    pub user_key: Option<Vec<u8>>,
    /// The initialization vector, for EC2.
    pub ec2_iv: Option<Vec<u8>>,
    /// The initialization vector, for the owner.
    pub user_iv: Option<Vec<u8>>,
}

/// One part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its file name: a plain one.
    pub file_name: String,
    /// Its digest.
    pub digest: Sha1,
}

/// What stands where a signature should.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Signature {
    /// No element, or an empty one.
    #[default]
    Missing,
    /// The word `UNSIGNED`, which euca2ools writes when it has no key.
    Unsigned,
    /// A signature, unverified.
    Bytes(Vec<u8>),
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    ///
    /// When `bytes` are more than [`MOST_BYTES`], no XML, XML with a document type, or lack what a
    /// manifest must have; when a name is not a plain file name; when the image is larger than
    /// [`MOST_SIZE`]; when parts are missing, doubled or not as many as they say.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        read::manifest(bytes)
    }

    /// The manifest without a signature element: what is signed later, or elsewhere. One line, as
    /// the tools that began this format write it.
    #[must_use]
    pub fn to_xml(&self) -> String {
        write::manifest(self, None)
    }

    /// The manifest, signed.
    ///
    /// # Errors
    ///
    /// When the key cannot sign.
    pub fn to_signed_xml(&self, key: &PrivateKey) -> Result<String, Error> {
        let signature = key.sign(&write::signed_bytes(self))?;
        Ok(write::manifest(
            self,
            Some(&crate::digest::to_hex(&signature)),
        ))
    }

    /// The manifest with the word `UNSIGNED` for a signature, as euca2ools writes it without a key.
    /// EC2 is said to take it; it does not take a manifest without the element.
    #[must_use]
    pub fn to_unsigned_xml(&self) -> String {
        write::manifest(self, Some("UNSIGNED"))
    }

    /// Fills in what packing found out: digest, sizes and parts, the parts' numbers written with
    /// `width` digits ([`name::width`] of the count where the names can still be chosen).
    pub fn set_packed(&mut self, packed: &Packed, width: usize) {
        self.image.digest = packed.digest;
        self.image.size = packed.size;
        self.image.bundled_size = packed.bundled_size;
        self.image.parts = packed
            .parts
            .iter()
            .enumerate()
            .map(|(index, digest)| Part {
                file_name: name::part_name(&self.image.name, index, width),
                digest: *digest,
            })
            .collect();
    }

    /// Fills in the contents' key, encrypted for the recipients.
    ///
    /// # Errors
    ///
    /// When a certificate's key cannot encrypt.
    pub fn set_key(&mut self, key: &ContentKey, recipients: Recipients<'_>) -> Result<(), Error> {
        self.image.keys = key.encrypted_for(recipients)?;
        Ok(())
    }

    /// The contents' key, by the private key of the owner or of EC2.
    ///
    /// # Errors
    ///
    /// [`Error::WrongKey`] when the bundle is for neither.
    pub fn content_key(&self, key: &PrivateKey) -> Result<ContentKey, Error> {
        ContentKey::decrypted_by(key, &self.image.keys)
    }
}
