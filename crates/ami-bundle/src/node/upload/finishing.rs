//! The end of a bundle on its way to S3: its manifest, which the node puts behind the parts.

use std::time::{Duration, Instant};

use ami_bundle_format::pack::S3Digests;
use ami_bundle_node::protocol::{self, Reply};
use ami_core::error::Error;
use ami_core::s3::{Announced, S3};

use super::super::request::Request;
use super::{Sent, TO_PUT, manifest_of, place_of, plain};
use crate::destination::Bucket;

/// How long leave to put the manifest is good for. A node whose connection is lost may use it so long.
pub(super) const TO_FINISH: Duration = Duration::from_secs(5 * 60);
/// How often it is looked whether a node that is lost has put the manifest.
const GLANCE: Duration = Duration::from_secs(1);

/// The manifest, with leave to send it.
pub(super) async fn leave(
    request: &Request,
    s3: &S3,
    bucket: &Bucket,
    sent: &mut Sent,
    text: &str,
    valid: Duration,
) -> Result<Reply, Error> {
    let place = manifest_of(request, bucket);
    let object = Announced {
        length: text.len() as u64,
        sha256: &S3Digests::of(text.as_bytes()).sha256,
        acl: bucket.acl,
        description: bucket.description.as_deref(),
        mark: &bucket.mark,
    };
    let put = s3.presign_put(&place, object, valid).await?;
    let delete = s3.presign_delete(&place, TO_PUT).await?;
    sent.finishing = Some(Instant::now() + TO_FINISH);
    if !sent.keys.contains(&place.key) {
        sent.keys.push(place.key);
    }
    Ok(Reply::Manifest(protocol::Manifest {
        text: text.to_owned(),
        put: plain(put),
        delete: plain(delete),
    }))
}

/// Waits until a node that is lost puts the manifest no more: it has done so, or takes the parts back, or
/// its leave is over. Otherwise a manifest could come after its parts were deleted.
pub(super) async fn settle(request: &Request, s3: &S3, bucket: &Bucket, sent: &Sent) {
    let Some(end) = sent.finishing else { return };
    let (manifest, part) = (
        manifest_of(request, bucket),
        place_of(request, bucket, sent, 0),
    );
    while Instant::now() < end {
        let is_there = s3.look(&manifest).await.is_ok_and(|seen| seen.is_some());
        let is_taken_back = s3.look(&part).await.is_ok_and(|seen| seen.is_none());
        if is_there || is_taken_back {
            return;
        }
        tokio::time::sleep(GLANCE).await;
    }
}
