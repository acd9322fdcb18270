//! The fields of a JSON line.

use ami_cli::spec::Field;

pub(super) const ALL: &[Field] = &[
    Field {
        name: "reference",
        help: "text: the reference as it is printed without --json; of a disk file its path",
    },
    Field {
        name: "id",
        help: "text or null: the ID of what was made or removed",
    },
    Field {
        name: "region",
        help: "text or null: its region",
    },
    Field {
        name: "name",
        help: "text or null: the image's name",
    },
    Field {
        name: "state",
        help: "text: the state it was last seen in; pending for an image that was only just made, removed for what --sweep has removed",
    },
    Field {
        name: "snapshot",
        help: "text or null: the snapshot of the image's root",
    },
    Field {
        name: "source_image",
        help: "text or null: the image that it was built upon, where that is known",
    },
    Field {
        name: "source_snapshot",
        help: "text or null: the snapshot that it was built upon",
    },
    Field {
        name: "source_region",
        help: "text or null: the region of the source image",
    },
    Field {
        name: "created",
        help: "time in RFC 3339, or null: when it was made",
    },
    Field {
        name: "tags",
        help: "object of texts: its tags",
    },
];
