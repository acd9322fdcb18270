//! What a user may type.

use ami_cli::common::{AWS, CHANGES, GENERAL, OUTPUT};
use ami_cli::spec::{Dash, Example, ExitCode, Operands, Spec};

// The path is said because the tasks of this workspace include this file from elsewhere.
#[path = "spec/fields.rs"]
mod fields;
#[path = "spec/options.rs"]
mod options;
#[path = "spec/sections.rs"]
mod sections;

/// The table of this tool.
pub static SPEC: Spec = Spec {
    name: "ami-chroot",
    summary: "build images in a chroot: from a base snapshot to an image, or from a disk file to a disk file",
    description: &[
        "Run COMMAND in the root file system of a copy of SOURCE, apart from the host, and make an \
         image of the result. With a disk file the result is a disk file, and AWS is not called at \
         all.",
        "SOURCE is told by its shape: the ID of a snapshot, of a volume, which is snapshotted first, \
         or of an image, whose root volume is built in and whose other devices are kept; anything \
         else is the path of a raw disk or of a file system in a file. For a file whose name looks \
         like an ID write './' before it. Without a SOURCE, as in 'ami-chroot -- COMMAND', the newest \
         own snapshot tagged amidala=base is taken.",
        "Snapshots, volumes and images are built on an EC2 instance: a volume of the base is made and \
         attached to this very instance, its root partition is found, mounted and unmounted again, \
         snapshotted, deleted, and the snapshot is registered as an image. Only the image's reference \
         is printed on standard output; what the command prints goes to standard error.",
        "Options end at SOURCE, or at COMMAND where SOURCE is left out. The directory that the tool \
         was started in is /workspace in the build.",
        "--prepare-base makes a base: it unpacks the archive of a root file system onto a new file \
         system, leaving out what is in its /dev, and prints the snapshot, or with -o the disk file. \
         --sweep removes what killed builds have left. Both run no command.",
        "Whatever fails, and whatever signal comes, nothing is left of a build: no mount, loop \
         device or process, no volume and no snapshot. After SIGKILL the volume and the snapshot are \
         removed by 'ami-chroot --sweep'.",
    ],
    operands: Operands {
        usage: "[SOURCE] [--] COMMAND [ARGUMENT]...",
        dash: Dash::Refused,
        words: &[],
    },
    groups: &[
        &options::SOURCE,
        &options::FILES,
        &options::BUILD,
        &options::LIMITS,
        &options::VOLUME,
        &options::IMAGE,
        &options::WAITING,
        &options::OTHER,
        &CHANGES,
        &AWS,
        &OUTPUT,
        &GENERAL,
    ],
    verbs: &[],
    options_end_at_operand: true,
    is_dispatcher: false,
    sections: sections::ALL,
    json: fields::ALL,
    exit_codes: &[
        ExitCode {
            code: "0",
            help: "all was done, and the command, if there was one, ended so",
        },
        ExitCode {
            code: "1",
            help: "with --sweep or --prepare-base: it failed; with a command 1 to 124 are its own, and nothing was made",
        },
        ExitCode {
            code: "2",
            help: "with --sweep or --prepare-base: the command line is wrong; nothing was called",
        },
        ExitCode {
            code: "125",
            help: "with a command: this tool failed, or its command line is wrong; standard error says why",
        },
        ExitCode {
            code: "126",
            help: "the command was found and cannot be run",
        },
        ExitCode {
            code: "127",
            help: "the command was not found in the build",
        },
    ],
    examples: &[
        Example {
            help: "Prepare a base, and build an image of it:",
            line: "ami-chroot --prepare-base ubuntu-root.tar.xz && ami-chroot -- /workspace/build.sh",
        },
        Example {
            help: "Build a named image upon the newest one of Debian 12, and wait for it:",
            line: "ami-chroot -n web-42 --from-name 'debian-12-amd64-*' --owner 136693071363 -- sh -ec 'apt-get update; apt-get install -y nginx' | ami-waiton -",
        },
        Example {
            help: "Build into a disk file for a board, without AWS, without a network:",
            line: "ami-chroot --network none -o board.raw base.raw -- /workspace/install.sh",
        },
        Example {
            help: "Have a larger root file system, and look around in it by hand:",
            line: "ami-chroot --size 20G --grow snap-0123456789abcdef0 /bin/bash",
        },
        Example {
            help: "See what killed builds have left on this instance, and remove it:",
            line: "ami-chroot --sweep --dry-run && ami-chroot --sweep",
        },
    ],
    see_also: &[
        "ami-register-image",
        "ami-create-image",
        "ami-describe-ancestors",
        "ami-waiton",
    ],
};
