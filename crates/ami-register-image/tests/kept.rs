//! What becomes of a snapshot that does not become an image, and of the journal that tells of it.

mod support;

use std::os::unix::fs::symlink;

use ami_sandbox::{Fault, Pace};
use ami_testkit::{Signal, shell};
use support::{HOME, JOURNAL, actions, printed, register, sandbox, with_disk};

#[test]
fn without_a_journal_a_snapshot_that_becomes_no_image_is_deleted() {
    let sandbox = sandbox();
    sandbox.deny("RegisterImage");
    let run = || {
        with_disk(register(
            &sandbox,
            &["--no-journal", "--arch=x86_64", "disk.raw"],
        ))
        .run()
        .expect()
        .fails(1)
        .stderr_has("disk.raw: not authorized to RegisterImage")
    };
    run().done();
    assert!(sandbox.snapshots(HOME).is_empty());
    sandbox.deny("DeleteSnapshot");
    let outcome = run().done();
    let id = sandbox.snapshots(HOME).remove(0).id;
    let by_hand = format!("aws ec2 delete-snapshot --region {HOME} --snapshot-id {id}");
    assert!(outcome.stderr.contains(&by_hand), "{}", outcome.stderr);
}

#[test]
fn with_a_journal_it_is_kept_and_the_same_command_goes_on_from_it() {
    let sandbox = sandbox();
    sandbox.deny("RegisterImage");
    let first = with_disk(register(
        &sandbox,
        &["-n", "web", "--arch=x86_64", "disk.raw"],
    ));
    let home = first.home().to_owned();
    let outcome = first
        .run()
        .expect()
        .fails(1)
        .stderr_has("is complete and kept")
        .done();
    let id = sandbox.snapshots(HOME).remove(0).id;
    assert!(outcome.stderr.contains(&id), "{}", outcome.stderr);
    assert!(home.join(JOURNAL).exists());
    sandbox.allow("RegisterImage");
    sandbox.clear_calls();
    let path = home.join("disk.raw");
    let outcome = register(
        &sandbox,
        &["-n", "web", "--arch=x86_64", &path.display().to_string()],
    )
    .run()
    .expect()
    .stdout_has("ami-")
    .stderr_any()
    .done();
    assert_eq!(sandbox.count_calls("PutSnapshotBlock"), 0);
    assert_eq!(sandbox.count_calls("StartSnapshot"), 0);
    let image = printed(&sandbox, &outcome.stdout);
    assert_eq!(image.snapshots().collect::<Vec<_>>(), [&*id]);
    assert!(!home.join(JOURNAL).exists());
}

#[test]
fn an_image_whose_registration_was_lost_is_found_by_its_snapshot() {
    let sandbox = sandbox();
    let before = sandbox.images(HOME).len();
    // The image is made, its answer is lost, and nobody may look for it.
    sandbox.inject(Fault::on("RegisterImage").reset_after());
    sandbox.inject(
        Fault::on("DescribeImages")
            .skip(1)
            .error(403, "UnauthorizedOperation", "no"),
    );
    let first = with_disk(register(
        &sandbox,
        &["-n", "web", "--arch=x86_64", "disk.raw"],
    ));
    let home = first.home().to_owned();
    let outcome = first
        .run()
        .expect()
        .fails(1)
        .stderr_has("EC2 may have made it all the same: look for an image named 'web'")
        .stderr_has("the same command finds it, or goes on from snap-")
        .done();
    assert!(home.join(JOURNAL).exists(), "{outcome}");
    assert_eq!(sandbox.snapshots(HOME).len(), 1);
    sandbox.clear_calls();
    let path = home.join("disk.raw");
    let outcome = register(
        &sandbox,
        &["-n", "web", "--arch=x86_64", &path.display().to_string()],
    )
    .run()
    .expect()
    .stdout_has("ami-")
    .stderr_has("was registered by an earlier run")
    .done();
    printed(&sandbox, &outcome.stdout);
    assert_eq!(sandbox.images(HOME).len(), before + 1);
    assert_eq!(actions(&sandbox), ["DescribeImages"]);
    assert!(!home.join(JOURNAL).exists());
}

