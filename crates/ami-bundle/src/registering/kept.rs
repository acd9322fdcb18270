//! What S3 has: the manifest, and what is kept beside it.

use ami_bundle_format::Manifest;
use ami_bundle_format::manifest::MOST_BYTES;
use ami_core::app::Context;
use ami_core::error::{Error, Fault, Kind};
use ami_core::name;
use ami_core::s3::{Place, S3};

/// Refuses a bundle of another region: EC2 would only say that it finds nothing.
pub(crate) async fn check_region(context: &Context, s3: &S3, place: &Place) -> Result<(), Error> {
    let here = s3.region();
    let told = match s3.region_of(&place.bucket).await {
        // Who may read the manifest need not be allowed to ask for its bucket.
        Err(error) if error.fault() == Fault::Final => {
            let text = format!("the region of the bucket is not known: {error}");
            context.progress.trace(&text);
            return Ok(());
        }
        told => told?,
    };
    match told {
        Some(region) if region == *here => Ok(()),
        Some(region) => Err(Error::usage(format!(
            "the bucket lies in {region}, and the image would lie in {here}"
        ))
        .hint(format!("work there with -r {region}"))
        .of(place)),
        None => {
            let what = format!("there is no bucket '{}'", place.bucket);
            Err(Error::new(Kind::NotFound, what).of(place))
        }
    }
}

/// Reads a manifest.
pub(crate) async fn manifest(s3: &S3, place: &Place) -> Result<Manifest, Error> {
    let bytes = s3.get(place, MOST_BYTES).await?;
    Manifest::parse(&bytes).map_err(|why| Error::failed(why.to_string()).of(place))
}

/// The description that was kept beside a manifest. One that EC2 would refuse is left out.
pub(crate) async fn description(
    context: &Context,
    s3: &S3,
    place: &Place,
) -> Result<Option<String>, Error> {
    let seen = s3.look(place).await?;
    let Some(text) = seen.and_then(|seen| seen.description) else {
        return Ok(None);
    };
    match name::parse_description(&text) {
        Ok(text) => Ok(Some(text)),
        Err(why) => {
            let text = format!("{place}: what is kept beside it is not taken: {why}");
            context.progress.hint(&text);
            Ok(None)
        }
    }
}
