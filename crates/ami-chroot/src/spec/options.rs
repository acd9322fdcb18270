//! The options, group by group.

use ami_cli::spec::{Complete, Group, Opt};

pub(super) const SOURCE: Group = Group {
    title: "Source",
    options: &[
        Opt::value(
            "from-tag",
            "KEY=VALUE",
            "build upon the newest completed own snapshot with this tag; there is no SOURCE then",
        )
        .conflicts(&["from-name"]),
        Opt::value(
            "from-name",
            "PATTERN",
            "build upon the newest available image whose name fits this pattern with * and ?; there is no SOURCE then",
        )
        .conflicts(&["from-tag"]),
        Opt::value(
            "owner",
            "OWNER",
            "with --from-name: whose image: an account, self, amazon or aws-marketplace (default self)",
        ),
    ],
};

pub(super) const FILES: Group = Group {
    title: "Disk files",
    options: &[
        Opt::value(
            "output",
            "FILE",
            "build in a copy of the disk file SOURCE, and make it this file when the command has succeeded",
        )
        .short('o')
        .conflicts(&["in-place"])
        .complete(Complete::File),
        Opt::flag("in-place", "build in the disk file SOURCE itself").conflicts(&["output"]),
    ],
};

pub(super) const BUILD: Group = Group {
    title: "Build",
    options: &[
        Opt::value(
            "partition",
            "N",
            "the root file system is in this partition (default: what the partition table and the file systems tell)",
        ),
        Opt::flag(
            "grow",
            "let the root partition and its file system fill the disk before the command begins",
        ),
        Opt::value(
            "workspace",
            "DIRECTORY",
            "show this directory as /workspace, read-only with ':ro' behind it; none: show none (default: the current directory)",
        )
        .complete(Complete::File),
        Opt::value(
            "bind",
            "SOURCE:DESTINATION",
            "show this file or directory of the host there in the build, read-only with ':ro' behind it",
        )
        .repeatable(),
        Opt::value(
            "env",
            "NAME[=VALUE]",
            "set this variable for the command, or pass it on as it is here",
        )
        .repeatable(),
        Opt::value(
            "user",
            "USER",
            "run the command as this user of the build: NAME, UID or UID:GID (default root); others than root have in /workspace and the binds the rights of all users only",
        ),
        Opt::flag(
            "bootable",
            "show the build its disk in /dev, to install a boot loader",
        ),
        Opt::flag(
            "keep-on-failure",
            "when something fails keep the volume, or the copy of the disk file, and say how to go on with it",
        )
        .conflicts(&["in-place"]),
    ],
};

pub(super) const LIMITS: Group = Group {
    title: "Limits",
    options: &[
        Opt::value(
            "network",
            "WHICH",
            "host: the build has the host's network, and with it the credentials of the instance's role; none: it has a loopback interface only (default host)",
        )
        .complete(Complete::Words(&["host", "none"])),
        Opt::value(
            "memory",
            "SIZE",
            "the build may use so much memory: 512M, 2G or bytes",
        ),
        Opt::value("pids", "N", "the build may have so many processes"),
    ],
};

pub(super) const VOLUME: Group = Group {
    title: "Volume",
    options: &[
        Opt::value(
            "size",
            "SIZE",
            "size of the disk: 8G, 8GiB or bytes, of a volume rounded up to GiB (default: that of the source)",
        ),
        Opt::value("volume-type", "TYPE", "type of the volume (default gp3)")
            .complete(Complete::Words(&["gp2", "gp3", "io1", "io2", "standard"])),
        Opt::value(
            "volume-initialization-rate",
            "MIBPS",
            "bring the snapshot's bytes to the volume this fast, 100 to 300; EC2 charges for it",
        ),
        Opt::flag(
            "encrypt",
            "encrypt the volume, and with it the snapshot and the image",
        ),
        Opt::value(
            "kms-key",
            "KEY",
            "with --encrypt: the KMS key, by ID, alias or ARN (default: the region's default key for EBS)",
        ),
    ],
};

pub(super) const IMAGE: Group = Group {
    title: "Image",
    options: &[
        Opt::value(
            "name",
            "NAME",
            "name the image so (3 to 128 letters, digits and ()[] ./-'@_)",
        )
        .short('n')
        .conflicts(&["random-name-prefix"]),
        Opt::value(
            "random-name-prefix",
            "PREFIX",
            "begin an automatic name with this (default AMI)",
        )
        .short('N')
        .conflicts(&["name"]),
        Opt::value("description", "TEXT", "describe the image and its snapshot so").short('d'),
        Opt::value(
            "tag",
            "KEY=VALUE",
            "tag the image and its snapshot with this too; with --prepare-base the snapshot, instead of with amidala=base",
        )
        .short('t')
        .repeatable(),
        Opt::value(
            "block-device-mapping",
            "MAPPING",
            "map one more device, or another thing to one of the source image's; see ami-register-image(1)",
        )
        .short('b')
        .repeatable(),
        Opt::value(
            "root-device",
            "DEVICE",
            "name of the root device (default: the source image's, or /dev/xvda)",
        ),
        Opt::value(
            "arch",
            "ARCH",
            "architecture (default: the source image's, or this machine's)",
        )
        .complete(Complete::Words(&["x86_64", "arm64", "i386"])),
        Opt::value(
            "boot-mode",
            "MODE",
            "legacy-bios, uefi or uefi-preferred (default: the source image's, or what the disk tells)",
        )
        .complete(Complete::Words(&["legacy-bios", "uefi", "uefi-preferred"])),
        Opt::flag(
            "no-ena",
            "it has no driver for the Elastic Network Adapter",
        ),
        Opt::value(
            "imds",
            "WHICH",
            "v2.0: its metadata service is asked with tokens only; optional: without them too (default: the source image's, or v2.0)",
        )
        .complete(Complete::Words(&["v2.0", "optional"])),
    ],
};

pub(super) const WAITING: Group = Group {
    title: "Waiting",
    options: &[
        Opt::flag(
            "wait",
            "wait until the image is available, and print it then",
        ),
        Opt::value(
            "timeout",
            "TIME",
            "with --wait, wait this long: 90s, 15m, 2h, or plain seconds (default 2h)",
        ),
    ],
};

pub(super) const OTHER: Group = Group {
    title: "Instead of a build",
    options: &[
        Opt::value(
            "prepare-base",
            "ROOTFS",
            "unpack this tarball of a root file system (plain, gzip, xz or zstd; - for standard input) onto a new volume, snapshot it, and print the snapshot; with -o make a disk file",
        )
        .conflicts(&["sweep", "from-tag", "from-name", "in-place"])
        .complete(Complete::File),
        Opt::value(
            "filesystem",
            "TYPE",
            "with --prepare-base: ext4, xfs or btrfs (default ext4)",
        )
        .complete(Complete::Words(&["ext4", "xfs", "btrfs"])),
        Opt::flag(
            "gpt",
            "with --prepare-base: put the file system into a partition of a GPT (default: without one)",
        ),
        Opt::flag(
            "sweep",
            "remove the volumes and snapshots that killed builds have left, those of this instance and of instances that are gone; print what was removed",
        )
        .conflicts(&["prepare-base"]),
    ],
};
