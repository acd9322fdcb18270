//! The fields of a `--json` line.

use ami_cli::spec::Field;

/// The image stands first: the next program in a pipe takes the first reference on a line, and names of
/// bundles may look like one.
pub(super) const ALL: &[Field] = &[
    Field {
        name: "image",
        help: "string or null: the image as it is printed without --json, of register, convert and node",
    },
    Field {
        name: "region",
        help: "string or null: the region of the image",
    },
    Field {
        name: "manifest",
        help: "string: the path of the manifest, or its s3:// address",
    },
    Field {
        name: "name",
        help: "string or null: the name of the image, of register, convert and node",
    },
    Field {
        name: "bundle_name",
        help: "string: what the disk, the parts and the manifest of the bundle are called",
    },
    Field {
        name: "architecture",
        help: "string: as the manifest says",
    },
    Field {
        name: "size",
        help: "number: bytes of the disk",
    },
    Field {
        name: "bundled_size",
        help: "number: bytes of all parts",
    },
    Field {
        name: "parts",
        help: "number: how many there are",
    },
    Field {
        name: "digest",
        help: "string: the SHA-1 of the tar stream in the bundle, in hexadecimal digits",
    },
    Field {
        name: "file",
        help: "string or null: the disk file, of unbundle",
    },
];
