//! Leads a request to its action: faults, who is calling, the work, the log.

use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use hyper::http::request::Parts;
use serde_json::Value;
use uuid::Uuid;

use super::{
    Answer, Caller, GET, Invocation, PUT, complete, error, get, list, put, quota, route, start,
};
use crate::blocks::Digest;
pub(super) use crate::frontdoor::off_thread;
use crate::frontdoor::{Delivery, Reply, Shared};
use crate::identity;
use crate::wire::error::ApiError;
use crate::wire::fault::Kind;
use crate::wire::log::Call;
use crate::wire::pieces::{Pieces, damaged};
use crate::wire::request::Request;
use crate::wire::signature::{Payload, Signed, signs_body};
use crate::world::World;

/// Answers a request that was signed for EBS.
pub(crate) async fn answer(shared: &Shared, head: &Parts, body: Pieces) -> Reply {
    let request_id = Uuid::new_v4();
    // Most clients do not sign blocks; then one is hashed when it is compared with its checksum.
    let (body, digest) = match signs_body(&head.headers) {
        true => off_thread(move || hashed(body)).await,
        false => (body, None),
    };
    let (action, request) = read(head, &body, digest.as_ref());
    let (fault, pause) = {
        let mut world = shared.lock();
        let fault = world.faults.take(request.action(), request.region());
        let is_block = matches!(request.action(), PUT | GET);
        let pause = world.settings.block_delay;
        (fault, if is_block { pause } else { Duration::ZERO })
    };
    let late = match fault {
        Some(Kind::Delay(time)) => time,
        _ => Duration::ZERO,
    };
    if !(pause + late).is_zero() {
        tokio::time::sleep(pause + late).await;
    }
    let result = match &fault {
        Some(Kind::Error(error)) => Err(error.clone()),
        Some(Kind::Throttle) => Err(error::throttled(throttle_reason(request.action()))),
        Some(Kind::ResetBefore) => Ok(Answer::json(200, &Value::Null)),
        _ => match action {
            Err(error) => Err(error),
            Ok(action) => serve(shared, action, &request, body, digest, fault.as_ref()).await,
        },
    };
    reply(shared, request, request_id, result, fault.as_ref())
}

fn hashed(body: Pieces) -> (Pieces, Option<Digest>) {
    let digest = body.digest();
    (body, Some(digest))
}

/// The action and the parameters; also of what is no operation, for the log.
fn read(
    head: &Parts,
    body: &Pieces,
    digest: Option<&Digest>,
) -> (Result<&'static str, ApiError>, Request) {
    // Only StartSnapshot has a body that is to be read here; those of blocks are not to be copied.
    let text = match head.method {
        Method::POST => body.clone().joined(),
        _ => Bytes::new(),
    };
    let (action, mut params) = match route::read(head, &text) {
        Ok((action, params)) => (Ok(action), params),
        Err(error) => (Err(error), Default::default()),
    };
    let name = action.as_ref().copied().unwrap_or_default();
    params.insert("Action".to_owned(), name.to_owned());
    let signed = Signed {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query(),
        headers: &head.headers,
        body: digest.map_or(Payload::Unread, Payload::Hashed),
    };
    (action, Request::new(&signed, params))
}

async fn serve(
    shared: &Shared,
    action: &'static str,
    request: &Request,
    mut body: Pieces,
    mut digest: Option<Digest>,
    fault: Option<&Kind>,
) -> Result<Answer, ApiError> {
    let caller = admit(&mut shared.lock(), action, request)?;
    if fault == Some(&Kind::Corrupt) && action == PUT {
        body.damage();
        digest = None;
    }
    let call = Invocation {
        caller,
        flat: request.params.clone(),
        body,
        digest,
        pretends: fault == Some(&Kind::Ignore),
    };
    let mut answer = match action {
        "StartSnapshot" => start::run(&mut shared.lock(), &call)?,
        "CompleteSnapshot" => complete::run(shared, call).await?,
        PUT => put::run(shared, call).await?,
        GET => get::run(shared, call).await?,
        "ListSnapshotBlocks" => list::blocks(shared, call).await?,
        // The last one that a route leads to.
        _ => list::changed(shared, call).await?,
    };
    if fault == Some(&Kind::Corrupt) && action == GET {
        answer.body = damaged(&answer.body);
    }
    Ok(answer)
}

/// Finds out who calls, and whether they may now.
fn admit(world: &mut World, action: &str, request: &Request) -> Result<Caller, ApiError> {
    let key = identity::authenticate(world, request).map_err(error::of_credentials)?;
    let caller = Caller {
        account: key.account,
        arn: key.arn,
        region: request.region().to_owned(),
    };
    if world.denied.contains(action) {
        let message = format!(
            "User: {} is not authorized to perform: ebs:{action} because no identity-based policy \
             allows the ebs:{action} action",
            caller.arn
        );
        return Err(error::denied("UNAUTHORIZED_ACCOUNT", message));
    }
    let snapshot = request.params.get("SnapshotId").map(String::as_str);
    quota::take(world, &caller, action, snapshot)?;
    Ok(caller)
}

/// What is throttled: a snapshot, or the account.
fn throttle_reason(action: &str) -> &'static str {
    match action {
        PUT | GET => "RESOURCE_LEVEL_THROTTLE",
        _ => "ACCOUNT_THROTTLED",
    }
}

fn reply(
    shared: &Shared,
    request: Request,
    request_id: Uuid,
    result: Result<Answer, ApiError>,
    fault: Option<&Kind>,
) -> Reply {
    let (answer, error) = match result {
        Ok(answer) => (answer, None),
        Err(error) => (error::answer(&error), Some(error.code)),
    };
    let mut headers = answer.headers;
    headers.push(("x-amzn-requestid", request_id.to_string()));
    let reply = Reply {
        status: answer.status,
        content_type: answer.content_type,
        headers,
        body: answer.body,
        delivery: Delivery::of(fault),
    };
    let mut world = shared.lock();
    let mut call = Call::of(
        &world,
        request,
        &reply,
        error,
        fault,
        request_id.to_string(),
    );
    call.params.remove("Action");
    world.log.record(&call, &reply);
    world.log.add(call);
    reply
}
