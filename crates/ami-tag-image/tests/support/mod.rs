//! What the tests of this tool share.

#![allow(
    dead_code,
    reason = "each test file is a program of its own, and none uses all of this"
)]

use std::collections::BTreeMap;

use ami_sandbox::{Call, Config, Sandbox};
use ami_testkit::Tool;

/// The region that the environment of the tests gives.
pub const HOME: &str = "us-east-1";
/// The moment of the classic example.
pub const DATE: &str = "--create-date=20110909T233600Z";

/// A sandbox as EC2 is on a good day.
pub fn sandbox() -> Sandbox {
    Sandbox::start(Config::default()).expect("a sandbox")
}

/// The tool with arguments, led to a sandbox.
pub fn tag<'s>(sandbox: &'s Sandbox, args: &[&str]) -> Tool<'s> {
    ami_testkit::tool("ami-tag-image")
        .sandbox(sandbox)
        .env("AMI_TOOLS_GRACE", "1s")
        .args(args)
}

/// An image that EC2 made of an instance, without any tag.
pub fn bare_image(sandbox: &Sandbox, region: &str) -> String {
    sandbox.image(region, |image| {
        image.source_image = Some("ami-000000ec".to_owned());
        image.source_region = Some("eu-west-1".to_owned());
        image.source_instance = Some("i-000000ec".to_owned());
    })
}

/// Gives an image tags without a call.
pub fn set(sandbox: &Sandbox, image: &str, tags: &[(&str, &str)]) {
    sandbox.edit_image(image, |image| {
        let owned = tags
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        image.tags.extend(owned);
    });
}

/// The tags of an image.
pub fn tags(sandbox: &Sandbox, image: &str) -> BTreeMap<String, String> {
    sandbox.find_image(image).expect("the image").tags
}

/// The tags of an image as `KEY=VALUE`, by key.
pub fn words(sandbox: &Sandbox, image: &str) -> Vec<String> {
    let tags = tags(sandbox, image).into_iter();
    tags.map(|(key, value)| format!("{key}={value}")).collect()
}

/// The tags of the classic example's moment.
pub fn moment() -> Vec<String> {
    [
        "create_date=20110909T233600Z",
        "create_timestamp=1315611360",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// The names of the calls that were made, in order.
pub fn actions(sandbox: &Sandbox) -> Vec<String> {
    let calls = sandbox.calls().into_iter();
    calls.map(|call| call.action).collect()
}

/// The keys of the tags that a call sets.
pub fn keys(call: &Call) -> Vec<&str> {
    (1..)
        .map_while(|n| call.param(&format!("Tag.{n}.Key")))
        .collect()
}
