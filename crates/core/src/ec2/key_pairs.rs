//! Key pairs: their public halves brought to EC2, and removed.

use aws_sdk_ec2::primitives::Blob;
use aws_sdk_ec2::types::ResourceType;

use super::create_image::{filter, specification};
use super::{Ec2, would_be_allowed};
use crate::error::Error;
use crate::tag::{self, Tag};

/// EC2's answer to a name that a key pair of the account bears already.
const KEY_TAKEN: &str = "InvalidKeyPair.Duplicate";

/// A key pair to be imported.
#[derive(Debug, Clone)]
pub struct NewKeyPair {
    /// Its name.
    pub name: String,
    /// Its public half, a line as OpenSSH writes it.
    pub public: String,
    /// The UUID of the run, which it is tagged with.
    pub run: String,
}

impl Ec2 {
    /// Imports the public half of a key; with its tag on it from the first moment. The call takes no
    /// client token: by the run's tag it is known again where an answer was lost.
    ///
    /// # Errors
    /// What EC2 refuses.
    pub async fn import_key_pair(&self, new: &NewKeyPair) -> Result<(), Error> {
        self.exactly_once(
            async || self.send_import_key_pair(new, false).await,
            async || self.has_key_pair(new).await.map(|has| has.then_some(())),
            KEY_TAKEN,
        )
        .await
    }

    /// Asks EC2 whether [`import_key_pair`](Self::import_key_pair) would be allowed.
    ///
    /// # Errors
    /// What EC2 would refuse.
    pub async fn may_import_key_pair(&self, new: &NewKeyPair) -> Result<(), Error> {
        let asked = self
            .patiently(async || self.send_import_key_pair(new, true).await)
            .await;
        would_be_allowed(asked)
    }

    async fn send_import_key_pair(&self, new: &NewKeyPair, dry_run: bool) -> Result<(), Error> {
        let tags = [Tag::new(tag::RUN, &new.run)];
        let call = self
            .client
            .import_key_pair()
            .key_name(&new.name)
            .public_key_material(Blob::new(new.public.as_bytes()))
            .set_dry_run(dry_run.then_some(true))
            .tag_specifications(specification(ResourceType::KeyPair, &tags))
            .send();
        self.once("ImportKeyPair", call).await.map(drop)
    }

    async fn has_key_pair(&self, new: &NewKeyPair) -> Result<bool, Error> {
        let call = || {
            self.client
                .describe_key_pairs()
                .filters(filter("key-name", [new.name.clone()]))
                .filters(filter(format!("tag:{}", tag::RUN), [new.run.clone()]))
        };
        let found = self
            .patiently(async || self.once("DescribeKeyPairs", call().send()).await)
            .await?;
        Ok(!found.key_pairs().is_empty())
    }

    /// Deletes a key pair. One that is gone already is deleted, too.
    ///
    /// # Errors
    /// What EC2 refuses.
    pub async fn delete_key_pair(&self, name: &str) -> Result<(), Error> {
        let call = || self.client.delete_key_pair().key_name(name);
        self.patiently(async || self.once("DeleteKeyPair", call().send()).await)
            .await
            .map(drop)
    }
}
