//! What the sandbox remembers: one file per kind of resource.

pub(crate) mod id;
pub(crate) mod image;
pub(crate) mod instance;
pub(crate) mod kms_key;
pub(crate) mod mapping;
pub(crate) mod network;
pub(crate) mod reference;
pub(crate) mod sharing;
pub(crate) mod snapshot;
pub(crate) mod store;
pub(crate) mod volume;

use std::collections::BTreeMap;

use crate::course::Veil;

/// What all resources have, for tags and for describing.
pub(crate) trait Resource {
    /// The prefix of its IDs and its name in TagSpecifications and DescribeTags.
    const KIND: id::Kind;

    fn id(&self) -> &str;
    fn owner(&self) -> &str;
    fn tags(&self) -> &BTreeMap<String, String>;
    fn tags_mut(&mut self) -> &mut BTreeMap<String, String>;
    fn veil(&self) -> &Veil;
}

/// The part of [`Resource`] that every kind answers from the fields of the same names.
macro_rules! resource {
    ($type:ty, $kind:expr) => {
        impl crate::model::Resource for $type {
            const KIND: crate::model::id::Kind = $kind;

            fn id(&self) -> &str {
                &self.id
            }
            fn owner(&self) -> &str {
                &self.owner
            }
            fn tags(&self) -> &std::collections::BTreeMap<String, String> {
                &self.tags
            }
            fn tags_mut(&mut self) -> &mut std::collections::BTreeMap<String, String> {
                &mut self.tags
            }
            fn veil(&self) -> &crate::course::Veil {
                &self.veil
            }
        }
    };
}
pub(crate) use resource;
