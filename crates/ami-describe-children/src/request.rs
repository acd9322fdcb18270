//! What is asked for.

use std::collections::BTreeSet;

use ami_cli::args::Args;
use ami_core::error::Error;
use ami_core::escape::escape;
use ami_core::region::{self, Region, Regions};
use ami_lineage::drawing::style;
use ami_lineage::picture::Style;

/// The options.
#[derive(Debug)]
pub(crate) struct Request {
    /// Where to look; everywhere when none is named.
    pub(crate) regions: Option<BTreeSet<Region>>,
    /// How many generations.
    pub(crate) depth: usize,
    pub(crate) used_by: bool,
    pub(crate) style: Option<Style>,
}

impl Request {
    pub(crate) fn read(args: &Args) -> Result<Self, Error> {
        Ok(Self {
            regions: regions(args)?,
            depth: args.value("depth", depth)?.unwrap_or(usize::MAX),
            used_by: args.flag("used-by"),
            style: style(args),
        })
    }
}

/// The regions that are named, if any are.
fn regions(args: &Args) -> Result<Option<BTreeSet<Region>>, Error> {
    let lists = args.values("regions", region::list)?;
    match Regions::of("regions", lists).map_err(Error::usage)? {
        Some(Regions::These(regions)) => Ok(Some(regions)),
        Some(Regions::All) | None => Ok(None),
    }
}

fn depth(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err(format!(
            "'{}' is no number of generations, 1 or more",
            escape(text)
        )),
        Ok(depth) => Ok(depth),
    }
}
