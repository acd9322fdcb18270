//! Further sections of the manual.

use ami_cli::spec::Section;

pub(super) const ALL: &[Section] = &[
    Section {
        title: "Isolation",
        paragraphs: &[
            "The command runs with mount, PID, IPC, UTS and cgroup namespaces of its own, after \
             pivot_root(2) with the host's files gone, with few capabilities and a filter of system \
             calls. It sees a /dev with the harmless devices, pts and shm, its own /proc, a read-only \
             /sys, an empty /run and /tmp, and /workspace. The image is mounted so that device files \
             in it do nothing; --bootable shows one disk, that of the build. When the command ends all \
             that it started is killed, and named.",
            "The image is left as the build made it. Nothing is mounted over a file that a package may \
             own; services do not start (a policy-rc.d is put there where the image has none, and \
             SYSTEMD_OFFLINE is set); /etc/resolv.conf is lent for the time of the build, and put back \
             exactly, unless the build has changed it.",
            "A build with --in-place whose helper is killed leaves the disk as it was in that moment, with \
             a resolv.conf and a policy-rc.d that were lent to it: build once more in it, with 'true' if \
             need be, and they are put right. Copies and volumes are thrown away.",
            "Only /workspace and what --bind names are shared with the host. What the build makes \
             there belongs to the user who started the tool.",
        ],
    },
    Section {
        title: "What a hostile command can do",
        paragraphs: &[
            "It can change whatever is in the image, and in /workspace and the other binds unless they \
             are read-only. With the host's network it can reach whatever the host reaches, which \
             includes services on localhost and the instance's metadata service, and so the \
             credentials of the instance's role: use --network none, or require tokens with a hop \
             limit and no role, for commands that are not to be trusted. It can use up processor time, \
             and memory and processes as far as --memory and --pids let it. File systems of images are \
             mounted by the host's kernel, which therefore must withstand what is in them.",
            "AWS credentials are not given to the command: neither variables nor files nor the helper \
             have them.",
        ],
    },
    Section {
        title: "Privilege",
        paragraphs: &[
            "The tool itself needs no privilege. Mounting is done by a small program, amichroot, \
             which is run as it is by root and through 'sudo -n' by others. It takes no paths: disk \
             files and the sources of binds are opened by the tool with its user's rights, and of \
             volumes it opens only those that were attached while it was running. The line in sudoers:",
            "%builders ALL=(root) NOPASSWD: /usr/libexec/ami-tools/amichroot \"\"",
            "Whoever is named there is trusted to run any command as root in a disk of his own, to \
             have the kernel mount whatever is in it, and to build in any volume that AWS lets him \
             attach to this instance. He is not given root on the host.",
        ],
    },
    Section {
        title: "Sweeping",
        paragraphs: &[
            "Volumes and snapshots of a build bear, from their first moment, the tag ami_tools_host \
             with the instance, its boot, and the process. The tag is taken from a snapshot when it \
             is handed over: to an image, or to the user.",
            "--sweep removes what bears the tag where the process is gone: on this instance, in this \
             boot, by looking for the process; of earlier boots always; of other instances when they \
             are terminated or unknown. Where the process cannot be judged, because it ran in a \
             container, it is left alone until the next boot. Snapshots that an image uses are never \
             removed.",
        ],
    },
    Section {
        title: "Permissions",
        paragraphs: &[
            "A build needs ec2:DescribeInstances, DescribeVolumes, DescribeSnapshots, DescribeImages, \
             CreateVolume, AttachVolume, DetachVolume, DeleteVolume, ModifyInstanceAttribute, \
             CreateSnapshot, DeleteSnapshot, RegisterImage, CreateTags and DeleteTags; an encrypted \
             one also kms:CreateGrant, Decrypt, DescribeKey and GenerateDataKeyWithoutPlaintext of \
             its key. DescribeImageAttribute is asked for the firmware's variables of a source image \
             that starts by UEFI, and done without.",
        ],
    },
    Section {
        title: "Tags",
        paragraphs: &[
            "source_image: the image that it was built upon, where SOURCE is an image or its snapshot \
             bears that tag.",
            "source_snapshot: the snapshot that it was built upon.",
            "source_region: the region of the source image.",
            "create_date: when the image was made, in UTC, as 20110909T233600Z.",
            "create_timestamp: the same moment in seconds since 1970.",
            "ami_tools_run: a UUID that marks all that one run has made.",
            "ami_tools_host: see SWEEPING.",
        ],
    },
    Section {
        title: "Files",
        paragraphs: &[
            "amichroot is looked for beside this program, and then in ../libexec/ami-tools and \
             ../lib/ami-tools from there. AMI_CHROOT_DEVICES_AT names, for tests, a directory in which \
             sys and dev stand for the host's.",
        ],
    },
];
