//! The copies of one region, as many at once as EC2 lets pass.

mod look;
mod reason;
mod room;
mod work;

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use ami_core::app::Context;
use ami_core::chance;
use ami_core::ec2::{Ec2, TOO_MANY_COPIES};
use ami_core::error::{Error, Fault, Kind as ErrorKind};
use ami_core::id::Id;
use ami_core::reference::Located;
use ami_core::region::Region;
use ami_core::retry::Backoff;
use ami_core::wait::{Event, Waiter, say_how_to_go_on};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep_until};

use crate::life;
use crate::place::Place;
use crate::record::Made;
use crate::request::Request;
use crate::run::say_stopped;
use crate::sources::Source;
use look::{Look, look};
use reason::reason;
use room::Room;
use work::Work;

/// Calls that are under way at once in a region.
const AT_ONCE: usize = 5;
/// Copies that are shared and protected at once in a region.
const SETTLED_AT_ONCE: usize = 5;
/// Images that a lane takes on together.
const BATCH: usize = 200;

/// Something that was waited for has come.
enum Step {
    /// It is known what is to be done for these images, or why that is not known.
    Looked(Vec<Rc<Source>>, Result<Look, Error>),
    /// EC2 has accepted a copy, or not.
    Copied(Box<Work>, Result<Box<Made>, Error>),
    /// EC2 would accept a copy, or not.
    Rehearsed(Result<String, Error>),
    /// A copy is shared and protected as was wished, or not.
    Settled(Box<Made>, Result<(), Error>),
}

/// A copy that EC2 has accepted and that is not ready.
struct Waiting {
    made: Made,
    source: Rc<Source>,
    /// The snapshots that take room in the region.
    room: usize,
}

/// A copy that is available, and is now to be shared and protected.
struct Ready {
    made: Made,
    source: Rc<Source>,
    snapshots: Vec<Id>,
}

pub(crate) struct Lane<'a> {
    context: &'a Context,
    request: &'a Request,
    run: &'a str,
    gateway: Rc<Ec2>,
    place: Rc<Place>,
    /// Is the region being asked about the last images that arrived?
    looking: bool,
    queue: VecDeque<Work>,
    room: Room,
    /// EC2 has said that there is no room, though this run sees some: others copy too.
    crowded: Option<Instant>,
    is_crowd_told: bool,
    backoff: Backoff,
    steps: FuturesUnordered<Pin<Box<dyn Future<Output = Step> + 'a>>>,
    under_way: usize,
    waiter: Waiter<'a>,
    waiting: BTreeMap<Located, Waiting>,
    ready: VecDeque<Ready>,
    settling: usize,
    /// Copies whose end this run does not wait for.
    late: Vec<Located>,
}

impl<'a> Lane<'a> {
    pub(crate) fn new(
        context: &'a Context,
        request: &'a Request,
        run: &'a str,
        gateway: Rc<Ec2>,
    ) -> Self {
        Self {
            context,
            request,
            run,
            place: Rc::default(),
            looking: false,
            gateway,
            queue: VecDeque::new(),
            room: Room::default(),
            crowded: None,
            is_crowd_told: false,
            backoff: crowd(),
            steps: FuturesUnordered::new(),
            under_way: 0,
            waiter: Waiter::new(context, request.wait.clone().unwrap_or_default()),
            waiting: BTreeMap::new(),
            ready: VecDeque::new(),
            settling: 0,
            late: Vec::new(),
        }
    }

    /// Copies what arrives until no more does.
    pub(crate) async fn drive(mut self, mut sources: UnboundedReceiver<Rc<Source>>) {
        let mut reading = true;
        loop {
            let stopping = self.is_stopping();
            if stopping {
                reading = false;
                self.stop(&mut sources).await;
            }
            self.start();
            let is_idle = self.queue.is_empty() && self.steps.is_empty();
            if !reading && is_idle && (self.waiting.is_empty() || !self.must_wait()) {
                say_how_to_go_on(self.context, &self.request.typed, &self.late, None);
                return;
            }
            let mut batch = Vec::new();
            let crowded = self.crowded;
            tokio::select! {
                biased;
                _ = self.context.interrupt.arrived(), if !stopping => {}
                Some(step) = self.steps.next(), if !self.steps.is_empty() => self.take(step).await,
                Some(event) = self.waiter.next(), if !self.waiter.is_empty() => self.end(event).await,
                () = pause(crowded), if crowded.is_some() => self.crowded = None,
                count = sources.recv_many(&mut batch, BATCH), if reading && !self.looking => {
                    match count {
                        0 => reading = false,
                        _ => self.look(batch),
                    }
                }
            }
        }
    }

    fn is_stopping(&self) -> bool {
        self.context.interrupt.seen().is_some() || self.context.output_is_gone()
    }

