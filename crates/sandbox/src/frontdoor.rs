//! Leads a request to its service: faults first, then who is calling, then the work, then the log.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;

use crate::ec2::{self, Caller};
use crate::identity;
use crate::sts;
use crate::wire::error::ApiError;
use crate::wire::fault::Kind;
use crate::wire::log::Call;
use crate::wire::request::Request;
use crate::wire::xml::Xml;
use crate::world::World;

/// What the threads of a sandbox share.
#[derive(Clone, Debug)]
pub(crate) struct Shared(Arc<Mutex<World>>);

impl Shared {
    pub(crate) fn new(world: World) -> Self {
        Shared(Arc::new(Mutex::new(world)))
    }

    /// The world is a plain store: a panic in a test leaves nothing half done that matters.
    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer, and how it reaches the client.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
    pub(crate) delivery: Delivery,
}

/// How an answer reaches the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// As it should.
    Whole,
    /// Not at all: the connection is reset.
    Reset,
    /// Half of it, though its length is announced.
    Cut,
    /// In small pieces, with a pause after each.
    Dribble(Duration),
}

impl Delivery {
    pub(crate) fn of(fault: Option<&Kind>) -> Self {
        match fault {
            Some(Kind::ResetBefore | Kind::ResetAfter) => Delivery::Reset,
            Some(Kind::Cut) => Delivery::Cut,
            Some(Kind::Dribble(pause)) => Delivery::Dribble(*pause),
            _ => Delivery::Whole,
        }
    }
}

/// Answers a request to the port of the services.
pub(crate) async fn answer(shared: &Shared, request: Request) -> Reply {
    let request_id = Uuid::new_v4().to_string();
    let fault = shared
        .lock()
        .faults
        .take(request.action(), request.region());
    if let Some(Kind::Delay(time)) = fault {
        tokio::time::sleep(time).await;
    }
    let mut world = shared.lock();
    let result = match &fault {
        Some(Kind::Error(error)) => Err(error.clone()),
        Some(Kind::Throttle) => Err(ApiError::throttled()),
        Some(Kind::ResetBefore) => Ok(String::new()),
        Some(Kind::Ignore) => Ok(ec2::envelope(request.action(), &request_id, &Xml::done())),
        _ => serve(&mut world, &request, &request_id),
    };
    let delivery = Delivery::of(fault.as_ref());
    let reply = reply(request.service(), result.as_ref(), &request_id, delivery);
    let error = result.err().map(|error| error.code);
    let call = Call::of(&world, request, &reply, error, fault.as_ref(), request_id);
    world.log.record(&call, &reply);
    world.log.add(call);
    reply
}

/// Does the call and gives the body of its answer.
fn serve(world: &mut World, request: &Request, request_id: &str) -> Result<String, ApiError> {
    let key = identity::authenticate(world, request)?;
    let (action, params) = (request.action(), request.params.clone());
    if action.is_empty() {
        return Err(ApiError::client(
            "MissingAction",
            "The request must contain the parameter Action",
        ));
    }
    match request.service() {
        "ec2" => {
            let region = request.region().to_owned();
            let caller = Caller {
                account: key.account,
                arn: key.arn,
                region,
            };
            if world.settings.throttle {
                // Action, Version and DryRun narrow nothing down.
                let is_broad = params.len() < 3 + usize::from(params.contains_key("DryRun"));
                let (account, region) = (&caller.account, &caller.region);
                let limits = world.settings.limits;
                world
                    .buckets
                    .take(account, region, action, is_broad, &limits)?;
            }
            let inside = ec2::dispatch(world, caller, action, params)?;
            Ok(ec2::envelope(action, request_id, &inside))
        }
        "sts" => {
            let inside = sts::dispatch(world, &key, action, params)?;
            Ok(sts::envelope(action, request_id, &inside))
        }
        other => {
            let message = format!("There is no service {other} here");
            Err(ApiError::new(404, "UnknownService", message))
        }
    }
}

fn reply(
    service: &str,
    result: Result<&String, &ApiError>,
    request_id: &str,
    delivery: Delivery,
) -> Reply {
    let body = match (result, service) {
        (Ok(body), _) => body.clone(),
        (Err(error), "sts") => sts::error_envelope(error, request_id),
        (Err(error), _) => ec2::error_envelope(error, request_id),
    };
    let body = Bytes::from(body);
    Reply {
        status: result.err().map_or(200, |error| error.status),
        content_type: "text/xml;charset=UTF-8",
        headers: vec![("x-amzn-requestid", request_id.to_owned())],
        body,
        delivery,
    }
}

/// Works where it holds up no connection.
pub(crate) async fn off_thread<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> R {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(broken) => std::panic::resume_unwind(broken.into_panic()),
    }
}

impl Call {
    /// What is kept of a request and of its answer.
    pub(crate) fn of(
        world: &World,
        request: Request,
        reply: &Reply,
        error: Option<String>,
        fault: Option<&Kind>,
        request_id: String,
    ) -> Self {
        let scope = request.scope.as_ref();
        let key = scope.and_then(|scope| world.keys.get(&scope.access_key));
        let is_reset = reply.delivery == Delivery::Reset;
        Call {
            service: request.service().to_owned(),
            action: request.action().to_owned(),
            region: request.region().to_owned(),
            account: key.map(|key| key.account.clone()).unwrap_or_default(),
            status: if is_reset { 0 } else { reply.status },
            error,
            fault: fault.map(Kind::word),
            request_id,
            at: Duration::ZERO,
            user_agent: request.user_agent,
            params: request.params,
        }
    }
}
