//! A machine that has just been started answers ssh after a while: first nothing listens, then the keys
//! are not there yet.

use std::time::Duration;

use ami_core::app::Context;
use ami_core::error::{Error, Kind};
use ami_core::time::format_duration;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::node::ssh::Ssh;

/// Between two tries.
const PAUSE: Duration = Duration::from_secs(3);

/// Waits until a command can be run there.
pub(super) async fn wait(
    context: &Context,
    ssh: &Ssh,
    deadline: Instant,
    limit: Duration,
) -> Result<(), Error> {
    let line = context.progress.watch(&ssh.host);
    let mut last = "it was not reached in time".to_owned();
    loop {
        // A try that hangs is ended with the time that there is.
        match timeout_at(deadline, ssh.greet()).await {
            Ok(told) => match told? {
                None => return Ok(()),
                Some(why) => last = why,
            },
            Err(_) => return Err(too_late(ssh, &last, limit)),
        }
        context.progress.trace(&format!("{}: {last}", ssh.host));
        if let Some(line) = &line {
            line.show("waiting for ssh", None);
        }
        let next = Instant::now() + PAUSE;
        if next >= deadline {
            sleep_until(deadline).await;
            return Err(too_late(ssh, &last, limit));
        }
        sleep_until(next).await;
    }
}

fn too_late(ssh: &Ssh, last: &str, limit: Duration) -> Error {
    let limit = format_duration(limit);
    let what = format!("no ssh within {limit} of the launch: {last}");
    Error::new(Kind::TimedOut, what).of(&ssh.host).hint(
        "its security group must let this machine in (--security-group), and the user must be the image's own (--login)",
    )
}
