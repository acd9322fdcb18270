//! A build that is stopped at any step leaves nothing: by itself, or after SIGKILL by a sweep.

mod support;

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use ami_sandbox::{Fault, Look};
use ami_testkit::Signal;
use support::{Cloud, HOME, Host, Place};

/// What the tool says when a step begins.
const STEPS: [&str; 12] = [
    "asking which instance",
    "looking for the base",
    "creating the volume",
    "attaching vol-",
    "looking for the device",
    "mounting the root",
    "running the command",
    "unmounting",
    "snapshotting vol-",
    "removing vol-",
    "waiting for snap-",
    "registering the image",
];
const SIGNALS: [Signal; 4] = [Signal::INT, Signal::TERM, Signal::HUP, Signal::KILL];
/// Builds at once.
const AT_ONCE: usize = 8;
/// How long every call takes, so that a signal finds the step that it is for.
const DELAY: Duration = Duration::from_millis(300);

fn stop_one(disk: &Path, step: &str, signal: Signal) -> Result<bool, String> {
    let cloud = Cloud::new(Look::Nvme);
    let base = cloud.snapshot(disk, &[]);
    let before = cloud.resources();
    cloud.sandbox.inject(Fault::any().always().delay(DELAY));
    let mut running = cloud.tool(&["-v", &base, "sleep", "0.3"]).spawn();
    running.wait_until(step, |running| running.stderr().contains(step));
    running.signal(signal);
    let outcome = running.wait();
    let shown = format!("{step:?} {signal:?}: {outcome}");
    let mut swept = String::new();
    if signal == Signal::KILL {
        // A call that was under way is carried out all the same.
        std::thread::sleep(DELAY * 3);
        cloud.sandbox.clear_faults();
        let sweep = cloud.tool(&["--sweep"]).run();
        swept = format!("{sweep}");
        if sweep.code != Some(0) {
            return Err(format!("{shown}\n{swept}"));
        }
    }
    let images: Vec<_> = cloud.sandbox.images(HOME);
    let mut expected = before;
    for image in &images {
        expected.insert(image.id.clone());
        expected.extend(image.snapshots().map(str::to_owned));
        let is_printed = outcome.stdout.contains(&image.id);
        if signal != Signal::KILL && !is_printed {
            return Err(format!("an image that is not printed\n{shown}"));
        }
    }
    let after = cloud.resources();
    let is_stopped = outcome.signal == Some(signal.as_raw());
    if after != expected || cloud.has_devices() || !is_stopped {
        return Err(format!(
            "{after:?} instead of {expected:?}\n{shown}\n{swept}"
        ));
    }
    Ok(!images.is_empty())
}

#[test]
fn signals_at_every_step_leave_nothing() {
    let Some(place) = Place::new() else { return };
    let host = Host::look(&place);
    let disk = place.usual_disk();
    let all = STEPS
        .iter()
        .flat_map(|step| SIGNALS.map(|signal| (*step, signal)));
    let cells: Vec<_> = all.collect();
    let next = Mutex::new(cells.iter());
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some((step, signal)) = next.lock().expect("unbroken").next() else {
                        return;
                    };
                    let result = stop_one(&disk, step, *signal);
                    results.lock().expect("unbroken").push(result);
                }
            });
        }
    });
    let results = results.into_inner().expect("unbroken");
    let wrong: Vec<_> = results
        .iter()
        .filter_map(|result| result.as_ref().err())
        .collect();
    support::tell(&format!("{} cells, {} wrong", cells.len(), wrong.len()));
    wrong.iter().for_each(|text| support::tell(text));
    assert!(wrong.is_empty() && results.len() == cells.len());
    host.expect_again(&place);
}

