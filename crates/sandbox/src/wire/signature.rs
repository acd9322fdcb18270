//! Signature Version 4: what a client claims to have signed, whether it knew the secret, and how the
//! sandbox's own client signs.
//!
//! IAM user guide, "Create a signed AWS API request".

use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderValue, InvalidHeaderValue};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::macros::format_description;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The header that says what stands for the body in a signature: its hash, or that it is not signed.
const CONTENT_HASH: &str = "x-amz-content-sha256";

/// Whether a signature was made with the hash of the body, which is not among the headers.
pub(crate) fn signs_body(headers: &HeaderMap) -> bool {
    !headers.contains_key(CONTENT_HASH)
}

/// The signature of a request, and all that goes into checking it but the secret.
#[derive(Debug)]
pub(crate) struct Claim {
    date: String,
    region: String,
    service: String,
    to_sign: String,
    signature: String,
}

/// What of a request is signed.
pub(crate) struct Signed<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: Payload<'a>,
}

/// The body of a request, which is signed by its SHA-256 unless a header stands for it.
#[derive(Clone, Copy)]
pub(crate) enum Payload<'a> {
    Bytes(&'a [u8]),
    /// It has been hashed already.
    Hashed(&'a [u8; 32]),
    /// A header stands for it, so that nobody needs its hash.
    Unread,
}

impl Payload<'_> {
    fn hash(self) -> String {
        match self {
            Payload::Bytes(body) => hex(&Sha256::digest(body)),
            Payload::Hashed(hash) => hex(hash),
            Payload::Unread => String::new(),
        }
    }
}

impl Claim {
    /// Reads the Authorization header; none when it is not complete.
    pub(crate) fn read(signed: &Signed<'_>) -> Option<Self> {
        let header = text(signed.headers, "authorization")?;
        let field = |name: &str| {
            let rest = header.split(name).nth(1)?;
            rest.split([',', ' ']).next()
        };
        let mut scope = field("Credential=")?.splitn(2, '/').skip(1);
        let scope = scope.next()?;
        let mut parts = scope.split('/');
        let names = field("SignedHeaders=")?;
        let moment = text(signed.headers, "x-amz-date")?;
        Some(Claim {
            date: parts.next()?.to_owned(),
            region: parts.next()?.to_owned(),
            service: parts.next()?.to_owned(),
            to_sign: to_sign(signed, names, moment, scope),
            signature: field("Signature=")?.to_owned(),
        })
    }

    /// Whether the request was signed with this secret.
    pub(crate) fn is_of(&self, secret: &str) -> bool {
        let scope = [&*self.date, &self.region, &self.service];
        signature(secret, scope, &self.to_sign) == self.signature
    }
}

/// Who signs, and for which service where.
pub(crate) struct Signer<'a> {
    pub(crate) access_key: &'a str,
    pub(crate) secret: &'a str,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
}

impl Signer<'_> {
    /// Signs a request with all the headers that it has, of which one must be the host.
    pub(crate) fn sign(
        &self,
        request: &mut hyper::Request<String>,
        now: OffsetDateTime,
    ) -> Result<(), InvalidHeaderValue> {
        let date = format_description!("[year][month][day]");
        let moment = format_description!("[year][month][day]T[hour][minute][second]Z");
        let (date, moment) = (
            now.format(date).unwrap_or_default(),
            now.format(moment).unwrap_or_default(),
        );
        let dated = HeaderValue::from_str(&moment)?;
        request.headers_mut().insert("x-amz-date", dated);
        let authorization = self.authorization(request, &date, &moment);
        let authorization = HeaderValue::from_str(&authorization)?;
        request.headers_mut().insert(AUTHORIZATION, authorization);
        Ok(())
    }

    fn authorization(&self, request: &hyper::Request<String>, date: &str, moment: &str) -> String {
        let (key, region, service) = (self.access_key, self.region, self.service);
        let mut names: Vec<&str> = request.headers().keys().map(|name| name.as_str()).collect();
        names.sort_unstable();
        let names = names.join(";");
        let scope = format!("{date}/{region}/{service}/aws4_request");
        let signed = Signed {
            method: request.method().as_str(),
            path: request.uri().path(),
            query: request.uri().query(),
            headers: request.headers(),
            body: Payload::Bytes(request.body().as_bytes()),
        };
        let to_sign = to_sign(&signed, &names, moment, &scope);
        let signature = signature(self.secret, [date, region, service], &to_sign);
        format!(
            "{ALGORITHM} Credential={key}/{scope}, SignedHeaders={names}, Signature={signature}"
        )
    }
}