#[test]
fn an_answer_that_stays_away_deletes_nothing() {
    let sandbox = sandbox();
    sandbox.inject(Fault::on("RegisterImage").reset_after());
    sandbox.inject(Fault::on("DescribeImages").error(403, "UnauthorizedOperation", "no"));
    with_disk(register(
        &sandbox,
        &["--no-journal", "--arch=x86_64", "disk.raw"],
    ))
    .run()
    .expect()
    .fails(1)
    .stderr_has("if there is none, nothing needs its snapshot: aws ec2 delete-snapshot")
    .done();
    assert_eq!(sandbox.snapshots(HOME).len(), 1);
    assert!(sandbox.calls_to("DeleteSnapshot").is_empty());
}

#[test]
fn an_image_that_was_found_is_printed_even_when_its_wait_is_given_up() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.paces.image = Pace::Never);
    sandbox.inject(Fault::on("RegisterImage").reset_after());
    sandbox.inject(Fault::on("DescribeImages").error(403, "UnauthorizedOperation", "no"));
    let first = with_disk(register(&sandbox, &["--arch=x86_64", "disk.raw"]));
    let home = first.home().to_owned();
    let _kept = first.run().expect().fails(1).stderr_any().done();
    let path = home.join("disk.raw").display().to_string();
    sandbox.clear_calls();
    let mut running = register(&sandbox, &["--wait", "--arch=x86_64", &path]).spawn();
    running.wait_until("the image is waited for", |_| {
        sandbox.calls_to("DescribeImages").len() > 1
    });
    running.signal(Signal::INT);
    running
        .wait()
        .expect()
        .dies_of(Signal::INT)
        .stdout_has("ami-")
        .stderr_has("to go on waiting: ami-waiton ami-")
        .done();
    assert!(!home.join(JOURNAL).exists());
}

#[test]
fn a_signal_before_the_registration_leaves_nothing_behind() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.paces.snapshot = Pace::Never);
    let args = ["--no-journal", "--arch=x86_64", "disk.raw"];
    let mut running = with_disk(register(&sandbox, &args)).spawn();
    running.wait_until("the snapshot is about to be complete", |_| {
        sandbox.count_calls("CompleteSnapshot") > 0
    });
    running.signal(Signal::TERM);
    let ended = running.wait().expect().dies_of(Signal::TERM);
    ended.stdout_is("").stderr_any().done();
    assert!(sandbox.snapshots(HOME).is_empty());
    assert!(sandbox.calls_to("RegisterImage").is_empty());
}

#[test]
fn a_signal_within_the_registration_prints_what_it_made() {
    let sandbox = sandbox();
    // The call has done its work when it is seen; its answer is lost, and the image is looked for.
    sandbox.inject(Fault::on("RegisterImage").reset_after());
    sandbox.inject(Fault::on("DescribeImages").delay(std::time::Duration::from_millis(600)));
    let args = ["--no-journal", "--arch=x86_64", "disk.raw"];
    let mut running = with_disk(register(&sandbox, &args)).spawn();
    running.wait_until("the image is made", |_| {
        !sandbox.calls_to("RegisterImage").is_empty()
    });
    running.signal(Signal::TERM);
    let outcome = running
        .wait()
        .expect()
        .dies_of(Signal::TERM)
        .stdout_has("ami-")
        .stderr_has("waiting for EC2's answer to what was begun")
        .done();
    printed(&sandbox, &outcome.stdout);
    assert_eq!(sandbox.snapshots(HOME).len(), 1);
    assert!(sandbox.calls_to("DeleteSnapshot").is_empty());
}

