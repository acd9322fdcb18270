//! Keys and region: the classic file, the environment, profiles, and the instance's own.

use ami_sandbox::{Sandbox, ThisInstance};
use ami_testkit::{assert_no_calls, tool};

use crate::{HOME, SECRET, bare, images, keys, sandbox};

/// The account and the region of the one call that was made.
fn who_and_where(sandbox: &Sandbox) -> (String, String) {
    let calls = sandbox.calls_to("DescribeImages");
    assert_eq!(calls.len(), 1);
    sandbox.clear_calls();
    (calls[0].account.clone(), calls[0].region.clone())
}

fn classic(key: &str, region: &str) -> String {
    format!("aws_access_key_id={key}\naws_secret_access_key={SECRET}\nregion={region}\n")
}

#[test]
fn the_classic_file_gives_keys_and_region_in_both_spellings() {
    let sandbox = sandbox();
    let [_, away] = images(&sandbox);
    let [_, (account, key)] = keys(&sandbox);
    for text in [
        classic(&key, "eu-west-1"),
        format!("AWSAccessKeyId={key}\nAWSSecretKey={SECRET}\nregion=eu-west-1\n"),
    ] {
        let run = bare(&sandbox, &away)
            .file("keys", &text, 0o600)
            .env("AWS_CREDENTIAL_FILE", "keys");
        run.run().expect().stdout_is(&format!("{away}\n")).done();
        assert_eq!(
            who_and_where(&sandbox),
            (account.clone(), "eu-west-1".to_owned())
        );
    }
}

#[test]
fn keys_in_the_environment_beat_the_classic_file_and_so_does_a_region() {
    let sandbox = sandbox();
    let [home, _] = images(&sandbox);
    let [(first, first_key), (_, second_key)] = keys(&sandbox);
    bare(&sandbox, &home)
        .file("keys", &classic(&second_key, "eu-west-1"), 0o600)
        .env("AWS_CREDENTIAL_FILE", "keys")
        .env("AWS_ACCESS_KEY_ID", first_key)
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .env("AWS_REGION", HOME)
        .run()
        .expect()
        .stdout_is(&format!("{home}\n"))
        .done();
    assert_eq!(who_and_where(&sandbox), (first, HOME.to_owned()));
}

#[test]
fn the_classic_file_beats_profiles_and_an_explicit_profile_beats_everything() {
    let sandbox = sandbox();
    let [home, away] = images(&sandbox);
    let [(first, first_key), (second, second_key)] = keys(&sandbox);
    let profiles = format!(
        "[other]\naws_access_key_id={second_key}\naws_secret_access_key={SECRET}\nregion=eu-west-1\n"
    );
    let with_files = |image: &str| {
        bare(&sandbox, image)
            .file("keys", &classic(&first_key, HOME), 0o600)
            .file("credentials", &profiles, 0o600)
            .env("AWS_SHARED_CREDENTIALS_FILE", "credentials")
    };
    with_files(&home)
        .env("AWS_CREDENTIAL_FILE", "keys")
        .env("AWS_PROFILE", "other")
        .run()
        .expect()
        .stdout_is(&format!("{home}\n"))
        .done();
    assert_eq!(who_and_where(&sandbox), (first.clone(), HOME.to_owned()));
    with_files(&away)
        .env("AWS_PROFILE", "other")
        .run()
        .expect()
        .stdout_is(&format!("{away}\n"))
        .done();
    assert_eq!(
        who_and_where(&sandbox),
        (second.clone(), "eu-west-1".to_owned())
    );
    with_files(&away)
        .args(["--profile", "other"])
        .env("AWS_CREDENTIAL_FILE", "keys")
        .env("AWS_ACCESS_KEY_ID", &first_key)
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .run()
        .expect()
        // The next command in a pipe, without the option, must act there too.
        .stdout_is(&format!("{away}@eu-west-1\n"))
        .done();
    assert_eq!(who_and_where(&sandbox), (second, "eu-west-1".to_owned()));
}

#[test]
fn a_classic_file_that_others_can_read_is_refused_with_the_chmod_to_run() {
    let sandbox = sandbox();
    let [home, _] = images(&sandbox);
    let [(_, key), _] = keys(&sandbox);
    for mode in [0o644, 0o640, 0o604] {
        bare(&sandbox, &home)
            .file("my keys", &classic(&key, HOME), mode)
            .env("AWS_CREDENTIAL_FILE", "my keys")
            .run()
            .expect()
            .fails(2)
            .stderr_is(
                "ami-waiton: my keys: others can read the keys in it (named by AWS_CREDENTIAL_FILE); \
                 run: chmod 600 'my keys'\n",
            )
            .done();
    }
    assert_no_calls(&sandbox);
}

#[test]
fn a_classic_file_that_is_none_is_refused_without_showing_it() {
    let sandbox = sandbox();
    let [home, _] = images(&sandbox);
    for text in [
        SECRET.to_owned(),
        format!("aws_secret_access_key={SECRET}\n"),
        String::new(),
    ] {
        bare(&sandbox, &home)
            .file("keys", &text, 0o600)
            .env("AWS_CREDENTIAL_FILE", "keys")
            .run()
            .expect()
            .fails(2)
            .stderr_has("ami-waiton: keys: ")
            .stderr_has_not(SECRET)
            .done();
    }
    bare(&sandbox, &home)
        .env("AWS_CREDENTIAL_FILE", "/nowhere/keys")
        .run()
        .expect()
        .fails(2)
        .stderr_has("/nowhere/keys: cannot read it: No such file")
        .done();
    assert_no_calls(&sandbox);
}

