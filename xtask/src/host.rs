//! What this machine has for tasks that not every machine can do.

use std::env;
use std::path::PathBuf;

use nix::unistd::geteuid;

/// May this process mount file systems, and make devices?
pub fn is_root() -> bool {
    geteuid().is_root()
}

/// Is there a program of this name on `PATH`?
pub fn has(program: &str) -> bool {
    find(program).is_some()
}

/// The program of this name on `PATH`.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut places = env::split_paths(&path).map(|directory| directory.join(program));
    places.find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::has;

    #[test]
    fn programs_are_looked_for_on_the_path() {
        assert!(has("sh"));
        assert!(!has("no-such-program"));
    }
}
