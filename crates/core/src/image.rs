//! An image as these tools see it.

use std::collections::BTreeMap;

use crate::id::Id;
use crate::region::Region;
use crate::resource::State;
use crate::time::Moment;

/// What DescribeImages says of an image, as far as a tool here reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its ID.
    pub id: Id,
    /// The account that owns it.
    pub owner: Option<String>,
    /// The word for that account where it is one of AWS's own: `amazon`, `aws-marketplace`.
    pub owner_alias: Option<String>,
    /// Its name; images that never became available may have none.
    pub name: Option<String>,
    /// Its state.
    pub state: State,
    /// Why it is in that state, in EC2's words.
    pub state_reason: Option<String>,
    /// When it was made.
    pub created: Option<Moment>,
    /// The image that it was made from, by EC2's own record.
    pub source_image: Option<Id>,
    /// The region of that image, by EC2's own record.
    pub source_region: Option<Region>,
    /// The instance that it was made of, by EC2's own record.
    pub source_instance: Option<Id>,
    /// What it is for, in its owner's words.
    pub description: Option<String>,
    /// Codes of products that one pays for; an image with one cannot be copied.
    pub product_codes: Vec<String>,
    /// Is one of its snapshots encrypted?
    pub is_encrypted: bool,
    /// Its EBS snapshots, in the order of its block device mappings.
    pub snapshots: Vec<Id>,
    /// Its tags, as far as the caller may see them.
    pub tags: BTreeMap<String, String>,
}

impl Image {
    /// An image of which no more is known than its ID and its state.
    pub fn bare(id: Id, state: State) -> Self {
        Self {
            id,
            owner: None,
            owner_alias: None,
            name: None,
            state,
            state_reason: None,
            created: None,
            source_image: None,
            source_region: None,
            source_instance: None,
            description: None,
            product_codes: Vec::new(),
            is_encrypted: false,
            snapshots: Vec::new(),
            tags: BTreeMap::new(),
        }
    }
}
