//! Tables and JSON, also of hostile tags.

mod support;

use ami_tag_image::spec::SPEC;
use support::{DATE, HOME, bare_image, sandbox, set, tag};

const EVIL: &str = "\u{1b}[2J\n\u{202e}\"";

#[test]
fn json_has_the_fields_of_the_manual_in_their_order() {
    let sandbox = sandbox();
    let image = bare_image(&sandbox, "eu-west-1");
    set(
        &sandbox,
        &image,
        &[
            ("create_timestamp", "1315611360"),
            ("source_instance", EVIL),
        ],
    );
    let outcome = tag(
        &sandbox,
        &[
            "--json",
            DATE,
            "--source-image=ami-87654321@us-west-2",
            "-r",
            "eu-west-1",
            &image,
        ],
    )
    .run()
    .expect()
    .stdout_has("{")
    .done();
    let line = outcome.stdout.trim_end();
    assert!(!line.contains(['\u{1b}', '\u{202e}', '\n']), "{line:?}");
    let mut at = 0;
    for field in SPEC.json {
        let key = format!("\"{}\":", field.name);
        at += line[at..]
            .find(&key)
            .unwrap_or_else(|| panic!("{key} after {at} in {line}"));
    }
    let object: serde_json::Map<_, _> = serde_json::from_str(line).expect("JSON");
    assert_eq!(object.len(), SPEC.json.len());
    let expected = serde_json::json!({
        "reference": format!("{image}@eu-west-1"),
        "id": image,
        "region": "eu-west-1",
        "source_image": "ami-87654321",
        "source_region": "us-west-2",
        "source_instance": EVIL,
        "create_date": "20110909T233600Z",
        "create_timestamp": 1_315_611_360,
        "changed": {
            "source_image": "ami-87654321",
            "source_region": "us-west-2",
            "create_date": "20110909T233600Z",
        },
        "snapshots": [],
    });
    assert_eq!(serde_json::Value::Object(object), expected);
}

#[test]
fn json_of_an_image_that_was_left_alone_says_that_nothing_changed() {
    let sandbox = sandbox();
    let image = bare_image(&sandbox, HOME);
    let run = || tag(&sandbox, &["--json", DATE, &image]).run().expect();
    run()
        .stdout_has(r#""create_timestamp":"1315611360"},"snapshots":[]"#)
        .done();
    let outcome = run()
        .stdout_has(r#""source_image":null,"source_region":null"#)
        .done();
    assert!(
        outcome.stdout.contains(r#""changed":{},"snapshots":[]"#),
        "{}",
        outcome.stdout
    );
}

#[test]
fn columns_are_a_table_with_a_header_and_no_empty_cell() {
    let sandbox = sandbox();
    let image = bare_image(&sandbox, HOME);
    set(
        &sandbox,
        &image,
        &[("source_instance", "a\u{1b}b"), ("source_image", "")],
    );
    let outcome = tag(&sandbox, &["-C", DATE, "--source-region=us-west-2", &image])
        .run()
        .expect()
        .stdout_has("IMAGE_ID")
        .done();
    let lines: Vec<Vec<&str>> = outcome
        .stdout
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let titles = [
        "IMAGE_ID",
        "SOURCE_IMAGE",
        "SOURCE_REGION",
        "SOURCE_INSTANCE",
        "CREATE_DATE",
    ];
    assert_eq!(lines[0], titles);
    assert_eq!(
        lines[1],
        [&*image, "-", "us-west-2", "a\\u{1b}b", "20110909T233600Z"]
    );
    assert_eq!(lines.len(), 2);
}

#[test]
fn hostile_tags_are_escaped_on_standard_error() {
    let sandbox = sandbox();
    let image = bare_image(&sandbox, HOME);
    set(&sandbox, &image, &[("source_region", "x\u{1b}[2J")]);
    tag(&sandbox, &[DATE, "--source-image=ami-87654321", &image])
        .run()
        .expect()
        .stdout_is(&format!("{image}\n"))
        .stderr_is(&format!(
            "ami-tag-image: {image}: its tag source_region stays x\\u{{1b}}[2J, which was said of another \
             source; give --source-region too\n"
        ))
        .done();
}
