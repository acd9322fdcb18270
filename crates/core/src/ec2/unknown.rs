//! IDs that EC2 says are unknown, read out of its words.

use crate::error::Error;
use crate::id::{Id, Kind};

/// The unknown IDs that a NotFound names; none when the error is another or names none.
pub fn missing(kind: Kind, error: &Error) -> Vec<Id> {
    if error.kind() != crate::error::Kind::NotFound {
        return Vec::new();
    }
    ids_in(error.what(), kind)
}

/// Does EC2 say that there is no such image, or none any more? Of made-up IDs, such as tags may hold,
/// it says that they are malformed.
pub(super) fn is_of_no_image(error: &Error) -> bool {
    const CODES: [&str; 2] = ["InvalidAMIID.Malformed", "InvalidAMIID.Unavailable"];
    let has_such_code = error.code().is_some_and(|code| CODES.contains(&code));
    has_such_code || error.kind() == crate::error::Kind::NotFound
}

/// Strikes out the IDs that a refusal names because they are no images: EC2 names one, some or all of
/// those in its refusal of all. A refusal that names none of them stays an error, for nobody knows
/// which of them it means.
pub(super) fn strike_out(ids: &mut Vec<Id>, error: Error) -> Result<(), Error> {
    let unknown = match is_of_no_image(&error) {
        true => ids_in(error.what(), Kind::Image),
        false => Vec::new(),
    };
    let before = ids.len();
    ids.retain(|id| !unknown.contains(id));
    match ids.len() == before {
        true => Err(error),
        false => Ok(()),
    }
}

/// The IDs of a kind that stand in a text of EC2's.
pub(super) fn ids_in(text: &str, kind: Kind) -> Vec<Id> {
    let mut ids: Vec<Id> = text
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .filter_map(|word| word.parse().ok())
        .filter(|id: &Id| id.kind() == kind)
        .collect();
    ids.dedup();
    ids
}

#[cfg(test)]
mod tests {
    use super::missing;
    use crate::error::{Error, Kind as ErrorKind};
    use crate::id::Kind;

    #[test]
    fn unknown_ids_are_read_out_of_ec2_s_words() {
        let error = |text: &str| Error::new(ErrorKind::NotFound, text);
        let texts = |text: &str| -> Vec<String> {
            missing(Kind::Image, &error(text))
                .iter()
                .map(ToString::to_string)
                .collect()
        };
        assert_eq!(
            texts("The image ids '[ami-12345678, ami-0123456789abcdef0]' do not exist"),
            ["ami-12345678", "ami-0123456789abcdef0"]
        );
        assert_eq!(
            texts("The image id '[ami-12345678]' does not exist"),
            ["ami-12345678"]
        );
        assert!(texts("No such thing").is_empty());
        let other = Error::failed("The image id '[ami-12345678]' does not exist");
        assert!(missing(Kind::Image, &other).is_empty());
    }
}
