//! How long an image is for use, and what protects it.

use aws_sdk_ec2::primitives::DateTime;

use super::Ec2;
use crate::error::Error;
use crate::id::Id;
use crate::time::Moment;

impl Ec2 {
    /// Says from when on an image is not to be used any more; EC2 rounds to the minute.
    ///
    /// # Errors
    /// What EC2 refuses.
    pub async fn deprecate_image(&self, image: &Id, at: Moment) -> Result<(), Error> {
        let call = || {
            self.client
                .enable_image_deprecation()
                .image_id(image.as_str())
                .deprecate_at(DateTime::from_secs(at.timestamp()))
        };
        self.patiently(async || self.once("EnableImageDeprecation", call().send()).await)
            .await
            .map(drop)
    }

    /// Protects an image from being deregistered.
    ///
    /// # Errors
    /// What EC2 refuses.
    pub async fn protect_image(&self, image: &Id) -> Result<(), Error> {
        let call = || {
            self.client
                .enable_image_deregistration_protection()
                .image_id(image.as_str())
        };
        let name = "EnableImageDeregistrationProtection";
        self.patiently(async || self.once(name, call().send()).await)
            .await
            .map(drop)
    }
}
