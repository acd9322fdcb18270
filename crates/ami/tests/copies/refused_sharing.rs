//! What may not be shared is refused before any copy is made.

use ami_sandbox::{Client, Sandbox};

use crate::{ABROAD, HOME, OTHER, asked, copies, copy, image, only_copy, quick_sandbox};

/// Calls an action as the owner of the images.
fn call(sandbox: &Sandbox, region: &str, action: &str, params: &[(&str, &str)]) {
    let environment = sandbox.environment();
    let value = |name: &str| {
        let found = environment.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| value.clone()).expect(name)
    };
    let mut client = Client::on_loopback(sandbox.endpoint()).expect("loopback");
    client.access_key = value("AWS_ACCESS_KEY_ID");
    client.secret_key = value("AWS_SECRET_ACCESS_KEY");
    client.region = region.to_owned();
    let params: Vec<_> = params
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    client
        .call(action, &params)
        .unwrap_or_else(|error| panic!("{action}: {error}"));
}

/// Runs the tool, which must refuse to copy in one line.
#[track_caller]
fn refusal(sandbox: &Sandbox, words: &[&str]) -> String {
    let outcome = copy(sandbox, words)
        .run()
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_any()
        .done();
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
    assert_eq!(asked(sandbox), 0, "no copy is begun");
    outcome.stderr
}

#[test]
fn what_the_account_blocks_is_one_line_a_region() {
    let sandbox = quick_sandbox();
    let images: Vec<_> = (0..3).map(|_| image(&sandbox)).collect();
    let mut words = vec!["-R", ABROAD, "--share", "public"];
    words.extend(images.iter().map(String::as_str));
    assert_eq!(
        refusal(&sandbox, &words),
        "ami-copy-image: 3 images to eu-west-1: the account blocks public images in eu-west-1; to allow them: aws ec2 disable-image-block-public-access --region eu-west-1\n"
    );
    call(&sandbox, ABROAD, "DisableImageBlockPublicAccess", &[]);
    copy(
        &sandbox,
        &[
            "-R",
            "eu-west-1,ap-south-1",
            "--share",
            "public",
            &images[0],
        ],
    )
    .run()
    .expect()
    .fails(6)
    .stdout_has("@eu-west-1\n")
    .stderr_has(&format!(
        "{} to ap-south-1: the account blocks public images in ap-south-1",
        images[0]
    ))
    .done();
    assert_eq!(asked(&sandbox), 1);
}

#[test]
fn carried_grants_are_checked_whenever_they_come() {
    let sandbox = quick_sandbox();
    let (private, public) = (image(&sandbox), image(&sandbox));
    sandbox.edit_image(&public, |image| image.public = true);
    let mut running = copy(&sandbox, &["-R", ABROAD, "--carry-permissions", "-"])
        .stdin_open()
        .spawn();
    running.write(&format!("{private}\n"));
    running.wait_until("the first copy", |running| {
        running.stdout().contains("ami-")
    });
    running.write(&format!("{public}\n"));
    running
        .wait()
        .expect()
        .fails(6)
        .stdout_has("ami-")
        .stderr_has(&format!(
            "ami-copy-image: {public}: the account blocks public images in eu-west-1"
        ))
        .done();
    assert_eq!(asked(&sandbox), 1);
}

#[test]
fn public_snapshots_are_checked_too() {
    let sandbox = quick_sandbox();
    sandbox.configure(|settings| settings.block_public_snapshots = true);
    let image = image(&sandbox);
    let source = sandbox.find_image(&image).expect("the image");
    let snapshot = source.snapshots().next().expect("a snapshot");
    sandbox.edit_snapshot(snapshot, |snapshot| snapshot.public = true);
    let line = refusal(&sandbox, &["-R", ABROAD, "--carry-permissions", &image]);
    assert!(line.contains("the account blocks public snapshots in eu-west-1; to allow them: aws ec2 disable-snapshot-block-public-access"), "{line}");
}

