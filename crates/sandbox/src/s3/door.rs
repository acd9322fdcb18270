//! Leads a request to its operation: faults, who is calling, the work, the log.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};
use s3s::Body;
use uuid::Uuid;

use super::credentials::{self, Claims};
use super::lent::Lent;
use super::permissions::iam_actions;
use super::refusal::{self, Refusal};
use super::route::Route;
use super::visit::Visit;
use super::{S3Service, error};
use crate::frontdoor::{Delivery, Shared};
use crate::wire::fault::Kind;
use crate::wire::log::Call;
use crate::wire::params::decode_form;
use crate::world::World;

/// An answer, and how it reaches the client.
#[derive(Debug)]
pub(crate) struct S3Reply {
    pub(crate) response: Response<Body>,
    pub(crate) delivery: Delivery,
    /// Whether a bit of the body turns over on its way.
    pub(crate) damages: bool,
}

/// Whether a request is for S3: signed for it, or without any signature for something with a bucket.
pub(crate) fn is_asked(head: &Parts) -> bool {
    let query = decode_form(head.uri.query().unwrap_or_default().as_bytes());
    if credentials::names_s3(&head.headers, &query) {
        return true;
    }
    let is_signed = head.headers.contains_key("authorization");
    let route = Route::of(head);
    // The services that sign nothing have one path each, which is no name of a bucket with a key.
    let is_other = crate::sso::is_path(head.uri.path()) || query.contains_key("Action");
    let reads = [Method::GET, Method::HEAD].contains(&head.method);
    !is_signed && !is_other && route.bucket.is_some() && (reads || route.key.is_some())
}

/// Answers a request to S3.
pub(crate) async fn answer(
    shared: &Shared,
    service: &S3Service,
    head: Parts,
    body: Incoming,
) -> S3Reply {
    let request_id = Uuid::new_v4().simple().to_string();
    let route = Route::of(&head);
    let claims = Claims::read(&head.headers, &route.query);
    let region = claims
        .scope
        .as_ref()
        .map_or("", |scope| &scope.region)
        .to_owned();
    let (fault, pause) = {
        let mut world = shared.lock();
        let fault = world.faults.take(route.action, &region);
        let carries = matches!(route.action, "PutObject" | "GetObject" | "UploadPart");
        let pause = world.settings.object_delay;
        (fault, if carries { pause } else { Duration::ZERO })
    };
    let late = match fault {
        Some(Kind::Delay(time)) => time,
        _ => Duration::ZERO,
    };
    if !(pause + late).is_zero() {
        tokio::time::sleep(pause + late).await;
    }
    let mut call = heard(&route, &head, &region, &request_id, fault.as_ref());
    let lent = Lent::new(body);
    let closes = waits_for_nothing(&head);
    let done = match &fault {
        Some(Kind::Error(error)) => Err(error.clone().into()),
        Some(Kind::Throttle) => Err(error::slow_down().into()),
        Some(Kind::ResetBefore) => Ok(Response::new(Body::empty())),
        _ => {
            serve(
                shared,
                service,
                &route,
                &claims,
                head,
                &lent,
                fault.as_ref(),
                &mut call,
            )
            .await
        }
    };
    if fault != Some(Kind::ResetBefore) {
        lent.drain().await;
    }
    let response = done.unwrap_or_else(|refusal| refusal::answer(&refusal, &route, &request_id));
    let mut response = finished(response, &request_id, &mut call).await;
    if closes {
        let word = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, word);
    }
    let delivery = Delivery::of(fault.as_ref());
    call.status = match delivery {
        Delivery::Reset => 0,
        _ => response.status().as_u16(),
    };
    shared.lock().log.add(call);
    S3Reply {
        response,
        delivery,
        damages: fault == Some(Kind::Corrupt) && route.action == "GetObject",
    }
}

/// Whether a client waits to be told to send a body of no bytes. hyper then does not say it, and botocore,
/// which takes that for a refusal, would misread the next answer on the same connection.
fn waits_for_nothing(head: &Parts) -> bool {
    let is_empty = head
        .headers
        .get(CONTENT_LENGTH)
        .is_some_and(|length| length == "0");
    is_empty && head.headers.contains_key(EXPECT)
}

