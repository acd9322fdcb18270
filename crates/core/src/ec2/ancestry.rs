//! What EC2 itself records of where images come from and of what uses them.

use std::cell::Cell;
use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt};

use super::Ec2;
use super::described::{id, region};
use super::unknown::{is_of_no_image, strike_out};
use crate::error::Error;
use crate::id::Id;
use crate::region::Region;
use crate::time::Moment;

/// Images in one call (EC2 API Reference, DescribeImageReferences).
const IMAGES: usize = 10;
/// References in one page: the most that EC2 gives.
const PAGE: i32 = 1000;
/// Calls that are made side by side.
const AT_ONCE: usize = 5;

/// An image of a line of descent as EC2 remembers it, also after it was deregistered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ancestor {
    /// Its ID.
    pub id: Id,
    /// When it was made.
    pub created: Option<Moment>,
    /// `amazon` and the like, where AWS owns it.
    pub owner_alias: Option<String>,
    /// The image that it was made from.
    pub source_image: Option<Id>,
    /// The region of that image.
    pub source_region: Option<Region>,
}

/// Something that uses an image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImageUser {
    /// The image.
    pub image: Id,
    /// What it is: `ec2:Instance`, `ec2:LaunchTemplate`, `ssm:Parameter` and others.
    pub kind: String,
    /// Its ARN.
    pub arn: String,
}

/// What uses images, by image; nothing is known of one that is not there.
pub type Uses = BTreeMap<Id, Vec<ImageUser>>;

impl Ec2 {
    /// The line of descent from an image on, itself first; EC2 stops at the 50th image, at one of
    /// AWS's own, and at one whose source it did not record (EC2 User Guide, "AMI ancestry"). Of an
    /// image that it does not know, or not any more, there is none.
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn ancestry(&self, image: &Id) -> Result<Vec<Ancestor>, Error> {
        let call = || self.client.get_image_ancestry().image_id(image.to_string());
        let answer = self
            .patiently(async || self.once("GetImageAncestry", call().send()).await)
            .await;
        let answer = match answer {
            Err(error) if is_of_no_image(&error) => return Ok(Vec::new()),
            answer => answer?,
        };
        let entries = answer.image_ancestry_entries().iter();
        let ancestor = |entry: &aws_sdk_ec2::types::ImageAncestryEntry| {
            Some(Ancestor {
                id: id(entry.image_id())?,
                created: entry.creation_date().and_then(moment),
                owner_alias: entry.image_owner_alias().map(str::to_owned),
                source_image: id(entry.source_image_id()),
                source_region: region(entry.source_image_region()),
            })
        };
        Ok(entries.filter_map(ancestor).collect())
    }

    /// What of the account uses the images: instances, launch templates (their ten newest
    /// versions), parameters of Systems Manager, recipes of Image Builder. `uses` gets an entry for
    /// each image of which EC2 has told all, and for each of which it has told some before it failed;
    /// of an image without an entry nothing is known. After a failure nothing more is begun.
    ///
    /// # Errors
    /// What EC2 answers first; what is in `uses` stays good.
    pub async fn image_users(&self, images: &[Id], uses: &mut Uses) -> Result<(), Error> {
        let has_failed = Cell::new(false);
        let calls = images.chunks(IMAGES).map(async |images| {
            let mut users = Vec::new();
            if has_failed.get() {
                return (users, Vec::new(), Ok(()));
            }
            let (told, result) = self.users_of(images, &mut users).await;
            has_failed.set(has_failed.get() || result.is_err());
            (users, told, result)
        });
        let mut calls = stream::iter(calls).buffer_unordered(AT_ONCE);
        let mut failure = Ok(());
        while let Some((users, told, result)) = calls.next().await {
            for image in told {
                uses.entry(image).or_default();
            }
            for user in users {
                uses.entry(user.image.clone()).or_default().push(user);
            }
            failure = failure.and(result);
        }
        failure
    }

    /// What uses a few images, as far as EC2 tells; and of which of them it has told all.
    async fn users_of(
        &self,
        images: &[Id],
        users: &mut Vec<ImageUser>,
    ) -> (Vec<Id>, Result<(), Error>) {
        let mut ids = images.to_vec();
        while !ids.is_empty() {
            users.clear();
            let Err(error) = self.each_user(&ids, |user| users.push(user)).await else {
                return (ids, Ok(()));
            };
            // An image that is gone keeps nobody from learning what uses the others.
            if let Err(error) = strike_out(&mut ids, error) {
                return (Vec::new(), Err(error));
            }
        }
        (ids, Ok(()))
    }

    async fn each_user(&self, images: &[Id], mut each: impl FnMut(ImageUser)) -> Result<(), Error> {
        let ids: Vec<String> = images.iter().map(Id::to_string).collect();
        let mut token: Option<String> = None;
        loop {
            let call = || {
                self.client
                    .describe_image_references()
                    .set_image_ids(Some(ids.clone()))
                    .include_all_resource_types(true)
                    .max_results(PAGE)
                    .set_next_token(token.clone())
            };
            let page = self
                .patiently(async || self.once("DescribeImageReferences", call().send()).await)
                .await?;
            page.image_references()
                .iter()
                .filter_map(user)
                .for_each(&mut each);
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(());
            }
        }
    }
}

fn user(reference: &aws_sdk_ec2::types::ImageReference) -> Option<ImageUser> {
    Some(ImageUser {
        image: id(reference.image_id())?,
        kind: reference.resource_type()?.as_str().to_owned(),
        arn: reference.arn()?.to_owned(),
    })
}

fn moment(time: &aws_sdk_ec2::primitives::DateTime) -> Option<Moment> {
    Moment::from_timestamp(time.secs())
}
