//! The format of S3-backed images, bundles: written and read.
//!
//! A bundle is an image in a tar archive of one member, compressed by gzip, encrypted by AES-128 in
//! CBC mode and cut into parts of 10 MiB; and a manifest that names the parts with their digests,
//! carries the key, encrypted for EC2 and for its owner, and is signed by the owner.
//!
//! * [`manifest`]: the manifest, read, written, signed and verified.
//! * [`keys`]: the owner's private key, certificates, and the key of a bundle's contents.
//! * [`name`]: which names parts have, and which names are taken from others.
//! * [`mod@pack`]: from an image to parts, in one pass and on all cores.
//! * [`mod@unpack`]: from parts to an image.
//! * [`image`]: where images come from, with their holes, and where they go.
//! * [`directory`]: parts and images as files that have no name until all is right.
//! * [`tar`] and [`gzip`]: the two layers that are made by hand, because a bundle needs one kind of
//!   each and must bound what strangers wrote.
//!
//! Bundles come from strangers. Whatever they say is checked before it is used as a name, a place, a
//! length or a count, so no input makes this library panic, loop, or take memory without bounds.
//!
//! Invariant: it knows nothing of AWS, has no runtime and opens no file that it is not told of. It is
//! part of a small program that runs on nodes.
//!
//! Invariant: no key, and nothing that was decrypted by one, is in an error's text.

mod deflate;
pub mod digest;
pub mod directory;
mod error;
pub mod gzip;
pub mod image;
pub mod keys;
pub mod manifest;
pub mod name;
pub mod pack;
pub mod tar;
pub mod unpack;

pub use digest::Sha1;
pub use error::Error;
pub use image::{Image, ImageSink};
pub use keys::{Certificate, ContentKey, PrivateKey};
pub use manifest::Manifest;
pub use pack::{Compression, FinishedPart, Options as PackOptions, Packed, PartSink, pack};
pub use unpack::{PartSource, unpack};

/// How large a part is, in bytes; only the last one is smaller.
pub const PART_SIZE: usize = 10 * 1024 * 1024;
