//! The log of calls: what was asked, by whom, and how it ended. Secrets never stand in it.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;

/// Where calls are written as they happen, one JSON object a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LogSink {
    /// Nowhere; they are kept in memory all the same.
    #[default]
    Nowhere,
    /// To standard error.
    Stderr,
    /// To a file, which is made anew.
    File(PathBuf),
}

/// One call to a service, in the order in which they arrived.
#[derive(Clone, Debug)]
pub struct Call {
    /// `ec2`, `sts`, or `imds` for the metadata service.
    pub service: String,
    /// The action, such as `DescribeImages`; for the metadata service the method and the path.
    pub action: String,
    /// The region that the request was signed for.
    pub region: String,
    /// The account of the access key, empty when it is unknown.
    pub account: String,
    /// All parameters as they were sent, `Action` and `Version` included.
    pub params: BTreeMap<String, String>,
    /// What the client calls itself.
    pub user_agent: String,
    /// The HTTP status, or 0 when the client got no answer.
    pub status: u16,
    /// The error code of the answer.
    pub error: Option<String>,
    /// The fault that was on order for this call: `error`, `reset-before`, `reset-after`, `ignore`,
    /// `delay`, `cut` or `dribble`.
    pub fault: Option<&'static str>,
    /// The ID by which the answer names the request.
    pub request_id: String,
    /// When the call ended, counted from the start of the sandbox.
    pub at: Duration,
}

impl Call {
    /// A parameter as it was sent.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name).map(String::as_str)
    }

    /// The values of a list parameter such as `ImageId.1`, `ImageId.2`, in order.
    pub fn list(&self, name: &str) -> Vec<&str> {
        (1..)
            .map_while(|n| self.param(&format!("{name}.{n}")))
            .collect()
    }

    /// One line of JSON.
    pub fn to_json(&self) -> String {
        json!({
            "at_ms": self.at.as_millis() as u64,
            "service": self.service,
            "action": self.action,
            "region": self.region,
            "account": self.account,
            "params": self.params,
            "user_agent": self.user_agent,
            "status": self.status,
            "error": self.error,
            "fault": self.fault,
            "request_id": self.request_id,
        })
        .to_string()
    }
}

/// The calls so far, and where they are written.
#[derive(Debug)]
pub(crate) struct Log {
    start: Instant,
    calls: Vec<Call>,
    sink: Sink,
    record: Option<File>,
}

#[derive(Debug)]
enum Sink {
    Nowhere,
    Stderr,
    File(File),
}

impl Log {
    pub(crate) fn open(sink: &LogSink, record: Option<&Path>) -> std::io::Result<Self> {
        let sink = match sink {
            LogSink::Nowhere => Sink::Nowhere,
            LogSink::Stderr => Sink::Stderr,
            LogSink::File(path) => Sink::File(File::create(path)?),
        };
        // Several sandboxes may add to one file.
        let add_to = |path| OpenOptions::new().create(true).append(true).open(path);
        Ok(Log {
            start: Instant::now(),
            calls: Vec::new(),
            sink,
            record: record.map(add_to).transpose()?,
        })
    }

    pub(crate) fn add(&mut self, mut call: Call) {
        call.at = self.start.elapsed();
        // A full disk or a closed stderr must not change what the services answer.
        let _ = match &mut self.sink {
            Sink::Nowhere => Ok(()),
            Sink::Stderr => writeln!(std::io::stderr().lock(), "{}", call.to_json()),
            Sink::File(file) => writeln!(file, "{}", call.to_json()),
        };
        self.calls.push(call);
    }

    /// Keeps an answer that the client got whole and that is no error on order. Of the call only its
    /// name is kept: the shape of the answer is of interest.
    pub(crate) fn record(&mut self, call: &Call, body: &str) {
        let is_whole = matches!(call.fault, None | Some("delay" | "dribble"));
        if let Some(file) = self.record.as_mut().filter(|_| is_whole) {
            let line = json!({
                "service": call.service,
                "action": call.action,
                "status": call.status,
                "body": body,
            });
            // In one piece, so that the lines of two sandboxes do not run into each other.
            let _ = file.write_all(format!("{line}\n").as_bytes());
        }
    }

    pub(crate) fn calls(&self) -> &[Call] {
        &self.calls
    }

    pub(crate) fn clear(&mut self) {
        self.calls.clear();
    }
}
