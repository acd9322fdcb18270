//! Calls to one AWS service in one region: made once or patiently, and told of with `-v`.
//!
//! The SDK's own retries are off; whether a call is made again is decided here.

use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;
use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::operation::RequestId;

use crate::chance;
use crate::environment::variable;
use crate::error::{Error, Fault, Service, from_sdk};
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

/// The calls to one service in one region.
#[derive(Debug)]
pub(crate) struct Calls {
    service: Service,
    region: Region,
    /// Where calls go, when it is not AWS's own endpoint.
    endpoint: Option<String>,
    progress: Rc<Progress>,
    interrupt: Rc<Interrupt>,
    /// Has the place ever answered?
    answered: Cell<bool>,
}

impl Calls {
    /// Calls to a service in a region.
    pub(crate) fn new(
        service: Service,
        config: &SdkConfig,
        region: Region,
        progress: Rc<Progress>,
        interrupt: Rc<Interrupt>,
    ) -> Self {
        // The SDK reads the variable of one service when it builds that service's client.
        let own = variable(service.endpoint_variable()).ok().flatten();
        Self {
            service,
            region,
            endpoint: own.or_else(|| config.endpoint_url().map(str::to_owned)),
            progress,
            interrupt,
            answered: Cell::new(false),
        }
    }

    /// Do they go to another place than AWS's own?
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.endpoint.is_some()
    }

    /// Where they go.
    pub(crate) fn region(&self) -> &Region {
        &self.region
    }

    /// Was the tool asked to stop?
    pub(crate) fn is_stopping(&self) -> bool {
        self.interrupt.gives_up()
    }

    /// Can a call that failed so, at its `tries`th try, still succeed? A place that has never
    /// answered is soon given up: its name may be mistyped, or the network down.
    pub(crate) fn may_ask_again(&self, error: &Error, tries: u32) -> bool {
        let stranger = error.fault() == Fault::NotSent && !self.answered.get();
        error.is_passing() && !(stranger && tries >= FIRST_TRIES)
    }

    /// Makes a call once, and says so with `-v`.
    pub(crate) async fn once<T, E>(
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
        let tell = |end: String| {
            let spent = start.elapsed().as_millis();
            let text = format!("{operation} in {}: {spent} ms{end}", self.region);
            self.progress.trace(&text);
        };
        match result {
            Ok(answer) => {
                self.answered.set(true);
                if self.progress.is_verbose() {
                    let request = answer.request_id().map(|id| format!(", request {id}"));
                    tell(request.unwrap_or_default());
                }
                Ok(answer)
            }
            Err(error) => {
                let error = from_sdk(self.service, operation, &self.region, &error);
                if error.code().is_some() {
                    self.answered.set(true);
                }
                tell(format!(", {error}"));
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

    /// Makes a call that may be made twice without harm, again and again while it fails in passing.
    pub(crate) async fn patiently<T>(
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

/// The time that is spent on making one call succeed.
pub(crate) struct Patience<'a> {
    calls: &'a Calls,
    start: Instant,
    backoff: Backoff,
    tries: u32,
    /// Does the user know that it takes long?
    has_told: bool,
}

impl<'a> Patience<'a> {
    pub(crate) fn new(calls: &'a Calls) -> Self {
        Self {
            calls,
            start: Instant::now(),
            backoff: Backoff::for_calls(),
            tries: 1,
            has_told: false,
        }
    }

    /// Pauses before another try; returns the error when there is to be none, because it would be
    /// in vain or because the user has asked to stop.
    pub(crate) async fn pause(&mut self, error: Error) -> Result<(), Error> {
        let is_over = self.start.elapsed() >= PATIENCE;
        if is_over || !self.calls.may_ask_again(&error, self.tries) {
            return Err(error);
        }
        self.tries += 1;
        if self.start.elapsed() >= SILENCE && !std::mem::replace(&mut self.has_told, true) {
            let patience = format_duration(PATIENCE);
            let text = format!("{error}; trying again for {patience} in all");
            self.calls.progress.hint(&text);
        }
        let pause = self.backoff.next(chance::fraction());
        self.calls
            .progress
            .trace(&format!("try {} in {} ms", self.tries, pause.as_millis()));
        tokio::select! {
            biased;
            () = self.calls.interrupt.until_it_gives_up() => Err(error),
            () = tokio::time::sleep(pause) => Ok(()),
        }
    }
}
