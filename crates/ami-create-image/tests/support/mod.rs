//! What the tests of this tool share.

use ami_sandbox::{Config, Sandbox};
use ami_testkit::Tool;

/// The region that the environment of the tests gives.
pub const HOME: &str = "us-east-1";

/// A sandbox as EC2 is on a good day.
pub fn sandbox() -> Sandbox {
    Sandbox::start(Config::default()).expect("a sandbox")
}

/// The tool with arguments, led to a sandbox.
pub fn create<'s>(sandbox: &'s Sandbox, args: &[&str]) -> Tool<'s> {
    ami_testkit::tool("ami-create-image")
        .sandbox(sandbox)
        // Lost results are looked for so long; the sandbox hides nothing longer than it is told.
        .env("AMI_TOOLS_GRACE", "1s")
        .args(args)
}

/// The names of the calls that were made, in order.
#[allow(
    dead_code,
    reason = "each test file is a program of its own, and not all look at calls"
)]
pub fn actions(sandbox: &Sandbox) -> Vec<String> {
    sandbox
        .calls()
        .into_iter()
        .map(|call| call.action)
        .collect()
}
