//! What is asked for.

use std::collections::BTreeSet;

use ami_cli::args::Args;
use ami_core::error::Error;
use ami_core::escape::escape;
use ami_core::region::Region;
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
            regions: regions(&args.values("regions", words)?)?,
            depth: args.value("depth", depth)?.unwrap_or(usize::MAX),
            used_by: args.flag("used-by"),
            style: style(args),
        })
    }
}

fn words(text: &str) -> Result<Vec<String>, String> {
    let words: Vec<_> = text.split(',').map(|word| word.trim().to_owned()).collect();
    for word in words.iter().filter(|word| *word != "all") {
        word.parse::<Region>().map_err(|why| why.to_string())?;
    }
    Ok(words)
}

fn regions(lists: &[Vec<String>]) -> Result<Option<BTreeSet<Region>>, Error> {
    let words: Vec<_> = lists.iter().flatten().collect();
    let is_all = words.iter().any(|word| *word == "all");
    if is_all && words.iter().any(|word| *word != "all") {
        return Err(Error::usage("--regions takes 'all' or regions, not both"));
    }
    if is_all || words.is_empty() {
        return Ok(None);
    }
    Ok(Some(
        words.iter().filter_map(|word| word.parse().ok()).collect(),
    ))
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
