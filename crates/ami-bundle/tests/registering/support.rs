//! What these tests share.

use ami_sandbox::{Config, Image, Sandbox};
use ami_testkit::Tool;

/// The region that the environment of the tests gives.
pub const HOME: &str = "us-east-1";
/// Another one.
pub const AWAY: &str = "eu-west-1";
/// Where the bundle is, as EC2 wants it.
pub const PLACE: &str = "bucket/web/image.manifest.xml";
/// The same, as users write it.
pub const SOURCE: &str = "s3://bucket/web/image.manifest.xml";

/// A sandbox with a bundle, which says that besides of the machine and of the image.
pub fn planted(machine: &str, image: &str) -> Sandbox {
    let sandbox = Sandbox::start(Config::default()).expect("a sandbox");
    plant(&sandbox, machine, image);
    sandbox
}

/// Puts a bundle there, in place of another.
pub fn plant(sandbox: &Sandbox, machine: &str, image: &str) {
    sandbox.plant_bundle(HOME, PLACE).expect("planted");
    let manifest = sandbox
        .bundle_manifest()
        .replace(
            "</machine_configuration>",
            &format!("{machine}</machine_configuration>"),
        )
        .replace(
            "<type>machine</type>",
            &format!("<type>machine</type>{image}"),
        );
    let planted = sandbox.plant_manifest(HOME, PLACE, &manifest);
    planted.expect("planted");
}

/// The verb with arguments, led to a sandbox.
pub fn register<'s>(sandbox: &'s Sandbox, args: &[&str]) -> Tool<'s> {
    ami_testkit::tool("ami-bundle")
        .sandbox(sandbox)
        // Lost results are looked for so long; the sandbox hides nothing longer than it is told.
        .env("AMI_TOOLS_GRACE", "1s")
        .args(["register"])
        .args(args)
}

/// The names of the calls that were made, in order.
pub fn actions(sandbox: &Sandbox) -> Vec<String> {
    let calls = sandbox.calls().into_iter();
    calls.map(|call| call.action).collect()
}

/// The image whose reference was printed.
pub fn printed(sandbox: &Sandbox, stdout: &str) -> Image {
    let id = stdout.trim_end().split('@').next().unwrap_or_default();
    let image = sandbox.find_image(id);
    image.unwrap_or_else(|| panic!("{stdout:?} names no image"))
}
