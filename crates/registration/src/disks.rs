//! Images of disks: uploaded into a snapshot, and registered as soon as that is complete.

use std::sync::atomic::Ordering;

use ami_blocks::journal::Journal;
use ami_blocks::upload::{self, Uploaded, upload};
use ami_core::app::Context;
use ami_core::cleanup::Stack;
use ami_core::ebs::Ebs;
use ami_core::ec2::Attributes;
use ami_core::error::{Error, Fault};
use ami_core::output::Record;

use crate::earlier;
use crate::ena;
use crate::handover::hand_over;
use crate::needed;
use crate::opened::{Opened, open};
use crate::origin::source_image;
use crate::plan::{Plan, Root, Snapshot};
use crate::record::{self, Made};
use crate::register::Register;
use crate::rehearsal::rehearse;
use crate::run::until_stopped;
use crate::source::{Source, removal};

/// Uploads a disk, and registers it.
pub(crate) async fn run<R: Record>(
    context: &Context,
    request: &mut Register,
    source: Source,
    show: &impl Fn(Made) -> R,
) -> Result<(), Error> {
    let Some(mut opened) = open(context, request, source).await? else {
        return Ok(());
    };
    if !request.snapshot_only {
        let has_source_image = request.source_image.is_some();
        let checked = request.machine.check(&opened.evidence, has_source_image);
        checked.map_err(|error| error.of(&opened.name))?;
    }
    let region = context.session.region().await?;
    request.sending.check_region(&region)?;
    let parent = request.sending.parent(&region)?;
    let request = &*request;
    if context.output_is_gone() {
        return Ok(());
    }
    if let Some(parent) = &parent {
        let id = &parent.snapshot;
        let asked = until_stopped(context, needed::size_of_parent(context, &region, id)).await;
        let Some(size) = asked else {
            return Ok(());
        };
        let size = size?;
        request.volumes.check_size(size, &id.to_string())?;
        opened.size = opened.size.max(size);
    }
    if let (Some(journal), true) = (&opened.journal, request.dry_run) {
        earlier::say_that_one_is_left(context, journal);
    }
    let prepared = until_stopped(context, prepare(context, request, &opened)).await;
    let Some(prepared) = prepared else {
        return Ok(());
    };
    let mut plan = match prepared? {
        Prepared::New(plan) => plan,
        Prepared::Found(made, journal) => {
            hand_over(context, &request.wait, *made, show).await;
            forget(context, journal.forget());
            return Ok(());
        }
    };
    if request.dry_run {
        let rehearsed = until_stopped(context, rehearse(&plan, &opened, parent.is_some())).await;
        return rehearsed.unwrap_or(Ok(()));
    }
    let name = opened.name.clone();
    let size = opened.size;
    let driver = opened.ena;
    let sending = &request.sending;
    let wanted = upload::Request {
        source: opened.source,
        size,
        least: opened.least,
        description: request.description.clone(),
        tags: plan.tags(),
        run: plan.run.clone(),
        encrypt: sending.encrypt,
        kms_key: sending.kms_key(),
        parent,
        skip_holes: sending.skip_holes,
        calls: sending.calls,
        rate: sending.rate,
        journal: opened.journal,
        save_digests: sending.save_digests.clone(),
    };
    let has_journal = wanted.journal.as_ref().is_some_and(|path| path.exists());
    let ebs: Ebs = context.session.ebs(&region).await;
    let uploaded = upload(context, &plan.ec2, &ebs, wanted).await?;
    let put = uploaded.put;
    let text = format!("{}: this run has put {put} blocks", uploaded.snapshot);
    context.progress.trace(&text);
    if let Some(driver) = &driver {
        let has_driver = driver.load(Ordering::Acquire);
        let words = ena::settle(&mut plan.machine, &request.machine, has_driver);
        if let Some(text) = words {
            context.progress.hint(&format!("{name}: {text}"));
        }
    }
    let snapshot = Snapshot {
        id: uploaded.snapshot.clone(),
        size,
        is_encrypted: uploaded.is_encrypted,
        blocks: Some(uploaded.blocks),
    };
    if request.snapshot_only {
        let made = match has_journal {
            true => earlier::snapshot(&plan, &snapshot).await,
            false => plan.made_snapshot(&snapshot),
        };
        let _ = context.print(&record::Snapshot(&made)).await;
        context.done();
        forget(context, uploaded.forget());
        return Ok(());
    }
    register(&plan, snapshot, uploaded, &name, show).await
}

/// What is known before anything is made.
enum Prepared<'a> {
    /// There is an image to be made.
    New(Box<Plan<'a>>),
    /// An earlier run has made it, and left its journal.
    Found(Box<Made>, Journal),
}

