//! Resource IDs: `ami-`, `i-`, `snap-` or `vol-` and 8 or 17 hexadecimal digits.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// What an ID names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An Amazon Machine Image.
    Image,
    /// An instance.
    Instance,
    /// An EBS snapshot.
    Snapshot,
    /// An EBS volume.
    Volume,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Image, Self::Instance, Self::Snapshot, Self::Volume];

    /// What its IDs begin with, without the dash.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Image => "ami",
            Self::Instance => "i",
            Self::Snapshot => "snap",
            Self::Volume => "vol",
        }
    }

    /// The word for it.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Instance => "instance",
            Self::Snapshot => "snapshot",
            Self::Volume => "volume",
        }
    }
}

/// The words for several kinds: `image, snapshot or volume`.
pub fn one_of(kinds: &[Kind]) -> String {
    let nouns: Vec<_> = kinds.iter().map(|kind| kind.noun()).collect();
    match nouns.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => nouns.concat(),
    }
}

/// A well-formed ID.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    kind: Kind,
    text: String,
}

impl Id {
    /// What it names.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// As EC2 writes it.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// A word that is no ID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It does not even begin like one.
    #[error("not an ID")]
    NotAnId,
    /// It begins like one, but the digits are wrong.
    #[error("{0}- takes 8 or 17 hexadecimal digits, lower case")]
    Digits(&'static str),
}

impl FromStr for Id {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let (prefix, digits) = text.split_once('-').ok_or(Malformed::NotAnId)?;
        let kind = Kind::ALL
            .into_iter()
            .find(|kind| kind.prefix() == prefix)
            .ok_or(Malformed::NotAnId)?;
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if ![8, 17].contains(&digits.len()) || !digits.bytes().all(hex) {
            return Err(Malformed::Digits(kind.prefix()));
        }
        Ok(Self {
            kind,
            text: text.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Id, Kind, Malformed};

    #[test]
    fn both_lengths_of_all_kinds() {
        for (text, kind) in [
            ("ami-12345678", Kind::Image),
            ("i-0123456789abcdef0", Kind::Instance),
            ("snap-7eb96d16", Kind::Snapshot),
            ("vol-0123456789abcdef0", Kind::Volume),
        ] {
            let id: Id = text.parse().expect(text);
            assert_eq!((id.kind(), id.as_str()), (kind, text));
        }
    }

    #[test]
    fn other_shapes_are_refused() {
        for text in [
            "ami-1234567",
            "ami-123456789",
            "ami-1234567G",
            "i-ABCDEF01",
            "ami-",
        ] {
            assert!(
                matches!(text.parse::<Id>(), Err(Malformed::Digits(_))),
                "{text}"
            );
        }
        for text in ["", "ami", "eni-12345678", "12345678", "available"] {
            assert_eq!(text.parse::<Id>(), Err(Malformed::NotAnId), "{text}");
        }
    }
}
