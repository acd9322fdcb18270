//! Which operation a request is for, on which bucket and key, and what the log keeps of it. s3s finds this
//! out too, but after the signature: faults and the log come before it.

use std::collections::BTreeMap;

use hyper::http::request::Parts;
use hyper::{HeaderMap, Method};
use percent_encoding::percent_decode_str;

use crate::wire::params::decode_form;

/// What a request is for.
#[derive(Debug)]
pub(super) struct Route {
    /// The name in the API reference; empty of what there is not here.
    pub(super) action: &'static str,
    pub(super) bucket: Option<String>,
    pub(super) key: Option<String>,
    pub(super) query: BTreeMap<String, String>,
}

/// Parts of a bucket or an object that S3 has and the sandbox has not.
const FOREIGN: [&str; 23] = [
    "accelerate",
    "analytics",
    "attributes",
    "cors",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "policy",
    "policyStatus",
    "replication",
    "requestPayment",
    "restore",
    "retention",
    "tagging",
    "versioning",
    "versions",
    "website",
];

impl Route {
    pub(super) fn of(head: &Parts) -> Self {
        let host = head.headers.get("host").and_then(|host| host.to_str().ok());
        let path = percent_decode_str(head.uri.path().trim_start_matches('/'));
        // Keys may begin with a slash, behind that of the path.
        let path = match head.uri.path().strip_prefix('/') {
            Some(rest) => percent_decode_str(rest),
            None => path,
        };
        let path = path.decode_utf8_lossy().into_owned();
        let (bucket, key) = match host.and_then(bucket_of_host) {
            Some(bucket) => (bucket.to_owned(), path),
            None => match path.split_once('/') {
                Some((bucket, key)) => (bucket.to_owned(), key.to_owned()),
                None => (path, String::new()),
            },
        };
        let query = decode_form(head.uri.query().unwrap_or_default().as_bytes());
        let (bucket, key) = (some(bucket), some(key));
        let action = match (&bucket, &key) {
            (None, _) if head.method == Method::GET => "ListBuckets",
            (None, _) => "",
            (Some(_), None) => on_bucket(&head.method, &query),
            (Some(_), Some(_)) => on_object(&head.method, &query, &head.headers),
        };
        Route {
            action,
            bucket,
            key,
            query,
        }
    }

    /// What the log keeps: bucket and key, the query without its signature, and the headers that mean
    /// something to S3.
    pub(super) fn params(&self, headers: &HeaderMap) -> BTreeMap<String, String> {
        let mut params = BTreeMap::new();
        for (name, value) in [("Bucket", &self.bucket), ("Key", &self.key)] {
            if let Some(value) = value {
                params.insert(name.to_owned(), value.clone());
            }
        }
        for (name, value) in &self.query {
            if name == "X-Amz-Signature" {
                params.insert("presigned".to_owned(), "true".to_owned());
            } else if !name.starts_with("X-Amz-") || name == "X-Amz-Expires" {
                params.insert(name.clone(), value.clone());
            }
        }
        for (name, value) in headers {
            if is_kept(name.as_str()) {
                let value = String::from_utf8_lossy(value.as_bytes());
                params.insert(name.as_str().to_owned(), value.into_owned());
            }
        }
        params
    }
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// Whether a header stands in the log: what is of the object, and nothing of who sends it.
fn is_kept(name: &str) -> bool {
    const OF_SENDER: [&str; 4] = [
        "x-amz-date",
        "x-amz-security-token",
        "x-amz-server-side-encryption-customer-key",
        "x-amz-copy-source-server-side-encryption-customer-key",
    ];
    const OTHERS: [&str; 8] = [
        "content-encoding",
        "content-length",
        "content-md5",
        "content-type",
        "if-match",
        "if-none-match",
        "range",
        "expect",
    ];
    OTHERS.contains(&name) || name.starts_with("x-amz-") && !OF_SENDER.contains(&name)
}

/// The bucket in the name of a host: `BUCKET.localhost`, with or without a port.
pub(super) fn bucket_of_host(host: &str) -> Option<&str> {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    name.strip_suffix(".localhost")
        .filter(|bucket| !bucket.is_empty())
}

fn on_bucket(method: &Method, query: &BTreeMap<String, String>) -> &'static str {
    let has = |name: &str| query.contains_key(name);
    if FOREIGN.iter().any(|name| has(name)) {
        return "";
    }
    match *method {
        Method::GET if has("location") => "GetBucketLocation",
        Method::GET if has("acl") => "GetBucketAcl",
        Method::GET if has("ownershipControls") => "GetBucketOwnershipControls",
        Method::GET if has("publicAccessBlock") => "GetPublicAccessBlock",
        Method::GET if has("uploads") => "ListMultipartUploads",
        Method::GET if has("list-type") => "ListObjectsV2",
        Method::GET => "ListObjects",
        Method::PUT if has("acl") => "PutBucketAcl",
        Method::PUT if has("ownershipControls") => "PutBucketOwnershipControls",
        Method::PUT if has("publicAccessBlock") => "PutPublicAccessBlock",
        Method::PUT => "CreateBucket",
        Method::DELETE if has("ownershipControls") => "DeleteBucketOwnershipControls",
        Method::DELETE if has("publicAccessBlock") => "DeletePublicAccessBlock",
        Method::DELETE => "DeleteBucket",
        Method::HEAD => "HeadBucket",
        Method::POST if has("delete") => "DeleteObjects",
        _ => "",
    }
}

