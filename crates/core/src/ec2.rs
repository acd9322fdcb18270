//! The gateway to EC2: a method for each call that a tool makes.
//!
//! Invariant: SDK types become ours here and nowhere else.
//!
//! Calls that only ask are repeated while they fail in passing. Calls that make something and take
//! no client token go through [`unrepeatable`] and nothing else. The SDK's own retries are off, so
//! that neither of the two is repeated behind our back.

mod ancestry;
mod attachments;
mod copy_image;
mod create_image;
mod create_snapshot;
mod describe;
mod described;
mod image_life;
mod instance_details;
mod key_pairs;
mod named;
mod newest;
mod nodes;
mod regions;
mod register_image;
mod registration;
mod rehearsal;
mod run_instances;
mod sharing;
mod snapshots;
mod tags;
mod unknown;
mod unrepeatable;
mod volumes;

use std::future::Future;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::operation::RequestId;

pub use ancestry::{Ancestor, ImageUser, Uses};
pub use attachments::is_device_taken;
pub use copy_image::{NewCopy, TOO_MANY_COPIES};
pub use create_image::NAME_TAKEN;
pub use create_image::NewImage;
pub use create_snapshot::NewSnapshot;
pub(crate) use describe::IDS;
pub use describe::{Instance, Lookup};
pub use instance_details::InstanceDetails;
pub use key_pairs::NewKeyPair;
pub use nodes::Node;
pub use register_image::{Attributes, NewRegistration};
pub use registration::Registered;
pub use rehearsal::of_stand_in;
pub use run_instances::{NO_CAPACITY, NewInstance};
pub use sharing::{EbsDefaults, Grants};
pub use snapshots::{SNAPSHOT_IN_USE, Snapshot};
pub use unknown::missing;
pub use volumes::{Attachment, NewVolume, VOLUME_IN_USE, Volume};

use crate::calls::Calls;
use crate::error::Error;
use crate::region::Region;

/// How long something that a user has named may be unknown. It is shorter than the grace time for
/// what a run has made itself, because an ID that does not exist is a typing error more often.
const FRESH: Duration = Duration::from_secs(5);
/// EC2's answer to a dry run that would have been allowed.
const ALLOWED: &str = "DryRunOperation";

/// EC2 in one region.
#[derive(Debug)]
pub struct Ec2 {
    client: aws_sdk_ec2::Client,
    calls: Calls,
    grace: Duration,
}

impl Ec2 {
    /// A gateway that speaks as `config` says, and makes its calls so; what it has just made may be
    /// unknown for the grace time.
    pub(crate) fn new(config: &SdkConfig, calls: Calls, grace: Duration) -> Self {
        let config = aws_sdk_ec2::config::Builder::from(config)
            .region(aws_sdk_ec2::config::Region::new(calls.region().to_string()))
            .build();
        Self {
            client: aws_sdk_ec2::Client::from_conf(config),
            calls,
            grace,
        }
    }

    /// Where it is.
    pub fn region(&self) -> &Region {
        self.calls.region()
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
        self.calls.may_ask_again(error, tries)
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
        self.calls.once(operation, call).await
    }

    /// Makes a call that only asks, again and again while it fails in passing.
    async fn patiently<T>(&self, call: impl AsyncFnMut() -> Result<T, Error>) -> Result<T, Error> {
        self.calls.patiently(call).await
    }
}

/// Reads EC2's answer to a dry run, which is an error in any case.
fn would_be_allowed<T>(asked: Result<T, Error>) -> Result<(), Error> {
    match asked {
        Err(error) if error.code() == Some(ALLOWED) => Ok(()),
        other => other.map(drop),
    }
}
