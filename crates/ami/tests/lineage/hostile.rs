//! Names and tags that are written to do harm: they reach nobody's terminal, and stay what they are.

use serde_json::Value;

use crate::families::{plant, record, set_tag};
use crate::{ancestors, children, field, lines, sandbox};

/// What a terminal would obey, what turns or hides letters, and what JSON has to quote.
pub(crate) const HOSTILE: &str = "\u{1b}[2J\u{9b}31m\u{1}\u{7}\u{8}\n\r\t\"\\<&>'\u{202e}\u{200f}\u{2028}\u{feff}\u{e0041}\u{7f}東京";

/// A text without any character that a terminal would obey or that hides others.
#[track_caller]
fn is_harmless(text: &str) {
    let bad = |c: char| {
        (c.is_control() && c != '\n') || "\u{202e}\u{200f}\u{2028}\u{feff}\u{e0041}".contains(c)
    };
    assert!(!text.contains(bad), "{}", text.escape_debug());
}

#[test]
fn hostile_texts_are_escaped_everywhere_and_json_keeps_them() {
    let long = format!(
        "{HOSTILE}{}",
        "\u{202e}".repeat(256 - HOSTILE.chars().count())
    );
    for key in [
        "source_image",
        "source_region",
        "source_instance",
        "create_timestamp",
        "create_date",
        "Name",
    ] {
        let sandbox = sandbox();
        let parent = plant(&sandbox, "ami-00000001", HOSTILE, 1, |_| {});
        let child = plant(&sandbox, "ami-00000002", &long, 2, |image| {
            record(image, parent);
            set_tag(image, key, &long);
        });
        for format in [
            &["-v"][..],
            &["-C"],
            &["-C", "-v"],
            &["--json"],
            &["--json", "-v"],
        ] {
            for (tool, printed) in [
                (ancestors(&sandbox, &[child]), 2),
                (children(&sandbox, &[parent]), 1),
            ] {
                let outcome = tool.args(format).run().expect().stderr_any().done();
                is_harmless(&outcome.stdout);
                is_harmless(&outcome.stderr);
                let header = usize::from(format[0] == "-C");
                assert_eq!(
                    outcome.stdout.lines().count(),
                    printed + header,
                    "{outcome}"
                );
                if format[0] != "--json" {
                    continue;
                }
                assert_eq!(field(&outcome.stdout, "name")[0], Value::from(&*long));
                if key != "Name" {
                    let differences = &field(&outcome.stdout, "differences")[0];
                    assert_eq!(differences[0]["value"], Value::from(&*long), "{outcome}");
                }
            }
        }
    }
}

#[test]
fn a_value_of_many_lines_is_told_in_one() {
    let sandbox = sandbox();
    let image = plant(&sandbox, "ami-00000001", "image", 1, |image| {
        set_tag(
            image,
            "source_image",
            "one\ntwo\r\nami-describe-ancestors: three",
        );
    });
    ancestors(&sandbox, &[image])
        .run()
        .expect()
        .stdout_is(&lines(&[image]))
        .stderr_is(
            "ami-describe-ancestors: ami-00000001: its tag source_image is \
             'one\\ntwo\\r\\nami-describe-ancestors: three', which cannot be read\n",
        )
        .done();
}
