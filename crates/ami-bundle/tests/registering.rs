//! `register`: images of bundles in S3.

#[path = "registering/support.rs"]
mod support;

use ami_bundle::spec::SPEC;
use ami_sandbox::{Config, Fault, ImageState, Ownership, Sandbox};
use support::{AWAY, HOME, PLACE, SOURCE, actions, planted, printed, register};

#[test]
fn a_bundle_is_registered_as_its_manifest_says() {
    let sandbox = planted("", "");
    let outcome = register(&sandbox, &["-n", "web", "-t", "team=blue", SOURCE])
        .run()
        .expect()
        .stdout_has("ami-")
        .stderr_has("C1, C3, D2, I2, M1, M2, M3, R3 and X1")
        .done();
    assert_eq!(
        actions(&sandbox),
        [
            "HeadBucket",
            "GetObject",
            "HeadObject",
            "DescribeImages",
            "RegisterImage"
        ]
    );
    let call = sandbox.calls_to("RegisterImage").remove(0);
    assert_eq!(call.param("ImageLocation"), Some(PLACE));
    assert_eq!(call.param("VirtualizationType"), Some("hvm"));
    for absent in ["Architecture", "KernelId", "Description", "RootDeviceName"] {
        assert_eq!(call.param(absent), None, "{absent}");
    }
    let tags = call.tags("image");
    assert!(tags.contains_key("create_date") && tags.contains_key("create_timestamp"));
    assert!(tags.contains_key("ami_tools_run") && !tags.contains_key("source_image"));
    assert_eq!(tags["team"], "blue");
    assert_eq!(outcome.stdout.lines().count(), 1);
    let image = printed(&sandbox, &outcome.stdout);
    assert_eq!(
        (&*image.architecture, &*image.root_device),
        ("x86_64", "/dev/sda1")
    );
}

#[test]
fn a_manifest_with_a_kernel_is_of_a_paravirtual_image() {
    let sandbox = planted("<kernel_id>aki-12345678</kernel_id>", "");
    let outcome = register(&sandbox, &["-q", SOURCE]).run().expect();
    let outcome = outcome.stdout_has("ami-").done();
    let call = sandbox.calls_to("RegisterImage").remove(0);
    assert_eq!(call.param("VirtualizationType"), Some("paravirtual"));
    // EC2 takes it from the manifest.
    assert_eq!(call.param("KernelId"), None);
    let image = printed(&sandbox, &outcome.stdout);
    assert_eq!(image.kernel.as_deref(), Some("aki-12345678"));
    sandbox.clear_calls();
    register(&sandbox, &["-q", "--virtualization=hvm", SOURCE])
        .run()
        .expect()
        .fails(1)
        .stderr_has("not supported for images of the virtualization type hvm")
        .done();
    let call = sandbox.calls_to("RegisterImage").remove(0);
    assert_eq!(call.param("VirtualizationType"), Some("hvm"));
}

fn ancestry(ancestors: &[&str]) -> String {
    let ids = ancestors.iter();
    let ids: String = ids
        .map(|id| format!("<ancestor_ami_id>{id}</ancestor_ami_id>"))
        .collect();
    format!("<ancestry>{ids}</ancestry>")
}

#[test]
fn the_youngest_ancestor_that_exists_is_the_source() {
    let sandbox = planted("", "");
    let old = sandbox.image(HOME, |_| {});
    let young = sandbox.image(HOME, |_| {});
    let other = sandbox.image(HOME, |_| {});
    let gone = sandbox.image(HOME, |_| {});
    sandbox.deregister(&gone);
    for (ancestors, args, expected) in [
        (
            &[&*old, &young, &gone] as &[&str],
            &[SOURCE] as &[&str],
            Some(&young),
        ),
        (&[&young, &old], &[SOURCE], Some(&old)),
        (&[&gone, "ami-00000000"], &[SOURCE], None),
        (&[&old], &["--source-image", &other, SOURCE], Some(&other)),
    ] {
        support::plant(&sandbox, "", &ancestry(ancestors));
        sandbox.clear_calls();
        register(&sandbox, &["-q"])
            .args(args)
            .run()
            .expect()
            .stdout_has("ami-")
            .done();
        let tags = sandbox.calls_to("RegisterImage").remove(0).tags("image");
        assert_eq!(tags.get("source_image"), expected, "{ancestors:?}");
        let region = expected.map(|_| HOME.to_owned());
        assert_eq!(tags.get("source_region"), region.as_ref());
    }
}

