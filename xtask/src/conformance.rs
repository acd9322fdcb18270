//! `cargo xtask conformance`: clients that nobody here wrote say whether the sandbox is like EC2.
//!
//! The checks are Python, as the clients are (`crates/sandbox/conformance`). Here is what they need:
//! the clients in an environment of their own, the built sandbox, and the answers of its own tests.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::peers;
use crate::python::Python;
use crate::workspace::{Workspace, status};

/// What to run.
#[derive(Debug, Default, PartialEq)]
pub struct Plan {
    /// Install the clients first that are built from their sources.
    pub peers: bool,
    /// One part instead of all.
    pub only: Option<String>,
}

/// The parts.
const PARTS: [&str; 3] = ["clients", "moto", "model"];

impl Plan {
    /// Reads the words.
    pub fn parse(words: &[&str]) -> Result<Self, String> {
        let mut plan = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--peers" => plan.peers = true,
                "--only" => {
                    let part = words.next().filter(|part| PARTS.contains(part));
                    let parts = PARTS.join(", ");
                    let part = part.ok_or(format!("conformance --only: name one of {parts}"))?;
                    plan.only = Some((*part).to_owned());
                }
                word => return Err(format!("conformance: unexpected word '{word}'")),
            }
        }
        Ok(plan)
    }
}

/// Runs all parts, or one.
pub fn run(workspace: &Workspace, plan: &Plan) -> Outcome {
    let only = plan.only.as_deref();
    if plan.peers {
        peers::install_coldsnap(workspace)?;
    }
    let checks = workspace.root.join("crates/sandbox/conformance");
    let python = clients(workspace, &checks)?;
    python.install()?;
    must(workspace.cargo("build").args(["-p", "ami-sandbox"]))?;
    let work = fresh(&workspace.target.join("conformance/answers"))?;
    if only.is_none_or(|part| part == "model") {
        record_tests(workspace, &work.join("tests.jsonl"))?;
    }
    let mut run = Command::new(python.program("python"));
    // No `__pycache__` among the sources.
    run.arg("-B").arg(checks.join("run.py"));
    run.arg("--sandbox").arg(workspace.program("ami-sandbox"));
    run.arg("--work").arg(work);
    if let Some(program) = peers::coldsnap(workspace) {
        run.arg("--coldsnap").arg(program);
    }
    run.args(only.iter().flat_map(|part| ["--only", part]));
    status(&mut run)
}

/// The environment of the clients, as one file pins them.
fn clients(workspace: &Workspace, checks: &Path) -> Result<Python, String> {
    let path = checks.join("requirements.txt");
    let text = fs::read_to_string(&path).map_err(of(&path))?;
    let is_requirement = |line: &&str| !line.is_empty() && !line.starts_with('#');
    let requirements: Vec<&str> = text.lines().map(str::trim).filter(is_requirement).collect();
    Ok(Python::new(workspace, "conformance", &requirements))
}

/// Runs the sandbox's own tests on the wire and keeps the answers.
fn record_tests(workspace: &Workspace, file: &Path) -> Result<(), String> {
    let mut test = workspace.cargo("test");
    test.args(["--quiet", "-p", "ami-sandbox", "--test", "wire"]);
    must(test.env("AMI_SANDBOX_RECORD", file))
}

/// An empty directory.
fn fresh(directory: &Path) -> Result<std::path::PathBuf, String> {
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
