//! The directory on the node, and the connection that holds it.
//!
//! A shell on the node makes it and waits. When the connection ends without a word the shell removes
//! the directory, so that nothing stays whatever happens to this side; and it does so too where the
//! program in it was killed.

use std::time::Duration;

use ami_core::app::Context;
use ami_core::error::{Error, Kind};
use ami_core::escape::escape;
use ami_registration::until_stopped;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::ChildStdout;

use super::phases::{Phase, Phases};
use super::ssh::{Running, Ssh};

/// What its answers begin with: a login shell may print as well.
const MARK: &str = "ami-bundle-node:";
/// How long the node may take to remove the directory.
const REMOVAL: Duration = Duration::from_secs(60);

/// A function of the shell that removes what it is called with, as root where that is needed. A
/// program that is just ending may still write there.
const REMOVE: &str = "remove() { n=0; while [ -e \"$1\" ] && [ $n -lt 30 ]; do \
    rm -rf -- \"$1\" 2>/dev/null || sudo -n rm -rf -- \"$1\" 2>/dev/null; \
    if [ -e \"$1\" ]; then sleep 1; fi; n=$((n+1)); done; [ -e \"$1\" ] || echo MARK gone; }";

/// Makes one. What is said when nobody listens any more must not end the shell.
const MAKE: &str = "umask 077; d=; for t in /var/tmp /tmp; do \
    d=$(mktemp -d \"$t/ami-bundle.XXXXXXXXXX\" 2>/dev/null) && break; done; \
    if [ -z \"$d\" ]; then echo \"no directory can be made in /var/tmp or /tmp\" >&2; exit 1; fi; \
    trap \"\" PIPE; trap \"trap : HUP INT TERM; remove \\\"$d\\\"; exit 1\" HUP INT TERM; \
    echo MARK at $(id -u) $(uname -m) \"$d\"; word=; read -r word; \
    if [ \"$word\" != keep ]; then remove \"$d\"; fi";

/// Finds those that were left there earlier.
const FIND: &str = "trap \"\" PIPE; all=; for d in /var/tmp/ami-bundle.?????????? /tmp/ami-bundle.??????????; do \
    if [ -d \"$d\" ] && [ -O \"$d\" ] && [ ! -L \"$d\" ]; then all=\"$all $d\"; fi; done; \
    for d in $all; do echo MARK at $(id -u) $(uname -m) \"$d\"; done; echo MARK end; \
    word=; read -r word; if [ \"$word\" = remove ]; then for d in $all; do remove \"$d\"; done; fi";

