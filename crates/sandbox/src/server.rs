//! The HTTP server: two ports on loopback, one thread and some for blocks, gone when the sandbox is dropped.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request as HttpRequest, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::Sleep;

use crate::ebs;
use crate::frontdoor::{self, Delivery, Reply, Shared};
use crate::metadata;
use crate::sso;
use crate::wire::pieces::Pieces;
use crate::wire::request::{Request, service_of};

const MAX_BODY: usize = 16 << 20;
const PIECE: usize = 64;

/// How long a cut answer stays open, so that its first half is sent before the end.
const CUT_AFTER: Duration = Duration::from_millis(20);

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) services: SocketAddr,
    pub(crate) metadata: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Which of the two ports a connection came in by.
#[derive(Clone, Copy)]
enum Port {
    Services,
    Metadata,
}

impl Server {
    pub(crate) fn start(shared: Shared, port: u16, metadata_port: u16) -> io::Result<Self> {
        let services = bind(port)?;
        let metadata = bind(metadata_port)?;
        // What hashes and writes blocks has threads of its own. More of them than processors would only
        // wait for each other at the files.
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .max_blocking_threads(processors.clamp(2, 8))
            .enable_all()
            .build()?;
        let addresses = (services.local_addr()?, metadata.local_addr()?);
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("ami-sandbox".into())
            .spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        () = listen(services, shared.clone(), Port::Services) => {}
                        () = listen(metadata, shared, Port::Metadata) => {}
                        _ = stopped => {}
                    }
                });
            })?;
        let (services, metadata) = addresses;
        Ok(Server {
            services,
            metadata,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A server that panicked has nothing left to be stopped.
            let _ = thread.join();
        }
    }
}

fn bind(port: u16) -> io::Result<StdListener> {
    let listener = StdListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

async fn listen(listener: StdListener, shared: Shared, port: Port) {
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    loop {
        // What cannot be accepted (too many open files) can be a moment later.
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(converse(stream, shared.clone(), port))),
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn converse(stream: TcpStream, shared: Shared, port: Port) {
    let _ = stream.set_nodelay(true);
    let reset = Arc::new(AtomicBool::new(false));
    let wire = Wire {
        stream,
        reset: Arc::clone(&reset),
    };
    let service = service_fn(|request| {
        let (shared, reset) = (shared.clone(), Arc::clone(&reset));
        async move { respond(&shared, port, request, &reset).await }
    });
    // An error here is a client that went away, or a fault that was ordered.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(wire), service)
        .await;
}

async fn respond(
    shared: &Shared,
    port: Port,
    request: HttpRequest<Incoming>,
    reset: &AtomicBool,
) -> io::Result<Response<Script>> {
    let (head, body) = request.into_parts();
    let body = Pieces::receive(body, MAX_BODY).await?;
    let reply = match port {
        Port::Services => serve(shared, &head, body).await,
        Port::Metadata => {
            let path = head.uri.path();
            metadata::answer(shared, head.method.as_str(), path, &head.headers)
        }
    };
    if reply.delivery == Delivery::Reset {
        reset.store(true, Ordering::Relaxed);
        return Err(io::ErrorKind::ConnectionReset.into());
    }
    let mut response = Response::builder()
        .status(reply.status)
        .header("content-type", reply.content_type)
        .header("content-length", reply.body.len());
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    response.body(Script::of(reply)).map_err(io::Error::other)
}

/// Leads a request to its service: the signature names it, but Identity Center asks for none.
async fn serve(shared: &Shared, head: &Parts, body: Pieces) -> Reply {
    if service_of(&head.headers).is_some_and(|service| service == ebs::SERVICE) {
        return ebs::answer(shared, head, body).await;
    }
    let body = body.joined();
    let (path, query) = (head.uri.path(), head.uri.query());
    if let Some(reply) = sso::answer(shared, path, query, &head.headers, &body) {
        return reply;
    }
    let request = Request::decode_query(head.method.as_str(), &head.uri, &head.headers, &body);
    frontdoor::answer(shared, request).await
}

/// A connection that can be made to end in a reset.
struct Wire {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.reset.load(Ordering::Relaxed) {
            // Closing a socket that does not linger sends RST instead of FIN.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A body that is sent as its delivery says.
struct Script {
    rest: Bytes,
    piece: usize,
    pause: Duration,
    breaks_off: bool,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Script {
    fn of(reply: Reply) -> Self {
        let mut rest = reply.body;
        let whole = rest.len();
        let (piece, pause, breaks_off) = match reply.delivery {
            Delivery::Whole | Delivery::Reset => (whole, Duration::ZERO, false),
            Delivery::Dribble(pause) => (PIECE, pause, false),
            Delivery::Cut => (whole, CUT_AFTER, true),
        };
        if breaks_off {
            rest.truncate(whole / 2);
        }
        Script {
            rest,
            piece,
            pause,
            breaks_off,
            sleep: None,
        }
    }
}

impl Body for Script {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(sleep) = &mut self.sleep {
            if sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.sleep = None;
        }
        if self.rest.is_empty() {
            let end = self
                .breaks_off
                .then(|| Err(io::ErrorKind::ConnectionAborted.into()));
            return Poll::Ready(end);
        }
        let size = self.piece.min(self.rest.len());
        let piece = self.rest.split_to(size);
        if !self.pause.is_zero() {
            self.sleep = Some(Box::pin(tokio::time::sleep(self.pause)));
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}
