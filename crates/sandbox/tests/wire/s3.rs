//! What the tests of S3 share: signed requests over a plain socket.

use std::io;

use ami_sandbox::Sandbox;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::client::{KEY, OTHER_KEY, REGION, Reply, exchange};

/// Who asks, and which region.
pub struct Ask<'s> {
    pub sandbox: &'s Sandbox,
    pub key: &'s str,
    pub region: &'s str,
}

/// Asks in us-east-1 as the first account.
pub fn s3(sandbox: &Sandbox) -> Ask<'_> {
    Ask {
        sandbox,
        key: KEY,
        region: REGION,
    }
}

/// Asks as the second account.
pub fn other(sandbox: &Sandbox) -> Ask<'_> {
    Ask {
        key: OTHER_KEY,
        ..s3(sandbox)
    }
}

impl Ask<'_> {
    /// Sends a request whose body is not signed; a target may have a query.
    pub fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        self.try_send(method, target, headers, body).unwrap()
    }

    pub fn try_send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Reply> {
        let host = self.sandbox.endpoint().strip_prefix("http://").unwrap();
        let moment = format_description!("[year][month][day]T[hour][minute][second]Z");
        let moment = OffsetDateTime::now_utc().format(moment).unwrap();
        let given = headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()));
        let mut signed: Vec<(String, String)> = given.collect();
        signed.push(("host".into(), host.into()));
        signed.push(("x-amz-date".into(), moment.clone()));
        if !signed
            .iter()
            .any(|(name, _)| name == "x-amz-content-sha256")
        {
            signed.push(("x-amz-content-sha256".into(), "UNSIGNED-PAYLOAD".into()));
        }
        signed.sort();
        let authorization = self.authorization(method, target, &signed, &moment);
        let mut lines = format!("authorization: {authorization}\r\n");
        for (name, value) in signed.iter().filter(|(name, _)| name != "host") {
            lines.push_str(&format!("{name}: {value}\r\n"));
        }
        exchange(self.sandbox.endpoint(), method, target, &lines, body)
    }

    fn authorization(
        &self,
        method: &str,
        target: &str,
        signed: &[(String, String)],
        moment: &str,
    ) -> String {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut pairs: Vec<String> = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                if pair.contains('=') {
                    pair.into()
                } else {
                    format!("{pair}=")
                }
            })
            .collect();
        pairs.sort();
        let names: Vec<&str> = signed.iter().map(|(name, _)| &**name).collect();
        let names = names.join(";");
        let lines: String = signed
            .iter()
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect();
        let hash = signed
            .iter()
            .find(|(name, _)| name == "x-amz-content-sha256");
        let hash = &hash.unwrap().1;
        let canonical = format!(
            "{method}\n{path}\n{}\n{lines}\n{names}\n{hash}",
            pairs.join("&")
        );
        let scope = format!("{}/{}/s3/aws4_request", &moment[..8], self.region);
        let digest = hex(&Sha256::digest(canonical));
        let to_sign = format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}");
        let mut key = format!("AWS4sandbox/secret/of/{}", self.key).into_bytes();
        for part in scope.split('/').chain([&*to_sign]) {
            let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
            key = mac.chain_update(part).finalize().into_bytes().to_vec();
        }
        let (who, signature) = (self.key, hex(&key));
        format!(
            "AWS4-HMAC-SHA256 Credential={who}/{scope}, SignedHeaders={names}, Signature={signature}"
        )
    }

    pub fn put(&self, target: &str, body: &[u8]) -> Reply {
        self.send("PUT", target, &[], body)
    }

    pub fn get(&self, target: &str) -> Reply {
        self.send("GET", target, &[], b"")
    }
}

impl Reply {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The status and the code of an error.
    pub fn error(&self) -> (u16, String) {
        (self.status, self.element("Code"))
    }

    /// The text of the first element of a name; empty when there is none.
    pub fn element(&self, name: &str) -> String {
        let text = self.text();
        let rest = text.split_once(&format!("<{name}>")).map(|(_, rest)| rest);
        let inside = rest.and_then(|rest| rest.split_once(&format!("</{name}>")));
        inside
            .map(|(inside, _)| inside.to_owned())
            .unwrap_or_default()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
