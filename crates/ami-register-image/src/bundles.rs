//! Images of bundles in S3, which EC2 reads itself.

use ami_core::app::Context;
use ami_core::error::Error;

use crate::handover::hand_over;
use crate::origin::source_image;
use crate::plan::{Plan, Root};
use crate::request::Register;
use crate::until_stopped;

/// What starts an image without a snapshot (EC2 User Guide, "Create an instance store-backed AMI").
const MACHINES: &str =
    "only machines of the types C1, C3, D2, I2, M1, M2, M3, R3 and X1 start images of bundles";

/// Registers a bundle.
pub(crate) async fn run(context: &Context, request: &Register, place: String) -> Result<(), Error> {
    let Some(prepared) = until_stopped(context, prepare(context, request)).await else {
        return Ok(());
    };
    let plan = prepared?;
    context.progress.hint(MACHINES);
    let shown = format!("s3://{place}");
    let root = Root::Bundle(place);
    if request.dry_run {
        return match until_stopped(context, plan.rehearse(&root, &shown)).await {
            None => Ok(()),
            Some(rehearsed) => rehearsed.map_err(|error| error.of(&shown)),
        };
    }
    let made = plan
        .register(&root)
        .await
        .map_err(|error| error.of(&shown))?;
    hand_over(context, &request.wait, made).await;
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