/// The directory.
pub(super) struct Place {
    /// Its path.
    pub(super) directory: String,
    /// The kernel's word for the processor.
    pub(super) machine: String,
    is_root: bool,
    is_new: bool,
    /// How many were found; one that is new is one.
    count: usize,
    running: Running,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Place {
    /// Makes one if something is installed, and else finds the one that is there. None when the tool
    /// was stopped.
    pub(super) async fn open(
        context: &Context,
        ssh: &Ssh,
        phases: &Phases,
    ) -> Result<Option<Self>, Error> {
        let is_new = phases.has(Phase::Install);
        let opened = until_stopped(context, Self::start(ssh, is_new)).await;
        let place = opened.transpose()?;
        if let Some(place) = &place {
            let needs_one = [Phase::Configure, Phase::Bundle, Phase::Upload];
            if place.count != 1 && phases.has_any(&needs_one) {
                let what = match place.count {
                    0 => "nothing is installed on the node",
                    _ => "several bundles were begun on the node",
                };
                let error = Error::new(Kind::NotFound, what).of(&ssh.host);
                return Err(error.hint(
                    "--phase install begins one, --phase cleanup removes all that were begun by this user",
                ));
            }
        }
        Ok(place)
    }

    async fn start(ssh: &Ssh, is_new: bool) -> Result<Self, Error> {
        let main = if is_new { MAKE } else { FIND };
        let script = format!("{REMOVE}; {main}").replace("MARK", MARK);
        let mut running = ssh.start(&format!("exec sh -c '{script}'"))?;
        let stdout = running.child.stdout.take();
        let stdout = stdout.ok_or_else(|| Error::failed("ssh has no output"))?;
        let mut place = Self {
            directory: String::new(),
            machine: String::new(),
            is_root: false,
            is_new,
            count: 0,
            running,
            lines: BufReader::new(stdout).lines(),
        };
        loop {
            let Some(answer) = place.answer().await else {
                let status = place.running.end().await?;
                return Err(ssh.failed(&place.running, status));
            };
            let words: Vec<&str> = answer.split(' ').collect();
            match words.as_slice() {
                ["at", user, machine, directory] => {
                    if !is_ours(directory) {
                        let what = "the node names a directory that is not the tool's";
                        return Err(Error::failed(what).of(&ssh.host));
                    }
                    place.is_root = *user == "0";
                    place.machine = escape(machine);
                    place.directory = (*directory).to_owned();
                    place.count += 1;
                    if is_new {
                        return Ok(place);
                    }
                }
                ["end"] => return Ok(place),
                _ => {}
            }
        }
    }

    /// The next answer; none at the end.
    async fn answer(&mut self) -> Option<String> {
        while let Ok(Some(line)) = self.lines.next_line().await {
            if let Some(answer) = line.strip_prefix(MARK) {
                return Some(answer.trim().to_owned());
            }
        }
        None
    }

    /// A command as root.
    pub(super) fn as_root(&self, command: &str) -> String {
        match self.is_root {
            true => command.to_owned(),
            false => format!("sudo -n {command}"),
        }
    }

    /// Ends the connection. The directory stays if `stays`; else it is removed if this run has made
    /// it or is there to remove it.
    pub(super) async fn close(
        mut self,
        context: &Context,
        ssh: &Ssh,
        stays: bool,
        is_right: bool,
    ) -> Result<(), Error> {
        let removes = !stays && (self.is_new || is_right);
        context.interrupt.begin_undoing();
        let word: &[u8] = if removes { b"remove\n" } else { b"keep\n" };
        if let Some(mut stdin) = self.running.child.stdin.take() {
            // Where it is gone the shell there has noticed, and does what it does without a word.
            let _ = stdin.write_all(word).await;
            let _ = stdin.shutdown().await;
        }
        let ending = async {
            let mut gone = 0;
            while let Some(answer) = self.answer().await {
                gone += usize::from(answer == "gone");
            }
            gone
        };
        let gone = tokio::time::timeout(REMOVAL, ending).await;
        if !removes || gone == Ok(self.count) {
            return Ok(());
        }
        // A last attempt, over a connection of its own.
        let directory = &self.directory;
        let again = format!("{}; remove {directory}", REMOVE.replace("MARK", MARK));
        let again = format!("exec sh -c '{again}'");
        let again = tokio::time::timeout(REMOVAL, ssh.run(&again, b"")).await;
        if matches!(&again, Ok(Ok(text)) if text.contains("gone")) {
            return Ok(());
        }
        context.progress.insist(&format!(
            "{directory} may still be on {0}; remove it there: sudo rm -rf {directory}",
            escape(&ssh.host)
        ));
        Err(Error::failed("the node could not be cleaned up").of(&ssh.host))
    }
}

/// Is it a directory as `mktemp` makes them for us? It is used in commands and removed as a whole.
fn is_ours(path: &str) -> bool {
    let name = ["/var/tmp/ami-bundle.", "/tmp/ami-bundle."];
    let ending = name.iter().find_map(|start| path.strip_prefix(start));
    ending.is_some_and(|ending| {
        ending.len() == 10 && ending.bytes().all(|letter| letter.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::{FIND, MAKE, REMOVE, is_ours};

    #[test]
    fn only_our_own_directory_is_used_in_commands() {
        assert!(is_ours("/var/tmp/ami-bundle.aB3dE6gH9z"));
        for path in [
            "/",
            "/var/tmp",
            "/var/tmp/ami-bundle.aB3dE6gH9",
            "/var/tmp/ami-bundle.aB3dE6gH9;",
            "/var/tmp/ami-bundle.aB3dE6gH9z/..",
            "/home/ami-bundle.aB3dE6gH9z",
        ] {
            assert!(!is_ours(path), "{path}");
        }
    }

    #[test]
    fn scripts_can_be_quoted_for_any_shell() {
        for script in [REMOVE, MAKE, FIND] {
            assert!(!script.contains(['\'', '\n']), "{script}");
        }
    }
}
