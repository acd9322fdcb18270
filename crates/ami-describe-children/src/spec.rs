//! What a user may type.

use ami_cli::common::{AWS, GENERAL, OUTPUT, PICTURES, REGIONS};
use ami_cli::spec::{
    Complete, Dash, Example, ExitCode, Field, Group, Operands, Opt, Section, Spec,
};

/// The table of this tool.
pub static SPEC: Spec = Spec {
    name: "ami-describe-children",
    summary: "show which images were made from an image, and from those",
    description: &[
        "Print all images of this account that were made from IMAGE, from its children, and so on: \
         one reference a line, parents before their children and otherwise the oldest first. The \
         IMAGE itself is not printed.",
        "An IMAGE is an ID, ID@REGION or an ARN. With '-' images are read from standard input, one a \
         line; of each line the first word that names an image is taken. What descends from several \
         of them is printed once. References are printed as images arrive; tables, --json and \
         pictures wait for the last, because they say of which image something is descended.",
        "Where an image comes from is read from its heritage tags, as ami-create-image and \
         ami-tag-image write them, and from EC2's own record. A tag is its owner's word and counts \
         more; --verbose and --json say where the two differ, and pictures where they name different \
         sources. Images made of instances are children of the image that the instance ran from, and \
         copies are children of what they copy.",
        "The own images of each region are listed once, in pages of a thousand, all regions side by \
         side. An IMAGE may be anybody's, and may be deregistered.",
    ],
    operands: Operands {
        usage: "IMAGE...",
        dash: Dash::Operands,
        words: &[],
    },
    groups: &[
        &Group {
            title: "Children",
            options: &[
                Opt::value(
                    "regions",
                    "REGION,...",
                    "look in these regions, or in 'all' that the account has enabled (default all)",
                )
                .repeatable()
                .complete(Complete::Words(REGIONS)),
                Opt::value(
                    "depth",
                    "N",
                    "show this many generations: 1 for the children alone (default all)",
                ),
                Opt::flag(
                    "used-by",
                    "show what still uses each image: instances, launch templates, parameters of Systems Manager, recipes of Image Builder",
                ),
            ],
        },
        &PICTURES,
        &AWS,
        &OUTPUT,
        &GENERAL,
    ],
    verbs: &[],
    options_end_at_operand: false,
    is_dispatcher: false,
    sections: &[
        Section {
            title: "Calls",
            paragraphs: &[
                "The regions are listed first (DescribeRegions), unless --regions names them, and then \
                 the own images of each (DescribeImages). An IMAGE that is not among these, and \
                 parents that are not, are described by ID, also in other regions than --regions \
                 names. Where such a parent is gone, EC2 is asked once what it remembers of it \
                 (GetImageAncestry): that tells which images descend from an IMAGE through one that \
                 was deregistered. Without the permission for that, and where a region of parents \
                 alone does not answer, a warning says that descendants may be missing, and that is \
                 no failure.",
            ],
        },
        Section {
            title: "Uses",
            paragraphs: &[
                "With --used-by EC2 is asked what of this account refers to each image \
                 (DescribeImageReferences, ten images a call): instances in any state, the ten newest \
                 versions of launch templates, parameters of Systems Manager, and recipes of Image \
                 Builder. They follow the reference after a tab, stand in a column USED_BY, in the \
                 picture beside their image, or in the field used_by.",
                "Each IMAGE is then printed too, before what descends from it, and so is an image \
                 between that is gone, where something still uses it.",
                "Where EC2 does not tell, because it refuses or does not answer, '?' stands there \
                 instead, 'uses unknown' in the picture, and null in the field: that is not the same \
                 as nothing, for which there is no tab, '-', no word, and an empty list. What was \
                 told of an image before EC2 failed is printed, and more may use it. Standard error \
                 then says what failed.",
            ],
        },
        Section {
            title: "Tags",
            paragraphs: &[
                "source_image, source_region, source_instance, create_timestamp and create_date say \
                 where an image comes from and when it was made. Without source_region the source \
                 lies in the image's own region, unless EC2 knows better. A tag that cannot be read \
                 is told on standard error, and EC2's record counts in its place. An IMAGE that tags \
                 make its own descendant is told as well.",
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
            help: "text: the ID",
        },
        Field {
            name: "region",
            help: "text: the region",
        },
        Field {
            name: "of",
            help: "text: the image that was asked about and is its nearest ancestor of those, as ID@REGION",
        },
        Field {
            name: "generation",
            help: "number: 1 for a child of that image, 2 for a child of a child, and so on; 0 for that image itself",
        },
        Field {
            name: "state",
            help: "text: EC2's state",
        },
        Field {
            name: "name",
            help: "text or null: the name",
        },
        Field {
            name: "owner",
            help: "text or null: the account that owns it",
        },
        Field {
            name: "created",
            help: "time in RFC 3339 or null: when it was made",
        },
        Field {
            name: "create_timestamp",
            help: "number or null: the same in Unix seconds",
        },
        Field {
            name: "source_image",
            help: "text: the ID of its parent",
        },
        Field {
            name: "source_region",
            help: "text: the region of its parent",
        },
        Field {
            name: "source_instance",
            help: "text or null: the instance that it was made of",
        },
        Field {
            name: "source_by",
            help: "text: who says the parent: tag or ec2",
        },
        Field {
            name: "differences",
            help: "list of objects: where a tag does not agree with what else is known: its key (tag), its value, \
                   what EC2 says (ec2, text or null), and what counts (tag, ec2, ec2_of_copy, \
                   nothing, or the key of another tag)",
        },
        Field {
            name: "used_by",
            help: "list of objects: what uses it, by type and arn; null without --used-by, and where \
                   it is not known",
        },
    ],
    exit_codes: &[
        ExitCode {
            code: "0",
            help: "all descendants are printed; there may be none",
        },
        ExitCode {
            code: "5",
            help: "EC2 does not know the image, and nothing descends from it",
        },
        ExitCode {
            code: "6",
            help: "a region could not be asked, or some images are not known; the rest is printed",
        },
    ],
    examples: &[
        Example {
            help: "What would have to be rebuilt after a change in this image?",
            line: "ami-describe-children --tree ami-0123456789abcdef0",
        },
        Example {
            help: "Is anything of this family still in use?",
            line: "ami-describe-children --used-by -C ami-0123456789abcdef0",
        },
        Example {
            help: "Draw the whole family for a web page:",
            line: "ami-describe-ancestors ami-0123456789abcdef0 | tail -n 1 | ami-describe-children --svg - > family.svg",
        },
    ],
    see_also: &[
        "ami-describe-ancestors",
        "ami-tag-image",
        "ami-create-image",
    ],
};
