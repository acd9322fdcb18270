//! What the tests share: the fixture's keys, bundles in memory, and bundles made by hand.

#![allow(dead_code, reason = "not every test program uses all of it")]

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

use aes::cipher::{BlockEncryptMut, KeyIvInit, inout::InOutBuf};
use ami_bundle_format::{
    Certificate, ContentKey, Error, FinishedPart, Image, ImageSink, Manifest, PackOptions,
    PrivateKey, Sha1,
    keys::Recipients,
    manifest::{ImageElement, Part},
    name, pack,
    tar::Member,
    unpack,
};
use zlib_rs::{Deflate, DeflateFlush};

pub fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

/// The key `user` or `fake-ec2`.
pub fn key(who: &str) -> PrivateKey {
    let text = std::fs::read_to_string(data(&format!("keys/{who}-1024.key.pem")));
    PrivateKey::from_pem(&text.expect("the key is there"), None).expect("it is a key")
}

pub fn certificate(who: &str) -> Certificate {
    let bytes = std::fs::read(data(&format!("keys/{who}-1024.cert.pem")));
    Certificate::parse(&bytes.expect("the certificate is there")).expect("it is a certificate")
}

/// A bundle in memory.
pub struct Bundle {
    pub manifest: Manifest,
    pub parts: Vec<Vec<u8>>,
    pub key: ContentKey,
}

/// Packs `image` under `name` in parts of `part_size` bytes.
pub fn packed(image: Image, name: &str, options: &PackOptions) -> Result<Bundle, Error> {
    let key = ContentKey::random()?;
    let mut parts = Vec::new();
    let mut sink = |part: FinishedPart| {
        assert_eq!(part.index, parts.len(), "parts come in order");
        assert_eq!(part.sha1, Sha1::of(&part.bytes));
        parts.push(part.bytes);
        Ok(())
    };
    let stop = AtomicBool::new(false);
    let packed = pack(image, &Member::new(name), &key, options, &stop, &mut sink)?;
    let mut manifest = Manifest {
        version: ami_bundle_format::manifest::VERSION.into(),
        image: ImageElement {
            name: name.into(),
            user: "111122223333".into(),
            ..ImageElement::default()
        },
        ..Manifest::default()
    };
    manifest.set_packed(&packed, name::width(packed.parts.len()));
    let (ec2, user) = (certificate("fake-ec2"), certificate("user"));
    let recipients = Recipients {
        ec2: Some(&ec2),
        user: Some(&user),
    };
    manifest.set_key(&key, recipients)?;
    Ok(Bundle {
        manifest,
        parts,
        key,
    })
}

/// A stream as an image.
pub fn stream(bytes: &[u8]) -> Image {
    Image::stream(
        Box::new(io::Cursor::new(bytes.to_owned())),
        bytes.len() as u64,
    )
}

/// An image in memory, with what was told to be a hole.
#[derive(Default)]
pub struct Collected {
    pub bytes: Vec<u8>,
    pub holes: Vec<(u64, u64)>,
}

impl ImageSink for Collected {
    fn data(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        assert_eq!(offset, self.bytes.len() as u64, "pieces come in order");
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn hole(&mut self, offset: u64, length: u64) -> io::Result<()> {
        assert_eq!(offset, self.bytes.len() as u64, "pieces come in order");
        assert!(length > 0);
        self.holes.push((offset, length));
        let end = usize::try_from(offset + length).map_err(io::Error::other)?;
        self.bytes.resize(end, 0);
        Ok(())
    }
}

impl Bundle {
    /// Unpacks it again, by its manifest as written and read.
    pub fn unpacked(&self) -> Result<Collected, Error> {
        let manifest = Manifest::parse(self.manifest.to_xml().as_bytes())?;
        unpacked(&manifest, &self.parts, &self.key)
    }
}

pub fn unpacked(
    manifest: &Manifest,
    parts: &[Vec<u8>],
    key: &ContentKey,
) -> Result<Collected, Error> {
    let mut left: Vec<_> = parts.iter().rev().cloned().collect();
    let mut source = move |_: &Part| -> io::Result<Box<dyn Read>> {
        let bytes = left.pop().ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(io::Cursor::new(bytes)))
    };
    let mut sink = Collected::default();
    let stop = AtomicBool::new(false);
    unpack(manifest, key, &mut source, &stop, &mut sink)?;
    Ok(sink)
}

/// Bytes that do not compress, the same each time.
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .collect()
}

/// One gzip member.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut deflate = Deflate::new(6, true, 16 + 15);
    let mut out = vec![0; bytes.len() + bytes.len() / 8 + 1024];
    deflate
        .compress(bytes, &mut out, DeflateFlush::Finish)
        .expect("it compresses");
    out.truncate(usize::try_from(deflate.total_out()).expect("it is short"));
    out
}

/// What stands between gzip and parts: AES with its filling.
pub fn encrypted(bytes: &[u8], key: &ContentKey) -> Vec<u8> {
    let secret = key.secret_bytes();
    let mut out = bytes.to_owned();
    let filling = 16 - out.len() % 16;
    out.resize(out.len() + filling, u8::try_from(filling).expect("small"));
    let mut cipher = cbc::Encryptor::<aes::Aes128>::new_from_slices(&secret[..16], &secret[16..])
        .expect("the lengths are right");
    let (blocks, _) = InOutBuf::from(out.as_mut_slice()).into_chunks();
    cipher.encrypt_blocks_inout_mut(blocks);
    out
}

/// A bundle of one part that holds `compressed`, said to be an image `disk` of `size` bytes whose
/// archive was `tar`.
pub fn by_hand(compressed: &[u8], tar: &[u8], size: u64) -> Bundle {
    let key = ContentKey::random().expect("random numbers");
    let part = encrypted(compressed, &key);
    let manifest = Manifest {
        image: ImageElement {
            name: "disk".into(),
            digest: Sha1::of(tar),
            size,
            bundled_size: part.len() as u64,
            parts: vec![Part {
                file_name: "disk.part.0".into(),
                digest: Sha1::of(&part),
            }],
            ..ImageElement::default()
        },
        ..Manifest::default()
    };
    Bundle {
        manifest,
        parts: vec![part],
        key,
    }
}

/// A tar header as POSIX describes it, made without the library. `more` changes it before its
/// checksum is made.
pub fn header(name: &str, kind: u8, size: u64, more: impl FnOnce(&mut [u8; 512])) -> Vec<u8> {
    let mut block = [0; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..108].copy_from_slice(b"0000644\0");
    block[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar  \0");
    more(&mut block);
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block.to_vec()
}

/// An archive: a header, the data, and zeros.
pub fn archive(header: Vec<u8>, data: &[u8]) -> Vec<u8> {
    let mut out = header;
    out.extend_from_slice(data);
    out.resize(out.len().next_multiple_of(512) + 1024, 0);
    out
}
