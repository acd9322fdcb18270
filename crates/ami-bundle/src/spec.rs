//! What a user may type.

use ami_cli::common::{AWS, CHANGES, GENERAL, OUTPUT};
use ami_cli::spec::{Dash, Example, ExitCode, Operands, Spec};

// The paths are said because the tasks of this workspace include this file from elsewhere.
#[path = "spec/bundling.rs"]
mod bundling;
#[path = "spec/capturing.rs"]
mod capturing;
#[path = "spec/fields.rs"]
mod fields;
#[path = "spec/launching.rs"]
mod launching;
#[path = "spec/machines.rs"]
mod machines;
#[path = "spec/places.rs"]
mod places;
#[path = "spec/registering.rs"]
mod registering;
#[path = "spec/sections.rs"]
mod sections;
#[path = "spec/verbs.rs"]
mod verbs;

/// The table of this tool.
pub static SPEC: Spec = Spec {
    name: "ami-bundle",
    summary: "bundle disks and running machines for S3, and bring bundles back",
    description: &[
        "Make bundles, the form that S3-backed (instance store) images have: a disk, packed, encrypted, \
         cut into parts and described by a signed manifest; carry them to S3 and back; and turn them \
         into disks and EBS-backed images again.",
        "S3-backed images are at the end of their life: only instances of the types C1, C3, D2, I2, M1, \
         M2, M3, R3 and X1 start them. The way out is 'ami-bundle convert', which makes an EBS-backed \
         image of a bundle without a machine and without local disk.",
        "Bundles are those of ec2-ami-tools (version 2007-10-10 of the manifest); what that program, \
         euca2ools and others have made is read. MANIFEST is a file, s3://BUCKET/PREFIX/NAME.manifest.xml, or - for what another verb prints.",
        "Making a bundle takes one pass and no intermediate files: with --to its parts are in S3 while \
         later ones are still being made. The manifest is put last and deleted first, so that whoever \
         finds one finds its parts.",
    ],
    operands: Operands {
        usage: "VERB",
        dash: Dash::Refused,
        words: &[],
    },
    groups: &[&CHANGES, &AWS, &OUTPUT, &GENERAL],
    verbs: verbs::ALL,
    options_end_at_operand: false,
    is_dispatcher: false,
    sections: sections::ALL,
    json: fields::ALL,
    exit_codes: &[
        ExitCode {
            code: "1",
            help: "it failed; a bundle that is not whole and right fails as well, and so does one of which a part is missing, wherever that should be",
        },
        ExitCode {
            code: "2",
            help: "the command line is wrong, a key does not fit its certificate, or a file cannot be made where it is wanted, or one of its name is there",
        },
        ExitCode {
            code: "5",
            help: "the manifest, the bucket, the image or the node that was named does not exist; a missing part is no such thing",
        },
    ],
    examples: &[
        Example {
            help: "Make an EBS-backed image of a bundle that is in S3:",
            line: "ami-bundle convert -k pk.pem s3://bucket/web/image.manifest.xml | ami-waiton -",
        },
        Example {
            help: "Bundle a disk straight into S3 and register it:",
            line: "ami-bundle image -k pk.pem -c cert.pem --to s3://bucket/web disk.img | ami-bundle register -",
        },
        Example {
            help: "The same, but as an EBS-backed image:",
            line: "ami-bundle image -k pk.pem -c cert.pem --to s3://bucket/web disk.img | ami-bundle convert -k pk.pem -",
        },
        Example {
            help: "Bundle the running system, but not what is in /srv:",
            line: "ami-bundle volume -k pk.pem -c cert.pem -e /srv -d /mnt/bundle",
        },
        Example {
            help: "Make an image of a running machine, which sees neither the private key nor AWS keys:",
            line: "ami-bundle node -k pk.pem -c cert.pem --to s3://bucket/web admin@web1.example.com",
        },
        Example {
            help: "The same of a machine that is made for it, set up by a script and terminated:",
            line: "ami-bundle node -k pk.pem -c cert.pem --to s3://bucket/web -l admin --launch ami-0123456789abcdef0 --instance-type t3.small --provision setup.sh",
        },
        Example {
            help: "Get the disk of a bundle back:",
            line: "ami-bundle unbundle -k pk.pem s3://bucket/web/image.manifest.xml",
        },
    ],
    see_also: &["ami-chroot", "ami-register-image", "ami-waiton"],
};
