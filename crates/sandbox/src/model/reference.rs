//! References to images by what is not an instance: kinds of resources of which the sandbox has no more
//! than that.

/// The types that DescribeImageReferences looks at beside instances (API reference, ImageReference).
pub(crate) const TYPES: [&str; 4] = [
    LAUNCH_TEMPLATE,
    "imagebuilder:ContainerRecipe",
    "imagebuilder:ImageRecipe",
    "ssm:Parameter",
];

pub(crate) const LAUNCH_TEMPLATE: &str = "ec2:LaunchTemplate";

/// A resource that uses an image.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub(crate) owner: String,
    pub(crate) image: String,
    /// One of [`TYPES`].
    pub(crate) resource_type: String,
    pub(crate) arn: String,
}
