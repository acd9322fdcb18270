//! What goes to the node before it is bundled: the program, and its order.

use ami_bundle_format::pack::S3Digests;
use ami_bundle_node::protocol::{ORDER, Order};
use ami_core::error::Error;

use super::place::Place;
use super::program::Program;
use super::ssh::Ssh;

/// The program's name there.
pub(super) const PROGRAM: &str = "ami-bundle-node";

/// Prints the digest of a file with the first program for it that the node has.
const DIGEST: &str = "for how in sha256sum \"openssl dgst -sha256\" \"shasum -a 256\"; do \
    if command -v ${how%% *} >/dev/null; then exec $how FILE; fi; done; \
    echo \"there is none of sha256sum, openssl and shasum, to check with what has arrived\" >&2; exit 1";

/// Copies the program, and checks what has arrived.
pub(super) async fn program(ssh: &Ssh, place: &Place, program: &Program) -> Result<(), Error> {
    let path = format!("{}/{PROGRAM}", place.directory);
    let digest = DIGEST.replace("FILE", &path);
    let command = format!("umask 077; cat > {path} && chmod 700 {path} || exit 1; {digest}");
    let told = ssh
        .run(&format!("exec sh -c '{command}'"), &program.bytes)
        .await?;
    let digest = S3Digests::of(&program.bytes).sha256;
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    match told.contains(&digest) {
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
