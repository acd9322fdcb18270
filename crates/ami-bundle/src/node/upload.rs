//! Parts go from the node to S3 by leave that is given when they are there, and then the manifest, which
//! is made and signed here.
//!
//! The node puts the manifest because it also takes the parts back: what one program does in order cannot
//! be torn by the end of another. If the tool is killed, the parts are gone or are a whole bundle.

mod finishing;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ami_bundle_format::manifest::EncryptedKeys;
use ami_bundle_format::{Manifest, PART_SIZE, Packed, Sha1, name};
use ami_bundle_node::protocol::{self, Done, Event, Leave, Part, Reply, Request as Work};
use ami_core::app::Context;
use ami_core::error::Error;
use ami_core::escape::shell_word;
use ami_core::s3::{Announced, Place as At, Presigned, S3};
use ami_core::session::Origin;
use ami_registration::until_stopped;

use super::hosts::Target;
use super::place::Place;
use super::request::Request;
use super::ssh::Ssh;
use super::talk::Talk;
use crate::apart::explain;
use crate::bundling::warn_of_kernel;
use crate::destination::Bucket;
use crate::meter::Meter;
use crate::sending::remove;
use crate::{inherit, machine};

/// How long leave to put a part is good for; a new one is asked for after that.
const TO_PUT: Duration = Duration::from_secs(60 * 60);
/// How long leave to delete it again is: as long as the rest may take.
const TO_DELETE: Duration = Duration::from_secs(24 * 60 * 60);
/// What a part that was on its way when the connection was lost may need to arrive.
const LATE: Duration = Duration::from_secs(3);

/// What is known of the parts.
#[derive(Default)]
struct Sent {
    width: usize,
    keys: Vec<String>,
    parts: BTreeMap<usize, Part>,
    arrived: usize,
    /// Until when the node may put the manifest, if it may.
    finishing: Option<Instant>,
}

/// Sends a bundle, made now or earlier. None when the tool was stopped. What was sent is deleted where
/// it does not become a bundle.
pub(super) async fn run(
    context: &Context,
    request: &mut Request,
    ssh: &Ssh,
    place: &Place,
    work: Work,
) -> Result<Option<Manifest>, Error> {
    let (Some(s3), Some(bucket)) = (request.s3.take(), request.bucket.clone()) else {
        return Err(Error::usage("say where to with --to s3://BUCKET/PREFIX"));
    };
    architecture(request, &place.machine)?;
    let mut sent = Sent::default();
    let start = Talk::start(context, ssh, place, work);
    let Some(talk) = until_stopped(context, start).await else {
        return Ok(None);
    };
    let mut talk = talk?;
    let made = send(context, request, &s3, &bucket, &mut talk, &mut sent).await;
    let is_made = matches!(made, Ok(Some(_)));
    if !is_made {
        context.interrupt.begin_undoing();
    }
    let has_ended = talk.end().await;
    if !is_made {
        if !has_ended {
            finishing::settle(request, &s3, &bucket, &sent).await;
        }
        remove(context, &s3, &bucket, &sent.keys).await;
        if !has_ended && !sent.keys.is_empty() {
            // Nobody can be asked whether one was on its way.
            tokio::time::sleep(LATE).await;
            remove(context, &s3, &bucket, &sent.keys).await;
            context.progress.insist(&format!(
                "the node was lost; it takes back what it has sent, but look for parts that arrived late: \
                 aws s3 ls {}",
                shell_word(&bucket.place.to_string())
            ));
        }
    }
    made
}

async fn send(
    context: &Context,
    request: &mut Request,
    s3: &S3,
    bucket: &Bucket,
    talk: &mut Talk<'_>,
    sent: &mut Sent,
) -> Result<Option<Manifest>, Error> {
    let meter = Meter::new(&context.progress, &request.name, "sent", None);
    let done = loop {
        let event = tokio::select! {
            biased;
            _ = context.interrupt.arrived() => return Ok(None),
            event = talk.next(context) => event?,
        };
        match event {
            Event::Image { size, stored, of } => {
                request.take(context, s3, bucket, of).await?;
                sent.width = name::width(name::most_parts(stored, PART_SIZE));
                talk.tell(context, request, size)?;
            }
            Event::Part(part) => {
                let index = part.index;
                sent.parts.insert(index, part);
                let leave = leave(request, s3, bucket, sent, index).await?;
                talk.reply(&Reply::Leave(leave)).await;
            }
            Event::Again(index) => {
                let leave = leave(request, s3, bucket, sent, index).await?;
                talk.reply(&Reply::Leave(leave)).await;
            }
            Event::Sent(index) => {
                sent.arrived += 1;
                let length = sent.parts.get(&index).map_or(0, |part| part.length);
                let place = place_of(request, bucket, sent, index);
                context.progress.trace(&format!("{place} is in S3"));
                meter.add(length);
            }
            Event::Done(done) => break *done,
            _ => {}
        }
    };
    let manifest = manifest(context, request, sent, done)?;
    let signer = request.signer.as_ref();
    let signer = signer.ok_or_else(|| Error::usage("a bundle needs --privatekey"))?;
    let text = manifest.to_signed_xml(signer).map_err(explain)?;
    let mut valid = finishing::TO_FINISH;
    loop {
        let reply = finishing::leave(request, s3, bucket, sent, &text, valid).await?;
        // It is over at once where this machine's clock is slow.
        valid = TO_PUT;
        talk.reply(&reply).await;
        let event = tokio::select! {
            biased;
            _ = context.interrupt.arrived() => return Ok(None),
            event = talk.next(context) => event?,
        };
        match event {
            Event::Whole => return Ok(Some(manifest)),
            Event::ManifestAgain => {}
            _ => return Err(Error::failed("the node does not send the manifest")),
        }
    }
}

