//! What is typed and what is printed.

mod support;

use ami_copy_image::spec::SPEC;
use ami_testkit::assert_no_calls;
use support::{ABROAD, HOME, copies, copy, sandbox};

#[test]
fn a_copy_is_a_few_calls_and_one_line() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    let outcome = copy(&sandbox, &["-R", ABROAD, &image])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let calls = sandbox.calls();
    let calls: Vec<_> = calls
        .iter()
        .map(|call| (&*call.action, &*call.region))
        .collect();
    assert_eq!(
        calls,
        [
            ("DescribeRegions", HOME),
            ("DescribeImages", HOME),
            ("DescribeImages", ABROAD),
            ("CopyImage", ABROAD),
        ]
    );
    let copied = copies(&sandbox, ABROAD).remove(0);
    assert_eq!(outcome.stdout, format!("{}@{ABROAD}\n", copied.id));
    let source = sandbox.find_image(&image).expect("the image");
    assert_eq!(copied.name, source.name, "its own name");
}

#[test]
fn options_reach_ec2() {
    let sandbox = sandbox();
    let key = sandbox.kms_key(ABROAD, |_| {});
    let image = sandbox.image(HOME, |_| {});
    copy(
        &sandbox,
        &[
            "-R",
            ABROAD,
            "-n",
            "web (42)",
            "-d",
            "the web's server",
            "--encrypt",
            "--kms-key",
            &format!("{ABROAD}={key}"),
            "--kms-key=alias/elsewhere",
            "--snapshot-completion",
            "1h30m",
            "-t",
            "role=web",
            &image,
        ],
    )
    .run()
    .expect()
    .stdout_has("ami-")
    .done();
    let call = sandbox.calls_to("CopyImage").remove(0);
    for (name, value) in [
        ("SourceImageId", &*image),
        ("SourceRegion", HOME),
        ("Name", "web (42)"),
        ("Description", "the web's server"),
        ("Encrypted", "true"),
        ("KmsKeyId", &key),
        ("SnapshotCopyCompletionDurationMinutes", "90"),
    ] {
        assert_eq!(call.param(name), Some(value), "{name}");
    }
    assert_eq!(call.param("CopyImageTags"), None);
    assert_eq!(call.param("DryRun"), None);
    let tags = call.tags("image");
    assert_eq!(tags, call.tags("snapshot"));
    assert_eq!(tags["role"], "web");
}

#[test]
fn what_is_not_wished_is_not_asked_for() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    copy(&sandbox, &["-R", ABROAD, &image])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let call = sandbox.calls_to("CopyImage").remove(0);
    for name in [
        "Description",
        "Encrypted",
        "KmsKeyId",
        "SnapshotCopyCompletionDurationMinutes",
    ] {
        assert_eq!(call.param(name), None, "{name}");
    }
}

#[test]
fn copies_are_named_with_a_prefix() {
    let sandbox = sandbox();
    let images = [sandbox.image(HOME, |_| {}), sandbox.image(HOME, |_| {})];
    copy(
        &sandbox,
        &["-R", ABROAD, "-N", "web", &images[0], &images[1]],
    )
    .run()
    .expect()
    .stdout_has("ami-")
    .done();
    let names: Vec<_> = copies(&sandbox, ABROAD)
        .into_iter()
        .map(|copy| copy.name)
        .collect();
    assert!(
        names.iter().all(|name| name.starts_with("web-")),
        "{names:?}"
    );
    assert_ne!(names[0], names[1]);
}

#[test]
fn destinations_are_given_in_many_forms() {
    for words in [
        &["-R", "eu-west-1,ap-south-1"][..],
        &["-R", "eu-west-1", "-R", "ap-south-1"],
        &["-Reu-west-1", "--dest-region=ap-south-1,eu-west-1"],
        &["--dest-region", "eu-west-1, ap-south-1"],
    ] {
        let sandbox = sandbox();
        let image = sandbox.image(HOME, |_| {});
        let words = [words, &[&image]].concat();
        copy(&sandbox, &words)
            .run()
            .expect()
            .stdout_has("ami-")
            .done();
        let count = |region| copies(&sandbox, region).len();
        assert_eq!(
            (count(ABROAD), count("ap-south-1"), count(HOME)),
            (1, 1, 0),
            "{words:?}"
        );
    }
}

