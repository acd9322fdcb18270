//! The passphrase of a private key, asked for on the terminal.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use ami_core::app::Context;
use ami_core::error::{Error, Kind};
use ami_core::escape::{escape, shell_word};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

/// The terminal that the tool is run from, whatever its input and output are.
const TERMINAL: &str = "/dev/tty";
/// The longest line that a terminal gives, in bytes (termios(3), "Canonical mode").
const LINE: usize = 4096;

/// Asks for the passphrase of the key in that file. Whoever stops waiting for it, because the tool is
/// asked to stop, finds the terminal as it was.
///
/// # Errors
/// There is no terminal, or nothing was typed.
pub(crate) async fn ask(context: &Context, path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    // Signals are listened to from the first moment that this tool waits for anything. Before that
    // Ctrl-C would end it on the spot, and leave a terminal that shows nothing of what is typed.
    tokio::task::yield_now().await;
    let asked = asked(path).await;
    if asked.is_err() {
        // The terminal may be gone, and the signal that says so comes a little later.
        context.interrupt.seen_after_failure().await;
    }
    asked.map_err(|error| {
        let what = format!("is encrypted, and its passphrase cannot be asked for: {error}");
        let error = Error::new(Kind::Usage, what).of(path.display());
        error.hint(format!(
            "run this on a terminal, or take the passphrase away: (umask 077; openssl pkey -in {} -out NEW)",
            shell_word(&path.display().to_string())
        ))
    })
}

async fn asked(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut silent = Silent::new(File::options().read(true).write(true).open(TERMINAL)?)?;
    let prompt = format!("Passphrase of {}: ", escape(&path.display().to_string()));
    silent.terminal.write_all(prompt.as_bytes())?;
    let mut terminal = silent.terminal.try_clone()?;
    // Nobody waits for this thread when the tool is stopped: only a key that is pressed ends it.
    let reading = tokio::task::spawn_blocking(move || {
        let mut line = Zeroizing::new(vec![0; LINE]);
        let length = terminal.read(&mut line)?;
        line.truncate(length);
        Ok(line)
    });
    let mut line = reading.await.map_err(io::Error::from).flatten()?;
    if line.pop() != Some(b'\n') {
        return Err(io::Error::other("nothing was typed"));
    }
    silent.is_answered = true;
    Ok(line)
}

/// A terminal that shows nothing of what is typed but the end of the line, and becomes again what it
/// was. Keys do what they always do, Ctrl-C too.
struct Silent {
    terminal: File,
    modes: Termios,
    is_answered: bool,
}

impl Silent {
    fn new(terminal: File) -> io::Result<Self> {
        let modes = tcgetattr(&terminal)?;
        let mut silent = modes.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        silent.local_modes.insert(LocalModes::ECHONL);
        // What was typed before the question is no answer to it.
        tcsetattr(&terminal, OptionalActions::Flush, &silent)?;
        Ok(Self {
            terminal,
            modes,
            is_answered: false,
        })
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        // A terminal that is gone needs neither.
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.modes);
        if !self.is_answered {
            let _ = self.terminal.write_all(b"\n");
        }
    }
}
