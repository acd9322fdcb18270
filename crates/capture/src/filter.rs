//! The filter: what is secret, or belongs to this one machine.
//!
//! Two looks: at the name, which also knows directories, and at what a file contains. It is better to
//! lose a test's key than to publish somebody's, but never at the price of a system that does not
//! work: so nothing below `/usr` is touched (except `/usr/local`), nor programs and libraries in the
//! old places beside it, nor `/boot`. What packages ship is public already. Nor are files that Python,
//! Ruby and Node install for themselves judged by what they contain: documents and data of the AWS
//! SDKs have keys as examples. For the same reason the rules are about *private* keys: certificates
//! and keyrings of public keys do not match any.
//!
//! Archives, data bases and compressed files are not looked into.

mod cloud;
mod content;
mod keys;
mod names;

pub(crate) use content::{HEAD, by_content};
pub(crate) use names::by_name;

use crate::mounts::below;

/// Where packages have what they ship.
const SHIPPED: [&[u8]; 8] = [
    b"usr", b"bin", b"sbin", b"lib", b"lib32", b"lib64", b"libx32", b"boot",
];

/// Is it in a place of packages?
pub(crate) fn is_shipped(path: &[u8]) -> bool {
    let top = path.split(|byte| *byte == b'/').next().unwrap_or_default();
    SHIPPED.contains(&top) && below(path, b"usr/local").is_none()
}

/// Where the package managers of languages have what they install, at any depth.
const INSTALLED: [&[u8]; 4] = [b"site-packages", b"dist-packages", b"node_modules", b"gems"];

/// Is it not to be judged by what it contains?
pub(crate) fn is_installed(path: &[u8]) -> bool {
    let mut parts = path.split(|byte| *byte == b'/');
    is_shipped(path) || parts.any(|part| INSTALLED.contains(&part))
}

/// Is it a file that must be there, empty? systemd makes a new one at the first start then, but
/// cannot write it on a read-only root if it is missing (machine-id(5)).
pub(crate) fn is_emptied(path: &[u8]) -> bool {
    path == b"etc/machine-id"
}
