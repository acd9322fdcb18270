//! `cargo xtask conformance`: clients that nobody here wrote say whether the sandbox is like EC2.
//!
//! The checks are Python, as the clients are (`crates/sandbox/conformance`). Here is what they need:
//! the clients in an environment of their own, the built sandbox, and the answers of its own tests.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::workspace::{Workspace, status};
use crate::{Outcome, tell};

/// Runs all parts, or one.
pub fn run(workspace: &Workspace, only: Option<&str>) -> Outcome {
    let checks = workspace.root.join("crates/sandbox/conformance");
    let python = install(&checks, &workspace.target.join("conformance/venv"))?;
    must(workspace.cargo("build").args(["-p", "ami-sandbox"]))?;
    let work = fresh(&workspace.target.join("conformance/answers"))?;
    if only.is_none_or(|part| part == "model") {
        record_tests(workspace, &work.join("tests.jsonl"))?;
    }
    let mut run = Command::new(python);
    // No `__pycache__` among the sources.
    run.arg("-B").arg(checks.join("run.py"));
    run.arg("--sandbox").arg(workspace.program("ami-sandbox"));
    run.arg("--work").arg(work);
    run.args(only.iter().flat_map(|part| ["--only", part]));
    status(&mut run)
}

/// Makes the environment of the clients, once for each list of requirements, and gives its Python.
fn install(checks: &Path, environment: &Path) -> Result<PathBuf, String> {
    let requirements = checks.join("requirements.txt");
    let wanted = fs::read(&requirements).map_err(of(&requirements))?;
    let python = environment.join("bin/python");
    // Written last, so that an installation that broke off is not taken for a whole one.
    let stamp = environment.join("installed");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    tell("installing the AWS CLI, boto3 and moto (once)");
    remove(environment)?;
    let made = status(
        Command::new("python3")
            .args(["-m", "venv"])
            .arg(environment),
    );
    if made != Ok(0) {
        let hint = "on Debian: apt-get install python3 python3-venv";
        return Err(format!("python3 -m venv does not work; {hint}"));
    }
    let pip = ["-m", "pip", "install", "--quiet", "--requirement"];
    must(Command::new(&python).args(pip).arg(&requirements))?;
    fs::write(&stamp, wanted).map_err(of(&stamp))?;
    Ok(python)
}

/// Runs the sandbox's own tests on the wire and keeps the answers.
fn record_tests(workspace: &Workspace, file: &Path) -> Result<(), String> {
    let mut test = workspace.cargo("test");
    test.args(["--quiet", "-p", "ami-sandbox", "--test", "wire"]);
    must(test.env("AMI_SANDBOX_RECORD", file))
}

/// An empty directory.
fn fresh(directory: &Path) -> Result<PathBuf, String> {
    remove(directory)?;
    fs::create_dir_all(directory).map_err(of(directory))?;
    Ok(directory.to_owned())
}

fn remove(directory: &Path) -> Result<(), String> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(of(directory)(error)),
        _ => Ok(()),
    }
}

fn of(path: &Path) -> impl Fn(std::io::Error) -> String {
    move |error| format!("{}: {error}", path.display())
}

/// Runs a command that the task cannot do without.
fn must(command: &mut Command) -> Result<(), String> {
    match status(command)? {
        0 => Ok(()),
        status => {
            let program = command.get_program().display();
            Err(format!("{program} ended with status {status}"))
        }
    }
}
