//! How references are read and printed, and where region and keys come from.

mod support;

use support::{HOME, sandbox, waiton};

const AWAY: &str = "eu-west-1";

#[test]
fn an_image_at_home_is_printed_bare_and_another_with_its_region() {
    let sandbox = sandbox();
    let here = sandbox.image(HOME, |_| {});
    let there = sandbox.image(AWAY, |_| {});
    let away = format!("{there}@{AWAY}");
    waiton(&sandbox, &[&format!("{here}@{HOME}")])
        .run()
        .expect()
        .stdout_is(&format!("{here}\n"))
        .done();
    waiton(&sandbox, &[&away])
        .run()
        .expect()
        .stdout_is(&format!("{away}\n"))
        .done();
    // What the next program in a pipe takes for its region is not changed by our -r.
    for words in [["-r", AWAY, &there], ["--region", AWAY, &away]] {
        waiton(&sandbox, &words)
            .run()
            .expect()
            .stdout_is(&format!("{away}\n"))
            .done();
    }
    let regions: Vec<String> = sandbox
        .calls()
        .into_iter()
        .map(|call| call.region)
        .collect();
    assert_eq!(regions, [HOME, AWAY, AWAY, AWAY]);
}

#[test]
fn the_region_of_a_reference_beats_that_of_the_option() {
    let sandbox = sandbox();
    let here = sandbox.image(HOME, |_| {});
    waiton(&sandbox, &["-r", AWAY, &format!("{here}@{HOME}")])
        .run()
        .expect()
        .stdout_is(&format!("{here}\n"))
        .done();
}

#[test]
fn bare_leaves_the_region_out() {
    let sandbox = sandbox();
    let there = sandbox.image(AWAY, |_| {});
    waiton(&sandbox, &["--bare", &format!("{there}@{AWAY}")])
        .run()
        .expect()
        .stdout_is(&format!("{there}\n"))
        .done();
    waiton(&sandbox, &["--bare", "-C", "-r", AWAY, &there])
        .run()
        .expect()
        .stdout_has(&format!("\n{there}  available  "))
        .done();
}

#[test]
fn arns_of_all_kinds_are_read() {
    let sandbox = sandbox();
    let account = sandbox.account().to_owned();
    let image = sandbox.image(AWAY, |_| {});
    let snapshot = sandbox.snapshot(AWAY, |_| {});
    let volume = sandbox.volume(AWAY, |_| {});
    let instance = sandbox.instance(AWAY, |_| {});
    for (arn, id) in [
        (format!("arn:aws:ec2:{AWAY}::image/{image}"), image),
        (format!("arn:aws:ec2:{AWAY}::snapshot/{snapshot}"), snapshot),
        (
            format!("arn:aws:ec2:{AWAY}:{account}:volume/{volume}"),
            volume,
        ),
        (
            format!("arn:aws:ec2:{AWAY}:{account}:instance/{instance}"),
            instance,
        ),
    ] {
        waiton(&sandbox, &[&arn])
            .run()
            .expect()
            .stdout_is(&format!("{id}@{AWAY}\n"))
            .done();
    }
}

#[test]
fn aws_region_beats_aws_default_region_and_empty_is_not_set() {
    let sandbox = sandbox();
    let there = sandbox.image(AWAY, |_| {});
    waiton(&sandbox, &[&there])
        .env("AWS_REGION", AWAY)
        .run()
        .expect()
        .stdout_is(&format!("{there}\n"))
        .done();
    waiton(&sandbox, &[&there])
        .env("AWS_REGION", "")
        .env("AWS_ENDPOINT_URL_EC2", "")
        .env("AWS_SESSION_TOKEN", "")
        .env("AWS_DEFAULT_REGION", AWAY)
        .run()
        .expect()
        .stdout_is(&format!("{there}\n"))
        .done();
}

#[test]
fn without_any_home_everything_is_printed_with_its_region() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    let away = format!("{image}@{HOME}");
    waiton(&sandbox, &[&away])
        .env_remove("AWS_DEFAULT_REGION")
        .run()
        .expect()
        .stdout_is(&format!("{away}\n"))
        .done();
}

#[test]
fn the_classic_file_gives_keys_and_region_in_both_spellings() {
    let sandbox = sandbox();
    let image = sandbox.image(AWAY, |_| {});
    for text in [
        "aws_access_key_id=AKIASANDBOX000000001\naws_secret_access_key=s/e+c=\nregion=eu-west-1\n",
        "AWSAccessKeyId=AKIASANDBOX000000001\nAWSSecretKey=s/e+c=\nregion=eu-west-1\n",
    ] {
        let tool = waiton(&sandbox, &[&image]).file("keys", text, 0o600);
        let path = tool.home().join("keys");
        tool.env("AWS_CREDENTIAL_FILE", path)
            .env_remove("AWS_ACCESS_KEY_ID")
            .env_remove("AWS_SECRET_ACCESS_KEY")
            .env_remove("AWS_DEFAULT_REGION")
            .run()
            .expect()
            .stdout_is(&format!("{image}\n"))
            .done();
    }
}

#[test]
fn an_explicit_profile_beats_keys_in_the_environment() {
    let sandbox = sandbox();
    let other = "210987654321";
    let image = sandbox.image(AWAY, |image| image.owner = other.to_owned());
    let keys = "[other]\naws_access_key_id = AKIASANDBOX000000002\naws_secret_access_key = x\n";
    // A profile that is named with the option is not the environment's, and its region not home.
    waiton(&sandbox, &["--profile", "other", &image])
        .file(".aws/credentials", keys, 0o600)
        .file(
            ".aws/config",
            "[profile other]\nregion = eu-west-1\n",
            0o600,
        )
        .env_remove("AWS_DEFAULT_REGION")
        .run()
        .expect()
        .stdout_is(&format!("{image}@{AWAY}\n"))
        .done();
    assert_eq!(sandbox.calls()[0].account, other);
}

#[test]
fn the_endpoint_of_the_option_beats_that_of_the_environment() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    let url = sandbox.endpoint().to_owned();
    waiton(&sandbox, &["--endpoint-url", &url, &image])
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .run()
        .expect()
        .stdout_is(&format!("{image}\n"))
        .done();
}
