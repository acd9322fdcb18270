//! One run: describes, tags and looks, many images at once.
//!
//! When it is asked to stop it begins nothing more; what EC2 was asked for is finished, looked at
//! once and printed. Tagging again does no harm, so the same command finishes the rest.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::pin::Pin;
use std::rc::Rc;

use ami_core::app::Context;
use ami_core::error::Error;
use ami_core::image::Image;
use ami_core::input::Operands;
use ami_core::reference::{Located, Reference};
use ami_core::region::Region;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::call::{Call, calls};
use crate::describe::describe;
use crate::plan::Plan;
use crate::record::Tagged;
use crate::request::Request;
use crate::shared::Shared;
use crate::showing::Showing;

/// Calls that are under way at once. EC2 lets a burst of a hundred CreateTags pass, and ten a second
/// after that (EC2 API Reference, "Request throttling").
const AT_ONCE: usize = 10;

/// Something that was waited for has come.
enum Step {
    /// Images are described, or not.
    Described(Vec<Result<Plan, Error>>),
    /// EC2 has set tags, or would set them, or not.
    Answered(Call, Result<(), Error>),
    /// It is time to look at the images of a region.
    Due(Region),
    /// EC2 was asked what it shows of the images of a region.
    Looked(Region, Result<Vec<Image>, Error>),
}

