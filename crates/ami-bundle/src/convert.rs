//! `convert`: an EBS-backed image of a bundle. The parts come from S3, the blocks go to EBS; nothing of
//! the disk is kept here.

mod disk;
mod driver;
mod heir;

use ami_bundle_format::Manifest;
use ami_core::app::Context;
use ami_core::error::{Error, Kind as ErrorKind};
use ami_core::reference::Located;
use ami_core::s3::Place;
use ami_registration::machine::{Evidence, Told};
use ami_registration::{Given, Register, Source, manifest_place, run_showing, until_stopped};
use futures_util::future::join;

use crate::apart::explain;
use crate::at::{self, At, Found};
use crate::holes;
use crate::keys;
use crate::operand::{Named, Operand, Reads};
use crate::parts::{self, Parts};
use crate::registering::{kept, record::Image};
use crate::unbundle::check_signature;
use crate::unpacking::unpack_into;
use heir::Heir;

/// Runs the verb.
pub(crate) async fn run(context: &Context) -> Result<(), Error> {
    let reads = Reads {
        images: true,
        instead: Some("upload a bundle of files first, or unbundle it and register the disk"),
        ..Reads::default()
    };
    let operand = Operand::read(context.args.operands(), reads)?;
    let mut register = Register::read(&context.args)?;
    let certificate = keys::certificate(&context.args)?;
    let Some(key) = until_stopped(context, keys::private_key(context)).await else {
        return Ok(());
    };
    let key = key?.ok_or_else(|| Error::usage("a bundle is opened with --privatekey"))?;
    if context.output_is_gone() {
        return Ok(());
    }
    let preparing = async {
        let (place, old) = find(context, operand).await?;
        let found = at::find(context, &At::S3(place.clone()), None).await?;
        check_signature(&found, certificate.as_ref()).map_err(|error| error.of(&place))?;
        if register.volumes.size.is_none() {
            let is_likely = holes::check(&found.manifest.image, &found.parts).await;
            let hint = "where that is right, say so with --size";
            is_likely.map_err(|error| error.hint(hint).of(&place))?;
        }
        let content = found.manifest.content_key(&key);
        let content = content.map_err(|why| explain(why).of(&place))?;
        let old = match old {
            Some(old) => Some(old),
            None => Heir::of_bundle(context, &place).await?,
        };
        complete(context, &mut register, &found, &place, old.as_ref()).await?;
        Ok::<_, Error>((place, found, content))
    };
    let Some(prepared) = until_stopped(context, preparing).await else {
        return Ok(());
    };
    let (place, found, content) = prepared?;
    let Found {
        manifest, parts, ..
    } = found;
    let show = |made| Image::new(made, &place, &manifest);
    if register.dry_run {
        // Nothing but the first part is read, to see what is on the disk.
        context.progress.hint(&format!(
            "would unpack {} of {place} on the way to EBS",
            parts::count(manifest.image.parts.len())
        ));
    }
    convert(context, register, &place, &manifest, parts, content, show).await
}

