//! Further sections of the manual.

use ami_cli::common::ENVIRONMENT_TITLE as ENVIRONMENT;
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
            "It can make no user namespaces; raw sockets it has only with --network none, so that programs \
             with the file capability cap_net_raw (ping) cannot be run with the host's network.",
            "The command begins in /workspace, without one in /. Its variables are PATH, HOME, USER, \
             LOGNAME, LANG=C.UTF-8 and SYSTEMD_OFFLINE=1, those of --env, and none of the caller's else; \
             together with the command they may have 2 MiB, and each word less than 128 KiB. \
             When the tool is asked to stop (SIGINT, SIGTERM, SIGHUP) the command is sent SIGTERM, and \
             killed when it has not ended after 10 seconds.",
            "The image is left as the build made it. Nothing is mounted over a file that a package may \
             own; services do not start (a policy-rc.d is put there where the image has none, and \
             SYSTEMD_OFFLINE is set); /etc/resolv.conf is lent for the time of the build, and put back \
             exactly, unless the build has changed it. If what was lent to the image (resolv.conf …) cannot \
             be taken back, the build fails (125).",
            "A build with --in-place whose helper is killed leaves the disk as it was in that moment, with \
             a resolv.conf and a policy-rc.d that were lent to it: build once more in it, with 'true' if \
             need be, and they are put right. Copies and volumes are thrown away.",
            "Only /workspace and what --bind names are shared with the host. What the build makes \
             there belongs to the user who started the tool. In the build all that is his is root's, so that a \
             command with another --user has there the rights of all users only, and can make no files. \
             Where root started the tool, owners there are those of the host. In /run and /tmp one bind cannot lie in \
             another. What is mounted below the source of a bind is shown too, unless root builds; where \
             an unbindable mount of the host could hide something the bind is refused.",
            "A btrfs of several devices, an ext4 with an external journal or with mount options in its \
             superblock, and a disk file that a loop device shows are refused. An ext4 is mounted with \
             errors=remount-ro. Two copies of one btrfs are built in at once from Linux 6.7 on.",
        ],
    },
    Section {
        title: "What a hostile command can do",
        paragraphs: &[
            "It can change whatever is in the image, and in /workspace and the other binds unless they \
             are read-only. It can use up processor time, and memory and processes as far as --memory \
             and --pids let it. File systems of images are mounted by the host's kernel, which therefore \
             must withstand what is in them. It can send an open file of the image to a process outside; \
             the build then fails and names that process as far as it can be seen.",
            "With the host's network, which is the default, it can reach whatever the host reaches: \
             services on localhost, and the instance's metadata service at 169.254.169.254 and \
             fd00:ec2::254, and so the credentials of the instance's role. Requiring tokens or a hop \
             limit of 1 does not keep it from them, because to that service the build is the host. This \
             tool does not block those addresses: a rule in the host's network would hold for the host, \
             too, and would outlive a killed build. For commands that are not to be trusted use \
             --network none, or an instance without a role, with the tool's credentials from elsewhere.",
            "The tool gives the command no AWS credentials: its environment is new, --env refuses the \
             variables that hold or name some, and the helper has none. But all that lies in /workspace \
             and in the other binds can be read by the command. So when one of them is the user's home, \
             or holds .aws, one line warns of it; --workspace none shows nothing.",
        ],
    },
    Section {
        title: "Privilege",
        paragraphs: &[
            "The tool itself needs no privilege. Mounting is done by a small program, amichroot, \
             which is run as it is by root and through 'sudo -n' by others. It takes no paths: disk \
             files and the sources of binds are opened by the tool with its user's rights, and of \
             volumes it opens only those that were attached while it was running. The line in sudoers, with \
             the path where amichroot is installed (below /usr/local: /usr/local/libexec/ami-tools/amichroot):",
            "%builders ALL=(root) NOPASSWD: /usr/libexec/ami-tools/amichroot \"\"",
            "Whoever is named there is trusted to run any command as root in a disk of his own, to \
             have the kernel mount whatever is in it, and to build in any volume that AWS lets him \
             attach to this instance. He is not given root on the host.",
        ],
    },
    Section {
        title: "Results in files",
        paragraphs: &[
            "SOURCE is a raw disk, or a file system, in a file or on a block device. With -o FILE it is \
             copied, with --in-place written to. FILE gets its name only when the command has succeeded, \
             and replaces a file that had it; until then, and if the build fails, that one stays as it \
             was. Behind a symbolic link the file is replaced that the link names. What is no regular \
             file is never replaced, and no disk is written to standard output: '-o -' is refused. The \
             result has the mode of the file that it replaces, else that of SOURCE without what the \
             umask takes away.",
        ],
    },
    Section {
        title: "Sweeping",
        paragraphs: &[
            "Volumes and snapshots of a build bear, from their first moment, the tag ami_tools_host \
             with the instance, its boot, and the process. The tag is taken from a snapshot when it \
             is handed over, to an image or to the user, and from a volume that --keep-on-failure \
             keeps. Where DeleteTags is refused it is set to handed-over, which a sweep leaves alone; \
             where that is refused, too, a base or a kept volume is a failure, and named.",
            "--sweep removes what bears the tag where the process is gone: on this instance, in this \
             boot, by looking for the process; of earlier boots always; of other instances when they \
             are terminated, or unknown and the thing is at least 15 minutes old. A volume that \
             another instance has than that of its build is left alone. Where the process cannot be \
             judged, because it ran in a container, it is left alone until the next boot. Snapshots \
             that an image uses are never removed.",
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
        title: "Dry runs",
        paragraphs: &[
            "--dry-run finds the instance and the base, and asks EC2, by its own dry runs, whether the \
             build's calls would be allowed: CreateVolume; RegisterImage, with the snapshot of the base in \
             the place of the one to come; and CreateSnapshot of SOURCE, where that is a volume. All that \
             EC2 would refuse is said.",
            "The volume of the build and its snapshot do not exist yet. AttachVolume, \
             ModifyInstanceAttribute, CreateSnapshot, DetachVolume, DeleteVolume, DeleteSnapshot and \
             DeleteTags are asked about vol-00000000000000000 and snap-00000000000000000: a missing \
             permission is said, and that EC2 finds no such thing is taken for no refusal. A policy that \
             goes by the tags or IDs of volumes and snapshots may allow them for the real ones and refuse \
             them for these, or the other way round. EC2 cannot be asked about RegisterImage where SOURCE \
             is a volume, because there is no snapshot of it yet, and not about calls of KMS.",
            "The command is not run, no disk is looked at, and the helper is not started.",
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
             ../lib/ami-tools from there.",
        ],
    },
    Section {
        title: ENVIRONMENT,
        paragraphs: &[
            "AMI_CHROOT_DEVICES_AT names, for tests, a directory in which sys and dev stand for the host's. \
             It is heeded where volumes are built in, and not for disk files. amichroot is then run with \
             '--devices-at DIRECTORY', which the line in sudoers above does not allow: others than root \
             need one with these words.",
        ],
    },
];
