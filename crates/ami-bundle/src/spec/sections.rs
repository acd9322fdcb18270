//! The prose of the manual.

use ami_cli::spec::Section;

pub(super) const ALL: &[Section] = &[
    Section {
        title: "Keys",
        paragraphs: &[
            "A bundle is encrypted with a key of its own, which the manifest holds twice: for EC2, encrypted \
             with the certificate of --ec2cert, and for the user, encrypted with --cert. Either private key \
             opens it. The certificate of the user need not be known to AWS; 'openssl req -x509 -newkey \
             rsa:2048 -sha256 -days 3650 -nodes -keyout pk.pem -out cert.pem' makes one. Keep the private \
             key: without it nobody but EC2 can open the bundle.",
            "EC2's certificates are looked for where ec2-ami-tools and euca2ools install them. They differ \
             between groups of regions: cert-ec2.pem is for most of them.",
            "The format is that of 2007 and cannot be changed: SHA-1, AES-128-CBC without a code of \
             authenticity, and RSA with padding of PKCS #1 v1.5. Trust the bucket, or give --cert so that the \
             signature is checked; unsigned bundles are read all the same where no certificate is given.",
        ],
    },
    Section {
        title: "S3-backed images",
        paragraphs: &[
            "'register' reads the manifest from S3, which must lie in the region of the image; with - it reads \
             the address of one manifest from standard input, as the other verbs print it. The image is \
             registered as paravirtual where the manifest names a kernel, with the description that 'upload' \
             has kept beside the manifest, and with the last of the manifest's ancestors that still exists as \
             its source_image. Architecture, kernel, RAM disk, product codes and devices EC2 takes from the \
             manifest itself.",
            "EC2 must be let in to the manifest and to every part by their ACLs; the caller needs \
             s3:GetObject for the manifest, ec2:DescribeImages and ec2:RegisterImage.",
        ],
    },
    Section {
        title: "Conversion",
        paragraphs: &[
            "'ami-bundle convert' reads the parts from S3, opens them here in memory, and writes the blocks \
             of the disk to EBS while later parts are still coming; neither an instance nor room on a disk \
             is needed. Holes and zeros are not sent. A snapshot that does not become an image is deleted.",
            "What is not said with options comes from the image that is registered of the bundle, if there \
             is one: its name with -ebs behind it, its description, its tags, the name of its root device \
             and its instance store volumes; then from the manifest: the architecture and the mappings.",
            "A disk with a partition table and a boot loader starts as it is. Many bundles hold one bare file \
             system, which machines of their time started by a kernel beside it. Such a one is registered as \
             it is only where the old image or the manifest names that kernel; the image is then a \
             paravirtual one, for instances of the types C1, C3, M1, M2, M3 and T1. Else it is refused, and a \
             disk is to be made of it by hand:",
            "ami-bundle unbundle -k pk.pem -o fs.img s3://bucket/web/image.manifest.xml; mount -o loop,ro \
             fs.img /mnt; tar -C /mnt --numeric-owner --xattrs --acls -c . | ami-chroot --prepare-base - --gpt \
             -o disk.raw; ami-chroot --in-place --bootable disk.raw -- sh -c 'install a kernel and a boot \
             loader'; ami-register-image disk.raw",
        ],
    },
    Section {
        title: "Nodes",
        paragraphs: &[
            "'node' logs in by ssh as it is configured, without asking anything, and needs root there: as that \
             user, or by sudo without a password. It makes a directory of its own below /var/tmp or /tmp, copies \
             ami-bundle-node there, a static program that is looked for beside this one and then in \
             ../libexec/ami-tools and ../lib/ami-tools, and removes the directory in the end, also when it fails, \
             is stopped or loses the connection. The node needs sh, mktemp, sha256sum and what makes its file \
             system (mkfs.ext4, tune2fs and e2fsck, or those of xfs or btrfs), and a way to S3.",
            "Neither AWS keys nor the private key go there. The program on the node makes the key of the bundle's \
             contents, and gives it away encrypted only; each part is sent with leave that is good for this one \
             part; the manifest is signed here. Files that options name are of this machine, but for --exclude \
             and --work-dir.",
            "The phases are those of ami-crate, with or without 'ami-' before them: settings reads what is asked \
             for, install copies the program, configure the order and the certificates, bundle makes the bundle, \
             upload sends it, register registers it, cleanup removes all from the node. All of them are run \
             unless --phase names some. Without cleanup the directory stays on the node; without upload the parts \
             stay in it, for a later upload. cleanup removes all such directories of the user there.",
        ],
    },
    Section {
        title: "Settings",
        paragraphs: &[
            "The file of --settings is TOML and has ami-crate's words: image-name (--name and --prefix), \
             image-description (--description), s3-bucket and s3-path (--to), user-id (--user), \
             private-key-source (--privatekey), certificate-source (--cert), and besides ec2-certificate-source \
             (--ec2cert). A source is a path, or { local-file = \"PATH\" }. Options count more.",
        ],
    },
    Section {
        title: "Buckets",
        paragraphs: &[
            "EC2 reads a bundle by the ACL of its objects, and new buckets have ACLs switched off; \
             --create-bucket makes one that has them. The bucket must be in the region of the image.",
            "The permissions needed are s3:PutObject and s3:PutObjectAcl to upload, s3:GetObject to read, \
             s3:DeleteObject to delete, and s3:CreateBucket and s3:PutBucketOwnershipControls for \
             --create-bucket.",
        ],
    },
    Section {
        title: "Secrets",
        paragraphs: &[
            "volume and node leave out what is secret, or belongs to one machine only: host keys of SSH, \
             private keys, which are told by what is in them, and stores of such keys; credentials of AWS and \
             of other clouds and services, .netrc and the like, wherever they lie; histories of shells and \
             other programs; authorized_keys; what cloud-init knows of the instance; leases, the machine's \
             ID and random seeds; swap files, core dumps, what editors keep of open files, and the state of \
             Terraform. --include takes some of it along, --no-filter all of it.",
            "Certificates, keyrings of public keys and whatever packages have installed below /usr are never \
             left out. What is below /proc, /sys, /dev, /run, /tmp, /var/tmp, /mnt and /media is of the running \
             system and always is, as are sockets, and file systems that are mounted elsewhere unless --all \
             takes them; their directories stay. So is the file of --privatekey, and what is in the \
             directory of --destination.",
            "This travels all the same: hashes of passwords (/etc/shadow), logs, and what is secret in a way \
             that no rule knows, in an archive or a data base. Look at what --report says, and exclude \
             what nobody else may have.",
        ],
    },
    Section {
        title: "Inheritance",
        paragraphs: &[
            "On an instance of EC2 volume and node ask the metadata service, with a token (IMDSv2), what the \
             instance was started of, and the bundle takes over what no option says: the kernel and the RAM \
             disk, product codes, device mappings other than those of EBS volumes, which no S3-backed image \
             can have, and the images that it descends from, its own the last of them. --no-inherit leaves \
             that alone. Where no such service answers the bundle is made without it.",
        ],
    },
];
