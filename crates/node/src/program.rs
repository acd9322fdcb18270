//! The program that runs on the node, as root, from a directory of its own.

mod instance;
mod kept;
mod link;
mod making;
mod sending;
mod web;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::protocol::{Event, Request};
use link::Link;
use sending::Sending;

/// What the names of directories begin with that such a program runs from. What else it is run from is
/// never removed.
pub const DIRECTORY: &str = "ami-bundle.";

/// Why it does not work.
#[derive(Debug)]
pub(crate) struct Wrong {
    why: String,
    is_order: bool,
}

impl Wrong {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            is_order: false,
        }
    }

    pub(crate) fn order(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            is_order: true,
        }
    }
}

impl From<io::Error> for Wrong {
    fn from(error: io::Error) -> Self {
        Self::new(error.to_string())
    }
}

/// Runs the program. It takes no words: who looks at a list of processes learns nothing.
pub fn main() -> ExitCode {
    // Read before anybody can have removed the file, which changes the answer.
    let directory = own_directory();
    let (link, request) = match Link::open() {
        Ok(opened) => opened,
        Err(_) => {
            remove(&directory);
            return ExitCode::FAILURE;
        }
    };
    let waits = directory.as_deref().is_ok_and(kept::waits);
    let done = match &directory {
        Ok(_) if waits && !matches!(request, Request::Upload) => Err(Wrong::order(
            "a bundle waits there already; --phase upload sends it, --phase cleanup removes it",
        )),
        Ok(directory) => run(directory, &link, request),
        Err(why) => Err(Wrong::new(why.clone())),
    };
    let stays = match (request, &done) {
        _ if waits => true,
        (Request::Send, _) | (Request::Keep, Err(_)) => false,
        (Request::Keep, Ok(())) | (Request::Upload, _) => true,
    };
    if !stays {
        remove(&directory);
    }
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Wrong { why, is_order }) => {
            // Whoever stopped it knows, or does not listen any more.
            link.say(&Event::Failed { why, is_order });
            ExitCode::FAILURE
        }
    }
}

fn run(directory: &Path, link: &Link, request: Request) -> Result<(), Wrong> {
    if !rustix::process::geteuid().is_root() {
        return Err(Wrong::new("a running system is bundled as root"));
    }
    match request {
        Request::Keep => {
            let order = kept::order(directory)?;
            let mut sink = kept::Sink::new(directory);
            let done = making::make(directory, &order, link, &mut sink)?;
            let done = kept::finish(directory, done)?;
            link.check()?;
            link.say(&Event::Done(Box::new(done)));
            Ok(())
        }
        Request::Send => {
            let order = kept::order(directory)?;
            send(link, |sending| {
                making::make(directory, &order, link, &mut sending.sink())
            })
        }
        Request::Upload => {
            let done = kept::state(directory)?;
            send(link, |sending| {
                link.say(&Event::Image {
                    size: done.size,
                    stored: done.stored,
                    of: done.of.clone(),
                });
                for part in &done.parts {
                    sending.give(kept::part(directory, part)?)?;
                }
                Ok(done)
            })
        }
    }
}

/// Sends what `make` makes, and takes it back if that does not come to its end.
fn send(
    link: &Link,
    make: impl FnOnce(&Sending<'_>) -> Result<crate::protocol::Done, Wrong>,
) -> Result<(), Wrong> {
    let (made, mut sent) = sending::around(link, make);
    let finished = made.and_then(|done| {
        link.check()?;
        link.say(&Event::Done(Box::new(done)));
        sent.finish(link)
    });
    match finished {
        Ok(()) => link.say(&Event::Whole),
        Err(_) => sent.take_back(),
    }
    finished
}

/// The directory that holds this program.
fn own_directory() -> Result<PathBuf, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let directory = program.parent().unwrap_or(Path::new("/"));
    let name = directory.file_name().unwrap_or_default().to_string_lossy();
    match name.starts_with(DIRECTORY) {
        true => Ok(directory.to_owned()),
        false => Err(format!(
            "{}: it runs from a directory of its own",
            directory.display()
        )),
    }
}

/// Removes the directory. Where something of it stays, whoever made it tries again.
fn remove(directory: &Result<PathBuf, String>) {
    if let Ok(directory) = directory {
        let _ = std::fs::remove_dir_all(directory);
    }
}
