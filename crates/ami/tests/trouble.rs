//! What can be wrong between a user and EC2, and the words that say what to do about it.

use std::net::TcpListener;
use std::time::Duration;

use ami_sandbox::{Config, Sandbox};
use ami_testkit::{Tool, assert_no_calls, front, tool};

const HOME: &str = "us-east-1";
const IMAGE: &str = "ami-0123456789abcdef0";

fn sandbox() -> Sandbox {
    Sandbox::start(Config::default()).expect("a sandbox")
}

/// A tool with a region and an endpoint, and no keys but those that a test gives it.
fn without_keys<'s>(sandbox: &'s Sandbox, args: &[&str]) -> Tool<'s> {
    tool("ami-waiton")
        .sandbox(sandbox)
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .args(args)
        .args([IMAGE])
}

/// A session of IAM Identity Center that is over; its name is hashed into the file's.
fn expired_sso<'s>(tool: Tool<'s>) -> Tool<'s> {
    let config = "[profile work]\nsso_session = work\nsso_account_id = 123456789012\n\
                  sso_role_name = builder\nregion = us-east-1\n\
                  [sso-session work]\nsso_region = us-east-1\nsso_start_url = https://sso.invalid/start\n";
    let token = r#"{"accessToken":"RecognisableToken","expiresAt":"2020-01-01T00:00:00Z"}"#;
    std::fs::create_dir_all(tool.home().join(".aws/sso/cache")).expect("a directory");
    tool.file(".aws/config", config, 0o600).file(
        ".aws/sso/cache/e274eeff768c6396088ec6eb091f4bf4d47ab1e0.json",
        token,
        0o600,
    )
}

#[test]
fn a_session_that_is_over_says_to_log_in_again() {
    let sandbox = sandbox();
    for (args, profile) in [(&["--profile", "work"][..], ""), (&[], "work")] {
        expired_sso(without_keys(&sandbox, args).env("AWS_PROFILE", profile))
            .run()
            .expect()
            .fails(1)
            .stderr_has("cannot get AWS keys: the SSO token has expired and cannot be refreshed")
            .stderr_has("log in again with 'aws sso login'")
            .stderr_has_not("RecognisableToken")
            .done();
    }
    assert_no_calls(&sandbox);
}

#[test]
fn a_role_that_wants_a_code_says_how_to_get_a_session() {
    let sandbox = sandbox();
    let config = "[profile admin]\nrole_arn = arn:aws:iam::123456789012:role/admin\n\
                  source_profile = base\nmfa_serial = arn:aws:iam::123456789012:mfa/me\n\
                  [profile base]\naws_access_key_id = AKIATEST\naws_secret_access_key = x\n";
    for (args, profile) in [(&["--profile", "admin"][..], ""), (&[], "admin")] {
        let tool = without_keys(&sandbox, args).env("AWS_PROFILE", profile);
        std::fs::create_dir_all(tool.home().join(".aws")).expect("a directory");
        tool.file(".aws/config", config, 0o600)
            .run()
            .expect()
            .fails(2)
            .stderr_is(
                "ami-waiton: the profile 'admin' needs a code from an MFA device; get a session first: \
                 eval \"$(aws configure export-credentials --format env --profile admin)\"\n",
            )
            .done();
    }
    assert_no_calls(&sandbox);
}

#[test]
fn a_metadata_service_that_does_not_answer_is_asked_once() {
    let sandbox = sandbox();
    // It takes connections, by the kernel, and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("an address");
    without_keys(&sandbox, &[])
        .env_remove("AWS_EC2_METADATA_DISABLED")
        .env(
            "AWS_EC2_METADATA_SERVICE_ENDPOINT",
            format!("http://{address}"),
        )
        .run()
        .expect()
        .fails(1)
        .stderr_has("AWS keys")
        .done();
    silent.set_nonblocking(true).expect("a port");
    let tries = std::iter::from_fn(|| silent.accept().ok()).count();
    // Each try lasts a second; the SDK's own four would be four.
    assert_eq!(tries, 1);
    assert_no_calls(&sandbox);
}

#[test]
fn a_clock_that_is_wrong_is_named() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.clock_skew = Some(Duration::ZERO));
    tool("ami-waiton")
        .sandbox(&sandbox)
        .args([IMAGE])
        .run()
        .expect()
        .fails(1)
        .stderr_has("(RequestExpired, request ")
        .stderr_has("; check this machine's clock")
        .done();
}

#[test]
fn a_private_authority_is_trusted_when_its_bundle_is_named_and_hinted_at_when_not() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    let (pem, config) = front::authority("private");
    let endpoint = front::with_tls(&sandbox, config);
    let run = || {
        tool("ami-waiton")
            .sandbox(&sandbox)
            .file("bundle.pem", &pem, 0o644)
            .args(["--endpoint-url", &endpoint, &image])
    };
    run()
        .env("AWS_CA_BUNDLE", "bundle.pem")
        .run()
        .expect()
        .stdout_is(&format!("{image}\n"))
        .done();
    run()
        .run()
        .expect()
        .fails(1)
        .stderr_has("invalid peer certificate: UnknownIssuer")
        .stderr_has("needs AWS_CA_BUNDLE")
        .done();
}
