//! Images of snapshots that are there.

use std::time::{Duration, Instant};

use ami_core::app::Context;
use ami_core::ec2::{Attributes, Ec2, Registered, Snapshot as Described};
use ami_core::error::Error;
use ami_core::heritage::{Said, Testimony};
use ami_core::image::Image;
use ami_core::output::Record;
use ami_core::reference::{Located, Reference};
use ami_core::resource::State;
use ami_core::tag::Heritage;
use ami_core::wait::{Rules, Waiter, say_how_to_go_on};

use crate::handover::hand_over;
use crate::origin::source_image;
use crate::plan::{Plan, Root, Snapshot};
use crate::record::Made;
use crate::register::Register;
use crate::run::until_stopped;

/// The pause before EC2 is asked for a snapshot again that it does not know.
const PAUSE: Duration = Duration::from_secs(1);
/// What a snapshot must be to be registered.
const COMPLETED: &str = "completed";

/// Registers a snapshot.
pub(crate) async fn run<R: Record>(
    context: &Context,
    request: &Register,
    snapshot: Reference,
    show: &impl Fn(Made) -> R,
) -> Result<(), Error> {
    if request.source_image.is_none() {
        request.machine.decide_for_snapshot(None)?;
    }
    let located = context.session.locate(snapshot).await?;
    let prepared = until_stopped(context, prepare(context, request, &located)).await;
    let Some(prepared) = prepared else {
        return Ok(());
    };
    let (plan, described) = prepared?;
    let root = Root::Snapshot(Snapshot {
        id: described.id.clone(),
        size: described.size,
        is_encrypted: described.is_encrypted,
        blocks: None,
    });
    if request.dry_run {
        let how = if described.is_encrypted {
            " (encrypted)"
        } else {
            ""
        };
        let of = format!("{}{how}, which is {},", located.id, described.state);
        return match until_stopped(context, plan.rehearse(&root, &of)).await {
            None => Ok(()),
            Some(rehearsed) => rehearsed.map_err(|error| error.of(&located.id)),
        };
    }
    if described.state.as_str() != COMPLETED && !wait(context, &described.state, &located).await? {
        return Ok(());
    }
    let made = plan.register(&root).await;
    let made = made.map_err(|error| error.of(&located.id))?;
    hand_over(context, &request.wait, made, show).await;
    Ok(())
}

async fn prepare<'a>(
    context: &'a Context,
    request: &'a Register,
    located: &Located,
) -> Result<(Plan<'a>, Described), Error> {
    let ec2 = context.session.ec2(&located.region).await;
    let source = source_image(context, request).await?;
    let attributes = source
        .as_ref()
        .map(|(_, registered)| &registered.attributes);
    let mut decided = request.machine.decide_for_snapshot(attributes)?;
    for reason in &decided.reasons {
        context.progress.trace(reason);
    }
    if let Some((source, registered)) = &source {
        carry_variables(context, &mut decided.attributes, source, registered).await;
    }
    let described = describe(&ec2, located).await?;
    let mut plan = Plan::new(context, request, ec2, source.as_ref().map(|(at, _)| at));
    plan.take_root_device(source.as_ref().map(|(_, registered)| registered))?;
    let name = located.id.to_string();
    plan.volumes.check_size(described.size, &name)?;
    plan.request.name.check_free(&plan.ec2).await?;
    plan.machine = decided.attributes;
    plan.source_snapshot = Some(located.id.clone());
    complete(&mut plan.heritage, &described, located);
    Ok((plan, described))
}

/// Takes the variables of the firmware from the source image, where nobody has said others and the new
/// image starts as that one does. Keys of Secure Boot are among them.
async fn carry_variables(
    context: &Context,
    machine: &mut Attributes,
    source: &Located,
    registered: &Registered,
) {
    let mode = machine.boot_mode.as_deref().unwrap_or_default();
    let is_alike = machine.boot_mode == registered.attributes.boot_mode;
    if machine.uefi_data.is_some() || !is_alike || !mode.starts_with("uefi") {
        return;
    }
    let ec2 = context.session.ec2(&source.region).await;
    match ec2.uefi_data(&source.id).await {
        Ok(data) => machine.uefi_data = data,
        Err(error) => {
            let text = format!(
                "the variables of its UEFI firmware are not taken from {}: {error}",
                source.id
            );
            // EC2 tells them to the owner of the image only, which is no mistake of the user's.
            match error.code() {
                Some("AuthFailure") => context.progress.trace(&text),
                _ => context.progress.hint(&text),
            }
        }
    }
}

/// Describes a snapshot, which may have been made a moment ago.
async fn describe(ec2: &Ec2, located: &Located) -> Result<Described, Error> {
    let start = Instant::now();
    loop {
        let found = ec2.snapshot(&located.id).await;
        match found.map_err(|error| error.of(&located.id))? {
            Some(found) => return Ok(found),
            None if start.elapsed() < ec2.fresh() => tokio::time::sleep(PAUSE).await,
            None => return Err(Error::not_found(located, "")),
        }
    }
}

/// Where the snapshot comes from, as its own tags say, unless the user has said it.
fn complete(heritage: &mut Heritage, described: &Described, located: &Located) {
    if heritage.source_image.is_some() {
        return;
    }
    // The tags of a snapshot are those of the image that it was made with.
    let mut bearer = Image::bare(described.id.clone(), State::new(COMPLETED));
    bearer.tags.clone_from(&described.tags);
    let testimony = Testimony::of(&bearer);
    heritage.source_region = Some(located.region.clone());
    if let Said::Word(source) = testimony.source_image {
        let tagged = testimony.source_region.word().cloned();
        let region = source.region.or(tagged);
        heritage.source_image = Some(source.id);
        heritage.source_region = region.or_else(|| Some(located.region.clone()));
    }
}

/// Waits until a snapshot is complete; false when the tool was asked to stop before.
async fn wait(context: &Context, state: &State, located: &Located) -> Result<bool, Error> {
    let text = format!(
        "{} is {state}, and is registered when it is {COMPLETED}",
        located.id
    );
    context.progress.hint(&text);
    let mut waiter = Waiter::new(context, Rules::default());
    waiter.add(located.clone(), COMPLETED).await;
    match until_stopped(context, waiter.next()).await {
        Some(Some(event)) => event.result.map(|_| true),
        _ => {
            say_how_to_go_on(context, &[], std::slice::from_ref(located), None);
            Ok(false)
        }
    }
}
