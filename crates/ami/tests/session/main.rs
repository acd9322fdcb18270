//! Where keys, region and endpoint come from, in the order that users are promised.
//!
//! The sandbox tells accounts apart by the access key, so its log says whose keys a call bore.

mod credentials;
mod network;

use ami_sandbox::{Config, Sandbox};
use ami_testkit::{Tool, tool};

const HOME: &str = "us-east-1";
const SECRET: &str = "Recognisable/Secret+Key";

fn sandbox() -> Sandbox {
    Sandbox::start(Config::default()).expect("a sandbox")
}

/// The access keys of the sandbox's two accounts.
fn keys(sandbox: &Sandbox) -> [(String, String); 2] {
    let accounts: Vec<_> = Config::default().accounts;
    assert_eq!(accounts[0].id, sandbox.account());
    [0, 1].map(|n| (accounts[n].id.clone(), accounts[n].access_key.clone()))
}

/// A tool that has the sandbox's endpoint and nothing else: no keys, no region.
fn bare<'s>(sandbox: &'s Sandbox, image: &str) -> Tool<'s> {
    tool("ami-waiton")
        .sandbox(sandbox)
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .env_remove("AWS_DEFAULT_REGION")
        .args(["--nowait-exist", image])
}

/// An image that both accounts see, in each of two regions.
fn images(sandbox: &Sandbox) -> [String; 2] {
    [HOME, "eu-west-1"].map(|region| sandbox.image(region, |image| image.public = true))
}
