//! From a machine that answers to one that is as it is to be bundled.

use std::time::Duration;

use ami_core::app::Context;
use ami_core::error::Error;
use ami_core::escape::escape;
use ami_registration::until_stopped;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, BufReader};

use super::wishes::{Launch, Script};
use crate::node::place::Place;
use crate::node::ssh::Ssh;

/// How long cloud-init may take for what the image has it do.
const FIRST_START: Duration = Duration::from_secs(10 * 60);
/// Waits for its end. What it thinks of its work is not for us.
const CLOUD_INIT: &str = "if command -v cloud-init >/dev/null 2>&1; then \
    cloud-init status --wait >/dev/null 2>&1 </dev/null; fi; exit 0";
/// The script's name there.
const NAME: &str = "provision";
/// Runs it, and ends it with all that it has started when the connection ends.
const RUN: &str = "cd /; exec 3<&0; (cat <&3; kill -TERM 0) >/dev/null 2>&1 & w=$!; \
    PATH_OF_IT </dev/null 2>&1 3<&-; s=$?; kill \"$w\"; exit \"$s\"";
/// Bytes of one line.
const LONGEST: u64 = 16 << 10;

/// Waits until the first start is over, and runs the script. False when the tool was stopped.
pub(in crate::node) async fn prepare(
    context: &Context,
    launch: &Launch,
    ssh: &Ssh,
    place: &Place,
) -> Result<bool, Error> {
    let work = async {
        first_start(context, ssh).await?;
        match &launch.script {
            Some(script) => provision(context, script, ssh, place).await,
            None => Ok(()),
        }
    };
    match until_stopped(context, work).await {
        Some(done) => done.map(|()| true),
        None => Ok(false),
    }
}

async fn first_start(context: &Context, ssh: &Ssh) -> Result<(), Error> {
    let line = context.progress.watch(&ssh.host);
    if let Some(line) = &line {
        line.show("waiting for cloud-init", None);
    }
    let command = format!("exec sh -c '{CLOUD_INIT}'");
    match tokio::time::timeout(FIRST_START, ssh.run(&command, b"")).await {
        Ok(ended) => ended.map(drop),
        Err(_) => {
            let text = "cloud-init is still at work on the node; it is not waited for any longer";
            context.progress.hint(text);
            Ok(())
        }
    }
}

async fn provision(
    context: &Context,
    script: &Script,
    ssh: &Ssh,
    place: &Place,
) -> Result<(), Error> {
    let path = format!("{}/{NAME}", place.directory);
    let put = format!("exec sh -c 'umask 077; cat > {path} && chmod 700 {path}'");
    ssh.run(&put, &script.bytes).await?;
    let shown = script.path.display().to_string();
    context
        .progress
        .hint(&format!("running {} on the node", escape(&shown)));
    let run = RUN.replace("PATH_OF_IT", &path);
    let mut running = ssh.start(&place.as_root(&format!("sh -c '{run}'")))?;
    // As long as this is open the script may run.
    let _open = running.child.stdin.take();
    if let Some(output) = running.child.stdout.take() {
        tell(context, BufReader::new(output)).await;
    }
    let status = running.end().await?;
    match status.code() {
        Some(0) => Ok(()),
        Some(255) => Err(ssh.failed(&running, status).of(shown)),
        Some(code) => Err(Error::failed(format!("it ended with {code} on the node")).of(shown)),
        None => Err(Error::failed(format!("ssh ended with {status}")).of(shown)),
    }
}

/// Shows what it prints, line by line.
async fn tell(context: &Context, mut output: impl AsyncBufRead + Unpin) {
    loop {
        let mut line = Vec::new();
        let mut room = (&mut output).take(LONGEST);
        match room.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                let text = String::from_utf8_lossy(&line);
                context
                    .progress
                    .hint(&escape(text.trim_end_matches(['\n', '\r'])));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CLOUD_INIT, RUN};

    #[test]
    fn scripts_can_be_quoted_for_any_shell() {
        for script in [CLOUD_INIT, RUN] {
            assert!(!script.contains(['\'', '\n']), "{script}");
        }
    }
}
