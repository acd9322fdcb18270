//! A second run finds what the first has made.

use ami_sandbox::{Fault, ImageState, Sandbox};

use crate::{
    ABROAD, FAR, HOME, asked, clone, copies, copy, image, only_copy, quick_sandbox, slow_sandbox,
    sorted,
};

/// Runs the tool and gives what it printed.
#[track_caller]
fn printed(sandbox: &Sandbox, words: &[&str]) -> String {
    copy(sandbox, words)
        .run()
        .expect()
        .stdout_has("ami-")
        .done()
        .stdout
}

#[test]
fn a_second_run_makes_nothing_and_prints_the_same() {
    let sandbox = quick_sandbox();
    let images: Vec<_> = (0..7).map(|_| image(&sandbox)).collect();
    let mut words = vec![
        "-R",
        "eu-west-1,ap-south-1,us-east-1",
        "-t",
        "a=b",
        "-d",
        "text",
    ];
    words.extend(images.iter().map(String::as_str));
    let first = printed(&sandbox, &words);
    assert_eq!((first.lines().count(), asked(&sandbox)), (21, 21));
    let second = printed(&sandbox, &words);
    assert_eq!(sorted(&second), sorted(&first));
    assert_eq!(asked(&sandbox), 21);
}

#[test]
fn a_second_clone_makes_nothing_either() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    let run = || {
        clone(&sandbox, &[&image])
            .run()
            .expect()
            .stdout_has("ami-")
            .done()
            .stdout
    };
    assert_eq!(run(), run());
    assert_eq!(asked(&sandbox), 1);
}

#[test]
fn an_encrypted_copy_without_snapshots_is_found_too() {
    let sandbox = quick_sandbox();
    let image = sandbox.image(HOME, |image| image.mappings.clear());
    let words = ["--encrypt", "-R", ABROAD, &image];
    assert_eq!(printed(&sandbox, &words), printed(&sandbox, &words));
    assert_eq!(asked(&sandbox), 1);
}

#[test]
fn a_copy_that_is_pending_is_printed_and_not_waited_for() {
    let sandbox = slow_sandbox();
    let image = image(&sandbox);
    let words = ["--json", "-R", ABROAD, &image];
    let first = printed(&sandbox, &words);
    assert!(
        first.contains(r#""state":"pending","found":false"#),
        "{first}"
    );
    let second = printed(&sandbox, &words);
    assert!(
        second.contains(r#""state":"pending","found":true"#),
        "{second}"
    );
    assert_eq!(asked(&sandbox), 1);
}

#[test]
fn another_copy_is_made_when_that_is_wished() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    printed(&sandbox, &["-R", ABROAD, &image]);
    printed(&sandbox, &["--new", "-R", ABROAD, &image]);
    assert_eq!((asked(&sandbox), copies(&sandbox, ABROAD).len()), (2, 2));
    // Of several the newest is printed.
    let [older, newer] = [0, 1].map(|at| copies(&sandbox, ABROAD).remove(at).id);
    for (old, new) in [(&older, &newer), (&newer, &older)] {
        for (id, hours) in [(old, 2), (new, 1)] {
            let then = time::OffsetDateTime::now_utc() - time::Duration::hours(hours);
            sandbox.edit_image(id, |image| image.created = then);
        }
        let found = printed(&sandbox, &["-R", ABROAD, &image]);
        assert_eq!(found, format!("{new}@{ABROAD}\n"));
    }
    assert_eq!(asked(&sandbox), 2);
}

#[test]
fn what_is_gone_or_has_failed_is_made_again() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    let words = ["-R", ABROAD, &image];
    printed(&sandbox, &words);
    sandbox.deregister(&only_copy(&sandbox, ABROAD).id);
    printed(&sandbox, &words);
    assert_eq!(asked(&sandbox), 2);
    let bad = [
        ImageState::Failed,
        ImageState::Error,
        ImageState::Invalid,
        ImageState::Disabled,
    ];
    for (count, state) in bad.into_iter().enumerate() {
        for copy in copies(&sandbox, ABROAD) {
            sandbox.set_image_state(&copy.id, state, None);
        }
        printed(&sandbox, &words);
        assert_eq!(asked(&sandbox), 3 + count, "{state:?}");
    }
}

#[test]
fn every_other_request_makes_another_copy() {
    let sandbox = quick_sandbox();
    let key = sandbox.kms_key(ABROAD, |key| {
        key.aliases.insert("alias/images".into());
    });
    let image = image(&sandbox);
    let requests: [&[&str]; 10] = [
        &[],
        &["-n", "web"],
        &["-n", "web2"],
        &["-N", "web"],
        &["-d", "a web server"],
        &["-t", "role=web"],
        &["-t", "role=database"],
        &["--copy-tags"],
        &["--encrypt"],
        &["--encrypt", "--kms-key", &key],
    ];
    for _ in 0..2 {
        for request in requests {
            let mut words = vec!["-R", ABROAD, &*image];
            words.extend(request);
            printed(&sandbox, &words);
        }
    }
    assert_eq!(asked(&sandbox), requests.len());
}

#[test]
fn regions_and_images_are_apart() {
    let sandbox = quick_sandbox();
    let (first, second) = (image(&sandbox), image(&sandbox));
    printed(&sandbox, &["-R", ABROAD, &first]);
    printed(&sandbox, &["-R", FAR, &first]);
    printed(&sandbox, &["-R", ABROAD, &second]);
    assert_eq!(asked(&sandbox), 3);
    printed(&sandbox, &["-R", "eu-west-1,ap-south-1", &first, &second]);
    assert_eq!(asked(&sandbox), 4);
}

#[test]
fn what_cannot_be_looked_for_is_not_made_again() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    printed(&sandbox, &["-R", ABROAD, &image]);
    let refusal = Fault::on("DescribeImages").region(ABROAD).always();
    sandbox.inject(refusal.error(403, "UnauthorizedOperation", "no"));
    copy(&sandbox, &["-R", ABROAD, &image])
        .run()
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_has(&format!(
            "ami-copy-image: {image} to {ABROAD}: not authorized to DescribeImages"
        ))
        .done();
    assert_eq!(asked(&sandbox), 1);
}

#[test]
fn the_tag_of_another_image_s_copy_does_not_mislead() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    printed(&sandbox, &["-R", ABROAD, &image]);
    let digest = only_copy(&sandbox, ABROAD).tags["ami_tools_request"].clone();
    sandbox.deregister(&only_copy(&sandbox, ABROAD).id);
    sandbox.image(ABROAD, |other| {
        other.source_image = Some("ami-12345678".into());
        other.tags.insert("ami_tools_request".into(), digest);
    });
    printed(&sandbox, &["-R", ABROAD, &image]);
    assert_eq!(asked(&sandbox), 2);
}
