//! The image that something was made from, as the user says.

use ami_core::app::Context;
use ami_core::ec2::Registered;
use ami_core::error::Error;
use ami_core::reference::Located;

use crate::register::Register;

/// The image that `--source-image` names, which must exist, and how it is registered.
pub(crate) async fn source_image(
    context: &Context,
    request: &Register,
) -> Result<Option<(Located, Registered)>, Error> {
    let Some(reference) = &request.source_image else {
        return Ok(None);
    };
    let located = context.session.locate(reference.clone()).await?;
    let gateway = context.session.ec2(&located.region).await;
    let found = gateway.registration(&located.id).await;
    match found.map_err(|error| error.of(&located.id))? {
        Some(registered) => Ok(Some((located, registered))),
        None => Err(Error::not_found(&located, " (named by --source-image)")),
    }
}