/// Hands a request to s3s, with who sends it.
#[allow(clippy::too_many_arguments, reason = "all of what a request is")]
async fn serve(
    shared: &Shared,
    service: &S3Service,
    route: &Route,
    claims: &Claims,
    head: Parts,
    lent: &Lent,
    fault: Option<&Kind>,
    call: &mut Call,
) -> Result<Response<Body>, Refusal> {
    let sets_acl = head.headers.keys().any(|name| {
        let name = name.as_str();
        name == "x-amz-acl" || name.starts_with("x-amz-grant-")
    });
    let mut visit = admit(&shared.lock(), route, claims, sets_acl, shared)?;
    call.account = visit.account.clone().unwrap_or_default();
    visit.damages = fault == Some(&Kind::Corrupt);
    visit.pretends = fault == Some(&Kind::Ignore);
    let mut request = hyper::Request::from_parts(head, Body::http_body_unsync(lent.clone()));
    request.extensions_mut().insert(visit);
    let answered = service.call(request).await;
    answered.map_err(|_| error::internal("no answer").into())
}

/// Finds out who calls, and whether they may now, here.
fn admit(
    world: &World,
    route: &Route,
    claims: &Claims,
    sets_acl: bool,
    shared: &Shared,
) -> Result<Visit, Refusal> {
    let key = claims.check(world)?;
    let region = claims.scope.as_ref().map(|scope| scope.region.clone());
    if let Some(key) = &key {
        let denied = iam_actions(route.action, sets_acl).into_iter();
        let mut denied = denied.filter(|action| world.denied.contains(*action));
        if let Some(action) = denied.next() {
            let bucket = route.bucket.as_deref().and_then(|name| world.s3.get(name));
            let refusal = Refusal::from(refusal::not_allowed(&key.arn, action, route));
            return Err(refusal.about(bucket));
        }
    }
    if let (Some(region), Some(name)) = (&region, &route.bucket)
        && let Some(bucket) = world.s3.get(name)
        && bucket.region != *region
        && route.action != "CreateBucket"
        // The first endpoint tells everyone where a bucket is.
        && !(route.action == "GetBucketLocation" && region == "us-east-1")
    {
        return Err(refusal::elsewhere(name, region, &bucket.region));
    }
    Ok(Visit {
        shared: shared.clone(),
        account: key.map(|key| key.account),
        region: region.unwrap_or_default(),
        damages: false,
        pretends: false,
        may_not_list: world.denied.contains("ListBucket"),
    })
}

/// Gives an answer its number, and reads the code of an error for the log.
async fn finished(response: Response<Body>, request_id: &str, call: &mut Call) -> Response<Body> {
    let (mut head, mut body) = response.into_parts();
    if let Ok(id) = HeaderValue::from_str(request_id) {
        head.headers.insert("x-amz-request-id", id.clone());
        head.headers.insert("x-amz-id-2", id);
    }
    if head.status.as_u16() >= 300 {
        let bytes = match body.collect().await {
            Ok(collected) => collected.to_bytes(),
            Err(_) => bytes::Bytes::new(),
        };
        let text = String::from_utf8_lossy(&bytes);
        let code = text
            .split_once("<Code>")
            .and_then(|(_, rest)| rest.split_once("</Code>"));
        call.error = code.map(|(code, _)| code.to_owned());
        // An answer that something is as it was has no body (RFC 9110, 15.4.5).
        let is_empty = head.status == StatusCode::NOT_MODIFIED;
        body = Body::from(if is_empty { bytes::Bytes::new() } else { bytes });
        head.headers.remove(CONTENT_LENGTH);
    }
    Response::from_parts(head, body)
}

/// The call as the log keeps it, before it is known how it ends.
fn heard(
    route: &Route,
    head: &Parts,
    region: &str,
    request_id: &str,
    fault: Option<&Kind>,
) -> Call {
    let agent = head
        .headers
        .get("user-agent")
        .and_then(|value| value.to_str().ok());
    Call {
        service: super::SERVICE.to_owned(),
        action: route.action.to_owned(),
        region: region.to_owned(),
        account: String::new(),
        params: route.params(&head.headers),
        user_agent: agent.unwrap_or_default().to_owned(),
        status: 0,
        error: None,
        fault: fault.map(Kind::word),
        request_id: request_id.to_owned(),
        at: Duration::ZERO,
    }
}