pub(crate) struct Run<'a> {
    context: &'a Context,
    request: &'a Request,
    seen: BTreeSet<Located>,
    /// Descriptions that are under way.
    describing: usize,
    shared: Shared,
    steps: FuturesUnordered<Pin<Box<dyn Future<Output = Step> + 'a>>>,
    calls: VecDeque<Call>,
    under_way: usize,
    showing: BTreeMap<Region, Showing>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(context: &'a Context, request: &'a Request) -> Self {
        Self {
            context,
            request,
            seen: BTreeSet::new(),
            describing: 0,
            shared: Shared::default(),
            steps: FuturesUnordered::new(),
            calls: VecDeque::new(),
            under_way: 0,
            showing: BTreeMap::new(),
        }
    }

    /// Acts on all operands.
    pub(crate) async fn drive(mut self, mut operands: Operands) -> Result<(), Error> {
        let interrupt = &self.context.interrupt;
        let mut reading = true;
        loop {
            let stopping = interrupt.seen().is_some() || self.context.output_is_gone();
            reading &= !stopping;
            if stopping {
                self.drop_calls();
                self.drop_showing();
            }
            self.start_calls();
            self.start_looks();
            if !reading && self.steps.is_empty() {
                return Ok(());
            }
            if stopping && self.under_way == 0 && self.showing.values().all(Showing::is_empty) {
                // What is still being described was not changed, and will not be.
                return Ok(());
            }
            tokio::select! {
                biased;
                _ = interrupt.arrived(), if !stopping => {}
                Some(step) = self.steps.next(), if !self.steps.is_empty() => self.take(step).await,
                batch = operands.next(), if reading && self.may_begin() => match batch {
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

    /// May more images be described now? Of two that share a snapshot the one that is named first has
    /// it, also where the other would be described sooner.
    fn may_begin(&self) -> bool {
        self.describing == 0 || !self.request.with_snapshots
    }

    /// Describes new images, one call a region.
    async fn begin(&mut self, batch: Vec<Result<Reference, Error>>) {
        let regions = self.context.locate_new(batch, &mut self.seen).await;
        for (region, ids) in regions {
            let gateway = self.context.session.ec2(&region).await;
            let request = self.request;
            self.describing += 1;
            self.steps.push(Box::pin(async move {
                Step::Described(describe(gateway, ids, request).await)
            }));
        }
    }

    fn start_calls(&mut self) {
        while self.under_way < AT_ONCE
            && let Some(call) = self.calls.pop_front()
        {
            self.under_way += 1;
            let is_rehearsal = self.request.dry_run;
            self.steps.push(Box::pin(async move {
                let answer = match is_rehearsal {
                    true => call.rehearse().await,
                    false => call.send().await,
                };
                Step::Answered(call, answer)
            }));
        }
    }

    fn start_looks(&mut self) {
        for (region, showing) in &mut self.showing {
            let Some(pause) = showing.pause(self.under_way > 0) else {
                continue;
            };
            let (region, interrupt) = (region.clone(), Rc::clone(&self.context.interrupt));
            self.steps.push(Box::pin(async move {
                tokio::select! {
                    biased;
                    _ = interrupt.arrived() => {}
                    () = tokio::time::sleep(pause) => {}
                }
                Step::Due(region)
            }));
        }
    }

    fn look(&mut self, region: Region) {
        let Some(showing) = self.showing.get_mut(&region) else {
            return;
        };
        let (gateway, ids) = showing.look();
        self.steps.push(Box::pin(async move {
            Step::Looked(region, gateway.known_images(&ids).await)
        }));
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Described(plans) => {
                self.describing -= 1;
                self.take_plans(plans).await;
            }
            Step::Answered(call, answer) => {
                self.under_way -= 1;
                match answer {
                    Ok(()) => self.take_done(call),
                    Err(error) => self.take_refusal(call, &error),
                }
            }
            Step::Due(region) => self.look(region),
            Step::Looked(region, found) => {
                let showing = self.showing.get_mut(&region);
                let results = showing.map(|showing| showing.take(found));
                for result in results.unwrap_or_default() {
                    self.settle(result).await;
                }
            }
        }
    }

    async fn take_plans(&mut self, plans: Vec<Result<Plan, Error>>) {
        let mut to_do = Vec::new();
        for mut plan in plans {
            let shared = plan.as_mut().map(|plan| self.shared.settle(plan));
            for line in shared.unwrap_or_default() {
                self.context.progress.hint(&line);
            }
            for hint in plan.iter().flat_map(|plan| &plan.hints) {
                self.context.progress.hint(hint);
            }
            match plan {
                Ok(plan) if plan.tags.is_empty() => self.leave_alone(plan).await,
                Ok(plan) => to_do.push(plan),
                Err(error) => self.context.fail(&error),
            }
        }
        self.calls.extend(calls(to_do));
    }

    /// Hands over an image that is as it should be.
    async fn leave_alone(&mut self, plan: Plan) {
        if self.request.dry_run {
            let text = format!("nothing to set on {}", plan.located());
            self.context.progress.hint(&text);
            self.context.done();
            return;
        }
        let image = plan.image.clone();
        self.settle(Ok(plan.result(&image))).await;
    }

    fn take_done(&mut self, call: Call) {
        if self.request.dry_run {
            for line in call.in_words() {
                self.context.progress.hint(&line);
                self.context.done();
            }
            return;
        }
        let Some(first) = call.plans.first() else {
            return;
        };
        let gateway = Rc::clone(&first.gateway);
        let showing = self.showing.entry(gateway.region().clone());
        showing
            .or_insert_with(|| Showing::new(gateway))
            .add(call.plans);
    }

    fn take_refusal(&mut self, call: Call, error: &Error) {
        let (calls, errors) = call.after(error);
        self.calls.extend(calls);
        errors.iter().for_each(|error| self.context.fail(error));
    }

    async fn settle(&self, result: Result<Tagged, Error>) {
        match result {
            Ok(tagged) => {
                // Where standard output is gone the reference is on standard error, and the run stops.
                let _ = self.context.print(&tagged).await;
                self.context.done();
            }
            Err(error) => self.context.fail(&error),
        }
    }

    /// Gives up what has not been begun, and says so.
    fn drop_calls(&mut self) {
        let plans = self.calls.drain(..).flat_map(|call| call.plans);
        let names: Vec<_> = plans.map(|plan| plan.located().to_string()).collect();
        if !names.is_empty() {
            let text = format!("stopped before tagging {}", names.join(", "));
            self.context.progress.insist(&text);
        }
    }

    /// Waits no more for what does not show, and says so.
    fn drop_showing(&mut self) {
        let left = self.showing.values_mut().flat_map(Showing::give_up);
        let names: Vec<_> = left.map(|plan| plan.located().to_string()).collect();
        if !names.is_empty() {
            let text = format!("tagged, but not seen to be so yet: {}", names.join(", "));
            self.context.progress.insist(&text);
        }
    }
}
