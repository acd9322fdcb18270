//! Every call of an upload, and every way in which it can go wrong.

use std::time::Duration;

use ami_sandbox::{Fault, SnapshotState};

use crate::{BLOCK, Disk, assert_holds, only_snapshot, puts, sandbox, snapshots, upload};

const ACTIONS: [&str; 5] = [
    "GetEbsEncryptionByDefault",
    "StartSnapshot",
    "PutSnapshotBlock",
    "CompleteSnapshot",
    "DescribeSnapshots",
];

/// A trouble, and whether it passes.
type Trouble = (&'static str, fn(&str) -> Fault, bool);

const TROUBLES: [Trouble; 9] = [
    (
        "throttled",
        |action| Fault::on(action).times(5).throttle(),
        true,
    ),
    (
        "ill",
        |action| {
            Fault::on(action)
                .times(2)
                .error(500, "InternalServerException", "Sorry")
        },
        true,
    ),
    (
        "reset before",
        |action| Fault::on(action).reset_before(),
        true,
    ),
    (
        "reset after",
        |action| Fault::on(action).reset_after(),
        true,
    ),
    (
        "slow",
        |action| Fault::on(action).delay(Duration::from_millis(700)),
        true,
    ),
    ("cut", |action| Fault::on(action).cut(), true),
    (
        "refused",
        |action| {
            let fault = Fault::on(action).always();
            fault.error(400, "ValidationException", "No")
        },
        false,
    ),
    (
        "denied",
        |action| Fault::on(action).always().error(403, "AccessDenied", "No"),
        false,
    ),
    ("damaged", |action| Fault::on(action).corrupt(), false),
];

#[test]
fn an_upload_succeeds_or_leaves_nothing() {
    let (mut cases, mut successes) = (0, 0);
    let all = ACTIONS.iter().flat_map(|action| {
        let troubles = TROUBLES.iter().map(move |trouble| (*action, *trouble));
        troubles.flat_map(|case| [(case, false), (case, true)])
    });
    for ((action, (name, fault, passes)), with_journal) in all {
        if name == "damaged" && action != "PutSnapshotBlock" {
            continue;
        }
        let case = format!("{action} {name}, journal: {with_journal}");
        let sandbox = sandbox();
        sandbox.inject(fault(action));
        let disk = Disk::dense(20 * BLOCK);
        let words = ["--no-journal", disk.text()];
        let outcome = upload(&sandbox, &words[usize::from(with_journal)..]).run();
        cases += 1;
        if outcome.code == Some(0) {
            successes += 1;
            let snapshot = only_snapshot(&sandbox);
            assert_eq!(outcome.stdout.trim_end(), snapshot.id, "{case}");
            assert_eq!(snapshot.state(), SnapshotState::Completed, "{case}");
            assert_holds(&sandbox, &snapshot.id, &disk.path);
            continue;
        }
        assert!(!passes, "{case}: {outcome}");
        assert_eq!((outcome.code, &*outcome.stdout), (Some(1), ""), "{case}");
        assert_eq!(outcome.stderr.lines().count(), 1, "{case}: {outcome}");
        // What is still there is named.
        for snapshot in snapshots(&sandbox) {
            assert!(outcome.stderr.contains(&snapshot.id), "{case}: {outcome}");
        }
    }
    crate::say(&format!(
        "faults of uploads: {cases} cases, {successes} of them uploaded all the same"
    ));
}

#[test]
fn a_lost_answer_makes_no_second_snapshot() {
    let sandbox = sandbox();
    sandbox.inject(Fault::on("StartSnapshot").reset_after());
    sandbox.inject(Fault::on("CompleteSnapshot").reset_after());
    let disk = Disk::dense(3 * BLOCK);
    let outcome = upload(&sandbox, &[disk.text()]).run();
    outcome.expect().stderr_any().done();
    assert_eq!(snapshots(&sandbox).len(), 1);
    assert_eq!(puts(&sandbox), 3);
}
