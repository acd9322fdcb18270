//! How EC2 is asked: one call for many, all pages of an answer, each result once and at once.

mod support;

use ami_sandbox::{InstanceState, Pace, SnapshotState, VolumeState};
use support::{HOME, filtered, pending, sandbox, sorted, waiton};

const AWAY: &str = "eu-west-1";

#[test]
fn fifty_pending_images_cost_one_call_a_poll() {
    let sandbox = sandbox();
    let ids: Vec<String> = (0..50)
        .map(|_| pending(&sandbox, HOME, Pace::Reads(3)))
        .collect();
    let words: Vec<&str> = ids.iter().map(String::as_str).collect();
    waiton(&sandbox, &words)
        .run()
        .expect()
        .stdout_is(&format!("{}\n", ids.join("\n")))
        .done();
    let calls = sandbox.calls();
    assert_eq!(calls.len(), 4, "three polls while pending and a last one");
    for call in calls {
        assert_eq!(call.action, "DescribeImages");
        assert_eq!(call.list("ImageId"), words);
        // EC2 refuses the two together.
        assert_eq!(call.param("MaxResults"), None);
        assert_eq!(call.param("IncludeDeprecated"), Some("true"));
        assert_eq!(call.param("IncludeDisabled"), Some("true"));
        assert_eq!(call.param("Owner.1"), None);
        assert_eq!(call.param("Filter.1.Name"), None);
    }
}

#[test]
fn more_ids_than_one_call_takes_are_asked_for_in_two() {
    let sandbox = sandbox();
    let ids: Vec<String> = (0..501).map(|_| sandbox.image(HOME, |_| {})).collect();
    let words: Vec<&str> = ids.iter().map(String::as_str).collect();
    let outcome = waiton(&sandbox, &words).run().expect().done();
    assert_eq!(outcome.stdout.lines().count(), 501);
    let mut sizes: Vec<usize> = sandbox
        .calls_to("DescribeImages")
        .iter()
        .map(|call| call.list("ImageId").len())
        .collect();
    // They are made at once, so either may be the first.
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 500]);
}

#[test]
fn a_reference_is_printed_the_moment_it_gets_there() {
    let sandbox = sandbox();
    let fast = pending(&sandbox, HOME, Pace::Reads(1));
    let slow = pending(&sandbox, HOME, Pace::Never);
    let mut running = waiton(&sandbox, &[&slow, &fast]).spawn();
    running.wait_until("the fast one", |running| {
        running.stdout() == format!("{fast}\n")
    });
    sandbox.set_image_state(&slow, ami_sandbox::ImageState::Available, None);
    running
        .wait()
        .expect()
        .stdout_is(&format!("{fast}\n{slow}\n"))
        .done();
    let last = sandbox.calls().pop().expect("a call");
    assert_eq!(last.list("ImageId"), [&*slow], "what is done is not polled");
}

#[test]
fn a_reference_named_twice_is_printed_once() {
    let sandbox = sandbox();
    let image = pending(&sandbox, HOME, Pace::Reads(1));
    let full = format!("{image}@{HOME}");
    let arn = format!("arn:aws:ec2:{HOME}::image/{image}");
    waiton(&sandbox, &[&image, &full, &image, &arn])
        .run()
        .expect()
        .stdout_is(&format!("{image}\n"))
        .done();
    for call in sandbox.calls() {
        assert_eq!(call.list("ImageId"), [&*image]);
    }
}

#[test]
fn an_answer_in_pages_is_read_through_empty_ones() {
    let sandbox = sandbox();
    sandbox.configure(|settings| {
        settings.page_size = Some(5);
        settings.empty_pages = Some(2);
    });
    let ids: Vec<String> = (0..12).map(|_| sandbox.image(HOME, |_| {})).collect();
    // Only a query by filter has pages, and only what was unknown is asked for by filter.
    for id in &ids {
        sandbox.hide(id, Pace::Reads(1));
    }
    let words: Vec<&str> = ids.iter().map(String::as_str).collect();
    waiton(&sandbox, &words)
        .run()
        .expect()
        .stdout_is(&format!("{}\n", ids.join("\n")))
        .done();
    let calls = sandbox.calls();
    assert_eq!(calls.len(), 1 + 5, "5, none, 5, none, 2");
    for (number, call) in calls.iter().enumerate().skip(1) {
        assert_eq!(filtered(call, "image-id"), words);
        assert_eq!(call.param("MaxResults"), Some("1000"));
        assert_eq!(call.param("NextToken").is_some(), number > 1);
    }
}

