//! DescribeImageReferences: what of the account uses its images. There are only instances here: no
//! launch templates, SSM parameters or Image Builder recipes.

use crate::model::id::Kind;
use crate::model::instance::{Instance, InstanceState};
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::Xml;

use super::call::{Action, Invocation};

const INSTANCE: &str = "ec2:Instance";
const TYPES: [&str; 5] = [
    INSTANCE,
    "ec2:LaunchTemplate",
    "imagebuilder:ContainerRecipe",
    "imagebuilder:ImageRecipe",
    "ssm:Parameter",
];

/// Lists instances by the images that they run.
pub(crate) struct DescribeImageReferences {
    images: Vec<String>,
    with_instances: bool,
    states: Vec<String>,
    max: usize,
    start: usize,
}

impl Action for DescribeImageReferences {
    fn take(params: &Params) -> Result<Self, ApiError> {
        let images = params.strings("ImageId");
        if images.is_empty() {
            return Err(ApiError::missing("ImageId"));
        }
        Kind::Image.check_all(&images)?;
        let all = params.flag("IncludeAllResourceTypes")?.unwrap_or(false);
        let (mut types, mut states) = (Vec::new(), Vec::new());
        for given in params.structs("ResourceType") {
            types.push(check_type(given.req("ResourceType")?)?);
            for option in given.structs("ResourceTypeOption") {
                let (name, values) = (option.req("OptionName")?, option.strings("OptionValue"));
                if name == "state-name" {
                    states.extend(values);
                }
            }
        }
        if all != types.is_empty() {
            // DescribeImageReferences in the API reference: one of the two is required.
            let message = "Either IncludeAllResourceTypes or ResourceTypes must be specified";
            return Err(ApiError::combination(message));
        }
        let start = params.opt("NextToken").map(|token| token.parse());
        let wrong = |_| {
            let message = "The specified pagination token is not valid or is expired.";
            ApiError::client("InvalidPaginationToken", message)
        };
        Ok(DescribeImageReferences {
            images,
            with_instances: all || types.iter().any(|word| word == INSTANCE),
            states,
            max: params.number("MaxResults")?.unwrap_or(1000),
            start: start.transpose().map_err(wrong)?.unwrap_or(0),
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let (me, place) = (&*call.caller.account, &*call.caller.region);
        let refers = |instance: &&Instance| {
            let state = instance.state();
            let states = &self.states;
            self.with_instances
                && instance.owner == me
                && state != InstanceState::Terminated
                && self.images.contains(&instance.image)
                && (states.is_empty() || states.iter().any(|word| word == state.as_str()))
        };
        let found: Vec<&Instance> = call.region().instances.iter().filter(refers).collect();
        let page = found.iter().skip(self.start).take(self.max);
        let mut xml = Xml::new();
        xml.list("imageReferenceSet", page, |xml, instance| {
            let arn = format!("arn:aws:ec2:{place}:{me}:instance/{}", instance.id);
            xml.text("imageId", &instance.image)
                .text("resourceType", INSTANCE)
                .text("arn", arn);
        });
        let end = self.start + self.max;
        xml.opt("nextToken", (end < found.len()).then_some(end));
        Ok(xml)
    }
}

fn check_type(word: String) -> Result<String, ApiError> {
    if TYPES.contains(&&*word) {
        return Ok(word);
    }
    Err(ApiError::bad_value(word, "resourceType", ""))
}
