//! `ami-describe-ancestors`: show which images an image was made from, back to the first.

mod record;
pub mod spec;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ffi::OsString;
use std::process::ExitCode;

use ami_core::app::{self, Context};
use ami_core::error::Error;
use ami_core::id::Kind;
use ami_core::input::Operands;
use ami_core::output::Gone;
use ami_core::reference::{Located, Reference};
use ami_core::region::Region;
use ami_lineage::ancestors::Ancestors;
use ami_lineage::drawing::{Drawing, style};
use ami_lineage::family::{End, Line, Member, Standing};
use ami_lineage::origin::Origin;
use ami_lineage::picture::Style;
use ami_lineage::record::say_differences;

use record::Ancestor;

/// Images of a region that could not be asked, at most, that have a line each.
const SINGLY: usize = 3;

/// Runs the tool from the words after its name.
pub fn main(words: Vec<OsString>) -> ExitCode {
    app::main(&spec::SPEC, words, async |context| {
        let search = Ancestors::new(context, context.args.flag("same-region"));
        let style = style(&context.args);
        let operands = Operands::new(context.args.operands(), &[Kind::Image])?;
        let run = Run {
            context,
            search,
            style,
            drawing: Drawing::default(),
            told: HashSet::new(),
        };
        tokio::select! {
            biased;
            // Nothing is begun that would have to be ended.
            _ = context.interrupt.arrived() => Ok(()),
            result = run.drive(operands) => result,
        }
    })
}

struct Run<'a> {
    context: &'a Context,
    search: Ancestors<'a>,
    style: Option<Style>,
    drawing: Drawing,
    /// Images whose tags were told to be wrong.
    told: HashSet<Located>,
}

impl Run<'_> {
    async fn drive(mut self, mut operands: Operands) -> Result<(), Error> {
        let end = loop {
            match operands.next().await {
                Ok(Some(batch)) => {
                    if self.take(batch).await.is_err() {
                        return Ok(());
                    }
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        if let Some(style) = self.style {
            // Standard output that is gone is told by those who look at how the run ended.
            let _ = self.drawing.print(self.context, style);
        }
        end
    }

    async fn take(&mut self, batch: Vec<Result<Reference, Error>>) -> Result<(), Gone> {
        let starts = self.context.locate_all(batch).await;
        self.search.forgive();
        self.search.find(&starts).await;
        self.tell_failures(&starts);
        let lines = starts.iter().map(|start| self.search.line(start));
        let members = lines.flat_map(|line| line.members);
        let references = members.map(|member| &member.located);
        self.context.settle_width(references).await;
        for start in &starts {
            self.show(start).await?;
        }
        Ok(())
    }

    /// Says which regions could not be asked, and of which images there is no answer for that. Many
    /// of one region are named in one line.
    fn tell_failures(&mut self, starts: &[Located]) {
        let mut left: BTreeMap<Region, BTreeSet<&Located>> = BTreeMap::new();
        for start in starts {
            let line = self.search.line(start);
            if !line.members.first().is_some_and(|first| has_answer(first)) {
                left.entry(start.region.clone()).or_default().insert(start);
            }
        }
        for (region, error) in self.search.take_failures() {
            if !left.contains_key(&region) {
                self.context.fail(&error.of(&region));
            }
        }
        for (region, images) in left {
            let Some(error) = self.search.failure(&region) else {
                continue;
            };
            if images.len() <= SINGLY {
                let fail = |image| self.context.fail(&error.clone().of(image));
                images.into_iter().for_each(fail);
                continue;
            }
            let names: Vec<String> = images.iter().map(|image| image.id.to_string()).collect();
            let follows = format!("no answer for {}", names.join(", "));
            self.context
                .fail(&error.clone().of(&region).adding(&follows));
        }
    }

    async fn show(&mut self, start: &Located) -> Result<(), Gone> {
        let line = self.search.line(start);
        let Some(first) = line.members.first().filter(|first| has_answer(first)) else {
            // Its region could not be asked, which was told.
            return Ok(());
        };
        if first.standing == Standing::Gone && first.origin == Origin::default() {
            self.context.fail(&Error::not_found(start, ""));
            return Ok(());
        }
        self.context.done();
        for member in &line.members {
            if self.told.insert(member.located.clone()) {
                say_differences(self.context, member).await;
            }
        }
        self.warn_of_circle(&line).await;
        if self.style.is_some() {
            draw(self.context, &mut self.drawing, &line, start).await;
            return Ok(());
        }
        for (generation, member) in line.members.iter().enumerate() {
            let record = Ancestor {
                member,
                of: start,
                generation,
            };
            self.context.print(&record).await?;
        }
        Ok(())
    }

    async fn warn_of_circle(&self, line: &Line<'_>) {
        if let (End::Circle(back), Some(last)) = (&line.end, line.members.last()) {
            let last = self.context.reference(&last.located).await;
            let back = self.context.reference(back).await;
            let text = format!(
                "{last}: its source is {back}, which descends from it; the line ends here, because a tag \
                 source_image between the two is wrong"
            );
            self.context.progress.hint(&text);
        }
    }
}

/// Could EC2 be asked about an image, or for what it remembers of it?
fn has_answer(first: &Member) -> bool {
    first.standing != Standing::Unknown || first.origin != Origin::default()
}

/// Adds a line to a picture, the oldest first.
async fn draw(context: &Context, drawing: &mut Drawing, line: &Line<'_>, start: &Located) {
    let mut parent = None;
    for member in line.members.iter().rev() {
        drawing.add(context, member, parent, Some(Vec::new())).await;
        parent = Some(&member.located);
    }
    drawing.mark(start);
}
