//! What goes to the node before it is bundled: the program, and its order.

use ami_bundle_format::pack::S3Digests;
use ami_bundle_node::protocol::{ORDER, Order};
use ami_core::error::Error;

use super::place::Place;
use super::program::Program;
use super::ssh::Ssh;

/// The program's name there.
pub(super) const PROGRAM: &str = "ami-bundle-node";

/// Copies the program, and checks what has arrived.
pub(super) async fn program(ssh: &Ssh, place: &Place, program: &Program) -> Result<(), Error> {
    let path = format!("{}/{PROGRAM}", place.directory);
    let command = format!("umask 077; cat > {path} && chmod 700 {path} && sha256sum {path}");
    let told = ssh
        .run(&format!("exec sh -c '{command}'"), &program.bytes)
        .await?;
    let digest = S3Digests::of(&program.bytes).sha256;
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    match told.split_whitespace().any(|word| word == digest) {
        true => Ok(()),
        false => Err(
            Error::failed("the program has not arrived on the node as it was sent").of(&ssh.host),
        ),
    }
}

/// Writes the order.
pub(super) async fn order(ssh: &Ssh, place: &Place, order: &Order) -> Result<(), Error> {
    let text = serde_json::to_vec(order).map_err(|error| Error::failed(error.to_string()))?;
    let path = format!("{}/{ORDER}", place.directory);
    let command = format!("exec sh -c 'umask 077; cat > {path}'");
    ssh.run(&command, &text).await.map(drop)
}
