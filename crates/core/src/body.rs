//! The data in an answer, as it arrives: a block of a snapshot, an object.

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::error::{Error, Fault};

/// Room that is made at first, in bytes: enough for a block, and for a part of a bundle.
const USUAL: usize = 10 << 20;

/// Puts the pieces of `what` together, `most` bytes at most. All of them must be there in time.
///
/// # Errors
/// A connection that breaks, data that does not end, and more than it may be. The same call may bring
/// it the next time.
pub(crate) async fn whole<E>(
    what: &str,
    most: usize,
    limit: Duration,
    mut next: impl AsyncFnMut() -> Option<Result<Bytes, E>>,
) -> Result<Bytes, Error> {
    let broken = |what: &str| Error::failed(what).with_fault(Fault::Passing);
    let read = async {
        let mut data = BytesMut::with_capacity(most.min(USUAL));
        while let Some(piece) = next().await {
            let cut = |_| broken(&format!("the answer with {what} was cut short"));
            let piece = piece.map_err(cut)?;
            if data.len() + piece.len() > most {
                let what = format!("the answer with {what} is longer than {most} bytes");
                return Err(broken(&what));
            }
            data.extend_from_slice(&piece);
        }
        Ok(data.freeze())
    };
    match tokio::time::timeout(limit, read).await {
        Ok(data) => data,
        Err(_) => {
            let limit = limit.as_secs();
            let what = format!("{what} did not arrive within {limit} seconds");
            Err(broken(&what))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::whole;
    use crate::error::{Error, Fault};
    use bytes::Bytes;
    use std::collections::VecDeque;
    use std::time::Duration;

    const MOST: usize = 1000;

    type Piece = Option<Result<Bytes, ()>>;

    /// Reads these pieces; behind them comes nothing for ever.
    fn read(pieces: impl Into<VecDeque<Piece>>) -> Result<Bytes, Error> {
        let mut pieces = pieces.into();
        let limit = Duration::from_millis(20);
        let next = async || match pieces.pop_front() {
            Some(piece) => piece,
            None => std::future::pending().await,
        };
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().build().expect("a runtime");
        runtime.block_on(whole("block 7", MOST, limit, next))
    }

    fn piece(length: usize) -> Piece {
        Some(Ok(vec![1; length].into()))
    }

    #[test]
    fn pieces_become_a_block() {
        let data = read([piece(1), piece(MOST - 1), None]).expect("a block");
        assert_eq!(data.len(), MOST);
    }

    #[test]
    fn what_is_no_block_may_be_asked_for_again() {
        for (pieces, what) in [
            ([piece(1), Some(Err(()))], "was cut short"),
            ([piece(1), piece(MOST)], "is longer than 1000 bytes"),
        ] {
            let error = read(pieces).expect_err("no block");
            assert_eq!(error.fault(), Fault::Passing);
            assert!(error.to_string().contains(what), "{error}");
        }
    }

    #[test]
    fn what_does_not_end_is_given_up() {
        let error = read([piece(1)]).expect_err("late");
        assert_eq!(error.fault(), Fault::Passing);
        assert!(error.to_string().contains("did not arrive"), "{error}");
    }
}