#[test]
fn a_filter_holds_no_more_values_than_ec2_takes() {
    let sandbox = sandbox();
    let ids: Vec<String> = (0..201).map(|_| sandbox.image(HOME, |_| {})).collect();
    for id in &ids {
        sandbox.hide(id, Pace::Reads(1));
    }
    let words: Vec<&str> = ids.iter().map(String::as_str).collect();
    let outcome = waiton(&sandbox, &words).run().expect().done();
    assert_eq!(outcome.stdout.lines().count(), 201);
    let sizes: Vec<usize> = sandbox
        .calls()
        .iter()
        .map(|call| filtered(call, "image-id").len())
        .collect();
    assert_eq!(sizes, [0, 200, 1]);
}

#[test]
fn each_kind_has_its_default_state() {
    let sandbox = sandbox();
    let image = pending(&sandbox, HOME, Pace::Reads(1));
    let snapshot = sandbox.snapshot(HOME, |snapshot| {
        snapshot.goes(
            SnapshotState::Pending,
            Pace::Reads(1),
            SnapshotState::Completed,
        );
    });
    let volume = sandbox.volume(HOME, |volume| {
        volume.goes(
            VolumeState::Creating,
            Pace::Reads(2),
            VolumeState::Available,
        );
    });
    let instance = sandbox.instance(HOME, |_| {});
    sandbox.edit_instance(&instance, |instance| {
        instance.goes(
            InstanceState::Pending,
            Pace::Reads(3),
            InstanceState::Running,
        );
    });
    let words = [&*image, &*snapshot, &*volume, &*instance];
    let outcome = waiton(&sandbox, &words).run().expect().done();
    let mut expected = words;
    expected.sort_unstable();
    assert_eq!(sorted(&outcome.stdout), expected);
    for (action, list, id, polls) in [
        ("DescribeImages", "ImageId", &image, 2),
        ("DescribeSnapshots", "SnapshotId", &snapshot, 2),
        ("DescribeVolumes", "VolumeId", &volume, 3),
        ("DescribeInstances", "InstanceId", &instance, 4),
    ] {
        let calls = sandbox.calls_to(action);
        assert_eq!(calls.len(), polls, "{action}");
        for call in calls {
            assert_eq!(call.list(list), [&**id]);
            assert_eq!(call.param("MaxResults"), None, "{action}");
        }
    }
}

#[test]
fn a_slow_kind_holds_up_no_other() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    let snapshot = sandbox.snapshot(HOME, |snapshot| {
        snapshot.goes(
            SnapshotState::Pending,
            Pace::Never,
            SnapshotState::Completed,
        );
    });
    let mut running = waiton(&sandbox, &[&snapshot, &image]).spawn();
    running.wait_until("the image", |running| {
        running.stdout() == format!("{image}\n")
    });
    sandbox.edit_snapshot(&snapshot, |snapshot| {
        snapshot.set_state(SnapshotState::Completed);
    });
    running
        .wait()
        .expect()
        .stdout_is(&format!("{image}\n{snapshot}\n"))
        .done();
}

#[test]
fn each_region_is_polled_by_itself() {
    let sandbox = sandbox();
    let here = [
        pending(&sandbox, HOME, Pace::Reads(1)),
        pending(&sandbox, HOME, Pace::Reads(1)),
    ];
    let there = [
        pending(&sandbox, AWAY, Pace::Reads(2)),
        pending(&sandbox, AWAY, Pace::Reads(2)),
    ];
    let away = there.each_ref().map(|id| format!("{id}@{AWAY}"));
    let words = [&*here[0], &*away[0], &*here[1], &*away[1]];
    let outcome = waiton(&sandbox, &words).run().expect().done();
    let mut expected = words;
    expected.sort_unstable();
    assert_eq!(sorted(&outcome.stdout), expected);
    for (region, ids, polls) in [(HOME, here, 2), (AWAY, there, 3)] {
        let calls = sandbox.calls();
        let calls: Vec<_> = calls.iter().filter(|call| call.region == region).collect();
        assert_eq!(calls.len(), polls, "{region}");
        assert!(calls.iter().all(|call| call.list("ImageId") == ids));
    }
}

#[test]
fn with_any_the_first_is_enough() {
    let sandbox = sandbox();
    let never = pending(&sandbox, HOME, Pace::Never);
    let first = pending(&sandbox, HOME, Pace::Reads(1));
    let also = pending(&sandbox, HOME, Pace::Reads(1));
    waiton(&sandbox, &["--any", &never, &first, &also])
        .run()
        .expect()
        .stdout_is(&format!("{first}\n"))
        .done();
}
