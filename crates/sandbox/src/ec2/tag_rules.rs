//! What tags may be (CreateTags in the API reference; EC2 user guide, "Tag restrictions").

use std::collections::BTreeMap;

use crate::model::id::Kind;
use crate::wire::error::ApiError;
use crate::wire::params::Params;

const MAX_TAGS: usize = 50;
const MAX_KEY: usize = 127;
const MAX_VALUE: usize = 256;

/// Tags as resources keep them.
pub(crate) type Tags = BTreeMap<String, String>;

/// Takes `Tag.N.Key` and `Tag.N.Value`; the value may be left out.
pub(crate) fn take_tags(params: &Params) -> Result<Tags, ApiError> {
    take_list(params, "Tag")
}

/// The same of a list of another name.
pub(crate) fn take_list(params: &Params, name: &str) -> Result<Tags, ApiError> {
    let mut tags = Tags::new();
    for given in params.structs(name) {
        let key = given.req("Key")?;
        let value = given.opt("Value").unwrap_or_default();
        check(&key, &value)?;
        if tags.insert(key.clone(), value).is_some() {
            let message = format!("Duplicate tag key '{key}' specified.");
            return Err(ApiError::client("InvalidParameterValue", message));
        }
    }
    if tags.len() > MAX_TAGS {
        return Err(limit_exceeded());
    }
    Ok(tags)
}

/// Takes the TagSpecifications of a creating call, for the kinds of resources that it makes.
pub(crate) fn take_specifications<const N: usize>(
    params: &Params,
    kinds: [Kind; N],
) -> Result<[Tags; N], ApiError> {
    let mut tags = [const { None }; N];
    for given in params.structs("TagSpecification") {
        let Some(word) = given.opt("ResourceType") else {
            let message = "Tag specification resource type must have a value";
            return Err(ApiError::client("InvalidParameterValue", message));
        };
        let place = kinds
            .iter()
            .position(|kind| kind.word() == word)
            .ok_or_else(|| {
                let message =
                    format!("'{word}' is not a valid taggable resource type for this operation.");
                ApiError::client("InvalidParameterValue", message)
            })?;
        if tags[place].replace(take_tags(&given)?).is_some() {
            let message = format!("Duplicate tag specification for resource type '{word}'.");
            return Err(ApiError::client("InvalidParameterValue", message));
        }
    }
    Ok(tags.map(Option::unwrap_or_default))
}

/// Whether a resource could carry these tags beside its own.
pub(crate) fn check_room(own: &Tags, more: &Tags) -> Result<(), ApiError> {
    // Tags of AWS itself do not count.
    let own = own.keys().filter(|key| !key.starts_with("aws:"));
    let others = own.filter(|key| !more.contains_key(*key)).count();
    if others + more.len() > MAX_TAGS {
        Err(limit_exceeded())
    } else {
        Ok(())
    }
}

/// Refuses the keys that belong to AWS.
pub(crate) fn check_reserved(key: &str) -> Result<(), ApiError> {
    if !key.starts_with("aws:") {
        return Ok(());
    }
    let message = format!(
        "Value ( {key} ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved for internal use"
    );
    Err(ApiError::client("InvalidParameterValue", message))
}

fn check(key: &str, value: &str) -> Result<(), ApiError> {
    check_reserved(key)?;
    let wrong = if key.is_empty() {
        "Tag key cannot be null or empty".to_owned()
    } else if key.chars().count() > MAX_KEY {
        format!("Tag key exceeds the maximum length of {MAX_KEY} characters")
    } else if value.chars().count() > MAX_VALUE {
        format!("Tag value exceeds the maximum length of {MAX_VALUE} characters")
    } else {
        return Ok(());
    };
    Err(ApiError::client("InvalidParameterValue", wrong))
}

fn limit_exceeded() -> ApiError {
    ApiError::client(
        "TagLimitExceeded",
        "The maximum number of Tags for a resource has been reached.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::params::decode_form;

    fn params(form: &str) -> Params {
        Params::new(decode_form(form.as_bytes()))
    }

    fn one(key: &str, value: &str) -> Result<Tags, ApiError> {
        let flat = [("Tag.1.Key", key), ("Tag.1.Value", value)];
        take_tags(&Params::new(
            flat.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        ))
    }

    #[test]
    fn lengths_count_characters() {
        assert!(one(&"é".repeat(127), &"é".repeat(256)).is_ok());
        assert!(one(&"k".repeat(128), "").is_err());
        assert!(one("k", &"v".repeat(257)).is_err());
        assert!(one("", "v").is_err());
    }

    #[test]
    fn reserved_and_doubled_keys_are_refused() {
        assert!(
            one("aws:created", "x")
                .unwrap_err()
                .message
                .contains("reserved for internal use")
        );
        let doubled = params("Tag.1.Key=a&Tag.2.Key=a");
        assert_eq!(
            take_tags(&doubled).unwrap_err().message,
            "Duplicate tag key 'a' specified."
        );
    }

    #[test]
    fn specifications_go_to_their_kinds() {
        let form = "TagSpecification.1.ResourceType=snapshot&TagSpecification.1.Tag.1.Key=a";
        let [image, snapshot] =
            take_specifications(&params(form), [Kind::Image, Kind::Snapshot]).unwrap();
        assert!(image.is_empty() && snapshot.contains_key("a"));
        let error = take_specifications(&params(form), [Kind::Image]).unwrap_err();
        assert_eq!(
            error.message,
            "'snapshot' is not a valid taggable resource type for this operation."
        );
    }

    #[test]
    fn fifty_tags_are_the_limit() {
        let tags = |range: std::ops::Range<u32>| {
            range
                .map(|n| (n.to_string(), String::new()))
                .collect::<Tags>()
        };
        assert!(check_room(&tags(0..49), &tags(0..50)).is_ok());
        assert_eq!(
            check_room(&tags(0..49), &tags(49..51)).unwrap_err().code,
            "TagLimitExceeded"
        );
    }
}
