//! The prose of the manual.

use ami_cli::common::ENVIRONMENT_TITLE;
use ami_cli::spec::Section;

pub(super) const ALL: &[Section] = &[
    Section {
        title: "Keys",
        paragraphs: &[
            "A bundle is encrypted with a key of its own, which the manifest holds twice: for EC2, encrypted \
             with the certificate of --ec2cert, and for the user, encrypted with --cert. Either private key \
             opens it. The certificate of the user need not be known to AWS; 'openssl req -x509 -newkey \
             rsa:2048 -sha256 -days 3650 -nodes -subj /CN=ami-tools -keyout pk.pem -out cert.pem' makes one. \
             Keep the private key: without it nobody but EC2 can open the bundle.",
            "EC2's certificates are looked for where ec2-ami-tools and euca2ools install them: in \
             etc/ec2/amitools below EC2_AMITOOL_HOME and below /, /opt/aws/amitools/ec2 and /usr/local/ec2, and \
             in /usr/share/euca2ools/certs. cert-ec2.pem is for the regions up to eu-north-1 that need not be \
             enabled, cert-ec2-gov.pem for GovCloud, cert-ec2-cn.pem for China, and cert-ec2-REGION.pem for each \
             region that was added later. Elsewhere the certificate is named with --ec2cert.",
            "'verify' holds the parts against the digests in the manifest. Only with --privatekey does it open \
             them and look at the disk, and only with --cert at the signature; it says what it did not check.",
            "The format is that of 2007 and cannot be changed: SHA-1, AES-128-CBC without a code of \
             authenticity, and RSA with padding of PKCS #1 v1.5. Trust the bucket, or give --cert so that the \
             signature is checked; unsigned bundles are read all the same where no certificate is given.",
        ],
    },
    Section {
        title: "Bundles that are there",
        paragraphs: &[
            "MANIFEST is s3://BUCKET/PREFIX/NAME.manifest.xml; for upload, verify and unbundle it may be a file. \
             BUCKET/PREFIX/NAME.manifest.xml, as AWS writes where an image lies, is read where no file can be \
             meant. '-' reads one reference from standard input, as other verbs print it: of each line the first \
             word that can be one, or the field of a JSON object; blank lines and those with # are skipped.",
            "'verify' names all parts that are missing or wrong, of many the first ten.",
        ],
    },
    Section {
        title: "S3-backed images",
        paragraphs: &[
            "'register' reads the manifest from S3, which must lie in the region of the image. The image is \
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
             is needed. Holes and zeros are not sent. A snapshot that does not become an image is deleted. Of \
             a conversion that is killed (SIGKILL, or the machine's end) a pending snapshot stays, which nothing \
             goes on with; 'aws ec2 describe-snapshots --owner-ids self --filters Name=status,Values=pending \
             Name=tag-key,Values=ami_tools_run' finds it.",
            "Systems of the time of bundles know of the metadata service without tokens only, and many have no \
             driver of the Elastic Network Adapter. So IMDSv1 stays allowed unless --imds says else, and ENA is \
             set where the disk names the module ena.ko, as Linux lists it in modules.dep or modules.builtin; \
             --ena and --no-ena count more. What a compressed file system has is not seen.",
            "What is not said with options comes from the image that is registered of the bundle, if there \
             is one, and from the newest of several: its name with -ebs behind it, its description, its tags, the name of its root device \
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
             user, or by sudo without a password. It makes a directory of its own in /var/tmp, /tmp or the home \
             directory, wherever programs may be run, copies ami-bundle-node there, a static program that is \
             looked for beside this one and then in ../libexec/ami-tools and ../lib/ami-tools, and removes the \
             directory in the end, also when it fails, is stopped, loses the connection or hears nothing of this \
             side for two minutes. --dry-run logs in and looks whether all of that could be. The node needs sh, mktemp, sha256sum (or openssl, or shasum) and \
             what makes its file system (mkfs.ext4, tune2fs and e2fsck, or those of xfs or btrfs), and a way \
             to S3.",
            "Neither AWS keys nor the private key go there. The program on the node makes the key of the bundle's \
             contents, and gives it away encrypted only; each part is sent with leave that is good for this one \
             part; the manifest is signed here, and sent from there behind the last part, so that S3 has a whole \
             bundle or none of it even when the tool is killed. ssh is given none of the AWS keys in the \
             environment: a ProxyCommand that needs keys takes those of a profile. Files that options name \
             are of this machine, but for --exclude and --work-dir.",
            "The phases are those of ami-crate, with or without 'ami-' before them: settings reads what is asked \
             for, install copies the program, configure the order and the certificates, bundle makes the bundle, \
             upload sends it, register registers it, cleanup removes all from the node. All of them are run \
             unless --phase names some. Without cleanup the directory stays on the node; without upload the parts \
             stay in it, for a later upload. cleanup removes all such directories of the user there. A bundle \
             that waits has the name and the certificate that configure was told: upload takes the name over, and \
             refuses another certificate.",
        ],
    },
    Section {
        title: "New nodes",
        paragraphs: &[
            "With --launch 'node' first makes the machine that it bundles: an instance of IMAGE, in the image's \
             region. It waits until the instance runs, answers ssh and has ended cloud-init, where it has that; \
             runs the script of --provision as root, by its first line or with sh, and shows what it prints; then \
             goes through the phases as with any node, terminates the instance and registers the image. The script \
             is run in / with nothing to read, and a machine that it restarts is lost. A script that fails ends it \
             all. The new image has IMAGE as its source_image where nothing else is said.",
            "The instance is terminated however it ends: also when something fails, EC2's answer is lost or the tool \
             is stopped by a signal. Where nobody is left to do that it ends by itself, since it terminates when it \
             shuts down: its user data has it shut down in an hour, the tool puts that off again and again, and a \
             connection that ends brings it down in two minutes, in which it takes back what it has sent. This \
             needs a system that runs user data at its first start, and shutdown. --keep-node does without all of \
             that, keeps the instance and says how to terminate it.",
            "Unless --key-name names a key pair of EC2, whose private half ssh must have, ssh-keygen makes one of \
             ED25519 for this run. Its private half is in a directory of $TMPDIR that only the user can read, and \
             EC2 has the public half as ami-tools-RUN; both are deleted in the end. (After SIGKILL they stay: \
             delete them by hand.) Systems with an OpenSSH before 6.5 need a key pair of RSA.",
            "Nobody can know the host key of a machine that is new. The first one that it shows is taken, for this \
             run only (StrictHostKeyChecking=accept-new, with a UserKnownHostsFile of its own): whoever is between \
             here and there at that moment could pose as the node. What --ssh says counts more.",
            "The node is launched with its tags Name and ami_tools_run on it and its volumes, and without an \
             instance profile; its metadata service is as the image and the account have it, for old systems \
             know nothing of tokens. It must be let in by --security-group from here, be given an address there (--subnet, \
             --private-address), and have a way to S3. --login is the user of the image, as ec2-user, admin or \
             ubuntu.",
            "The permissions needed are ec2:RunInstances, ec2:CreateTags, ec2:DescribeInstances and \
             ec2:TerminateInstances, and without --key-name ec2:ImportKeyPair, ec2:DescribeKeyPairs and \
             ec2:DeleteKeyPair. --dry-run asks EC2 whether the first calls would be allowed.",
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
            "Objects are put only where there are none: two runs that go to one place do not mix, and the \
             second one fails. What a run has put is marked with the run (x-amz-meta-ami-tools-run), and when \
             it fails or is stopped it deletes that and nothing else; a bucket that it made goes too, if it is \
             empty. 'upload' leaves what it has put instead: another upload goes on from there, does not send \
             again what is there, and sets its ACL as --acl says. A part of the same name with other contents \
             is replaced with --overwrite only, and another bundle's manifest never. node puts parts over \
             what is there.",
            "Objects are encrypted by S3 itself (AES256), whatever the bucket does by default: EC2 cannot read \
             what is encrypted with a key of KMS.",
            "The permissions needed are, for image, volume, node and upload: s3:ListBucket, s3:PutObject, \
             s3:PutObjectAcl, s3:GetObject to tell what is there and whose it is, and s3:DeleteObject to take \
             back what did not become a bundle (upload takes nothing back); with --create-bucket also \
             s3:CreateBucket, s3:PutBucketOwnershipControls and s3:DeleteBucket; and sts:GetCallerIdentity \
             without --user, where the keys do not tell. For download, verify, unbundle and convert: \
             s3:ListBucket and s3:GetObject. For delete: those, s3:DeleteObject, and ec2:DescribeImages unless \
             it is forced. convert needs besides what ami-register-image(1) says of disks.",
            "Who may not s3:ListBucket can still read bundles by their addresses where S3 tells the bucket's \
             region, and put them, except with node; whether something is there is then found out when it is put.",
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
            "Certificates, stores with nothing but certificates and keyrings of public keys are never left \
             out. Nor is anything where packages have keys as examples: below /usr (but for /usr/local), \
             /lib and /boot in directories of documents, examples and tests, and in those of Python, Perl, \
             Ruby, Go, Node, PHP, Erlang and Rust. Files that the package managers of Python, Ruby and Node \
             have installed elsewhere are left out by their names only, not by what is in them. Below \
             /usr, /lib and /boot what a package of dpkg has brought stays too, unless its name tells that it \
             is secret; one of rpm that needs a private key of its own loses it: --report lists it, and \
             --include keeps it.",
            "A PATTERN of --include is a path with * and ?, which do not stand for a slash, ** which does, \
             [a-z] and {a,b}; without a slash before it it fits at any depth. Of a directory that it fits all \
             is kept. It reaches into directories that are left out; what it does not fit there stays out. \
             A PATTERN that fits nothing is told.",
            "What is below /proc, /sys, /dev, /run, /tmp, /var/tmp, /mnt and /media is of the running \
             system and is always left out, as are sockets, and file systems that are mounted elsewhere unless \
             --all takes them; their directories stay. So are the file of --privatekey and, with volume, the \
             bundles in the directory of --destination, and nothing else there or in that of --work-dir. \
             A file on which another program holds a lease (fcntl(2)), as Samba does, is waited for, a minute \
             for all of them, and then left out.",
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
    Section {
        title: ENVIRONMENT_TITLE,
        paragraphs: &[
            "EC2_AMITOOL_HOME says where ec2-ami-tools was unpacked: EC2's certificates are looked for in \
             etc/ec2/amitools there first.",
        ],
    },
];
