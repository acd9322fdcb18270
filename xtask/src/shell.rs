//! `cargo xtask sandbox`: a shell, or one command, with the tools and an EC2 to try them on.

use std::env;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::SIGINT;

use crate::sandbox::Sandbox;
use crate::workspace::{Workspace, shown};
use crate::{Outcome, generate, tell};

/// Runs the words as a command, or the person's shell when there are none.
pub fn run(workspace: &Workspace, words: Vec<OsString>) -> Outcome {
    workspace.build()?;
    generate::write_wrappers(workspace)?;
    let sandbox = Sandbox::start(workspace)?;
    outlive_interrupts()?;
    let mut words = words.into_iter();
    let program = words.next().unwrap_or_else(|| {
        greet(&sandbox);
        env::var_os("SHELL").unwrap_or_else(|| "sh".into())
    });
    match sandbox.lead(Command::new(&program).args(words)).status() {
        Ok(status) => Ok(shown(status)),
        // As a shell does.
        Err(error) => {
            tell(&format!("{}: {error}", program.display()));
            let missing = error.kind() == ErrorKind::NotFound;
            Ok(if missing { 127 } else { 126 })
        }
    }
}

/// Lets Ctrl-C end the command and not this process, which has its status to pass on.
///
/// A handler that only sets a flag nobody reads does that. Unlike an ignored signal, it is not
/// inherited: the command starts with the signal's default.
fn outlive_interrupts() -> Result<(), String> {
    signal_hook::flag::register(SIGINT, Arc::new(AtomicBool::new(false)))
        .map(|_| ())
        .map_err(|error| format!("SIGINT: {error}"))
}

fn greet(sandbox: &Sandbox) {
    tell(&format!(
        "instances {} and {}; try: ami-create-image $INSTANCE_1 | ami-waiton -; exit ends it all",
        sandbox.variable("INSTANCE_1"),
        sandbox.variable("INSTANCE_2"),
    ));
    tell(&match sandbox.no_devices() {
        None => "this host is $INSTANCE_1; try: ami-chroot --prepare-base rootfs.tar".to_owned(),
        Some(why) => format!("ami-chroot cannot build on volumes here: {why}"),
    });
}
