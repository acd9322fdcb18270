//! `register`: an S3-backed image of a bundle in S3.
//!
//! What EC2 does not read of the manifest itself, or cannot know, is found out here; the image is
//! registered as ami-register-image does it.

pub(crate) mod ancestry;
pub(crate) mod kept;
pub(crate) mod record;

use ami_bundle_format::Manifest;
use ami_core::app::Context;
use ami_core::error::Error;
use ami_core::s3::Place;
use ami_registration::{Register, Source, run_showing, until_stopped};

use crate::at::At;
use crate::operand::{Named, Operand, Reads};
use record::Image;

/// EC2's word for machines that start by a kernel beside the disk.
const PARAVIRTUAL: &str = "paravirtual";

/// Registers a bundle.
pub(crate) async fn run(context: &Context) -> Result<(), Error> {
    let reads = Reads {
        instead: Some("'ami-bundle upload' puts files there"),
        ..Reads::default()
    };
    let operand = Operand::read(context.args.operands(), reads)?;
    let register = Register::read(&context.args)?;
    register_operand(context, operand, register).await
}

/// Registers the bundle whose manifest is there.
pub(crate) async fn at(context: &Context, place: Place, register: Register) -> Result<(), Error> {
    register_operand(
        context,
        Operand::Named(Named::Bundle(At::S3(place))),
        register,
    )
    .await
}

async fn register_operand(
    context: &Context,
    operand: Operand,
    mut register: Register,
) -> Result<(), Error> {
    let prepared = until_stopped(context, prepare(context, operand, &mut register)).await;
    let Some(prepared) = prepared else {
        return Ok(());
    };
    let (place, manifest) = prepared?;
    let source = Source::Bundle(place.clone());
    let show = |made| Image::new(made, &place, &manifest);
    run_showing(context, source, register, show).await
}

/// Reads the manifest, and completes what the options leave open.
async fn prepare(
    context: &Context,
    operand: Operand,
    register: &mut Register,
) -> Result<(Place, Manifest), Error> {
    let place = operand.place().await?;
    let region = context.session.region().await?;
    let s3 = context.session.s3(&region).await;
    kept::check_region(context, &s3, &place).await?;
    let manifest = kept::manifest(&s3, &place).await?;
    if register.description.is_none() {
        register.description = kept::description(context, &s3, &place).await?;
    }
    if register.machine.virtualization.is_none() && manifest.kernel.is_some() {
        register.machine.virtualization = Some(PARAVIRTUAL.to_owned());
    }
    if register.source_image.is_none() {
        let ec2 = context.session.ec2(&region).await;
        register.source_image = ancestry::source_image(context, &ec2, &manifest).await?;
    }
    Ok((place, manifest))
}