/// The signature of a string to sign, with a key that is made for date, region and service.
fn signature(secret: &str, [date, region, service]: [&str; 3], to_sign: &str) -> String {
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in [date, region, service, "aws4_request"] {
        key = mac(&key, part);
    }
    hex(&mac(&key, to_sign))
}

fn to_sign(signed: &Signed<'_>, names: &str, moment: &str, scope: &str) -> String {
    let canonical = hex(&Sha256::digest(canonical(signed, names)));
    format!("{ALGORITHM}\n{moment}\n{scope}\n{canonical}")
}

/// The canonical request: one form for all ways to write the same request.
fn canonical(signed: &Signed<'_>, names: &str) -> String {
    let mut pairs: Vec<String> = signed
        .query
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| match pair.contains('=') {
            true => pair.to_owned(),
            false => format!("{pair}="),
        })
        .collect();
    pairs.sort();
    let mut headers = String::new();
    for name in names.split(';') {
        let values = signed.headers.get_all(name).iter();
        let values: Vec<String> = values
            .filter_map(|value| value.to_str().ok())
            .map(|value| value.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        let _ = writeln!(headers, "{name}:{}", values.join(","));
    }
    let body = text(signed.headers, CONTENT_HASH).map(str::to_owned);
    let body = body.unwrap_or_else(|| signed.body.hash());
    let (method, path, query) = (signed.method, signed.path, pairs.join("&"));
    format!("{method}\n{path}\n{query}\n{headers}\n{names}\n{body}")
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn mac(key: &[u8], message: &str) -> Vec<u8> {
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(key) else {
        // HMAC takes keys of any length.
        return Vec::new();
    };
    mac.chain_update(message).finalize().into_bytes().to_vec()
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the documentation of Signature Version 4: ListUsers of IAM.
    const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 \
        Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
        SignedHeaders=content-type;host;x-amz-date, \
        Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn list_users() -> hyper::Request<String> {
        hyper::Request::get("/?Version=2010-05-08&Action=ListUsers")
            .header("host", "iam.amazonaws.com")
            .header(
                "content-type",
                "application/x-www-form-urlencoded; charset=utf-8",
            )
            .body(String::new())
            .unwrap()
    }

    #[test]
    fn the_documented_example_is_right() {
        let mut request = list_users();
        let headers = request.headers_mut();
        headers.insert("authorization", AUTHORIZATION.parse().unwrap());
        headers.insert("x-amz-date", "20150830T123600Z".parse().unwrap());
        let claim = Claim::read(&Signed {
            method: "GET",
            path: "/",
            query: request.uri().query(),
            headers: request.headers(),
            body: Payload::Bytes(b""),
        });
        let claim = claim.unwrap();
        assert!(claim.is_of(SECRET));
        assert!(!claim.is_of(&SECRET.replace("KEY", "KEZ")));
    }

    #[test]
    fn the_documented_example_is_signed() {
        let mut request = list_users();
        let signer = Signer {
            access_key: "AKIDEXAMPLE",
            secret: SECRET,
            region: "us-east-1",
            service: "iam",
        };
        let now = time::macros::datetime!(2015-08-30 12:36:00 UTC);
        signer.sign(&mut request, now).unwrap();
        assert_eq!(request.headers()["authorization"], AUTHORIZATION);
    }
}
