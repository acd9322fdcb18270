//! How long a copy is for use, and what protects it.

use crate::{ABROAD, HOME, asked, clone, copy, image, only_copy, quick_sandbox};

/// When a copy is deprecated that was asked for with `--deprecate-at`.
#[track_caller]
fn deprecation(text: &str) -> time::OffsetDateTime {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    copy(&sandbox, &["-R", ABROAD, "--deprecate-at", text, &image])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    only_copy(&sandbox, ABROAD).deprecation.expect("deprecated")
}

#[test]
fn a_copy_is_deprecated_at_a_moment() {
    let year = time::OffsetDateTime::now_utc().year() + 1;
    for text in [
        format!("{year}-01-31T12:30:00Z"),
        format!("{year}-01-31T14:30:00+02:00"),
        format!("{year}0131T123000Z"),
    ] {
        let at = deprecation(&text);
        let day = (at.year(), u8::from(at.month()), at.day());
        assert_eq!(
            (day, at.hour(), at.minute()),
            ((year, 1, 31), 12, 30),
            "{text}"
        );
    }
}

#[test]
fn a_copy_is_deprecated_a_time_from_now() {
    for (text, days) in [("90d", 90), ("24h", 1), ("3652d", 3652)] {
        let ahead = deprecation(text) - time::OffsetDateTime::now_utc();
        assert!(
            (days - 1..=days).contains(&ahead.whole_days()),
            "{text}: {ahead}"
        );
    }
}

#[test]
fn a_copy_is_protected_also_when_it_is_found() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    let is_protected = || only_copy(&sandbox, HOME).protection.is_some();
    clone(&sandbox, &[&image])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    assert!(!is_protected());
    clone(&sandbox, &["--protect", "--json", &image])
        .run()
        .expect()
        .stdout_has(r#""found":true"#)
        .done();
    assert!(is_protected());
    assert_eq!(asked(&sandbox), 1);
}

#[test]
fn a_dry_run_does_nothing_to_copies_that_are_there() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    copy(&sandbox, &["-R", ABROAD, &image])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let copied = only_copy(&sandbox, ABROAD);
    let words = [
        "--dry-run",
        "--protect",
        "--share",
        crate::OTHER,
        "--deprecate-at",
        "90d",
        "-R",
        ABROAD,
        &image,
    ];
    copy(&sandbox, &words)
        .run()
        .expect()
        .stdout_is("")
        .stderr_is(&format!(
            "ami-copy-image: {image}@{HOME} is copied to {ABROAD} already: {}@{ABROAD} is available; then it \
             would be shared with {}, deprecated 90 days after it is made, protected\n",
            copied.id,
            crate::OTHER
        ))
        .done();
    let after = only_copy(&sandbox, ABROAD);
    assert!(
        after.protection.is_none() && after.shared_with.is_empty() && after.deprecation.is_none()
    );
    assert_eq!(asked(&sandbox), 1);
}

#[test]
fn with_wait_a_copy_is_printed_when_all_is_done() {
    let sandbox = crate::sandbox();
    let image = image(&sandbox);
    copy(
        &sandbox,
        &["--wait", "--json", "--protect", "-R", ABROAD, &image],
    )
    .run()
    .expect()
    .stdout_has(r#""state":"available","found":false"#)
    .done();
    assert!(only_copy(&sandbox, ABROAD).protection.is_some());
}
