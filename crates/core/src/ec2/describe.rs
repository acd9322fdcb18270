//! The calls that ask what there is.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use aws_sdk_ec2::types as sdk;
use aws_sdk_ec2::types::Filter;

use super::Ec2;
use super::create_image::{escape_wildcards, filter};
use super::described::{id, image, instance, instance_resource, snapshot, tags, volume};
use super::unknown::strike_out;
use crate::chance;
use crate::error::Error;
use crate::id::{Id, Kind};
use crate::image::Image;
use crate::resource::{Resource, State};
use crate::retry::Backoff;

/// IDs in one call. EC2 takes a thousand; shorter requests stay clear of limits of proxies.
pub(crate) const IDS: usize = 500;
/// Values in one filter (EC2 API Reference, DescribeImages, Filters).
const VALUES: usize = 200;
/// Images in one page: the most that EC2 gives.
pub(super) const PAGE: i32 = 1000;

/// How resources are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// By ID: all of anybody's, and an error when one is unknown.
    ById,
    /// By a filter on the caller's own: those that are known, and no error for the others.
    Own,
    /// By a filter on all that the caller may see: slower at EC2, but it finds what others share.
    Visible,
}

/// An instance as far as a tool here reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Its ID.
    pub id: Id,
    /// Its state.
    pub state: State,
    /// The image that it runs from.
    pub image: Option<Id>,
}

impl Ec2 {
    /// Describes resources of one kind, in a single try: for those who poll.
    ///
    /// # Errors
    /// What EC2 answers; [`missing`](super::missing) reads the unknown IDs out of a NotFound.
    pub async fn describe(
        &self,
        kind: Kind,
        ids: &[Id],
        lookup: Lookup,
    ) -> Result<Vec<Resource>, Error> {
        let size = if lookup == Lookup::ById { IDS } else { VALUES };
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(size) {
            let texts: Vec<String> = ids.iter().map(Id::to_string).collect();
            let (ids, filters) = match lookup {
                Lookup::ById => (texts, Vec::new()),
                _ => (Vec::new(), vec![filter(id_filter(kind), texts)]),
            };
            let own = lookup == Lookup::Own;
            match kind {
                Kind::Image => {
                    let images = self.images(ids, &filters, own).await?;
                    found.extend(images.into_iter().map(Resource::from));
                }
                Kind::Snapshot => found.extend(self.snapshots(ids, filters, own).await?),
                Kind::Volume => found.extend(self.volumes(ids, filters).await?),
                Kind::Instance => {
                    let instances = self.all_instances(ids, filters).await?;
                    found.extend(instances.iter().filter_map(instance_resource));
                }
            }
        }
        Ok(found)
    }

    /// Describes instances.
    ///
    /// # Errors
    /// What EC2 answers; an unknown ID is an error for all.
    pub async fn instances(&self, ids: &[Id]) -> Result<Vec<Instance>, Error> {
        let mut all = Vec::with_capacity(ids.len());
        for ids in ids.chunks(IDS) {
            let ids: Vec<String> = ids.iter().map(Id::to_string).collect();
            let found = self
                .patiently(async || self.all_instances(ids.clone(), Vec::new()).await)
                .await?;
            all.extend(found.iter().filter_map(instance));
        }
        Ok(all)
    }

    /// The caller's own image of that name, whatever its state.
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn own_image_named(&self, name: &str) -> Result<Option<Image>, Error> {
        let filters = [filter("name", [escape_wildcards(name)])];
        Ok(self.own_images(&filters).await?.into_iter().next())
    }

    /// The caller's own images that pass the filters.
    pub(super) async fn own_images(&self, filters: &[Filter]) -> Result<Vec<Image>, Error> {
        self.patiently(async || self.images(Vec::new(), filters, true).await)
            .await
    }

