//! Names of images and parts: how they are made, and which ones are taken from others.
//!
//! A manifest's names become names of files and keys of objects. A name that has a directory in it
//! could lead anywhere, and one with control characters could write to a terminal.

use crate::Error;

/// As many bytes as the name of a file may have on Linux.
const LONGEST: usize = 255;

/// What a manifest's name ends with.
const MANIFEST: &str = ".manifest.xml";

/// What stands between a part's name and its number, as all writers of this format have it.
const PART: &str = ".part.";

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

/// Checks that an image can be called `name`: a plain name with room for the longest ending behind it,
/// and not of blanks only, which readers take for no name.
///
/// # Errors
///
/// When it cannot.
pub fn image(what: &'static str, name: &str) -> Result<(), Error> {
    plain(what, name)?;
    let most = LONGEST - MANIFEST.len();
    let why = if name.len() > most {
        format!("has more than {most} bytes: '{MANIFEST}' has no room behind it")
    } else if name.trim().is_empty() {
        "is blank".to_owned()
    } else {
        return Ok(());
    };
    Err(Error::Unfit { what, why })
}

/// Checks that `name` is that of a part: a plain one, `ANYTHING.part.DIGITS`. So a manifest can neither
/// name another bundle's manifest nor any other file.
///
/// # Errors
///
/// When it is not.
pub fn part(what: &'static str, name: &str) -> Result<(), Error> {
    plain(what, name)?;
    let is_number =
        |text: &str| !text.is_empty() && text.bytes().all(|letter| letter.is_ascii_digit());
    let is_part = |(stem, number): (&str, &str)| !stem.is_empty() && is_number(number);
    match name.rsplit_once(PART).is_some_and(is_part) {
        true => Ok(()),
        false => Err(Error::Unfit {
            what,
            why: format!("is not that of a part, NAME{PART}N: {:?}", shortened(name)),
        }),
    }
}

/// What comes before the number in the name of a part.
#[must_use]
pub fn stem(part: &str) -> Option<&str> {
    part.rsplit_once(PART).map(|(stem, _)| stem)
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
    format!("{name}{MANIFEST}")
}

/// The file name of part `index`, counted from 0, its number filled with zeros to `width` digits.
#[must_use]
pub fn part_name(name: &str, index: usize, width: usize) -> String {
    format!("{name}{PART}{index:0width$}")
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
    fn images_have_names_with_room_behind_them() {
        for name in ["a", " a", "ü", &"x".repeat(242)] {
            image("the name", name).expect(name);
            plain("the name", &manifest_name(name)).expect(name);
            plain("the name", &part_name(name, 65_535, 5)).expect(name);
        }
        for name in [" ", "\u{3000}", &"x".repeat(243), "a/b"] {
            assert!(image("the name", name).is_err(), "{name}");
        }
    }

    #[test]
    fn parts_are_called_by_their_number() {
        for name in ["a.part.0", "x.part.y.part.12", "a b.part.007", ".a.part.1"] {
            part("the name", name).expect(name);
        }
        assert_eq!(stem("x.part.y.part.12"), Some("x.part.y"));
        for name in [
            "a",
            "a.manifest.xml",
            "a.part.0.manifest.xml",
            "a.part.",
            "a.part.+1",
            ".part.0",
            "a.part.1 ",
            "../a.part.0",
        ] {
            assert!(part("the name", name).is_err(), "{name}");
        }
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
