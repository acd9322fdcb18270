//! An image built in a chroot: from a distribution's packages to a base, an image and its ancestry.

use super::stage::{Stage, Stop, has, only_image, say};
use crate::host;

/// The archive of the root file system. It takes a minute to make, so it is kept.
const ROOTFS: &str = "bookworm.tar";
const BOOTSTRAP: &str = "mmdebstrap --quiet --variant=essential bookworm part.tar http://deb.debian.org/debian && mv part.tar bookworm.tar";

/// Prepares a base, builds an image on it, and compares the image's bytes with what was built. Where
/// something that this needs is missing it says what, and that is no failure.
pub fn show(stage: &Stage) -> Result<(), Stop> {
    if let Some(why) = stage.sandbox.no_devices() {
        return skip(why);
    }
    if !host::has("mkfs.ext4") {
        return skip("needs mkfs.ext4");
    }
    let has_rootfs = stage.path(ROOTFS).is_file();
    if !has_rootfs && !host::has("mmdebstrap") {
        return skip("needs mmdebstrap");
    }
    let about = "A root file system to begin with, here made of Debian's packages";
    if !has_rootfs && stage.step(about, BOOTSTRAP).is_err() {
        stage.forget(&["part.tar"]);
        return skip("needs Debian's packages, and mmdebstrap got none");
    }
    let result = build(stage);
    // Whatever came of it, the disk need not stay.
    stage.forget(&["built.raw"]);
    result
}

fn build(stage: &Stage) -> Result<(), Stop> {
    let step = |about, command: &str| stage.step(about, command);
    let base = step(
        "Make a base of it: a snapshot of a new volume, tagged amidala=base",
        &format!("ami-chroot --prepare-base {ROOTFS} --size 1G"),
    )?;
    step("Something to be built in", "seq 100000 >numbers")?;
    let image = step(
        "Build an image upon the newest base, in a chroot that sees this directory as /workspace",
        "ami-chroot -n 'demo built' -- sh -ec 'cp /workspace/numbers /root/; cat /etc/debian_version'",
    )?;
    let image = only_image(&image)?;
    let json = step(
        "Wait for it, and see by its tags what it was built upon",
        &format!("ami-waiton --json {image}"),
    )?;
    has(
        &json,
        &format!("\"source_snapshot\":\"{}\"", base.trim_end()),
    )?;
    let next = step(
        "An image can be built upon as well",
        &format!("ami-chroot -n 'demo built 2' {image} -- sh -c 'date >>/root/built'"),
    )?;
    let next = only_image(&next)?;
    let ancestors = step(
        "The images that it comes from, back to the first",
        &format!("ami-waiton {next} | ami-describe-ancestors -C -"),
    )?;
    has(&ancestors, next)?;
    has(&ancestors, image)?;
    step(
        "Fetch its disk, and compare what is in it with what was to be built in",
        &format!(
            "ami-register-image --fetch -o built.raw {next} && unshare --mount sh -ec 'mount -o loop,ro built.raw /mnt; cmp numbers /mnt/root/numbers'"
        ),
    )?;
    let volumes = step(
        "Nothing is left of the builds: no volume bears the tag of their runs",
        "ami-sandbox call DescribeVolumes Filter.1.Name=tag-key Filter.1.Value.1=ami_tools_run | grep -o '<volumeSet>.*</volumeSet>'",
    )?;
    match volumes.contains("<volumeId>") {
        true => Err(Stop::Failed("a volume is left".into())),
        false => Ok(()),
    }
}

fn skip(why: &str) -> Result<(), Stop> {
    say(&format!("skipped: images built in a chroot: {why}"))
}
