//! What an earlier run of the same command has left: a journal, and perhaps an image.

use std::path::Path;

use ami_blocks::disk::Disk;
use ami_blocks::journal::{Journal, Opened, Record};
use ami_core::app::Context;
use ami_core::ec2::Ec2;
use ami_core::error::Error;
use ami_core::heritage::Testimony;
use ami_core::image::Image;
use ami_core::naming::Naming;
use ami_core::settings::Format;
use ami_core::tag::{Heritage, Tag};

use crate::plan::{Plan, Snapshot};
use crate::record::Made;
use crate::run::until_stopped;

/// The image that an earlier run has registered without learning of it, and the journal that it has
/// left. The image is known by its snapshot, which is that of the journal, and the journal by its
/// disk, which was not written to since.
pub(crate) async fn image(
    ec2: &Ec2,
    journal: &Path,
    disk: &Disk,
    name: &Naming,
) -> Result<Option<(Image, Journal, Record)>, Error> {
    // Opening would make one.
    if !journal.exists() {
        return Ok(None);
    }
    let Opened::Found(journal, record) = Journal::open(journal)? else {
        return Ok(None);
    };
    let header = &record.header;
    let is_of_this = header.disk == *disk.identity() && header.snapshot.region == *ec2.region();
    if !is_of_this {
        return Ok(None);
    }
    let is_named = |image: &Image| match name {
        Naming::Explicit(name) => image.name.as_ref() == Some(name),
        Naming::Automatic(_) => true,
    };
    let images = ec2.own_images_of(&header.snapshot.id).await?;
    let image = images.into_iter().find(is_named);
    Ok(image.map(|image| (image, journal, *record)))
}

/// Says that there is a journal, for a run that changes nothing: who opens a journal cuts off the line
/// that an end has torn, and removes one that was never begun.
pub(crate) fn say_that_one_is_left(context: &Context, journal: &Path) {
    if journal.exists() {
        let text = format!(
            "an earlier run has left {}, which a dry run does not open: without --dry-run the upload \
             goes on from it, or what it has become is found",
            journal.display()
        );
        context.progress.hint(&text);
    }
}

/// A snapshot that an earlier run may have begun: it bears the tags of that run. What EC2 does not tell
/// is left out.
pub(crate) async fn snapshot(plan: &Plan<'_>, snapshot: &Snapshot) -> Made {
    let made = plan.made_snapshot(snapshot);
    if plan.context.settings.format == Format::References {
        return made;
    }
    let asked = until_stopped(plan.context, plan.ec2.snapshot(&snapshot.id)).await;
    let Some(Ok(Some(found))) = asked else {
        return Made {
            heritage: None,
            tags: Vec::new(),
            ..made
        };
    };
    let mut bearer = Image::bare(found.id, found.state);
    bearer.tags = found.tags;
    let testimony = Testimony::of(&bearer);
    let heritage = |created| Heritage {
        source_image: testimony.source_image.word().map(|of| of.id.clone()),
        source_instance: None,
        source_region: testimony.source_region.word().cloned(),
        created,
    };
    let tags = bearer.tags.iter();
    Made {
        heritage: testimony.created().or(found.started).map(heritage),
        tags: tags.map(|(key, value)| Tag::new(key, value)).collect(),
        ..made
    }
}
