//! What was typed, after the strict pass: the typed values that a tool asks for by name.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt::Display;

use crate::parse::Usage;
use crate::spec::{Opt, Spec, Verb};

/// Options and operands of one call, each already known to be in the tool's table.
#[derive(Debug)]
pub struct Args {
    pub(crate) spec: &'static Spec,
    pub(crate) verb: Option<&'static Verb>,
    pub(crate) given: Vec<Given>,
    pub(crate) operands: Vec<OsString>,
    pub(crate) separator: Option<usize>,
    /// Which options the tool has asked for, so that one which it forgot is found by its tests.
    pub(crate) read: RefCell<BTreeSet<&'static str>>,
}

/// One option as it was typed.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) opt: &'static Opt,
    pub(crate) value: Option<OsString>,
}

impl Args {
    /// The table that the arguments were read by.
    pub fn spec(&self) -> &'static Spec {
        self.spec
    }

    /// The verb that was typed, for tools with verbs.
    pub fn verb(&self) -> Option<&'static str> {
        self.verb.map(|verb| verb.name)
    }

    /// The words beside the options, untouched.
    pub fn operands(&self) -> &[OsString] {
        &self.operands
    }

    /// How many operands stood before `--`, when that was typed.
    pub fn separator(&self) -> Option<usize> {
        self.separator
    }

    /// Does the tool's table have the option?
    pub fn knows(&self, long: &str) -> bool {
        self.all_options().any(|opt| opt.long == long)
    }

    /// Was the flag given?
    ///
    /// # Panics
    /// When the tool's table has no such option: a mistake in the tool, found by its first test.
    pub fn flag(&self, long: &str) -> bool {
        let opt = self.option(long);
        self.given.iter().any(|given| given.opt == opt)
    }

    /// The value of an option, converted by `convert`, whose error says what is wrong with it.
    ///
    /// # Errors
    /// A value that is not text, or that `convert` refuses.
    ///
    /// # Panics
    /// As [`flag`](Self::flag).
    pub fn value<T, E: Display>(
        &self,
        long: &str,
        convert: fn(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Usage> {
        Ok(self.values(long, convert)?.pop())
    }

    /// The values of an option that may be repeated, in their order.
    ///
    /// # Errors
    /// As [`value`](Self::value).
    ///
    /// # Panics
    /// As [`flag`](Self::flag).
    pub fn values<T, E: Display>(
        &self,
        long: &str,
        convert: fn(&str) -> Result<T, E>,
    ) -> Result<Vec<T>, Usage> {
        let opt = self.option(long);
        self.given
            .iter()
            .filter(|given| given.opt == opt)
            .filter_map(|given| given.value.as_ref())
            .map(|value| convert_one(opt, value, convert))
            .collect()
    }

    /// Options of the table that the tool has not asked for by now.
    pub fn unread(&self) -> Vec<&'static str> {
        let read = self.read.borrow();
        self.all_options()
            .map(|opt| opt.long)
            .filter(|long| !read.contains(long) && !["help", "version"].contains(long))
            .collect()
    }

    fn all_options(&self) -> impl Iterator<Item = &'static Opt> {
        let verbs = self.verb.into_iter().flat_map(Verb::options);
        self.spec.options().chain(verbs)
    }

    fn option(&self, long: &str) -> &'static Opt {
        let opt = self
            .all_options()
            .find(|opt| opt.long == long)
            .unwrap_or_else(|| panic!("{} has no option --{long}", self.spec.name));
        self.read.borrow_mut().insert(opt.long);
        opt
    }
}

/// Hands pico-args one option and one value that already belong together, so that it cannot take
/// a value for an option or strip what it believes to be quotes.
fn convert_one<T, E: Display>(
    opt: &Opt,
    value: &OsString,
    convert: fn(&str) -> Result<T, E>,
) -> Result<T, Usage> {
    let mut pair =
        pico_args::Arguments::from_vec(vec![OsString::from("--value"), value.to_owned()]);
    pair.value_from_fn("--value", convert)
        .map_err(|error| match error {
            pico_args::Error::Utf8ArgumentParsingFailed { cause, .. } => {
                Usage::new(format!("--{}: {cause}", opt.long))
            }
            _ => Usage::new(format!(
                "--{}: the value is not text in UTF-8: '{}'",
                opt.long,
                value.to_string_lossy().escape_debug()
            )),
        })
}