    /// Hands out all of the caller's own images, a page at a time. A page that fails in passing is
    /// asked for again by itself: an account may have fifty of them.
    ///
    /// # Errors
    /// What EC2 answers; what was handed out before stays good.
    pub async fn each_own_image(&self, mut each: impl FnMut(Image)) -> Result<(), Error> {
        let mut token = None;
        loop {
            let (images, rest) = self.page_of_own_images(token).await?;
            images.into_iter().for_each(&mut each);
            token = rest;
            if token.is_none() {
                return Ok(());
            }
        }
    }

    /// One page of the caller's own images, the first without a token, and the token of the rest.
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn page_of_own_images(
        &self,
        token: Option<String>,
    ) -> Result<(Vec<Image>, Option<String>), Error> {
        let page = async || {
            self.page_of_images(Vec::new(), &[], true, token.clone())
                .await
        };
        let (images, rest) = self.patiently(page).await?;
        Ok((images, rest.filter(|token| !token.is_empty())))
    }

    /// Images that a user has named; those that EC2 does not know are asked for a few times more,
    /// because they may just have been made, and are left out then.
    ///
    /// # Errors
    /// What EC2 answers otherwise.
    pub async fn named_images(&self, ids: &[Id]) -> Result<Vec<Image>, Error> {
        let (start, mut backoff) = (Instant::now(), Backoff::for_calls());
        let mut found: Vec<Image> = Vec::with_capacity(ids.len());
        loop {
            let is_missing = |id: &&Id| found.iter().all(|image| image.id != **id);
            let missing: Vec<Id> = ids.iter().filter(is_missing).cloned().collect();
            found.extend(self.known_images(&missing).await?);
            let is_over = start.elapsed() >= self.fresh() || self.calls.is_stopping();
            if found.len() >= ids.len() || is_over {
                return Ok(found);
            }
            tokio::time::sleep(backoff.next(chance::fraction())).await;
        }
    }

    /// Images by ID, anybody's; those that EC2 does not know are left out.
    ///
    /// # Errors
    /// What EC2 answers otherwise.
    pub async fn known_images(&self, ids: &[Id]) -> Result<Vec<Image>, Error> {
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(IDS) {
            let mut ids = ids.to_vec();
            while !ids.is_empty() {
                let texts: Vec<String> = ids.iter().map(Id::to_string).collect();
                let answer = self
                    .patiently(async || self.images(texts.clone(), &[], false).await)
                    .await;
                match answer {
                    Ok(images) => {
                        found.extend(images);
                        break;
                    }
                    Err(error) => strike_out(&mut ids, error)?,
                }
            }
        }
        Ok(found)
    }

    /// One listing of images, by ID or in pages by filters, `own` if only the caller's own.
    async fn images(
        &self,
        ids: Vec<String>,
        filters: &[Filter],
        own: bool,
    ) -> Result<Vec<Image>, Error> {
        pages(async |token| self.page_of_images(ids.clone(), filters, own, token).await).await
    }

    async fn page_of_images(
        &self,
        ids: Vec<String>,
        filters: &[Filter],
        own: bool,
        token: Option<String>,
    ) -> Result<(Vec<Image>, Option<String>), Error> {
        let paged = ids.is_empty();
        let call = self
            .client
            .describe_images()
            .set_image_ids((!paged).then_some(ids))
            .set_owners(own.then(|| vec!["self".to_owned()]))
            .set_filters((!filters.is_empty()).then(|| filters.to_vec()))
            .include_deprecated(true)
            .include_disabled(true)
            .set_max_results(paged.then_some(PAGE))
            .set_next_token(token);
        let page = self.once("DescribeImages", call.send()).await?;
        let found = page.images().iter().filter_map(image).collect();
        Ok((found, page.next_token))
    }

    async fn snapshots(
        &self,
        ids: Vec<String>,
        filters: Vec<Filter>,
        own: bool,
    ) -> Result<Vec<Resource>, Error> {
        let found = self.all_snapshots(ids, filters, own).await?;
        Ok(found.iter().filter_map(snapshot).collect())
    }

