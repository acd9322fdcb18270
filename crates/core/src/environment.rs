//! The environment, as the SDK can bear it.

use std::ffi::OsString;

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