/// Leave to send one part.
async fn leave(
    request: &Request,
    s3: &S3,
    bucket: &Bucket,
    sent: &mut Sent,
    index: usize,
) -> Result<Leave, Error> {
    let part = sent.parts.get(&index);
    let part = part.filter(|part| sent.width > 0 && part.length <= PART_SIZE as u64);
    let odd = || Error::failed("the node asks for leave to send what is no part");
    let part = part.ok_or_else(odd)?;
    let place = place_of(request, bucket, sent, index);
    let object = Announced {
        length: part.length,
        sha256: &part.sha256,
        acl: bucket.acl,
        description: None,
        mark: &bucket.mark,
    };
    let put = s3.presign_put(&place, object, TO_PUT).await?;
    let delete = s3.presign_delete(&place, TO_DELETE).await?;
    if !sent.keys.contains(&place.key) {
        sent.keys.push(place.key);
    }
    Ok(Leave {
        index,
        put: plain(put),
        delete: plain(delete),
    })
}

/// As the node is told of it.
fn plain(Presigned { url, headers }: Presigned) -> protocol::Presigned {
    protocol::Presigned { url, headers }
}

fn place_of(request: &Request, bucket: &Bucket, sent: &Sent, index: usize) -> At {
    let name = name::part_name(&request.name, index, sent.width);
    bucket.place.below(&name)
}

fn manifest_of(request: &Request, bucket: &Bucket) -> At {
    bucket.place.below(&name::manifest_name(&request.name))
}

/// The manifest, unsigned.
fn manifest(
    context: &Context,
    request: &mut Request,
    sent: &Sent,
    done: Done,
) -> Result<Manifest, Error> {
    let count = sent.parts.len();
    let is_whole = count > 0
        && count == sent.arrived
        && sent.parts.keys().copied().eq(0..count)
        && done.parts.len() == count
        && sent.parts.values().map(|part| part.length).sum::<u64>() == done.bundled_size;
    if !is_whole {
        return Err(Error::failed(
            "the node has not sent all parts of its bundle",
        ));
    }
    context.progress.trace(&format!(
        "the node runs Linux {}",
        ami_core::escape::escape(&done.kernel_version)
    ));
    if let Some(origin) = done.origin {
        let origin = Origin {
            image: origin.image,
            ancestors: origin.ancestors,
            kernel: origin.kernel,
            ramdisk: origin.ramdisk,
            product_codes: origin.product_codes,
            mappings: origin.mappings,
        };
        inherit::take(context, &mut request.machine, &origin);
    }
    warn_of_kernel(context, &request.machine);
    if let Target::New(launch) = &request.target
        && request.machine.ancestors.is_empty()
    {
        request.machine.ancestors = vec![launch.image.id.to_string()];
    }
    let architecture = architecture(request, &done.machine)?;
    let mut manifest = request
        .machine
        .manifest(&architecture, &request.name, &request.user);
    let keys = done.keys;
    manifest.image.keys = EncryptedKeys {
        ec2_key: Some(keys.ec2_key),
        user_key: Some(keys.user_key),
        ec2_iv: Some(keys.ec2_iv),
        user_iv: Some(keys.user_iv),
    };
    let packed = Packed {
        digest: Sha1(done.digest),
        size: done.size,
        bundled_size: done.bundled_size,
        parts: sent.parts.values().map(|part| Sha1(part.sha1)).collect(),
    };
    manifest.set_packed(&packed, sent.width);
    Ok(manifest)
}

/// EC2's word for the node's processor.
fn architecture(request: &Request, machine: &str) -> Result<String, Error> {
    if let Some(architecture) = &request.machine.architecture {
        return Ok(architecture.clone());
    }
    machine::of_kernel(machine)
        .map_err(|why| Error::usage(why).hint("say with --arch what the image is for"))
}
