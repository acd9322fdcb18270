//! Waiting until resources reach a state.
//!
//! Resources of one kind in one region are polled together, one call for all of them. Each group
//! polls at its own pace, and all groups at once, so that a slow region holds up no other.

mod asked;
mod poll;
mod target;

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout_at};

pub use asked::Asked;

use crate::app::Context;
use crate::chance;
use crate::ec2::Ec2;
use crate::error::Error;
use crate::escape::shell_word;
use crate::id::Kind;
use crate::reference::Located;
use crate::region::Region;
use crate::resource::{Resource, State};
use crate::retry::Backoff;
use poll::{Poll, poll};
use target::Target;

/// The first pause between polls is half of this to this.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// How the pauses grow.
const GROWTH: f64 = 1.4;
/// While more targets are to come, those that arrive within this time are polled together.
const GATHER: Duration = Duration::from_millis(20);
/// New targets hasten the next poll of their group, but not to less than this after the last.
const LEAST_PAUSE: Duration = Duration::from_secs(1);
/// What a poll that the deadline overtakes is still given.
const LAST_POLL: Duration = Duration::from_secs(3);
/// Every so many polls what is missing is looked for among the images of others as well, which may
/// have been shared only just now.
const AMONG_ALL: u32 = 8;

/// How it is waited.
#[derive(Debug, Clone)]
pub struct Rules {
    /// How long one resource is waited for.
    pub timeout: Duration,
    /// How long it may be unknown to EC2.
    pub exist_timeout: Duration,
    /// The longest pause between two polls.
    pub poll: Duration,
    /// Wait for the state and nothing else, even if it can never come.
    pub dumb: bool,
}

/// As everybody expects who says nothing: two hours, because images of large volumes take that, and
/// five minutes for an ID that EC2 does not know yet.
impl Default for Rules {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(2 * 60 * 60),
            exist_timeout: Duration::from_secs(5 * 60),
            poll: Duration::from_secs(12),
            dumb: false,
        }
    }
}

/// Says which command goes on waiting for what is left. `options` are more options for it, and
/// `state` is the state to wait for where it is not the usual one.
pub fn say_how_to_go_on(
    context: &Context,
    options: &[String],
    left: &[Located],
    state: Option<&str>,
) {
    if left.is_empty() {
        return;
    }
    let mut words = vec!["ami-waiton".to_owned()];
    words.extend(context.settings.as_options());
    words.extend_from_slice(options);
    words.extend(left.iter().map(ToString::to_string));
    words.extend(state.map(str::to_owned));
    let words: Vec<_> = words.iter().map(|word| shell_word(word)).collect();
    let text = format!("to go on waiting: {}", words.join(" "));
    context.progress.hint(&text);
}

/// How waiting for one resource ended.
#[derive(Debug)]
pub struct Event {
    /// The resource.
    pub located: Located,
    /// Its record in the state that was waited for, or why it never got there.
    pub result: Result<Resource, Error>,
    /// The state that it was last seen in, if it ever was.
    pub last: Option<State>,
}

/// Waits for many resources at once.
pub struct Waiter<'a> {
    context: &'a Context,
    rules: Rules,
    groups: BTreeMap<Key, Group>,
    steps: FuturesUnordered<Step<'a>>,
    ended: VecDeque<Event>,
    more_to_come: bool,
}

type Key = (Region, Kind);
/// A pause before a poll, or a poll.
type Step<'a> = Pin<Box<dyn Future<Output = (Key, Poll)> + 'a>>;

/// The targets of one kind in one region.
struct Group {
    gateway: Rc<Ec2>,
    targets: Vec<Target>,
    backoff: Backoff,
    last_poll: Option<Instant>,
    failures: u32,
    polls: u32,
    /// Wakes the pause before the next poll.
    hurry: Rc<Notify>,
    /// Is a poll, or the pause before one, under way?
    is_running: bool,
}

impl<'a> Waiter<'a> {
    /// A waiter with nothing to wait for yet.
    pub fn new(context: &'a Context, rules: Rules) -> Self {
        Self {
            context,
            rules,
            groups: BTreeMap::new(),
            steps: FuturesUnordered::new(),
            ended: VecDeque::new(),
            more_to_come: false,
        }
    }

