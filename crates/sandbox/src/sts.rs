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
        "AssumeRole" => assume_role(world, &params),
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

fn assume_role(world: &mut World, params: &Params) -> Result<Xml, ApiError> {
    let role = params.req("RoleArn")?;
    let session = params.req("RoleSessionName")?;
    let seconds: i64 = params.number("DurationSeconds")?.unwrap_or(3600);
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
    let mut parts = role.split(':').skip(4);
    let (account, name) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let name = name
        .strip_prefix("role/")
        .filter(|_| account.len() == 12)
        .ok_or_else(|| ApiError::client("ValidationError", format!("{role} is invalid")))?;
    let session_key = SessionKey::new(seconds);
    let key = Key {
        account: account.into(),
        arn: format!("arn:aws:sts::{account}:assumed-role/{name}/{session}"),
        user_id: format!("AROASANDBOX0000000001:{session}"),
    };
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
