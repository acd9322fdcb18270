//! Waiting until EBS has made a snapshot of what was put.

use std::time::{Duration, Instant};

use ami_core::app::Context;
use ami_core::chance;
use ami_core::ec2::Ec2;
use ami_core::error::{Error, Kind};
use ami_core::id::Id;
use ami_core::retry::Backoff;

/// How long it may take. EBS needs seconds, for large snapshots minutes.
const LONGEST: Duration = Duration::from_secs(2 * 60 * 60);

/// How long it may take where it is not sure that EBS has been told to complete it.
const DOUBTFUL: Duration = Duration::from_secs(10 * 60);

/// Waits until a snapshot is completed. What fails in passing ends no wait. With a `doubt`, which is a
/// refusal to complete it, that is the error when it does not get there soon.
///
/// # Errors
/// A snapshot that failed or is gone, two hours without an end, and being asked to stop.
pub(crate) async fn wait(
    context: &Context,
    ec2: &Ec2,
    snapshot: &Id,
    doubt: Option<Error>,
) -> Result<(), Error> {
    let start = Instant::now();
    let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(5), 1.5);
    let line = context.progress.watch(snapshot.as_str());
    loop {
        let looked = ec2.look_at_snapshot(snapshot).await;
        match looked {
            Ok(Some(found)) => match found.state.as_str() {
                "completed" => return Ok(()),
                "error" => {
                    let reason = found
                        .reason
                        .unwrap_or_else(|| "EC2 does not say why".to_owned());
                    let what = format!("EBS could not complete it: {reason}");
                    return Err(Error::new(Kind::Unreachable, what).of(snapshot));
                }
                state => {
                    if let Some(line) = &line {
                        line.show(state, found.progress);
                    }
                }
            },
            Ok(None) if start.elapsed() < ec2.grace() => {}
            Ok(None) => {
                let what = format!("does not exist in {} any more", ec2.region());
                return Err(Error::new(Kind::NotFound, what).of(snapshot));
            }
            Err(error) if error.is_passing() => {}
            Err(error) => return Err(error.of(snapshot)),
        }
        if let Some(doubt) = &doubt
            && start.elapsed() > DOUBTFUL
        {
            return Err(doubt.clone());
        }
        if start.elapsed() > LONGEST {
            let what = "is not completed after two hours";
            return Err(Error::new(Kind::TimedOut, what).of(snapshot));
        }
        tokio::select! {
            biased;
            signal = context.interrupt.arrived() => {
                return Err(Error::stopped(signal).of(snapshot));
            }
            () = tokio::time::sleep(backoff.next(chance::fraction())) => {}
        }
    }
}