#[test]
fn copies_come_home_when_no_destination_is_given() {
    let sandbox = sandbox();
    let image = sandbox.image(ABROAD, |_| {});
    for words in [
        &["-r", ABROAD, &image][..],
        &["--new", "-r", ABROAD, "-s", &image],
        &["--new", &format!("{image}@{ABROAD}")],
        &["--new", &format!("arn:aws:ec2:{ABROAD}::image/{image}")],
    ] {
        let outcome = copy(&sandbox, words)
            .run()
            .expect()
            .stdout_has("ami-")
            .done();
        assert!(!outcome.stdout.contains('@'), "{words:?}: {outcome}");
    }
    let copies = copies(&sandbox, HOME);
    assert_eq!(copies.len(), 4);
    assert!(
        copies
            .iter()
            .all(|copy| copy.source_region.as_deref() == Some(ABROAD))
    );
}

#[test]
fn without_a_home_a_destination_must_be_given() {
    let sandbox = sandbox();
    let image = sandbox.image(ABROAD, |_| {});
    let tool = |words: &[&str]| copy(&sandbox, words).env_remove("AWS_DEFAULT_REGION");
    tool(&["-r", ABROAD, &image])
        .run()
        .expect()
        .fails(2)
        .stderr_is("ami-copy-image: no region to copy to is set; give -R REGION or set AWS_DEFAULT_REGION\n")
        .done();
    assert_no_calls(&sandbox);
    let outcome = tool(&["-r", ABROAD, "-R", HOME, &image])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    assert!(outcome.stdout.ends_with("@us-east-1\n"), "{outcome}");
}

#[test]
fn bare_references_say_no_region() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    let outcome = copy(&sandbox, &["--bare", "-R", ABROAD, &image])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let copied = copies(&sandbox, ABROAD).remove(0).id;
    assert_eq!(outcome.stdout, format!("{copied}\n"));
}

#[test]
fn json_has_the_fields_of_the_manual_in_their_order() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    for found in [false, true] {
        let outcome = copy(
            &sandbox,
            &["--json", "-t", "role=web", "-R", ABROAD, &image],
        )
        .run()
        .expect()
        .stdout_has("{")
        .done();
        let line = outcome.stdout.trim_end();
        let object: serde_json::Map<_, _> = serde_json::from_str(line).expect("JSON");
        let mut at = 0;
        for field in SPEC.json {
            let key = format!("\"{}\":", field.name);
            at += line[at..]
                .find(&key)
                .unwrap_or_else(|| panic!("{key} after {at} in {line}"));
        }
        assert_eq!(object.len(), SPEC.json.len());
        let copied = copies(&sandbox, ABROAD).remove(0);
        assert_eq!(object["reference"], format!("{}@{ABROAD}", copied.id));
        assert_eq!(object["id"], *copied.id);
        assert_eq!(object["region"], ABROAD);
        assert_eq!(object["name"], *copied.name);
        assert_eq!(object["found"], found);
        assert_eq!(object["state"], if found { "available" } else { "pending" });
        assert_eq!(object["source_image"], *image);
        assert_eq!(object["source_region"], HOME);
        let tags: std::collections::BTreeMap<String, String> =
            serde_json::from_value(object["tags"].clone()).expect("tags");
        assert_eq!(tags, copied.tags);
        let created = object["created"].as_str();
        assert!(
            created
                .and_then(ami_core::time::Moment::from_rfc3339)
                .is_some(),
            "{line}"
        );
    }
}

