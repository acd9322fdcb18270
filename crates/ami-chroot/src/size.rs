//! Sizes as people type them: `8G`, `8GiB`, or plain bytes.

use ami_core::escape::escape;

/// Units by their first letter, in powers of two.
const UNITS: [(&str, u32); 4] = [("K", 10), ("M", 20), ("G", 30), ("T", 40)];
/// Who types a smaller number without a unit means GiB.
const LEAST_BYTES: u64 = 1 << 20;
/// The largest volume in GiB (EBS User Guide, "EBS volume types").
const LARGEST: u64 = 65_536;

/// Reads a size in bytes.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    let digits = text
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let wrong = || {
        format!(
            "'{}' is no size like 8G, 512MiB or 8589934592",
            escape(text)
        )
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let bytes = match unit {
        "" if number < LEAST_BYTES => {
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
    bytes.filter(|bytes| *bytes > 0).ok_or_else(wrong)
}

/// The size of the volume that holds so many bytes, in GiB.
pub(crate) fn gibibytes(bytes: u64) -> Result<i32, String> {
    match bytes.div_ceil(1 << 30) {
        size @ 1..=LARGEST => i32::try_from(size).map_err(|why| why.to_string()),
        size => Err(format!("a volume has 1 GiB to 64 TiB, not {size} GiB")),
    }
}

#[cfg(test)]
mod tests {
    use super::{gibibytes, parse};

    #[test]
    fn sizes() {
        for (text, size) in [
            ("8G", 8 << 30),
            ("8GiB", 8 << 30),
            ("1T", 1 << 40),
            ("512M", 512 << 20),
            ("1048576", 1 << 20),
        ] {
            assert_eq!(parse(text), Ok(size), "{text}");
        }
        for text in ["8", "", "G", "8GB", "8g", "-8G", "0G", "99999999999999999T"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert_eq!(gibibytes((1 << 30) + 1), Ok(2));
        assert!(gibibytes(65_537 << 30).is_err());
    }
}
