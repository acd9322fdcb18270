//! The helper, sudo or the tool is killed, by any signal and at any step: nothing is left, of
//! processes, mounts, loop devices, volumes and snapshots.

mod support;

use std::sync::Mutex;
use std::time::Duration;

use ami_sandbox::{Fault, Look};
use ami_testkit::{Outcome, Running};
use support::user::User;
use support::{Cloud, Host, Place, Watch, kill, watched};

/// Builds at once.
const AT_ONCE: usize = 8;
/// How long every call takes, so that a signal finds the step that it is for.
const DELAY: Duration = Duration::from_millis(150);
const SIGNALS: [&str; 4] = ["INT", "TERM", "HUP", "KILL"];
/// What the tool says when a step begins in which the helper is there.
const IN_FILES: [&str; 4] = ["mounting the root", RUNNING, "putting back", "unmounting"];
/// The same of a base that is made.
const IN_BASES: [&str; 2] = ["making the ext4", "unpacking the archive"];
const IN_VOLUMES: [&str; 7] = [
    "creating the volume",
    "attaching vol-",
    "looking for the device",
    "mounting the root",
    RUNNING,
    "putting back",
    "unmounting",
];
const RUNNING: &str = "running the command";

/// Who is killed, when, and how.
#[derive(Clone, Copy, Debug)]
struct Cell {
    victim: &'static str,
    step: &'static str,
    signal: &'static str,
}

fn cells(victims: &[&'static str], steps: &[&'static str]) -> Vec<Cell> {
    let mut cells = Vec::new();
    for victim in victims {
        for step in steps {
            cells.extend(SIGNALS.map(|signal| Cell {
                victim,
                step,
                signal,
            }));
        }
    }
    cells
}

impl Cell {
    /// A command that leaves something running, and does not end before it is killed.
    fn command(self) -> &'static str {
        match self.step {
            RUNNING => "sleep 1000 & sleep 1000",
            _ => "sleep 1000 & true",
        }
    }

    /// Waits for the step, kills the victim, if it is still there, and waits for the end.
    fn carry_out(self, watch: &Watch, mut running: Running<'_>) -> Outcome {
        let step = self.step;
        running.wait_until(step, |running| running.stderr().contains(step));
        if let Some(pid) = watch.find(self.victim) {
            kill(pid, self.signal);
        }
        running.wait()
    }

    /// Is there a result where there should be one? The tool itself may die after it has put it in its
    /// place.
    fn is_right(self, is_made: bool, outcome: &Outcome) -> bool {
        let is_through = outcome.code == Some(0);
        is_made == is_through || (is_made && self.victim == "ami-chroot" && self.step != RUNNING)
    }

    /// Does the tool say how it ended, and is no process left?
    fn judge(self, watch: &Watch, outcome: &Outcome) -> Result<(), String> {
        let shown = || format!("{self:?}: {outcome}");
        // What was too late to be killed has succeeded; 143 is the command's own end.
        let is_told = match outcome.code {
            Some(0) => !outcome.stdout.is_empty() && self.step != RUNNING,
            Some(1 | 125) => outcome.stderr.contains("ami-chroot: "),
            Some(143 | 137) => outcome.stderr.contains("nothing was made"),
            _ => self.victim == "ami-chroot" && outcome.signal.is_some(),
        };
        if !is_told {
            return Err(shown());
        }
        watch.empty().map_err(|left| format!("{left}\n{}", shown()))
    }
}

/// Is everything in the account as it was, but for an image that was made all the same?
fn judge_account(cloud: &Cloud, before: usize, outcome: &Outcome) -> Result<(), String> {
    let images = cloud.sandbox.images(support::HOME).len();
    let expected = before + 2 * images;
    let after = cloud.resources();
    match after.len() == expected && !cloud.has_devices() {
        true => Ok(()),
        false => Err(format!("{after:?} are {expected}\n{outcome}")),
    }
}

