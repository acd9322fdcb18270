//! Bundles, beside the pipelines of programs that ec2-ami-tools start for the same job.

use super::{Row, Run, World};
use crate::bench::goal::Goal;

/// What ec2-bundle-image does: the archive is digested on its way, and the parts after they are
/// cut.
const PACK: &str = "\
mkfifo made/pipe
sha1sum made/pipe >made/digest &
\"$0\" \"$@\" | tee made/pipe | gzip -9 |
  openssl enc -e -aes-128-cbc -K \"$(cat key)\" -iv \"$(cat iv)\" |
  split -b 10485760 - made/disk.img.part.
wait
sha1sum made/disk.img.part.* >made/digests";

/// What ec2-unbundle does, but for digests.
const UNPACK: &str = "\
cat bundle/disk.img.part.* |
  openssl enc -d -aes-128-cbc -K \"$(cat bundle/key)\" -iv \"$(cat bundle/iv)\" |
  gunzip | \"$0\" \"$@\"";

/// A peak of memory, in megabytes.
const PEAK: Goal = Goal::Peak(150.0);

const fn packed() -> Run {
    Run::of("tar -c -S disk.img").by(PACK)
}

pub(super) const DEFAULT: Row = Row {
    name: "bundle-default",
    job: "bundle a disk of 1 GiB with 512 MiB of data, the peer by tar, sha1sum, gzip -9, openssl and split",
    world: World::Bundling,
    tool: Run::of(
        "ami-bundle image -k pk.pem -c cert.pem --ec2cert cert.pem -u 111122223333 --arch x86_64 \
         -d made disk.img",
    ),
    peer: packed(),
    goals: &[Goal::WallTimes(10.0), Goal::SizeTimes(1.06), PEAK],
};

pub(super) const BEST: Row = Row {
    name: "bundle-best",
    job: "the same, as small as it gets",
    world: World::Bundling,
    tool: Run::of(
        "ami-bundle image -k pk.pem -c cert.pem --ec2cert cert.pem -u 111122223333 --arch x86_64 \
         -d made --compress best disk.img",
    ),
    peer: packed(),
    goals: &[Goal::WallTimes(3.5), Goal::SizeTimes(1.005), PEAK],
};

pub(super) const FAST: Row = Row {
    name: "bundle-fast",
    job: "the same, as fast as it gets, by a program that was built with igzip",
    world: World::Bundling,
    tool: Run::of(
        "ami-bundle image -k pk.pem -c cert.pem --ec2cert cert.pem -u 111122223333 --arch x86_64 \
         -d made --compress fast disk.img",
    )
    .with_igzip(),
    peer: packed(),
    goals: &[Goal::WallTimes(20.0), Goal::SizeTimes(1.06), PEAK],
};

pub(super) const OPENED: Row = Row {
    name: "unbundle",
    job: "make the disk of that bundle again, the peer by cat, openssl, gunzip and tar",
    world: World::Bundled,
    tool: Run::of("ami-bundle unbundle -k pk.pem -d made bundle/disk.img.manifest.xml"),
    peer: Run::of("tar -x -S -C made").by(UNPACK),
    goals: &[Goal::WallTimes(2.5), PEAK],
};