    pub(super) async fn all_snapshots(
        &self,
        ids: Vec<String>,
        filters: Vec<Filter>,
        own: bool,
    ) -> Result<Vec<sdk::Snapshot>, Error> {
        let paged = ids.is_empty();
        pages(async |token| {
            let call = self
                .client
                .describe_snapshots()
                .set_snapshot_ids((!paged).then(|| ids.clone()))
                .set_owner_ids(own.then(|| vec!["self".to_owned()]))
                .set_filters(paged.then(|| filters.clone()))
                .set_max_results(paged.then_some(PAGE))
                .set_next_token(token);
            let page = self.once("DescribeSnapshots", call.send()).await?;
            Ok((page.snapshots.unwrap_or_default(), page.next_token))
        })
        .await
    }

    /// The tags of snapshots, by ID; those that EC2 does not know are left out.
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn snapshot_tags(
        &self,
        ids: &[Id],
    ) -> Result<HashMap<Id, BTreeMap<String, String>>, Error> {
        let mut all = HashMap::new();
        for ids in ids.chunks(VALUES) {
            let filters = vec![filter("snapshot-id", ids.iter().map(Id::to_string))];
            let found = self
                .patiently(async || self.all_snapshots(Vec::new(), filters.clone(), false).await)
                .await?;
            let tagged =
                |found: &sdk::Snapshot| Some((id(found.snapshot_id())?, tags(found.tags())));
            all.extend(found.iter().filter_map(tagged));
        }
        Ok(all)
    }

    async fn volumes(
        &self,
        ids: Vec<String>,
        filters: Vec<Filter>,
    ) -> Result<Vec<Resource>, Error> {
        let found = self.all_volumes(ids, filters).await?;
        Ok(found.iter().filter_map(volume).collect())
    }

    pub(super) async fn all_volumes(
        &self,
        ids: Vec<String>,
        filters: Vec<Filter>,
    ) -> Result<Vec<sdk::Volume>, Error> {
        let paged = ids.is_empty();
        pages(async |token| {
            let call = self
                .client
                .describe_volumes()
                .set_volume_ids((!paged).then(|| ids.clone()))
                .set_filters(paged.then(|| filters.clone()))
                .set_max_results(paged.then_some(PAGE))
                .set_next_token(token);
            let page = self.once("DescribeVolumes", call.send()).await?;
            Ok((page.volumes.unwrap_or_default(), page.next_token))
        })
        .await
    }

    pub(super) async fn all_instances(
        &self,
        ids: Vec<String>,
        filters: Vec<Filter>,
    ) -> Result<Vec<sdk::Instance>, Error> {
        let paged = ids.is_empty();
        pages(async |token| {
            let call = self
                .client
                .describe_instances()
                .set_instance_ids((!paged).then(|| ids.clone()))
                .set_filters(paged.then(|| filters.clone()))
                .set_max_results(paged.then_some(PAGE))
                .set_next_token(token);
            let page = self.once("DescribeInstances", call.send()).await?;
            let reservations = page.reservations.unwrap_or_default().into_iter();
            let found = reservations.flat_map(|r| r.instances.unwrap_or_default());
            Ok((found.collect(), page.next_token))
        })
        .await
    }
}

/// Follows the tokens of a paged listing to its end. A page may be empty and yet not the last.
pub(super) async fn pages<T>(
    mut page: impl AsyncFnMut(Option<String>) -> Result<(Vec<T>, Option<String>), Error>,
) -> Result<Vec<T>, Error> {
    let mut all = Vec::new();
    let mut token = None;
    loop {
        let (found, next) = page(token).await?;
        all.extend(found);
        token = next.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(all);
        }
    }
}

fn id_filter(kind: Kind) -> &'static str {
    match kind {
        Kind::Image => "image-id",
        Kind::Instance => "instance-id",
        Kind::Snapshot => "snapshot-id",
        Kind::Volume => "volume-id",
    }
}
