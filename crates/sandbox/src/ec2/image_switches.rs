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

/// EnableImageDeprecation: not in the past, at most ten years ahead, or two years from their creation for
/// public images, rounded to the minute (EnableImageDeprecation in the API reference, which does not
/// say how it refuses other moments).
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
        let (latest, words) = if image.public {
            let latest = years_after(image.created, 2);
            (latest, "2 years after a public image was made")
        } else {
            (years_after(now, 10), "10 years from now")
        };
        if self.at <= now || self.at > latest {
            let message =
                format!("The deprecation date must be in the future and at most {words}.");
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

/// DisableImageDeprecation. A public image has to be made private first (user guide, "Deprecate an AMI",
/// which does not say how that is refused).
pub(crate) struct EndDeprecation(String);

impl Action for EndDeprecation {
    fn take(params: &Params) -> Result<Self, ApiError> {
        Ok(EndDeprecation(params.req("ImageId")?))
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        if image_deregister::own(call.region(), &call.caller.account, &self.0)?.public {
            let message = "The deprecation date of a public image cannot be cancelled.";
            return Err(ApiError::client("OperationNotPermitted", message));
        }
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
            image.protection = Some(self.word.into());
            image.cooldown = None;
        })?;
        Ok(answer(self.word))
    }
}

/// DisableImageDeregistrationProtection. With a cooldown the image stays protected for 24 hours more.
pub(crate) struct Unprotect(String);

impl Action for Unprotect {
    fn take(params: &Params) -> Result<Self, ApiError> {
        Ok(Unprotect(params.req("ImageId")?))
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let cooldown = call.settings().limits.protection_cooldown;
        change(call, &self.0, |image| {
            let before = image.protection.replace("disabled".into());
            if before.as_deref() == Some("enabled-with-cooldown") {
                image.cooldown = Some(OffsetDateTime::now_utc() + cooldown);
            }
        })?;
        Ok(answer("disabled"))
    }
}

/// The API reference says that `true` is returned; the examples of the AWS CLI reference show the new state.
fn answer(word: &str) -> Xml {
    let mut xml = Xml::new();
    xml.text("return", word);
    xml
}

/// The same moment some years later; the day before where there is none.
pub(crate) fn years_after(moment: OffsetDateTime, years: i32) -> OffsetDateTime {
    let year = moment.year() + years;
    let same = moment.replace_year(year);
    same.or_else(|_| (moment - Duration::DAY).replace_year(year))
        .unwrap_or(moment)
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
