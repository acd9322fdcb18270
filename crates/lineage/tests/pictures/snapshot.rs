//! Pictures that are kept as files beside the tests.

use std::path::Path;

/// Compares a picture with the one that is kept. With `REWRITE_PICTURES` in the environment it is
/// kept instead, to be looked at before it is committed.
#[track_caller]
pub fn assert_kept(file: &str, picture: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(file);
    if std::env::var_os("REWRITE_PICTURES").is_some() {
        std::fs::write(&path, picture).expect("a picture is kept");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(picture, kept, "{file}");
}
