//! Keys in the patterns of `aws s3 rm`, for command lines that users are shown.

use ami_core::escape::shell_word;

/// The word for all keys that begin with `beginning`, whatever a stranger has put there: what is a
/// pattern in it stands for itself (AWS CLI Command Reference, "Use of Exclude and Include Filters").
pub(crate) fn all_that_begin(beginning: &str) -> String {
    let mut pattern = String::new();
    for letter in beginning.chars() {
        match letter {
            '*' | '?' | '[' => pattern.extend(['[', letter, ']']),
            letter => pattern.push(letter),
        }
    }
    pattern.push('*');
    shell_word(&pattern)
}

#[cfg(test)]
mod tests {
    use super::all_that_begin;

    #[test]
    fn patterns_in_names_stand_for_themselves() {
        assert_eq!(all_that_begin("a/web.part."), "'a/web.part.*'");
        assert_eq!(all_that_begin("a/*.part."), "'a/[*].part.*'");
        assert_eq!(all_that_begin("[x]?'"), "'[[]x][?]'\\''*'");
    }
}
