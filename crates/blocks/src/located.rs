//! A snapshot in its region as the files beside a disk write it: `snap-ID@REGION`.

use ami_core::id::Kind;
use ami_core::reference::{Located, Reference};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};

/// Reads a snapshot that stands with its region.
pub(crate) fn parse(text: &str) -> Result<Located, String> {
    let reference = Reference::parse(text, &[Kind::Snapshot])?;
    let region = reference.region;
    let region = region.ok_or_else(|| format!("'{text}' is without its region"))?;
    Ok(Located {
        id: reference.id,
        region,
    })
}

/// For serde's `with`.
pub(crate) fn serialize<S: Serializer>(located: &Located, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(located)
}

/// For serde's `with`.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Located, D::Error> {
    let text = String::deserialize(from)?;
    parse(&text).map_err(D::Error::custom)
}
