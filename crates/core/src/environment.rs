//! The environment, as the SDK can bear it.

use std::ffi::OsString;

use crate::error::Error;

/// The value of a variable, if it is set to anything.
///
/// # Errors
/// A value that is not text; taking it for unset would send calls elsewhere than was meant.
pub(crate) fn variable(name: &str) -> Result<Option<String>, Error> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(Error::usage(format!(
            "{name} in the environment is not text in UTF-8"
        ))),
    }
}

/// The first of several variables that is set, and its name.
///
/// # Errors
/// As [`variable`].
pub(crate) fn first_variable(
    names: &[&'static str],
) -> Result<Option<(&'static str, String)>, Error> {
    for name in names {
        if let Some(value) = variable(name)? {
            return Ok(Some((name, value)));
        }
    }
    Ok(None)
}

/// Removes `AWS_*` variables that are set to nothing. To most AWS clients and to the scripts that
/// set them so they mean "not set"; the Rust SDK takes them at their word, and panics at an empty
/// endpoint.
pub(crate) fn drop_empty_variables() {
    let empty: Vec<OsString> = std::env::vars_os()
        .filter(|(name, value)| value.is_empty() && name.to_string_lossy().starts_with("AWS_"))
        .map(|(name, _)| name)
        .collect();
    for name in empty {
        remove(&name);
    }
}

#[expect(unsafe_code, reason = "the SDK reads the process's own environment")]
fn remove(name: &OsString) {
    // SAFETY: this runs first thing in `app::main`, before any other thread exists that could
    // read the environment at the same time.
    unsafe { std::env::remove_var(name) }
}
