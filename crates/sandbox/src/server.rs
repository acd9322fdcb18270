//! The HTTP server: two ports on loopback, one thread and some for blocks, gone when the sandbox is dropped.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_LENGTH, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request as HttpRequest, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::ebs;
use crate::frontdoor::{self, Delivery, Reply, Shared};
use crate::metadata;
use crate::s3::{self, S3Reply, S3Service};
use crate::script::Script;
use crate::sso;
use crate::wire::pieces::Pieces;
use crate::wire::request::{Request, service_of};

const MAX_BODY: usize = 16 << 20;
/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) services: SocketAddr,
    pub(crate) metadata: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What answers requests.
#[derive(Clone)]
struct Site {
    shared: Shared,
    s3: S3Service,
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
        let site = Site {
            s3: s3::service(&shared),
            shared,
        };
        let thread = std::thread::Builder::new()
            .name("ami-sandbox".into())
            .spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        () = listen(services, site.clone(), Port::Services) => {}
                        () = listen(metadata, site, Port::Metadata) => {}
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

async fn listen(listener: StdListener, site: Site, port: Port) {
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    loop {
        // What cannot be accepted (too many open files) can be a moment later.
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(converse(stream, site.clone(), port))),
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn converse(stream: TcpStream, site: Site, port: Port) {
    let _ = stream.set_nodelay(true);
    let reset = Arc::new(AtomicBool::new(false));
    let wire = Wire {
        stream,
        reset: Arc::clone(&reset),
    };
    let service = service_fn(|request| {
        let (site, reset) = (site.clone(), Arc::clone(&reset));
        async move { respond(&site, port, request, &reset).await }
    });
    // An error here is a client that went away, or a fault that was ordered.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(wire), service)
        .await;
}

async fn respond(
    site: &Site,
    port: Port,
    request: HttpRequest<Incoming>,
    reset: &AtomicBool,
) -> io::Result<Response<Script>> {
    let (head, body) = request.into_parts();
    // Objects may be larger than memory: only here is a body not received first.
    if matches!(port, Port::Services) && s3::is_asked(&head) {
        let reply = s3::answer(&site.shared, &site.s3, head, body).await;
        return deliver_object(reply, reset);
    }
    let body = Pieces::receive(body, MAX_BODY).await?;
    let reply = match port {
        Port::Services => serve(&site.shared, &head, body).await,
        Port::Metadata => {
            let path = head.uri.path();
            metadata::answer(&site.shared, head.method.as_str(), path, &head.headers)
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
    let body = Script::new(reply.body, reply.delivery);
    response.body(body).map_err(io::Error::other)
}

/// An answer of S3, whose body comes piece by piece. That to HEAD has none, and the length of what GET
/// would have.
fn deliver_object(reply: S3Reply, reset: &AtomicBool) -> io::Result<Response<Script>> {
    if reply.delivery == Delivery::Reset {
        reset.store(true, Ordering::Relaxed);
        return Err(io::ErrorKind::ConnectionReset.into());
    }
    let (mut head, body) = reply.response.into_parts();
    let length = match head.headers.get(CONTENT_LENGTH) {
        Some(length) => length.to_str().ok().and_then(|length| length.parse().ok()),
        None => body.size_hint().exact(),
    };
    let bodiless = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED];
    if let Some(length) = length.filter(|_| !bodiless.contains(&head.status)) {
        head.headers
            .insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    let body = Script::of_stream(body, length, reply.delivery, reply.damages);
    Ok(Response::from_parts(head, body))
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
