//! IAM Identity Center as far as a signed-in SDK needs it: GetRoleCredentials of the SSO portal, and
//! CreateToken of SSO OIDC for a refresh token (both REST JSON, both without a signature).
//!
//! Signing in happens in a browser; [`crate::Sandbox::sso_sign_in`] stands for it.

use std::collections::BTreeMap;

use hyper::HeaderMap;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::frontdoor::{Delivery, Reply, Shared};
use crate::sts::SessionKey;
use crate::wire::error::ApiError;
use crate::wire::log::Call;
use crate::wire::params::decode_form;
use crate::world::{Key, World};

/// The paths by which the two services are told from EC2 and STS.
const PORTAL: &str = "/federation/credentials";
const OIDC: &str = "/token";

/// The header that carries the token of the sign-in.
const BEARER: &str = "x-amz-sso_bearer_token";

/// How long a sign-in lasts: the default of a session of Identity Center.
const HOURS: i64 = 8;

/// What signing in gives to a client, which keeps it in a file below `~/.aws/sso/cache`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// The `accessToken` of the file.
    pub access_token: String,
    /// The `refreshToken` of the file.
    pub refresh_token: String,
}

/// What the sandbox remembers of sign-ins.
#[derive(Debug, Default)]
pub(crate) struct SignIns {
    /// The end of each access token.
    access: BTreeMap<String, OffsetDateTime>,
    refresh: Vec<String>,
}

impl SignIns {
    pub(crate) fn add(&mut self) -> SignIn {
        let fresh = || Uuid::new_v4().simple().to_string();
        let sign_in = SignIn {
            access_token: fresh(),
            refresh_token: fresh(),
        };
        let end = OffsetDateTime::now_utc() + Duration::hours(HOURS);
        self.access.insert(sign_in.access_token.clone(), end);
        self.refresh.push(sign_in.refresh_token.clone());
        sign_in
    }

    /// Ends all access tokens; what refreshes them lives longer.
    pub(crate) fn expire(&mut self) {
        self.access.clear();
    }

    fn is_valid(&self, token: &str) -> bool {
        let end = self.access.get(token);
        end.is_some_and(|end| OffsetDateTime::now_utc() < *end)
    }
}

/// Whether a path is that of one of the two services.
pub(crate) fn is_path(path: &str) -> bool {
    [PORTAL, OIDC].contains(&path)
}

/// Answers a request to one of the two services; none when it is to another one.
pub(crate) fn answer(
    shared: &Shared,
    path: &str,
    query: Option<&str>,
    headers: &HeaderMap,
    body: &[u8],
) -> Option<Reply> {
    let mut world = shared.lock();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let params = decode_form(query.unwrap_or_default().as_bytes());
    let (action, result) = match path {
        PORTAL => {
            let token = text(BEARER).unwrap_or_default();
            (
                "GetRoleCredentials",
                credentials(&mut world, token, &params),
            )
        }
        OIDC => ("CreateToken", create_token(&mut world, body)),
        _ => return None,
    };
    let reply = reply(&result);
    // The tokens are in a header and in the body, so that no secret is among the parameters.
    let call = Call {
        service: "sso".into(),
        action: action.into(),
        region: String::new(),
        account: String::new(),
        params,
        user_agent: text("user-agent").unwrap_or_default().into(),
        status: reply.status,
        error: result.err().map(|error| error.code),
        fault: None,
        request_id: String::new(),
        at: Default::default(),
    };
    world.log.add(call);
    Some(reply)
}

/// GetRoleCredentials: keys of a role of the permission set, for a token that has not come to its end.
fn credentials(
    world: &mut World,
    token: &str,
    params: &BTreeMap<String, String>,
) -> Result<Value, ApiError> {
    let param = |name: &str| {
        let message = format!("{name} is missing");
        let value = params.get(name);
        value.ok_or_else(|| ApiError::client("InvalidRequestException", message))
    };
    let (account, role) = (param("account_id")?, param("role_name")?);
    if !world.sign_ins.is_valid(token) {
        let message = "Session token not found or invalid";
        return Err(ApiError::new(401, "UnauthorizedException", message));
    }
    if !world.accounts.contains(account) {
        return Err(ApiError::new(403, "ForbiddenException", "No access"));
    }
    let key = SessionKey::new(3600);
    let role = format!("AWSReservedSSO_{role}_0123456789abcdef");
    let owner = Key::role(account, &role, "sandbox", &key);
    let answer = json!({
        "roleCredentials": {
            "accessKeyId": key.access_key,
            "secretAccessKey": key.secret,
            "sessionToken": key.token,
            "expiration": key.until.unix_timestamp() * 1000,
        }
    });
    world.keys.insert(key.access_key, owner);
    Ok(answer)
}

/// CreateToken with `grantType: refresh_token`. The grants of a browser are not known here.
fn create_token(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let given: Value = serde_json::from_slice(body).unwrap_or_default();
    let field = |name: &str| given[name].as_str().unwrap_or_default();
    if field("clientId").is_empty() || field("clientSecret").is_empty() {
        return Err(ApiError::client(
            "InvalidRequestException",
            "invalid_request",
        ));
    }
    if field("grantType") != "refresh_token" {
        let code = "UnsupportedGrantTypeException";
        return Err(ApiError::client(code, "unsupported_grant_type"));
    }
    let old = field("refreshToken");
    let known = world.sign_ins.refresh.iter().position(|token| token == old);
    let place = known.ok_or_else(|| ApiError::client("InvalidGrantException", "invalid_grant"))?;
    world.sign_ins.refresh.remove(place);
    let sign_in = world.sign_ins.add();
    Ok(json!({
        "accessToken": sign_in.access_token,
        "refreshToken": sign_in.refresh_token,
        "tokenType": "Bearer",
        "expiresIn": HOURS * 3600,
    }))
}

/// The error shapes of the models: the portal has a `message`, OIDC an `error`.
fn reply(result: &Result<Value, ApiError>) -> Reply {
    let (status, body, headers) = match result {
        Ok(value) => (200, value.clone(), Vec::new()),
        Err(error) => {
            let message = &error.message;
            let body = json!({ "message": message, "error": message });
            let kind = ("x-amzn-errortype", error.code.clone());
            (error.status, body, vec![kind])
        }
    };
    Reply {
        status,
        content_type: "application/json",
        headers,
        body: body.to_string().into(),
        delivery: Delivery::Whole,
    }
}
