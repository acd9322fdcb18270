//! Tags that say when an image was made.

use serde_json::{Value, json};

use crate::families::{plant, set_tag};
use crate::{ancestors, field, sandbox};

#[test]
fn of_two_tags_for_the_time_the_timestamp_counts() {
    let sandbox = sandbox();
    let image = plant(&sandbox, "ami-00000001", "image", 1, |image| {
        set_tag(image, "create_timestamp", "1366049905");
        set_tag(image, "create_date", "20130416T181825Z");
    });
    let outcome = ancestors(&sandbox, &["--json", image])
        .run()
        .expect()
        .done();
    assert_eq!(field(&outcome.stdout, "created"), ["2013-04-15T18:18:25Z"]);
    assert_eq!(
        field(&outcome.stdout, "differences"),
        [json!([
            {
                "tag": "create_date",
                "value": "20130416T181825Z",
                "ec2": null,
                "counts": "create_timestamp",
            },
            {
                "tag": "create_timestamp",
                "value": "1366049905",
                "ec2": "2026-01-02T00:00:00Z",
                "counts": "tag",
            },
        ])]
    );
}

#[test]
fn a_time_that_no_calendar_holds_cannot_be_read() {
    for (key, value) in [
        // The last second before 1970, the year 10000, and a number that nobody writes so.
        ("create_timestamp", "-1"),
        ("create_timestamp", "253402300800"),
        ("create_timestamp", "+1315611360"),
        ("create_date", "19691231T235959Z"),
        ("create_date", "-01990101T000000Z"),
    ] {
        let sandbox = sandbox();
        let image = plant(&sandbox, "ami-00000001", "image", 1, |image| {
            set_tag(image, key, value);
        });
        let outcome = ancestors(&sandbox, &["--json", image])
            .run()
            .expect()
            .stderr_has(&format!("its tag {key} is '{value}', which cannot be read"))
            .done();
        assert_eq!(
            field(&outcome.stdout, "created"),
            ["2026-01-02T00:00:00Z"],
            "{value}"
        );
    }
}

#[test]
fn the_ends_of_time_are_shown_as_they_are() {
    for (value, created, date) in [
        ("0", "1970-01-01T00:00:00Z", "Thu Jan  1 00:00:00 UTC 1970"),
        (
            "253402300799",
            "9999-12-31T23:59:59Z",
            "Fri Dec 31 23:59:59 UTC 9999",
        ),
    ] {
        let sandbox = sandbox();
        let image = plant(&sandbox, "ami-00000001", "image", 1, |image| {
            set_tag(image, "create_timestamp", value);
        });
        let outcome = ancestors(&sandbox, &["--json", image])
            .run()
            .expect()
            .done();
        assert_eq!(field(&outcome.stdout, "created"), [Value::from(created)]);
        ancestors(&sandbox, &["-C", image])
            .run()
            .expect()
            .stdout_has(date)
            .done();
    }
}
