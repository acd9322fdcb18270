//! The shells: how each is started with the completions of both programs, and nothing of its user's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ami_cli::{bash, fish, zsh};

use crate::table::{DISPATCHER, TOOL, VERBS};

/// What a shell prints when it waits for a line.
pub const PROMPT: &str = "READY> ";

/// One of the shells.
pub struct Shell {
    /// Its program.
    pub program: &'static str,
    /// Its arguments, which may name the directory.
    arguments: &'static [&'static str],
    /// The files that it reads, by name.
    files: fn() -> Vec<(&'static str, String)>,
}

pub const BASH: Shell = Shell {
    program: "bash",
    arguments: &["--noprofile", "--rcfile", "rc", "-i"],
    files: || {
        let rc = "ami-test() { printf '<%s>' \"$@\"; echo; }; ami() { ami-test \"$@\"; }\n\
            ami-verbs() { ami-test \"$@\"; }; PS1='READY> '; . ./tool; . ./ami; . ./verbs\n";
        let (tool, ami) = (bash::render(&TOOL), bash::render(&DISPATCHER));
        let verbs = ("verbs", bash::render(&VERBS));
        vec![("rc", rc.into()), ("tool", tool), ("ami", ami), verbs]
    },
};

pub const ZSH: Shell = Shell {
    program: "zsh",
    arguments: &["-d", "-i"],
    files: || {
        // -D: no file of what was found; -u: whoever owns these files.
        let rc = "ami-test() { printf '<%s>' \"$@\"; echo; }; ami() { ami-test \"$@\"; }\n\
            ami-verbs() { ami-test \"$@\"; }; PS1='READY> '; fpath=($PWD $fpath); autoload -U compinit; compinit -u -D\n";
        let (tool, ami) = (zsh::render(&TOOL), zsh::render(&DISPATCHER));
        let verbs = ("_ami-verbs", zsh::render(&VERBS));
        vec![
            (".zshrc", rc.into()),
            ("_ami-test", tool),
            ("_ami", ami),
            verbs,
        ]
    },
};

pub const FISH: Shell = Shell {
    program: "fish",
    arguments: &["--no-config", "--init-command", "source ./rc", "-i"],
    files: || {
        let rc = "function ami-test; printf '<%s>' $argv; echo; end\n\
            function ami; ami-test $argv; end\n\
            function ami-verbs; ami-test $argv; end\n\
            function fish_prompt; printf 'READY> '; end\n\
            set fish_autosuggestion_enabled 0; set -p fish_complete_path .\n";
        let (tool, ami) = (fish::render(&TOOL), fish::render(&DISPATCHER));
        let (tool, ami) = (("ami-test.fish", tool), ("ami.fish", ami));
        let verbs = ("ami-verbs.fish", fish::render(&VERBS));
        vec![("rc", rc.into()), tool, ami, verbs]
    },
};

impl Shell {
    /// The command that starts it in a directory of its own; `setsid` makes the terminal that is
    /// its standard input the one that it controls, as it is for a shell that a person uses.
    pub fn command(&self) -> Command {
        let home = self.home();
        let mut command = Command::new("setsid");
        command
            .args(["--ctty", self.program])
            .args(self.arguments)
            .current_dir(&home)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &home)
            .env("ZDOTDIR", &home)
            .env("TERM", "xterm")
            .env("LC_ALL", "C");
        command
    }

    /// Is it there, and can it be given a terminal?
    pub fn is_installed(&self) -> bool {
        [self.program, "setsid"].iter().all(|program| {
            let mut command = Command::new(program);
            command.arg("--version").stdout(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        })
    }

    fn home(&self) -> PathBuf {
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(self.program);
        // What an earlier test left there must not be found by this one.
        let _ = fs::remove_dir_all(&home);
        fs::create_dir_all(&home).expect("a directory");
        let own = [("photograph.img", String::new())];
        for (name, text) in (self.files)().into_iter().chain(own) {
            fs::write(home.join(name), text).expect("a file");
        }
        home
    }
}
