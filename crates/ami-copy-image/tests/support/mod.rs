//! What the tests of this tool share.

use ami_sandbox::{Config, Image, Pace, Sandbox};
use ami_testkit::Tool;

/// The region that the environment of the tests gives.
pub const HOME: &str = "us-east-1";

/// A region that is not the one at home.
pub const ABROAD: &str = "eu-west-1";

/// A sandbox in which copies are ready at once.
pub fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start(Config::default()).expect("a sandbox");
    sandbox.configure(|settings| settings.paces.image = Pace::Now);
    sandbox
}

/// The tool with arguments, led to a sandbox.
pub fn copy<'s>(sandbox: &'s Sandbox, args: &[&str]) -> Tool<'s> {
    ami_testkit::tool("ami-copy-image")
        .sandbox(sandbox)
        // No image here is made while it is asked for.
        .env("AMI_TOOLS_GRACE", "0s")
        .args(args)
}

/// The copies in a region, oldest first.
pub fn copies(sandbox: &Sandbox, region: &str) -> Vec<Image> {
    let mut images = sandbox.images(region);
    images.retain(|image| image.source_image.is_some());
    images
}
