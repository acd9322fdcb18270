//! What the tests of this tool share.

use ami_sandbox::{Call, Config, ImageState, Pace, Sandbox};
use ami_testkit::{Tool, tool};

/// The region that the environment of the tests gives.
pub const HOME: &str = "us-east-1";

/// The longest pause between two polls here, so that waiting takes no time worth speaking of.
pub const POLL: &str = "50ms";

/// A sandbox as EC2 is on a good day.
pub fn sandbox() -> Sandbox {
    Sandbox::start(Config::default()).expect("a sandbox")
}

/// The tool with arguments, led to a sandbox, which it polls often.
pub fn waiton<'s>(sandbox: &'s Sandbox, words: &[&str]) -> Tool<'s> {
    tool("ami-waiton")
        .sandbox(sandbox)
        .args(["--poll", POLL])
        .args(words)
}

/// Puts an image into a region that is pending for a pace and available then.
#[allow(
    dead_code,
    reason = "each test file is a program of its own, and not all wait for an image"
)]
pub fn pending(sandbox: &Sandbox, region: &str, pace: Pace) -> String {
    sandbox.image(region, |image| {
        image.goes(ImageState::Pending, pace, ImageState::Available);
    })
}

/// An image in a state, for good.
#[allow(
    dead_code,
    reason = "each test file is a program of its own, and not all need other states"
)]
pub fn image_in(sandbox: &Sandbox, state: ImageState) -> String {
    sandbox.image(HOME, |image| image.set_state(state))
}

/// Lines in the order of the alphabet, where several regions or kinds race for the first place.
#[allow(
    dead_code,
    reason = "each test file is a program of its own, and not all print several lines"
)]
pub fn sorted(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// The IDs that a call asks for through the filter, empty when it asks in another way.
#[allow(
    dead_code,
    reason = "each test file is a program of its own, and not all look at filters"
)]
pub fn filtered<'c>(call: &'c Call, filter: &str) -> Vec<&'c str> {
    if call.param("Filter.1.Name") == Some(filter) {
        call.list("Filter.1.Value")
    } else {
        Vec::new()
    }
}
