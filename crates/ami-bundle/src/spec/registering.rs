//! Options of images that are made of bundles.

use ami_cli::spec::{Complete, Group, Opt};

pub(super) const IMAGE: Group = Group {
    title: "Image",
    options: &[
        NAME,
        RANDOM_NAME_PREFIX,
        Opt::value(
            "description",
            "TEXT",
            "describe the image so (default: what was kept beside the manifest, or the old image's)",
        ),
        TAG,
        SOURCE_IMAGE,
    ],
};

pub(super) const NAME: Opt = Opt::value(
    "name",
    "NAME",
    "name the image so (3 to 128 letters, digits and ()[] ./-'@_)",
)
.short('n')
.conflicts(&["random-name-prefix"]);

pub(super) const RANDOM_NAME_PREFIX: Opt = Opt::value(
    "random-name-prefix",
    "PREFIX",
    "begin an automatic name with this (default AMI)",
)
.short('N')
.conflicts(&["name"]);

pub(super) const TAG: Opt = Opt::value("tag", "KEY=VALUE", "tag the image with this too")
    .short('t')
    .repeatable();

pub(super) const SOURCE_IMAGE: Opt = Opt::value(
    "source-image",
    "IMAGE",
    "say in the tags that it was made from this image (default: the manifest's last ancestor, where it exists)",
);

pub(super) const CLASSIC: Group = Group {
    title: "S3-backed image",
    options: &[Opt::value(
        "virtualization",
        "TYPE",
        "hvm or paravirtual (default: paravirtual if the manifest names a kernel, else hvm)",
    )
    .complete(Complete::Words(&["hvm", "paravirtual"]))],
};

pub(super) const MACHINE: Group = Group {
    title: "Machine",
    options: &[
        Opt::flag(
            "no-ena",
            "register it without the Elastic Network Adapter, whatever is on the disk",
        )
        .conflicts(&["ena"]),
        Opt::flag(
            "ena",
            "register it with the Elastic Network Adapter (default: where a driver of it is seen on the disk)",
        )
        .conflicts(&["no-ena"]),
        Opt::flag(
            "sriov",
            "it has a driver for the Intel 82599 Virtual Function, the fast network of older machines",
        ),
        Opt::value(
            "imds",
            "WHICH",
            "v2.0: the metadata service is asked with tokens only; optional: without them too (default optional)",
        )
        .complete(Complete::Words(&["v2.0", "optional"])),
        Opt::value(
            "virtualization",
            "TYPE",
            "hvm or paravirtual (default: paravirtual if the old image is, or the manifest names a kernel; else hvm)",
        )
        .complete(Complete::Words(&["hvm", "paravirtual"])),
        Opt::value(
            "kernel",
            "AKI",
            "with --virtualization paravirtual: the ID of its kernel, which begins with aki-",
        ),
        Opt::value(
            "ramdisk",
            "ARI",
            "with --virtualization paravirtual: the ID of its RAM disk, which begins with ari-",
        ),
    ],
};

pub(super) const DISK: Group = Group {
    title: "EBS-backed image",
    options: &[
        Opt::value(
            "size",
            "SIZE",
            "size of the root volume: 8G, 8GiB or bytes, rounded up to GiB (default: that of the disk)",
        ),
        Opt::value(
            "volume-type",
            "TYPE",
            "type of the root volume (default gp3)",
        )
        .complete(Complete::Words(&["gp2", "gp3", "io1", "io2", "standard"])),
        Opt::value(
            "root-device",
            "DEVICE",
            "name of the root device (default: the old image's, or what the manifest maps to ami)",
        ),
        Opt::value(
            "block-device-mapping",
            "MAPPING",
            "map one more device, or say more of the root's; see ami-register-image(1)",
        )
        .short('b')
        .repeatable(),
        Opt::value("arch", "ARCH", "architecture (default: the manifest's)")
            .complete(Complete::Words(&["x86_64", "arm64", "i386"])),
        Opt::value(
            "boot-mode",
            "MODE",
            "legacy-bios, uefi or uefi-preferred (default: what the disk's partitions tell)",
        )
        .complete(Complete::Words(&["legacy-bios", "uefi", "uefi-preferred"])),
        Opt::flag("encrypt", "encrypt the snapshot"),
        Opt::value(
            "kms-key",
            "ARN",
            "encrypt with this KMS key (default: the region's default key for EBS)",
        ),
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
