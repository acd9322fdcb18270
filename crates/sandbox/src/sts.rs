//! STS: GetCallerIdentity and AssumeRole (query protocol, API version 2011-06-15).

use std::collections::BTreeMap;

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::{Xml, timestamp};
use crate::world::{Key, World};

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// Does an STS call and gives the inside of its answer.
pub(crate) fn dispatch(
    world: &mut World,
    caller: &Key,
    action: &str,
    flat: BTreeMap<String, String>,
) -> Result<Xml, ApiError> {
    if world.denied.contains(action) {
        let message = format!(
            "User: {} is not authorized to perform: sts:{action}",
            caller.arn
        );
        return Err(ApiError::new(403, "AccessDenied", message));
    }
    let params = Params::new(flat);
    params.opt("Action");
    params.opt("Version");
    match action {
        "GetCallerIdentity" => identity(caller, &params),
        "AssumeRole" => assume_role(world, caller, &params),
        other => {
            let message = format!("Could not find operation {other} for version 2011-06-15");
            Err(ApiError::client("InvalidAction", message))
        }
    }
}

/// Puts an answer into its envelope.
pub(crate) fn envelope(action: &str, request_id: &str, inside: &Xml) -> String {
    format!(
        "<{action}Response xmlns=\"{NAMESPACE}\"><{action}Result>{}</{action}Result>\
         <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>",
        inside.as_str()
    )
}

/// An error in the form of STS.
pub(crate) fn error_envelope(error: &ApiError, request_id: &str) -> String {
    let mut xml = Xml::new();
    xml.element("Error", |xml| {
        xml.text(
            "Type",
            if error.status < 500 {
                "Sender"
            } else {
                "Receiver"
            },
        );
        xml.text("Code", &error.code)
            .text("Message", &error.message);
    });
    xml.text("RequestId", request_id);
    format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\">{}</ErrorResponse>",
        xml.as_str()
    )
}

fn identity(caller: &Key, params: &Params) -> Result<Xml, ApiError> {
    params.finish()?;
    let mut xml = Xml::new();
    xml.text("Arn", &caller.arn)
        .text("UserId", &caller.user_id)
        .text("Account", &caller.account);
    Ok(xml)
}

fn assume_role(world: &mut World, caller: &Key, params: &Params) -> Result<Xml, ApiError> {
    let role = params.req("RoleArn")?;
    let session = params.req("RoleSessionName")?;
    let seconds: i64 = params.number("DurationSeconds")?.unwrap_or(3600);
    let (serial, code) = (params.opt("SerialNumber"), params.opt("TokenCode"));
    for known in [
        "PolicyArns",
        "Policy",
        "Tags",
        "TransitiveTagKeys",
        "ExternalId",
        "SourceIdentity",
    ] {
        params.accept(known);
    }
    params.finish()?;
    check_values(seconds, &session)?;
    let (account, name) = parse_role(&role)?;
    if !world.accounts.contains(account) {
        return Err(refused(caller, &role));
    }
    check_device(world, caller, &role, serial.as_deref().zip(code.as_deref()))?;
    let session_key = SessionKey::new(seconds);
    let key = Key::role(account, name, &session, &session_key);
    let mut xml = Xml::new();
    xml.element("Credentials", |xml| {
        xml.text("AccessKeyId", &session_key.access_key)
            .text("SecretAccessKey", &session_key.secret);
        xml.text("SessionToken", &session_key.token)
            .text("Expiration", timestamp(session_key.until));
    });
    xml.element("AssumedRoleUser", |xml| {
        xml.text("AssumedRoleId", &key.user_id)
            .text("Arn", &key.arn);
    });
    world.keys.insert(session_key.access_key, key);
    Ok(xml)
}

/// `arn:aws:iam::ACCOUNT:role/NAME`; a path before the name does not appear in the session.
fn parse_role(role: &str) -> Result<(&str, &str), ApiError> {
    let mut parts = role.splitn(6, ':').skip(4);
    let (account, name) = (parts.next().unwrap_or_default(), parts.next());
    let name = name.and_then(|name| name.strip_prefix("role/"));
    let name = name.and_then(|name| name.rsplit('/').next());
    let name = name.filter(|name| account.len() == 12 && !name.is_empty());
    let name =
        name.ok_or_else(|| ApiError::client("ValidationError", format!("{role} is invalid")))?;
    Ok((account, name))
}

/// The limits of AssumeRole in the API reference.
fn check_values(seconds: i64, session: &str) -> Result<(), ApiError> {
    let edge = match seconds {
        i64::MIN..900 => Some("greater than or equal to 900"),
        900..=43_200 => None,
        _ => Some("less than or equal to 43200"),
    };
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    let wrong = if let Some(edge) = edge {
        format!(
            "Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value {edge}"
        )
    } else if !(2..=64).contains(&session.len()) || !session.chars().all(is_word) {
        format!(
            "Value '{session}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*"
        )
    } else {
        return Ok(());
    };
    let message = format!("1 validation error detected: {wrong}");
    Err(ApiError::client("ValidationError", message))
}

/// A role under a device is only for callers that show its code.
fn check_device(
    world: &World,
    caller: &Key,
    role: &str,
    shown: Option<(&str, &str)>,
) -> Result<(), ApiError> {
    let needed = world.mfa.get(role);
    let Some((serial, code)) = shown else {
        return if needed.is_some() {
            Err(refused(caller, role))
        } else {
            Ok(())
        };
    };
    let mut known = world.mfa.values();
    let device = known.find(|device| device.serial == serial);
    let message = match device {
        Some(device) if device.code == code => return Ok(()),
        Some(_) => "MultiFactorAuthentication failed with invalid MFA one time pass code. ",
        None => {
            "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user."
        }
    };
    Err(ApiError::new(403, "AccessDenied", message))
}

fn refused(caller: &Key, role: &str) -> ApiError {
    let message = format!(
        "User: {} is not authorized to perform: sts:AssumeRole on resource: {role}",
        caller.arn
    );
    ApiError::new(403, "AccessDenied", message)
}

/// Temporary credentials.
pub(crate) struct SessionKey {
    pub(crate) access_key: String,
    pub(crate) secret: String,
    pub(crate) token: String,
    pub(crate) until: OffsetDateTime,
}

impl SessionKey {
    pub(crate) fn new(seconds: i64) -> Self {
        let random = || Uuid::new_v4().simple().to_string();
        SessionKey {
            access_key: format!("ASIA{}", random()[..16].to_uppercase()),
            secret: random(),
            token: format!("sandbox/{}{}", random(), random()),
            until: OffsetDateTime::now_utc() + Duration::seconds(seconds),
        }
    }
}
