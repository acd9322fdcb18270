//! A request as it arrives, and who sent it to which service of which region.

use std::collections::BTreeMap;

use hyper::{HeaderMap, Uri};
use time::OffsetDateTime;
use time::PrimitiveDateTime;
use time::macros::format_description;

use super::params::decode_form;
use super::signature::{Claim, Payload, Signed};

/// What a client sent to the port of the services.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) scope: Option<Scope>,
    pub(crate) sent: Option<OffsetDateTime>,
    /// The session token, which goes with temporary keys.
    pub(crate) token: Option<String>,
    claim: Option<Claim>,
    pub(crate) user_agent: String,
    pub(crate) params: BTreeMap<String, String>,
}

/// The credential scope of a signature (Signature Version 4): who signed for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) access_key: String,
    pub(crate) region: String,
    pub(crate) service: String,
}

impl Request {
    /// Reads a query call, whose parameters may come in the body or in the URL.
    pub(crate) fn decode_query(method: &str, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Self {
        let mut params = decode_form(uri.query().unwrap_or_default().as_bytes());
        params.extend(decode_form(body));
        let signed = Signed {
            method,
            path: uri.path(),
            query: uri.query(),
            headers,
            body: Payload::Bytes(body),
        };
        Request::new(&signed, params)
    }

    /// A request of these parameters, of which `Action` is one.
    pub(crate) fn new(signed: &Signed<'_>, params: BTreeMap<String, String>) -> Self {
        let text = |name: &str| {
            signed
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        Request {
            scope: text("authorization").and_then(parse_scope),
            sent: text("x-amz-date").and_then(parse_date),
            token: text("x-amz-security-token").map(str::to_owned),
            claim: Claim::read(signed),
            user_agent: text("user-agent").unwrap_or_default().to_owned(),
            params,
        }
    }

    /// Whether the signature was made with this secret.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        self.claim.as_ref().is_some_and(|claim| claim.is_of(secret))
    }

    pub(crate) fn action(&self) -> &str {
        self.params.get("Action").map_or("", String::as_str)
    }

    /// The service that the scope names; an unsigned request is told by its API version.
    pub(crate) fn service(&self) -> &str {
        let version = self.params.get("Version").map(String::as_str);
        match &self.scope {
            Some(scope) => &scope.service,
            None if version == Some("2011-06-15") => "sts",
            None => "ec2",
        }
    }

    pub(crate) fn region(&self) -> &str {
        self.scope.as_ref().map_or("", |scope| &scope.region)
    }
}

/// The service that the signature of a request names.
pub(crate) fn service_of(headers: &HeaderMap) -> Option<String> {
    let header = headers.get("authorization")?.to_str().ok()?;
    parse_scope(header).map(|scope| scope.service)
}

/// Reads `AWS4-HMAC-SHA256 Credential=KEY/20261120/us-east-1/ec2/aws4_request, SignedHeaders=…`.
pub(crate) fn parse_scope(header: &str) -> Option<Scope> {
    let rest = header.split("Credential=").nth(1)?;
    let mut parts = rest.split([',', ' ']).next()?.split('/');
    let access_key = parts.next()?.to_owned();
    let (_date, region, service) = (
        parts.next()?,
        parts.next()?.to_owned(),
        parts.next()?.to_owned(),
    );
    (parts.next() == Some("aws4_request")).then_some(Scope {
        access_key,
        region,
        service,
    })
}

pub(crate) fn parse_date(text: &str) -> Option<OffsetDateTime> {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    PrimitiveDateTime::parse(text, format)
        .ok()
        .map(PrimitiveDateTime::assume_utc)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn the_scope_names_key_region_and_service() {
        let header = "AWS4-HMAC-SHA256 Credential=AKIA1/20261120/eu-west-1/sts/aws4_request, SignedHeaders=host, Signature=0";
        let scope = parse_scope(header).unwrap();
        assert_eq!(
            (&*scope.access_key, &*scope.region, &*scope.service),
            ("AKIA1", "eu-west-1", "sts")
        );
        assert_eq!(parse_scope("Basic abc"), None);
    }

    #[test]
    fn the_date_is_utc() {
        assert_eq!(
            parse_date("20261120T205446Z"),
            Some(datetime!(2026-11-20 20:54:46 UTC))
        );
        assert_eq!(parse_date("yesterday"), None);
    }
}
