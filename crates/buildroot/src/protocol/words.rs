//! Words of the operating system in messages: text where they are that, so that a byte of a word takes
//! about a byte of its message. Any other word is a list of its bytes.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A word as it is written.
#[derive(Serialize)]
#[serde(untagged)]
enum Shown<'a> {
    Text(&'a str),
    Bytes(&'a [u8]),
}

/// A word as it is read.
#[derive(Deserialize)]
#[serde(untagged)]
enum Read {
    Text(String),
    Bytes(Vec<u8>),
}

impl<'a> From<&'a OsString> for Shown<'a> {
    fn from(word: &'a OsString) -> Self {
        word.to_str()
            .map_or(Self::Bytes(OsStr::as_bytes(word)), Self::Text)
    }
}

impl From<Read> for OsString {
    fn from(read: Read) -> Self {
        match read {
            Read::Text(text) => text.into(),
            Read::Bytes(bytes) => Self::from_vec(bytes),
        }
    }
}

/// One word.
pub(crate) mod one {
    use super::{Deserialize, Deserializer, OsString, Read, Serialize, Serializer, Shown};

    pub(crate) fn serialize<S: Serializer>(word: &OsString, to: S) -> Result<S::Ok, S::Error> {
        Shown::from(word).serialize(to)
    }

    pub(crate) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<OsString, D::Error> {
        Ok(Read::deserialize(from)?.into())
    }
}

/// A word or none.
pub(crate) mod maybe {
    use super::{Deserialize, Deserializer, OsString, Read, Serialize, Serializer, Shown};

    pub(crate) fn serialize<S: Serializer>(
        word: &Option<OsString>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        word.as_ref().map(Shown::from).serialize(to)
    }

    pub(crate) fn deserialize<'a, D: Deserializer<'a>>(
        from: D,
    ) -> Result<Option<OsString>, D::Error> {
        Ok(Option::<Read>::deserialize(from)?.map(OsString::from))
    }
}

/// Words.
pub(crate) mod list {
    use super::{Deserialize, Deserializer, OsString, Read, Serializer, Shown};

    pub(crate) fn serialize<S: Serializer>(words: &[OsString], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(words.iter().map(Shown::from))
    }

    pub(crate) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Vec<OsString>, D::Error> {
        let words = Vec::<Read>::deserialize(from)?;
        Ok(words.into_iter().map(OsString::from).collect())
    }
}

/// Names with their values.
pub(crate) mod pairs {
    use super::{Deserialize, Deserializer, OsString, Read, Serializer, Shown};

    type Pair = (OsString, OsString);

    pub(crate) fn serialize<S: Serializer>(pairs: &[Pair], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(
            pairs
                .iter()
                .map(|(name, value)| (Shown::from(name), Shown::from(value))),
        )
    }

    pub(crate) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Vec<Pair>, D::Error> {
        let pairs = Vec::<(Read, Read)>::deserialize(from)?;
        let pair = |(name, value): (Read, Read)| (name.into(), value.into());
        Ok(pairs.into_iter().map(pair).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct All {
        #[serde(with = "super::one")]
        one: OsString,
        #[serde(with = "super::maybe")]
        maybe: Option<OsString>,
        #[serde(with = "super::list")]
        list: Vec<OsString>,
        #[serde(with = "super::pairs")]
        pairs: Vec<(OsString, OsString)>,
    }

    #[test]
    fn words_stay_what_they_are_and_text_is_no_longer_than_it_was() {
        let strange = OsString::from_vec(vec![b'a', 0xff, 0xc3]);
        let all = All {
            one: "ä\n".into(),
            maybe: Some(strange.clone()),
            list: vec!["".into(), strange.clone(), "[1]".into()],
            pairs: vec![("A".into(), strange)],
        };
        let told = serde_json::to_vec(&all).expect("told");
        assert_eq!(serde_json::from_slice::<All>(&told).expect("read"), all);
        let long = All {
            one: "x".repeat(1000).into(),
            maybe: None,
            list: Vec::new(),
            pairs: Vec::new(),
        };
        let told = serde_json::to_vec(&long).expect("told");
        assert!(told.len() < 1100, "{}", told.len());
    }
}
