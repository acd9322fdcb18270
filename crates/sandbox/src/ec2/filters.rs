//! Filters of Describe calls, with wildcards.
//!
//! EC2 user guide, "Filter your resources": `*` matches any number of characters, `?` none or one,
//! a backslash takes the meaning from the next character, values are compared with their case;
//! several values are joined by OR, several filters by AND; at most 200 values a call.

use crate::wire::error::ApiError;
use crate::wire::params::Params;

const MAX_VALUES: usize = 200;

/// The filters of one call.
#[derive(Debug, Default)]
pub(crate) struct Filters(Vec<Filter>);

#[derive(Debug)]
struct Filter {
    name: String,
    patterns: Vec<Pattern>,
}

impl Filters {
    /// Takes `Filter.N.Name` and `Filter.N.Value.M`, and refuses names that are not known. Tag filters
    /// are known to every kind of resource that lists `tag-key`.
    pub(crate) fn take(params: &Params, known: &[&str]) -> Result<Self, ApiError> {
        let mut filters = Vec::new();
        for given in params.structs("Filter") {
            let name = given.req("Name")?;
            let is_tag = name.starts_with("tag:") && known.contains(&"tag-key");
            if !is_tag && !known.contains(&&*name) {
                let message = format!("The filter '{name}' is invalid");
                return Err(ApiError::client("InvalidParameterValue", message));
            }
            let patterns: Vec<_> = given
                .strings("Value")
                .iter()
                .map(|value| Pattern::parse(value))
                .collect();
            filters.push(Filter { name, patterns });
        }
        if filters
            .iter()
            .map(|filter| filter.patterns.len())
            .sum::<usize>()
            > MAX_VALUES
        {
            let message = "The maximum number of filter values specified on a single call is 200";
            return Err(ApiError::client("FilterLimitExceeded", message));
        }
        Ok(Filters(filters))
    }

    /// Whether something with these values passes the filters of which `chosen` approves.
    pub(crate) fn pass(
        &self,
        chosen: impl Fn(&str) -> bool,
        mut values: impl FnMut(&str) -> Vec<String>,
    ) -> bool {
        self.0
            .iter()
            .filter(|filter| chosen(&filter.name))
            .all(|filter| {
                let values = values(&filter.name);
                values
                    .iter()
                    .any(|value| filter.patterns.iter().any(|pattern| pattern.matches(value)))
            })
    }
}

/// The values that tags give to a tag filter.
pub(crate) fn tag_values<'a>(
    name: &str,
    tags: impl Iterator<Item = (&'a String, &'a String)>,
) -> Vec<String> {
    match name.strip_prefix("tag:") {
        Some(key) => tags
            .filter(|tag| tag.0 == key)
            .map(|tag| tag.1.clone())
            .collect(),
        None => tags.map(|tag| tag.0.clone()).collect(),
    }
}

/// A filter value.
#[derive(Debug)]
enum Pattern {
    Literal(String),
    Wild(Vec<Piece>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Piece {
    Just(char),
    Maybe,
    Any,
}

impl Pattern {
    fn parse(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            pieces.push(match c {
                '*' => Piece::Any,
                '?' => Piece::Maybe,
                '\\' => Piece::Just(chars.next().unwrap_or('\\')),
                c => Piece::Just(c),
            });
        }
        let literal: Option<String> = pieces
            .iter()
            .map(|piece| {
                if let Piece::Just(c) = piece {
                    Some(*c)
                } else {
                    None
                }
            })
            .collect();
        literal.map_or(Pattern::Wild(pieces), Pattern::Literal)
    }

    fn matches(&self, value: &str) -> bool {
        match self {
            Pattern::Literal(literal) => literal == value,
            Pattern::Wild(pieces) => wild(pieces, value),
        }
    }
}

/// Follows all ways through the pattern at once, which keeps hostile patterns cheap.
fn wild(pieces: &[Piece], value: &str) -> bool {
    let mut at = vec![false; pieces.len() + 1];
    at[0] = true;
    skip_optional(pieces, &mut at);
    for c in value.chars() {
        let mut next = vec![false; pieces.len() + 1];
        for (i, piece) in pieces.iter().enumerate().filter(|(i, _)| at[*i]) {
            match piece {
                Piece::Just(expected) => next[i + 1] |= *expected == c,
                Piece::Maybe => next[i + 1] = true,
                Piece::Any => next[i] = true,
            }
        }
        at = next;
        skip_optional(pieces, &mut at);
    }
    at[pieces.len()]
}

fn skip_optional(pieces: &[Piece], at: &mut [bool]) {
    for (i, piece) in pieces.iter().enumerate() {
        at[i + 1] |= at[i] && !matches!(piece, Piece::Just(_));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::params::decode_form;

    fn matches(pattern: &str, value: &str) -> bool {
        Pattern::parse(pattern).matches(value)
    }

    #[test]
    fn wildcards_follow_the_user_guide() {
        assert!(matches("al2023-*-x86_64", "al2023-ami-kernel-x86_64"));
        assert!(matches("*", ""));
        assert!(matches("a?c", "abc") && matches("a?c", "ac") && !matches("a?c", "abbc"));
        assert!(!matches("Name", "name"));
        assert!(matches(r"2\*2", "2*2") && !matches(r"2\*2", "2x2"));
        assert!(matches(r"a\\b", r"a\b") && matches(r"a\?", "a?") && !matches(r"a\?", "ab"));
    }

    #[test]
    fn unknown_filters_and_too_many_values_are_refused() {
        let known = ["name", "tag-key"];
        let take = |form: &str| Filters::take(&Params::new(decode_form(form.as_bytes())), &known);
        assert_eq!(
            take("Filter.1.Name=nmae").unwrap_err().code,
            "InvalidParameterValue"
        );
        assert!(take("Filter.1.Name=tag:Any&Filter.1.Value.1=x").is_ok());
        let many: String = (1..=201)
            .map(|n| format!("&Filter.1.Value.{n}=x"))
            .collect();
        assert_eq!(
            take(&format!("Filter.1.Name=name{many}")).unwrap_err().code,
            "FilterLimitExceeded"
        );
    }
}
