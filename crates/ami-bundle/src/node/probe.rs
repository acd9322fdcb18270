//! Looks at a node without doing anything there.

use ami_core::error::Error;
use ami_core::escape::escape;

use super::request::Request;
use super::ssh::Ssh;

/// What its answer begins with.
const MARK: &str = "ami-bundle-node:";
/// Tells the processor, where root can be had.
const LOOK: &str =
    "if [ \"$(id -u)\" != 0 ]; then sudo -n true || exit 1; fi; echo MARK $(uname -m)";

/// Looks whether one can log in to it and be root there, and whether there is a program for its processor.
pub(super) async fn probe(ssh: &Ssh, request: &Request) -> Result<(), Error> {
    let look = LOOK.replace("MARK", MARK);
    let told = ssh.run(&format!("exec sh -c '{look}'"), b"").await?;
    let machine = told.rsplit_once(MARK).map(|(_, machine)| machine.trim());
    let nothing = || Error::failed("the node does not answer as a shell does").of(&ssh.host);
    let machine = machine.ok_or_else(nothing)?;
    request.program(&escape(machine)).map(drop)
}
