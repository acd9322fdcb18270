//! What is printed, and what is shown meanwhile.

mod support;

use ami_register_image::spec::SPEC;
use support::{HOME, register, sandbox, with_disk};

#[test]
fn references_say_their_region_when_it_is_not_the_environment_s() {
    let sandbox = sandbox();
    let away = sandbox.snapshot("eu-west-1", |_| {});
    let reference = format!("{away}@eu-west-1");
    for args in [["-r", "eu-west-1", &away], ["-v", "--quiet", &reference]] {
        let args = if args[0] == "-v" {
            &args[2..]
        } else {
            &args[..]
        };
        let mut all = vec!["--arch=x86_64"];
        all.extend(args);
        register(&sandbox, &all)
            .run()
            .expect()
            .stdout_has("@eu-west-1\n")
            .done();
    }
}

#[test]
fn json_has_the_fields_of_the_manual_in_their_order() {
    let sandbox = sandbox();
    let snapshot = sandbox.snapshot(HOME, |snapshot| snapshot.encrypted = true);
    let outcome = register(
        &sandbox,
        &[
            "--json",
            "--arch=arm64",
            "-n",
            "web",
            "-t",
            "evil=\u{1b}[2J\n\u{202e}\"",
            &snapshot,
        ],
    )
    .run()
    .expect()
    .stdout_has("{")
    .done();
    let line = outcome.stdout.trim_end();
    assert!(!line.contains(['\u{1b}', '\u{202e}', '\n']), "{line:?}");
    let object: serde_json::Map<_, _> = serde_json::from_str(line).expect("JSON");
    let mut at = 0;
    for field in SPEC.json {
        let key = format!("\"{}\":", field.name);
        at += line[at..]
            .find(&key)
            .unwrap_or_else(|| panic!("{key} after {at} in {line}"));
    }
    assert_eq!(object.len(), SPEC.json.len());
    assert_eq!(object["name"], "web");
    assert_eq!(object["state"], "pending");
    assert_eq!(object["architecture"], "arm64");
    assert_eq!(object["boot_mode"], "uefi");
    assert_eq!(object["snapshot"], *snapshot);
    assert_eq!(object["source_snapshot"], *snapshot);
    assert_eq!(
        (&object["size"], &object["encrypted"]),
        (&8.into(), &true.into())
    );
    assert!(object["blocks"].is_null() && object["file"].is_null());
    assert_eq!(object["tags"]["evil"], "\u{1b}[2J\n\u{202e}\"");
}

#[test]
fn columns_are_a_table_with_a_header() {
    let sandbox = sandbox();
    let snapshot = sandbox.snapshot(HOME, |_| {});
    let outcome = register(&sandbox, &["-C", "-n", "web 1", "--arch=i386", &snapshot])
        .run()
        .expect()
        .stdout_has("IMAGE_ID")
        .done();
    let lines: Vec<_> = outcome.stdout.lines().collect();
    assert_eq!(lines.len(), 2);
    let start = |title: &str| lines[0].find(title).expect(title);
    for (title, cell) in [
        ("SNAPSHOT_ID", &*snapshot),
        ("ARCHITECTURE", "i386"),
        ("NAME", "web 1"),
    ] {
        assert_eq!(lines[1].find(cell), Some(start(title)), "{title}");
    }
}

#[test]
fn an_upload_shows_on_a_terminal_how_far_it_is() {
    let sandbox = sandbox();
    let args = ["--arch=x86_64", "disk.raw"];
    sandbox.configure(|settings| settings.block_delay = std::time::Duration::from_millis(400));
    let outcome = with_disk(register(&sandbox, &args))
        .terminal(80)
        .run()
        .expect()
        .stdout_has("ami-")
        .stderr_has("disk.raw")
        .stderr_has(" sent, ")
        .stderr_has("pending 0%")
        .done();
    // Nothing of it stays.
    assert_eq!(ami_testkit::screen(&outcome.stderr), "");
}
