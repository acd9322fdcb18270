//! `ami-create-image`: create images of instances, tagged with where they came from.

mod create;
mod describe;
mod handover;
mod record;
mod request;
pub mod spec;

use std::collections::{BTreeSet, VecDeque};
use std::ffi::OsString;
use std::pin::Pin;
use std::process::ExitCode;
use std::rc::Rc;

use ami_core::app::{self, Context};
use ami_core::chance;
use ami_core::error::Error;
use ami_core::id::Kind;
use ami_core::input::Operands;
use ami_core::naming::Naming;
use ami_core::reference::{Located, Reference};
use ami_core::tag;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use create::Plan;
use describe::describe;
use handover::Handover;
use record::Made;
use request::Request;

/// Images that are begun at once in a run. EC2 lets a burst of fifty such calls pass, and five a
/// second after that (EC2 API Reference, "Request throttling").
const AT_ONCE: usize = 10;

/// Runs the tool from the words after its name.
pub fn main(words: Vec<OsString>) -> ExitCode {
    app::main(&spec::SPEC, words, run)
}

async fn run(context: &Context) -> Result<(), Error> {
    let request = Request::read(&context.args)?;
    let mut operands = Operands::new(context.args.operands(), &[Kind::Instance])?;
    let first = match request.name {
        Naming::Explicit(_) => tokio::select! {
            biased;
            _ = context.interrupt.arrived() => return Ok(()),
            only = the_only_one(context, &mut operands) => Some(only?),
        },
        Naming::Automatic(_) => None,
    };
    let mut run = Run {
        context,
        request: &request,
        run: chance::run_id().into(),
        seen: BTreeSet::new(),
        steps: FuturesUnordered::new(),
        plans: VecDeque::new(),
        under_way: 0,
        handover: Handover::new(context, request.wait.as_ref(), request.typed.clone()),
        has_warned: false,
    };
    if let Some(batch) = first {
        run.begin(batch).await;
    }
    run.drive(operands).await
}

/// A name can be given to one image only, so all of standard input is read before anything is
/// called.
async fn the_only_one(
    context: &Context,
    operands: &mut Operands,
) -> Result<Vec<Result<Reference, Error>>, Error> {
    let mut all = Vec::new();
    while let Some(batch) = operands.next().await? {
        all.extend(batch);
    }
    let mut instances = BTreeSet::new();
    for reference in all.iter().flatten() {
        instances.insert(context.session.locate(reference.clone()).await?);
    }
    if instances.len() > 1 {
        return Err(Error::usage(format!(
            "--name is for one instance, and {} are named; --random-name-prefix names them all",
            instances.len()
        )));
    }
    Ok(all)
}

/// Something that was waited for has come.
enum Step {
    /// Instances are described, or not.
    Described(Vec<Result<Plan, Error>>),
    /// EC2 has accepted an image, or not.
    Made(Box<Result<Made, Error>>),
    /// EC2 would accept an image, or not.
    Rehearsed(Result<String, Error>),
}

struct Run<'a> {
    context: &'a Context,
    request: &'a Request,
    /// The UUID that marks all that this run makes.
    run: Rc<str>,
    seen: BTreeSet<Located>,
    steps: FuturesUnordered<Pin<Box<dyn Future<Output = Step> + 'a>>>,
    plans: VecDeque<Plan>,
    under_way: usize,
    handover: Handover<'a>,
    /// Was the user told what a stop waits for?
    has_warned: bool,
}

impl<'a> Run<'a> {
    async fn drive(mut self, mut operands: Operands) -> Result<(), Error> {
        let interrupt = &self.context.interrupt;
        let mut reading = true;
        loop {
            let stopping = interrupt.seen().is_some() || self.context.output_is_gone();
            reading &= !stopping;
            if stopping {
                self.drop_plans();
                // What EC2 has accepted is printed now: a second signal would lose it.
                self.handover.stop_waiting().await;
                if self.under_way == 0 {
                    self.handover.say_how_to_go_on();
                    return Ok(());
                }
                self.warn();
            }
            self.start_plans();
            if !reading && self.steps.is_empty() && self.handover.is_empty() {
                return Ok(());
            }
            tokio::select! {
                biased;
                _ = interrupt.arrived(), if !stopping => {}
                Some(step) = self.steps.next(), if !self.steps.is_empty() => {
                    self.take(step).await;
                }
                Some(event) = self.handover.next(), if !self.handover.is_empty() => {
                    self.handover.settle(event).await;
                }
                batch = operands.next(), if reading => match batch {
                    Ok(Some(batch)) => self.begin(batch).await,
                    Ok(None) => reading = false,
                    // What is begun already is finished all the same.
                    Err(error) => {
                        self.context.fail(&error);
                        reading = false;
                    }
                },
            }
        }
    }

    /// Describes new instances, one call a region.
    async fn begin(&mut self, batch: Vec<Result<Reference, Error>>) {
        let regions = self.context.locate_new(batch, &mut self.seen).await;
        for (region, ids) in regions {
            let gateway = self.context.session.ec2(&region).await;
            let run = Rc::clone(&self.run);
            let request = self.request;
            self.steps.push(Box::pin(async move {
                if let Err(error) = request.name.check_free(&gateway).await {
                    return Step::Described(vec![Err(error)]);
                }
                Step::Described(describe(gateway, ids, run).await)
            }));
        }
    }

    fn start_plans(&mut self) {
        while self.under_way < AT_ONCE
            && let Some(plan) = self.plans.pop_front()
        {
            self.under_way += 1;
            let request = self.request;
            self.steps.push(Box::pin(async move {
                if request.dry_run {
                    return Step::Rehearsed(plan.rehearse(request).await);
                }
                Step::Made(Box::new(plan.carry_out(request).await))
            }));
        }
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Described(plans) => {
                for plan in plans {
                    match plan {
                        Ok(plan) => self.plans.push_back(plan),
                        Err(error) => self.context.fail(&error),
                    }
                }
                return;
            }
            Step::Made(made) => match *made {
                Ok(made) => self.handover.take(made).await,
                Err(error) => self.context.fail(&error),
            },
            Step::Rehearsed(Ok(text)) => {
                self.context.progress.hint(&text);
                self.context.done();
            }
            Step::Rehearsed(Err(error)) => self.context.fail(&error),
        }
        self.under_way -= 1;
    }

    /// Says why the run does not stop at once: EC2 may have begun an image already.
    fn warn(&mut self) {
        if !std::mem::replace(&mut self.has_warned, true) {
            let text = format!(
                "waiting for EC2's answer to what was begun; a second signal stops at once, and what \
                 EC2 has made then bears the tag {}={}",
                tag::RUN,
                self.run
            );
            self.context.progress.hint(&text);
        }
    }

    /// Gives up what has not been begun, and says so.
    fn drop_plans(&mut self) {
        let names: Vec<_> = self
            .plans
            .drain(..)
            .map(|plan| plan.instance.id.to_string())
            .collect();
        if !names.is_empty() {
            let text = format!("stopped before making an image of {}", names.join(", "));
            self.context.progress.hint(&text);
        }
    }
}
