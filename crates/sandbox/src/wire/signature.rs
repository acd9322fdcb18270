//! Signature Version 4: what a client claims to have signed, and whether it knew the secret.
//!
//! IAM user guide, "Create a signed AWS API request".

use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use hyper::HeaderMap;
use sha2::{Digest, Sha256};

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
    pub(crate) body: &'a [u8],
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
        let canonical = hex(&Sha256::digest(canonical(signed, names)));
        let moment = text(signed.headers, "x-amz-date")?;
        Some(Claim {
            date: parts.next()?.to_owned(),
            region: parts.next()?.to_owned(),
            service: parts.next()?.to_owned(),
            to_sign: format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{canonical}"),
            signature: field("Signature=")?.to_owned(),
        })
    }

    /// Whether the request was signed with this secret.
    pub(crate) fn is_of(&self, secret: &str) -> bool {
        let mut key = format!("AWS4{secret}").into_bytes();
        for part in [&*self.date, &self.region, &self.service, "aws4_request"] {
            key = mac(&key, part);
        }
        hex(&mac(&key, &self.to_sign)) == self.signature
    }
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
    let body = text(signed.headers, "x-amz-content-sha256").map(str::to_owned);
    let body = body.unwrap_or_else(|| hex(&Sha256::digest(signed.body)));
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the documentation of Signature Version 4: ListUsers of IAM.
    #[test]
    fn the_documented_example_is_right() {
        let mut headers = HeaderMap::new();
        let authorization = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
        for (name, value) in [
            ("authorization", authorization),
            (
                "content-type",
                "application/x-www-form-urlencoded; charset=utf-8",
            ),
            ("host", "iam.amazonaws.com"),
            ("x-amz-date", "20150830T123600Z"),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        let claim = Claim::read(&Signed {
            method: "GET",
            path: "/",
            query: Some("Version=2010-05-08&Action=ListUsers"),
            headers: &headers,
            body: b"",
        });
        let claim = claim.unwrap();
        assert!(claim.is_of("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"));
        assert!(!claim.is_of("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEZ"));
    }
}
