//! What a user may type.

use ami_cli::common::{AWS, CHANGES, GENERAL, OUTPUT, REGIONS};
use ami_cli::spec::{
    Complete, Dash, Example, ExitCode, Field, Group, Operands, Opt, Section, Spec,
};

/// The table of this tool.
pub static SPEC: Spec = Spec {
    name: "ami-tag-image",
    summary: "tag images with where they came from and when",
    description: &[
        "Set the heritage tags of each IMAGE, and print it when EC2 shows them.",
        "You supply exactly one of --create-timestamp or --create-date, but not both. The value of \
         the other will be calculated automatically by the one you supply. With --auto neither is \
         needed. A field without a value is left out: no empty tags are set, but for those that came with a \
         copy (see below).",
        "An IMAGE is an ID, ID@REGION or an ARN. With '-' images are read from standard input, one a \
         line, and acted on as they arrive; of each line the first word that names an image is taken. \
         An image that is named twice is acted on once.",
        "Without --auto the tags that are given are set, whatever they were before, and other tags \
         stay as they are. An image that bears them already is printed and not touched, so that the \
         same command can be run again after a failure or an interrupt.",
        "EC2 lets an account put its own tags on images that others share with it, too; only the \
         account itself sees those.",
        "A call that EC2 throttles or does not answer is made again for five minutes. Images that get the \
         same tags are tagged in one call. Where EC2 refuses that for the sake of a few of them, the others \
         are tagged in further calls.",
    ],
    operands: Operands {
        usage: "IMAGE...",
        dash: Dash::Operands,
        words: &[],
    },
    groups: &[
        &Group {
            title: "Heritage",
            options: &[
                Opt::value(
                    "source-image",
                    "SOURCE_IMAGE",
                    "image ID of the source AMI (tag: source_image); as ID@REGION or ARN it gives the source region too",
                ),
                Opt::value(
                    "source-instance",
                    "SOURCE_INSTANCE",
                    "ID of the source instance (tag: source_instance)",
                ),
                Opt::value(
                    "source-region",
                    "SOURCE_REGION",
                    "region of the source AMI (tag: source_region)",
                )
                .complete(Complete::Words(REGIONS)),
                Opt::value(
                    "create-date",
                    "CREATE_DATE",
                    "creation date, in UTC/GMT, like \"20110909T233600Z\" (tag: create_date)",
                )
                .conflicts(&["create-timestamp"]),
                Opt::value(
                    "create-timestamp",
                    "TS",
                    "creation timestamp, in seconds since the epoch (tag: create_timestamp)",
                )
                .conflicts(&["create-date"]),
                Opt::flag(
                    "auto",
                    "fill what is not given from EC2's own record, where the image's tags do not say it already",
                ),
                Opt::flag(
                    "with-snapshots",
                    "tag the snapshots of each image alike, in the same call",
                ),
            ],
        },
        &CHANGES,
        &AWS,
        &OUTPUT,
        &GENERAL,
    ],
    verbs: &[],
    options_end_at_operand: false,
    is_dispatcher: false,
    sections: &[
        Section {
            title: "Tags from EC2's record",
            paragraphs: &[
                "--auto is for images that were made without these tools. It reads what EC2 recorded: \
                 the source image, its region, the instance, and when the image was made. Options \
                 that are given win over everything.",
                "A tag that the image bears already is its owner's word, and stays. One that cannot be \
                 read is replaced where EC2 knows better. Of create_date and create_timestamp a \
                 missing one is calculated from the other, and where they differ, create_timestamp \
                 counts. An image whose time nobody knows is an error.",
                "A copy made with CopyImageTags bears the tags of its source, which say where that one \
                 comes from. Where an image bears the tag ami_tools_run, EC2 records a source image and no \
                 instance, and source_image names another image than EC2, --auto replaces the heritage \
                 tags by EC2's record. Those of which EC2 says nothing, and ami_tools_run, are set to the \
                 empty value. Without --auto a line on standard error says that the tags were copied.",
                "source_region is only ever taken from who names the source image: so it replaces a \
                 source_region that stands alone when EC2's record gives the source image.",
            ],
        },
        Section {
            title: "The source's region",
            paragraphs: &[
                "Without a source_region the source lies in the image's own region. Where \
                 --source-image names no region, and the image bears a source_region that was said of \
                 another source, that tag stays, and a line on standard error says so.",
            ],
        },
        Section {
            title: "Snapshots",
            paragraphs: &[
                "With --with-snapshots an image and its snapshots are tagged in one call, all of them \
                 or none. Snapshots get all heritage tags that the image has in the end, also those \
                 that the image had before. One that bears the heritage of another image, which is \
                 made of it too, keeps that, and a line on standard error says so.",
                "Of an image that another account shares, the snapshots are not always shared too. A \
                 snapshot that EC2 does not know is named in the error, and its image is not tagged \
                 either; without --with-snapshots it is.",
                "Of images that share a snapshot and get different tags, the one that is named first has \
                 the snapshot. The others are tagged without it, and a line on standard error says so.",
            ],
        },
    ],
    json: &[
        Field {
            name: "reference",
            help: "text: the reference as it is printed without --json",
        },
        Field {
            name: "id",
            help: "text: the image's ID",
        },
        Field {
            name: "region",
            help: "text: its region",
        },
        Field {
            name: "source_image",
            help: "text or null: its tag source_image as EC2 has it now",
        },
        Field {
            name: "source_region",
            help: "text or null: its tag source_region",
        },
        Field {
            name: "source_instance",
            help: "text or null: its tag source_instance",
        },
        Field {
            name: "create_date",
            help: "text or null: its tag create_date",
        },
        Field {
            name: "create_timestamp",
            help: "number or null: its tag create_timestamp",
        },
        Field {
            name: "changed",
            help: "object of texts: the tags that were set and had another value before, or none",
        },
        Field {
            name: "snapshots",
            help: "list of texts: the IDs of the snapshots that were tagged alike",
        },
    ],
    exit_codes: &[
        ExitCode {
            code: "4",
            help: "EC2 took the tags but did not show them within the grace time",
        },
        ExitCode {
            code: "5",
            help: "an image does not exist, or EC2 does not know one of its snapshots that was to be tagged",
        },
    ],
    examples: &[
        Example {
            help: "Say where an image came from and when it was made:",
            line: "ami-tag-image --source-image ami-0fedcba9876543210@eu-west-1 --create-date 20110909T233600Z ami-0123456789abcdef0",
        },
        Example {
            help: "Tag all own images that were made before these tools, and their snapshots:",
            line: "aws ec2 describe-images --owners self | grep '\"ImageId\"' | ami-tag-image --auto --with-snapshots -",
        },
        Example {
            help: "See what would be set:",
            line: "ami-tag-image --auto --dry-run ami-0123456789abcdef0",
        },
    ],
    see_also: &[
        "ami-create-image",
        "ami-describe-ancestors",
        "ami-describe-children",
    ],
};
