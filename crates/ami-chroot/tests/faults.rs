//! Whatever call of a build goes wrong, and however: an image, or 125 with the reason; and nothing is
//! left that was not there before.

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use ami_sandbox::{Fault, Look};
use support::{Cloud, Host, Place};

/// Builds at once.
const AT_ONCE: usize = 8;

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

/// One call of the flow: its name, and how many of that name come before it.
type Cell = (String, u32, Trouble);

/// The first and the last call of each name in a build where all goes well.
fn cells(disk: &Path) -> Vec<Cell> {
    let cloud = Cloud::new(Look::Nvme);
    let base = cloud.snapshot(disk, &[]);
    cloud.sandbox.clear_calls();
    cloud
        .tool(&["-n", "web", &base, "true"])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for action in cloud.actions() {
        *counts.entry(action).or_default() += 1;
    }
    let mut cells = Vec::new();
    for (action, count) in counts {
        let mut places = vec![0, count - 1];
        places.dedup();
        for skip in places {
            cells.extend(ALL.map(|trouble| (action.clone(), skip, trouble)));
        }
    }
    cells
}

/// Carries out one build, and says what is wrong with how it went.
fn try_one(disk: &Path, (action, skip, trouble): &Cell) -> Result<i32, String> {
    let cloud = Cloud::new(Look::Nvme);
    let base = cloud.snapshot(disk, &[]);
    let before = cloud.resources();
    cloud.sandbox.inject(trouble.on(action, *skip));
    let outcome = cloud.tool(&["-n", "web", &base, "true"]).run();
    let shown = format!("{action} {skip} {trouble:?}: {outcome}");
    let new: Vec<String> = cloud.resources().difference(&before).cloned().collect();
    let code = outcome.code.ok_or_else(|| shown.clone())?;
    let image = outcome.stdout.trim();
    let unnamed: Vec<&String> = match code {
        0 | 125 if !image.is_empty() => {
            let image = cloud
                .sandbox
                .find_image(image)
                .ok_or_else(|| shown.clone())?;
            let snapshots: Vec<&str> = image.snapshots().collect();
            let is_part = |id: &&String| **id == image.id || snapshots.contains(&id.as_str());
            new.iter().filter(|id| !is_part(id)).collect()
        }
        125 => new.iter().collect(),
        _ => return Err(shown),
    };
    // Only what may not be removed is left, and is named.
    let is_excused = |id: &&&String| {
        matches!(trouble, Trouble::Forbidden) && outcome.stderr.contains(id.as_str())
    };
    let left: Vec<_> = unnamed.iter().filter(|id| !is_excused(id)).collect();
    let is_silent = code == 125 && !outcome.stderr.contains("ami-chroot: ");
    let has_device = cloud.has_devices() && !matches!(trouble, Trouble::Forbidden);
    if !left.is_empty() || is_silent || has_device {
        return Err(format!("left: {left:?}, a device: {has_device}\n{shown}"));
    }
    Ok(code)
}

#[test]
fn every_call_may_fail_in_every_way() {
    let Some(place) = Place::new() else { return };
    let host = Host::look(&place);
    let disk = place.usual_disk();
    let cells = cells(&disk);
    let next = Mutex::new(cells.iter());
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some(cell) = next.lock().expect("unbroken").next() else {
                        return;
                    };
                    let result = try_one(&disk, cell);
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
    let images = results.iter().filter(|result| **result == Ok(0)).count();
    support::tell(&format!(
        "{} cells: {images} images, {} times 125, {} wrong",
        cells.len(),
        results.len() - images - wrong.len(),
        wrong.len()
    ));
    wrong.iter().for_each(|text| support::tell(text));
    assert!(wrong.is_empty() && results.len() == cells.len());
    host.expect_again(&place);
}
