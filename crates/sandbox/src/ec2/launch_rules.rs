//! Which images run on which types of instances.

use crate::model::image::Image;
use crate::wire::error::ApiError;

use super::instance_type_table::{TYPES, Type};

/// Refuses an image that the type cannot start. A type that the table does not have takes any.
///
/// Public threads quote all of these messages but the one about boot modes, of which the EC2 user guide says
/// only that the launch fails ("Instance launch behavior with Amazon EC2 boot modes").
pub(crate) fn check(image: &Image, type_name: &str) -> Result<(), ApiError> {
    match TYPES.iter().find(|known| known.name == type_name) {
        Some(kind) => check_type(image, kind),
        None => Ok(()),
    }
}

fn check_type(image: &Image, kind: &Type) -> Result<(), ApiError> {
    let (name, architecture) = (kind.name, &*image.architecture);
    if !kind.runs(architecture) {
        let message = format!(
            "The architecture '{}' of the specified instance type does not match the architecture \
             '{architecture}' of the specified AMI. Specify an instance type and an AMI that have matching \
             architectures, and try again. You can use 'describe-instance-types' or 'describe-images' to \
             discover the architecture of the instance type or AMI.",
            kind.architectures.join(",")
        );
        return Err(ApiError::client("InvalidParameterValue", message));
    }
    let message = if !kind.is_xen() && image.virtualization != "hvm" {
        format!(
            "Virtualization type 'hvm' is required for instances of type '{name}'. Ensure that you are \
             using an AMI with virtualization type 'hvm'."
        )
    } else if !kind.is_xen() && image.root().is_none() {
        format!(
            "AMI '{}' with an instance-store root device is not supported for the instance type '{name}'.",
            image.id
        )
    } else if !kind.is_xen() && !image.ena_support {
        format!(
            "Enhanced networking with the Elastic Network Adapter (ENA) is required for the '{name}' \
             instance type. Ensure that you are using an AMI that is enabled for ENA."
        )
    } else if image.boot_mode.as_deref() == Some("uefi") && !kind.boot.contains(&"uefi") {
        format!("The instance type '{name}' does not support the boot mode 'uefi' of the AMI.")
    } else {
        return Ok(());
    };
    Err(ApiError::combination(message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::mapping::{Ebs, Mapping};

    fn runs(kind: &str, change: impl FnOnce(&mut Image)) -> bool {
        let mut image = Image::new("1", "web");
        image
            .mappings
            .push(Mapping::ebs("/dev/xvda", Ebs::default()));
        change(&mut image);
        check(&image, kind).is_ok()
    }

    #[test]
    fn types_take_images_of_their_kind() {
        assert!(runs("t3.micro", |_| {}));
        assert!(!runs("t4g.small", |_| {}));
        assert!(runs("t4g.small", |image| image.architecture = "arm64".into()));
        assert!(!runs("t3.micro", |image| image.architecture = "i386".into()));
        assert!(!runs("t3.micro", |image| image.virtualization =
            "paravirtual".into()));
        assert!(runs("m3.medium", |image| image.virtualization =
            "paravirtual".into()));
        assert!(!runs("t3.micro", |image| image.ena_support = false));
        assert!(runs("m3.medium", |image| image.ena_support = false));
        assert!(!runs("t3.micro", |image| image.mappings.clear()));
        assert!(runs("m3.medium", |image| image.mappings.clear()));
    }

    #[test]
    fn uefi_alone_wants_a_type_that_has_it() {
        let with = |kind, mode: &str| runs(kind, |image| image.boot_mode = Some(mode.into()));
        assert!(!with("m3.medium", "uefi"));
        assert!(with("m3.medium", "uefi-preferred"));
        assert!(with("t3.micro", "uefi"));
        assert!(with("t9.unheard-of", "uefi"));
    }
}
