//! CreateTags, DeleteTags and DescribeTags.

use crate::model::id::Kind;
use crate::model::{Resource, store::Store};
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::Xml;
use crate::world::Region;

use super::call::{Action, Invocation};
use super::filters::Filters;
use super::tag_rules::{self, Tags};

/// Sets tags on resources, on all or on none.
pub(crate) struct CreateTags {
    ids: Vec<String>,
    tags: Tags,
}

impl Action for CreateTags {
    fn take(params: &Params) -> Result<Self, ApiError> {
        let ids = take_ids(params)?;
        if params.section("Tag").is_empty() {
            return Err(ApiError::missing("tagSet"));
        }
        Ok(CreateTags {
            ids,
            tags: tag_rules::take_tags(params)?,
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        for id in &self.ids {
            tag_rules::check_room(own_tags(call, id)?, &self.tags)?;
        }
        let region = call.commit()?.region;
        for id in &self.ids {
            tags_of_mut(region, id)
                .into_iter()
                .for_each(|tags| tags.extend(self.tags.clone()));
        }
        Ok(Xml::done())
    }
}

/// Removes tags: by key, by key and value, or all of them when none are named.
pub(crate) struct DeleteTags {
    ids: Vec<String>,
    tags: Vec<(String, Option<String>)>,
}

impl Action for DeleteTags {
    fn take(params: &Params) -> Result<Self, ApiError> {
        let ids = take_ids(params)?;
        let mut tags = Vec::new();
        for given in params.structs("Tag") {
            let key = given.req("Key")?;
            tag_rules::check_reserved(&key)?;
            tags.push((key, given.opt("Value")));
        }
        Ok(DeleteTags { ids, tags })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        for id in &self.ids {
            own_tags(call, id)?;
        }
        let region = call.commit()?.region;
        for id in &self.ids {
            let Some(tags) = tags_of_mut(region, id) else {
                continue;
            };
            tags.retain(|key, value| {
                let named = |tag: &(String, Option<String>)| {
                    tag.0 == *key && tag.1.as_ref().is_none_or(|wanted| wanted == value)
                };
                key.starts_with("aws:") || !(self.tags.is_empty() || self.tags.iter().any(named))
            });
        }
        Ok(Xml::done())
    }
}

/// Lists the tags of the caller's resources, one by one.
pub(crate) struct DescribeTags {
    filters: Filters,
    max: Option<usize>,
    start: usize,
}

impl Action for DescribeTags {
    fn take(params: &Params) -> Result<Self, ApiError> {
        const KNOWN: [&str; 5] = ["key", "resource-id", "resource-type", "value", "tag-key"];
        let filters = Filters::take(params, &KNOWN)?;
        let max = params.number("MaxResults")?;
        if max.is_some_and(|max: usize| !(5..=1000).contains(&max)) {
            return Err(ApiError::bad_value(
                max.unwrap_or_default(),
                "maxResults",
                "Expecting 5 to 1000.",
            ));
        }
        let start = params.number("NextToken")?.unwrap_or(0);
        Ok(DescribeTags {
            filters,
            max,
            start,
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let region = call.region();
        let mut rows = Vec::new();
        collect(&region.images, &call.caller.account, &mut rows);
        collect(&region.instances, &call.caller.account, &mut rows);
        collect(&region.keys, &call.caller.account, &mut rows);
        collect(&region.groups, &call.caller.account, &mut rows);
        collect(&region.snapshots, &call.caller.account, &mut rows);
        collect(&region.volumes, &call.caller.account, &mut rows);
        rows.retain(|row| self.filters.pass(|_| true, |name| row.values(name)));
        let end = self
            .max
            .map_or(rows.len(), |max| rows.len().min(self.start + max));
        let mut xml = Xml::new();
        xml.opt("nextToken", (end < rows.len()).then_some(end));
        xml.list(
            "tagSet",
            rows.iter().take(end).skip(self.start),
            |xml, row| {
                xml.text("resourceId", row.id)
                    .text("resourceType", row.kind.word());
                xml.text("key", row.key).text("value", row.value);
            },
        );
        Ok(xml)
    }
}

struct Row<'r> {
    id: &'r str,
    kind: Kind,
    key: &'r String,
    value: &'r String,
}

impl Row<'_> {
    fn values(&self, filter: &str) -> Vec<String> {
        match filter {
            "key" | "tag-key" => vec![self.key.clone()],
            "value" => vec![self.value.clone()],
            "resource-id" => vec![self.id.to_owned()],
            "resource-type" => vec![self.kind.word().to_owned()],
            tag if tag.strip_prefix("tag:") == Some(self.key) => vec![self.value.clone()],
            _ => Vec::new(),
        }
    }
}

fn collect<'r, T: Resource>(store: &'r Store<T>, account: &str, rows: &mut Vec<Row<'r>>) {
    let own = store
        .iter()
        .filter(|row| row.owner() == account && row.veil().is_lifted());
    rows.extend(own.flat_map(|row| {
        let tags = row.tags().iter();
        tags.map(|(key, value)| Row {
            id: row.id(),
            kind: T::KIND,
            key,
            value,
        })
    }));
}

fn take_ids(params: &Params) -> Result<Vec<String>, ApiError> {
    let ids = params.strings("ResourceId");
    if ids.is_empty() {
        Err(ApiError::missing("resourceIdSet"))
    } else {
        Ok(ids)
    }
}

/// The tags of a resource of the caller.
fn own_tags<'c>(call: &'c Invocation<'_>, id: &str) -> Result<&'c Tags, ApiError> {
    let kind = Kind::of(id)
        .ok_or_else(|| ApiError::client("InvalidID", format!("The ID '{id}' is not valid")))?;
    kind.check(id)?;
    let region = call.region();
    let account = &*call.caller.account;
    let tags = match kind {
        Kind::Image => own(&region.images, id, account),
        Kind::Instance => own(&region.instances, id, account),
        Kind::KeyPair => own(&region.keys, id, account),
        Kind::SecurityGroup => own(&region.groups, id, account),
        Kind::Snapshot => own(&region.snapshots, id, account),
        Kind::Volume => own(&region.volumes, id, account),
    };
    tags.ok_or_else(|| kind.not_found(&[id]))
}

fn own<'r, T: Resource>(store: &'r Store<T>, id: &str, account: &str) -> Option<&'r Tags> {
    let row = store
        .get(id)
        .filter(|row| row.owner() == account && row.veil().look())?;
    Some(row.tags())
}

fn tags_of_mut<'r>(region: &'r mut Region, id: &str) -> Option<&'r mut Tags> {
    Some(match Kind::of(id)? {
        Kind::Image => region.images.get_mut(id)?.tags_mut(),
        Kind::Instance => region.instances.get_mut(id)?.tags_mut(),
        Kind::KeyPair => region.keys.get_mut(id)?.tags_mut(),
        Kind::SecurityGroup => region.groups.get_mut(id)?.tags_mut(),
        Kind::Snapshot => region.snapshots.get_mut(id)?.tags_mut(),
        Kind::Volume => region.volumes.get_mut(id)?.tags_mut(),
    })
}