    /// Does the end of a copy matter, beside the room that it makes?
    fn must_wait(&self) -> bool {
        self.request.wait.is_some() || !self.request.life.is_empty()
    }

    /// Takes on images.
    fn look(&mut self, sources: Vec<Rc<Source>>) {
        self.looking = true;
        let (gateway, place) = (Rc::clone(&self.gateway), Rc::clone(&self.place));
        let (request, run) = (self.request, self.run);
        self.steps.push(Box::pin(async move {
            let look = look(&gateway, request, run, &place, &sources).await;
            Step::Looked(sources, look)
        }));
    }

    /// Those that an earlier run has copied are there, the others are queued.
    async fn begin(&mut self, sources: &[Rc<Source>], look: Result<Look, Error>) {
        self.looking = false;
        let region = self.gateway.region();
        let look = match look {
            Err(error) => return self.context.fail(&error.of(together(sources, region))),
            Ok(look) => look,
        };
        if let Some(warning) = self.place.warning(region) {
            self.context.progress.hint(&warning);
        }
        for error in &look.refused {
            self.context.fail(error);
        }
        self.queue.extend(look.missing);
        for (work, made) in look.found {
            if self.request.dry_run {
                self.context
                    .progress
                    .hint(&work.is_there(&made, &self.request.life));
                self.context.done();
            } else {
                self.accept(made, &work).await;
            }
        }
    }

    fn start(&mut self) {
        self.start_settling();
        while self.under_way < AT_ONCE && self.crowded.is_none() {
            let Some(work) = self.queue.pop_front() else {
                return;
            };
            if !self.request.dry_run && !self.room.take(work.snapshots()) {
                self.queue.push_front(work);
                return;
            }
            self.under_way += 1;
            let (gateway, is_dry) = (Rc::clone(&self.gateway), self.request.dry_run);
            let life = &self.request.life;
            self.steps.push(Box::pin(async move {
                if is_dry {
                    return Step::Rehearsed(work.rehearse(&gateway, life).await);
                }
                let made = work.carry_out(&gateway).await;
                Step::Copied(Box::new(work), made.map(Box::new))
            }));
        }
    }

