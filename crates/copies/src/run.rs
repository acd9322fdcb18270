//! Drives the lanes of all regions, side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::rc::Rc;

use ami_core::app::Context;
use ami_core::chance;
use ami_core::error::Error;
use ami_core::id::Id;
use ami_core::input::Operands;
use ami_core::reference::{Located, Reference};
use ami_core::region::Region;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::lane::Lane;
use crate::request::Request;
use crate::sources::{Source, describe};

/// Where copies are made.
#[derive(Debug)]
pub enum Destinations {
    /// In the image's own region.
    Same,
    /// In these.
    Regions(BTreeSet<Region>),
    /// In this one, because it is the environment's; not for images that lie there.
    Home(Region),
    /// In all that the account has enabled, but the image's own.
    All,
}

/// The work of one lane.
type Driven<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Copies all operands to all destinations.
///
/// # Errors
/// What ends the run as a whole; single images and regions are told and counted by the context.
pub async fn run(
    context: &Context,
    request: &Request,
    destinations: &Destinations,
    mut operands: Operands,
) -> Result<(), Error> {
    if let Destinations::Regions(regions) = destinations {
        request.check_keys(regions)?;
    }
    let run = chance::run_id();
    let (opened, lanes) = unbounded_channel();
    let ended = Notify::new();
    let mut reader = Reader {
        context,
        request,
        destinations,
        run: &run,
        seen: BTreeSet::new(),
        regions: Regions::Unasked,
        lanes: BTreeMap::new(),
        opened,
    };
    if request.is_for_one() {
        let all = read_all(context, &mut operands).await?;
        reader.begin(all).await?;
    }
    // Images are read and described while others are copied already: a lane never waits for them.
    let (end, ()) = tokio::join!(reader.read(operands, &ended), drive(lanes, &ended));
    end
}

/// Drives lanes until they are all at their end and no more can come.
async fn drive(mut lanes: UnboundedReceiver<Driven<'_>>, ended: &Notify) {
    let mut driven = FuturesUnordered::new();
    loop {
        tokio::select! {
            biased;
            Some(()) = driven.next(), if !driven.is_empty() => ended.notify_one(),
            Some(lane) = lanes.recv() => driven.push(lane),
            else => return,
        }
    }
}

/// All operands, unless the tool is asked to stop before: a name can be given to one image only, so
/// they are counted before anything is copied.
async fn read_all(
    context: &Context,
    operands: &mut Operands,
) -> Result<Vec<Result<Reference, Error>>, Error> {
    let mut all = Vec::new();
    let mut images = BTreeSet::new();
    loop {
        let batch = tokio::select! {
            biased;
            _ = context.interrupt.arrived() => return Ok(Vec::new()),
            batch = operands.next() => batch?,
        };
        let Some(batch) = batch else { break };
        for reference in batch.iter().flatten() {
            // One image may be named in several forms.
            images.insert(context.session.locate(reference.clone()).await?);
        }
        all.extend(batch);
    }
    if images.len() > 1 {
        return Err(Error::usage(format!(
            "--name is for one image, and {} are named; --random-name-prefix names them all",
            images.len()
        )));
    }
    Ok(all)
}

/// All regions that there are, and whether the account can use each.
enum Regions {
    Unasked,
    Known(BTreeMap<Region, bool>),
    Unknown,
}

/// Reads what is to be copied, and opens the lanes of the regions that it goes to.
struct Reader<'a> {
    context: &'a Context,
    request: &'a Request,
    destinations: &'a Destinations,
    /// The UUID that marks all that this run makes.
    run: &'a str,
    seen: BTreeSet<Located>,
    regions: Regions,
    /// The way into each lane; none where the region cannot be used.
    lanes: BTreeMap<Region, Option<UnboundedSender<Rc<Source>>>>,
    opened: UnboundedSender<Driven<'a>>,
}

