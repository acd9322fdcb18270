//! Requests to S3, as the tool has signed them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::Wrong;
use super::link::Link;
use crate::protocol::Presigned;

/// How long one request may take: a part has 10 MiB.
const LONGEST: Duration = Duration::from_secs(5 * 60);
/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(20);
/// How often a part is sent at most, the first time included.
const TRIES: u32 = 8;
/// How often the deletion of a part is tried at most.
const DELETIONS: u32 = 4;
/// How long is waited before the second try; before each later one twice as long as before the last.
const PAUSE: Duration = Duration::from_millis(500);
/// How long is waited at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// How much of an error is read.
const LETTERS: u64 = 4096;

/// How a request ended that was not wrong.
pub(crate) enum Answer {
    /// It was done.
    Done,
    /// Its time is over.
    Expired,
}

/// The way to S3.
pub(crate) struct Web {
    agent: Agent,
}

impl Web {
    pub(crate) fn new() -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(LONGEST))
            .tls_config(TlsConfig::builder().root_certs(roots()).build());
        Self {
            agent: config.build().into(),
        }
    }

    /// Puts bytes, patiently. `what` they are is for messages.
    pub(crate) fn put(
        &self,
        what: &str,
        to: &Presigned,
        bytes: &[u8],
        link: &Link,
    ) -> Result<Answer, Wrong> {
        check(&to.url)?;
        let mut tries = 1;
        loop {
            let why = match self.try_to_put(to, bytes) {
                Ok(answer) => return Ok(answer),
                Err(Fault {
                    why,
                    is_final: true,
                }) => return Err(Wrong::new(format!("{what} cannot be sent: {why}"))),
                Err(Fault { why, .. }) => why,
            };
            if tries == TRIES {
                return Err(Wrong::new(format!("{what} cannot be sent: {why}")));
            }
            pause(tries, link)?;
            tries += 1;
        }
    }

    fn try_to_put(&self, to: &Presigned, bytes: &[u8]) -> Result<Answer, Fault> {
        let mut request = self.agent.put(&to.url);
        for (name, value) in headers(to) {
            request = request.header(name, value);
        }
        let fault = |error: ureq::Error| Fault {
            why: words(&error),
            is_final: is_distrust(&error),
        };
        let mut answer = request.send(bytes).map_err(fault)?;
        let status = answer.status().as_u16();
        if (200..300).contains(&status) {
            return Ok(Answer::Done);
        }
        let body = answer.body_mut().with_config().limit(LETTERS);
        let text = body.read_to_string().unwrap_or_default();
        let element = |name: &str| {
            let (_, rest) = text.split_once(&format!("<{name}>"))?;
            rest.split_once('<').map(|(inner, _)| inner.to_owned())
        };
        let code = element("Code").unwrap_or_default();
        let message = element("Message").unwrap_or_default();
        // Both mean that the time is over: of the request, or of the keys that have signed it.
        let is_over = message.contains("expired") || code.contains("ExpiredToken");
        if status == 403 && is_over {
            return Ok(Answer::Expired);
        }
        let is_passing = status >= 500 || [408, 429].contains(&status) || code == "RequestTimeout";
        Err(Fault {
            why: format!("S3 refuses it: {message} ({status} {code})"),
            is_final: !is_passing,
        })
    }

    /// Deletes an object, if that can be done.
    pub(crate) fn delete(&self, what: &Presigned) {
        if check(&what.url).is_err() {
            return;
        }
        for tries in 1..=DELETIONS {
            let mut request = self.agent.delete(&what.url);
            for (name, value) in headers(what) {
                request = request.header(name, value);
            }
            match request.call() {
                Ok(answer) if answer.status().as_u16() < 500 => return,
                _ => std::thread::sleep(waiting(tries)),
            }
        }
    }
}

struct Fault {
    why: String,
    is_final: bool,
}

/// The headers to be sent; the client makes these itself.
fn headers(of: &Presigned) -> impl Iterator<Item = (&str, &str)> {
    let all = of.headers.iter().map(|(name, value)| (&**name, &**value));
    all.filter(|(name, _)| {
        !name.eq_ignore_ascii_case("content-length") && !name.eq_ignore_ascii_case("host")
    })
}

/// What is sent in clear goes nowhere but to this machine.
fn check(url: &str) -> Result<(), Wrong> {
    let host = url.strip_prefix("http://").map(|rest| {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        &rest[..end]
    });
    let is_here = |host: &str| {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
            _ => host,
        };
        ["localhost", "[::1]"].contains(&name)
            || name
                .parse()
                .is_ok_and(|address: std::net::Ipv4Addr| address.is_loopback())
    };
    match host {
        Some(host) if is_here(host) => Ok(()),
        None if url.starts_with("https://") => Ok(()),
        _ => Err(Wrong::new("parts are sent by https only")),
    }
}

/// Waits before another try, but not longer than there is anybody to try for.
fn pause(tries: u32, link: &Link) -> Result<(), Wrong> {
    let end = Instant::now() + waiting(tries);
    while Instant::now() < end {
        if link.stop().load(Ordering::Relaxed) {
            return Err(link.lost());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn waiting(tries: u32) -> Duration {
    let doubled = PAUSE.saturating_mul(1 << (tries - 1).min(10));
    doubled.min(LONGEST_PAUSE)
}

/// What went wrong, without the address, which is a secret.
fn words(error: &ureq::Error) -> String {
    match error {
        ureq::Error::BadUri(_) => "its address is wrong".to_owned(),
        error if is_distrust(error) => {
            format!("the node does not trust who answers as S3 ({error})")
        }
        error => format!("the node does not reach S3 ({error})"),
    }
}

/// Is it a matter of certificates? The next time it is the same.
fn is_distrust(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::Rustls(_) | ureq::Error::Tls(_) => true,
        // The handshake's errors come as those of the connection.
        ureq::Error::Io(error) => error.kind() == std::io::ErrorKind::InvalidData,
        _ => false,
    }
}

/// Whom the node trusts; Mozilla's list where it has none of its own.
fn roots() -> RootCerts {
    let own = rustls_native_certs::load_native_certs().certs;
    let own: Vec<_> = own
        .iter()
        .map(|certificate| Certificate::from_der(certificate).to_owned())
        .collect();
    match own.is_empty() {
        true => RootCerts::WebPki,
        false => RootCerts::Specific(Arc::new(own)),
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn nothing_goes_in_clear_to_others() {
        for url in [
            "https://bucket.s3.amazonaws.com/a?b",
            "http://127.0.0.1:4566/a",
            "http://localhost/a",
            "http://[::1]:80/a",
        ] {
            assert!(check(url).is_ok(), "{url}");
        }
        for url in [
            "http://bucket.s3.amazonaws.com/a",
            "http://127.0.0.1.example.com/a",
            "http://localhost@example.com/a",
            "http://example.com/?127.0.0.1",
            "http://127.0.0.1:80@example.com/",
            "ftp://localhost/",
            "",
        ] {
            assert!(check(url).is_err(), "{url}");
        }
    }
}
