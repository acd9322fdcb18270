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
    name: "ami-register-image",
    summary: "make images of disk files, snapshots and bundles",
    description: &[
        "Make an image of SOURCE, and print it as soon as EC2 has accepted it: of a disk, which is \
         uploaded straight into a snapshot, of a snapshot that is there, or of a bundle in S3.",
        "SOURCE is told by its shape: the ID of a snapshot, an address s3://BUCKET/NAME.manifest.xml, \
         '-' for a disk on standard input, or else the path of a raw disk: a file, a block device, or \
         a pipe. See SOURCES.",
        "The image, and the snapshot that a disk becomes, bear from their first moment tags that say \
         when they were made, and from what as far as that is known. An image that gets no name with \
         -n gets a unique one, PREFIX-TIMESTAMP-RANDOM.",
        "Holes and zeros are left out where that is safe, only blocks that differ from those of a \
         parent are sent, and an upload that was cut short is gone on with by the same command.",
        "An image that EC2 has accepted is never given up: when the answer is lost it is looked for and \
         recognised by its tags, and when the tool is interrupted or the wait runs out it is printed \
         all the same, with the command that goes on waiting. A snapshot that does not become an image \
         is deleted, or kept and named.",
        "With --fetch it goes the other way: the disk of a snapshot or an image becomes a file.",
    ],
    operands: Operands {
        usage: "SOURCE",
        dash: Dash::Data,
        words: &[],
    },
    groups: &[
        &options::IMAGE,
        &options::VOLUMES,
        &options::MACHINE,
        &options::SNAPSHOT,
        &options::AGAIN,
        &options::WAITING,
        &options::FETCHING,
        &CHANGES,
        &AWS,
        &OUTPUT,
        &GENERAL,
    ],
    verbs: &[],
    options_end_at_operand: false,
    is_dispatcher: false,
    sections: sections::ALL,
    json: fields::ALL,
    exit_codes: &[
        ExitCode {
            code: "2",
            help: "the command line is wrong, the disk cannot be used as it is, a file cannot be made where it is wanted, or the disk does not tell its architecture and --arch is not given",
        },
        ExitCode {
            code: "3",
            help: "the snapshot that was named can never be completed; with --wait: the image can never become available",
        },
        ExitCode {
            code: "4",
            help: "with --wait: --timeout is over",
        },
        ExitCode {
            code: "5",
            help: "the snapshot, the parent or the image that was named does not exist",
        },
    ],
    examples: &[
        Example {
            help: "Make an image of a disk file and wait for it:",
            line: "ami-register-image -n web-42 disk.raw | ami-waiton -",
        },
        Example {
            help: "The same for a compressed disk, which is unpacked on its way:",
            line: "zstd -dc disk.raw.zst | ami-register-image --size 8G --arch x86_64 -",
        },
        Example {
            help: "Upload no more than what has changed since the last build, and keep what the next one needs:",
            line: "ami-register-image --parent-digests old.digests --save-digests new.digests disk.raw",
        },
        Example {
            help: "Make an encrypted snapshot of a disk and no image:",
            line: "ami-register-image --snapshot-only --encrypt disk.raw",
        },
        Example {
            help: "Register a snapshot of a root volume as the successor of the image that it came from:",
            line: "ami-register-image --source-image ami-0123456789abcdef0 snap-0123456789abcdef0",
        },
        Example {
            help: "Register a bundle of paravirtual times:",
            line: "ami-register-image --virtualization paravirtual --kernel aki-12345678 s3://bucket/web/image.manifest.xml",
        },
        Example {
            help: "Get the root disk of an image as a sparse file:",
            line: "ami-register-image --fetch -o disk.raw ami-0123456789abcdef0",
        },
    ],
    see_also: &[
        "ami-create-image",
        "ami-describe-ancestors",
        "ami-tag-image",
        "ami-waiton",
    ],
};
