//! A client for what no tool does: one signed call of EC2, on loopback and nowhere else.

use std::fmt::{self, Display};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};

use hyper::Uri;
use time::OffsetDateTime;

use crate::ec2::VERSION;
use crate::wire::signature::Signer;

/// A client of one EC2 on this machine.
#[derive(Debug)]
pub struct Client {
    endpoint: Uri,
    addresses: Vec<SocketAddr>,
    /// The access key ID.
    pub access_key: String,
    /// The secret that goes with it.
    pub secret_key: String,
    /// The region that is called.
    pub region: String,
}

/// Why a call was not done, or not answered.
#[derive(Debug)]
pub enum CallError {
    /// EC2 answered an error.
    Refused {
        /// Such as `InvalidAMIID.NotFound`.
        code: String,
        /// For people.
        message: String,
    },
    /// There is no answer, or not a whole one.
    Broken(io::Error),
}

impl Client {
    /// A client of an endpoint such as `http://127.0.0.1:4566`, that has no keys and no region yet; none
    /// when the endpoint is not on loopback, so that a call can never reach AWS.
    pub fn on_loopback(endpoint: &str) -> Option<Self> {
        let endpoint: Uri = endpoint.parse().ok()?;
        let addresses = loopback(&endpoint)?;
        Some(Client {
            endpoint,
            addresses,
            access_key: String::new(),
            secret_key: String::new(),
            region: String::new(),
        })
    }

    /// Calls an action with its parameters and gives the XML of the answer.
    ///
    /// # Errors
    /// When EC2 refuses the call or its answer does not arrive.
    pub fn call(&self, action: &str, params: &[(String, String)]) -> Result<String, CallError> {
        let (status, body) = self.send(action, params).map_err(CallError::Broken)?;
        if status == 200 {
            return Ok(body);
        }
        Err(CallError::Refused {
            code: text_of(&body, "Code").unwrap_or_else(|| format!("HTTP status {status}")),
            message: text_of(&body, "Message").unwrap_or_default(),
        })
    }

    fn send(&self, action: &str, params: &[(String, String)]) -> io::Result<(u16, String)> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", action)
            .append_pair("Version", VERSION)
            .extend_pairs(params);
        let request = self.request(form.finish()).map_err(io::Error::other)?;
        let mut stream = TcpStream::connect(&*self.addresses)?;
        stream.write_all(&plain(&request))?;
        receive(&mut stream)
    }

    fn request(&self, form: String) -> Result<hyper::Request<String>, hyper::http::Error> {
        let host = self.endpoint.authority().map_or("", |host| host.as_str());
        let mut request = hyper::Request::post(self.endpoint.path())
            .header("connection", "close")
            .header("content-length", form.len())
            .header("content-type", "application/x-www-form-urlencoded")
            .header("host", host)
            .body(form)?;
        let signer = Signer {
            access_key: &self.access_key,
            secret: &self.secret_key,
            region: &self.region,
            service: "ec2",
        };
        signer.sign(&mut request, OffsetDateTime::now_utc())?;
        Ok(request)
    }
}

impl Display for CallError {
    /// One line, whatever EC2 said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallError::Refused { code, message } => {
                write!(f, "{code}: {}", message.replace('\n', " "))
            }
            CallError::Broken(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for CallError {}

/// Where a plain endpoint on this machine is. Names are not looked up: what resolves them might say that
/// `localhost` is elsewhere.
fn loopback(endpoint: &Uri) -> Option<Vec<SocketAddr>> {
    if endpoint.scheme_str() != Some("http") {
        return None;
    }
    let port = endpoint.port_u16().unwrap_or(80);
    let hosts = match endpoint.host()?.trim_matches(['[', ']']) {
        "localhost" => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
        host => vec![host.parse::<IpAddr>().ok()?],
    };
    let is_here = hosts.iter().all(IpAddr::is_loopback);
    is_here.then(|| hosts.iter().map(|host| (*host, port).into()).collect())
}

/// A request as it goes over the wire.
fn plain(request: &hyper::Request<String>) -> Vec<u8> {
    let mut bytes = format!("POST {} HTTP/1.1\r\n", request.uri().path()).into_bytes();
    for (name, value) in request.headers() {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            bytes.extend(part);
        }
    }
    bytes.extend(b"\r\n");
    bytes.extend(request.body().as_bytes());
    bytes
}

/// The status and the body of an answer. The connection ends after it, and must not before.
fn receive(stream: &mut TcpStream) -> io::Result<(u16, String)> {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let broken = || io::Error::new(io::ErrorKind::UnexpectedEof, "the answer is not whole");
    let answer = String::from_utf8(answer).map_err(io::Error::other)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(broken)?;
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    let is_whole = length(head) == Some(body.len());
    let status = status.filter(|_| is_whole).ok_or_else(broken)?;
    Ok((status, body.to_owned()))
}

fn length(head: &str) -> Option<usize> {
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    let length = fields.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    length?.1.trim().parse().ok()
}

/// The text of the first element of a name. Characters that are written as numbers stay so: they are
/// those that could not be shown.
fn text_of(xml: &str, name: &str) -> Option<String> {
    let start = xml.split_once(&format!("<{name}>"))?.1;
    let text = start.split_once(&format!("</{name}>"))?.0;
    let plain = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&amp;", "&"),
    ];
    let plain = plain.iter();
    Some(plain.fold(text.to_owned(), |text, (from, to)| text.replace(from, to)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_here_and_nothing_else_is() {
        for here in [
            "http://127.0.0.1:4566",
            "http://127.9.9.9",
            "http://[::1]:80/",
            "http://localhost:1/",
        ] {
            assert!(Client::on_loopback(here).is_some(), "{here}");
        }
        for elsewhere in [
            "https://127.0.0.1:4566",
            "http://10.0.0.1",
            "http://0.0.0.0:80",
            "http://[::ffff:127.0.0.1]",
            "http://ec2.us-east-1.amazonaws.com",
            "http://localhost.example.com",
            "http://127.0.0.1@example.com/",
            "http://127.0.0.1.example.com",
            "127.0.0.1:4566",
            "/",
            "",
        ] {
            assert!(Client::on_loopback(elsewhere).is_none(), "{elsewhere}");
        }
    }

    #[test]
    fn an_error_is_read_as_it_was_meant() {
        let xml = "<Error><Code>A.B</Code><Message>&lt;a&gt; &amp;lt; &quot;b&quot;&#xD;</Message></Error>";
        assert_eq!(text_of(xml, "Code").as_deref(), Some("A.B"));
        let message = text_of(xml, "Message");
        assert_eq!(message.as_deref(), Some("<a> &lt; \"b\"&#xD;"));
        assert_eq!(text_of("<Code>cut", "Code"), None);
    }
}
