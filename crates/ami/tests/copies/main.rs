//! The tools that copy images, run against good days and bad ones.

mod again;
mod crowds;
mod everywhere;
mod failing;
mod families;
mod grants;
mod life;
mod lost;
mod refused_sharing;
mod sources;
mod stopping;

use ami_sandbox::{Config, Ebs, Image, Mapping, Pace, Sandbox};
use ami_testkit::{Tool, tool};

/// The region that the environment of the tests gives.
const HOME: &str = "us-east-1";

/// A region that is not the one at home.
const ABROAD: &str = "eu-west-1";

/// Another one.
const FAR: &str = "ap-south-1";

/// The account that does not own the images.
const OTHER: &str = "210987654321";

/// A sandbox as EC2 is on a good day.
fn sandbox() -> Sandbox {
    Sandbox::start(Config::default()).expect("a sandbox")
}

/// A sandbox in which copies are ready at once.
fn quick_sandbox() -> Sandbox {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.paces.image = Pace::Now);
    sandbox
}

/// A sandbox in which copies are never ready.
fn slow_sandbox() -> Sandbox {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.paces.image = Pace::Never);
    sandbox
}

/// `ami-copy-image` with arguments, led to a sandbox.
fn copy<'s>(sandbox: &'s Sandbox, words: &[&str]) -> Tool<'s> {
    copier("ami-copy-image", sandbox, words)
}

/// `ami-clone` with arguments, led to a sandbox.
fn clone<'s>(sandbox: &'s Sandbox, words: &[&str]) -> Tool<'s> {
    copier("ami-clone", sandbox, words)
}

fn copier<'s>(name: &str, sandbox: &'s Sandbox, words: &[&str]) -> Tool<'s> {
    tool(name)
        .sandbox(sandbox)
        // No image here is made while it is asked for.
        .env("AMI_TOOLS_GRACE", "0s")
        .args(words)
}

/// An image at home of one volume.
fn image(sandbox: &Sandbox) -> String {
    sandbox.image(HOME, |_| {})
}

/// An image at home of so many volumes.
fn wide_image(sandbox: &Sandbox, volumes: usize) -> String {
    sandbox.image(HOME, |image| {
        let devices = (1..volumes).map(|n| format!("/dev/sd{n}"));
        let more = devices.map(|device| Mapping::ebs(&device, Ebs::default()));
        image.mappings.extend(more);
    })
}

/// The copies in a region, oldest first.
fn copies(sandbox: &Sandbox, region: &str) -> Vec<Image> {
    let mut images = sandbox.images(region);
    images.retain(|image| image.source_image.is_some());
    images
}

/// The only copy in a region.
#[track_caller]
fn only_copy(sandbox: &Sandbox, region: &str) -> Image {
    let mut copies = copies(sandbox, region);
    assert_eq!(copies.len(), 1, "copies in {region}");
    copies.remove(0)
}

/// How often CopyImage was called.
fn asked(sandbox: &Sandbox) -> usize {
    sandbox.calls_to("CopyImage").len()
}

/// Lines, sorted.
fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines
}