/// Carries out all cells, some at once.
fn all(cells: &[Cell], one: impl Fn(Cell) -> Result<bool, String> + Sync) {
    if !Watch::new().sees() {
        return support::skip("needs control groups, version 2");
    }
    let next = Mutex::new(cells.iter());
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some(cell) = next.lock().expect("unbroken").next() else {
                        return;
                    };
                    let result = one(*cell);
                    results.lock().expect("unbroken").push(result);
                }
            });
        }
    });
    let results = results.into_inner().expect("unbroken");
    let wrong: Vec<_> = results
        .iter()
        .filter_map(|one| one.as_ref().err())
        .collect();
    let through = results.iter().filter(|one| **one == Ok(true)).count();
    support::tell(&format!(
        "{} cells: {through} too late, {} wrong",
        cells.len(),
        wrong.len()
    ));
    wrong.iter().for_each(|text| support::tell(text));
    assert!(wrong.is_empty() && results.len() == cells.len());
}

#[test]
fn the_helper_and_the_tool_of_a_build_in_a_disk_file() {
    all(&cells(&["amichroot", "ami-chroot"], &IN_FILES), |cell| {
        let Some(place) = Place::new() else {
            return Ok(false);
        };
        let (host, watch) = (Host::look(&place), Watch::new());
        let disk = place.usual_disk().display().to_string();
        let out = place.path("out");
        let words = ["-v", "-o", &out.display().to_string(), &disk].map(str::to_owned);
        let words = words.iter().map(String::as_str);
        let words: Vec<&str> = words.chain(["sh", "-c", cell.command()]).collect();
        let outcome = cell.carry_out(&watch, watched(&watch, &words).spawn());
        cell.judge(&watch, &outcome)?;
        host.expect_again(&place);
        let files = std::fs::read_dir(place.path("")).expect("read").count();
        // The tree, the disk, and the result if there is one.
        let is_made = out.exists();
        if files != 2 + usize::from(is_made) || !cell.is_right(is_made, &outcome) {
            return Err(format!("{cell:?}: {files} files\n{outcome}"));
        }
        Ok(is_made)
    });
}

#[test]
fn the_helper_of_a_build_in_a_volume() {
    let Some(place) = Place::new() else { return };
    let host = Host::look(&place);
    let disk = place.usual_disk();
    all(&cells(&["amichroot"], &IN_VOLUMES), |cell| {
        let (cloud, watch) = (Cloud::new(Look::Nvme), Watch::new());
        let base = cloud.snapshot(&disk, &[]);
        let before = cloud.resources().len();
        cloud.sandbox.inject(Fault::any().always().delay(DELAY));
        let words = ["-v", &base, "sh", "-c", cell.command()];
        let outcome = cell.carry_out(&watch, cloud.watched(&watch, &words).spawn());
        cell.judge(&watch, &outcome)?;
        judge_account(&cloud, before, &outcome)?;
        Ok(outcome.code == Some(0))
    });
    host.expect_again(&place);
}

#[test]
fn sudo_and_the_tool_of_a_user_s_build_in_a_disk_file() {
    all(&cells(&["sudo", "ami-chroot"], &IN_FILES), |cell| {
        let Some(user) = User::new(None) else {
            return Ok(false);
        };
        let host = Host::look(&user.place);
        std::fs::rename(user.place.usual_disk(), user.own.join("base")).expect("moved");
        user.give();
        let line = format!("-v -o out base -- sh -c '{}'", cell.command());
        let outcome = cell.carry_out(&user.watch, user.tool(&line).spawn());
        cell.judge(&user.watch, &outcome)?;
        host.expect_again(&user.place);
        let files = std::fs::read_dir(&user.own).expect("read").count();
        let is_made = user.own.join("out").exists();
        match files == 1 + usize::from(is_made) && cell.is_right(is_made, &outcome) {
            true => Ok(is_made),
            false => Err(format!("{cell:?}: {files} files\n{outcome}")),
        }
    });
}

