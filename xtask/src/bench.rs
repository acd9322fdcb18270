//! `cargo xtask bench`: what whole processes take, the tools' beside their peers'.

mod bundles;
mod child;
mod disk;
mod figures;
mod file_system;
mod goal;
mod igzip;
mod machine;
mod needs;
mod pairs;
mod peer;
mod plan;
mod report;
mod rows;

use std::io::Write;

pub use child::run as child;
pub use plan::Plan;

use crate::workspace::Workspace;
use crate::{Outcome, tell};
use pairs::Bench;
use peer::Peer;

/// Builds the tools as they are installed, measures the rows, and prints the report. A goal that is
/// missed is said there and is no failure, because machines are noisy; a command that fails is one.
pub fn run(workspace: Workspace, plan: &Plan) -> Outcome {
    let workspace = workspace.for_release()?;
    if let Err(message) = igzip::build(&workspace, plan) {
        // The rows that want it will fail, and the others need it not.
        tell(&format!("bench: {message}"));
    }
    workspace.build()?;
    let mut peer = Peer::new(&workspace);
    if plan.peers {
        peer.install(&workspace)?;
    }
    let mut report = machine::head(&workspace, &peer, plan.runs)?;
    let bench = Bench {
        workspace: &workspace,
        peer: &peer,
        runs: plan.runs,
    };
    let mut failed = false;
    let mut lines = Vec::new();
    for row in &plan.rows {
        if let Some(why) = row.missing() {
            tell(&format!("bench: {}: skipped: {why}", row.name));
            lines.push((*row, Err(why)));
            continue;
        }
        tell(&format!("bench: {}", row.name));
        let measured = bench.measure(row);
        if let Err(message) = &measured {
            tell(&format!("bench: {}: {message}", row.name));
            failed = true;
        }
        lines.push((*row, measured.map_err(|_| "failed")));
    }
    report.push_str(&report::rows(&lines));
    report.push_str(&report::sizes(&workspace)?);
    let written = std::io::stdout().write_all(report.as_bytes());
    written.map_err(|error| format!("standard output: {error}"))?;
    Ok(u8::from(failed))
}
