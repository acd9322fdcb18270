//! The instance that this runs on, by its metadata service.

use std::time::Duration;

use aws_config::imds;
use serde::Deserialize;

use crate::environment::variable;
use crate::error::Error;
use crate::id::{Id, Kind};
use crate::region::Region;

/// Longest time for all of it: the service is next door or not there at all, and a person waits.
const PATIENCE: Duration = Duration::from_secs(2);
/// Where it says who we are (EC2 User Guide, "Instance identity documents").
const DOCUMENT: &str = "/latest/dynamic/instance-identity/document";

/// An instance, as it knows itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThisInstance {
    /// Its ID.
    pub id: Id,
    /// Its region.
    pub region: Region,
    /// Its zone.
    pub zone: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    instance_id: String,
    region: String,
    availability_zone: String,
}

/// Asks the service.
pub(super) async fn ask(client: &imds::Client) -> Result<ThisInstance, Error> {
    let disabled = variable("AWS_EC2_METADATA_DISABLED")?;
    if disabled.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Err(unknown("AWS_EC2_METADATA_DISABLED forbids to ask for it"));
    }
    match tokio::time::timeout(PATIENCE, client.get(DOCUMENT)).await {
        Ok(Ok(text)) => read(text.as_ref()).ok_or_else(|| {
            unknown("its metadata service does not describe it as an instance of EC2")
        }),
        Ok(Err(imds::client::error::ImdsError::ErrorResponse(_))) => Err(unknown(
            "the metadata service refuses to answer; is it switched on?",
        )),
        Ok(Err(_)) | Err(_) => Err(unknown("no metadata service answers here")),
    }
}

fn read(text: &str) -> Option<ThisInstance> {
    let document: Document = serde_json::from_str(text).ok()?;
    let id: Id = document.instance_id.parse().ok()?;
    Some(ThisInstance {
        id: Some(id).filter(|id| id.kind() == Kind::Instance)?,
        region: document.region.parse().ok()?,
        zone: document.availability_zone,
    })
}

fn unknown(why: &str) -> Error {
    Error::failed(format!("which instance this is cannot be told: {why}"))
        .hint("volumes and images are built on an EC2 instance only, disk files anywhere")
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn only_an_instance_is_an_instance() {
        let text = |id: &str| {
            format!(
                r#"{{"instanceId":"{id}","region":"us-east-1","availabilityZone":"us-east-1a","x":1}}"#
            )
        };
        let this = read(&text("i-12345678")).expect("an instance");
        assert_eq!(
            (this.id.as_str(), &*this.zone),
            ("i-12345678", "us-east-1a")
        );
        assert!(read(&text("vol-12345678")).is_none());
        assert!(read("<html>").is_none());
    }
}