#[test]
fn what_is_encrypted_cannot_be_public() {
    let sandbox = quick_sandbox();
    sandbox.configure(|settings| settings.block_public_images = false);
    let plain = image(&sandbox);
    let encrypted = sandbox.image(HOME, |image| image.mappings.iter_mut().for_each(encrypt));
    for words in [
        &["-R", ABROAD, "--share", "public", "--encrypt", &plain][..],
        &["-R", ABROAD, "--share", "public", &encrypted],
    ] {
        let line = refusal(&sandbox, words);
        assert!(
            line.contains("what is encrypted cannot be public"),
            "{line}"
        );
    }
    call(&sandbox, ABROAD, "EnableEbsEncryptionByDefault", &[]);
    let line = refusal(&sandbox, &["-R", ABROAD, "--share", "public", &plain]);
    assert!(
        line.contains("what is encrypted cannot be public"),
        "{line}"
    );
}

fn encrypt(mapping: &mut ami_sandbox::Mapping) {
    if let ami_sandbox::Device::Ebs(ebs) = &mut mapping.device {
        ebs.encrypted = true;
    }
}

#[test]
fn the_key_of_aws_is_refused_and_an_own_one_is_not() {
    let sandbox = quick_sandbox();
    let own = sandbox.kms_key(ABROAD, |key| {
        key.aliases.insert("alias/images".into());
    });
    let plain = image(&sandbox);
    let encrypted = sandbox.image(HOME, |image| image.mappings.iter_mut().for_each(encrypt));
    for words in [
        &["-R", ABROAD, "--share", OTHER, "--encrypt", &plain][..],
        &["-R", ABROAD, "--share", OTHER, &encrypted],
        &[
            "-R",
            ABROAD,
            "--share",
            OTHER,
            "--encrypt",
            "--kms-key",
            "alias/aws/ebs",
            &plain,
        ],
    ] {
        let line = refusal(&sandbox, words);
        assert!(line.contains("with the key that AWS keeps for this account's EBS, and could not be shared; give --encrypt --kms-key KEY with a key of your own"), "{line}");
    }
    let words = [
        "-R",
        ABROAD,
        "--share",
        OTHER,
        "--encrypt",
        "--kms-key",
        "alias/images",
        &plain,
        &encrypted,
    ];
    copy(&sandbox, &words)
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    for copied in copies(&sandbox, ABROAD) {
        let key = copied.mappings[0]
            .as_ebs()
            .and_then(|ebs| ebs.kms_key.clone());
        assert_eq!(key.as_ref(), Some(&own));
        assert!(copied.shared_with.contains(OTHER));
    }
}

#[test]
fn a_quota_that_is_full_is_a_warning() {
    let sandbox = quick_sandbox();
    sandbox.configure(|settings| {
        settings.block_public_images = false;
        settings.limits.public_images = 6;
    });
    for _ in 0..5 {
        sandbox.image(ABROAD, |image| image.public = true);
    }
    let image = image(&sandbox);
    copy(&sandbox, &["-R", ABROAD, "--share", "public", &image])
        .run()
        .expect()
        .stdout_has("ami-")
        .stderr_is("ami-copy-image: eu-west-1 has 5 public images already, and 5 are the quota unless it was raised\n")
        .done();
    copy(
        &sandbox,
        &["--new", "-q", "-R", ABROAD, "--share", "public", &image],
    )
    .run()
    .expect()
    .fails(1)
    .stdout_has("ami-")
    .stderr_has("You have reached your quota of 6")
    .done();
}

#[test]
fn images_that_are_paid_for_are_refused() {
    let sandbox = quick_sandbox();
    let image = sandbox.image(HOME, |image| image.product_codes.push("abc123".into()));
    assert_eq!(
        refusal(&sandbox, &["-R", ABROAD, &image]),
        format!(
            "ami-copy-image: {image}: has the product code abc123, and EC2 does not copy images that are paid for\n"
        )
    );
}

#[test]
fn without_sharing_none_of_it_is_asked() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    copy(&sandbox, &["-R", ABROAD, "--encrypt", "--protect", &image])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    assert!(only_copy(&sandbox, ABROAD).protection.is_some());
    assert!(
        sandbox
            .calls()
            .iter()
            .all(|call| !call.action.starts_with("Get"))
    );
}
