//! The end of a mark: what is handed over is no leftover any more.

use ami_core::ec2::Ec2;
use ami_core::error::Error;
use ami_core::id::{Id, Kind};
use ami_core::tag::{self, Tag};

use crate::mark::HANDED_OVER;

/// Takes its mark from a thing. Who may set tags and not take them away has the mark say that the thing
/// is handed over.
///
/// # Errors
/// Neither is allowed: the error says what a sweep would do, and how to keep it from that.
pub(crate) async fn unmark(ec2: &Ec2, id: &Id) -> Result<(), Error> {
    let thing = std::slice::from_ref(id);
    let Err(error) = ec2.delete_tags(thing, tag::HOST).await else {
        return Ok(());
    };
    if ec2
        .create_tags(thing, &[Tag::new(tag::HOST, HANDED_OVER)])
        .await
        .is_ok()
    {
        return Ok(());
    }
    let when = match id.kind() {
        Kind::Snapshot => "would remove it when no image has it",
        _ => "would remove it when this instance, or nobody, has it",
    };
    let what = format!(
        "keeps the tag {}, by which --sweep {when}: {error}",
        tag::HOST
    );
    let region = ec2.region();
    let line = format!(
        "aws ec2 delete-tags --region {region} --resources {id} --tags Key={}",
        tag::HOST
    );
    Err(Error::failed(what)
        .of(id)
        .hint(format!("to take it away: {line}")))
}
