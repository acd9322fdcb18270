//! Starts the command.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use super::confine::confine;
use super::plan::{Means, Plan, Word};
use super::terminal;
use super::user::User;
use crate::channel::Channel;
use crate::fault::{Because, Result, words};
use crate::kernel;
use crate::protocol::{Ended, Fault, FaultKind};

/// Where commands are looked for, unless the caller says otherwise: as for root in Debian.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The command runs, or why it does not.
pub(crate) enum Start {
    Running(Child),
    Not(Ended),
}

/// Starts the command in the build root, in which we are.
pub(crate) fn start(plan: &Plan, mut means: Means, channel: &Channel) -> Result<Start> {
    let user = User::find(plan.user.as_deref())?;
    give_terminal(plan, &mut means, &user, channel)
        .because(FaultKind::Host, || "a terminal".to_owned())?;
    let environment = environment(plan, &user);
    std::env::set_current_dir(&plan.directory).because(FaultKind::Refused, || {
        format!("the directory {} in the image", plan.directory.display())
    })?;
    let program = match find(&plan.command[0], &environment) {
        Ok(program) => program,
        Err(ended) => return Ok(Start::Not(ended)),
    };
    let mut command = Command::new(&program);
    command.args(&plan.command[1..]);
    command.env_clear().envs(environment);
    let [stdin, stdout, stderr] = means.stdio;
    command.stdin(stdin).stdout(stdout).stderr(stderr);
    // What goes wrong before the command is its own program is our failure, not the command's.
    let (mut failure, failed) = io::pipe().because(FaultKind::Host, || "a pipe".to_owned())?;
    let (groups, users) = (means.groups, means.users);
    let (terminal, network) = (plan.terminal.is_some(), plan.network);
    kernel::before_exec(&mut command, move || {
        prepare(&groups, terminal)
            .and_then(|()| confine(&user, users.as_ref(), network))
            .inspect_err(|error| {
                // The parent gets the error's number in any case.
                let _ = (&failed).write_all(words(error).as_bytes());
            })
    });
    // Told before it is so: who stops the build once the command can have done something must not
    // hear that it never began. A signal that comes in between is passed on to it.
    channel
        .send(&Word::Started, &[])
        .because(FaultKind::Host, || "the helper".to_owned())?;
    let result = command.spawn();
    // With it goes our copy of the pipe's writing end.
    drop(command);
    let error = match result {
        Ok(child) => return Ok(Start::Running(child)),
        Err(error) => error,
    };
    let mut said = String::new();
    let _ = io::Read::read_to_string(&mut failure, &mut said);
    if said.is_empty() {
        return Ok(Start::Not(ended(&error, &program)));
    }
    let message = format!("the command cannot be confined: {said}");
    Err(Fault::new(FaultKind::Host, message))
}

/// Gives the command a terminal of its own, and the tool its other end.
fn give_terminal(plan: &Plan, means: &mut Means, user: &User, channel: &Channel) -> io::Result<()> {
    let Some(size) = plan.terminal else {
        return Ok(());
    };
    let owner = plan.root_user.saturating_add(user.user);
    if let Some(near) = terminal::replace(&mut means.stdio, size, owner)? {
        channel.send(&Word::Terminal, &[near.as_fd()])?;
    }
    Ok(())
}

/// In the child, before it becomes the command.
fn prepare(groups: &[OwnedFd], terminal: bool) -> io::Result<()> {
    // A session of its own: it cannot put words into the caller's terminal, and one signal reaches
    // what it started.
    rustix::process::setsid()?;
    if terminal {
        terminal::control()?;
    }
    for group in groups {
        // Whoever writes 0 means itself. It must be one write.
        File::from(group.try_clone()?).write_all(b"0")?;
    }
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    Ok(())
}

/// A small environment: nothing of the caller's but what it names.
fn environment(plan: &Plan, user: &User) -> Vec<(OsString, OsString)> {
    let mut variables: Vec<(OsString, OsString)> = [
        ("PATH", PATH),
        ("HOME", &user.home),
        ("USER", &user.name),
        ("LOGNAME", &user.name),
        ("LANG", "C.UTF-8"),
        // systemctl, and what packages run of systemd, then only change files.
        ("SYSTEMD_OFFLINE", "1"),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| (name.into(), value.into()))
    .collect();
    variables.extend(plan.environment.iter().cloned());
    variables
}

/// Finds a command as a shell would: what contains a slash is a path, all else is looked for.
fn find(name: &OsStr, environment: &[(OsString, OsString)]) -> std::result::Result<PathBuf, Ended> {
    if name.as_encoded_bytes().contains(&b'/') {
        return Ok(PathBuf::from(name));
    }
    let path = environment.iter().rfind(|(name, _)| name == "PATH");
    let path = path.map_or(OsStr::new(PATH), |(_, value)| value);
    let mut refused = None;
    for directory in std::env::split_paths(path) {
        let candidate = directory.join(name);
        match std::fs::metadata(&candidate) {
            Ok(metadata) if metadata.is_file() && is_executable(&metadata) => return Ok(candidate),
            Ok(metadata) if metadata.is_file() => {
                refused = Some(Ended::CannotRun("Permission denied".to_owned()));
            }
            Ok(_) | Err(_) => {}
        }
    }
    Err(refused.unwrap_or(Ended::NotFound))
}

fn is_executable(metadata: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0
}

/// What the kernel does not find may be what the file names (execve(2), ENOENT).
fn ended(error: &io::Error, program: &Path) -> Ended {
    match error.kind() {
        io::ErrorKind::NotFound if program.exists() => Ended::NoInterpreter,
        io::ErrorKind::NotFound => Ended::NotFound,
        _ => Ended::CannotRun(words(error)),
    }
}
