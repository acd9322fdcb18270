//! Parts go from the node to S3 by leave that is given when they are there, and the manifest from here.

use std::collections::BTreeMap;
use std::time::Duration;

use ami_bundle_format::manifest::EncryptedKeys;
use ami_bundle_format::{Manifest, PART_SIZE, Packed, Sha1, name};
use ami_bundle_node::protocol::{self, Done, Event, Leave, Part, Reply, Request as Work};
use ami_core::app::Context;
use ami_core::error::Error;
use ami_core::s3::{Presigned, S3};
use ami_core::session::Origin;

use super::place::Place;
use super::request::Request;
use super::ssh::Ssh;
use super::talk::Talk;
use crate::apart::explain;
use crate::destination::Bucket;
use crate::meter::Meter;
use crate::packing::{put_manifest, remove};
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
    let mut talk = Talk::start(context, ssh, place, work).await?;
    let made = send(context, request, &s3, &bucket, &mut talk, &mut sent).await;
    let is_made = matches!(made, Ok(Some(_)));
    if !is_made {
        context.interrupt.begin_undoing();
    }
    let has_ended = talk.end().await;
    if !is_made {
        remove(context, &s3, &bucket, &sent.keys).await;
        if !has_ended && !sent.keys.is_empty() {
            // Nobody can be asked whether one was on its way.
            tokio::time::sleep(LATE).await;
            remove(context, &s3, &bucket, &sent.keys).await;
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
    let mut meter = Meter::new(&context.progress, &request.name, "sent", None);
    let done = loop {
        let event = tokio::select! {
            biased;
            _ = context.interrupt.arrived() => return Ok(None),
            event = talk.next(context) => event?,
        };
        match event {
            Event::Image { size, stored } => {
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
    // From here on it is this side's to take the parts back: a node that is lost must not.
    talk.reply(&Reply::Commit).await;
    let place = bucket.place.below(&name::manifest_name(&request.name));
    sent.keys.push(place.key);
    put_manifest(s3, bucket, &manifest, text.into_bytes()).await?;
    Ok(Some(manifest))
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
    let put = s3
        .presign_put(&place, part.length, &part.sha256, bucket.acl, TO_PUT)
        .await?;
    let delete = s3.presign_delete(&place, TO_DELETE).await?;
    if !sent.keys.contains(&place.key) {
        sent.keys.push(place.key);
    }
    let plain = |Presigned { url, headers }| protocol::Presigned { url, headers };
    Ok(Leave {
        index,
        put: plain(put),
        delete: plain(delete),
    })
}

fn place_of(request: &Request, bucket: &Bucket, sent: &Sent, index: usize) -> ami_core::s3::Place {
    let name = name::part_name(&request.name, index, sent.width);
    bucket.place.below(&name)
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
