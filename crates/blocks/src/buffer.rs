//! Buffers of one block each, used again and again: so many and no more.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::block::BLOCK;

/// Where buffers come from and go back to.
#[derive(Debug, Clone)]
pub struct Pool(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Debug)]
struct State {
    free: Vec<Box<[u8]>>,
    /// Buffers that are out.
    out: usize,
    /// How many may be out.
    limit: usize,
    is_closed: bool,
}

impl Pool {
    /// A pool that gives out so many buffers at once.
    pub fn new(limit: usize) -> Self {
        Self(Arc::new(Shared {
            state: Mutex::new(State {
                free: Vec::new(),
                out: 0,
                limit: limit.max(1),
                is_closed: false,
            }),
            returned: Condvar::new(),
        }))
    }

    /// Changes how many may be out; those that are stay so.
    pub fn set_limit(&self, limit: usize) {
        let mut state = self.0.lock();
        if limit > state.limit {
            self.0.returned.notify_all();
        }
        state.limit = limit.max(1);
    }

    /// Waits until there is a buffer; `None` when the pool is closed. What stood in it is still
    /// there.
    pub fn take(&self) -> Option<Buffer> {
        let mut state = self.0.lock();
        while !state.is_closed && state.out >= state.limit {
            state = self
                .0
                .returned
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if state.is_closed {
            return None;
        }
        state.out += 1;
        let data = state.free.pop();
        drop(state);
        let data = data.unwrap_or_else(|| vec![0; BLOCK].into_boxed_slice());
        Some(Buffer {
            data,
            pool: self.clone(),
        })
    }

    /// Gives no more buffers out.
    pub fn close(&self) {
        self.0.lock().is_closed = true;
        self.0.returned.notify_all();
    }
}

impl Shared {
    /// A thread that panicked with the lock left numbers behind that are still true.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A buffer of one block; it goes back to its pool when dropped.
pub struct Buffer {
    data: Box<[u8]>,
    pool: Pool,
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Buffer")
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.data
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.data
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.data
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let data = std::mem::take(&mut self.data);
        let mut state = self.pool.0.lock();
        state.out -= 1;
        // Where the limit has sunk the memory is given back.
        if state.out + state.free.len() < state.limit {
            state.free.push(data);
        }
        self.pool.0.returned.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::Pool;

    #[test]
    fn no_more_than_the_limit_are_out() {
        let pool = Pool::new(2);
        let (first, _second) = (pool.take().expect("one"), pool.take().expect("two"));
        let waiting = {
            let pool = pool.clone();
            std::thread::spawn(move || pool.take().map(|buffer| buffer[0]))
        };
        let mut first = first;
        first[0] = 9;
        drop(first);
        assert_eq!(waiting.join().expect("thread"), Some(9));
        let third = pool.take();
        let waiting = {
            let pool = pool.clone();
            std::thread::spawn(move || pool.take().is_none())
        };
        pool.close();
        assert!(waiting.join().expect("thread"));
        drop(third);
    }
}
