//! Whether what was made is right: what cannot be opened again is quickly made.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{MANIFEST, empty, keys};
use crate::workspace::shown;

/// Opens a bundle in the directory `$0` by what none of the measured programs is made of. Its key is in
/// `$1`.
const OPEN: &str = "\
cat \"$0\"/*.part.* | openssl enc -d -aes-128-cbc -K \"$(cat \"$1\"/key)\" -iv \"$(cat \"$1\"/iv)\" |
  gunzip | tar -x -S -C opened";
const COMPARE: &str = "cmp disk.img \"$0\"/disk.img";

/// Compares a bundle with the disk. A bundle with a manifest has to be encrypted as that says. Gives the
/// size of its parts, in bytes.
pub fn bundle(directory: &Path, name: &str) -> Result<u64, String> {
    let place = directory.join(name);
    let manifest = place.join(MANIFEST);
    let key = match manifest.is_file() {
        true => {
            keys::of_manifest(directory, &manifest)?.write(&place)?;
            name
        }
        // The peer's.
        false => ".",
    };
    let opened = directory.join("opened");
    empty(&opened)?;
    shell(directory, OPEN, &[name, key])?;
    shell(directory, COMPARE, &["opened"])?;
    fs::remove_dir_all(&opened).map_err(|error| format!("{}: {error}", opened.display()))?;
    size(&place).map_err(|error| format!("{}: {error}", place.display()))
}

/// Compares what was in a bundle with what was put into it.
pub fn disk(directory: &Path) -> Result<(), String> {
    shell(directory, COMPARE, &["made"])
}

/// Runs a script in the directory.
fn shell(directory: &Path, script: &str, words: &[&str]) -> Result<(), String> {
    let mut command = Command::new("sh");
    let output = command
        .current_dir(directory)
        .args(["-ec", script])
        .args(words)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("sh: {error}"))?;
    match shown(output.status) {
        0 => Ok(()),
        _ => {
            let mut why = String::from_utf8_lossy(&output.stdout).into_owned();
            why.push_str(&String::from_utf8_lossy(&output.stderr));
            Err(format!("what was made is wrong: {}", why.trim_end()))
        }
    }
}

/// What the parts take together.
fn size(directory: &Path) -> std::io::Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().contains(".part.") {
            sum += entry.metadata()?.len();
        }
    }
    Ok(sum)
}
