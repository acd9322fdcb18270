//! `ami-bundle delete`: a bundle removed from S3. The manifest goes first, so that what is left of a
//! deletion that was cut short is no bundle any more.

use ami_core::app::Context;
use ami_core::error::Error;
use ami_core::escape::shell_word;

use crate::at::{self, At};
use crate::record::Record;

/// Runs the verb.
pub(crate) async fn run(context: &Context) -> Result<(), Error> {
    let at = At::read(context.args.operands())?;
    let At::S3(place) = &at else {
        return Err(
            Error::usage("a bundle is deleted from s3://BUCKET/PREFIX/NAME.manifest.xml")
                .hint("files are removed with rm"),
        );
    };
    let force = context.args.flag("force");
    if context.output_is_gone() {
        return Ok(());
    }
    let looking = async {
        let s3 = at::open(context, place).await?;
        let bytes = s3
            .get(place, ami_bundle_format::manifest::MOST_BYTES)
            .await?;
        let manifest = ami_bundle_format::Manifest::parse(&bytes)
            .map_err(|why| crate::apart::explain(why).of(place))?;
        if !force {
            let ec2 = context.session.ec2(s3.region()).await;
            let images = ec2.own_images_at(&place.location()).await?;
            if let Some(image) = images.first() {
                let error = Error::usage(format!("{} is registered of it", image.id));
                return Err(error.of(place).hint(
                    "deregister that first, or delete the bundle all the same with --force",
                ));
            }
        }
        Ok((s3, manifest))
    };
    let (s3, manifest) = tokio::select! {
        biased;
        _ = context.interrupt.arrived() => return Ok(()),
        looked = looking => looked?,
    };
    let parts = &manifest.image.parts;
    if context.args.flag("dry-run") {
        let text = format!("would delete {place} and {} parts", parts.len());
        context.progress.hint(&text);
        context.done();
        return Ok(());
    }
    s3.delete(&place.bucket, std::slice::from_ref(&place.key))
        .await?;
    let keys: Vec<String> = parts
        .iter()
        .map(|part| place.beside(&part.file_name).key)
        .collect();
    s3.delete(&place.bucket, &keys).await.map_err(|error| {
        let (bucket, first) = (&place.bucket, place.beside(&manifest.image.name));
        error.adding(&format!(
            "the manifest is gone, and parts may be left: aws s3 rm --recursive s3://{bucket}/ --exclude '*' \
             --include {}",
            shell_word(&format!("{}.part.*", first.key))
        ))
    })?;
    let record = Record {
        at: Some(place.to_string()),
        manifest: &manifest,
        file: None,
    };
    record.print(context);
    Ok(())
}
