//! Calls that make something and take no client token.
//!
//! Sent again after a lost answer, such a call may make a second thing. So it is sent once; when
//! the answer is lost, what it would have made is looked for through the grace time, because EC2
//! shows new things late; only when nothing shows is it sent again.

use std::time::Instant;

use super::Ec2;
use crate::calls::Patience;
use crate::chance;
use crate::error::Error;
use crate::error::Fault::{self, Uncertain};
use crate::retry::Backoff;

impl Ec2 {
    /// Makes a thing exactly once. `send` makes it, `find` looks for what an earlier `send` of the
    /// same thing has made, and `taken` is EC2's code for "there is such a thing already".
    ///
    /// # Errors
    /// What EC2 refuses, or what went wrong for minutes; with [`Fault::Uncertain`] when an answer
    /// was lost and it is not known whether the thing was made.
    pub(super) async fn exactly_once<T>(
        &self,
        mut send: impl AsyncFnMut() -> Result<T, Error>,
        find: impl AsyncFn() -> Result<Option<T>, Error>,
        taken: &str,
    ) -> Result<T, Error> {
        let mut patience = Patience::new(&self.calls);
        let mut in_doubt = false;
        loop {
            let error = match send().await {
                Ok(made) => return Ok(made),
                Err(error) => error,
            };
            in_doubt |= error.fault() == Fault::Passing;
            let is_refused = error.fault() == Fault::Final;
            let found = match error.fault() {
                // A refusal after a lost answer may well be for what that call has made.
                Fault::Passing | Fault::Final if in_doubt => self.look(&find).await,
                Fault::Final if error.code() == Some(taken) => find().await,
                _ => Ok(None),
            };
            match found {
                Ok(Some(made)) => return Ok(made),
                Ok(None) if in_doubt && is_refused => return Err(error.with_fault(Uncertain)),
                Ok(None) => {}
                Err(_) if in_doubt => return Err(error.with_fault(Uncertain)),
                Err(trouble) => return Err(trouble),
            }
            patience
                .pause(error)
                .await
                .map_err(|error| match in_doubt {
                    true => error.with_fault(Uncertain),
                    false => error,
                })?;
        }
    }

    /// Looks for a thing until it shows or the grace time is over.
    async fn look<T>(
        &self,
        find: &impl AsyncFn() -> Result<Option<T>, Error>,
    ) -> Result<Option<T>, Error> {
        let start = Instant::now();
        let mut backoff = Backoff::for_calls();
        loop {
            if let Some(found) = find().await? {
                return Ok(Some(found));
            }
            let left = self.grace.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Ok(None);
            }
            tokio::time::sleep(backoff.next(chance::fraction()).min(left)).await;
        }
    }
}
