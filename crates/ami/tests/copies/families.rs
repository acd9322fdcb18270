//! Where copies say that they came from, and what the tools for families make of it.

use std::collections::BTreeMap;

use ami_sandbox::Sandbox;
use ami_testkit::tool;

use crate::{ABROAD, FAR, HOME, clone, copier, copy, image, only_copy, quick_sandbox};

/// The tags that a copy's snapshots bear.
fn snapshot_tags(sandbox: &Sandbox, region: &str) -> Vec<BTreeMap<String, String>> {
    let copy = only_copy(sandbox, region);
    let mut snapshots = sandbox.snapshots(region);
    snapshots.retain(|snapshot| copy.snapshots().any(|id| id == snapshot.id));
    snapshots
        .into_iter()
        .map(|snapshot| snapshot.tags)
        .collect()
}

#[test]
fn heritage_stands_on_copy_and_snapshots_from_the_first_moment() {
    let sandbox = quick_sandbox();
    let image = crate::wide_image(&sandbox, 2);
    copy(
        &sandbox,
        &["-R", ABROAD, "-t", "role=web", "-t", "note=a=b", &image],
    )
    .run()
    .expect()
    .stdout_has("ami-")
    .done();
    let tags = only_copy(&sandbox, ABROAD).tags;
    let keys: Vec<_> = tags.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "ami_tools_request",
            "ami_tools_run",
            "create_date",
            "create_timestamp",
            "note",
            "role",
            "source_image",
            "source_region"
        ]
    );
    assert_eq!(
        (&*tags["source_image"], &*tags["source_region"]),
        (&*image, HOME)
    );
    assert_eq!((&*tags["role"], &*tags["note"]), ("web", "a=b"));
    assert_eq!(
        (tags["ami_tools_run"].len(), tags["ami_tools_request"].len()),
        (36, 32)
    );
    let date = ami_core::time::Moment::from_compact(&tags["create_date"]).expect("a date");
    assert_eq!(date.timestamp().to_string(), tags["create_timestamp"]);
    assert_eq!(snapshot_tags(&sandbox, ABROAD), [tags.clone(), tags]);
    assert!(sandbox.calls_to("CreateTags").is_empty());
}

#[test]
fn one_run_marks_all_that_it_makes() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    copy(&sandbox, &["-R", "eu-west-1,ap-south-1", &image])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let tag = |region: &str, key: &str| only_copy(&sandbox, region).tags[key].clone();
    assert_eq!(tag(ABROAD, "ami_tools_run"), tag(FAR, "ami_tools_run"));
    assert_ne!(
        tag(ABROAD, "ami_tools_request"),
        tag(FAR, "ami_tools_request")
    );
}

#[test]
fn the_source_s_own_tags_are_copied_but_not_its_heritage() {
    let sandbox = quick_sandbox();
    let image = sandbox.image(HOME, |image| {
        for (key, value) in [
            ("role", "web"),
            ("team", "blue"),
            ("aws:cloudformation:stack-name", "x"),
            ("source_instance", "i-12345678"),
            ("source_image", "ami-99999999"),
            ("source_snapshot", "snap-12345678"),
            ("ami_tools_run", "old"),
        ] {
            image.tags.insert(key.into(), value.into());
        }
    });
    copy(
        &sandbox,
        &["-R", ABROAD, "--copy-tags", "-t", "role=database", &image],
    )
    .run()
    .expect()
    .stdout_has("ami-")
    .done();
    let tags = only_copy(&sandbox, ABROAD).tags;
    assert_eq!((&*tags["role"], &*tags["team"]), ("database", "blue"));
    assert_eq!(tags["source_image"], image);
    assert_ne!(tags["ami_tools_run"], "old");
    let stay = [
        "source_instance",
        "source_snapshot",
        "aws:cloudformation:stack-name",
    ];
    assert!(stay.iter().all(|key| !tags.contains_key(*key)), "{tags:?}");
    copy(&sandbox, &["-R", FAR, &image])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    assert!(!only_copy(&sandbox, FAR).tags.contains_key("team"));
}

#[test]
fn families_show_copies_and_clones() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    copy(&sandbox, &["-R", ABROAD, &image])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let first = format!("{}@{ABROAD}", only_copy(&sandbox, ABROAD).id);
    copy(&sandbox, &["-R", FAR, &first])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let second = format!("{}@{FAR}", only_copy(&sandbox, FAR).id);
    clone(&sandbox, &[&image])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let cloned = only_copy(&sandbox, HOME).id;
    let ancestors = tool("ami-describe-ancestors")
        .sandbox(&sandbox)
        .args([&second])
        .run();
    let ancestors = ancestors.expect().stdout_has("ami-").done().stdout;
    assert!(
        ancestors.contains(&first) && ancestors.contains(&image),
        "{ancestors}"
    );
    let children = tool("ami-describe-children")
        .sandbox(&sandbox)
        .args([&image])
        .run();
    let children = children.expect().stdout_has("ami-").done().stdout;
    assert!(
        [&first, &second, &cloned]
            .iter()
            .all(|id| children.contains(&**id)),
        "{children}"
    );
}

#[test]
fn names_and_tags_of_any_kind_come_through() {
    let sandbox = quick_sandbox();
    let evil = "\u{1b}[2J\n\u{202e}\"東京";
    let image = sandbox.image(HOME, |image| {
        image.name = "a (b)[c] ./-'@_".to_owned();
        image.tags.insert("evil".to_owned(), evil.to_owned());
    });
    let mine = format!("mine={evil}");
    for (name, words) in [("ami-copy-image", &["-R", ABROAD][..]), ("ami-clone", &[])] {
        let mut words = [words, &["--copy-tags", "-t", &mine, &image]].concat();
        for format in ["--json", "-C"] {
            words.push(format);
            let outcome = copier(name, &sandbox, &words)
                .run()
                .expect()
                .stdout_has("ami-")
                .done();
            let line = outcome.stdout.trim_end();
            assert!(!line.contains(['\u{1b}', '\u{202e}']), "{line:?}");
            words.pop();
        }
        let dry = [&["--dry-run", "--new"][..], &words].concat();
        let outcome = copier(name, &sandbox, &dry)
            .run()
            .expect()
            .stderr_has("would copy")
            .done();
        assert!(
            !outcome.stderr.contains(['\u{1b}', '\u{202e}']),
            "{:?}",
            outcome.stderr
        );
        assert_eq!(outcome.stderr.lines().count(), 1);
    }
    let copy = only_copy(&sandbox, ABROAD);
    assert_eq!(copy.name, "a (b)[c] ./-'@_");
    assert_eq!((&*copy.tags["evil"], &*copy.tags["mine"]), (evil, evil));
}
