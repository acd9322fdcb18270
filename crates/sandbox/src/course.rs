//! How a resource goes through its states as time passes, by the clock or by being read.

use std::cell::Cell;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::config::Pace;

/// A line of states: each is kept for its pace, the last one for ever.
///
/// Reading is counted through a shared reference, since describing changes nothing else.
#[derive(Clone, Debug)]
pub(crate) struct Course<S> {
    steps: VecDeque<(S, Pace)>,
    last: S,
    at: Cell<usize>,
    clock: Clock,
}

/// How old something is, in reads and in time.
#[derive(Clone, Debug)]
struct Clock {
    reads: Cell<u32>,
    since: Cell<Instant>,
}

impl<S> Course<S> {
    /// A state that stays.
    pub(crate) fn settled(state: S) -> Self {
        Course {
            steps: VecDeque::new(),
            last: state,
            at: Cell::new(0),
            clock: Clock::new(),
        }
    }

    /// A state for a while, then another.
    pub(crate) fn from(first: S, pace: Pace, then: S) -> Self {
        let mut course = Course::settled(then);
        course.steps.push_back((first, pace));
        course
    }

    /// The state as it is, without counting as a read.
    pub(crate) fn peek(&self) -> &S {
        self.settle();
        self.steps
            .get(self.at.get())
            .map_or(&self.last, |(state, _)| state)
    }

    /// The state as a Describe call shows it; the next call is one read further.
    pub(crate) fn read(&self) -> &S {
        self.settle();
        self.clock.count();
        self.steps
            .get(self.at.get())
            .map_or(&self.last, |(state, _)| state)
    }

    /// How far the present step has come; 100 when there is no further one.
    pub(crate) fn percent(&self) -> u32 {
        self.settle();
        let step = self.steps.get(self.at.get());
        step.map_or(100, |(_, pace)| {
            pace.percent(self.clock.reads.get(), self.clock.age())
        })
    }

    /// Changes what the course ends in, keeping the way to it.
    pub(crate) fn end_in(&mut self, state: S) {
        self.last = state;
    }

    /// Keeps the last state for a while and then goes on to another.
    pub(crate) fn then(&mut self, pace: Pace, state: S) {
        let before = std::mem::replace(&mut self.last, state);
        self.steps.push_back((before, pace));
    }

    fn settle(&self) {
        while let Some((_, pace)) = self.steps.get(self.at.get()) {
            if !pace.is_over(self.clock.reads.get(), self.clock.age()) {
                return;
            }
            self.at.set(self.at.get() + 1);
            self.clock.restart();
        }
    }
}

/// Hides a new ID for its pace.
#[derive(Clone, Debug)]
pub(crate) struct Veil {
    pace: Pace,
    clock: Clock,
}

impl Veil {
    pub(crate) fn new(pace: Pace) -> Self {
        Veil {
            pace,
            clock: Clock::new(),
        }
    }

    /// Whether the thing can be seen; a look in vain counts as a read.
    pub(crate) fn look(&self) -> bool {
        let lifted = self.pace.is_over(self.clock.reads.get(), self.clock.age());
        if !lifted {
            self.clock.count();
        }
        lifted
    }

    /// Whether the thing can be seen, without counting.
    pub(crate) fn is_lifted(&self) -> bool {
        self.pace.is_over(self.clock.reads.get(), self.clock.age())
    }
}

impl Clock {
    fn new() -> Self {
        Clock {
            reads: Cell::new(0),
            since: Cell::new(Instant::now()),
        }
    }

    fn count(&self) {
        self.reads.set(self.reads.get().saturating_add(1));
    }

    fn age(&self) -> Duration {
        self.since.get().elapsed()
    }

    fn restart(&self) {
        self.reads.set(0);
        self.since.set(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_changes_after_its_reads() {
        let course = Course::from("pending", Pace::Reads(2), "available");
        assert_eq!(*course.peek(), "pending");
        assert_eq!(
            (*course.read(), *course.read(), *course.read()),
            ("pending", "pending", "available")
        );
    }

    #[test]
    fn progress_goes_up_with_each_read() {
        let course = Course::from("pending", Pace::Reads(4), "completed");
        let seen: Vec<u32> = (0..5)
            .map(|_| {
                let percent = course.percent();
                course.read();
                percent
            })
            .collect();
        assert_eq!(seen, [0, 25, 50, 75, 100]);
    }

    #[test]
    fn a_further_state_follows_the_last_one() {
        let mut course = Course::from("pending", Pace::Now, "available");
        course.then(Pace::Reads(1), "deregistered");
        assert_eq!(
            (*course.read(), *course.read()),
            ("available", "deregistered")
        );
    }

    #[test]
    fn a_veil_lifts_after_looks_in_vain() {
        let veil = Veil::new(Pace::Reads(2));
        assert_eq!(
            [veil.look(), veil.look(), veil.look()],
            [false, false, true]
        );
    }
}
