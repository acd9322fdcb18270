//! Volumes of the sandbox as block devices of this machine, for what builds on them.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::host;

/// Runs the sandbox on a directory for its devices, and tells where that is by the variable that leads
/// `ami-chroot` there. Nobody but its owner can change what is in the directory.
///
/// This shell is what removes the directory, because it outlives the task, however that ends: the
/// sandbox ends when nobody holds its standard input any more, takes its loop devices with it, and the
/// shell goes on.
const SCRIPT: &str = "\
directory=$(mktemp -d) || exit
printf 'AMI_CHROOT_DEVICES_AT=%s\\n' \"$directory\"
\"$0\" --devices \"$directory\"
status=$?
rm -rf \"$directory\"
exit $status";

/// Why volumes cannot be block devices here; nothing where they can.
pub fn missing() -> Option<&'static str> {
    if !host::is_root() {
        return Some("needs root");
    }
    // It asks the kernel for a device that is free, and takes none.
    let free = Command::new("losetup")
        .arg("--find")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match free {
        Ok(status) if status.success() => None,
        _ => Some("needs loop devices"),
    }
}

/// The sandbox with devices.
pub fn with_directory(program: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", SCRIPT]).arg(program);
    command
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::{Command, Stdio};

    use super::with_directory;

    #[test]
    fn the_directory_is_named_and_goes_with_the_program() {
        // It prints what it is given.
        let mut command = with_directory(Path::new("echo"));
        let output = command.stdin(Stdio::null()).output().expect("a shell");
        let text = String::from_utf8(output.stdout).expect("text");
        let mut lines = text.lines();
        let named = lines
            .next()
            .and_then(|line| line.strip_prefix("AMI_CHROOT_DEVICES_AT="));
        let directory = named.expect("a variable");
        assert_eq!(lines.next(), Some(&*format!("--devices {directory}")));
        assert!(!Path::new(directory).exists(), "{directory}");
    }

    #[test]
    fn the_programs_status_is_passed_on() {
        let status = |program: &str| -> Option<i32> {
            let mut command: Command = with_directory(Path::new(program));
            let output = command.stderr(Stdio::null()).output();
            output.expect("a shell").status.code()
        };
        assert_eq!((status("true"), status("false")), (Some(0), Some(1)));
    }
}