    fn start_settling(&mut self) {
        while self.settling < SETTLED_AT_ONCE {
            let Some(ready) = self.ready.pop_front() else {
                return;
            };
            self.settling += 1;
            let (gateway, life) = (Rc::clone(&self.gateway), &self.request.life);
            let context = self.context;
            self.steps.push(Box::pin(async move {
                let Ready {
                    made,
                    source,
                    snapshots,
                } = ready;
                let result = life::settle(context, gateway, life, source, &made, snapshots).await;
                Step::Settled(Box::new(made), result)
            }));
        }
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Looked(sources, look) => self.begin(&sources, look).await,
            Step::Copied(work, Ok(made)) => {
                self.under_way -= 1;
                self.backoff = crowd();
                self.accept(*made, &work).await;
            }
            Step::Copied(work, Err(error)) => {
                self.under_way -= 1;
                self.room.give(work.snapshots());
                self.refuse(*work, error);
            }
            Step::Rehearsed(result) => {
                self.under_way -= 1;
                match result {
                    Ok(text) => {
                        self.context.progress.hint(&text);
                        self.context.done();
                    }
                    Err(error) => self.context.fail(&error),
                }
            }
            Step::Settled(made, result) => {
                self.settling -= 1;
                match result {
                    Ok(()) => self.context.done(),
                    Err(error) => self.context.fail(&error.of(&made.located)),
                }
                self.print_late(&made).await;
            }
        }
    }

    /// Prints a copy that was not printed when EC2 accepted it.
    async fn print_late(&self, made: &Made) {
        if self.request.wait.is_some() {
            // Where standard output is gone the reference is on standard error, and the run stops.
            let _ = self.context.print(made).await;
        }
    }

    /// A copy that finds no room waits for some, and one that EC2 has not taken on when the tool is
    /// asked to stop is not begun; any other error is its end.
    fn refuse(&mut self, work: Work, error: Error) {
        let is_crowd = error.code() == Some(TOO_MANY_COPIES) && error.what().contains("snapshot");
        if is_crowd {
            self.room.learn(error.what());
        }
        if is_crowd && self.room.can_hold(work.snapshots()) {
            self.wait_for_room();
            self.queue.push_front(work);
            return;
        }
        if self.is_stopping() && matches!(error.fault(), Fault::Throttled | Fault::NotSent) {
            self.queue.push_front(work);
            return;
        }
        let error = match is_crowd {
            true => error.hint(format!(
                "the image has {} snapshots, which are copied together",
                work.snapshots()
            )),
            false => error,
        };
        let (source, region) = (&work.source.located.id, self.gateway.region());
        self.context
            .fail(&error.of(format!("{source} to {region}")));
    }

    /// Others copy into the region too. Copies that are refused together make one pause.
    fn wait_for_room(&mut self) {
        if self.crowded.is_some() {
            return;
        }
        self.crowded = Some(Instant::now() + self.backoff.next(chance::fraction()));
        if !std::mem::replace(&mut self.is_crowd_told, true) {
            let text = format!(
                "{} copies as many snapshots as it can; waiting for room",
                self.gateway.region()
            );
            self.context.progress.hint(&text);
        }
    }

    /// EC2 has accepted a copy, or an earlier run has made it.
    async fn accept(&mut self, made: Made, work: &Work) {
        if self.request.wait.is_none() {
            // Where standard output is gone the reference is on standard error, and the run stops.
            let _ = self.context.print(&made).await;
            if self.request.life.is_empty() {
                self.context.done();
            }
        }
        let is_pending = made.state != "available";
        if !is_pending && !self.must_wait() {
            return;
        }
        let room = if is_pending { work.snapshots() } else { 0 };
        if made.found {
            self.room.note(room);
        }
        let located = made.located.clone();
        let source = Rc::clone(&work.source);
        self.waiter.add(located.clone(), "available").await;
        let waiting = Waiting { made, source, room };
        self.waiting.insert(located, waiting);
    }

    /// A copy is ready, or will never be.
    async fn end(&mut self, event: Event) {
        let Some(waiting) = self.waiting.remove(&event.located) else {
            return;
        };
        self.room.give(waiting.room);
        let mut made = waiting.made;
        if let Some(last) = event.last {
            made.state = last.as_str().to_owned();
        }
        match event.result {
            Err(error) => self.lose(made, error).await,
            Ok(_) if !self.must_wait() => {}
            Ok(_) if self.request.life.is_empty() => {
                self.context.done();
                self.print_late(&made).await;
            }
            Ok(resource) => self.ready.push_back(Ready {
                made,
                source: waiting.source,
                snapshots: resource
                    .image
                    .map(|image| image.snapshots)
                    .unwrap_or_default(),
            }),
        }
    }

    /// A copy did not get ready. What EC2 has accepted is printed all the same.
    async fn lose(&mut self, made: Made, error: Error) {
        let is_failed = error.kind() == ErrorKind::Unreachable;
        if !is_failed && !self.must_wait() {
            // It was looked at for the room that it takes, which is no business of the user's.
            return;
        }
        let reason = match is_failed {
            true => reason(&self.gateway, &made.located.id).await,
            false => None,
        };
        match reason {
            Some(reason) => self.context.fail(&error.hint(reason)),
            None => self.context.fail(&error),
        }
        self.print_late(&made).await;
        if !is_failed {
            self.leave(made);
        }
    }

    /// Says how to go on with a copy that is left before all is done to it.
    fn leave(&mut self, made: Made) {
        if !self.request.life.is_empty() {
            let text = format!(
                "{} is not shared or protected yet; the same command, run again, goes on with it",
                made.located
            );
            self.context.progress.hint(&text);
        }
        if self.request.wait.is_some() {
            self.late.push(made.located);
        }
    }

    /// Begins nothing more, and waits for nothing but the answers to what was sent.
    async fn stop(&mut self, sources: &mut UnboundedReceiver<Rc<Source>>) {
        sources.close();
        let mut names = Vec::new();
        while let Ok(source) = sources.try_recv() {
            names.push(source.located.id.clone());
        }
        let queued = self.queue.drain(..);
        names.extend(queued.map(|work| work.source.located.id.clone()));
        if !names.is_empty() {
            say_stopped(self.context, &names, self.gateway.region());
        }
        self.waiter = Waiter::new(self.context, self.request.wait.clone().unwrap_or_default());
        let waiting = std::mem::take(&mut self.waiting).into_values();
        let ready = std::mem::take(&mut self.ready).into_iter();
        let left: Vec<_> = waiting
            .map(|waiting| waiting.made)
            .chain(ready.map(|ready| ready.made))
            .collect();
        for made in left {
            self.print_late(&made).await;
            self.leave(made);
        }
    }
}

/// How images are called of which all the same is said.
fn together(sources: &[Rc<Source>], region: &Region) -> String {
    match sources {
        [source] => format!("{} to {region}", source.located.id),
        _ => format!("{} images to {region}", sources.len()),
    }
}

/// Pauses while others fill the region with copies.
fn crowd() -> Backoff {
    Backoff::new(Duration::from_secs(2), Duration::from_secs(15), 1.5)
}

async fn pause(until: Option<Instant>) {
    if let Some(until) = until {
        sleep_until(until).await;
    }
}
