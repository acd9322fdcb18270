//! Images of bundles in S3, which EC2 reads itself.

use ami_core::app::Context;
use ami_core::error::Error;
use ami_core::escape::shell_word;
use ami_core::output::Record;
use ami_core::s3::Place;

use crate::handover::hand_over;
use crate::origin::source_image;
use crate::plan::{Plan, Root};
use crate::record::Made;
use crate::register::Register;
use crate::run::until_stopped;

/// What starts an image without a snapshot (EC2 User Guide, "Create an instance store-backed AMI").
const MACHINES: &str =
    "only machines of the types C1, C3, D2, I2, M1, M2, M3, R3 and X1 start images of bundles";

/// EC2's word for a manifest that it cannot read (public threads quote its messages).
const REFUSED: &str = "InvalidManifest";

/// Registers a bundle.
pub(crate) async fn run<R: Record>(
    context: &Context,
    request: &Register,
    place: &Place,
    show: &impl Fn(Made) -> R,
) -> Result<(), Error> {
    let Some(prepared) = until_stopped(context, prepare(context, request)).await else {
        return Ok(());
    };
    let plan = prepared?;
    context.progress.hint(MACHINES);
    let root = Root::Bundle(place.location());
    if request.dry_run {
        return match until_stopped(context, plan.rehearse(&root, &place.to_string())).await {
            None => Ok(()),
            Some(rehearsed) => rehearsed.map_err(|error| error.of(place)),
        };
    }
    let made = plan
        .register(&root)
        .await
        .map_err(|error| explain(error, place))?;
    hand_over(context, &request.wait, made, show).await;
    Ok(())
}

async fn prepare<'a>(context: &'a Context, request: &'a Register) -> Result<Plan<'a>, Error> {
    let region = context.session.region().await?;
    let ec2 = context.session.ec2(&region).await;
    let source = source_image(context, request).await?;
    let source = source.as_ref().map(|(located, _)| located);
    let mut plan = Plan::new(context, request, ec2, source);
    plan.request.name.check_free(&plan.ec2).await?;
    plan.machine = request.machine.for_bundle();
    Ok(plan)
}

/// Says what EC2 lacks that cannot read a manifest or a part: it answers with what S3 has answered to it.
fn explain(error: Error, place: &Place) -> Error {
    let is_forbidden = error.code() == Some(REFUSED) && error.what().contains("HTTP 403");
    if !is_forbidden {
        return error.of(place);
    }
    let key = shell_word(forbidden_key(error.what(), &place.bucket).unwrap_or(&place.key));
    error.of(place).hint(format!(
        "EC2 may not read it: manifest and parts need the ACL aws-exec-read and no key of KMS, as 'ami-bundle \
         upload' puts them; the ACL by hand: aws s3api put-object-acl --acl aws-exec-read --bucket {} --key {key}",
        place.bucket
    ))
}

/// The key in the address that EC2 was refused, which may be that of a part.
fn forbidden_key<'a>(what: &'a str, bucket: &str) -> Option<&'a str> {
    let (_, rest) = what.split_once(&format!("/{bucket}/"))?;
    let key = rest.split(": check").next()?.trim_end();
    (!key.is_empty()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::forbidden_key;

    #[test]
    fn the_key_is_that_which_ec2_was_refused() {
        let what = "HTTP 403 response for URL http://s3.amazonaws.com:80/web/a/x y.part.0: check your ACLs";
        assert_eq!(forbidden_key(what, "web"), Some("a/x y.part.0"));
        assert_eq!(forbidden_key(what, "other"), None);
    }
}
