//! Sizes as people type them: `8G`, `8GiB`, or plain bytes.

use ami_blocks::block::{LARGEST, gibibytes};
use ami_core::escape::escape;

/// Units by their first letter, in powers of two.
const UNITS: [(&str, u32); 4] = [("K", 10), ("M", 20), ("G", 30), ("T", 40)];
/// Who types a smaller number without a unit means GiB.
const LEAST_BYTES: u64 = 1 << 20;

/// Reads a size, and rounds it up to GiB.
///
/// # Errors
/// Why it is none.
pub fn parse(text: &str) -> Result<u32, String> {
    let digits = text
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let wrong = || format!("'{}' is no size like 8G, 8GiB or 8589934592", escape(text));
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let bytes = match unit {
        "" if (1..LEAST_BYTES).contains(&number) => {
            return Err(format!(
                "{number} is a number of bytes; for GiB write {number}G"
            ));
        }
        "" => Some(number),
        unit => {
            let power = UNITS.iter().find_map(|(letter, power)| {
                let rest = unit.strip_prefix(letter)?;
                ["", "iB"].contains(&rest).then_some(power)
            });
            number.checked_mul(1 << power.ok_or_else(wrong)?)
        }
    };
    match bytes.map(gibibytes) {
        Some(size @ 1..=LARGEST) if number > 0 => u32::try_from(size).map_err(|_| wrong()),
        _ => Err(format!(
            "'{}' is no size of a volume, which has 1 GiB to 64 TiB",
            escape(text)
        )),
    }
}

/// The size of the volume that a disk of so many bytes needs, in GiB.
///
/// # Errors
/// There is no such volume.
pub fn of_disk(bytes: u64) -> Result<u32, String> {
    match gibibytes(bytes) {
        size @ 1..=LARGEST => u32::try_from(size).map_err(|why| why.to_string()),
        size => Err(format!(
            "has {size} GiB, and the largest volume has {LARGEST}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::{of_disk, parse};

    #[test]
    fn sizes_are_rounded_up() {
        for (text, size) in [
            ("8G", 8),
            ("8GiB", 8),
            ("1T", 1024),
            ("64TiB", 65_536),
            ("512M", 1),
            ("1025M", 2),
            ("8589934592", 8),
            ("8589934593", 9),
            ("1048576", 1),
            ("2048K", 1),
        ] {
            assert_eq!(parse(text), Ok(size), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for (text, why) in [
            ("8", "write 8G"),
            ("", "is no size like"),
            ("G", "is no size like"),
            ("8GB", "is no size like"),
            ("8g", "is no size like"),
            ("-8G", "is no size like"),
            ("1.5G", "is no size like"),
            ("8 G", "is no size like"),
            ("0G", "1 GiB to 64 TiB"),
            ("0", "1 GiB to 64 TiB"),
            ("65T", "1 GiB to 64 TiB"),
            ("99999999999999999T", "1 GiB to 64 TiB"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
        assert_eq!(of_disk(1), Ok(1));
        assert!(of_disk(65_536 << 30).is_ok() && of_disk((65_536 << 30) + 1).is_err());
    }
}
