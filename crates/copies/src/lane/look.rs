//! What a region says of images before they are copied into it.

use std::collections::BTreeMap;
use std::rc::Rc;

use ami_core::ec2::Ec2;
use ami_core::error::Error;
use ami_core::tag;

use super::work::Work;
use crate::place::Place;
use crate::record::Made;
use crate::request::Request;
use crate::sources::Source;

/// What is to be done in a region.
#[derive(Default)]
pub(super) struct Look {
    /// Copies that an earlier run has made.
    pub(super) found: Vec<(Work, Made)>,
    /// Copies to be made.
    pub(super) missing: Vec<Work>,
    /// Why some cannot be made.
    pub(super) refused: Vec<Error>,
}

/// Asks the region what it allows and what is there.
pub(super) async fn look(
    gateway: &Ec2,
    request: &Request,
    run: &str,
    place: &Place,
    sources: &[Rc<Source>],
) -> Result<Look, Error> {
    let each = sources.iter().map(|source| &**source);
    place.learn(gateway, request, each).await?;
    place.check_all(gateway.region(), request)?;
    let mut look = Look::default();
    for source in sources {
        match place.check(gateway.region(), request, source) {
            Ok(()) => {
                let work = Work::new(request, run, gateway, Rc::clone(source));
                look.missing.push(work);
            }
            Err(error) => look.refused.push(error.of(&source.located.id)),
        }
    }
    let mut found = found(gateway, request, &look.missing).await?;
    for work in std::mem::take(&mut look.missing) {
        match found.remove(&work.digest) {
            Some(made) => look.found.push((work, made)),
            None => look.missing.push(work),
        }
    }
    Ok(look)
}

/// The copies that answer the same requests already, by digest; the newest of several.
async fn found(
    gateway: &Ec2,
    request: &Request,
    works: &[Work],
) -> Result<BTreeMap<String, Made>, Error> {
    let mut found = BTreeMap::new();
    if request.new || works.is_empty() {
        return Ok(found);
    }
    let digests: Vec<_> = works.iter().map(|work| work.digest.clone()).collect();
    let mut images = gateway.own_images_tagged(tag::REQUEST, &digests).await?;
    images.sort_by_key(|image| image.created);
    for image in images {
        let works = works.iter().filter(|work| work.is_answered_by(&image));
        found.extend(works.map(|work| (work.digest.clone(), work.found(&image, gateway))));
    }
    Ok(found)
}
