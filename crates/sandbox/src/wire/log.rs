//! The log of calls: what was asked, by whom, and how it ended. Secrets never stand in it.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;

use super::block_call::{BlockCall, Words};
use crate::ebs;
use crate::frontdoor::Reply;

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
    /// `ec2`, `ebs`, `s3`, `sts`, `sso`, or `imds` for the metadata service.
    pub service: String,
    /// The action, such as `DescribeImages`; for the metadata service the method and the path.
    pub action: String,
    /// The region that the request was signed for.
    pub region: String,
    /// The account of the access key, empty when it is unknown.
    pub account: String,
    /// All parameters as they were sent, `Action` and `Version` included. Of S3 they are `Bucket`, `Key`, the
    /// query and the headers that are of the object, by their names in lower case; `presigned` is `true` of
    /// a presigned URL.
    pub params: BTreeMap<String, String>,
    /// What the client calls itself.
    pub user_agent: String,
    /// The HTTP status, or 0 when the client got no answer.
    pub status: u16,
    /// The error code of the answer.
    pub error: Option<String>,
    /// The fault that was on order for this call: `error`, `reset-before`, `reset-after`, `ignore`,
    /// `delay`, `cut`, `dribble` or `corrupt`.
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

    /// The tags that it gives to one type of resource, such as `image`, by its TagSpecifications.
    ///
    /// # Panics
    /// When it gives none to that type.
    pub fn tags(&self, resource: &str) -> BTreeMap<String, String> {
        let specification = (1..)
            .map(|n| format!("TagSpecification.{n}"))
            .take_while(|name| self.param(&format!("{name}.ResourceType")).is_some())
            .find(|name| self.param(&format!("{name}.ResourceType")) == Some(resource))
            .unwrap_or_else(|| panic!("no tags for {resource}: {:?}", self.params));
        (1..)
            .map_while(|n| {
                let key = self.param(&format!("{specification}.Tag.{n}.Key"))?;
                let value = self.param(&format!("{specification}.Tag.{n}.Value"))?;
                Some((key.to_owned(), value.to_owned()))
            })
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
    entries: Vec<Entry>,
    words: Words,
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
            entries: Vec::new(),
            words: Words::default(),
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
        let small = BlockCall::of(&call, &mut self.words);
        self.entries.push(match small {
            Some(small) => Entry::Block(small),
            None => Entry::Call(Box::new(call)),
        });
    }

    /// Keeps an answer that the client got whole and that is no error on order. Of the call only its
    /// name is kept: the shape of the answer is of interest.
    pub(crate) fn record(&mut self, call: &Call, reply: &Reply) {
        let is_whole = matches!(call.fault, None | Some("delay" | "dribble"));
        if let Some(file) = self.record.as_mut().filter(|_| is_whole) {
            let mut line = json!({
                "service": call.service,
                "action": call.action,
                "status": call.status,
                "body": String::from_utf8_lossy(&reply.body),
            });
            // What others answer is all in the body.
            if call.service == ebs::SERVICE {
                line["headers"] = reply.headers.iter().cloned().collect();
            }
            if call.action == ebs::GET && reply.status == 200 {
                line["body"] = reply.body.len().into();
            }
            // In one piece, so that the lines of two sandboxes do not run into each other.
            let _ = file.write_all(format!("{line}\n").as_bytes());
        }
    }

    /// The calls that fit, in order.
    pub(crate) fn calls(&self, fits: impl Fn(&str) -> bool) -> Vec<Call> {
        let entries = self.entries.iter().filter(|entry| fits(entry.action()));
        entries
            .map(|entry| match entry {
                Entry::Call(call) => Call::clone(call),
                Entry::Block(block) => block.widened(),
            })
            .collect()
    }

    /// The calls to an action that carry a block, in order.
    pub(crate) fn blocks(&self, action: &str) -> Vec<BlockCall> {
        let small = |entry: &Entry| match entry {
            Entry::Block(block) if block.action == action => Some(block.clone()),
            _ => None,
        };
        self.entries.iter().filter_map(small).collect()
    }

    pub(crate) fn count(&self, action: &str) -> usize {
        let is_of = |entry: &&Entry| entry.action() == action;
        self.entries.iter().filter(is_of).count()
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }
}

/// A call in the form in which it is kept.
#[derive(Debug)]
enum Entry {
    Call(Box<Call>),
    Block(BlockCall),
}

impl Entry {
    fn action(&self) -> &str {
        match self {
            Entry::Call(call) => &call.action,
            Entry::Block(block) => block.action,
        }
    }
}
