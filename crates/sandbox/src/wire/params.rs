//! The parameters of a query call as a tree, from which handlers take what they know.
//!
//! Whatever is left when a handler has taken its part is refused, so that a misspelt parameter
//! cannot pass unnoticed.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::str::FromStr;

use super::error::ApiError;

/// The parameters below a point of the tree. All handles of one call share what is left.
#[derive(Clone, Debug)]
pub(crate) struct Params {
    left: Rc<RefCell<BTreeMap<String, String>>>,
    prefix: String,
}

/// Takes the flat `Name.1.Key=value` pairs out of a form body.
pub(crate) fn decode_form(body: &[u8]) -> BTreeMap<String, String> {
    form_urlencoded::parse(body).into_owned().collect()
}

impl Params {
    pub(crate) fn new(flat: BTreeMap<String, String>) -> Self {
        Params {
            left: Rc::new(RefCell::new(flat)),
            prefix: String::new(),
        }
    }

    /// Takes a parameter that may be absent.
    pub(crate) fn opt(&self, name: &str) -> Option<String> {
        self.left.borrow_mut().remove(&self.path(name))
    }

    /// Takes a parameter of which EC2 reads an empty value as none: Packer sends `SubnetId=` and the like.
    pub(crate) fn filled(&self, name: &str) -> Option<String> {
        self.opt(name).filter(|value| !value.is_empty())
    }

    /// Takes a parameter that must be there.
    pub(crate) fn req(&self, name: &str) -> Result<String, ApiError> {
        self.opt(name)
            .ok_or_else(|| ApiError::missing(self.path(name)))
    }

    /// Takes a truth value.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.opt(name).as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(ApiError::bad_value(
                other,
                &self.path(name),
                "Expected 'true' or 'false'.",
            )),
        }
    }

    /// Takes a whole number.
    pub(crate) fn number<N: FromStr>(&self, name: &str) -> Result<Option<N>, ApiError> {
        let Some(text) = self.opt(name) else {
            return Ok(None);
        };
        let number = text.parse().ok();
        number
            .map(Some)
            .ok_or_else(|| ApiError::bad_value(&text, &self.path(name), "Expected a number."))
    }

    /// Takes a list of plain values in the order of their numbers.
    pub(crate) fn strings(&self, name: &str) -> Vec<String> {
        let list = self.section(name);
        list.numbers()
            .into_iter()
            .filter_map(|n| list.opt(&n.to_string()))
            .collect()
    }

    /// The members of a list of structures in the order of their numbers.
    pub(crate) fn structs(&self, name: &str) -> Vec<Params> {
        let list = self.section(name);
        list.numbers()
            .into_iter()
            .map(|n| list.section(&n.to_string()))
            .collect()
    }

    /// The parameters below a name.
    pub(crate) fn section(&self, name: &str) -> Params {
        Params {
            left: Rc::clone(&self.left),
            prefix: format!("{}.", self.path(name)),
        }
    }

    /// Whether anything below this point is left.
    pub(crate) fn is_empty(&self) -> bool {
        let left = self.left.borrow();
        let next = left.range(self.prefix.clone()..).next();
        next.is_none_or(|(key, _)| !key.starts_with(&self.prefix))
    }

    /// Takes a parameter and all below it that the sandbox knows and that has no effect here.
    pub(crate) fn accept(&self, name: &str) {
        let path = self.path(name);
        let below = format!("{path}.");
        self.left
            .borrow_mut()
            .retain(|key, _| *key != path && !key.starts_with(&below));
    }

    /// Refuses what nobody has taken.
    pub(crate) fn finish(&self) -> Result<(), ApiError> {
        match self.left.borrow().keys().next() {
            Some(stranger) => Err(ApiError::unknown_parameter(stranger)),
            None => Ok(()),
        }
    }

    /// The whole name of a parameter below this point.
    pub(crate) fn path(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn numbers(&self) -> BTreeSet<u32> {
        let left = self.left.borrow();
        let below = left
            .range(self.prefix.clone()..)
            .map_while(|(key, _)| key.strip_prefix(&self.prefix));
        below
            .filter_map(|rest| rest.split('.').next()?.parse().ok())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(form: &str) -> Params {
        Params::new(decode_form(form.as_bytes()))
    }

    #[test]
    fn lists_come_in_the_order_of_their_numbers() {
        let ids: String = (1..=12).rev().map(|n| format!("Id.{n}=v{n}&")).collect();
        let taken = params(ids.trim_end_matches('&')).strings("Id");
        assert_eq!(taken[..3], ["v1", "v2", "v3"]);
        assert_eq!(taken[11], "v12");
    }

    #[test]
    fn structures_share_what_is_left() {
        let params = params("Tag.1.Key=a&Tag.1.Value=b%20c&Tag.2.Key=d&Tag.2.Valeu=e");
        let tags = params.structs("Tag");
        assert_eq!(tags[0].opt("Key").as_deref(), Some("a"));
        assert_eq!(tags[0].opt("Value").as_deref(), Some("b c"));
        assert_eq!(tags[1].opt("Key").as_deref(), Some("d"));
        let error = params.finish().unwrap_err();
        assert_eq!(error.message, "The parameter Tag.2.Valeu is not recognized");
    }

    #[test]
    fn a_truth_value_is_true_or_false() {
        assert_eq!(params("A=true").flag("A"), Ok(Some(true)));
        assert_eq!(
            params("A=yes").flag("A").unwrap_err().code,
            "InvalidParameterValue"
        );
    }

    #[test]
    fn a_section_knows_whether_it_is_empty() {
        let params = params("Ebs.VolumeSize=1&Ebsx=2");
        assert!(!params.section("Ebs").is_empty());
        params.section("Ebs").opt("VolumeSize");
        assert!(params.section("Ebs").is_empty());
    }
}
