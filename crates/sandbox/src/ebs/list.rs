//! ListSnapshotBlocks and ListChangedBlocks.

use std::io;

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::door::off_thread;
use super::error::{self, parameter};
use super::tokens::{Page, Tokens, after};
use super::{Answer, Invocation, blocks};
use crate::blocks::{BLOCK, Difference};
use crate::config::Settings;
use crate::frontdoor::Shared;
use crate::model::snapshot::Snapshot;
use crate::wire::error::ApiError;
use crate::wire::params::Params;

/// The most blocks of a page (MaxResults in the model), which is also what is given unasked.
const MOST: usize = 10_000;

/// The fewest that one can ask for: who asks for fewer is given so many all the same (EBS user guide, "FAQs
/// for EBS direct APIs").
const FEWEST: usize = 100;

/// Which part of a list is asked for.
struct Range {
    max: usize,
    token: Option<String>,
    start: u64,
}

impl Range {
    fn take(params: &Params) -> Result<Self, ApiError> {
        let max = params.number("MaxResults")?.unwrap_or(MOST);
        if max > MOST {
            return Err(parameter(format!("MaxResults {max} is more than {MOST}.")));
        }
        Ok(Range {
            max: max.max(FEWEST),
            token: params.opt("NextToken"),
            start: params
                .number::<u32>("StartingBlockIndex")?
                .unwrap_or_default()
                .into(),
        })
    }
}

/// The blocks of a snapshot that were written, with those of its parents.
pub(super) async fn blocks(shared: &Shared, call: Invocation) -> Result<Answer, ApiError> {
    let (id, range) = call.take(|params| {
        let id = blocks::take_snapshot(params, "SnapshotId")?;
        Ok((id, Range::take(params)?))
    })?;
    let list = {
        let world = shared.lock();
        let snapshot = blocks::complete(&world, &call.caller, &id)?;
        List::new(&world.block_tokens, world.settings, &id, snapshot, range)?
    };
    let layer = list.snapshot.blocks.clone();
    off_thread(move || {
        let written = layer.iter().flat_map(|layer| layer.blocks(list.page.start));
        list.answer("Blocks", written, |list, index, _| {
            json!({ "BlockIndex": index, "BlockToken": list.token(&list.snapshot.id, index) })
        })
    })
    .await
    .map_err(error::internal)
}

/// The blocks that differ between two snapshots of a lineage.
pub(super) async fn changed(shared: &Shared, call: Invocation) -> Result<Answer, ApiError> {
    let (first, second, range) = call.take(|params| {
        // The one must be specified with the other (ListChangedBlocks in the reference).
        let first = blocks::take_snapshot(params, "FirstSnapshotId")?;
        let second = blocks::take_snapshot(params, "SecondSnapshotId")?;
        Ok((first, second, Range::take(params)?))
    })?;
    let (list, before) = {
        let world = shared.lock();
        let before = blocks::complete(&world, &call.caller, &first)?;
        let snapshot = blocks::complete(&world, &call.caller, &second)?;
        if !blocks::are_related(&world, &call.caller, before, snapshot) {
            let message = "The snapshots are not of the same volume or lineage.";
            return Err(error::validation("UNRELATED_SNAPSHOTS", message));
        }
        let name = format!("{first} {second}");
        let list = List::new(&world.block_tokens, world.settings, &name, snapshot, range)?;
        (list, before.blocks.clone())
    };
    let now = list.snapshot.blocks.clone();
    off_thread(move || {
        let difference = Difference::between(before.as_deref(), now.as_deref(), list.page.start);
        list.answer("ChangedBlocks", difference, |list, index, had| {
            let mut block = json!({ "BlockIndex": index });
            for (name, snapshot, is_there) in [
                ("FirstBlockToken", &first, had.0),
                ("SecondBlockToken", &second, had.1),
            ] {
                if is_there {
                    block[name] = list.token(snapshot, index).into();
                }
            }
            block
        })
    })
    .await
    .map_err(error::internal)
}

/// A page in the making.
struct List {
    tokens: Tokens,
    settings: Settings,
    /// What the list is of, so that tokens of another one do not do.
    name: String,
    snapshot: Snapshot,
    page: Page,
    max: usize,
    end: OffsetDateTime,
}

impl List {
    fn new(
        tokens: &Tokens,
        settings: Settings,
        name: &str,
        snapshot: &Snapshot,
        range: Range,
    ) -> Result<Self, ApiError> {
        let first = Page {
            start: range.start,
            number: 1,
        };
        // With a token, StartingBlockIndex is ignored.
        let page = range
            .token
            .as_deref()
            .map(|token| tokens.read_page(token, name));
        Ok(List {
            tokens: tokens.clone(),
            name: name.to_owned(),
            snapshot: snapshot.clone(),
            page: page.transpose()?.unwrap_or(first),
            max: range.max.min(settings.page_size.unwrap_or(MOST)),
            end: after(settings.limits.block_token_life),
            settings,
        })
    }

    fn token(&self, snapshot: &str, index: u64) -> String {
        self.tokens.of_block(snapshot, index, self.end)
    }

    /// The page of what was found. Pages may be short or empty and lead on all the same (MaxResults in the
    /// reference).
    fn answer<T>(
        &self,
        name: &str,
        mut found: impl Iterator<Item = io::Result<(u64, T)>>,
        show: impl Fn(&Self, u64, T) -> Value,
    ) -> io::Result<Answer> {
        let is_empty_turn = |n: u32| n > 0 && self.page.number.is_multiple_of(n);
        let max = match self.settings.empty_pages.is_some_and(is_empty_turn) {
            true => 0,
            false => self.max,
        };
        let (mut shown, mut next) = (Vec::new(), None);
        for block in &mut found {
            let (index, had) = block?;
            if shown.len() == max {
                next = Some(index);
                break;
            }
            shown.push(show(self, index, had));
        }
        let mut body = json!({
            name: shown,
            "ExpiryTime": self.end.unix_timestamp(),
            "VolumeSize": self.snapshot.size,
            "BlockSize": BLOCK,
        });
        if let Some(start) = next {
            let number = self.page.number + 1;
            let life = self.settings.limits.page_token_life;
            let token = self
                .tokens
                .of_page(&self.name, Page { start, number }, life);
            body["NextToken"] = token.into();
        }
        Ok(Answer::json(200, &body))
    }
}
