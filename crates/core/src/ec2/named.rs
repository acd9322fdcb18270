//! Images that are made under a name, by which a lost one is found again.

use super::create_image::{NAME_TAKEN, escape_wildcards, filter};
use super::unknown::ids_in;
use super::{Ec2, Lookup};
use crate::error::{Error, Fault};
use crate::id::{Id, Kind};
use crate::tag;

impl Ec2 {
    /// Makes an image of that name exactly once. An image of this very run that bears the name
    /// already is recognised by its tag, and is the result.
    pub(super) async fn named_once(
        &self,
        name: &str,
        run: &str,
        send: impl AsyncFnMut() -> Result<Id, Error>,
    ) -> Result<Id, Error> {
        // Boxed, because the compiler's reckoning of futures within futures has a limit.
        let find = async || Box::pin(self.find_named(name, run)).await;
        match self.exactly_once(send, find, NAME_TAKEN).await {
            Err(error) if error.fault() == Fault::Uncertain && error.code() == Some(NAME_TAKEN) => {
                self.holder_of_name(run, error).await
            }
            made => made,
        }
    }

    /// The image of that name which an earlier try of this run has made.
    async fn find_named(&self, name: &str, run: &str) -> Result<Option<Id>, Error> {
        let filters = [
            filter("name", [escape_wildcards(name)]),
            filter(format!("tag:{}", tag::RUN), [run.to_owned()]),
        ];
        let images = self.own_images(&filters).await?;
        Ok(images.into_iter().next().map(|image| image.id))
    }

    /// EC2 names the image that bears the name. It may show by its ID while it does not yet show
    /// in lists, and its tag tells whether it is of this run.
    async fn holder_of_name(&self, run: &str, error: Error) -> Result<Id, Error> {
        let named = ids_in(error.what(), Kind::Image);
        let found = self.describe(Kind::Image, &named, Lookup::ById).await;
        let ours = found.unwrap_or_default().into_iter().find(|resource| {
            let tags = resource.image.as_ref().map(|image| &image.tags);
            tags.and_then(|tags| tags.get(tag::RUN)).map(String::as_str) == Some(run)
        });
        ours.map(|image| image.id).ok_or(error)
    }
}
