//! Names of images: what they may be, and that an account uses each only once in a region.

use crate::model::image::{Image, ImageState};
use crate::wire::error::ApiError;
use crate::world::Region;

/// Refuses a name that cannot be or that another image of the account has.
pub(crate) fn check(region: &Region, account: &str, name: &str) -> Result<(), ApiError> {
    check_shape(name)?;
    match holder(region, account, name) {
        None => Ok(()),
        Some(image) => {
            let message = format!("AMI name {name} is already in use by AMI {}", image.id);
            Err(ApiError::client("InvalidAMIName.Duplicate", message))
        }
    }
}

/// CreateImage in the API reference: "3-128 alphanumeric characters, parentheses (()), square brackets
/// ([]), spaces ( ), periods (.), slashes (/), dashes (-), single quotes ('), at-signs (@), or
/// underscores(_)". The message names fewer of them, as EC2's own does.
pub(crate) fn check_shape(name: &str) -> Result<(), ApiError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "()[] ./-'@_".contains(c);
    if (3..=128).contains(&name.chars().count()) && name.chars().all(fits) {
        return Ok(());
    }
    let message = "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, \
                   '(', ')', '.', '-', '/' and '_'";
    Err(ApiError::client("InvalidAMIName.Malformed", message))
}

/// The image of the account that has the name, whatever its state.
fn holder<'r>(region: &'r Region, account: &str, name: &str) -> Option<&'r Image> {
    let has_it = |image: &&Image| image.owner == account && image.name == name;
    region
        .images
        .iter()
        .filter(has_it)
        .find(|image| image.state() != ImageState::Deregistered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_reference() {
        for name in ["abc", "a b/c.d-e'f@g_(h)[i]", &"n".repeat(128)] {
            assert!(check_shape(name).is_ok(), "{name}");
        }
        for name in ["ab", "", "a:b:c", "naïve", "a+b", &"n".repeat(129)] {
            assert_eq!(
                check_shape(name).unwrap_err().code,
                "InvalidAMIName.Malformed",
                "{name}"
            );
        }
    }

    #[test]
    fn a_deregistered_image_frees_its_name() {
        let mut region = Region::default();
        let mut image = Image::new("1", "web");
        image.set_state(ImageState::Failed);
        region.images.insert(&image.id.clone(), image.clone());
        assert!(
            check(&region, "1", "web")
                .unwrap_err()
                .message
                .ends_with(&image.id)
        );
        assert!(check(&region, "2", "web").is_ok());
        region
            .images
            .get_mut(&image.id)
            .unwrap()
            .set_state(ImageState::Deregistered);
        assert!(check(&region, "1", "web").is_ok());
    }
}
