//! DescribeImageReferences: what of the account uses its images.

use crate::model::id::Kind;
use crate::model::instance::Instance;
use crate::model::reference::{self, Reference};
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::Xml;

use super::call::{Action, Invocation};

const INSTANCE: &str = "ec2:Instance";

/// The states by which instances can be chosen (ResourceTypeOption in the API reference).
const STATES: [&str; 6] = [
    "pending",
    "running",
    "shutting-down",
    "terminated",
    "stopping",
    "stopped",
];

/// DescribeImageReferences in the API reference.
const MAX_IMAGES: usize = 10;

/// Lists what uses images: instances, and what tests say there is of other types.
///
/// AWS does not document what becomes of an image that is unknown or deregistered. What refers to it is
/// listed all the same, for that is where a reference matters most.
pub(crate) struct DescribeImageReferences {
    images: Vec<String>,
    scope: Scope,
    max: usize,
    start: usize,
}

/// The resources that are looked at.
#[derive(Default)]
struct Scope {
    types: Vec<String>,
    /// The states of instances; all when there are none.
    states: Vec<String>,
}

impl Action for DescribeImageReferences {
    fn take(params: &Params) -> Result<Self, ApiError> {
        let images = params.strings("ImageId");
        if images.is_empty() {
            return Err(ApiError::missing("ImageId"));
        }
        if images.len() > MAX_IMAGES {
            let why = format!("No more than {MAX_IMAGES} image IDs can be specified.");
            return Err(ApiError::bad_value(images.len(), "imageIds", &why));
        }
        Kind::Image.check_all(&images)?;
        let start = params.opt("NextToken").map(|token| token.parse());
        let wrong = |_| {
            let message = "The specified pagination token is not valid or is expired.";
            ApiError::client("InvalidPaginationToken", message)
        };
        Ok(DescribeImageReferences {
            images,
            scope: Scope::take(params)?,
            max: params.number("MaxResults")?.unwrap_or(1000),
            start: start.transpose().map_err(wrong)?.unwrap_or(0),
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let found = self.find(call);
        let most = call.settings().page_size.unwrap_or(usize::MAX);
        let end = self.start.saturating_add(self.max.min(most));
        let page = found.iter().take(end).skip(self.start);
        let mut xml = Xml::new();
        xml.list("imageReferenceSet", page, |xml, found| {
            xml.text("imageId", &found.image)
                .text("resourceType", &found.resource_type)
                .text("arn", &found.arn);
        });
        xml.opt("nextToken", (end < found.len()).then_some(end));
        Ok(xml)
    }
}

impl DescribeImageReferences {
    fn find(&self, call: &Invocation<'_>) -> Vec<Reference> {
        let (region, me) = (call.region(), &*call.caller.account);
        let instances = region.instances.iter();
        let instances = instances
            .filter(|instance| self.scope.has_instance(instance))
            .map(|instance| instance_reference(instance, &call.caller.region));
        let others = region.references.iter();
        let others = others.filter(|found| self.scope.has_type(&found.resource_type));
        instances
            .chain(others.cloned())
            .filter(|found| found.owner == me && self.images.contains(&found.image))
            .collect()
    }
}

impl Scope {
    /// Options that are given hold beside IncludeAllResourceTypes too, instead of their defaults
    /// (DescribeImageReferences in the API reference).
    fn take(params: &Params) -> Result<Self, ApiError> {
        let all = params.flag("IncludeAllResourceTypes")?.unwrap_or(false);
        let mut scope = Scope::default();
        for given in params.structs("ResourceType") {
            scope.add(&given)?;
        }
        if all {
            scope.types = types().map(str::to_owned).collect();
        }
        if scope.types.is_empty() {
            let message = "Either IncludeAllResourceTypes or ResourceTypes must be specified";
            return Err(ApiError::combination(message));
        }
        Ok(scope)
    }

    fn add(&mut self, given: &Params) -> Result<(), ApiError> {
        let word = given.req("ResourceType")?;
        if !types().any(|known| known == word) {
            return Err(ApiError::bad_value(word, "resourceType", ""));
        }
        for option in given.structs("ResourceTypeOption") {
            let (name, values) = (option.req("OptionName")?, option.strings("OptionValue"));
            match (&*word, &*name) {
                (INSTANCE, "state-name") => self.add_states(values)?,
                (reference::LAUNCH_TEMPLATE, "version-depth") => check_depth(&values)?,
                _ => {
                    let why = format!("It is no option of {word}.");
                    return Err(ApiError::bad_value(name, "optionName", &why));
                }
            }
        }
        self.types.push(word);
        Ok(())
    }

    fn add_states(&mut self, values: Vec<String>) -> Result<(), ApiError> {
        if let Some(stranger) = values.iter().find(|value| !STATES.contains(&&***value)) {
            return Err(ApiError::bad_value(stranger, "state-name", ""));
        }
        self.states.extend(values);
        Ok(())
    }

    fn has_type(&self, word: &str) -> bool {
        self.types.iter().any(|asked| asked == word)
    }

    fn has_instance(&self, instance: &Instance) -> bool {
        let state = instance.state();
        let fits = self.states.is_empty() || self.states.iter().any(|word| word == state.as_str());
        fits && self.has_type(INSTANCE)
    }
}

fn types() -> impl Iterator<Item = &'static str> {
    [INSTANCE].into_iter().chain(reference::TYPES)
}

/// How many versions of a template are looked at, 10 by default (ResourceTypeOption in the API
/// reference). Templates have one version here, so that any depth reaches it.
fn check_depth(values: &[String]) -> Result<(), ApiError> {
    let is_depth = |value: &&String| matches!(value.parse(), Ok(1..=10_000));
    match values.iter().find(|value| !is_depth(value)) {
        Some(wrong) => Err(ApiError::bad_value(
            wrong,
            "version-depth",
            "Expected a number from 1 to 10000.",
        )),
        None => Ok(()),
    }
}

fn instance_reference(instance: &Instance, region: &str) -> Reference {
    let (owner, id) = (&instance.owner, &instance.id);
    Reference {
        owner: owner.clone(),
        image: instance.image.clone(),
        resource_type: INSTANCE.to_owned(),
        arn: format!("arn:aws:ec2:{region}:{owner}:instance/{id}"),
    }
}
