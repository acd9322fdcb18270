//! Answers that are lost, cut or refused in passing: one copy is made, and printed.

use std::time::Duration;

use ami_sandbox::Fault;

use crate::{ABROAD, FAR, asked, clone, copies, copy, image, only_copy, quick_sandbox};

#[test]
fn a_lost_answer_makes_one_copy_and_prints_it() {
    for fault in [
        Fault::on("CopyImage").reset_after(),
        Fault::on("CopyImage").times(3).reset_after(),
        Fault::on("CopyImage").cut(),
        Fault::on("CopyImage").reset_before(),
        Fault::on("CopyImage").times(2).throttle(),
        Fault::on("CopyImage").error(500, "InternalError", "An internal error has occurred"),
        Fault::on("CopyImage").error(503, "Unavailable", "The service is unavailable"),
    ] {
        let sandbox = quick_sandbox();
        let image = image(&sandbox);
        let shown = format!("{fault:?}");
        sandbox.inject(fault);
        let outcome = copy(&sandbox, &["-R", ABROAD, &image])
            .run()
            .expect()
            .stdout_has("ami-")
            .done();
        let copy = only_copy(&sandbox, ABROAD).id;
        assert_eq!(outcome.stdout, format!("{copy}@{ABROAD}\n"), "{shown}");
        let calls = sandbox.calls_to("CopyImage");
        assert!(calls.len() >= 2, "it was sent again: {shown}");
        let token = calls[0].param("ClientToken");
        assert!(token.is_some() && calls.iter().all(|call| call.param("ClientToken") == token));
    }
}

#[test]
fn a_lost_answer_makes_one_clone() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    sandbox.inject(Fault::on("CopyImage").reset_after());
    clone(&sandbox, &["-N", "web", &image])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    only_copy(&sandbox, crate::HOME);
}

#[test]
fn each_copy_has_a_token_of_its_own() {
    let sandbox = quick_sandbox();
    let images = [image(&sandbox), image(&sandbox)];
    copy(
        &sandbox,
        &["-R", "eu-west-1,ap-south-1", &images[0], &images[1]],
    )
    .run()
    .expect()
    .stdout_has("ami-")
    .done();
    let calls = sandbox.calls_to("CopyImage");
    let mut tokens: Vec<_> = calls
        .iter()
        .filter_map(|call| call.param("ClientToken"))
        .collect();
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), 4);
}

#[test]
fn every_call_outlives_trouble() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    for action in [
        "DescribeImages",
        "DescribeRegions",
        "ModifyImageAttribute",
        "ModifySnapshotAttribute",
    ] {
        sandbox.inject(Fault::on(action).reset_after());
        sandbox.inject(Fault::on(action).throttle());
    }
    copy(
        &sandbox,
        &["-R", ABROAD, "--share", crate::OTHER, "--wait", &image],
    )
    .run()
    .expect()
    .stdout_has("ami-")
    .done();
    assert_eq!((asked(&sandbox), copies(&sandbox, ABROAD).len()), (1, 1));
}

#[test]
fn a_slow_region_holds_up_no_other() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    let slow = Fault::any().region(FAR).always();
    sandbox.inject(slow.delay(Duration::from_secs(60)));
    let mut running = copy(&sandbox, &["-R", "eu-west-1,ap-south-1", &image]).spawn();
    running.wait_until("the other copy", |running| {
        running.stdout().contains("@eu-west-1\n")
    });
    assert!(copies(&sandbox, FAR).is_empty());
}

#[test]
fn a_slow_source_holds_up_no_copy_of_another() {
    let sandbox = quick_sandbox();
    let home = image(&sandbox);
    let far = format!("{}@{FAR}", sandbox.image(FAR, |_| {}));
    let slow = Fault::any().region(FAR).always();
    sandbox.inject(slow.delay(Duration::from_secs(60)));
    let mut running = copy(&sandbox, &["-R", ABROAD, "-"])
        .stdin(&format!("{far}\n{home}\n"))
        .spawn();
    running.wait_until("the other copy", |running| {
        running.stdout().contains("@eu-west-1\n")
    });
}
