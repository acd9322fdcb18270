//! Errors that are found before s3s sees a request, and how they are answered.

use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use s3s::Body;

use super::bucket::Bucket;
use super::error;
use super::route::Route;
use crate::wire::error::ApiError;

/// An error, with elements that only some have.
pub(super) struct Refusal {
    error: ApiError,
    more: Vec<(&'static str, String)>,
    /// The region of the bucket, where it is another one.
    region: Option<String>,
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Refusal {
            error,
            more: Vec::new(),
            region: None,
        }
    }
}

impl Refusal {
    /// Also who may not do anything with a bucket is told its region (HeadBucket in the API reference).
    pub(super) fn about(mut self, bucket: Option<&Bucket>) -> Self {
        self.region = bucket.map(|bucket| bucket.region.clone());
        self
    }
}

/// What IAM says to who may not do something.
pub(super) fn not_allowed(arn: &str, action: &str, route: &Route) -> ApiError {
    let mut resource = "arn:aws:s3:::".to_owned();
    resource += route.bucket.as_deref().unwrap_or("*");
    if let Some(key) = &route.key {
        resource = format!("{resource}/{key}");
    }
    let message = format!(
        "User: {arn} is not authorized to perform: s3:{action} on resource: \"{resource}\" because no \
         identity-based policy allows the s3:{action} action"
    );
    ApiError::new(403, "AccessDenied", message)
}

/// What the endpoint of another region says. That of us-east-1 stands for the one without a region, which
/// leads to the right one, where the signature is wrong.
pub(super) fn elsewhere(name: &str, asked: &str, region: &str) -> Refusal {
    let (error, more) = if asked == "us-east-1" {
        let message = format!(
            "The authorization header is malformed; the region '{asked}' is wrong; expecting '{region}'"
        );
        let error = ApiError::client("AuthorizationHeaderMalformed", message);
        (error, vec![("Region", region.to_owned())])
    } else {
        let message = "The bucket you are attempting to access must be addressed using the specified \
             endpoint. Please send all future requests to this endpoint.";
        let endpoint = format!("{name}.s3.{region}.amazonaws.com");
        let error = ApiError::new(301, "PermanentRedirect", message);
        (
            error,
            vec![("Endpoint", endpoint), ("Bucket", name.to_owned())],
        )
    };
    Refusal {
        error,
        more,
        region: Some(region.to_owned()),
    }
}

/// The answer.
pub(super) fn answer(refusal: &Refusal, route: &Route, request_id: &str) -> Response<Body> {
    let mut more = refusal.more.clone();
    let resource = [&route.bucket, &route.key].into_iter().flatten();
    let resource: String = resource.map(|part| format!("/{part}")).collect();
    more.push(("Resource", resource));
    let body = error::body(&refusal.error, &more, request_id);
    let mut response = Response::new(Body::from(body));
    let status = StatusCode::from_u16(refusal.error.status);
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    let region = refusal.region.as_deref().map(HeaderValue::from_str);
    if let Some(Ok(region)) = region {
        headers.insert("x-amz-bucket-region", region);
    }
    response
}
