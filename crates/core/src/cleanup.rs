//! What a run has made and not handed over yet, to be removed in reverse order when it fails.

use std::future::Future;
use std::pin::Pin;

use crate::error::Error;

type Undo<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + 'a>>;

/// Things made, newest last.
#[derive(Default)]
pub struct Stack<'a> {
    made: Vec<Made<'a>>,
    next: u64,
}

struct Made<'a> {
    ticket: Ticket,
    what: String,
    by_hand: String,
    undo: Undo<'a>,
}

/// Names one thing on the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket(u64);

/// A thing that could not be removed.
#[derive(Debug)]
pub struct Left {
    /// What it is, `volume vol-1`.
    pub what: String,
    /// The command that removes it.
    pub by_hand: String,
    /// Why it is still there.
    pub error: Error,
}

impl<'a> Stack<'a> {
    /// An empty stack.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a thing that was made: what it is, the command that removes it by hand, and how it is
    /// removed here. The removal does not begin before [`unwind`](Self::unwind).
    pub fn push(
        &mut self,
        what: impl Into<String>,
        by_hand: impl Into<String>,
        undo: impl Future<Output = Result<(), Error>> + 'a,
    ) -> Ticket {
        let ticket = Ticket(self.next);
        self.next += 1;
        self.made.push(Made {
            ticket,
            what: what.into(),
            by_hand: by_hand.into(),
            undo: Box::pin(undo),
        });
        ticket
    }

    /// The thing is handed over, or gone already: it is no longer ours to remove.
    pub fn release(&mut self, ticket: Ticket) {
        self.made.retain(|made| made.ticket != ticket);
    }

    /// Is there nothing to remove?
    pub fn is_empty(&self) -> bool {
        self.made.is_empty()
    }

    /// Removes everything, newest first. One that cannot be removed stops none of the others.
    pub async fn unwind(self) -> Vec<Left> {
        let mut left = Vec::new();
        for made in self.made.into_iter().rev() {
            if let Err(error) = made.undo.await {
                left.push(Left {
                    what: made.what,
                    by_hand: made.by_hand,
                    error,
                });
            }
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::Stack;
    use crate::error::Error;

    #[tokio::test]
    async fn newest_first_and_all_of_them() {
        let undone = RefCell::new(Vec::new());
        let undo = |name: &'static str, works: bool| {
            let undone = &undone;
            async move {
                undone.borrow_mut().push(name);
                works.then_some(()).ok_or_else(|| Error::failed("busy"))
            }
        };
        let mut stack = Stack::new();
        stack.push("snapshot", "rm snapshot", undo("snapshot", true));
        let volume = stack.push("volume", "rm volume", undo("volume", true));
        stack.push("attachment", "detach", undo("attachment", false));
        stack.push("instance", "rm instance", undo("instance", true));
        stack.release(volume);
        assert!(undone.borrow().is_empty());
        let left = stack.unwind().await;
        assert_eq!(*undone.borrow(), ["instance", "attachment", "snapshot"]);
        assert_eq!(left.len(), 1);
        assert_eq!(
            (&*left[0].what, &*left[0].by_hand),
            ("attachment", "detach")
        );
    }
}
