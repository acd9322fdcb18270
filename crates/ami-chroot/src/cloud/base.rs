//! What a build begins with: from what the user names to a snapshot, or a volume to take one of.

use std::collections::BTreeMap;

use ami_core::ec2::Registered;
use ami_core::error::{Error, Kind as ErrorKind};
use ami_core::escape::escape;
use ami_core::id::{Id, Kind};
use ami_core::mapping::Target;
use ami_core::reference::{Located, Reference};
use ami_core::region::Region;
use ami_core::tag;

use super::site::Site;
use crate::request::Cloud;
use crate::source::Source;

/// What a build begins with.
pub(crate) struct Base {
    pub(crate) origin: Origin,
    /// The size of its disk in GiB.
    pub(crate) size: i32,
    /// The image that it is, if it is one.
    pub(crate) registered: Option<Box<Registered>>,
    /// The image that it came from, if that is known.
    pub(crate) source_image: Option<Id>,
    /// The region of that image.
    pub(crate) source_region: Option<Region>,
}

/// Where its bytes are.
pub(crate) enum Origin {
    Snapshot(Id),
    Volume(Id),
}

impl Base {
    /// The snapshot that it came from, if that will stay.
    pub(crate) fn source_snapshot(&self) -> Option<&Id> {
        match &self.origin {
            Origin::Snapshot(snapshot) => Some(snapshot),
            Origin::Volume(_) => None,
        }
    }
}

/// Finds it.
pub(crate) async fn find(site: &Site<'_>, wishes: &Cloud) -> Result<Base, Error> {
    site.context.progress.trace("looking for the base");
    let base = match &wishes.source {
        Source::Reference(reference) => by_id(site, reference).await?,
        Source::Tagged(wanted) => {
            let shown = format!("{}={}", escape(&wanted.key), escape(&wanted.value));
            let found = site.ec2.newest_snapshot_tagged(wanted).await?;
            let snapshot = found.ok_or_else(|| {
                let what = format!(
                    "no completed snapshot of yours in {} is tagged {shown}",
                    site.this.region
                );
                Error::new(ErrorKind::NotFound, what)
                    .hint("ami-chroot --prepare-base ROOTFS makes one")
            })?;
            of_snapshot(snapshot.id, snapshot.size, &snapshot.tags)
        }
        Source::Named { pattern, owner } => {
            let found = site.ec2.newest_image_named(pattern, owner).await?;
            let registered = found.ok_or_else(|| {
                let what = format!(
                    "no available image of {owner} in {} is named {}",
                    site.this.region,
                    escape(pattern)
                );
                let error = Error::new(ErrorKind::NotFound, what);
                match owner.as_str() {
                    "self" => error.hint("--owner says whose it may be"),
                    _ => error,
                }
            })?;
            of_image(site, registered)?
        }
        // Files are built elsewhere.
        Source::File(path) => return Err(Error::failed("is a file").of(path.display())),
    };
    if let Some(wanted) = wishes.volume.size.filter(|wanted| *wanted < base.size) {
        let what = format!(
            "--size: {wanted} GiB is less than the source has, {} GiB",
            base.size
        );
        return Err(Error::usage(what));
    }
    let text = match &base.origin {
        Origin::Snapshot(id) | Origin::Volume(id) => format!("building upon {id}"),
    };
    site.context.progress.trace(&text);
    Ok(base)
}

async fn by_id(site: &Site<'_>, reference: &Reference) -> Result<Base, Error> {
    let here = &site.this.region;
    if let Some(region) = reference.region.as_ref().filter(|region| *region != here) {
        let what = format!("is in {region}, and this instance is in {here}");
        let error = Error::failed(what).of(&reference.id);
        return Err(match reference.id.kind() {
            Kind::Image => error.hint(format!("ami-copy-image -R {here} copies it here")),
            _ => error,
        });
    }
    let located = Located {
        id: reference.id.clone(),
        region: here.clone(),
    };
    let missing = || Error::not_found(&located, "");
    let id = &located.id;
    match id.kind() {
        Kind::Image => {
            let found = site
                .ec2
                .registration(id)
                .await
                .map_err(|error| error.of(id))?;
            of_image(site, found.ok_or_else(missing)?)
        }
        Kind::Volume => {
            let found = site.ec2.volume(id).await.map_err(|error| error.of(id))?;
            let volume = found.ok_or_else(missing)?;
            let mut base = of_snapshot(volume.id.clone(), volume.size, &volume.tags);
            base.origin = Origin::Volume(volume.id);
            Ok(base)
        }
        _ => {
            let found = site.ec2.snapshot(id).await.map_err(|error| error.of(id))?;
            let snapshot = found.ok_or_else(missing)?;
            if snapshot.state.as_str() != "completed" {
                let what = format!("is {}, and not completed", snapshot.state);
                let hint = format!("ami-waiton {id} waits for it");
                return Err(Error::failed(what).of(id).hint(hint));
            }
            Ok(of_snapshot(snapshot.id, snapshot.size, &snapshot.tags))
        }
    }
}

fn of_snapshot(id: Id, size: u32, tags: &BTreeMap<String, String>) -> Base {
    let image = tags.get(tag::SOURCE_IMAGE);
    let image = image.and_then(|text| Reference::parse(text, &[Kind::Image]).ok());
    let region = tags.get(tag::SOURCE_REGION);
    let (source_image, placed) = match image {
        Some(image) => (Some(image.id), image.region),
        None => (None, None),
    };
    Base {
        origin: Origin::Snapshot(id),
        size: size.try_into().unwrap_or_default(),
        registered: None,
        source_region: placed
            .or_else(|| region?.parse().ok())
            .filter(|_| source_image.is_some()),
        source_image,
    }
}

fn of_image(site: &Site<'_>, registered: Registered) -> Result<Base, Error> {
    let id = registered.image.id.clone();
    let Some(snapshot) = registered.snapshot(None).cloned() else {
        let what = "has no snapshot behind its root device, so there is nothing to build upon";
        return Err(Error::failed(what).of(id));
    };
    let mut mappings = registered.mappings.iter();
    let root = mappings.find(|mapping| Some(&mapping.device) == registered.root_device.as_ref());
    let size = root.and_then(|mapping| match &mapping.target {
        Target::Ebs(ebs) => ebs.size,
        _ => None,
    });
    Ok(Base {
        origin: Origin::Snapshot(snapshot),
        size: size.unwrap_or(1),
        source_image: Some(id),
        source_region: Some(site.this.region.clone()),
        registered: Some(Box::new(registered)),
    })
}