#[test]
fn columns_are_a_table_with_a_header() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |image| image.name = "web 1".into());
    let outcome = copy(&sandbox, &["-C", "-R", ABROAD, &image])
        .run()
        .expect()
        .stdout_has("IMAGE_ID")
        .done();
    let lines: Vec<_> = outcome.stdout.lines().collect();
    assert_eq!(lines.len(), 2);
    let start = |title: &str| lines[0].find(title).expect(title);
    assert_eq!(lines[1].find(&*image), Some(start("SOURCE_IMAGE")));
    assert_eq!(lines[1].find(HOME), Some(start("SOURCE_REGION")));
    assert_eq!(lines[1].find("web 1"), Some(start("NAME")));
}

#[test]
fn a_dry_run_asks_and_makes_nothing() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    let words = [
        "--dry-run",
        "-R",
        "eu-west-1,ap-south-1",
        "-n",
        "web",
        "-t",
        "role=x\ny",
        "--encrypt",
        "--kms-key",
        "eu-west-1=alias/images",
        "--wait",
        "--protect",
        &image,
    ];
    let outcome = copy(&sandbox, &words)
        .run()
        .expect()
        .stdout_is("")
        .stderr_has(&format!("ami-copy-image: would copy {image}@{HOME} to eu-west-1 as 'web', encrypted with alias/images, tagged source_image={image}, "))
        .stderr_has("to ap-south-1 as 'web', encrypted with the region's default key, tagged")
        .stderr_has("role=x\\ny")
        .done();
    assert_eq!(outcome.stderr.lines().count(), 2);
    let calls = sandbox.calls_to("CopyImage");
    assert_eq!(calls.len(), 2);
    assert!(
        calls
            .iter()
            .all(|call| call.param("DryRun") == Some("true"))
    );
    let changes = ["Modify", "Enable", "Create"];
    let is_change = |action: &str| changes.iter().any(|start| action.starts_with(start));
    assert!(!sandbox.calls().iter().any(|call| is_change(&call.action)));
    assert!(copies(&sandbox, ABROAD).is_empty());
    sandbox.deny("CopyImage");
    copy(&sandbox, &["--dry-run", "-R", ABROAD, &image])
        .run()
        .expect()
        .fails(1)
        .stderr_has(&format!(
            "{image} to {ABROAD}: not authorized to CopyImage (UnauthorizedOperation, request "
        ))
        .stderr_has("the permission needed is ec2:CopyImage")
        .done();
}

#[test]
fn a_dry_run_knows_no_limit() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.paces.image = ami_sandbox::Pace::Never);
    let images: Vec<_> = (0..25).map(|_| sandbox.image(HOME, |_| {})).collect();
    let mut words = vec!["--dry-run", "-R", ABROAD];
    words.extend(images.iter().map(String::as_str));
    let outcome = copy(&sandbox, &words)
        .run()
        .expect()
        .stderr_has("would copy")
        .done();
    assert_eq!(outcome.stderr.lines().count(), 25);
}

#[test]
fn quiet_says_errors_only_and_verbose_no_secret() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    copy(&sandbox, &["-q", "--dry-run", "-R", ABROAD, &image])
        .run()
        .expect()
        .stdout_is("")
        .done();
    copy(&sandbox, &["-q", "-R", ABROAD, "ami-12345678"])
        .run()
        .expect()
        .fails(5)
        .stderr_has("does not exist")
        .done();
    let outcome = copy(&sandbox, &["-v", "-R", ABROAD, &image])
        .run()
        .expect()
        .stdout_has("ami-")
        .stderr_has("CopyImage in eu-west-1: ")
        .stderr_has(", request ")
        .stderr_has("DescribeRegions in us-east-1: ")
        .done();
    let secrets = sandbox.environment();
    for (name, value) in secrets {
        if name.contains("KEY") {
            assert!(!outcome.stderr.contains(&value), "{name}");
        }
    }
}
