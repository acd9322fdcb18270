//! What the tests of this tool share.

use std::collections::BTreeMap;

use ami_sandbox::{Call, Config, Image, Pace, Sandbox};
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

/// The tags that a call gives to one type of resource.
#[allow(
    dead_code,
    reason = "each test file is a program of its own, and not all look at tags"
)]
pub fn tags_in(call: &Call, resource: &str) -> BTreeMap<String, String> {
    let specification = (1..)
        .map(|n| format!("TagSpecification.{n}"))
        .take_while(|name| call.param(&format!("{name}.ResourceType")).is_some())
        .find(|name| call.param(&format!("{name}.ResourceType")) == Some(resource))
        .unwrap_or_else(|| panic!("no tags for {resource}: {:?}", call.params));
    (1..)
        .map_while(|n| {
            let key = call.param(&format!("{specification}.Tag.{n}.Key"))?;
            let value = call.param(&format!("{specification}.Tag.{n}.Value"))?;
            Some((key.to_owned(), value.to_owned()))
        })
        .collect()
}
