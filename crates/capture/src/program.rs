//! Programs that are run: each ends with us, and with it whatever it started.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Read, Seek};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::mount::{MountFlags, mount, mount_bind};
use rustix::thread::UnshareFlags;

use crate::error::Because;
use crate::{Error, Watch, kernel};

/// Where programs for administrators are, which users' paths often leave out.
const PLACES: [&str; 6] = [
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
];
/// The image, for a program whose standard input it is: such a file needs no name.
pub(crate) const STDIN: &str = "/proc/self/fd/0";

/// Where a program is, if it is installed.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let users = std::env::split_paths(&path).filter(|place| place.is_absolute());
    let mut places = users.chain(PLACES.iter().map(PathBuf::from));
    places.find_map(|place| Some(place.join(name)).filter(|path| is_program(path)))
}

/// Is it a file that can be run?
pub(crate) fn is_program(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|known| known.is_file() && known.permissions().mode() & 0o111 != 0)
}

/// What a program of a file system can see of this machine's disks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// All.
    Disks,
    /// None of those that libblkid would list. `btrfstune` refuses a UUID that is in use, as the
    /// volume's is: but not here, and not at the same time.
    NoDisks,
}

/// Runs one of the file system's programs on a file. Exit codes in `fine` count as success.
pub(crate) fn run_on(
    file: &File,
    name: &str,
    arguments: &[&str],
    fine: &[i32],
    watch: &Watch<'_>,
) -> Result<(), Error> {
    run_seeing(Sight::Disks, file, name, arguments, fine, watch)
}

/// The same, for a program that must not look at disks.
pub(crate) fn run_seeing(
    sight: Sight,
    file: &File,
    name: &str,
    arguments: &[&str],
    fine: &[i32],
    watch: &Watch<'_>,
) -> Result<(), Error> {
    let path = find(name).ok_or_else(|| Error::failed(format!("{name} is not installed")))?;
    let mut said: File = memfd_create("said", MemfdFlags::CLOEXEC)
        .because(|| name)?
        .into();
    let mut command = Command::new(path);
    command.args(arguments);
    command.env_clear().env("LC_ALL", "C");
    command.env("PATH", PLACES.join(":"));
    command.env("BLKID_FILE", "/dev/null");
    command.stdin(file.try_clone().because(|| name)?);
    command.stdout(Stdio::null());
    command.stderr(said.try_clone().because(|| name)?);
    let status = run(command, name, sight, watch)?;
    if status.success() || status.code().is_some_and(|code| fine.contains(&code)) {
        return Ok(());
    }
    let mut text = Vec::new();
    said.rewind().because(|| name)?;
    said.take(16 << 10)
        .read_to_end(&mut text)
        .because(|| name)?;
    Err(Error::failed(format!(
        "{name}: {}",
        summary(&String::from_utf8_lossy(&text), status)
    )))
}

/// Runs the user's script; what it says goes to standard error.
pub(crate) fn run_script(path: &Path, mount_point: &Path, watch: &Watch<'_>) -> Result<(), Error> {
    let name = format!("script {}", path.display());
    let mut command = Command::new(path);
    command.arg(mount_point).stdin(Stdio::null());
    let stderr = rustix::stdio::stderr()
        .try_clone_to_owned()
        .because(|| &name)?;
    command.stdout(stderr);
    for (variable, _) in std::env::vars_os().filter(|(name, _)| is_credential(name)) {
        command.env_remove(variable);
    }
    let status = run(command, &name, Sight::Disks, watch)?;
    match status.success() {
        true => Ok(()),
        false => Err(Error::failed(format!("{name}: {status}"))),
    }
}

/// The tool's credentials are none of the script's.
fn is_credential(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b"AWS_")
}

/// What a program that failed said, on one line.
fn summary(said: &str, status: ExitStatus) -> String {
    let lines: Vec<&str> = said
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    match lines.is_empty() {
        true => status.to_string(),
        false => lines.join("; "),
    }
}

/// Runs it as the first process of a PID namespace, so that the kernel ends with it whatever it
/// started. Such a namespace is for all future children of a thread: hence one of its own.
fn run(
    mut command: Command,
    name: &str,
    sight: Sight,
    watch: &Watch<'_>,
) -> Result<ExitStatus, Error> {
    kernel::die_with_parent(&mut command);
    let program: OsString = command.get_program().to_owned();
    let run = || {
        // Where there are no such namespaces, what a program leaves running is the user's.
        let _ = kernel::unshare(UnshareFlags::NEWPID);
        if sight == Sight::NoDisks {
            hide_disks().because(|| "hiding disks")?;
        }
        let child = command.spawn().because(|| program.to_string_lossy())?;
        wait(child, watch)
    };
    std::thread::scope(|scope| match scope.spawn(run).join() {
        Ok(result) => result,
        Err(_) => Err(Error::failed(format!("{name}: a thread broke down"))),
    })
}

/// Covers the two places where libblkid finds disks (libblkid/src/devname.c), for this thread only.
fn hide_disks() -> std::io::Result<()> {
    kernel::unshare(UnshareFlags::NEWNS)?;
    mount_bind("/dev/null", "/proc/partitions")?;
    Ok(mount("tmpfs", "/sys", "tmpfs", MountFlags::RDONLY, None)?)
}

fn wait(mut child: Child, watch: &Watch<'_>) -> Result<ExitStatus, Error> {
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait().because(|| "waiting for a program")? {
            return Ok(status);
        }
        if watch.stopped() {
            // It is gone already, or goes now.
            let _ = child.kill();
            let _ = child.wait();
            return Err(Error::stopped());
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}
