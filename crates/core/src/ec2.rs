//! The gateway to EC2: a method for each call that a tool makes.
//!
//! Invariant: SDK types become ours here and nowhere else.
//!
//! Calls that only ask are repeated while they fail in passing. Calls that make something and take
//! no client token go through [`unrepeatable`] and nothing else. The SDK's own retries are off, so
//! that neither of the two is repeated behind our back.

mod ancestry;
mod copy_image;
mod create_image;
mod describe;
mod image_life;
mod regions;
mod sharing;
mod tags;
mod unrepeatable;

use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;
use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::operation::RequestId;

pub use ancestry::{Ancestor, ImageUser, Uses};
pub use copy_image::{NewCopy, TOO_MANY_COPIES};
pub use create_image::NAME_TAKEN;
pub use create_image::NewImage;
pub(crate) use describe::IDS;
pub use describe::{Instance, Lookup, missing};
pub use sharing::{EbsDefaults, Grants};

use crate::chance;
use crate::environment::variable;
use crate::error::{Error, Fault, from_sdk};
use crate::escape::escape;
use crate::interrupt::Interrupt;
use crate::progress::Progress;
use crate::region::Region;
use crate::retry::Backoff;
use crate::time::format_duration;

/// How long a call that fails in passing is made again.
const PATIENCE: Duration = Duration::from_secs(5 * 60);
/// How long that happens without a word.
const SILENCE: Duration = Duration::from_secs(15);
/// How often a place that has never answered is tried. Its name may be mistyped.
const FIRST_TRIES: u32 = 3;

/// How long something that a user has named may be unknown. It is shorter than the grace time for
/// what a run has made itself, because an ID that does not exist is a typing error more often.
const FRESH: Duration = Duration::from_secs(5);
/// EC2's answer to a dry run that would have been allowed.
const ALLOWED: &str = "DryRunOperation";

/// EC2 in one region.
#[derive(Debug)]
pub struct Ec2 {
    client: aws_sdk_ec2::Client,
    region: Region,
    /// Where calls go, when it is not AWS's own endpoint.
    endpoint: Option<String>,
    grace: Duration,
    progress: Rc<Progress>,
    interrupt: Rc<Interrupt>,
    /// Has the place ever answered?
    answered: Cell<bool>,
}

impl Ec2 {
    /// A gateway that speaks as `config` says, in `region`.
    pub(crate) fn new(
        config: &SdkConfig,
        region: Region,
        grace: Duration,
        progress: Rc<Progress>,
        interrupt: Rc<Interrupt>,
    ) -> Self {
        // The SDK reads the variable of one service when it builds that service's client.
        let own = variable("AWS_ENDPOINT_URL_EC2").ok().flatten();
        let endpoint = own.or_else(|| config.endpoint_url().map(str::to_owned));
        let config = aws_sdk_ec2::config::Builder::from(config)
            .region(aws_sdk_ec2::config::Region::new(region.to_string()))
            .build();
        Self {
            client: aws_sdk_ec2::Client::from_conf(config),
            region,
            endpoint,
            grace,
            progress,
            interrupt,
            answered: Cell::new(false),
        }
    }

    /// Where it is.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// How long a thing just made may be unknown.
    pub fn grace(&self) -> Duration {
        self.grace
    }

    /// How long something that a user has named may be unknown.
    pub fn fresh(&self) -> Duration {
        FRESH.min(self.grace)
    }

    /// Can a call that failed so, at its `tries`th try, still succeed? A place that has never
    /// answered is soon given up: its name may be mistyped, or the network down.
    pub fn may_ask_again(&self, error: &Error, tries: u32) -> bool {
        let stranger = error.fault() == Fault::NotSent && !self.answered.get();
        error.is_passing() && !(stranger && tries >= FIRST_TRIES)
    }

    /// Makes a call once, and says so with `-v`.
    async fn once<T, E>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T, SdkError<E>>>,
    ) -> Result<T, Error>
    where
        T: RequestId,
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let start = Instant::now();
        let result = call.await;
        let spent = start.elapsed().as_millis();
        let place = format!("{operation} in {}: {spent} ms", self.region);
        match result {
            Ok(answer) => {
                self.answered.set(true);
                let request = answer.request_id().map(|id| format!(", request {id}"));
                let request = request.unwrap_or_default();
                self.progress.trace(&format!("{place}{request}"));
                Ok(answer)
            }
            Err(error) => {
                let error = from_sdk(operation, &format!("EC2 in {}", self.region), &error);
                if error.code().is_some() {
                    self.answered.set(true);
                }
                self.progress.trace(&format!("{place}, {error}"));
                Err(self.with_endpoint(error))
            }
        }
    }

    /// Where nothing listens, it helps to see which place was meant.
    fn with_endpoint(&self, error: Error) -> Error {
        match &self.endpoint {
            Some(url) if error.fault() == Fault::NotSent => {
                error.hint(format!("the calls go to {}", escape(url)))
            }
            _ => error,
        }
    }

    /// Makes a call that only asks, again and again while it fails in passing.
    async fn patiently<T>(
        &self,
        mut call: impl AsyncFnMut() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut patience = Patience::new(self);
        loop {
            match call().await {
                Err(error) => patience.pause(error).await?,
                done => return done,
            }
        }
    }
}

/// Reads EC2's answer to a dry run, which is an error in any case.
fn would_be_allowed<T>(asked: Result<T, Error>) -> Result<(), Error> {
    match asked {
        Err(error) if error.code() == Some(ALLOWED) => Ok(()),
        other => other.map(drop),
    }
}

/// The time that is spent on making one call succeed.
struct Patience<'a> {
    gateway: &'a Ec2,
    start: Instant,
    backoff: Backoff,
    tries: u32,
    /// Does the user know that it takes long?
    has_told: bool,
}

impl<'a> Patience<'a> {
    fn new(gateway: &'a Ec2) -> Self {
        Self {
            gateway,
            start: Instant::now(),
            backoff: Backoff::for_calls(),
            tries: 1,
            has_told: false,
        }
    }

    /// Pauses before another try; returns the error when there is to be none, because it would be
    /// in vain or because the user has asked to stop.
    async fn pause(&mut self, error: Error) -> Result<(), Error> {
        let is_over = self.start.elapsed() >= PATIENCE;
        if is_over || !self.gateway.may_ask_again(&error, self.tries) {
            return Err(error);
        }
        self.tries += 1;
        if self.start.elapsed() >= SILENCE && !std::mem::replace(&mut self.has_told, true) {
            let patience = format_duration(PATIENCE);
            let text = format!("{error}; trying again for {patience} in all");
            self.gateway.progress.hint(&text);
        }
        let pause = self.backoff.next(chance::fraction());
        self.gateway
            .progress
            .trace(&format!("try {} in {} ms", self.tries, pause.as_millis()));
        tokio::select! {
            biased;
            _ = self.gateway.interrupt.arrived() => Err(error),
            () = tokio::time::sleep(pause) => Ok(()),
        }
    }
}
