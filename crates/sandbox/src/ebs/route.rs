//! Which action a request asks for, and its parameters by their names in the API reference.

use std::collections::BTreeMap;

use hyper::http::request::Parts;
use serde_json::Value;

use super::{GET, PUT, error};
use crate::wire::error::ApiError;
use crate::wire::params::decode_form;

/// Headers and parts of the query, with the names of the parameters that they carry.
type Names = &'static [(&'static str, &'static str)];

const PUT_HEADERS: Names = &[
    ("x-amz-checksum", "Checksum"),
    ("x-amz-checksum-algorithm", "ChecksumAlgorithm"),
    ("x-amz-data-length", "DataLength"),
    ("x-amz-progress", "Progress"),
];
const COMPLETE_HEADERS: Names = &[
    ("x-amz-changedblockscount", "ChangedBlocksCount"),
    ("x-amz-checksum", "Checksum"),
    (
        "x-amz-checksum-aggregation-method",
        "ChecksumAggregationMethod",
    ),
    ("x-amz-checksum-algorithm", "ChecksumAlgorithm"),
];
const GET_QUERY: Names = &[("blockToken", "BlockToken")];
const LIST_QUERY: Names = &[
    ("maxResults", "MaxResults"),
    ("pageToken", "NextToken"),
    ("startingBlockIndex", "StartingBlockIndex"),
];
const CHANGED_QUERY: Names = &[
    ("firstSnapshotId", "FirstSnapshotId"),
    ("maxResults", "MaxResults"),
    ("pageToken", "NextToken"),
    ("startingBlockIndex", "StartingBlockIndex"),
];

/// The headers of signing and of SDKs, which are no parameters.
const OF_THE_PROTOCOL: [&str; 6] = [
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-user-agent",
    "x-amzn-trace-id",
    "x-amz-sdk-checksum-algorithm",
];

/// Reads a request into an action and its parameters. What is not known is a parameter too, so that the
/// action refuses it.
pub(super) fn read(
    head: &Parts,
    body: &[u8],
) -> Result<(&'static str, BTreeMap<String, String>), ApiError> {
    let path: Vec<String> = head.uri.path().split('/').skip(1).map(plain).collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let mut params = BTreeMap::new();
    let mut set = |name: &str, value: &str| params.insert(name.to_owned(), value.to_owned());
    let (action, headers, query): (_, Names, Names) = match (head.method.as_str(), &path[..]) {
        ("POST", ["snapshots"]) => ("StartSnapshot", &[], &[]),
        ("POST", ["snapshots", "completion", id]) => {
            set("SnapshotId", id);
            ("CompleteSnapshot", COMPLETE_HEADERS, &[])
        }
        ("PUT", ["snapshots", id, "blocks", index]) => {
            set("SnapshotId", id);
            set("BlockIndex", index);
            (PUT, PUT_HEADERS, &[])
        }
        ("GET", ["snapshots", id, "blocks", index]) => {
            set("SnapshotId", id);
            set("BlockIndex", index);
            (GET, &[], GET_QUERY)
        }
        ("GET", ["snapshots", id, "blocks"]) => {
            set("SnapshotId", id);
            ("ListSnapshotBlocks", &[], LIST_QUERY)
        }
        ("GET", ["snapshots", id, "changedblocks"]) => {
            set("SecondSnapshotId", id);
            ("ListChangedBlocks", &[], CHANGED_QUERY)
        }
        _ => {
            let message = "There is no such operation";
            return Err(ApiError::new(404, "UnknownOperationException", message));
        }
    };
    params.extend(named(header_pairs(head), headers));
    let pairs = decode_form(head.uri.query().unwrap_or_default().as_bytes());
    params.extend(named(pairs, query));
    if action == "StartSnapshot" {
        let wrong = |why| error::parameter(format!("The body is not JSON: {why}"));
        let body: Value = serde_json::from_slice(body).map_err(wrong)?;
        flatten("", &body, &mut params);
    }
    Ok((action, params))
}

fn header_pairs(head: &Parts) -> BTreeMap<String, String> {
    let is_parameter = |name: &str| name.starts_with("x-amz") && !OF_THE_PROTOCOL.contains(&name);
    let of_interest = head
        .headers
        .iter()
        .filter(|(name, _)| is_parameter(name.as_str()));
    of_interest
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.to_string(), value.into_owned())
        })
        .collect()
}

/// Gives pairs their names in the API reference.
fn named(pairs: BTreeMap<String, String>, names: Names) -> impl Iterator<Item = (String, String)> {
    pairs.into_iter().map(move |(key, value)| {
        let known = names.iter().find(|(on_the_wire, _)| *on_the_wire == key);
        (known.map_or(key, |(_, name)| (*name).to_owned()), value)
    })
}

/// Writes JSON as flat names: `Tags.1.Key`.
fn flatten(name: &str, value: &Value, into: &mut BTreeMap<String, String>) {
    let below = |part: &str| match name {
        "" => part.to_owned(),
        name => format!("{name}.{part}"),
    };
    match value {
        // The SDKs leave out what is not set; a null says the same.
        Value::Null => {}
        Value::Object(members) => {
            for (part, value) in members {
                flatten(&below(part), value, into);
            }
        }
        Value::Array(members) => {
            for (number, value) in (1..).zip(members) {
                flatten(&below(&format!("{number}")), value, into);
            }
        }
        Value::String(text) => drop(into.insert(name.to_owned(), text.clone())),
        other => drop(into.insert(name.to_owned(), other.to_string())),
    }
}

/// A part of a path without its percent signs.
fn plain(part: &str) -> String {
    let encoded = part.replace('+', "%2B");
    let pairs = form_urlencoded::parse(encoded.as_bytes()).next();
    pairs.map(|(key, _)| key.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = hyper::Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn parameters_come_from_path_query_headers_and_body() {
        let head = parts(
            "PUT",
            "/snapshots/snap-1/blocks/7",
            &[
                ("x-amz-Data-Length", "524288"),
                ("x-amz-date", "now"),
                ("X-Amz-Checksum", "a="),
            ],
        );
        let (action, params) = read(&head, b"bytes").unwrap();
        let params: Vec<_> = params.iter().map(|(k, v)| (&**k, &**v)).collect();
        assert_eq!(action, "PutSnapshotBlock");
        let expected = [
            ("BlockIndex", "7"),
            ("Checksum", "a="),
            ("DataLength", "524288"),
            ("SnapshotId", "snap-1"),
        ];
        assert_eq!(params, expected);
        let head = parts(
            "GET",
            "/snapshots/s/changedblocks?maxResults=100&other=x",
            &[],
        );
        let (action, params) = read(&head, b"").unwrap();
        assert_eq!(action, "ListChangedBlocks");
        assert_eq!((&*params["MaxResults"], &*params["other"]), ("100", "x"));
        let body = br#"{"VolumeSize": 1, "Tags": [{"Key": "a", "Value": "b"}], "Encrypted": true}"#;
        let (_, params) = read(&parts("POST", "/snapshots", &[]), body).unwrap();
        assert_eq!(
            (&*params["VolumeSize"], &*params["Tags.1.Value"]),
            ("1", "b")
        );
        assert_eq!(params["Encrypted"], "true");
    }

    #[test]
    fn other_paths_are_no_operations() {
        for (method, path) in [
            ("GET", "/snapshots"),
            ("PUT", "/"),
            ("DELETE", "/snapshots/s"),
        ] {
            let error = read(&parts(method, path, &[]), b"").unwrap_err();
            assert_eq!(error.code, "UnknownOperationException", "{method} {path}");
        }
    }
}