    /// Says whether more targets may arrive at any moment, so that it is worth to wait a moment for
    /// them before a poll.
    pub fn expect_more(&mut self, more_to_come: bool) {
        self.more_to_come = more_to_come;
    }

    /// Waits for one more resource, which is not waited for already.
    pub async fn add(&mut self, located: Located, wanted: &str) {
        let key = (located.region.clone(), located.id.kind());
        let gateway = self.context.session.ec2(&located.region).await;
        let backoff = self.backoff();
        let group = self.groups.entry(key).or_insert_with(|| Group {
            gateway,
            targets: Vec::new(),
            backoff: backoff.clone(),
            last_poll: None,
            failures: 0,
            polls: 0,
            hurry: Rc::default(),
            is_running: false,
        });
        let progress = &self.context.progress;
        group
            .targets
            .push(Target::new(located, wanted, &self.rules, progress));
        group.backoff = backoff;
        group.hurry.notify_one();
    }

    /// What is still waited for, oldest first within its region and kind.
    pub fn remaining(&self) -> Vec<Located> {
        let targets = self.groups.values().flat_map(|group| &group.targets);
        targets.map(|target| target.located.clone()).collect()
    }

    /// What has ended and was not handed out yet, oldest first.
    pub fn take_ended(&mut self) -> Vec<Event> {
        self.ended.drain(..).collect()
    }

    /// Is there nothing to wait for?
    pub fn is_empty(&self) -> bool {
        self.ended.is_empty() && self.groups.values().all(|group| group.targets.is_empty())
    }

    /// How the next resource ended; `None` when there is nothing to wait for. It may be given up
    /// at any time and called again.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ended.pop_front() {
                return Some(event);
            }
            self.start_polls();
            let overdue = self.deadlines().min()? + LAST_POLL;
            tokio::select! {
                biased;
                step = self.steps.next() => {
                    let (key, poll) = step?;
                    self.judge(&key, poll);
                }
                // A poll that serves others is not cut short for one whose time is over.
                () = sleep_until(overdue) => self.expire(),
            }
        }
    }

    fn deadlines(&self) -> impl Iterator<Item = Instant> {
        let targets = self.groups.values().flat_map(|group| &group.targets);
        targets.map(|target| target.deadline)
    }

    /// Ends what has been overdue for so long that no answer under way can help it.
    fn expire(&mut self) {
        let overdue = Instant::now() - LAST_POLL;
        for group in self.groups.values_mut() {
            let ended = group.end_those(|target| match target.deadline <= overdue {
                true => target.take_failure(None, &self.rules, Instant::now()),
                false => None,
            });
            self.ended.extend(ended);
        }
    }

    fn backoff(&self) -> Backoff {
        Backoff::new(FIRST_PAUSE, self.rules.poll, GROWTH)
    }

    fn start_polls(&mut self) {
        for (key, group) in &mut self.groups {
            if group.is_running || group.targets.is_empty() {
                continue;
            }
            group.is_running = true;
            let hurry = Rc::clone(&group.hurry);
            let gather = if self.more_to_come {
                GATHER
            } else {
                Duration::ZERO
            };
            let due = group.due(&self.rules, gather);
            let key = key.clone();
            self.steps.push(Box::pin(async move {
                tokio::select! {
                    () = sleep_until(due.planned) => {}
                    () = hurry.notified() => {
                        sleep_until(due.earliest.max(Instant::now() + gather)).await;
                    }
                }
                (key, Poll::Due)
            }));
        }
    }

    /// Takes what one step of a group brought: the pause is over, or the poll is.
    fn judge(&mut self, key: &Key, poll: Poll) {
        let Some(group) = self.groups.get_mut(key) else {
            return;
        };
        match poll {
            Poll::Due => {
                let request = group.request(self.context.progress.is_visible());
                let gateway = Rc::clone(&group.gateway);
                let deadline = group.deadline();
                let (key, kind) = (key.clone(), key.1);
                self.steps.push(Box::pin(async move {
                    let answer = timeout_at(deadline, self::poll(&gateway, kind, request)).await;
                    (key, answer.unwrap_or(Poll::Overtaken))
                }));
            }
            other => {
                group.is_running = false;
                group.last_poll = Some(Instant::now());
                let ended = group.take_answer(key.1, other, &self.rules);
                self.ended.extend(ended);
                if group.failures > 0 && !group.targets.is_empty() {
                    let text = format!("asking again in {}, try {}", key.0, group.failures + 1);
                    self.context.progress.trace(&text);
                }
            }
        }
    }
}