#[test]
fn an_instance_gives_keys_and_region_when_nothing_else_does() {
    let sandbox = sandbox();
    sandbox.become_instance(&ThisInstance {
        region: "eu-west-1".to_owned(),
        role: Some("builder".to_owned()),
        instance_type: "t3.micro".to_owned(),
    });
    let [_, away] = images(&sandbox);
    bare(&sandbox, &away)
        .metadata()
        .run()
        .expect()
        .stdout_is(&format!("{away}\n"))
        .done();
    assert_eq!(sandbox.calls_to("DescribeImages")[0].region, "eu-west-1");
}

#[test]
fn the_instance_s_region_is_home_even_under_another() {
    let sandbox = sandbox();
    sandbox.become_instance(&ThisInstance {
        region: "eu-west-1".to_owned(),
        role: Some("builder".to_owned()),
        instance_type: "t3.micro".to_owned(),
    });
    let [home, away] = images(&sandbox);
    for (region, image, printed) in [
        ("eu-west-1", &away, away.clone()),
        (HOME, &home, format!("{home}@{HOME}")),
    ] {
        bare(&sandbox, image)
            .metadata()
            .args(["-r", region])
            .run()
            .expect()
            .stdout_is(&format!("{printed}\n"))
            .done();
    }
}

#[test]
fn without_region_or_keys_it_says_what_to_set() {
    let sandbox = sandbox();
    let [home, _] = images(&sandbox);
    bare(&sandbox, &home)
        .env("AWS_ACCESS_KEY_ID", "AKIATEST")
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .run()
        .expect()
        .fails(2)
        .stderr_is(&format!(
            "ami-waiton: {home}: no region is set; give -r REGION or set AWS_DEFAULT_REGION\n"
        ))
        .done();
    bare(&sandbox, &home)
        .args(["-r", HOME])
        .run()
        .expect()
        .fails(1)
        .stderr_has("found no AWS keys; set AWS_ACCESS_KEY_ID")
        .done();
    bare(&sandbox, &home)
        .file("credentials", "[somebody]\nregion=us-east-1\n", 0o600)
        .env("AWS_SHARED_CREDENTIALS_FILE", "credentials")
        .args(["-r", HOME, "--profile", "sombody"])
        .run()
        .expect()
        .fails(2)
        .stderr_has("--profile: there is no profile 'sombody', did you mean 'somebody'?")
        .done();
    assert_no_calls(&sandbox);
}

#[test]
fn variables_set_to_nothing_are_not_set() {
    let sandbox = sandbox();
    let [home, _] = images(&sandbox);
    tool("ami-waiton")
        .sandbox(&sandbox)
        .env("AWS_PROFILE", "")
        .env("AWS_ENDPOINT_URL_EC2", "")
        .env("AWS_REGION", "")
        .env("AWS_CREDENTIAL_FILE", "")
        .env("AWS_CA_BUNDLE", "")
        .env("HTTPS_PROXY", "")
        .args([&home])
        .run()
        .expect()
        .stdout_is(&format!("{home}\n"))
        .done();
}

#[test]
fn no_secret_stands_where_others_can_see_it() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    sandbox.edit_image(&image, |image| {
        image.set_state(ami_sandbox::ImageState::Pending)
    });
    sandbox.inject(ami_sandbox::Fault::on("DescribeImages").times(1).error(
        403,
        "AuthFailure",
        "no",
    ));
    let mut running = tool("ami-waiton")
        .sandbox(&sandbox)
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .env("AWS_SESSION_TOKEN", SECRET)
        .args(["-v", "--poll", "100ms", &image])
        .spawn();
    running.wait_until("it has called", |_| !sandbox.calls().is_empty());
    assert!(!running.cmdline().concat().contains(SECRET));
    running
        .wait()
        .expect()
        .fails(1)
        .stderr_has("check the keys")
        .stderr_has_not(SECRET)
        .done();
}

#[test]
fn a_profile_file_that_cannot_be_read_is_named_with_its_line() {
    let sandbox = sandbox();
    bare(&sandbox, "ami-0123456789abcdef0")
        .file(".aws/config", &format!("[default]\n{SECRET}\n"), 0o600)
        .run()
        .expect()
        .fails(2)
        .stderr_has("cannot read the profiles: error parsing ")
        .stderr_has("/.aws/config on line 2")
        .stderr_has_not(SECRET)
        .done();
    for (text, why) in [
        (
            "[default]\nregion = mars\n",
            "the profile 'default': 'mars' is no region code",
        ),
        (
            "[default]\nendpoint_url =\n",
            "the profile 'default': endpoint_url: '' is no URL",
        ),
    ] {
        bare(&sandbox, "ami-0123456789abcdef0")
            .file(".aws/config", text, 0o600)
            .run()
            .expect()
            .fails(2)
            .stderr_has(why)
            .done();
    }
    assert_no_calls(&sandbox);
}
