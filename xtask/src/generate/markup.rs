//! Asks the programs that read manual pages and completions whether they can.

use std::io::{ErrorKind, Write};
use std::process::{Command, Stdio};

/// What came of asking.
pub enum Verdict {
    /// What the program complained of, a line each; none when it is content.
    Complaints(Vec<String>),
    /// No such program is installed.
    NobodyToAsk,
}

/// Does a manual page parse without warnings?
pub fn manual(page: &str) -> Result<Verdict, String> {
    let mut mandoc = Command::new("mandoc");
    mandoc.args(["-Tlint", "-Wwarning"]);
    match ask(&mut mandoc, page)? {
        Verdict::NobodyToAsk => ask(&mut man(), page),
        verdict => Ok(verdict),
    }
}

/// man-db formats a page and passes on the warnings of its formatter.
fn man() -> Command {
    let mut man = Command::new("man");
    // -Z leaves out the last step, which has nothing to do with the page.
    man.args(["--warnings", "-E", "UTF-8", "-Tutf8", "-Z", "-l", "-"])
        .env("LC_ALL", "C.UTF-8")
        .env("MANROFFSEQ", "")
        .env("MANWIDTH", "80");
    man
}

/// Is a script one that this shell can read?
pub fn completion(shell: &str, script: &str) -> Result<Verdict, String> {
    ask(Command::new(shell).arg("-n"), script)
}

fn ask(command: &mut Command, text: &str) -> Result<Verdict, String> {
    let name = command.get_program().display().to_string();
    let failed = |error| format!("{name}: {error}");
    let started = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match started {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Verdict::NobodyToAsk),
        started => started.map_err(failed)?,
    };
    let mut stdin = child.stdin.take();
    let output = std::thread::scope(|scope| {
        // From another thread, because a program may write before it has read everything. What it
        // does not read it does not want: its verdict shows why.
        scope.spawn(move || {
            stdin
                .take()
                .map(|mut stdin| stdin.write_all(text.as_bytes()))
        });
        child.wait_with_output()
    });
    let output = output.map_err(failed)?;
    // mandoc lints to its standard output, where the others write what was asked for.
    let said = match name.as_str() {
        "mandoc" => [output.stdout, output.stderr].concat(),
        _ => output.stderr,
    };
    let said = String::from_utf8_lossy(&said);
    let mut complaints: Vec<_> = said.lines().map(str::to_owned).collect();
    if complaints.is_empty() && !output.status.success() {
        complaints.push(format!("{name}: {}", output.status));
    }
    Ok(Verdict::Complaints(complaints))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{Verdict, ask};

    fn complaints(program: &str, text: &str) -> Option<Vec<String>> {
        let verdict = ask(Command::new(program).arg("-n"), text);
        match verdict.expect("can be asked") {
            Verdict::Complaints(complaints) => Some(complaints),
            Verdict::NobodyToAsk => None,
        }
    }

    #[test]
    fn a_reader_tells_what_it_can_read_from_what_it_cannot() {
        assert_eq!(complaints("sh", "f() { :; }\n"), Some(vec![]));
        assert!(complaints("sh", "f() {\n").is_some_and(|said| !said.is_empty()));
    }

    #[test]
    fn a_reader_that_reads_nothing_still_has_a_verdict() {
        let long = "x\n".repeat(100_000);
        let refused = complaints("false", &long).expect("false is installed");
        assert_eq!(refused, ["false: exit status: 1"]);
        assert_eq!(complaints("no-such-program-at-all", ""), None);
    }
}
