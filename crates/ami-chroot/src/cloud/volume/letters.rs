//! Names for devices: which are free, and in which order they are tried.

use std::collections::BTreeSet;

/// The letters that EC2 recommends for EBS volumes, and then the rest of those that it allows (EC2
/// User Guide, "Device names for volumes").
const LETTERS: [(u8, u8); 2] = [(b'f', b'p'), (b'q', b'z')];
/// First letters of the names of two letters, `xvdba` to `xvdcz`.
const FIRST: [char; 2] = ['b', 'c'];

/// All names that an instance with these devices has left. Builds that begin at once on one host do
/// not all begin with the same: `chance` is a number from 0 to 1.
pub(crate) fn free(devices: &BTreeSet<String>, chance: f64) -> Vec<String> {
    let taken: BTreeSet<&str> = devices.iter().map(|device| letters_of(device)).collect();
    let single = LETTERS.into_iter().flat_map(|(first, last)| {
        let letters: Vec<u8> = (first..=last).collect();
        rotated(letters, chance).into_iter().map(char::from)
    });
    let mut names: Vec<String> = single
        .map(String::from)
        .filter(|letter| !taken.contains(letter.as_str()))
        .map(|letter| format!("/dev/sd{letter}"))
        .collect();
    let pairs = FIRST
        .into_iter()
        .flat_map(|first| ('a'..='z').map(move |second| format!("{first}{second}")));
    let pairs = pairs.filter(|pair| !taken.contains(pair.as_str()));
    names.extend(pairs.map(|pair| format!("/dev/xvd{pair}")));
    names
}

fn rotated(mut letters: Vec<u8>, chance: f64) -> Vec<u8> {
    let count = letters.len() as f64;
    let at = (chance.clamp(0.0, 1.0) * count) as usize;
    let last = letters.len() - 1;
    letters.rotate_left(at.min(last));
    letters
}

/// `f` of `/dev/sdf`, `/dev/xvdf` and `xvdf1`: on Xen all of them are one device.
fn letters_of(device: &str) -> &str {
    let name = device.strip_prefix("/dev/").unwrap_or(device);
    let letters = name.strip_prefix("xvd").or_else(|| name.strip_prefix("sd"));
    let letters = letters.unwrap_or_default();
    letters.trim_end_matches(|letter: char| letter.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::free;

    #[test]
    fn what_is_taken_is_not_offered_under_another_name() {
        let taken = ["/dev/sda1", "/dev/xvdf", "sdg", "/dev/xvdba"];
        let devices = taken.map(str::to_owned).into_iter().collect();
        let names = free(&devices, 0.0);
        assert_eq!(names[0], "/dev/sdh");
        assert_eq!(names.len(), 19 + 51);
        for name in ["/dev/sdf", "/dev/sdg", "/dev/sda", "/dev/xvdba"] {
            assert!(!names.contains(&name.to_owned()), "{name}");
        }
        for chance in [0.0, 0.3, 0.5, 0.99, 1.0] {
            let mut shuffled = free(&devices, chance);
            assert!(shuffled[0].starts_with("/dev/sd"));
            shuffled.sort();
            let mut plain = names.clone();
            plain.sort();
            assert_eq!(shuffled, plain);
        }
    }
}
