//! `cargo xtask gen --check`: names what is not as it should be and changes nothing.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;

use ami_cli::{bash, fish, man, rules, zsh};

use super::markup::{self, Verdict};
use super::{files, readme};
use crate::tables::{TOOLS, Tool};
use crate::workspace::Workspace;
use crate::{Outcome, tell};

/// The multi-call program, the only package that names others.
const MULTI_CALL: &str = "ami";

/// Prints a line for each deviation; status 1 when there are any.
pub fn check(workspace: &Workspace) -> Outcome {
    let mut deviations: Vec<String> = TOOLS
        .iter()
        .flat_map(|tool| rules::faults(tool.spec))
        .collect();
    for tool in TOOLS {
        in_its_place(tool, workspace, &mut deviations);
    }
    written_is_current(workspace, &mut deviations)?;
    everything_is_readable(&mut deviations)?;
    let mut out = std::io::stdout().lock();
    for deviation in &deviations {
        writeln!(out, "{deviation}").map_err(|e| format!("standard output: {e}"))?;
    }
    Ok(u8::from(!deviations.is_empty()))
}

/// Is the tool called as its package, and do the map of crates and the multi-call program know it?
fn in_its_place(tool: &Tool, workspace: &Workspace, deviations: &mut Vec<String>) {
    let Tool { package, spec } = tool;
    if spec.name != *package {
        deviations.push(format!("crates/{package}: its table says {}", spec.name));
    }
    let crates = workspace.root.join("crates");
    let map = fs::read_to_string(crates.join("README.md")).unwrap_or_default();
    if !mentions(&map, package) {
        deviations.push(format!("crates/README.md: {package} is missing"));
    }
    let module = package.replace('-', "_");
    let multi_call = code(&crates.join(MULTI_CALL).join("src"));
    if *package != MULTI_CALL && !mentions(&multi_call, &module) {
        deviations.push(format!("crates/{MULTI_CALL}: {package} is missing"));
    }
}

/// Compares the README's table, and of the files that are not committed those that are there.
fn written_is_current(workspace: &Workspace, deviations: &mut Vec<String>) -> Result<(), String> {
    let stale = |path: &Path| format!("{}: stale, run cargo xtask gen", path.display());
    match fs::read_to_string(workspace.root.join("README.md")) {
        Err(error) => deviations.push(format!("README.md: {error}")),
        Ok(readme) => match readme::splice(&readme) {
            Err(error) => deviations.push(error),
            Ok(wanted) if wanted != readme => deviations.push(stale(Path::new("README.md"))),
            Ok(_) => {}
        },
    }
    let files = files::all(workspace)?;
    let differing = files.iter().filter(|file| file.differs() == Some(true));
    deviations.extend(differing.map(|file| stale(&file.path)));
    Ok(())
}

/// Has the readers of manual pages and completions look at them.
fn everything_is_readable(deviations: &mut Vec<String>) -> Result<(), String> {
    let mut skipped = BTreeSet::new();
    for Tool { spec, .. } in TOOLS {
        // Some date, because mandoc warns of pages without one.
        let page = man::render(spec, env!("CARGO_PKG_VERSION"), "1970-01-01");
        for (verdict, kind, reader) in [
            (markup::manual(&page)?, "manual", "mandoc or man"),
            completion("bash", &bash::render(spec))?,
            completion("zsh", &zsh::render(spec))?,
            completion("fish", &fish::render(spec))?,
        ] {
            match verdict {
                Verdict::Complaints(complaints) => deviations.extend(
                    complaints
                        .iter()
                        .map(|complaint| format!("{}: {kind}: {complaint}", spec.name)),
                ),
                Verdict::NobodyToAsk => {
                    skipped.insert((kind, reader));
                }
            }
        }
    }
    for (kind, reader) in skipped {
        tell(&format!(
            "no {kind} was looked at: {reader} is not installed"
        ));
    }
    Ok(())
}

/// What a shell says of its script.
fn completion(
    shell: &'static str,
    script: &str,
) -> Result<(Verdict, &'static str, &'static str), String> {
    let verdict = markup::completion(shell, script)?;
    Ok((verdict, "completion", shell))
}

/// The code under a directory without its comments.
fn code(directory: &Path) -> String {
    let mut code = String::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let text = fs::read_to_string(entry.path()).unwrap_or_default();
        let lines = text.lines().map(str::trim_start);
        for line in lines.filter(|line| !line.starts_with("//")) {
            code.push_str(line);
            code.push('\n');
        }
    }
    code
}

/// Does the name stand in the text as a word of its own? `ami` is a part of every name.
fn mentions(text: &str, name: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_')
        .any(|word| word == name)
}

#[cfg(test)]
mod tests {
    use super::mentions;

    #[test]
    fn names_are_words_of_their_own() {
        let map = "| [`ami-waiton/`](ami-waiton) | waits |\nami_chroot::run, ami-tag-image";
        for name in ["ami-waiton", "ami_chroot", "ami-tag-image"] {
            assert!(mentions(map, name), "{name}");
        }
        for name in ["ami", "ami-tag", "chroot", "ami-wait"] {
            assert!(!mentions(map, name), "{name}");
        }
    }
}