#[test]
fn the_description_is_what_was_kept_beside_the_manifest() {
    let sandbox = planted("", "");
    let (bucket, key) = PLACE.split_once('/').expect("a place");
    let described = |args: &[&str]| {
        sandbox.clear_calls();
        let outcome = register(&sandbox, args).run();
        let outcome = outcome.expect().stdout_has("ami-").stderr_any().done();
        let call = sandbox.calls_to("RegisterImage").remove(0);
        (call.param("Description").map(str::to_owned), outcome.stderr)
    };
    sandbox.set_metadata(bucket, key, "description", "web 43");
    assert_eq!(described(&[SOURCE]).0.as_deref(), Some("web 43"));
    // As S3 gives what a header cannot hold.
    sandbox.set_metadata(bucket, key, "description", "=?UTF-8?B?QsO8cmdlcmFtdA==?=");
    assert_eq!(described(&[SOURCE]).0.as_deref(), Some("Bürgeramt"));
    let typed = described(&["--description=mine", SOURCE]);
    assert_eq!(typed.0.as_deref(), Some("mine"));
    assert!(sandbox.calls_to("HeadObject").is_empty());
    sandbox.set_metadata(bucket, key, "description", &"x".repeat(256));
    let (none, told) = described(&[SOURCE]);
    assert_eq!(none, None);
    assert!(told.contains("1 to 255 characters"), "{told}");
}

#[test]
fn an_address_comes_from_the_program_before() {
    let sandbox = planted("", "");
    register(&sandbox, &["-q", "-"])
        .stdin(&format!("{SOURCE}\n"))
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let call = sandbox.calls_to("RegisterImage").remove(0);
    assert_eq!(call.param("ImageLocation"), Some(PLACE));
    sandbox.clear_calls();
    // As AWS prints where an image lies.
    register(&sandbox, &["-q", PLACE])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let call = sandbox.calls_to("RegisterImage").remove(0);
    assert_eq!(call.param("ImageLocation"), Some(PLACE));
    sandbox.clear_calls();
    for (text, why) in [
        ("", "held no address of a manifest"),
        ("image.manifest.xml\n", "held no address of a manifest"),
        ("s3://bucket/web\n", "named by its manifest"),
    ] {
        register(&sandbox, &["-"])
            .stdin(text)
            .run()
            .expect()
            .fails(2)
            .stderr_has(why)
            .done();
    }
    assert!(actions(&sandbox).is_empty());
}

#[test]
fn a_wrong_command_line_is_one_line_and_no_call() {
    let sandbox = planted("", "");
    for (args, why) in [
        (&[] as &[&str], "name one bundle by its manifest"),
        (&[SOURCE, SOURCE], "one bundle is read, and 2 are named"),
        (&["s3://bucket/web/image.tar"], "named by its manifest"),
        (&["image.manifest.xml"], "is no s3://BUCKET/PREFIX"),
        (&["s3://b/../image.manifest.xml"], "is no bucket"),
        (&["-n", "a", SOURCE], "3 to 128 characters"),
        (
            &["--virtualization=pv", SOURCE],
            "is none of hvm, paravirtual",
        ),
        (&["--timeout=1m", SOURCE], "--timeout is for --wait"),
        (&["-t", "source_image=x", SOURCE], "--tag"),
        (&["--source-image=web", SOURCE], "--source-image"),
        (
            &["--kernel=aki-12345678", SOURCE],
            "unknown option '--kernel'",
        ),
    ] {
        let outcome = register(&sandbox, args).run();
        let outcome = outcome.expect().fails(2).stderr_has(why).done();
        assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
    }
    assert!(actions(&sandbox).is_empty());
}

#[test]
fn a_bundle_that_is_not_there_is_not_found() {
    let sandbox = planted("", "");
    for (source, why) in [
        ("s3://bucket/web/other.manifest.xml", "NoSuchKey"),
        ("s3://nowhere/image.manifest.xml", "no bucket 'nowhere'"),
    ] {
        register(&sandbox, &[source])
            .run()
            .expect()
            .fails(5)
            .stderr_has(&format!("{source}: "))
            .stderr_has(why)
            .done();
    }
    assert!(sandbox.calls_to("RegisterImage").is_empty());
}

#[test]
fn a_bundle_of_another_region_is_refused_with_that_region() {
    let sandbox = planted("", "");
    register(&sandbox, &["-r", AWAY, SOURCE])
        .run()
        .expect()
        .fails(2)
        .stderr_has("the bucket lies in us-east-1, and the image would lie in eu-west-1")
        .stderr_has("work there with -r us-east-1")
        .done();
    assert!(sandbox.calls_to("GetObject").is_empty());
    let away = "away/web/image.manifest.xml";
    sandbox.plant_bundle(AWAY, away).expect("planted");
    register(
        &sandbox,
        &["-q", "-r", AWAY, "s3://away/web/image.manifest.xml"],
    )
    .run()
    .expect()
    .stdout_has("@eu-west-1\n")
    .done();
}

