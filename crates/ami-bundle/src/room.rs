//! Room for parts in memory. Bytes are counted and not parts, which are as large as whoever made them
//! liked.

use std::cell::Cell;
use std::sync::Arc;

use ami_bundle_format::unpack::MOST_PART;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// How many bytes there is room for: a part of any size has its turn, and six of the usual one.
const ROOM: u64 = MOST_PART;

/// What is left of it.
#[derive(Debug)]
pub(crate) struct Room {
    free: Arc<Semaphore>,
    /// Whose turn it is, where parts are wanted in their order.
    turn: Cell<usize>,
    moved: Notify,
}

/// A place in it, which is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    _taken: Option<OwnedSemaphorePermit>,
}

impl Room {
    /// All of it.
    pub(crate) fn new() -> Self {
        Self {
            free: Arc::new(Semaphore::new(usize::try_from(ROOM).unwrap_or(usize::MAX))),
            turn: Cell::new(0),
            moved: Notify::new(),
        }
    }

    /// Waits until there is room for so many bytes.
    pub(crate) async fn take(&self, bytes: u64) -> Place {
        let bytes = u32::try_from(bytes.min(ROOM)).unwrap_or(u32::MAX);
        // It is never closed.
        let taken = Arc::clone(&self.free).acquire_many_owned(bytes).await;
        Place { _taken: taken.ok() }
    }

    /// The same for what is used in order, counted from 0: a later one that took the room of an earlier
    /// one would wait for it, and it for that.
    pub(crate) async fn take_in_turn(&self, index: usize, bytes: u64) -> Place {
        loop {
            let moved = self.moved.notified();
            if self.turn.get() == index {
                break;
            }
            moved.await;
        }
        let place = self.take(bytes).await;
        self.turn.set(index + 1);
        self.moved.notify_waiters();
        place
    }
}

#[cfg(test)]
mod tests {
    use super::{ROOM, Room};
    use futures_util::FutureExt;

    #[test]
    fn room_is_given_in_turn_and_comes_back() {
        let room = Room::new();
        assert!(room.take_in_turn(1, 1).now_or_never().is_none());
        let first = room.take_in_turn(0, ROOM).now_or_never();
        assert!(first.is_some());
        assert!(room.take_in_turn(1, 1).now_or_never().is_none());
        assert!(room.take(1).now_or_never().is_none());
        drop(first);
        // More than there is takes all.
        let all = room.take_in_turn(1, u64::MAX).now_or_never();
        assert!(all.is_some() && room.take(1).now_or_never().is_none());
    }
}
