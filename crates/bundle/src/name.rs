//! Names of images and parts: how they are made, and which ones are taken from others.
//!
//! A manifest's names become names of files and keys of objects. A name that has a directory in it
//! could lead anywhere, and one with control characters could write to a terminal.

use crate::Error;

/// As many bytes as the name of a file may have on Linux.
const LONGEST: usize = 255;

/// Checks that `name` is the name of a file in a directory: no `/`, not `.` or `..`, no control
/// characters, 1 to 255 bytes. `what` says whose it is in the error.
///
/// # Errors
///
/// When it is not.
pub fn plain(what: &'static str, name: &str) -> Result<(), Error> {
    let bad = name.is_empty()
        || name.len() > LONGEST
        || matches!(name, "." | "..")
        || name
            .contains(|c: char| c == '/' || c == '\u{fffe}' || c == '\u{ffff}' || c.is_control());
    if !bad {
        return Ok(());
    }
    Err(Error::Name {
        what,
        name: shortened(name),
    })
}

/// What of a stranger's text fits into a line.
pub(crate) fn shortened(text: &str) -> String {
    const SHOWN: usize = 100;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The file name of the manifest of the bundle `name`.
#[must_use]
pub fn manifest_name(name: &str) -> String {
    format!("{name}.manifest.xml")
}

/// The file name of part `index`, counted from 0, its number filled with zeros to `width` digits.
#[must_use]
pub fn part_name(name: &str, index: usize, width: usize) -> String {
    format!("{name}.part.{index:0width$}")
}

/// How many digits the numbers of `count` parts have: those of `count`, as the tools that began this
/// format write it.
#[must_use]
pub fn width(count: usize) -> usize {
    count.max(1).ilog10() as usize + 1
}

/// How many parts of `part_size` bytes a bundle can have at most whose tar archive takes `stored`
/// bytes ([`crate::Image::stored`]): what does not compress grows by less than a thousandth.
///
/// Who sends parts before the last one is made names them by the width of this.
#[must_use]
pub fn most_parts(stored: u64, part_size: usize) -> usize {
    let grown = stored
        .saturating_add(stored / 1000)
        .saturating_add(64 * 1024);
    let parts = grown.div_ceil((part_size as u64).max(1));
    usize::try_from(parts).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn width_is_that_of_the_count() {
        for (count, digits) in [
            (0, 1),
            (1, 1),
            (9, 1),
            (10, 2),
            (99, 2),
            (100, 3),
            (1000, 4),
        ] {
            assert_eq!(width(count), digits, "{count}");
        }
        assert_eq!(part_name("a b", 7, width(100)), "a b.part.007");
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        let long = "x".repeat(256);
        for name in [
            "",
            ".",
            "..",
            "../x",
            "/etc/passwd",
            "a/b",
            "a\nb",
            "a\0b",
            "\u{1b}[2J",
            "\u{9b}",
            &long,
        ] {
            let error = plain("the name", name).expect_err(name).to_string();
            assert_eq!(error.lines().count(), 1, "{error}");
            assert!(!error.contains('\u{1b}'), "{error:?}");
        }
        for name in [
            "disk.img.part.0",
            "a b",
            "x; touch y",
            "$(x)",
            "&\"<'>",
            "ü",
            "...",
            "-o",
        ] {
            plain("the name", name).expect(name);
        }
    }
}
