//! The head of the report: on what was measured, when, and what.

use std::fs;
use std::process::Command;

use super::peer::Peer;
use crate::workspace::Workspace;

/// The head as Markdown.
pub fn head(workspace: &Workspace, peer: &Peer, runs: usize) -> Result<String, String> {
    let tool = said(Command::new(workspace.program("ami")).arg("--version"))?;
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let rustc = said(Command::new(rustc).arg("--version"))?;
    let peer = match peer.version() {
        Some(mut command) => said(&mut command)?,
        None => "aws-cli is not installed (--peers)".to_owned(),
    };
    Ok(format!(
        "# Whole processes, the tools' beside their peers'\n\n\
         * machine: {}, {} cores, {}, {}\n\
         * date: {}; load {}\n\
         * versions: {tool}, profile {}; {rustc}; {peer}\n\
         * medians of {runs} paired, interleaved runs after one that is not counted; ×: how many \
           times the tool's figure the peer takes, the median over the pairs; CPU: user and system; size \
           ×: how many times as large as the peer's is what the tool makes\n",
        field("/proc/cpuinfo", "model name").unwrap_or("CPU unknown".to_owned()),
        std::thread::available_parallelism().map_or(0, |number| number.get()),
        memory().unwrap_or("memory unknown".to_owned()),
        said(Command::new("uname").args(["-s", "-r", "-m"]))?,
        said(Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]))?,
        load().unwrap_or("unknown".to_owned()),
        workspace.profile(),
    ))
}

/// The first line that a command prints.
fn said(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().display().to_string();
    let output = command
        .output()
        .map_err(|error| format!("{name}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{name}: {}", output.status));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// A field of one of the kernel's lists.
fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let mut values = lines.filter(|(key, _)| key.trim() == name);
    values.next().map(|(_, value)| value.trim().to_owned())
}

fn memory() -> Option<String> {
    let kib: f64 = field("/proc/meminfo", "MemTotal")?
        .strip_suffix("kB")?
        .trim()
        .parse()
        .ok()?;
    Some(format!("{:.1} GiB", kib / 1024.0 / 1024.0))
}

/// How many processes wanted a CPU in the last minute: other people's work makes wall times long.
fn load() -> Option<String> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split(' ').next().map(str::to_owned)
}