/// When a group is to be polled.
struct Due {
    planned: Instant,
    earliest: Instant,
}

impl Group {
    fn due(&mut self, rules: &Rules, gather: Duration) -> Due {
        let now = Instant::now();
        let Some(last) = self.last_poll else {
            return Due {
                planned: now + gather,
                earliest: now,
            };
        };
        let pause = self.backoff.next(chance::fraction());
        let planned = last + pause;
        let earliest = last + pause.min(LEAST_PAUSE);
        // What ends by the clock is looked at once more when its time is over. An end that is past
        // could not be judged at the last poll, and waits for the next like all else.
        let ends = self.targets.iter().map(|target| target.end(rules));
        let next_end = ends.filter(|end| *end > now).fold(planned, Instant::min);
        Due {
            // Many ends close together must not become as many polls.
            planned: next_end.max(earliest),
            earliest,
        }
    }

    /// Until when a poll that begins now may last: a moment beyond the last target's deadline.
    fn deadline(&self) -> Instant {
        let deadlines = self.targets.iter().map(|target| target.deadline);
        deadlines.fold(Instant::now(), Instant::max) + LAST_POLL
    }

    fn request(&mut self, with_progress: bool) -> poll::Request {
        self.polls += 1;
        for target in &mut self.targets {
            target.is_asked = true;
        }
        let of = |is_missing: bool| {
            let targets = self.targets.iter();
            targets
                .filter(|target| target.is_missing() == is_missing)
                .map(|target| target.located.id.clone())
                .collect()
        };
        poll::Request {
            known: of(false),
            missing: of(true),
            among_all: self.polls.is_multiple_of(AMONG_ALL),
            with_progress,
        }
    }

    /// Judges each target by what a poll brought; returns those that have come to an end.
    fn take_answer(&mut self, kind: Kind, poll: Poll, rules: &Rules) -> Vec<Event> {
        let mut answer = match poll {
            Poll::Answered(answer) => {
                self.failures = 0;
                Ok(answer)
            }
            Poll::Failed(error) => {
                self.failures += 1;
                if !self.gateway.may_ask_again(&error, self.failures) {
                    return self.end_all(&error);
                }
                Err(Some(error))
            }
            Poll::Overtaken | Poll::Due => Err(None),
        };
        let now = Instant::now();
        self.end_those(|target| match &mut answer {
            // It came while EC2 was being asked for the others.
            _ if !target.is_asked => None,
            Ok(answer) => target.take(kind, answer, rules, now),
            Err(error) => target.take_failure(error.as_ref(), rules, now),
        })
    }

    /// Judges each target; returns those that have come to an end.
    fn end_those(
        &mut self,
        mut judge: impl FnMut(&mut Target) -> Option<Result<Resource, Error>>,
    ) -> Vec<Event> {
        let mut ended = Vec::new();
        self.targets.retain_mut(|target| {
            let Some(result) = judge(target) else {
                return true;
            };
            ended.push(Event {
                located: target.located.clone(),
                result,
                last: target.last.clone(),
            });
            false
        });
        ended
    }

    fn end_all(&mut self, error: &Error) -> Vec<Event> {
        let targets = std::mem::take(&mut self.targets).into_iter();
        targets
            .map(|target| Event {
                result: Err(error.clone().of(&target.located.id)),
                located: target.located,
                last: target.last,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Backoff, FIRST_PAUSE, GROWTH, LAST_POLL, Rules};
    use std::time::Duration;

    #[test]
    fn a_change_is_noticed_within_fifteen_seconds_at_any_age() {
        let longest = Rules::default().poll;
        let mut backoff = Backoff::new(FIRST_PAUSE, longest, GROWTH);
        let first = backoff.clone();
        for chance in [0.0, 0.5, 1.0] {
            let pause = first.clone().next(chance);
            assert!((1.0..=2.0).contains(&pause.as_secs_f64()), "{pause:?}");
        }
        for _ in 0..1000 {
            let pause = backoff.next(1.0);
            assert!(pause + LAST_POLL <= Duration::from_secs(15), "{pause:?}");
        }
    }
}
