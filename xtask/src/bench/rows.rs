//! What is measured: a row an entry.

mod bundles;

use super::goal::Goal;

/// A command of ours, the peer's command for the same job, and what is hoped for.
#[derive(Debug, PartialEq)]
pub struct Row {
    /// What one types to measure this row alone.
    pub name: &'static str,
    /// The job, in a few words.
    pub job: &'static str,
    /// Where it is done.
    pub world: World,
    /// Our command.
    pub tool: Run,
    /// The peer's.
    pub peer: Run,
    /// What our command should reach.
    pub goals: &'static [Goal],
}

/// What the commands of a row find.
#[derive(Debug, PartialEq)]
pub enum World {
    /// Neither keys nor EC2.
    Nothing,
    /// A sandbox with that many available images.
    Images(u32),
    /// The same, and new images are available at once.
    Quick(u32),
    /// A sandbox with a family of that many images in three regions.
    Family(u32),
    /// A sandbox whose snapshots are done at once, and a disk file.
    Disk(Disk),
    /// Neither keys nor EC2, and a file system in a file of that many MiB, with programs in it.
    FileSystem(u64),
    /// Neither keys nor EC2; a directory with `disk.img`, a disk of 1 GiB of which half is data, with
    /// the keys for a bundle of it, and with an empty directory `made` for that.
    Bundling,
    /// The same, and in `bundle` such a bundle, so that the disk is to be made.
    Bundled,
}

/// A disk file, and how fast it is taken.
#[derive(Debug, PartialEq)]
pub struct Disk {
    /// Its size in MiB.
    pub size: u64,
    /// How many MiB of it are data: real files, spread over the disk where there are fewer than its
    /// size.
    pub data: u64,
    /// How long the sandbox takes for every block, in milliseconds, beside its work.
    pub block_time: u32,
}

/// Dense, as a disk that was in use is.
const DENSE: Disk = Disk {
    size: 4096,
    data: 4096,
    block_time: 0,
};

/// Once in each region where a family lies, because the peer knows one region at a time.
const IN_EACH_REGION: &str = "\
for region in us-east-1 us-west-2 eu-west-1; do
  AWS_DEFAULT_REGION=$region \"$0\" \"$@\" || exit
done";

/// A copy and a wait for each region, all at once, as shells do it.
const AS_JOBS: &str = "\
for region in us-east-1 us-east-2 us-west-1 us-west-2 ca-central-1 sa-east-1 \
  eu-west-1 eu-west-2 eu-west-3 eu-central-1 eu-north-1 \
  ap-south-1 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-southeast-1 ap-southeast-2
do
  {
    image=$(\"$0\" \"$@\" --region $region) &&
      \"$0\" ec2 wait image-available --region $region --image-ids \"$image\"
  } || kill $$ &
done
wait";

/// Mounts as told, runs a program in there that does nothing, and unmounts.
const AROUND_CHROOT: &str = "\"$0\" \"$@\" && chroot \"$4\" /bin/true && umount \"$4\"";

/// One command.
#[derive(Debug, PartialEq)]
pub struct Run {
    /// Program and arguments, parted by spaces. `{image}` is the sandbox's first image, `{root}` and
    /// `{deepest}` are the first of a family and the one with the longest line, `{disk}` is the disk
    /// file or the file system's, `{directory}` a place to mount that.
    pub line: &'static str,
    /// A script for `sh` that runs program (`$0`) and arguments (`$@`), where one run of them does not
    /// do the whole job.
    pub script: Option<&'static str>,
    /// The images of the sandbox are on its standard input, one a line.
    pub reads_images: bool,
    /// Variables beside those of the world.
    pub variables: &'static [(&'static str, &'static str)],
    /// The status that it has to end with.
    pub status: u8,
    /// The program is built with Intel's igzip.
    pub igzip: bool,
}

impl Run {
    const fn of(line: &'static str) -> Self {
        Self {
            line,
            script: None,
            reads_images: false,
            variables: &[],
            status: 0,
            igzip: false,
        }
    }

    const fn by(mut self, script: &'static str) -> Self {
        self.script = Some(script);
        self
    }

    const fn reads_images(mut self) -> Self {
        self.reads_images = true;
        self
    }

    const fn with(mut self, variables: &'static [(&'static str, &'static str)]) -> Self {
        self.variables = variables;
        self
    }

    const fn with_igzip(mut self) -> Self {
        self.igzip = true;
        self
    }

    const fn ends_with(mut self, status: u8) -> Self {
        self.status = status;
        self
    }
}

const KEYS: &[(&str, &str)] = &[
    ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "example"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
];

/// Nobody listens on the port of tcpmux. The peer would try five times, so it is told not to.
const NOBODY: &[(&str, &str)] = &[
    ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "example"),
    ("AWS_DEFAULT_REGION", "us-east-1"),
    ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
    ("AWS_MAX_ATTEMPTS", "1"),
];

