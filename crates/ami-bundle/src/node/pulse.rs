//! Signs of life to the node, which ends by itself when there are none any more: a network that is gone
//! closes no connection.

use std::sync::Arc;
use std::time::Duration;

use ami_bundle_node::protocol::SIGN_OF_LIFE;
use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

/// The input of a command on the node, into which a line is written every now and then.
pub(super) struct Pulse {
    input: Arc<Mutex<Option<ChildStdin>>>,
    beating: JoinHandle<()>,
}

impl Pulse {
    /// Begins. `beat` is the line that means nothing more than that.
    pub(super) fn new(input: Option<ChildStdin>, beat: impl Into<Vec<u8>>) -> Self {
        let input = Arc::new(Mutex::new(input));
        let (beaten, beat) = (Arc::clone(&input), beat.into());
        let beating = tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_secs(SIGN_OF_LIFE)).await;
                write(&beaten, &beat).await;
            }
        });
        Self { input, beating }
    }

    /// Writes a line of its own.
    pub(super) async fn say(&self, line: &[u8]) {
        write(&self.input, line).await;
    }

    /// Ends the input, after a last line.
    pub(super) async fn end(&self, line: &[u8]) {
        // A beat that cannot be written would hold the lock for ever.
        self.beating.abort();
        if !line.is_empty() {
            self.say(line).await;
        }
        self.input.lock().await.take();
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.beating.abort();
    }
}

async fn write(input: &Mutex<Option<ChildStdin>>, line: &[u8]) {
    if let Some(input) = &mut *input.lock().await {
        // Where nobody listens no answer comes either, and that is told.
        let _ = input.write_all(line).await;
        let _ = input.flush().await;
    }
}
