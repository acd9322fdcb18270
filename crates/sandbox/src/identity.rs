//! Who signed a request: the key, its session token, the signature, the clock.

use time::macros::format_description;
use time::{Duration, OffsetDateTime};

use crate::wire::error::ApiError;
use crate::wire::request::Request;
use crate::world::{Key, World};

/// Finds out who calls, in the order in which a wrong request is refused.
pub(crate) fn authenticate(world: &World, request: &Request) -> Result<Key, ApiError> {
    // EC2 has one word for whatever is wrong; the others say more.
    let is_frank = request.service() != "ec2";
    let scope = request.scope.as_ref().ok_or_else(|| {
        let status = if is_frank { 403 } else { 401 };
        let message = "Request is missing Authentication Token";
        ApiError::new(status, "MissingAuthenticationToken", message)
    })?;
    let key = world.keys.get(&scope.access_key);
    let key = key.ok_or_else(|| unknown(is_frank))?;
    if world.spec(&scope.region).is_none() {
        let message = format!(
            "Credential should be scoped to a valid region, not '{}'. ",
            scope.region
        );
        return Err(ApiError::new(401, "AuthFailure", message.trim_end()));
    }
    // EC2 says no more than this in a region that the account has not enabled.
    if !world.is_enabled(&scope.region) {
        return Err(unknown(is_frank));
    }
    check_clock(world, request, is_frank)?;
    check_session(world, key, request, is_frank)?;
    if world.settings.signatures && !request.is_signed_with(&key.secret) {
        return Err(wrong_signature(is_frank));
    }
    Ok(key.clone())
}

/// EC2 has one word for whatever is wrong with credentials; STS tells a key from a signature.
fn unknown(is_frank: bool) -> ApiError {
    if is_frank {
        let message = "The security token included in the request is invalid.";
        return ApiError::new(403, "InvalidClientTokenId", message);
    }
    ApiError::auth_failure()
}

fn wrong_signature(is_frank: bool) -> ApiError {
    if is_frank {
        let message = "The request signature we calculated does not match the signature you provided. \
             Check your AWS Secret Access Key and signing method. Consult the service documentation for \
             details.";
        return ApiError::new(403, "SignatureDoesNotMatch", message);
    }
    ApiError::auth_failure()
}

/// A temporary key comes with its own token and before its end. A token beside a lasting key is
/// refused only where secrets are looked at too.
fn check_session(
    world: &World,
    key: &Key,
    request: &Request,
    is_frank: bool,
) -> Result<(), ApiError> {
    let Some(session) = &key.session else {
        let stray = world.settings.signatures && request.token.is_some();
        return if stray {
            Err(unknown(is_frank))
        } else {
            Ok(())
        };
    };
    if request.token.as_ref() != Some(&session.token) {
        return Err(unknown(is_frank));
    }
    if OffsetDateTime::now_utc() < session.until {
        return Ok(());
    }
    // EC2 error codes: RequestExpired stands for expired temporary credentials too.
    Err(if is_frank {
        let message = "The security token included in the request is expired";
        ApiError::new(403, "ExpiredToken", message)
    } else {
        expired()
    })
}

fn expired() -> ApiError {
    ApiError::client("RequestExpired", "Request has expired.")
}

/// A clock that is off by more than the setting. EC2 documents RequestExpired for both directions; STS
/// says what time it has.
fn check_clock(world: &World, request: &Request, is_frank: bool) -> Result<(), ApiError> {
    let (Some(skew), Some(sent)) = (world.settings.clock_skew, request.sent) else {
        return Ok(());
    };
    let now = OffsetDateTime::now_utc();
    if (now - sent).abs() <= skew {
        return Ok(());
    }
    if !is_frank {
        return Err(expired());
    }
    let skew = Duration::try_from(skew).unwrap_or(Duration::ZERO);
    let minutes = skew.whole_minutes();
    let message = if sent < now {
        let (sent, edge, now) = (stamp(sent), stamp(now - skew), stamp(now));
        format!("Signature expired: {sent} is now earlier than {edge} ({now} - {minutes} min.)")
    } else {
        let (sent, edge, now) = (stamp(sent), stamp(now + skew), stamp(now));
        format!(
            "Signature not yet current: {sent} is still later than {edge} ({now} + {minutes} min.)"
        )
    };
    Err(ApiError::new(403, "SignatureDoesNotMatch", message))
}

fn stamp(moment: OffsetDateTime) -> String {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    moment.format(format).unwrap_or_default()
}
