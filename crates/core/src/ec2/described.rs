//! What EC2 describes, in our own types.

use std::collections::BTreeMap;

use aws_sdk_ec2::types as sdk;

use super::describe::Instance;
use crate::id::Id;
use crate::image::Image;
use crate::region::Region;
use crate::resource::{Resource, State};
use crate::time::Moment;

pub(super) fn id(text: Option<&str>) -> Option<Id> {
    text.and_then(|text| text.parse().ok())
}

pub(super) fn region(text: Option<&str>) -> Option<Region> {
    text.and_then(|text| text.parse().ok())
}

pub(super) fn state(name: Option<&str>) -> State {
    State::new(name.unwrap_or("unknown"))
}

fn mappings_of(image: &sdk::Image) -> impl Iterator<Item = &sdk::EbsBlockDevice> {
    let mappings = image.block_device_mappings().iter();
    mappings.filter_map(|mapping| mapping.ebs())
}

fn product_codes(image: &sdk::Image) -> Vec<String> {
    let codes = image.product_codes().iter();
    codes
        .filter_map(|code| code.product_code_id().map(str::to_owned))
        .collect()
}

pub(super) fn image(image: &sdk::Image) -> Option<Image> {
    let reason = image.state_reason();
    Some(Image {
        id: id(image.image_id())?,
        owner: image.owner_id().map(str::to_owned),
        owner_alias: image.image_owner_alias().map(str::to_owned),
        name: image.name().map(str::to_owned),
        state: state(image.state().map(|state| state.as_str())),
        state_reason: reason.and_then(|reason| reason.message().map(str::to_owned)),
        created: image.creation_date().and_then(Moment::from_rfc3339),
        source_image: id(image.source_image_id()),
        source_region: region(image.source_image_region()),
        source_instance: id(image.source_instance_id()),
        description: image.description().map(str::to_owned),
        product_codes: product_codes(image),
        is_encrypted: mappings_of(image).any(|ebs| ebs.encrypted() == Some(true)),
        snapshots: mappings_of(image)
            .filter_map(|ebs| id(ebs.snapshot_id()))
            .collect(),
        tags: tags(image.tags()),
    })
}

pub(super) fn tags(tags: &[sdk::Tag]) -> BTreeMap<String, String> {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    tags.iter()
        .map(|tag| (text(tag.key()), text(tag.value())))
        .collect()
}

impl From<Image> for Resource {
    fn from(image: Image) -> Self {
        Self {
            id: image.id.clone(),
            state: image.state.clone(),
            reason: image.state_reason.clone(),
            progress: None,
            image: Some(image),
        }
    }
}

pub(super) fn snapshot(snapshot: &sdk::Snapshot) -> Option<Resource> {
    let percent = snapshot.progress().map(|text| text.trim_end_matches('%'));
    Some(Resource {
        id: id(snapshot.snapshot_id())?,
        state: state(snapshot.state().map(|state| state.as_str())),
        reason: snapshot.state_message().map(str::to_owned),
        progress: percent.and_then(|percent| percent.parse().ok()),
        image: None,
    })
}

pub(super) fn volume(volume: &sdk::Volume) -> Option<Resource> {
    Some(Resource {
        id: id(volume.volume_id())?,
        state: state(volume.state().map(|state| state.as_str())),
        reason: None,
        progress: None,
        image: None,
    })
}

pub(super) fn instance(instance: &sdk::Instance) -> Option<Instance> {
    let name = instance.state().and_then(|state| state.name());
    Some(Instance {
        id: id(instance.instance_id())?,
        state: state(name.map(|name| name.as_str())),
        image: id(instance.image_id()),
    })
}

pub(super) fn instance_resource(described: &sdk::Instance) -> Option<Resource> {
    let found = instance(described)?;
    let reason = described.state_reason().and_then(|reason| reason.message());
    Some(Resource {
        id: found.id,
        state: found.state,
        reason: reason.map(str::to_owned),
        progress: None,
        image: None,
    })
}
