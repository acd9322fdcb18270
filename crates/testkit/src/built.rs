//! Where the built tools are.

use std::path::{Path, PathBuf};

/// The variable that names the directory of an installed build.
const INSTALLED: &str = "AMI_TEST_INSTALLED";

/// The directory of the tools: that of an installed build, or the one above the test binary's `deps`.
pub(crate) fn directory() -> PathBuf {
    if let Some(installed) = std::env::var_os(INSTALLED) {
        return installed.into();
    }
    let test = std::env::current_exe().unwrap_or_else(|e| panic!("where is the test binary: {e}"));
    let deps = test.parent().unwrap_or(Path::new("."));
    // Documentation tests and examples lie elsewhere; they have no tools beside them.
    let parent = deps.parent().filter(|_| deps.ends_with("deps"));
    parent.unwrap_or(deps).to_owned()
}

/// The path of a tool.
pub(crate) fn path_of(name: &str) -> PathBuf {
    let path = directory().join(name);
    assert!(
        path.is_file(),
        "{name} is not built: there is no {}. Run `cargo build --workspace` first (with the same \
         profile), or set {INSTALLED} to the directory of an installed build.",
        path.display()
    );
    path
}
