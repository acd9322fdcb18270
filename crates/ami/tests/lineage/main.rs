//! The tools that show families of images, run against families of every kind.

mod answers;
mod calls;
mod circles;
mod families;
mod forgotten;
mod formats;
mod golden;
mod hostile;
mod lines;
mod operands;
mod outages;
mod pictures;
mod regions;
mod search;
mod tags;
mod times;
mod uses;

use ami_sandbox::{Config, Sandbox};
use ami_testkit::{Tool, tool};
use serde_json::Value;

/// The region that the environment of the tests gives.
const HOME: &str = "us-east-1";

/// A region that is not the one at home.
const ABROAD: &str = "eu-west-1";

/// The image of Amazon that the sandbox has in every region.
const AMAZON: &str = "ami-0a1b2c3d4e5f60001";

/// A sandbox with few regions, so that a listing of all of them is soon done; one is not enabled.
fn sandbox() -> Sandbox {
    let mut config = Config::default();
    let known = [HOME, ABROAD, "ap-south-1", "me-south-1"];
    config
        .regions
        .retain(|region| known.contains(&&*region.name));
    Sandbox::start(config).expect("a sandbox")
}

/// `ami-describe-ancestors` with arguments, led to a sandbox.
fn ancestors<'s>(sandbox: &'s Sandbox, words: &[&str]) -> Tool<'s> {
    lineage("ami-describe-ancestors", sandbox, words)
}

/// `ami-describe-children` with arguments, led to a sandbox.
fn children<'s>(sandbox: &'s Sandbox, words: &[&str]) -> Tool<'s> {
    lineage("ami-describe-children", sandbox, words)
}

fn lineage<'s>(name: &str, sandbox: &'s Sandbox, words: &[&str]) -> Tool<'s> {
    // No image here is younger than its test, so that none that is unknown need be asked for again.
    tool(name)
        .sandbox(sandbox)
        .env("AMI_TOOLS_GRACE", "0s")
        .args(words)
}

/// References as they are printed.
fn lines(references: &[&str]) -> String {
    references.iter().map(|line| format!("{line}\n")).collect()
}

/// The objects of `--json`.
#[track_caller]
fn objects(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect()
}

/// One field of the objects of `--json`.
#[track_caller]
fn field(text: &str, name: &str) -> Vec<Value> {
    objects(text)
        .into_iter()
        .map(|mut object| object[name].take())
        .collect()
}