/// All rows.
pub static ROWS: &[Row] = &[
    Row {
        name: "help",
        job: "say how it is called",
        world: World::Nothing,
        tool: Run::of("ami-waiton --help"),
        peer: Run::of("aws --version"),
        goals: &[Goal::Cpu(5.0)],
    },
    Row {
        name: "help-ami",
        job: "the same for all tools in one program",
        world: World::Nothing,
        tool: Run::of("ami --help"),
        peer: Run::of("aws --version"),
        goals: &[Goal::Cpu(5.0)],
    },
    Row {
        name: "wait-one",
        job: "wait for one image that is available",
        world: World::Images(1),
        tool: Run::of("ami-waiton {image}"),
        peer: Run::of("aws ec2 wait image-available --image-ids {image}"),
        goals: &[
            Goal::WallTimes(30.0),
            Goal::CpuTimes(50.0),
            Goal::Peak(20.0),
        ],
    },
    // A tool that lists images will take the place of waiting for them.
    Row {
        name: "list-10000",
        job: "describe 10,000 images",
        world: World::Images(10_000),
        tool: Run::of("ami-waiton -").reads_images(),
        peer: Run::of("aws ec2 describe-images --owners self"),
        goals: &[Goal::WallTimes(8.0)],
    },
    Row {
        name: "ancestors-1000",
        job: "the line of an image through 1,000 generations in 3 regions with 10,000 images",
        world: World::Family(10_000),
        tool: Run::of("ami-describe-ancestors {deepest}"),
        peer: Run::of("aws ec2 describe-images --owners self").by(IN_EACH_REGION),
        goals: &[Goal::WallTimes(5.0), Goal::Peak(80.0)],
    },
    Row {
        name: "children-10000",
        job: "all 9,999 images in 3 regions that descend from one",
        world: World::Family(10_000),
        tool: Run::of("ami-describe-children --regions us-east-1,us-west-2,eu-west-1 {root}"),
        peer: Run::of("aws ec2 describe-images --owners self").by(IN_EACH_REGION),
        goals: &[Goal::WallTimes(5.0), Goal::Peak(80.0)],
    },
    Row {
        name: "copy-17",
        job: "copy an image to 17 regions and wait for the copies",
        world: World::Quick(1),
        tool: Run::of(
            "ami-copy-image --new --wait -R us-east-1,us-east-2,us-west-1,us-west-2,ca-central-1,sa-east-1,\
             eu-west-1,eu-west-2,eu-west-3,eu-central-1,eu-north-1,ap-south-1,ap-northeast-1,\
             ap-northeast-2,ap-northeast-3,ap-southeast-1,ap-southeast-2 {image}",
        ),
        peer: Run::of(
            "aws ec2 copy-image --name copy --source-region us-east-1 --query ImageId --output text \
             --source-image-id {image}",
        )
        .by(AS_JOBS),
        goals: &[Goal::CpuTimes(40.0)],
    },
    // Both with as many calls at once; the rate that EBS allows would hold the tool back here, where
    // the peer knows none.
    Row {
        name: "upload-4gib",
        job: "upload a dense disk of 4 GiB, 64 calls at once",
        world: World::Disk(DENSE),
        tool: Run::of(
            "ami-register-image --snapshot-only --no-journal --calls 64 --rate 100000 {disk}",
        ),
        peer: Run::of("coldsnap upload --no-progress --wait --workers 64 {disk}"),
        goals: &[
            // 0.85 and 0.75 of the peer's; 64 blocks and 20 MiB.
            Goal::WallTimes(1.176),
            Goal::CpuTimes(1.333),
            Goal::Peak(54.525952),
        ],
    },
    Row {
        name: "upload-latency",
        job: "upload the same where every block takes 100 ms",
        world: World::Disk(Disk {
            block_time: 100,
            ..DENSE
        }),
        tool: Run::of("ami-register-image --snapshot-only --no-journal {disk}"),
        peer: Run::of("coldsnap upload --no-progress --wait {disk}"),
        // 900 blocks a second; 128 blocks and 20 MiB.
        goals: &[Goal::Wall(9.1), Goal::Peak(88.080384)],
    },
    Row {
        name: "upload-sparse",
        job: "upload a disk of 64 GiB with 128 MiB of data",
        world: World::Disk(Disk {
            size: 65_536,
            data: 128,
            block_time: 0,
        }),
        tool: Run::of("ami-register-image --snapshot-only --no-journal {disk}"),
        peer: Run::of("coldsnap upload --no-progress --wait --omit-zero-blocks {disk}"),
        goals: &[Goal::Wall(2.0)],
    },
    Row {
        name: "chroot-nothing",
        job: "run /bin/true in the root of an ext4 file of 1 GiB, the peer by mount, chroot and umount",
        world: World::FileSystem(1024),
        tool: Run::of("ami-chroot --in-place {disk} /bin/true"),
        peer: Run::of("mount -o loop {disk} {directory}").by(AROUND_CHROOT),
        goals: &[Goal::WallTimes(1.0)],
    },
    bundles::DEFAULT,
    bundles::BEST,
    bundles::FAST,
    bundles::OPENED,
    Row {
        name: "no-region",
        job: "refuse to start without a region",
        world: World::Nothing,
        tool: Run::of("ami-waiton ami-0123456789abcdef0")
            .with(KEYS)
            .ends_with(2),
        peer: Run::of("aws ec2 wait image-available --image-ids ami-0123456789abcdef0")
            .with(KEYS)
            .ends_with(255),
        goals: &[],
    },
    Row {
        name: "no-network",
        job: "ask once where nobody listens",
        world: World::Nothing,
        tool: Run::of("ami-waiton --timeout 0s ami-0123456789abcdef0")
            .with(NOBODY)
            .ends_with(4),
        peer: Run::of("aws ec2 describe-images --image-ids ami-0123456789abcdef0")
            .with(NOBODY)
            .ends_with(255),
        goals: &[],
    },
];

#[cfg(test)]
mod tests;
