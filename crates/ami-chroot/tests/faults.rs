//! Whatever call of a build goes wrong, and however: an image, or 125 with the reason; and nothing is
//! left that was not there before: no resource, mount, loop device or process.

mod support;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use ami_sandbox::{Fault, Look};
use support::{Cloud, HOME, Host, Place, Watch, sh};

/// Builds at once.
const AT_ONCE: usize = 12;

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    /// It is refused once.
    Refused,
    /// It is refused for ever.
    Forbidden,
    Throttled,
    ResetBefore,
    ResetAfter,
    Slow,
}

const ALL: [Trouble; 6] = [
    Trouble::Refused,
    Trouble::Forbidden,
    Trouble::Throttled,
    Trouble::ResetBefore,
    Trouble::ResetAfter,
    Trouble::Slow,
];

/// What a flow does by itself; how the rest is taken the gateway sees to, for all flows alike.
const SOME: [Trouble; 3] = [Trouble::Refused, Trouble::Forbidden, Trouble::ResetAfter];

impl Trouble {
    fn on(self, action: &str, skip: u32) -> Fault {
        let fault = Fault::on(action).skip(skip);
        match self {
            Self::Refused => fault
                .times(1)
                .error(400, "OperationNotPermitted", "Not today."),
            Self::Forbidden => {
                fault
                    .always()
                    .error(403, "UnauthorizedOperation", "You are not authorized.")
            }
            Self::Throttled => fault.times(5).throttle(),
            Self::ResetBefore => fault.times(1).reset_before(),
            Self::ResetAfter => fault.times(1).reset_after(),
            Self::Slow => fault.times(1).delay(Duration::from_secs(2)),
        }
    }
}

/// What is asked of the tool.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Flow {
    OfSnapshot,
    OfImage,
    /// It is snapshotted first.
    OfVolume,
    Waiting,
    /// `--prepare-base`.
    Base,
}

const FLOWS: [(Flow, &[Trouble]); 5] = [
    (Flow::OfSnapshot, &ALL),
    (Flow::OfImage, &SOME),
    (Flow::OfVolume, &SOME),
    (Flow::Waiting, &SOME),
    (Flow::Base, &SOME),
];

/// What all cells begin with.
struct Bases {
    disk: PathBuf,
    rootfs: String,
}

impl Bases {
    fn new(place: &Place) -> Self {
        let (tree, rootfs) = (place.tree(), place.path("rootfs.tar"));
        let (tree, rootfs) = (tree.display(), rootfs.display().to_string());
        sh(&format!("tar -C {tree} -cf {rootfs} ."));
        let disk = place.usual_disk();
        Self { disk, rootfs }
    }
}

impl Flow {
    /// Makes what it begins with, and gives the command line.
    fn words(self, cloud: &Cloud, bases: &Bases) -> Vec<String> {
        if self == Self::Base {
            let words = ["--prepare-base", &bases.rootfs, "--size", "1G"];
            return words.map(str::to_owned).into();
        }
        let snapshot = cloud.snapshot(&bases.disk, &[]);
        let source = match self {
            Self::OfImage => cloud.sandbox.image(HOME, |image| {
                for mapping in &mut image.mappings {
                    if let ami_sandbox::Device::Ebs(ebs) = &mut mapping.device {
                        (ebs.snapshot, ebs.size) = (Some(snapshot.clone()), 1);
                    }
                }
            }),
            Self::OfVolume => {
                let params = [
                    ("SnapshotId", &*snapshot),
                    ("AvailabilityZone", "us-east-1a"),
                ];
                let made = cloud.call("CreateVolume", &params);
                let id = made.split("<volumeId>").nth(1).expect("an ID");
                id.split('<').next().expect("an ID").to_owned()
            }
            _ => snapshot,
        };
        let wait = (self == Self::Waiting).then_some("--wait");
        let words = ["-n", "web", &source, "true"];
        wait.into_iter().chain(words).map(str::to_owned).collect()
    }

    /// How the tool ends when it fails.
    fn code(self) -> i32 {
        match self {
            Self::Base => 1,
            _ => 125,
        }
    }
}

/// One call of a flow: its name, and how many of that name come before it.
type Cell = (Flow, String, u32, Trouble);

/// The first and the last call of each name in a run where all goes well.
fn cells(bases: &Bases, flow: Flow, troubles: &[Trouble]) -> Vec<Cell> {
    let cloud = Cloud::new(Look::Nvme);
    let words = flow.words(&cloud, bases);
    cloud.sandbox.clear_calls();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    cloud.tool(&words).run().expect().stdout_has("-").done();
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for action in cloud.actions() {
        *counts.entry(action).or_default() += 1;
    }
    let mut cells = Vec::new();
    for (action, count) in counts {
        let mut places = vec![0, count - 1];
        places.dedup();
        for skip in places {
            let troubles = troubles.iter();
            cells.extend(troubles.map(|trouble| (flow, action.clone(), skip, *trouble)));
        }
    }
    cells
}

