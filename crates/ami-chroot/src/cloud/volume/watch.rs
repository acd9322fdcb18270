//! Waiting for what becomes of one volume: its attachments have states of their own, which the
//! waiting for resources does not know.

use std::time::{Duration, Instant};

use ami_core::chance;
use ami_core::ec2::{Ec2, Volume};
use ami_core::error::{Error, Kind as ErrorKind};
use ami_core::id::Id;
use ami_core::retry::Backoff;
use ami_core::time::format_duration;

use super::super::halt::Halt;
use super::super::site::Site;

/// The pauses between looks. What is waited for takes EC2 a few seconds.
pub(super) const FIRST: Duration = Duration::from_millis(800);
pub(super) const LONGEST: Duration = Duration::from_secs(8);

/// What one look at a volume says.
pub(crate) enum Watch<T> {
    More,
    Done(T),
    Failed(Error),
}

/// Whether something new is there: EC2 may not know it yet, and later no more.
pub(crate) struct Sight {
    since: Instant,
    grace: Duration,
    was_seen: bool,
    missed: u32,
}

impl Sight {
    /// Of what was made just now, and may be unknown for so long.
    pub(crate) fn new(grace: Duration) -> Self {
        Self {
            since: Instant::now(),
            grace,
            was_seen: false,
            missed: 0,
        }
    }

    /// Takes what one look has seen, and says whether waiting is over: it was not seen in time, or was
    /// and is gone. One look alone may have been answered by a part of EC2 that lags behind.
    pub(crate) fn is_lost(&mut self, is_there: bool) -> bool {
        if is_there {
            (self.was_seen, self.missed) = (true, 0);
            return false;
        }
        self.missed += 1;
        self.missed > 1 && (self.was_seen || self.since.elapsed() >= self.grace)
    }
}

/// Looks at a volume until it is as it should be, or the tool is asked to stop.
pub(crate) async fn watch<T>(
    site: &Site<'_>,
    volume: &Id,
    patience: Duration,
    judge: impl FnMut(Option<&Volume>) -> Watch<T>,
) -> Result<T, Halt> {
    let looking = until(&site.ec2, volume, patience, judge);
    match site.unless_stopped(looking).await? {
        Some(done) => Ok(done),
        None => {
            let what = format!("is not ready after {}", format_duration(patience));
            Err(Error::new(ErrorKind::TimedOut, what).of(volume).into())
        }
    }
}

/// Looks at a volume until it is as it should be; none when that takes too long.
pub(crate) async fn until<T>(
    ec2: &Ec2,
    volume: &Id,
    patience: Duration,
    mut judge: impl FnMut(Option<&Volume>) -> Watch<T>,
) -> Result<Option<T>, Error> {
    let start = Instant::now();
    let mut backoff = Backoff::new(FIRST, LONGEST, 1.5);
    loop {
        let found = ec2.volume(volume).await.map_err(|error| error.of(volume))?;
        match judge(found.as_ref()) {
            Watch::Done(done) => return Ok(Some(done)),
            Watch::Failed(error) => return Err(error.of(volume)),
            Watch::More if start.elapsed() >= patience => return Ok(None),
            Watch::More => tokio::time::sleep(backoff.next(chance::fraction())).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Sight;

    fn looks(grace: Duration, looks: &[bool]) -> Vec<bool> {
        let mut sight = Sight::new(grace);
        looks.iter().map(|look| sight.is_lost(*look)).collect()
    }

    #[test]
    fn what_is_new_may_be_unknown_and_what_was_seen_not() {
        let (long, over) = (Duration::from_secs(600), Duration::ZERO);
        assert_eq!(looks(long, &[false; 4]), [false; 4]);
        assert_eq!(looks(over, &[false; 2]), [false, true]);
        let lagging = [false, true, false, true, false, false];
        let expected = [false, false, false, false, false, true];
        assert_eq!(looks(long, &lagging), expected);
    }
}
