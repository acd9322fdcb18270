//! What an owner switches on and off on an image: use, deprecation, deregistration protection.

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::model::image::{Image, ImageState};
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::Xml;

use super::call::{Action, Invocation};
use super::image_deregister;

/// DisableImage: only available or failed images; all shares are lost (user guide, "Disable an AMI").
pub(crate) struct Disable(String);

impl Action for Disable {
    fn take(params: &Params) -> Result<Self, ApiError> {
        Ok(Disable(params.req("ImageId")?))
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let expected = [ImageState::Available, ImageState::Failed];
        check_state(call, &self.0, &expected)?;
        change(call, &self.0, |image| {
            image.set_state(ImageState::Disabled);
            image.public = false;
            image.shared_with.clear();
            image.shared_with_groups.clear();
        })
    }
}

/// EnableImage.
pub(crate) struct Enable(String);

impl Action for Enable {
    fn take(params: &Params) -> Result<Self, ApiError> {
        Ok(Enable(params.req("ImageId")?))
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        check_state(call, &self.0, &[ImageState::Disabled])?;
        change(call, &self.0, |image| {
            image.set_state(ImageState::Available)
        })
    }
}

/// EnableImageDeprecation: at most ten years ahead, two for public images, not in the past, rounded to
/// the minute (EnableImageDeprecation in the API reference).
pub(crate) struct Deprecate {
    id: String,
    at: OffsetDateTime,
}

impl Action for Deprecate {
    fn take(params: &Params) -> Result<Self, ApiError> {
        let id = params.req("ImageId")?;
        let text = params.req("DeprecateAt")?;
        let parsed = OffsetDateTime::parse(&text, &Rfc3339);
        let at = parsed
            .map_err(|_| ApiError::bad_value(&text, "DeprecateAt", "Expected a date and time."))?;
        Ok(Deprecate { id, at })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let image = image_deregister::own(call.region(), &call.caller.account, &self.id)?;
        let now = OffsetDateTime::now_utc();
        let years = if image.public { 2 } else { 10 };
        if self.at <= now || self.at > now + Duration::days(365 * years + 3) {
            let message = format!(
                "The deprecation date must be in the future and at most {years} years away"
            );
            return Err(ApiError::client("InvalidParameterValue", message));
        }
        let past_minute = Duration::seconds(self.at.unix_timestamp().rem_euclid(60));
        let whole = self.at - past_minute;
        let rounded = if past_minute >= Duration::seconds(30) {
            whole + Duration::minutes(1)
        } else {
            whole
        };
        change(call, &self.id, |image| image.deprecation = Some(rounded))
    }
}

/// DisableImageDeprecation.
pub(crate) struct EndDeprecation(String);

impl Action for EndDeprecation {
    fn take(params: &Params) -> Result<Self, ApiError> {
        Ok(EndDeprecation(params.req("ImageId")?))
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        change(call, &self.0, |image| image.deprecation = None)
    }
}

/// EnableImageDeregistrationProtection.
pub(crate) struct Protect {
    id: String,
    word: &'static str,
}

impl Action for Protect {
    fn take(params: &Params) -> Result<Self, ApiError> {
        let id = params.req("ImageId")?;
        let cooldown = params.flag("WithCooldown")?.unwrap_or(false);
        Ok(Protect {
            id,
            word: if cooldown {
                "enabled-with-cooldown"
            } else {
                "enabled-without-cooldown"
            },
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        change(call, &self.id, |image| {
            image.protection = Some(self.word.into())
        })?;
        Ok(answer(self.word))
    }
}

/// DisableImageDeregistrationProtection. The cooldown of 24 hours is not waited for.
pub(crate) struct Unprotect(String);

impl Action for Unprotect {
    fn take(params: &Params) -> Result<Self, ApiError> {
        Ok(Unprotect(params.req("ImageId")?))
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        change(call, &self.0, |image| {
            image.protection = Some("disabled".into())
        })?;
        Ok(answer("disabled"))
    }
}

fn answer(word: &str) -> Xml {
    let mut xml = Xml::new();
    xml.text("return", word);
    xml
}

fn check_state(call: &Invocation<'_>, id: &str, expected: &[ImageState]) -> Result<(), ApiError> {
    let state = image_deregister::own(call.region(), &call.caller.account, id)?.state();
    if expected.contains(&state) {
        return Ok(());
    }
    let message = format!("The image {id} is in state '{}'", state.as_str());
    Err(ApiError::client("IncorrectState", message))
}

fn change(
    call: &mut Invocation<'_>,
    id: &str,
    what: impl FnOnce(&mut Image),
) -> Result<Xml, ApiError> {
    image_deregister::own(call.region(), &call.caller.account, id)?;
    if let Some(image) = call.commit()?.region.images.get_mut(id) {
        what(image);
    }
    Ok(Xml::done())
}
