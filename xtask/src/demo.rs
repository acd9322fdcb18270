//! `cargo xtask demo`: the main jobs of the tools, shown on an EC2 of their own and checked.

mod builds;
mod bundles;
mod instances;
mod stage;

use crate::sandbox::Sandbox;
use crate::workspace::Workspace;
use crate::{Outcome, generate};
use stage::{Stage, Stop};

/// Builds the tools, shows them at work, and looks at what they made.
pub fn run(workspace: &Workspace) -> Outcome {
    workspace.build()?;
    generate::write_wrappers(workspace)?;
    let sandbox = Sandbox::start(workspace)?;
    let stage = Stage {
        sandbox: &sandbox,
        directory: None,
    };
    match show(workspace, &stage) {
        Ok(()) => Ok(0),
        Err(Stop::Status(status)) => Ok(status),
        Err(Stop::Failed(message)) => Err(format!("demo: {message}")),
    }
}

fn show(workspace: &Workspace, stage: &Stage) -> Result<(), Stop> {
    instances::show(stage)?;
    let stage = stage.within(workspace.target.join("demo"))?;
    bundles::show(&stage)?;
    builds::show(&stage)
}
