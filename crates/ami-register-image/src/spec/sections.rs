//! The prose of the manual.

use ami_cli::spec::Section;

pub(super) const ALL: &[Section] = &[
    Section {
        title: "Sources",
        paragraphs: &[
            "snap-ID, snap-ID@REGION, or a snapshot's ARN: a snapshot of a root volume, of this account \
             or shared with it. One that is pending is waited for. A file of such a name is ./snap-ID.",
            "s3://BUCKET/PREFIX/NAME.manifest.xml: a bundle of the classic kind, which EC2 reads itself \
             and which has no snapshot. Only machines of the types C1, C3, D2, I2, M1, M2, M3, R3 and X1 \
             start such images.",
            "A path: a raw disk, byte for byte, as a file or a block device. Its end need not fall on a \
             block's. Disks of other formats and compressed ones are known by what is in them and refused \
             with the command that converts them; --convert reads what qemu-img can read. qemu-img reads \
             what a disk names as its base, too: convert no disks of strangers.",
            "'-', or a path of a pipe or a character device: a disk that is read from its start to its \
             end. A snapshot has its size from the beginning, so --size must tell it; a disk that is \
             longer fails, one that is shorter is followed by zeros, and one whose partitions need more \
             than there was fails too. Its first block tells what it is and how it boots; its files cannot \
             be looked into, so --arch must tell what it is for. A file that is redirected to standard \
             input is taken as if it had been named.",
            "A disk whose partition table is damaged, is for sectors of another size than volumes have, or \
             is of a longer disk is refused.",
        ],
    },
    Section {
        title: "Holes and encryption",
        paragraphs: &[
            "Blocks of a disk that are holes or zeros are not sent: they read as zeros from an \
             unencrypted snapshot. From an encrypted one they would read as noise, so there they are \
             sent. A snapshot is encrypted with --encrypt, where its parent is, and where the account \
             encrypts by default; what counts is what EBS says when the snapshot is begun.",
            "--skip-holes leaves them out all the same. That is safe for disks of whose holes nothing is \
             ever read; file systems are not made so: XFS expects zeros in a new log.",
            "--kms-key takes the ARN of a key only, because EBS does. Of a key's ID or alias it is told \
             by 'aws kms describe-key --key-id KEY --query KeyMetadata.Arn --output text'.",
        ],
    },
    Section {
        title: "Uploading less",
        paragraphs: &[
            "With a parent only blocks that differ are sent, and the new snapshot stands for itself all \
             the same. What the parent holds is known from its disk (--parent-disk), from the digests that \
             were kept when it was uploaded (--parent-digests), or else from EBS, which means that every \
             block of it is fetched. Of --parent-disk a few blocks are compared with the parent's, which \
             catches a disk that was confused with another one; that it was not written to since, you must \
             know. A parent that is encrypted makes its children encrypted, with its \
             key.",
            "--save-digests writes the digest of every block into a file, for the next build. It holds the \
             name of the snapshot, so that --parent-digests needs no --parent beside it.",
        ],
    },
    Section {
        title: "Journal",
        paragraphs: &[
            "Beside a disk file a journal is kept of what was sent, .FILE.ami-upload. When the upload is \
             cut short, by a signal, a lost connection or a lost machine, the same command goes on where it \
             ended: only what is missing is sent, and when the snapshot is complete already, it is \
             registered. The journal is removed when the image is printed.",
            "Without a journal an upload that fails deletes its snapshot. There is none for pipes, devices \
             and converted disks, nor where the directory cannot be written; --journal names a place for \
             it, and --no-journal goes without. A disk that has changed since is noticed, and uploaded \
             from the start. Other tags and another description than those of the first run are the image's \
             only: the snapshot keeps what it was begun with. Where the disk is named by a link the journal lies beside the file itself. \
             --dry-run does not open it, and says that it is there.",
        ],
    },
    Section {
        title: "Architecture and boot mode",
        paragraphs: &[
            "EC2 must be told which machines an image is for. Without --arch the disk is looked into: the \
             boot loaders on its EFI system partition, its kernels and programs, and the type of its root \
             partition tell; -v says which of them did. File systems that are encrypted, or that this tool \
             does not read, tell nothing. What --source-image says comes last; a snapshot is not looked into \
             at all.",
            "An EFI system partition means boot mode uefi. Boot code in the first sector means legacy-bios where \
             it is known what it starts: a boot loader on a disk without a GPT, a BIOS boot partition, or a \
             partition that is marked as bootable. Both mean uefi-preferred, and neither none, so that EC2 \
             chooses by the machine. Machines of the architecture arm64 \
             boot by UEFI alone. For a snapshot the boot mode of --source-image is \
             taken, and with it the NitroTPM, the network drivers, the variables of the UEFI firmware where \
             the account owns that image, and what else is not told.",
            "Where an option says something else than the disk, the option counts, and you are told.",
        ],
    },
    Section {
        title: "Block device mappings",
        paragraphs: &[
            "DEVICE=ephemeral0 maps an instance store volume.",
            "DEVICE=[SNAPSHOT]:[SIZE]:[DELETE]:[TYPE]:[IOPS]:[encrypted] maps an EBS volume: \
             the snapshot it is made from, its size in GiB, whether it is deleted with its \
             instance (true or false), its type (standard, gp2, gp3, io1, io2, st1, sc1), its \
             I/O operations per second, and the word 'encrypted'. Fields may be empty, and left \
             out at the end. After them may stand :throughput=MIBPS and :kms-key=KEY.",
            "The root's own device takes no snapshot and no encryption, which are SOURCE's: \
             /dev/xvda=:20:true:gp3:6000:throughput=500. Without an entry the root is a volume of type gp3 \
             that is deleted with its instance.",
        ],
    },
    Section {
        title: "Tags",
        paragraphs: &[
            "source_image: the image of --source-image; for a snapshot otherwise what its own tag says.",
            "source_region: the region of that image, or else of the source snapshot.",
            "source_snapshot: the snapshot, where SOURCE is one.",
            "create_date: when the image was made, in UTC, as 20110909T233600Z.",
            "create_timestamp: the same moment in seconds since 1970.",
            "ami_tools_run: a UUID that marks all that one run has made.",
            "ami_tools_request: on a snapshot with a journal, what a second run knows it by.",
        ],
    },
    Section {
        title: "The way back",
        paragraphs: &[
            "--fetch makes a sparse file of a snapshot's blocks, whose digests are verified. It appears \
             under its name when it is whole; a run that was cut short is gone on with by the same command. \
             Of an image the disk of the root device is fetched, or that of --device. A file that is there \
             is replaced with --overwrite only, and then a block device is written to as well.",
            "The file is as large as the volume, a whole number of GiB: EBS does not know how large the disk \
             was that a snapshot was made of.",
            "EBS lets an account read its own snapshots and those that are shared with it, but no public \
             ones.",
        ],
    },
    Section {
        title: "Permissions",
        paragraphs: &[
            "For images: ec2:RegisterImage, ec2:CreateTags and ec2:DescribeImages; for snapshots \
             ec2:DescribeSnapshots, and with --source-image of an image that starts by UEFI \
             ec2:DescribeImageAttribute.",
            "For disks: ebs:StartSnapshot, ebs:PutSnapshotBlock, ebs:CompleteSnapshot, \
             ec2:DescribeSnapshots, ec2:GetEbsEncryptionByDefault, and ec2:DeleteSnapshot to clean up after a \
             failure; with --parent alone ebs:ListSnapshotBlocks and ebs:GetSnapshotBlock too.",
            "For --fetch: ebs:ListSnapshotBlocks, ebs:GetSnapshotBlock, and for images ec2:DescribeImages.",
            "For encrypted snapshots the caller must be allowed to use their key as well: to read them \
             kms:Decrypt, to write them kms:GenerateDataKey* and kms:ReEncrypt* too.",
        ],
    },
];