fn on_object(
    method: &Method,
    query: &BTreeMap<String, String>,
    headers: &HeaderMap,
) -> &'static str {
    let has = |name: &str| query.contains_key(name);
    if FOREIGN.iter().any(|name| has(name)) {
        return "";
    }
    let copies = headers.contains_key("x-amz-copy-source");
    match *method {
        Method::GET if has("acl") => "GetObjectAcl",
        Method::GET if has("uploadId") => "ListParts",
        Method::GET => "GetObject",
        Method::HEAD => "HeadObject",
        Method::PUT if has("acl") => "PutObjectAcl",
        Method::PUT if has("uploadId") && copies => "",
        Method::PUT if has("uploadId") => "UploadPart",
        Method::PUT if copies => "CopyObject",
        Method::PUT => "PutObject",
        Method::POST if has("uploads") => "CreateMultipartUpload",
        Method::POST if has("uploadId") => "CompleteMultipartUpload",
        Method::DELETE if has("uploadId") => "AbortMultipartUpload",
        Method::DELETE => "DeleteObject",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: &str, host: &str, uri: &str) -> (&'static str, String, String) {
        let request = hyper::Request::builder()
            .method(method)
            .uri(uri)
            .header("host", host);
        let (head, ()) = request.body(()).unwrap().into_parts();
        let route = Route::of(&head);
        (
            route.action,
            route.bucket.unwrap_or_default(),
            route.key.unwrap_or_default(),
        )
    }

    #[test]
    fn buckets_are_in_the_path_or_in_the_host() {
        for (host, uri) in [
            ("127.0.0.1:80", "/my.bucket/a%2Fb%20c"),
            ("localhost:80", "/my.bucket/a/b%20c"),
            ("my.bucket.localhost:80", "/a/b%20c"),
        ] {
            let expected = ("GetObject", "my.bucket".to_owned(), "a/b c".to_owned());
            assert_eq!(route("GET", host, uri), expected, "{host} {uri}");
        }
    }

    #[test]
    fn queries_tell_operations_apart() {
        for (method, uri, action) in [
            ("GET", "/", "ListBuckets"),
            ("GET", "/b", "ListObjects"),
            ("GET", "/b?list-type=2&prefix=acl", "ListObjectsV2"),
            ("PUT", "/b/k?partNumber=1&uploadId=u", "UploadPart"),
            ("POST", "/b/k?uploads", "CreateMultipartUpload"),
            (
                "DELETE",
                "/b?ownershipControls",
                "DeleteBucketOwnershipControls",
            ),
            ("PUT", "/b?versioning", ""),
        ] {
            assert_eq!(route(method, "127.0.0.1", uri).0, action, "{method} {uri}");
        }
    }
}
