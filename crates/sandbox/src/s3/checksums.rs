//! Checksums of objects (S3 user guide, "Checking object integrity in Amazon S3").

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};

use super::error;
use crate::wire::error::ApiError;

/// Takes the checksums out of an input or a result of s3s, whose types have fields of the same names.
macro_rules! take_sums {
    ($input:expr) => {{
        use $crate::s3::checksums::{Algorithm, Sums};
        let fields = [
            (Algorithm::Crc32, $input.checksum_crc32.take()),
            (Algorithm::Crc32c, $input.checksum_crc32c.take()),
            (Algorithm::Crc64Nvme, $input.checksum_crc64nvme.take()),
            (Algorithm::Sha1, $input.checksum_sha1.take()),
            (Algorithm::Sha256, $input.checksum_sha256.take()),
        ];
        let fields = fields.into_iter();
        fields
            .filter_map(|(algorithm, sum)| Some((algorithm, sum?)))
            .collect::<Sums>()
    }};
}
pub(super) use take_sums;

/// Puts checksums into an output of s3s.
macro_rules! give_sums {
    ($output:expr, $sums:expr) => {{
        use $crate::s3::checksums::Algorithm;
        let sums = $sums;
        $output.checksum_crc32 = sums.get(&Algorithm::Crc32).cloned();
        $output.checksum_crc32c = sums.get(&Algorithm::Crc32c).cloned();
        $output.checksum_crc64nvme = sums.get(&Algorithm::Crc64Nvme).cloned();
        $output.checksum_sha1 = sums.get(&Algorithm::Sha1).cloned();
        $output.checksum_sha256 = sums.get(&Algorithm::Sha256).cloned();
    }};
}
pub(super) use give_sums;

/// An algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

/// Checksums in base64, those of parts with their number behind a hyphen.
pub(super) type Sums = BTreeMap<Algorithm, String>;

const ALL: [Algorithm; 5] = [
    Algorithm::Crc32,
    Algorithm::Crc32c,
    Algorithm::Crc64Nvme,
    Algorithm::Sha1,
    Algorithm::Sha256,
];

impl Algorithm {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Algorithm::Crc32 => "CRC32",
            Algorithm::Crc32c => "CRC32C",
            Algorithm::Crc64Nvme => "CRC64NVME",
            Algorithm::Sha1 => "SHA1",
            Algorithm::Sha256 => "SHA256",
        }
    }

    pub(super) fn parse(word: &str) -> Result<Self, ApiError> {
        let found = ALL.into_iter().find(|known| known.as_str() == word);
        let message = "Checksum algorithm provided is unsupported. Please try again with any of the valid \
             types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]";
        found.ok_or_else(|| ApiError::client("InvalidRequest", message))
    }

    /// The one that a header or a trailer is of.
    fn of_header(name: &str) -> Option<Self> {
        let word = name.trim().strip_prefix("x-amz-checksum-")?;
        ALL.into_iter()
            .find(|known| known.as_str().eq_ignore_ascii_case(word))
    }
}

/// A hasher of some algorithms.
pub(super) fn hasher(wanted: &BTreeSet<Algorithm>) -> ChecksumHasher {
    let wants = |algorithm| wanted.contains(&algorithm);
    ChecksumHasher {
        crc32: wants(Algorithm::Crc32).then(Crc32::new),
        crc32c: wants(Algorithm::Crc32c).then(Crc32c::new),
        crc64nvme: wants(Algorithm::Crc64Nvme).then(Crc64Nvme::new),
        sha1: wants(Algorithm::Sha1).then(Sha1::new),
        sha256: wants(Algorithm::Sha256).then(Sha256::new),
    }
}

/// What a hasher has found.
pub(super) fn sums(hasher: ChecksumHasher) -> Sums {
    let mut found = hasher.finalize();
    take_sums!(found)
}

/// The checksum of the checksums of parts.
pub(super) fn composite<'s>(
    algorithm: Algorithm,
    parts: impl ExactSizeIterator<Item = &'s String>,
) -> Option<String> {
    let count = parts.len();
    let mut hasher = hasher(&BTreeSet::from([algorithm]));
    for part in parts {
        hasher.update(&STANDARD.decode(part).ok()?);
    }
    let sum = sums(hasher).remove(&algorithm)?;
    Some(format!("{sum}-{count}"))
}

/// The algorithms that a request announces for behind its body.
pub(super) fn announced(headers: &HeaderMap) -> BTreeSet<Algorithm> {
    let names = headers.get_all("x-amz-trailer").iter();
    let names = names.filter_map(|value| value.to_str().ok());
    names
        .flat_map(|value| value.split(','))
        .filter_map(Algorithm::of_header)
        .collect()
}

/// The checksums that came behind the body.
pub(super) fn trailing(headers: &HeaderMap) -> Sums {
    let values = headers.iter().filter_map(|(name, value)| {
        let algorithm = Algorithm::of_header(name.as_str())?;
        Some((algorithm, value.to_str().ok()?.trim().to_owned()))
    });
    values.collect()
}

/// Compares what a client says with what it is.
pub(super) fn compare(said: &Sums, found: &Sums) -> Result<(), ApiError> {
    for (algorithm, sum) in said {
        if found.get(algorithm) != Some(sum) {
            let name = algorithm.as_str();
            let message =
                format!("The {name} you specified did not match the calculated checksum.");
            return Err(ApiError::client("BadDigest", message));
        }
    }
    Ok(())
}

/// Compares the Content-MD5 that a client sent.
pub(super) fn compare_md5(said: Option<&str>, found: &[u8; 16]) -> Result<(), ApiError> {
    let Some(said) = said else {
        return Ok(());
    };
    let said = STANDARD.decode(said).ok().filter(|md5| md5.len() == 16);
    let invalid = || {
        ApiError::client(
            "InvalidDigest",
            "The Content-MD5 you specified was invalid.",
        )
    };
    if said.ok_or_else(invalid)? == found {
        return Ok(());
    }
    let message = "The Content-MD5 you specified did not match what we received.";
    Err(ApiError::client("BadDigest", message))
}

/// One algorithm at most, as S3 has it.
pub(super) fn at_most_one(said: &Sums) -> Result<(), ApiError> {
    if said.len() < 2 {
        return Ok(());
    }
    let message =
        "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.";
    Err(ApiError::client("InvalidRequest", message))
}

/// What a composite checksum may not be of.
pub(super) fn check_type(algorithm: Algorithm, is_composite: bool) -> Result<(), ApiError> {
    let is_possible = match algorithm {
        Algorithm::Crc64Nvme => !is_composite,
        Algorithm::Sha1 | Algorithm::Sha256 => is_composite,
        Algorithm::Crc32 | Algorithm::Crc32c => true,
    };
    if is_possible {
        return Ok(());
    }
    let word = if is_composite {
        "COMPOSITE"
    } else {
        "FULL_OBJECT"
    };
    let name = algorithm.as_str();
    Err(error::invalid(format!(
        "The {word} checksum type cannot be used with the {name} checksum algorithm."
    )))
}
