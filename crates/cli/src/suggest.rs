//! "Did you mean": the known word nearest to a mistyped one.

/// The candidate that most resembles `typed`, when one resembles it enough to be worth naming.
pub fn nearest<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = &*typed.to_ascii_lowercase();
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let mut longer = candidates.iter().filter(|word| word.starts_with(typed));
    // The beginning of one word and no other, as some programs let users write it.
    if let (Some(word), None, true) = (longer.next(), longer.next(), typed.len() > 1) {
        return Some(word);
    }
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(typed, candidate), candidate))
        // A third of the letters may be wrong; beyond that a guess is noise.
        .filter(|(distance, candidate)| *distance * 3 <= candidate.chars().count().max(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    const WORDS: [&str; 4] = ["timeout", "exist-timeout", "any", "dry-run"];

    #[test]
    fn slips_of_the_finger_are_recognised() {
        assert_eq!(nearest("timeuot", WORDS), Some("timeout"));
        assert_eq!(nearest("dry-rnu", WORDS), Some("dry-run"));
        assert_eq!(nearest("exist-timeot", WORDS), Some("exist-timeout"));
    }

    #[test]
    fn beginnings_are_recognised_when_they_are_those_of_one_word() {
        assert_eq!(nearest("exi", WORDS), Some("exist-timeout"));
        assert_eq!(nearest("DRY", WORDS), Some("dry-run"));
        assert_eq!(nearest("ti", ["time", "timeout"]), None);
    }

    #[test]
    fn strangers_get_no_guess() {
        assert_eq!(nearest("colour", WORDS), None);
        assert_eq!(nearest("x", WORDS), None);
    }
}
