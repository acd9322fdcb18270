//! The directory on the node, and the connection that holds it.
//!
//! A shell on the node makes it and waits. When the connection ends without a word the shell removes
//! the directory, so that nothing stays whatever happens to this side; and it does so too where the
//! program in it was killed.

use std::time::Duration;

use ami_bundle_node::protocol::SILENCE;
use ami_core::app::Context;
use ami_core::error::{Error, Kind};
use ami_core::escape::escape;
use ami_registration::until_stopped;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::ChildStdout;

use super::launch::switch::{ARM, LAST};
use super::phases::{Phase, Phases};
use super::pulse::Pulse;
use super::ssh::{FIRST, Running, Ssh};

/// What its answers begin with: a login shell may print as well.
const MARK: &str = "ami-bundle-node:";
/// How long the node may take to remove the directory.
const REMOVAL: Duration = Duration::from_secs(60);

/// A function of the shell that removes what it is called with, as root where that is needed. A
/// program that is just ending may still write there.
const REMOVE: &str = "remove() { n=0; while [ -e \"$1\" ] && [ $n -lt 30 ]; do \
    rm -rf -- \"$1\" 2>/dev/null || sudo -n rm -rf -- \"$1\" 2>/dev/null; \
    if [ -e \"$1\" ]; then sleep 1; fi; n=$((n+1)); done; [ -e \"$1\" ] || echo MARK gone; }";

/// A function that waits for a word of the tool, or for the end of its signs of life: a network that is
/// gone closes no connection. A node without timeout(1) notices that later, when TCP does. Every ten
/// minutes it does what there is to be done while the tool is there.
pub(in crate::node) const HEAR: &str = "hear() { limit=; if command -v timeout >/dev/null; then limit=\"timeout SILENCE\"; fi; \
    b=0; word=alive; while [ \"$word\" = alive ]; do if [ $((b % 40)) = 0 ]; then beat; fi; b=$((b+1)); \
    word=$($limit sh -c \"read -r word; echo \\\"\\$word\\\"\"); done; }";

/// What the shell does in between and last, on a node that stays.
const LEAVE: &str = "beat() { :; }; last() { remove \"$d\"; }";

/// Makes one, where programs may be run: a hardened system allows that in few places. What is said when
/// nobody listens any more must not end the shell.
const MAKE: &str = "umask 077; d=; for t in /var/tmp /tmp \"$HOME\"; do \
    d=$(mktemp -d \"$t/ami-bundle.XXXXXXXXXX\" 2>/dev/null) || continue; \
    echo \"#!/bin/sh\" > \"$d/try\"; chmod 700 \"$d/try\"; \
    if \"$d/try\" 2>/dev/null; then rm \"$d/try\"; break; fi; rm -rf \"$d\"; d=; done; \
    if [ -z \"$d\" ]; then echo \"no directory can be made in /var/tmp, /tmp or $HOME that programs may be run from\" >&2; exit 1; fi; \
    trap \"\" PIPE; trap \"trap : HUP INT TERM; last; exit 1\" HUP INT TERM; \
    echo MARK at $(id -u) $(uname -m) \"$d\"";

/// Holds it until a word comes, or the end.
pub(in crate::node) const HOLD: &str = "hear; if [ \"$word\" != keep ]; then last; fi";

/// Finds those that were left there earlier.
const FIND: &str = "trap \"\" PIPE; all=; for d in /var/tmp/ami-bundle.?????????? /tmp/ami-bundle.?????????? \
    \"$HOME\"/ami-bundle.??????????; do \
    if [ -d \"$d\" ] && [ -O \"$d\" ] && [ ! -L \"$d\" ]; then all=\"$all $d\"; fi; done; \
    for d in $all; do echo MARK at $(id -u) $(uname -m) \"$d\"; done; echo MARK end; \
    hear; if [ \"$word\" = remove ]; then for d in $all; do remove \"$d\"; done; fi";

