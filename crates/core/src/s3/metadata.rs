//! What is kept beside an object: its description in the header `x-amz-meta-description`, and whose run
//! has put it in `x-amz-meta-ami-tools-run`.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The name of that text among an object's metadata.
const DESCRIPTION: &str = "description";
/// The name of the run's mark there: the tag's, without underscores, which proxies drop from headers.
const MARK: &str = "ami-tools-run";
/// How text begins and ends that is not plain ASCII (RFC 2047, section 2), which headers cannot hold
/// and which S3 itself gives back so (S3 User Guide, "Working with object metadata").
const BEGIN: &str = "=?UTF-8?B?";
const END: &str = "?=";

/// The metadata of an object with that description and that mark.
pub(super) fn with(description: Option<&str>, mark: &str) -> HashMap<String, String> {
    let mut all = HashMap::from([(MARK.to_owned(), mark.to_owned())]);
    all.extend(description.map(|text| (DESCRIPTION.to_owned(), encode(text))));
    all
}

/// The mark in an object's metadata.
pub(super) fn mark(metadata: Option<&HashMap<String, String>>) -> Option<String> {
    metadata?.get(MARK).cloned()
}

/// The description in an object's metadata.
pub(super) fn description(metadata: Option<&HashMap<String, String>>) -> Option<String> {
    metadata?.get(DESCRIPTION).map(|text| decode(text))
}

fn encode(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    // Blanks at the ends of a header, and several in a row, do not arrive as they were.
    let is_stable = text.trim() == text && !text.contains("  ") && !text.contains("=?");
    match is_stable && text.bytes().all(is_plain) {
        true => text.to_owned(),
        false => format!("{BEGIN}{}{END}", STANDARD.encode(text)),
    }
}

/// What is not in this form is as it was.
fn decode(text: &str) -> String {
    let coded = text
        .get(..BEGIN.len())
        .filter(|begin| begin.eq_ignore_ascii_case(BEGIN))
        .and_then(|_| text[BEGIN.len()..].strip_suffix(END))
        .and_then(|coded| STANDARD.decode(coded).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    coded.unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn texts_come_back_as_they_were() {
        for text in [
            "web server 43",
            "Bürgeramt ✓",
            " a",
            "a  b",
            "a\nb",
            "=?UTF-8?B?eA==?=",
            "",
        ] {
            let sent = encode(text);
            assert!(
                sent.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
                "{sent:?}"
            );
            assert_eq!(decode(&sent), text);
        }
        assert_eq!(encode("web server 43"), "web server 43");
        for odd in ["=?UTF-8?B?", "=?UTF-8?B?!?=", "=?utf-8?q?x?="] {
            assert_eq!(decode(odd), odd);
        }
    }
}
