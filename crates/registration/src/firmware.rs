//! The variables of an image's UEFI firmware, as a file of base64 text.

use ami_core::escape::escape;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The longest text that EC2 takes (EC2 API Reference, RegisterImage, UefiData).
const LONGEST: usize = 64_000;

/// Reads the file, and checks that EC2 can take what is in it.
pub(crate) fn read(path: &str) -> Result<String, String> {
    let shown = escape(path);
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("'{shown}' cannot be read: {error}"))?;
    check(&text).map_err(|why| format!("'{shown}': {why}"))
}

fn check(text: &str) -> Result<String, String> {
    // Tools that write base64 break its lines, and end them.
    let text: String = text.split_ascii_whitespace().collect();
    if text.is_empty() {
        return Err("holds nothing".to_owned());
    }
    if text.len() > LONGEST {
        return Err(format!(
            "holds {} letters of base64, and EC2 takes {LONGEST}",
            text.len()
        ));
    }
    match STANDARD.decode(&text) {
        Ok(_) => Ok(text),
        Err(_) => Err("holds no base64 text".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn base64_of_any_layout_and_nothing_else() {
        assert_eq!(check("QU1a\nVUVG\n").as_deref(), Ok("QU1aVUVG"));
        for (text, why) in [
            (" \n", "holds nothing"),
            ("QU1", "no base64"),
            ("{\"UefiData\": \"QU1a\"}", "no base64"),
        ] {
            assert!(check(text).expect_err(text).contains(why), "{text}");
        }
        let full = "A".repeat(64_000);
        assert!(check(&full).is_ok());
        assert!(
            check(&format!("{full}AAAA"))
                .expect_err("long")
                .contains("EC2 takes")
        );
    }
}
