//! Options of a node that is made for its bundle.

use ami_cli::spec::{Complete, Group, Opt};

pub(super) const NEW_NODE: Group = Group {
    title: "New node",
    options: &[
        Opt::value(
            "launch",
            "IMAGE",
            "make a node of this image, bundle it, and terminate it; see NEW NODES",
        ),
        Opt::value(
            "instance-type",
            "TYPE",
            "the type of the new node, as t3.small",
        ),
        Opt::value(
            "provision",
            "SCRIPT",
            "run this file of this machine on the new node, as root, before it is bundled",
        )
        .complete(Complete::File),
        Opt::flag(
            "keep-node",
            "do not terminate the new node, whether it went right or wrong",
        )
        .aliases(&["keep"]),
        Opt::value(
            "key-name",
            "NAME",
            "let in this key pair of EC2, whose private half ssh has (default: one for this run only)",
        ),
        Opt::value(
            "security-group",
            "ID",
            "put the new node into this security group (default: that of the VPC)",
        )
        .repeatable(),
        Opt::value(
            "subnet",
            "ID",
            "put the new node into this subnet (default: one of the default VPC)",
        ),
        Opt::value(
            "ssh-timeout",
            "TIME",
            "how long the new node may take to start and to answer ssh (default 10m)",
        ),
    ],
};
