//! The client: one POST per connection over a plain socket, and a look into the XML.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::TcpStream;

use ami_sandbox::{Config, Sandbox};

/// The key of the first account of a default sandbox.
pub const KEY: &str = "AKIASANDBOX000000001";
/// The key of the second account.
pub const OTHER_KEY: &str = "AKIASANDBOX000000002";
pub const REGION: &str = "us-east-1";

/// A sandbox that adds its answers to the file named by AMI_SANDBOX_RECORD, if there is one:
/// `cargo xtask conformance` checks their shape.
pub fn sandbox() -> Sandbox {
    Sandbox::start(Config {
        record: std::env::var_os("AMI_SANDBOX_RECORD").map(Into::into),
        ..Config::default()
    })
    .unwrap()
}

/// An answer as it came over the wire.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// An answer whose body is bytes. Its head is in lower case.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

/// Who calls, and where.
#[derive(Clone, Copy)]
pub struct As<'a> {
    pub key: &'a str,
    pub region: &'a str,
    pub service: &'a str,
}

impl Default for As<'_> {
    fn default() -> Self {
        As {
            key: KEY,
            region: REGION,
            service: "ec2",
        }
    }
}

/// Calls EC2 in us-east-1 as the first account.
pub fn ec2(sandbox: &Sandbox, action: &str, params: &[(&str, &str)]) -> Answer {
    try_ec2(sandbox, action, params).unwrap()
}

/// The same where the connection may fail.
pub fn try_ec2(sandbox: &Sandbox, action: &str, params: &[(&str, &str)]) -> io::Result<Answer> {
    call(sandbox, As::default(), action, params)
}

pub fn call(
    sandbox: &Sandbox,
    who: As<'_>,
    action: &str,
    params: &[(&str, &str)],
) -> io::Result<Answer> {
    let scope = format!(
        "{}/20260101/{}/{}/aws4_request",
        who.key, who.region, who.service
    );
    let header = format!(
        "Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0\r\n"
    );
    let version = if who.service == "sts" {
        "2011-06-15"
    } else {
        "2016-11-15"
    };
    let form = form(&[&[("Action", action), ("Version", version)], params].concat());
    send(sandbox.endpoint(), "POST", "/", &header, &form)
}

/// Calls with a session token, or with none where it is empty.
pub fn speak(sandbox: &Sandbox, service: &str, action: &str, key: &str, token: &str) -> Answer {
    let scope = format!("{key}/20260101/{REGION}/{service}/aws4_request");
    let mut headers = format!(
        "Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0\r\n"
    );
    if !token.is_empty() {
        let _ = write!(headers, "X-Amz-Security-Token: {token}\r\n");
    }
    let version = if service == "sts" {
        "2011-06-15"
    } else {
        "2016-11-15"
    };
    let body = form(&[("Action", action), ("Version", version)]);
    send(sandbox.endpoint(), "POST", "/", &headers, &body).unwrap()
}

pub fn form(params: &[(&str, &str)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(params);
    form.finish()
}

/// Sends one request and reads until the server closes.
pub fn send(
    endpoint: &str,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> io::Result<Answer> {
    let reply = exchange(endpoint, method, path, headers, body.as_bytes())?;
    Ok(Answer {
        status: reply.status,
        head: reply.head,
        body: String::from_utf8(reply.body).map_err(io::Error::other)?,
    })
}

/// The same with a body of bytes.
pub fn exchange(
    endpoint: &str,
    method: &str,
    path: &str,
    headers: &str,
    body: &[u8],
) -> io::Result<Reply> {
    let address = endpoint.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address)?;
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         User-Agent: raw\r\n{headers}Content-Length: {length}\r\n\r\n"
    );
    stream.write_all(&[request.as_bytes(), body].concat())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.ok_or(io::ErrorKind::UnexpectedEof)?;
    let body = answer.split_off(end + 4);
    let head = String::from_utf8(answer).map_err(io::Error::other)?;
    let head = head.trim_end().to_lowercase();
    let status = status(&head);
    Ok(Reply { status, head, body })
}

/// The status in the head of an answer.
fn status(head: &str) -> u16 {
    let word = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    word.unwrap()
}

impl Reply {
    /// The value of a header, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(own, _)| *own == name).map(|(_, value)| value)
    }
}

impl Answer {
    /// The texts of all elements of a name.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let parts = self.body.split(&*open).skip(1);
        parts
            .map(|part| part.split(&*close).next().unwrap())
            .collect()
    }

    /// The text of the first element of a name; empty when there is none.
    pub fn text(&self, name: &str) -> &str {
        self.all(name).first().copied().unwrap_or_default()
    }

    /// The status and the code of an error.
    pub fn error(&self) -> (u16, &str) {
        (self.status, self.text("Code"))
    }

    /// The code of an error, and its message.
    pub fn complaint(&self) -> (&str, &str) {
        (self.text("Code"), self.text("Message"))
    }
}

/// Makes an image of an instance and gives its ID.
pub fn create_image(sandbox: &Sandbox, instance: &str, name: &str) -> String {
    let answer = ec2(
        sandbox,
        "CreateImage",
        &[("InstanceId", instance), ("Name", name)],
    );
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.text("imageId").to_owned()
}
