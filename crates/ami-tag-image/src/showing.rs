//! Waiting until EC2 shows what it has set. It shows changes late at times.

use std::rc::Rc;
use std::time::{Duration, Instant};

use ami_core::chance;
use ami_core::ec2::Ec2;
use ami_core::error::{Error, Kind};
use ami_core::id::Id;
use ami_core::image::Image;
use ami_core::retry::Backoff;
use ami_core::time::format_duration;

use crate::describe::by_id;
use crate::plan::Plan;
use crate::record::Tagged;

/// While more is being tagged, images that come within this time are looked at together.
const GATHER: Duration = Duration::from_millis(300);

/// The images of a region whose tags are set and have not been seen yet.
pub(crate) struct Showing {
    gateway: Rc<Ec2>,
    waiting: Vec<(Plan, Instant)>,
    backoff: Backoff,
    /// How many of them, from the first on, the last look has asked for.
    asked: usize,
    /// Is a look under way, or the pause before it?
    is_busy: bool,
    /// Has something come since the last look began?
    is_fresh: bool,
}

impl Showing {
    pub(crate) fn new(gateway: Rc<Ec2>) -> Self {
        Self {
            gateway,
            waiting: Vec::new(),
            backoff: pauses(),
            asked: 0,
            is_busy: false,
            is_fresh: false,
        }
    }

    /// Is there nothing to be seen?
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes images whose tags are set.
    pub(crate) fn add(&mut self, plans: Vec<Plan>) {
        let now = Instant::now();
        self.waiting
            .extend(plans.into_iter().map(|plan| (plan, now)));
        self.backoff = pauses();
        self.is_fresh = true;
    }

    /// The pause before the next look, when one is due; `more` says whether more will come soon.
    pub(crate) fn pause(&mut self, more: bool) -> Option<Duration> {
        if self.is_busy || self.waiting.is_empty() {
            return None;
        }
        self.is_busy = true;
        Some(match (self.is_fresh, more) {
            (true, true) => GATHER,
            (true, false) => Duration::ZERO,
            // The last look is at the very end of the grace time.
            (false, _) => self.backoff.next(chance::fraction()).min(self.rest()),
        })
    }

    /// Begins a look after its pause: what it has to ask for, and whom.
    pub(crate) fn look(&mut self) -> (Rc<Ec2>, Vec<Id>) {
        self.asked = self.waiting.len();
        self.is_fresh = false;
        let ids = self.waiting.iter().map(|(plan, _)| plan.image.id.clone());
        (Rc::clone(&self.gateway), ids.collect())
    }

    /// Takes what a look has found: the images that show their tags, and those that are given up.
    pub(crate) fn take(&mut self, found: Result<Vec<Image>, Error>) -> Vec<Result<Tagged, Error>> {
        self.is_busy = false;
        let (grace, mut results) = (self.gateway.grace(), Vec::new());
        let mut asked = std::mem::take(&mut self.waiting);
        // What came while the look was under way was not asked for.
        let fresh = asked.split_off(self.asked);
        let found = found.as_deref().map(by_id);
        for (plan, since) in asked {
            let image = found.as_ref().map(|found| {
                let image = found.get(&plan.image.id).copied();
                image.filter(|image| plan.is_done_on(image))
            });
            match image {
                Ok(Some(image)) => results.push(Ok(plan.result(image))),
                Ok(None) if since.elapsed() < grace => self.waiting.push((plan, since)),
                Ok(None) => results.push(Err(late(&plan, grace))),
                Err(error) => results.push(Err(unseen(&plan, error))),
            }
        }
        self.waiting.extend(fresh);
        results
    }

    /// Gives up what has not shown yet, unless it came after the last look began.
    pub(crate) fn give_up(&mut self) -> Vec<Plan> {
        if self.is_busy || self.is_fresh {
            return Vec::new();
        }
        let left = std::mem::take(&mut self.waiting).into_iter();
        left.map(|(plan, _)| plan).collect()
    }

    /// How long until the first is given up.
    fn rest(&self) -> Duration {
        let rest =
            |(_, since): &(Plan, Instant)| self.gateway.grace().saturating_sub(since.elapsed());
        self.waiting.iter().map(rest).min().unwrap_or_default()
    }
}

/// Half a second to five: what comes while one pauses waits as long.
fn pauses() -> Backoff {
    Backoff::new(Duration::from_millis(500), Duration::from_secs(5), 1.5)
}

/// What is set and could not be read back.
fn unseen(plan: &Plan, error: &Error) -> Error {
    let error = error.clone().of(&plan.image.id);
    error.adding("its tags are set, and could not be read back")
}

fn late(plan: &Plan, grace: Duration) -> Error {
    let what = format!(
        "EC2 took its tags and does not show them after {}",
        format_duration(grace)
    );
    let error = Error::new(Kind::TimedOut, what).of(&plan.image.id);
    error.hint("look again later; running the same command again does no harm")
}