#[test]
fn a_dry_run_leaves_a_journal_as_it_is() {
    let sandbox = sandbox();
    sandbox.deny("RegisterImage");
    let first = with_disk(register(&sandbox, &["--arch=x86_64", "disk.raw"]));
    let home = first.home().to_owned();
    let _kept = first.run().expect().fails(1).stderr_any().done();
    sandbox.allow("RegisterImage");
    let mut torn = std::fs::read(home.join(JOURNAL)).expect("a journal");
    torn.truncate(torn.len() - 3);
    let path = home.join("disk.raw").display().to_string();
    for journal in [&torn[..], b"", b"no journal at all"] {
        std::fs::write(home.join(JOURNAL), journal).expect("a journal");
        register(&sandbox, &["--dry-run", "--arch=x86_64", &path])
            .run()
            .expect()
            .stdout_is("")
            .stderr_has("which a dry run does not open")
            .stderr_has("would upload")
            .done();
        let now = std::fs::read(home.join(JOURNAL)).expect("a journal");
        assert_eq!(now, journal);
    }
}

#[test]
fn a_snapshot_of_an_earlier_run_is_told_with_the_tags_that_it_bears() {
    let sandbox = sandbox();
    // The first run loses its last answer.
    sandbox.inject(Fault::on("CompleteSnapshot").error(403, "AccessDeniedException", "no"));
    let args = ["--snapshot-only", "--json", "-t", "build=1", "disk.raw"];
    let first = with_disk(register(&sandbox, &args));
    let home = first.home().to_owned();
    let _kept = first.run().expect().fails(1).stderr_any().done();
    let path = home.join("disk.raw").display().to_string();
    let outcome = register(&sandbox, &["--snapshot-only", "--json", &path])
        .run()
        .expect()
        .stdout_has("{")
        .stderr_has("going on with snap-")
        .done();
    let json: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    let snapshot = sandbox.snapshots(HOME).remove(0);
    assert_eq!(json["id"], *snapshot.id);
    let tags = json["tags"].as_object().expect("tags");
    assert_eq!(tags.len(), snapshot.tags.len());
    for (key, value) in &snapshot.tags {
        assert_eq!(tags[key], **value);
    }
    assert_eq!(tags["build"], "1");
    assert!(json["created"].is_string());
}

#[test]
fn a_journal_lies_beside_the_file_and_not_beside_a_link_to_it() {
    let sandbox = sandbox();
    sandbox.deny("RegisterImage");
    let tool = with_disk(register(&sandbox, &["--arch=x86_64", "links/latest.raw"]));
    let home = tool.home().to_owned();
    std::fs::create_dir(home.join("links")).expect("a directory");
    symlink("../disk.raw", home.join("links/latest.raw")).expect("a link");
    let _kept = tool.run().expect().fails(1).stderr_any().done();
    assert!(home.join(JOURNAL).exists());
    let left = std::fs::read_dir(home.join("links")).expect("a directory");
    assert_eq!(left.count(), 1);
    // Standard input is a link, too, and the same journal is found by it.
    sandbox.allow("RegisterImage");
    sandbox.clear_calls();
    let path = home.join("disk.raw").display().to_string();
    let script = format!("ami-register-image --arch x86_64 /dev/stdin <'{path}'");
    let outcome = shell(&script).sandbox(&sandbox).run().expect();
    let outcome = outcome.stdout_has("ami-").stderr_any().done();
    printed(&sandbox, &outcome.stdout);
    assert_eq!(sandbox.count_calls("StartSnapshot"), 0);
    assert!(!home.join(JOURNAL).exists());
    let odd = std::path::Path::new("/dev/.stdin.ami-upload");
    assert!(!odd.exists());
}

#[test]
fn a_disk_without_a_name_has_no_journal() {
    let sandbox = sandbox();
    let tool = with_disk(shell(
        "exec <disk.raw; rm disk.raw; ami-register-image --arch x86_64 /dev/stdin",
    ));
    let outcome = tool
        .sandbox(&sandbox)
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let left = std::fs::read_dir(outcome.home().expect("home")).expect("home");
    let left = left.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    assert!(!left.into_iter().any(|name| name.contains("ami-upload")));
}
