//! Calls that failed in passing: when each is made again, and when all are given up.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ami_core::chance;
use ami_core::error::{Error, Fault};
use ami_core::progress::Progress;
use ami_core::retry::Backoff;
use ami_core::time::format_duration;

use crate::pace::Pace;

/// How long nothing may succeed before the rest is given up.
const PATIENCE: Duration = Duration::from_secs(5 * 60);
/// How long that happens without a word.
const SILENCE: Duration = Duration::from_secs(15);
/// The pause after the first failure of a block. Others go on meanwhile, so it may be short.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause. So much time is lost at most after a fault that is over.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// How often something was tried.
#[derive(Debug)]
pub(crate) struct Tries {
    /// This is the how manieth try.
    count: u32,
    backoff: Backoff,
}

impl Tries {
    /// Before the first one.
    pub(crate) fn new() -> Self {
        Self {
            count: 1,
            backoff: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE, 2.0),
        }
    }

    /// This is the how manieth try.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }
}

/// Something that can be tried again.
pub(crate) trait Tried {
    /// How often that has happened.
    fn tries(&mut self) -> &mut Tries;
}

/// What is to be tried again, and since when nothing has succeeded.
#[derive(Debug)]
pub(crate) struct Retries<W> {
    /// By the time of the next try; the number makes each time another.
    later: BTreeMap<(Instant, u64), W>,
    /// How many were ever put off.
    count: u64,
    /// When the first call failed after the last one that did not. Time in which nothing was called
    /// does not count as failing.
    failing_since: Option<Instant>,
    /// Does the user know that nothing has succeeded for a while?
    has_told: bool,
}

impl<W: Tried> Retries<W> {
    pub(crate) fn new() -> Self {
        Self {
            later: BTreeMap::new(),
            count: 0,
            failing_since: None,
            has_told: false,
        }
    }

    /// Is nothing waiting?
    pub(crate) fn is_empty(&self) -> bool {
        self.later.is_empty()
    }

    /// May something new be begun, where so many calls may be under way? While as many as that wait
    /// for another try, it would fail as they did, and only add to them.
    pub(crate) fn let_begin(&self, window: usize) -> bool {
        self.later.len() < window
    }

    /// When the next try is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.later.first_key_value().map(|((at, _), _)| *at)
    }

    /// What is to be tried again now.
    pub(crate) fn due(&mut self, now: Instant) -> Option<W> {
        let first = self.later.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    /// Has it tried again after a pause.
    pub(crate) fn put_off(&mut self, mut work: W, now: Instant) {
        let tries = work.tries();
        tries.count += 1;
        let pause = tries.backoff.next(chance::fraction());
        self.later.insert((now + pause, self.count), work);
        self.count += 1;
    }

    /// A call was answered as it should be.
    pub(crate) fn succeeded(&mut self) {
        self.failing_since = None;
        self.has_told = false;
    }

    /// A call failed in passing: its work is put off, and the pace is slowed where EBS asks for that.
    ///
    /// # Errors
    /// The failure itself, where calls have failed for too long.
    pub(crate) fn failed(
        &mut self,
        work: W,
        error: Error,
        pace: &mut Pace,
        progress: &Progress,
        now: Instant,
    ) -> Result<(), Error> {
        let since = *self.failing_since.get_or_insert(now);
        let failing = now.saturating_duration_since(since);
        if failing > PATIENCE {
            return Err(error);
        }
        if failing > SILENCE && !std::mem::replace(&mut self.has_told, true) {
            let patience = format_duration(PATIENCE);
            let text = format!("{error}; trying again for {patience} in all");
            progress.hint(&text);
        }
        // Neither a connection that cannot be made nor a snapshot that EBS does not know yet says
        // anything of how many calls it would take.
        if matches!(error.fault(), Fault::Throttled | Fault::Passing) {
            pace.throttled(now);
        }
        self.put_off(work, now);
        Ok(())
    }

    /// Forgets what is waiting: it comes again in another way.
    pub(crate) fn clear(&mut self) {
        self.later.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_PAUSE, PATIENCE, Retries, SILENCE, Tried, Tries};
    use crate::pace::Pace;
    use ami_core::error::Error;
    use ami_core::progress::Progress;
    use ami_core::settings::Talk;
    use std::time::{Duration, Instant};

    #[derive(Debug)]
    struct Work(u32, Tries);

    impl Tried for Work {
        fn tries(&mut self) -> &mut Tries {
            &mut self.1
        }
    }

    /// Retries at which calls fail.
    struct Failing {
        retries: Retries<Work>,
        pace: Pace,
        progress: Progress,
    }

    impl Failing {
        fn new() -> Self {
            Self {
                retries: Retries::new(),
                pace: Pace::new(8, 1000, Instant::now()),
                progress: Progress::new("ami-test", Talk::Quiet),
            }
        }

        /// Whether a call that fails then is put off.
        fn is_borne(&mut self, now: Instant) -> bool {
            let work = Work(0, Tries::new());
            let error = Error::failed("lost");
            let Self {
                retries,
                pace,
                progress,
            } = self;
            retries.failed(work, error, pace, progress, now).is_ok()
        }
    }

    #[test]
    fn what_failed_comes_again_in_its_time() {
        let mut retries = Retries::new();
        let now = Instant::now();
        for number in 0..3 {
            retries.put_off(Work(number, Tries::new()), now);
        }
        assert!(retries.due(now).is_none());
        let end = now + LONGEST_PAUSE;
        let first = retries.next().expect("a time");
        assert!(first > now && first < end);
        let mut all: Vec<_> = std::iter::from_fn(|| retries.due(end)).collect();
        all.sort_by_key(|work| work.0);
        assert_eq!(all.iter().map(|work| work.0).collect::<Vec<_>>(), [0, 1, 2]);
        assert!(all.iter().all(|work| work.1.count() == 2));
        assert!(retries.is_empty() && retries.next().is_none());
    }

    #[test]
    fn nothing_new_is_begun_while_a_windowful_waits() {
        let mut retries = Retries::new();
        let now = Instant::now();
        assert!(retries.let_begin(1));
        for number in 0..4 {
            retries.put_off(Work(number, Tries::new()), now);
        }
        assert!(retries.let_begin(5) && !retries.let_begin(4));
        retries.due(now + LONGEST_PAUSE).expect("one");
        assert!(retries.let_begin(4));
        retries.clear();
        assert!(retries.is_empty());
    }

    #[test]
    fn only_time_in_which_calls_fail_counts() {
        let start = Instant::now();
        let mut failing = Failing::new();
        failing.retries.succeeded();
        // For an hour there was nothing to be called.
        let first = start + Duration::from_secs(3600);
        assert!(failing.is_borne(first));
        assert!(failing.is_borne(first + PATIENCE));
        assert!(!failing.is_borne(first + PATIENCE + Duration::from_secs(1)));
    }

    #[test]
    fn a_success_begins_the_patience_anew_and_the_word_about_it() {
        let start = Instant::now();
        let mut failing = Failing::new();
        assert!(failing.is_borne(start));
        assert!(!failing.retries.has_told);
        assert!(failing.is_borne(start + SILENCE * 2));
        assert!(failing.retries.has_told);
        failing.retries.succeeded();
        assert!(failing.is_borne(start + PATIENCE * 2));
        assert!(!failing.retries.has_told);
    }
}