#[test]
fn sudo_and_the_tool_of_a_user_s_build_in_a_volume() {
    all(&cells(&["sudo", "ami-chroot"], &IN_VOLUMES), |cell| {
        let cloud = Cloud::new(Look::Nvme);
        let Some(user) = User::new(Some(cloud.devices())) else {
            return Ok(false);
        };
        let host = Host::look(&user.place);
        let base = cloud.snapshot(&user.place.usual_disk(), &[]);
        let before = cloud.resources().len();
        user.give();
        cloud.sandbox.inject(Fault::any().always().delay(DELAY));
        let running = user
            .tool(&format!("-v {base} -- sh -c '{}'", cell.command()))
            .sandbox(&cloud.sandbox)
            .metadata()
            .env("AMI_TOOLS_GRACE", "2s")
            .env("AMI_CHROOT_DEVICES_AT", cloud.devices());
        let outcome = cell.carry_out(&user.watch, running.spawn());
        cell.judge(&user.watch, &outcome)?;
        if (cell.victim, cell.signal) == ("ami-chroot", "KILL") {
            // A call that was under way is carried out all the same.
            std::thread::sleep(DELAY * 4);
            cloud.sandbox.clear_faults();
            let swept = cloud.tool(&["--sweep"]).run();
            if swept.code != Some(0) {
                return Err(format!("{cell:?}: {swept}"));
            }
        }
        judge_account(&cloud, before, &outcome)?;
        let is_made = outcome.code == Some(0);
        drop(cloud);
        host.expect_again(&user.place);
        Ok(is_made)
    });
}

#[test]
fn the_helper_and_the_tool_while_a_base_is_made() {
    let Some(place) = Place::new() else { return };
    let host = Host::look(&place);
    all(&cells(&["amichroot", "ami-chroot"], &IN_BASES), |cell| {
        let (cloud, watch) = (Cloud::new(Look::Nvme), Watch::new());
        let before = cloud.resources().len();
        let out = place.path(&format!(
            "{}{}{}",
            cell.victim,
            &cell.step[..6],
            cell.signal
        ));
        let out = out.display().to_string();
        // More of the archive never comes.
        let waiting = |words: &[&str]| {
            let words = [&["-v", "--prepare-base", "-"], words].concat();
            let mut running = cloud.watched(&watch, &words).stdin_open().spawn();
            running.write("./etc/passwd");
            let outcome = cell.carry_out(&watch, running);
            cell.judge(&watch, &outcome)?;
            match outcome.code == Some(0) {
                true => Err(format!("{cell:?}: {outcome}")),
                false => Ok(outcome),
            }
        };
        waiting(&["--size", "64M", "-o", &out])?;
        if std::path::Path::new(&out).exists() {
            return Err(format!("{cell:?}: it is there"));
        }
        let outcome = waiting(&["--size", "1G"])?;
        if (cell.victim, cell.signal) == ("ami-chroot", "KILL") {
            let swept = cloud.tool(&["--sweep"]).run();
            if swept.code != Some(0) {
                return Err(format!("{cell:?}: {swept}"));
            }
        }
        judge_account(&cloud, before, &outcome)?;
        Ok(false)
    });
    let files = std::fs::read_dir(place.path("")).expect("read").count();
    assert_eq!(files, 0);
    host.expect_again(&place);
}

/// Somebody kills somebody, at no particular step.
#[test]
fn anyone_at_any_moment() {
    let Some(place) = Place::new() else { return };
    if !Watch::new().sees() {
        return support::skip("needs control groups, version 2");
    }
    let disk = place.usual_disk().display().to_string();
    for round in 0..40 {
        let (host, watch) = (Host::look(&place), Watch::new());
        let out = place.path("out").display().to_string();
        let words = ["-o", &out, &disk, "sh", "-c", "sleep 1000 & sync"];
        let running = watched(&watch, &words).spawn();
        std::thread::sleep(Duration::from_micros(1500 * round));
        let names = watch.names();
        if let Some(name) = names.get(usize::try_from(round).expect("small") % names.len().max(1)) {
            let pid = name.split(' ').next().and_then(|pid| pid.parse().ok());
            kill(pid.expect("a number"), "KILL");
        }
        running.wait();
        watch.empty().expect("nothing");
        host.expect_again(&place);
        let _ = std::fs::remove_file(&out);
    }
    let files = std::fs::read_dir(place.path("")).expect("read").count();
    assert_eq!(files, 2, "the tree and the disk");
}
