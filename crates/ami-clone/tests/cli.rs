//! What is typed and what is printed.

use ami_clone::spec::SPEC;
use ami_sandbox::{Config, Image, Pace, Sandbox};
use ami_testkit::{Tool, assert_no_calls};

const HOME: &str = "us-east-1";
const ABROAD: &str = "eu-west-1";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start(Config::default()).expect("a sandbox");
    sandbox.configure(|settings| settings.paces.image = Pace::Now);
    sandbox
}

fn clone<'s>(sandbox: &'s Sandbox, args: &[&str]) -> Tool<'s> {
    ami_testkit::tool("ami-clone")
        .sandbox(sandbox)
        // No image here is made while it is asked for.
        .env("AMI_TOOLS_GRACE", "0s")
        .args(args)
}

fn clones(sandbox: &Sandbox, region: &str) -> Vec<Image> {
    let mut images = sandbox.images(region);
    images.retain(|image| image.source_image.is_some());
    images
}

#[test]
fn a_clone_is_three_calls_in_one_region() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    let outcome = clone(&sandbox, &[&image])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let calls = sandbox.calls();
    let actions: Vec<_> = calls.iter().map(|call| &*call.action).collect();
    assert_eq!(actions, ["DescribeImages", "DescribeImages", "CopyImage"]);
    assert!(calls.iter().all(|call| call.region == HOME));
    assert_eq!(calls[2].param("SourceRegion"), Some(HOME));
    let cloned = clones(&sandbox, HOME).remove(0);
    assert_eq!(outcome.stdout, format!("{}\n", cloned.id));
    // A copy may have the name of its source, also beside it.
    let source = sandbox.find_image(&image).expect("the image");
    assert_eq!(cloned.name, source.name);
    assert_eq!(cloned.tags["source_region"], HOME);
}

#[test]
fn the_region_is_the_image_s_or_that_of_the_option() {
    let sandbox = sandbox();
    let image = sandbox.image(ABROAD, |_| {});
    for words in [
        &["-r", ABROAD, &image][..],
        &["--new", &format!("{image}@{ABROAD}")],
        &["--new", "-r", "us-west-2", &format!("{image}@{ABROAD}")],
    ] {
        let outcome = clone(&sandbox, words)
            .run()
            .expect()
            .stdout_has("ami-")
            .done();
        assert!(outcome.stdout.ends_with("@eu-west-1\n"), "{outcome}");
    }
    assert_eq!(clones(&sandbox, ABROAD).len(), 3);
    assert!(sandbox.calls().iter().all(|call| call.region == ABROAD));
}

#[test]
fn a_clone_is_waited_for_encrypted_and_protected() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    let words = [
        "--wait",
        "--json",
        "--encrypt",
        "--protect",
        "-n",
        "kept",
        &image,
    ];
    let outcome = clone(&sandbox, &words)
        .run()
        .expect()
        .stdout_has(r#""state":"available""#)
        .done();
    let object: serde_json::Map<_, _> =
        serde_json::from_str(outcome.stdout.trim_end()).expect("JSON");
    let fields: Vec<_> = SPEC.json.iter().map(|field| field.name).collect();
    assert!(fields.iter().all(|field| object.contains_key(*field)));
    assert_eq!(object.len(), fields.len());
    let cloned = clones(&sandbox, HOME).remove(0);
    assert!(cloned.protection.is_some());
    assert_eq!(cloned.name, "kept");
    assert!(cloned.mappings[0].as_ebs().is_some_and(|ebs| ebs.encrypted));
}

#[test]
fn a_dry_run_asks_and_makes_nothing() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |image| image.name = "web".into());
    clone(&sandbox, &["--dry-run", &image])
        .run()
        .expect()
        .stdout_is("")
        .stderr_has(&format!(
            "ami-clone: would copy {image}@{HOME} to {HOME} as 'web', tagged source_image={image}, "
        ))
        .done();
    let call = sandbox.calls_to("CopyImage").remove(0);
    assert_eq!(call.param("DryRun"), Some("true"));
    assert!(clones(&sandbox, HOME).is_empty());
}

#[test]
fn bad_input_is_one_exact_line_and_no_call() {
    let sandbox = sandbox();
    let image = "ami-12345678";
    let cases: Vec<(Vec<&str>, &str)> = vec![
        (
            vec![],
            "name at least one image, or '-' to read them from standard input",
        ),
        (vec!["-R", ABROAD, image], "unknown option '-R'"),
        (vec!["-s", image], "unknown option '-s'"),
        (
            vec!["snap-12345678"],
            "'snap-12345678' is of another kind: snapshot, not image",
        ),
        (
            vec!["-n", "web", image, "ami-87654321"],
            "--name is for one image, and 2 are named; --random-name-prefix names them all",
        ),
        (
            vec!["--kms-key", "alias/x", image],
            "--kms-key is for --encrypt",
        ),
        (vec!["--timeout", "1h", image], "--timeout is for --wait"),
        (
            vec!["--share", "1234", image],
            "--share: '1234' is neither an account of 12 digits, nor the ARN of an organization or of a unit, nor 'public'",
        ),
        (
            vec!["--deprecate-at", "yesterday", image],
            "--deprecate-at: 'yesterday' is no time like 2027-01-31T00:00:00Z, and none from now like 90d",
        ),
        (vec!["-"], "standard input held no reference"),
    ];
    for (args, why) in cases {
        let line = format!("ami-clone: {why} (see 'ami-clone --help')\n");
        let outcome = clone(&sandbox, &args).run().expect().fails(2);
        outcome.stdout_is("").stderr_is(&line).done();
        assert_no_calls(&sandbox);
    }
}
