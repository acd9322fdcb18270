//! The fields of a JSON line.

use ami_cli::spec::Field;

/// All of them, in their order; the same for all that this tool prints.
pub(super) const ALL: &[Field] = &[
    Field {
        name: "reference",
        help: "text: the reference as it is printed without --json; with --fetch that of the snapshot",
    },
    Field {
        name: "id",
        help: "text: the ID of the image; with --snapshot-only and --fetch that of the snapshot",
    },
    Field {
        name: "region",
        help: "text: its region",
    },
    Field {
        name: "name",
        help: "text or null: the image's name",
    },
    Field {
        name: "state",
        help: "text: its state when it was last seen; pending for an image that was only just made",
    },
    Field {
        name: "architecture",
        help: "text or null: the image's architecture, where this tool has said it",
    },
    Field {
        name: "boot_mode",
        help: "text or null: the image's boot mode; null for EC2's default",
    },
    Field {
        name: "snapshot",
        help: "text or null: the snapshot of the root volume; null for a bundle",
    },
    Field {
        name: "size",
        help: "number or null: the size of the root volume in GiB, of a fetched disk its own",
    },
    Field {
        name: "encrypted",
        help: "true, false or null: is the snapshot encrypted?",
    },
    Field {
        name: "blocks",
        help: "number or null: how many blocks of 512 KiB it took to send a disk, in this run and in those that it went on with; how many were fetched",
    },
    Field {
        name: "file",
        help: "text or null: with --fetch the file that was made",
    },
    Field {
        name: "source_image",
        help: "text or null: the image that it was made from",
    },
    Field {
        name: "source_region",
        help: "text or null: the region of that, or else of the source snapshot",
    },
    Field {
        name: "source_snapshot",
        help: "text or null: the snapshot that SOURCE named",
    },
    Field {
        name: "created",
        help: "time in RFC 3339 or null: when it was made",
    },
    Field {
        name: "tags",
        help: "object of texts: its tags",
    },
];
