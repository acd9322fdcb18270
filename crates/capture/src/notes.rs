//! What the user should know, beyond the list of what was left out.

use crate::copy::Copy;
use crate::select::Selection;
use crate::volume::Volume;
use crate::{Order, Reason, Report};

/// Adds it to the report.
pub(crate) fn add(
    report: &mut Report,
    order: &Order,
    volume: &Volume,
    selection: &Selection,
    copy: &Copy<'_>,
) {
    let counts = report.counts();
    let mut note = |text: &str| report.notes.push(text.to_owned());
    if counts.contains_key(&Reason::HostKey) {
        note("host keys of SSH were left out: sshd needs new ones, by cloud-init or ssh-keygen -A");
    }
    if counts.contains_key(&Reason::AuthorizedKeys) {
        note("authorized_keys were left out: the image needs cloud-init or a key of its own");
    }
    if counts.contains_key(&Reason::Leased) {
        note("files on which other programs hold leases are not in the image");
    }
    if counts.contains_key(&Reason::Swap) {
        note("a swap file was left out: a line of fstab may name it");
    }
    let has = |path| order.volume.join(path).symlink_metadata().is_ok();
    if !order.filter {
        note("nothing was filtered: keys, histories and credentials are in the image");
    } else if has("etc/shadow") || has("var/log") {
        note("password hashes (/etc/shadow) and logs (/var/log) are in the image");
    }
    if order.filter {
        for include in selection.idle_includes() {
            let include = include.escape_debug();
            note(&format!(
                "nothing was found that the include {include} fits"
            ));
        }
    }
    if volume.unreadable {
        note("the volume's device cannot be read: the image has a UUID of its own, and no label");
    }
    for (name, times) in &copy.lost.0 {
        let name = name.escape_debug();
        note(&format!(
            "the attribute {name} could not be kept on {times} files"
        ));
    }
}
