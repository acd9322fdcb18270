//! Options of bundling a running system.

use ami_cli::spec::{Complete, Group, Opt};

pub(super) const VOLUME: Group = Group {
    title: "File system",
    options: &[
        Opt::value(
            "size",
            "SIZE",
            "size of the file system: 10G, 512M or bytes (default 10G, or more where its files need it); holes take no room",
        )
        .short('s'),
        Opt::value(
            "filesystem",
            "TYPE",
            "ext2, ext3, ext4, xfs or btrfs (default: that of what is bundled)",
        )
        .complete(Complete::Words(&["ext2", "ext3", "ext4", "xfs", "btrfs"])),
        Opt::value(
            "work-dir",
            "DIRECTORY",
            "fill the file system in a file without a name there; what is there stays out (default /var/tmp)",
        )
        .complete(Complete::File),
        Opt::value("fstab", "FILE", "put this into the image as /etc/fstab, the old one as fstab.old")
            .conflicts(&["generate-fstab"])
            .complete(Complete::File),
        Opt::flag("generate-fstab", "write a new /etc/fstab that mounts the image's own file system")
            .conflicts(&["fstab"]),
        Opt::value(
            "script",
            "PROGRAM",
            "run this program, with umask 022, on the directory where the image is mounted, before it is bundled",
        )
        .short('S')
        .complete(Complete::File),
    ],
};

pub(super) const CHOICE: Group = Group {
    title: "What is bundled",
    options: &[
        Opt::flag("all", "take other local file systems that are mounted below too").short('a'),
        Opt::value(
            "exclude",
            "PATH",
            "leave out this file, or what is in this directory; several with commas",
        )
        .short('e')
        .repeatable(),
        Opt::value(
            "exclude-from",
            "FILE",
            "leave out what fits the patterns in this file, one a line",
        )
        .complete(Complete::File),
        Opt::value(
            "include",
            "PATTERN",
            "keep what fits this, though the filter of secrets would leave it out; several with commas",
        )
        .short('i')
        .repeatable(),
        Opt::flag("no-filter", "leave no secrets out; see SECRETS"),
        Opt::value(
            "report",
            "FILE",
            "write what was left out and why, a JSON object a line; a device or a pipe is written to and not replaced",
        )
        .complete(Complete::File),
    ],
};

pub(super) const INHERIT: Group = Group {
    title: "Instance",
    options: &[Opt::flag(
        "no-inherit",
        "do not take kernel, RAM disk, product codes, mappings and ancestors from the metadata service",
    )],
};
