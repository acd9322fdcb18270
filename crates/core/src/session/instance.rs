//! The instance that this runs on, by its metadata service.

use std::time::Duration;

use aws_config::imds;
use aws_config::imds::client::error::ImdsError;
use serde::Deserialize;

use crate::environment::variable;
use crate::error::Error;
use crate::id::{Id, Kind};
use crate::region::Region;

/// Longest time for one question: the service is next door or not there at all, and a person waits.
const PATIENCE: Duration = Duration::from_secs(2);
/// Where it says who we are (EC2 User Guide, "Instance identity documents").
const DOCUMENT: &str = "/latest/dynamic/instance-identity/document";
/// Where single facts are.
const DATA: &str = "/latest/meta-data/";
/// Where devices are, below that.
const MAPPINGS: &str = "block-device-mapping/";
const NOT_FOUND: u16 = 404;
const REFUSES: &str = "the metadata service refuses to answer; is it switched on?";
/// What an instance is needed for.
const WHERE: &str = "volumes and images are built on an EC2 instance only, disk files anywhere";

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

/// What an instance was started of, as its metadata service tells (EC2 User Guide, "Instance metadata
/// categories"). The texts are as they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// Its image.
    pub image: Option<String>,
    /// The images that this one was made of, the oldest first.
    pub ancestors: Vec<String>,
    /// The kernel of a paravirtual instance.
    pub kernel: Option<String>,
    /// Its RAM disk.
    pub ramdisk: Option<String>,
    /// Product codes of its image.
    pub product_codes: Vec<String>,
    /// Its devices: what they are, such as `ami` or `ebs1`, and their names.
    pub mappings: Vec<(String, String)>,
}

/// Asks the service.
pub(super) async fn ask(client: &imds::Client) -> Result<ThisInstance, Error> {
    let unknown = |why| unknown(why).hint(WHERE);
    let text = fetch(client, DOCUMENT).await.map_err(unknown)?;
    let text = text.ok_or_else(|| unknown(REFUSES))?;
    read(&text)
        .ok_or_else(|| unknown("its metadata service does not describe it as an instance of EC2"))
}

/// Asks it what the instance was started of.
pub(super) async fn ask_origin(client: &imds::Client) -> Result<Origin, Error> {
    let one = async |name: &str| {
        let text = fetch(client, &format!("{DATA}{name}")).await;
        let text = text.map_err(unknown)?.unwrap_or_default();
        Ok::<_, Error>(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
    };
    let lines = async |name: &str| {
        let text = one(name).await?.unwrap_or_default();
        Ok::<_, Error>(text.lines().map(|line| line.trim().to_owned()).collect())
    };
    let image = one("ami-id").await?;
    if image.is_none() {
        return Err(unknown("its metadata service names no image"));
    }
    let mut mappings = Vec::new();
    let names: Vec<String> = lines(MAPPINGS).await?;
    for name in names {
        if let Some(device) = one(&format!("{MAPPINGS}{name}")).await? {
            mappings.push((name, device));
        }
    }
    Ok(Origin {
        image,
        ancestors: lines("ancestor-ami-ids").await?,
        kernel: one("kernel-id").await?,
        ramdisk: one("ramdisk-id").await?,
        product_codes: lines("product-codes").await?,
        mappings,
    })
}

/// The text of one path; none if there is no such path.
async fn fetch(client: &imds::Client, path: &str) -> Result<Option<String>, &'static str> {
    let disabled = variable("AWS_EC2_METADATA_DISABLED").unwrap_or_default();
    if disabled.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Err("AWS_EC2_METADATA_DISABLED forbids to ask for it");
    }
    match tokio::time::timeout(PATIENCE, client.get(path)).await {
        Ok(Ok(text)) => Ok(Some(text.into())),
        Ok(Err(ImdsError::ErrorResponse(error)))
            if error.response().status().as_u16() == NOT_FOUND =>
        {
            Ok(None)
        }
        Ok(Err(ImdsError::ErrorResponse(_))) => Err(REFUSES),
        Ok(Err(_)) | Err(_) => Err("no metadata service answers here"),
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