/// The directory.
pub(super) struct Place {
    /// Its path.
    pub(super) directory: String,
    /// The kernel's word for the processor.
    pub(super) machine: String,
    /// Is the login root's?
    pub(super) is_root: bool,
    is_new: bool,
    /// How many were found; one that is new is one.
    count: usize,
    running: Running,
    pulse: Pulse,
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
        let main = match (is_new, ssh.is_to_end) {
            (true, false) => format!("{LEAVE}; {MAKE}; {HOLD}"),
            (true, true) => format!("{ARM}; {LAST}; {MAKE}; {HOLD}"),
            (false, _) => format!("{LEAVE}; {FIND}"),
        };
        let script = format!("{REMOVE}; {HEAR}; {main}").replace("MARK", MARK);
        let script = script.replace("SILENCE", &SILENCE.to_string());
        let mut running = ssh.start(&format!("exec sh -c '{script}'"))?;
        let (stdin, stdout) = (running.child.stdin.take(), running.child.stdout.take());
        let stdout = stdout.ok_or_else(|| Error::failed("ssh has no output"))?;
        let mut place = Self {
            directory: String::new(),
            machine: String::new(),
            is_root: false,
            is_new,
            count: 0,
            running,
            pulse: Pulse::new(stdin, b"alive\n"),
            lines: BufReader::new(stdout).lines(),
        };
        match tokio::time::timeout(FIRST, place.found(ssh)).await {
            Ok(found) => found.map(|()| place),
            Err(_) => Err(ssh.silent()),
        }
    }

    /// Waits for what the node tells of its directories.
    async fn found(&mut self, ssh: &Ssh) -> Result<(), Error> {
        loop {
            let Some(answer) = self.answer().await else {
                let status = self.running.end().await?;
                return Err(ssh.failed(&self.running, status));
            };
            let words: Vec<&str> = answer.split(' ').collect();
            match words.as_slice() {
                ["at", user, machine, directory] => {
                    if !is_ours(directory) {
                        let what = "the node names a directory that is not the tool's";
                        return Err(Error::failed(what).of(&ssh.host));
                    }
                    self.is_root = *user == "0";
                    self.machine = escape(machine);
                    self.directory = (*directory).to_owned();
                    self.count += 1;
                    if self.is_new {
                        return Ok(());
                    }
                }
                ["end"] => return Ok(()),
                _ => {}
            }
        }
    }

    /// The next answer; none at the end.
    async fn answer(&mut self) -> Option<String> {
        while let Ok(Some(line)) = self.lines.next_line().await {
            // A title of the terminal may stand before it on the same line.
            if let Some((_, answer)) = line.split_once(MARK) {
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
        if ssh.is_to_end {
            // Its end is all that is needed, and the shell there sees to the rest when this is gone.
            return Ok(());
        }
        let word: &[u8] = if removes { b"remove\n" } else { b"keep\n" };
        self.pulse.end(word).await;
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
    let Some((parent, ending)) = path.split_once("/ami-bundle.") else {
        return false;
    };
    let is_plain = |letter: u8| letter.is_ascii_alphanumeric() || b"/_-.".contains(&letter);
    parent.starts_with('/')
        && parent.bytes().all(is_plain)
        && parent.split('/').all(|name| name != "..")
        && ending.len() == 10
        && ending.bytes().all(|letter| letter.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::{FIND, HEAR, HOLD, LEAVE, MAKE, REMOVE, is_ours};

    #[test]
    fn only_our_own_directory_is_used_in_commands() {
        for path in [
            "/var/tmp/ami-bundle.aB3dE6gH9z",
            "/home/web-1/ami-bundle.aB3dE6gH9z",
        ] {
            assert!(is_ours(path), "{path}");
        }
        for path in [
            "/",
            "/var/tmp",
            "/var/tmp/ami-bundle.aB3dE6gH9",
            "/var/tmp/ami-bundle.aB3dE6gH9;",
            "/var/tmp/ami-bundle.aB3dE6gH9z/..",
            "/home/../ami-bundle.aB3dE6gH9z",
            "/home/a b/ami-bundle.aB3dE6gH9z",
            "/home/$(x)/ami-bundle.aB3dE6gH9z",
            "home/ami-bundle.aB3dE6gH9z",
            "/ami-bundle.aB3dE6gH9z",
        ] {
            assert!(!is_ours(path), "{path}");
        }
    }

    #[test]
    fn scripts_can_be_quoted_for_any_shell() {
        for script in [REMOVE, HEAR, LEAVE, MAKE, HOLD, FIND] {
            assert!(!script.contains(['\'', '\n']), "{script}");
        }
    }
}