/// Carries out one run, and says what is wrong with how it went.
fn try_one(bases: &Bases, (flow, action, skip, trouble): &Cell) -> Result<i32, String> {
    let (cloud, watch) = (Cloud::new(Look::Nvme), Watch::new());
    let words = flow.words(&cloud, bases);
    let before = cloud.resources();
    cloud.sandbox.inject(trouble.on(action, *skip));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = cloud.watched(&watch, &words).run();
    let shown = format!("{flow:?} {action} {skip} {trouble:?}: {outcome}");
    watch.empty().map_err(|left| format!("{left}\n{shown}"))?;
    let code = outcome.code.filter(|code| [0, flow.code()].contains(code));
    let code = code.ok_or_else(|| shown.clone())?;
    let printed = outcome.stdout.trim();
    if code == 0 && printed.is_empty() {
        return Err(shown);
    }
    let handed_over = handed_over(&cloud, printed).ok_or_else(|| shown.clone())?;
    let now = cloud.resources();
    if let Some(lost) = handed_over
        .iter()
        .chain(&before)
        .find(|id| !now.contains(*id))
    {
        return Err(format!("{lost} is gone\n{shown}"));
    }
    // Only what may not be removed is left, and is named. A refusal is final; but a volume is tried again
    // when the image is there.
    let is_forbidden = matches!(trouble, Trouble::Forbidden);
    let may_stay =
        is_forbidden || action == "DeleteSnapshot" && matches!(trouble, Trouble::Refused);
    let is_excused = |id: &&String| may_stay && outcome.stderr.contains(id.as_str());
    let mut left: Vec<_> = now.difference(&before).collect();
    left.retain(|id| !handed_over.contains(id) && !is_excused(id));
    let is_silent = code != 0 && !outcome.stderr.contains("ami-chroot: ");
    let has_device = cloud.has_devices() && !is_forbidden;
    if !left.is_empty() || is_silent || has_device {
        return Err(format!("left: {left:?}, a device: {has_device}\n{shown}"));
    }
    // A sweep must not take what was handed over.
    let marked = handed_over.iter().filter_map(|id| {
        let tags = cloud.sandbox.find_snapshot(id)?.tags;
        tags.get("ami_tools_host").cloned()
    });
    if marked.clone().any(|mark| mark != "handed-over") {
        return Err(format!("it bears a mark\n{shown}"));
    }
    // A device that could not be detached goes with the sandbox; what else holds it shows then.
    let devices = cloud.devices().to_owned();
    drop(cloud);
    match Host::rest(&devices) {
        Some(left) => Err(format!("{left}\n{shown}")),
        None => Ok(code),
    }
}

/// What belongs to the reference that was printed. None if there is no such thing.
fn handed_over(cloud: &Cloud, printed: &str) -> Option<Vec<String>> {
    let mut all: Vec<String> = Vec::new();
    if printed.starts_with("ami-") {
        let image = cloud.sandbox.find_image(printed)?;
        all.extend(image.snapshots().map(str::to_owned));
    } else if !printed.is_empty() {
        cloud.sandbox.find_snapshot(printed)?;
    }
    all.extend((!printed.is_empty()).then(|| printed.to_owned()));
    Some(all)
}

#[test]
fn every_call_may_fail_in_every_way() {
    let Some(place) = Place::new() else { return };
    let host = Host::look(&place);
    let bases = Bases::new(&place);
    let cells = FLOWS
        .iter()
        .flat_map(|(flow, troubles)| cells(&bases, *flow, troubles));
    let cells: Vec<Cell> = cells.collect();
    let next = Mutex::new(cells.iter());
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some(cell) = next.lock().expect("unbroken").next() else {
                        return;
                    };
                    let result = try_one(&bases, cell);
                    results.lock().expect("unbroken").push((cell.0, result));
                }
            });
        }
    });
    let results = results.into_inner().expect("unbroken");
    let mut wrong = Vec::new();
    for (flow, _) in FLOWS {
        let own = results.iter().filter(|(of, _)| *of == flow);
        let own: Vec<_> = own.map(|(_, result)| result).collect();
        let bad: Vec<_> = own
            .iter()
            .filter_map(|result| result.as_ref().err())
            .collect();
        let good = own.iter().filter(|result| ***result == Ok(0)).count();
        support::tell(&format!(
            "{flow:?}: {} cells: {good} done, {} failed in order, {} wrong",
            own.len(),
            own.len() - good - bad.len(),
            bad.len()
        ));
        wrong.extend(bad);
    }
    wrong.iter().for_each(|text| support::tell(text));
    assert!(wrong.is_empty() && results.len() == cells.len());
    host.expect_again(&place);
}
