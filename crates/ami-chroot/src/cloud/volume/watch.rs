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
const FIRST: Duration = Duration::from_millis(800);
const LONGEST: Duration = Duration::from_secs(8);

/// What one look at a volume says.
pub(crate) enum Watch<T> {
    More,
    Done(T),
    Failed(Error),
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
