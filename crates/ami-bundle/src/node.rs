//! `ami-bundle node`: a running machine, bundled through ssh, sent to S3 and registered.
//!
//! * [`request`]: what is asked for; `settings` and `phases` are parts of it.
//! * [`launch`] makes a node for this where none is named, and ends it.
//! * `ssh` starts the system's ssh; `place` is the directory on the node, held by a connection of its
//!   own whose end removes it; `install` puts the program and its order there; `talk` speaks with it;
//!   `pulse` tells both that this side is still there. A dry run only looks, with `probe`.
//!
//! Invariant: the node is told neither AWS keys nor the private key. It gets leave to put a part, and to
//! delete that part again, when the part is there.

mod hosts;
mod install;
mod launch;
mod phases;
mod place;
mod probe;
mod program;
mod pulse;
mod request;
mod settings;
mod ssh;
mod talk;
mod upload;

use ami_bundle_format::name;
use ami_bundle_node::protocol::Request as Work;
use ami_core::app::Context;
use ami_core::error::Error;
use ami_core::escape::escape;
use ami_registration::until_stopped;

use crate::record::Record;
use crate::registering;
use hosts::{Known, Target};
use phases::Phase;
use place::Place;
use request::Request;
use ssh::Ssh;

pub(crate) use settings::with_settings;

/// Runs the verb.
pub(crate) async fn run(context: &Context) -> Result<(), Error> {
    let Some(request) = until_stopped(context, Request::read(context)).await else {
        return Ok(());
    };
    let mut request = request?;
    if context.output_is_gone() {
        return Ok(());
    }
    let Some(prepared) = until_stopped(context, request.prepare(context)).await else {
        return Ok(());
    };
    prepared?;
    if request.is_dry_run && request.phases.needs_node() {
        if let Some(rehearsed) = until_stopped(context, rehearse(context, &request)).await {
            rehearsed?;
            context.progress.hint(&request.would());
            context.done();
        }
        return Ok(());
    }
    if request.phases.needs_node() {
        let worked = match request.target.clone() {
            Target::New(launch) => launch::run(context, &mut request, &launch).await?,
            Target::Known(known) => on_known(context, &mut request, &known).await?,
        };
        if !worked {
            return Ok(());
        }
    }
    if request.phases.has(Phase::Register) {
        return register(context, request).await;
    }
    if request.is_dry_run {
        context.progress.hint(&request.would());
    }
    context.done();
    Ok(())
}

/// Looks whether there is a node, or would be.
async fn rehearse(context: &Context, request: &Request) -> Result<(), Error> {
    match &request.target {
        Target::New(launch) => launch::rehearse(context, launch).await,
        Target::Known(known) => {
            let host = hosts::find(context, request, known).await?;
            probe::probe(&Ssh::new(request, host), request).await
        }
    }
}

async fn on_known(context: &Context, request: &mut Request, known: &Known) -> Result<bool, Error> {
    let found = until_stopped(context, hosts::find(context, request, known)).await;
    let Some(host) = found else { return Ok(false) };
    let ssh = Ssh::new(request, host?);
    on_node(context, request, &ssh).await
}

/// All that is done on the node, and the end of it. False when the tool was stopped.
async fn on_node(context: &Context, request: &mut Request, ssh: &Ssh) -> Result<bool, Error> {
    let Some(place) = Place::open(context, ssh, &request.phases).await? else {
        return Ok(false);
    };
    let prepared = match request.target.clone() {
        Target::New(launch) => launch::prepare(context, &launch, ssh, &place).await,
        Target::Known(_) => Ok(true),
    };
    let worked = match prepared {
        Ok(true) => phases_of_node(context, request, ssh, &place).await,
        other => other,
    };
    let is_right = matches!(worked, Ok(true));
    let stays = is_right && !request.phases.has(Phase::Cleanup);
    let closed = place.close(context, ssh, stays, is_right).await;
    let worked = worked?;
    closed?;
    Ok(worked)
}

async fn phases_of_node(
    context: &Context,
    request: &mut Request,
    ssh: &Ssh,
    place: &Place,
) -> Result<bool, Error> {
    let phases = request.phases.clone();
    if phases.has(Phase::Install) {
        let program = request.program(&place.machine)?;
        let work = install::program(ssh, place, &program);
        match until_stopped(context, work).await {
            Some(done) => done?,
            None => return Ok(false),
        }
    }
    if phases.has(Phase::Configure) {
        let order = request.order();
        match until_stopped(context, install::order(ssh, place, &order)).await {
            Some(done) => done?,
            None => return Ok(false),
        }
    }
    let work = match (phases.has(Phase::Bundle), phases.has(Phase::Upload)) {
        (true, true) => Work::Send,
        (true, false) => Work::Keep,
        (false, true) => Work::Upload,
        (false, false) => return Ok(true),
    };
    if matches!(work, Work::Keep) {
        let made = talk::keep(context, request, ssh, place).await?;
        if let Some(done) = &made {
            context.progress.hint(&format!(
                "the bundle, of {} parts and {} bytes, waits in {} on {}",
                done.parts.len(),
                done.bundled_size,
                place.directory,
                escape(&ssh.host)
            ));
        }
        return Ok(made.is_some());
    }
    let Some(manifest) = upload::run(context, request, ssh, place, work).await? else {
        return Ok(false);
    };
    if !phases.has(Phase::Register) {
        let record = Record {
            at: request.manifest_place().map(|place| place.to_string()),
            manifest: &manifest,
            file: None,
        };
        record.print(context);
    }
    Ok(true)
}

async fn register(context: &Context, request: Request) -> Result<(), Error> {
    let Some(bucket) = &request.bucket else {
        return Ok(());
    };
    let place = bucket.place.below(&name::manifest_name(&request.name));
    let shown = place.to_string();
    let registered = registering::at(context, place, request.register).await;
    registered.map_err(|error| {
        error.hint(format!(
            "the bundle stays in S3: 'ami-bundle register {0}' registers it, 'ami-bundle delete {0}' deletes it",
            ami_core::escape::shell_word(&shown)
        ))
    })
}