/// Lets the parts and the blocks flow at once.
async fn convert<R: ami_core::output::Record>(
    context: &Context,
    register: Register,
    place: &Place,
    manifest: &Manifest,
    parts: Parts,
    content: ami_bundle_format::ContentKey,
    show: impl Fn(ami_registration::record::Made) -> R,
) -> Result<(), Error> {
    let (sink, reader, driver) = disk::channel();
    let name = place.to_string();
    let evidence = evidence(manifest);
    let can_be_bare = register.machine.virtualization.as_deref() == Some("paravirtual");
    let registering = async {
        let read = tokio::task::spawn_blocking(move || disk::look(reader, can_be_bare));
        let looked = read
            .await
            .map_err(|_| Error::failed("the disk cannot be read"))?;
        let reader = match looked {
            // Who stopped the tool knows why nothing came.
            Err(_) if context.interrupt.seen().is_some() => return Ok(()),
            looked => looked.map_err(|what| bare(&what).of(place))?,
        };
        let given = Given::new(reader, name, manifest.image.size)
            .with_evidence(evidence)
            .with_ena(driver);
        run_showing(context, Source::Given(given), register, show).await
    };
    let unpacking = async {
        match unpack_into(context, manifest, content, parts, sink).await {
            Ok(Some(sink)) => {
                sink.finish();
                Ok(())
            }
            // The tool was stopped; the reader sees that the end did not come.
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        }
    };
    match join(registering, unpacking).await {
        (Ok(()), _) => Ok(()),
        (Err(error), Ok(())) => Err(error),
        // What is wrong with the bundle is the cause, unless it is only that nobody reads any more.
        (Err(error), Err(cause)) => match cause.to_string().contains(disk::NOBODY_READS) {
            true => Err(error),
            false => Err(cause.of(place)),
        },
    }
}

/// The place of the manifest, and the image that was named.
async fn find(context: &Context, operand: Operand) -> Result<(Place, Option<Heir>), Error> {
    let reference = match operand.named().await? {
        Named::Bundle(At::S3(place)) => return Ok((place, None)),
        Named::Bundle(At::File(_)) => {
            return Err(Error::usage("a bundle of files is not converted"));
        }
        Named::Image(reference) => reference,
    };
    let located: Located = context.session.locate(reference).await?;
    let here = context.session.region().await?;
    if located.region != here {
        let its = &located.region;
        let what = format!("lies in {its}, and the new image would lie in {here}");
        return Err(Error::usage(what)
            .of(&located.id)
            .hint(format!("work there with -r {its}")));
    }
    let ec2 = context.session.ec2(&located.region).await;
    let found = ec2.registration(&located.id).await;
    let registered = found.map_err(|error| error.of(&located.id))?;
    let registered = registered.ok_or_else(|| Error::not_found(&located, ""))?;
    let Some(location) = &registered.location else {
        let what = "is not made of a bundle: it is EBS-backed already";
        return Err(Error::new(ErrorKind::Usage, what).of(&located.id));
    };
    let place = manifest_place(&format!("s3://{location}"))
        .map_err(|why| Error::failed(why).of(&located.id))?;
    Ok((place, Some(Heir::new(located, registered))))
}

/// Completes what the options leave open, from the old image and the manifest.
async fn complete(
    context: &Context,
    register: &mut Register,
    found: &Found,
    place: &Place,
    old: Option<&Heir>,
) -> Result<(), Error> {
    let manifest = &found.manifest;
    if let Some(old) = old {
        old.hand_down(context, register)?;
    }
    if let (None, Parts::S3(s3, _)) = (&register.description, &found.parts) {
        register.description = kept::description(context, s3, place).await?;
    }
    if register.source_image.is_none() {
        let region = context.session.region().await?;
        let ec2 = context.session.ec2(&region).await;
        let ancestor = crate::registering::ancestry::source_image(context, &ec2, manifest).await?;
        register.source_image = ancestor;
    }
    heir::take_from_manifest(register, manifest)?;
    // Systems of the time of bundles ask the metadata service without a token.
    register.machine.tokens_only.get_or_insert(false);
    Ok(())
}

fn evidence(manifest: &Manifest) -> Evidence {
    Evidence {
        architecture: manifest.architecture.as_ref().map(|word| Told {
            word: word.clone(),
            because: "its manifest says so".to_owned(),
        }),
        ..Evidence::default()
    }
}

/// Says what to do with a disk that is one file system.
fn bare(what: &str) -> Error {
    let error = Error::failed(what);
    match what.contains(disk::BARE) {
        true => error.hint(
            "see CONVERSION in the manual: unbundle it, put its files into a disk with 'ami-chroot \
             --prepare-base --gpt', install a boot loader there, and register that",
        ),
        false => error,
    }
}