#[test]
fn ec2_that_may_not_read_a_bundle_is_told_with_what_lets_it_in() {
    let sandbox = planted("", "");
    let (bucket, key) = PLACE.split_once('/').expect("a place");
    let manifest = sandbox.bundle_manifest();
    sandbox
        .put_object(bucket, key, manifest.as_bytes(), "private")
        .expect("put");
    register(&sandbox, &[SOURCE])
        .run()
        .expect()
        .fails(1)
        .stderr_has(&format!("{SOURCE}: "))
        .stderr_has("HTTP 403")
        .stderr_has("need the ACL aws-exec-read")
        .stderr_has(
            "aws s3api put-object-acl --acl aws-exec-read --bucket bucket --key web/image.manifest.xml",
        )
        .done();
}

#[test]
fn what_is_no_manifest_is_not_registered() {
    let sandbox = planted("", "");
    for (text, why) in [
        ("", "is not XML"),
        ("<html/>", "another root element than manifest"),
        (
            "<!DOCTYPE a [<!ENTITY b 'c'>]><manifest>&b;</manifest>",
            "is not XML",
        ),
    ] {
        sandbox.plant_manifest(HOME, PLACE, text).expect("planted");
        register(&sandbox, &[SOURCE])
            .run()
            .expect()
            .fails(1)
            .stderr_has(&format!("{SOURCE}: "))
            .stderr_has(why)
            .done();
    }
    assert!(sandbox.calls_to("RegisterImage").is_empty());
}

#[test]
fn a_dry_run_changes_nothing() {
    let sandbox = planted("<kernel_id>aki-12345678</kernel_id>", "");
    register(&sandbox, &["--dry-run", "-n", "web", SOURCE])
        .run()
        .expect()
        .stdout_is("")
        .stderr_has(&format!(
            "would register the image 'web' of {SOURCE} in us-east-1"
        ))
        .stderr_has("virtualization paravirtual")
        .done();
    let calls = sandbox.calls_to("RegisterImage");
    assert!(
        calls
            .iter()
            .all(|call| call.param("DryRun") == Some("true"))
    );
    assert!(sandbox.images(HOME).is_empty());
}

#[test]
fn an_image_is_printed_when_it_is_available() {
    let sandbox = planted("", "");
    sandbox.next_image_ends_in(ImageState::Failed, Some(("Client.Bad", "no")));
    register(&sandbox, &["--wait", SOURCE])
        .run()
        .expect()
        .fails(3)
        .stdout_has("ami-")
        .stderr_has("failed")
        .done();
    register(&sandbox, &["-q", "--wait", SOURCE])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
}

#[test]
fn an_image_whose_answer_was_lost_is_found_again() {
    let sandbox = planted("", "");
    sandbox.inject(Fault::on("RegisterImage").reset_after());
    let outcome = register(&sandbox, &["-q", SOURCE]).run();
    let outcome = outcome.expect().stdout_has("ami-").done();
    printed(&sandbox, &outcome.stdout);
    assert_eq!(sandbox.calls_to("RegisterImage").len(), 1);
}

#[test]
fn json_has_the_fields_of_the_manual_in_their_order() {
    let sandbox = planted("", "");
    let outcome = register(&sandbox, &["-q", "--json", SOURCE]).run();
    let outcome = outcome.expect().stdout_has("{").done();
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
    assert!(
        object["image"]
            .as_str()
            .is_some_and(|id| id.starts_with("ami-"))
    );
    assert_eq!(object["manifest"], SOURCE);
    assert_eq!(
        (&object["bundle_name"], &object["region"]),
        (&"image".into(), &HOME.into())
    );
    let image = printed(&sandbox, object["image"].as_str().unwrap_or_default());
    assert_eq!(object["name"], *image.name);
    assert_eq!(
        (&object["parts"], &object["size"]),
        (&1.into(), &1_048_576.into())
    );
    assert!(object["file"].is_null());
    let sandbox = planted("", "");
    register(&sandbox, &["-q", "-C", "-n", "web", SOURCE])
        .run()
        .expect()
        .stdout_has("IMAGE_ID")
        .stdout_has(SOURCE)
        .done();
}

#[test]
fn a_bucket_that_may_not_be_asked_for_is_no_reason_to_stop() {
    let sandbox = Sandbox::start(Config::default()).expect("a sandbox");
    sandbox.bucket(HOME, "theirs", |seed| {
        seed.owner = "210987654321".into();
        seed.ownership = Ownership::BucketOwnerPreferred;
    });
    register(&sandbox, &["s3://theirs/image.manifest.xml"])
        .run()
        .expect()
        .fails(1)
        .stderr_has("s3://theirs/image.manifest.xml: ")
        .stderr_has("GetObject")
        .done();
}