impl Reader<'_> {
    /// Reads to the end of the operands, or until the tool is to stop. When it returns its lanes can
    /// get nothing more, and end.
    async fn read(mut self, mut operands: Operands, ended: &Notify) -> Result<(), Error> {
        while !self.is_stopping() {
            let batch = tokio::select! {
                biased;
                _ = self.context.interrupt.arrived() => break,
                // A lane that ends before all is read has noticed that standard output is gone.
                () = ended.notified() => continue,
                batch = operands.next() => batch,
            };
            match batch {
                Ok(Some(batch)) => self.begin(batch).await?,
                Ok(None) => break,
                // What is begun already is finished all the same.
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn is_stopping(&self) -> bool {
        self.context.interrupt.seen().is_some() || self.context.output_is_gone()
    }

    /// Describes new images, one call a region, and hands them to the lanes of their destinations.
    async fn begin(&mut self, batch: Vec<Result<Reference, Error>>) -> Result<(), Error> {
        let (context, carry) = (self.context, self.request.life.carry);
        let mut described = FuturesUnordered::new();
        for (region, ids) in self.context.locate_new(batch, &mut self.seen).await {
            let destinations = self.destinations_from(&region).await?;
            described.push(async move {
                let sources = describe(context, &region, &ids, carry).await;
                (sources, destinations)
            });
        }
        let mut late = BTreeMap::new();
        while let Some((sources, destinations)) = described.next().await {
            for source in sources {
                match source {
                    Ok(source) => self.hand_over(&source, &destinations, &mut late).await,
                    Err(error) => self.context.fail(&error),
                }
            }
        }
        for (region, ids) in &late {
            say_stopped(self.context, ids, region);
        }
        Ok(())
    }

    /// Hands an image to the lanes; `late` gets those that the tool was asked to stop before.
    async fn hand_over(
        &mut self,
        source: &Rc<Source>,
        destinations: &BTreeSet<Region>,
        late: &mut BTreeMap<Region, Vec<Id>>,
    ) {
        for region in destinations {
            let is_late = self.is_stopping();
            if !is_late && !self.lanes.contains_key(region) {
                let lane = self.open(region).await;
                self.lanes.insert(region.clone(), lane);
            }
            let sent = match self.lanes.get(region) {
                _ if is_late => false,
                Some(Some(lane)) => lane.send(Rc::clone(source)).is_ok(),
                // Why there is none was said when it was to be opened.
                _ => true,
            };
            if !sent {
                let names = late.entry(region.clone()).or_default();
                names.push(source.located.id.clone());
            }
        }
    }

    /// Opens a region's lane, unless the account cannot use the region.
    async fn open(&mut self, region: &Region) -> Option<UnboundedSender<Rc<Source>>> {
        if let Err(error) = self.check(region) {
            self.context.fail(&error.of(region));
            return None;
        }
        let gateway = self.context.session.ec2(region).await;
        let (sender, receiver) = unbounded_channel();
        let lane = Lane::new(self.context, self.request, self.run, gateway);
        // The lanes are driven for as long as any can be opened.
        let _ = self.opened.send(Box::pin(lane.drive(receiver)));
        Some(sender)
    }

    fn check(&self, region: &Region) -> Result<(), Error> {
        let Regions::Known(regions) = &self.regions else {
            return Ok(());
        };
        match regions.get(region) {
            Some(true) => Ok(()),
            Some(false) => {
                let error = Error::failed("the region is not enabled for this account");
                let hint =
                    format!("to enable it: aws account enable-region --region-name {region}");
                Err(error.hint(hint))
            }
            None => Err(Error::failed("EC2 knows no such region")),
        }
    }

    async fn destinations_from(&mut self, source: &Region) -> Result<BTreeSet<Region>, Error> {
        match self.destinations {
            Destinations::Same => Ok([source.clone()].into()),
            Destinations::Home(home) if home == source => {
                let what = format!("images of {home} are there already");
                Err(Error::usage(what).hint("give -R REGION, or use ami-clone"))
            }
            Destinations::Home(home) => Ok([home.clone()].into()),
            Destinations::Regions(regions) => {
                // Which regions are enabled is worth knowing, but not at the price of a permission.
                if matches!(self.regions, Regions::Unasked) {
                    let known = self.learn_regions(source).await;
                    self.regions = known.unwrap_or(Regions::Unknown);
                }
                Ok(regions.clone())
            }
            Destinations::All => {
                if !matches!(self.regions, Regions::Known(_)) {
                    self.regions = self.learn_regions(source).await?;
                }
                let Regions::Known(regions) = &self.regions else {
                    return Ok(BTreeSet::new());
                };
                let others = regions
                    .iter()
                    .filter(|(region, enabled)| **enabled && *region != source);
                Ok(others.map(|(region, _)| region.clone()).collect())
            }
        }
    }

    async fn learn_regions(&self, nearby: &Region) -> Result<Regions, Error> {
        // Any region knows them all; that of the environment is the one that is surely reached.
        let nearby = self.context.session.home().await.unwrap_or(nearby);
        let gateway = self.context.session.ec2(nearby).await;
        let regions = gateway.all_regions().await;
        let regions = regions.map_err(|error| error.of(nearby))?;
        Ok(Regions::Known(regions.into_iter().collect()))
    }
}

/// Says what was not begun, because the tool was asked to stop.
pub(crate) fn say_stopped(context: &Context, images: &[Id], region: &Region) {
    let names: Vec<_> = images.iter().map(ToString::to_string).collect();
    let text = format!("stopped before copying {} to {region}", names.join(", "));
    context.progress.hint(&text);
}