#[test]
fn a_sweep_leaves_what_lives() {
    let Some(place) = Place::new() else { return };
    let cloud = Cloud::new(Look::Nvme);
    let base = cloud.snapshot(&place.usual_disk(), &[]);
    let mut running = cloud
        .tool(&[&base, "sh", "-c", "echo begun; sleep 2"])
        .spawn();
    running.wait_until("the command", |running| running.stderr().contains("begun"));
    let during = cloud.resources();
    let sweep = || cloud.tool(&["--sweep"]).run().expect().stdout_is("").done();
    sweep();
    assert_eq!(cloud.resources(), during);
    running
        .wait()
        .expect()
        .stdout_has("ami-")
        .stderr_any()
        .done();
    let after = cloud.resources();
    sweep();
    assert_eq!(cloud.resources(), after);
}

#[test]
fn a_sweep_judges_other_instances_by_their_being_there() {
    let Some(place) = Place::new() else { return };
    drop(place);
    let cloud = Cloud::new(Look::Nvme);
    let there = cloud.sandbox.instance(HOME, |_| {});
    let mark = |instance: &str| format!("{instance} some-boot 1 1 1");
    let marked = |value: String| {
        cloud.sandbox.snapshot(HOME, |snapshot| {
            snapshot.tags.insert("ami_tools_host".into(), value);
            snapshot.started -= Duration::from_secs(3600);
        })
    };
    let living = marked(mark(&there));
    let gone = marked(mark("i-0123456789abcdef0"));
    let earlier = marked(mark(&cloud.instance));
    let strange = marked("what is this".into());
    let dry = cloud
        .tool(&["--sweep", "--dry-run"])
        .run()
        .expect()
        .stdout_is("");
    let dry = dry.stderr_has(&format!("would remove {gone}")).done();
    assert!(dry.stderr.contains(&earlier) && !dry.stderr.contains(&format!("remove {living}")));
    let swept = cloud.tool(&["--sweep"]).run().expect();
    let swept = swept.stderr_has(&format!("{strange}: left alone")).done();
    let mut removed: Vec<&str> = swept.stdout.lines().collect();
    removed.sort_unstable();
    let mut expected = [gone.as_str(), &earlier];
    expected.sort_unstable();
    assert_eq!(removed, expected);
    assert!(cloud.sandbox.find_snapshot(&living).is_some());
}

#[test]
fn eight_builds_at_once_do_not_mix() {
    let Some(place) = Place::new() else { return };
    let host = Host::look(&place);
    let cloud = Cloud::new(Look::Nvme);
    let base = cloud.snapshot(&place.usual_disk(), &[]);
    let running: Vec<_> = (0..8)
        .map(|number| {
            let line = format!("echo {number} > /root/number; sleep 0.2");
            cloud.tool(&[&base, "sh", "-c", &line]).spawn()
        })
        .collect();
    let mut seen = Vec::new();
    for running in running {
        let outcome = running.wait().expect().stdout_has("ami-").done();
        let image = cloud
            .sandbox
            .find_image(outcome.stdout.trim())
            .expect("an image");
        let snapshot = image.snapshots().next().expect("a snapshot").to_owned();
        seen.push(cloud.file_in(&place, &snapshot, "/root/number"));
    }
    let expected: Vec<_> = (0..8).map(|number| format!("{number}\n")).collect();
    assert_eq!(seen, expected);
    assert!(!cloud.has_devices());
    drop(cloud);
    host.expect_again(&place);
}

#[test]
fn a_letter_that_is_taken_meanwhile_is_followed_by_another() {
    let Some(place) = Place::new() else { return };
    let cloud = Cloud::new(Look::Xen);
    let base = cloud.snapshot(&place.usual_disk(), &[]);
    let taken =
        "Invalid value '/dev/sdf' for unixDevice. Attachment point /dev/sdf is already in use";
    let fault = Fault::on("AttachVolume").times(3);
    cloud
        .sandbox
        .inject(fault.error(400, "InvalidParameterValue", taken));
    cloud
        .tool(&[&base, "true"])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let calls = cloud.sandbox.calls_to("AttachVolume");
    let mut names: Vec<_> = calls
        .iter()
        .filter_map(|call| call.param("Device"))
        .collect();
    names.dedup();
    assert_eq!(names.len(), 4, "{names:?}");
}