/// All that is asked before anything is made.
async fn prepare<'a>(
    context: &'a Context,
    request: &'a Register,
    opened: &Opened,
) -> Result<Prepared<'a>, Error> {
    let region = context.session.region().await?;
    let ec2 = context.session.ec2(&region).await;
    let source = source_image(context, request).await?;
    let located = source.as_ref().map(|(located, _)| located);
    let attributes = source
        .as_ref()
        .map(|(_, registered)| &registered.attributes);
    let mut plan = Plan::new(context, request, ec2, located);
    if request.snapshot_only {
        return Ok(Prepared::New(Box::new(plan)));
    }
    plan.machine = decide(context, request, opened, attributes)?;
    if opened.ena.is_some() {
        ena::postpone(&mut plan.machine, &request.machine);
    }
    plan.take_root_device(source.as_ref().map(|(_, registered)| registered))?;
    if let (Some(journal), upload::Source::Disk(disk)) = (&opened.journal, &opened.source)
        && !request.dry_run
    {
        let found = earlier::image(&plan.ec2, journal, disk, &request.name).await?;
        if let Some((image, journal, record)) = found {
            let text = format!(
                "{} was registered by an earlier run, of the snapshot {}",
                image.id, record.header.snapshot.id
            );
            context.progress.hint(&text);
            return Ok(Prepared::Found(
                Box::new(plan.found(image, &record)),
                journal,
            ));
        }
    }
    plan.request.name.check_free(&plan.ec2).await?;
    needed::check_mapped(&plan.ec2, &plan.volumes).await?;
    Ok(Prepared::New(Box::new(plan)))
}

fn decide(
    context: &Context,
    request: &Register,
    opened: &Opened,
    source: Option<&Attributes>,
) -> Result<Attributes, Error> {
    let decided = request.machine.decide(&opened.evidence, source);
    let decided = decided.map_err(|error| error.of(&opened.name))?;
    for warning in &decided.warnings {
        let text = format!("{}: {warning}", opened.name);
        context.progress.hint(&text);
    }
    for reason in &decided.reasons {
        let text = format!("{}: {reason}", opened.name);
        context.progress.trace(&text);
    }
    Ok(decided.attributes)
}

/// Registers the snapshot that a disk has become. One that does not become an image is deleted,
/// unless another run can go on from it.
async fn register<R: Record>(
    plan: &Plan<'_>,
    snapshot: Snapshot,
    uploaded: Uploaded,
    name: &str,
    show: &impl Fn(Made) -> R,
) -> Result<(), Error> {
    let context = plan.context;
    let id = snapshot.id.clone();
    let by_hand = removal(&id, plan.ec2.region());
    let mut stack = Stack::new();
    if !uploaded.is_kept() {
        let undo = plan.ec2.delete_snapshot(&id);
        stack.push(format!("snapshot {id}"), by_hand.clone(), undo);
    }
    if context.interrupt.seen().is_some() {
        match uploaded.is_kept() {
            true => context.progress.hint(&kept(&id.to_string(), &by_hand)),
            false => context
                .progress
                .hint(&format!("deleting {id}, of which no image is made")),
        }
        clean_up(context, stack).await;
        return Ok(());
    }
    match plan.register(&Root::Snapshot(snapshot)).await {
        Ok(made) => {
            hand_over(context, &plan.request.wait, made, show).await;
            forget(context, uploaded.forget());
            Ok(())
        }
        // There may be an image that needs it.
        Err(error) if error.fault() == Fault::Uncertain => {
            Err(error.of(name).adding(&match uploaded.is_kept() {
                true => format!("the same command finds it, or goes on from {id}"),
                false => format!("if there is none, nothing needs its snapshot: {by_hand}"),
            }))
        }
        Err(error) if uploaded.is_kept() => {
            Err(error.of(name).adding(&kept(&id.to_string(), &by_hand)))
        }
        Err(error) => {
            clean_up(context, stack).await;
            Err(error.of(name))
        }
    }
}

fn kept(id: &str, by_hand: &str) -> String {
    format!(
        "{id} is complete and kept for the same command to go on from; without that it is to be deleted: {by_hand}"
    )
}

/// Removes what is of no use any more, and names what stays.
async fn clean_up(context: &Context, stack: Stack<'_>) {
    for left in stack.unwind().await {
        let text = format!(
            "{} is still there: {}; delete it: {}",
            left.what, left.error, left.by_hand
        );
        context.progress.insist(&text);
    }
}

/// What was made is the user's, so that no other run has to go on from the journal.
fn forget(context: &Context, forgotten: Result<(), Error>) {
    if let Err(error) = forgotten {
        context.progress.hint(&error.to_string());
    }
}
