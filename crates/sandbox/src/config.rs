//! What a sandbox is told when it starts: accounts, regions, the pace of things, its ports.

use std::path::PathBuf;
use std::time::Duration;

use crate::limits::Limits;
use crate::wire::log::LogSink;

/// How long something takes: not at all, for a number of reads, or for a time.
///
/// A read is a Describe call that shows the thing. Tests use reads, since they do not depend on the
/// speed of the machine; people use milliseconds, since they want to see the waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Over at once.
    Now,
    /// Over after so many reads.
    Reads(u32),
    /// Over after so many milliseconds.
    Millis(u64),
    /// Never over.
    Never,
}

impl Pace {
    /// Whether a thing that was read so often and is so old has got over it.
    pub(crate) fn is_over(self, reads: u32, age: Duration) -> bool {
        match self {
            Pace::Now => true,
            Pace::Reads(n) => reads >= n,
            Pace::Millis(n) => age >= Duration::from_millis(n),
            Pace::Never => false,
        }
    }

    /// How far a thing has come, from 0 to 99 while it is not over.
    pub(crate) fn percent(self, reads: u32, age: Duration) -> u32 {
        let share = match self {
            Pace::Now => 1.0,
            Pace::Reads(n) => f64::from(reads) / f64::from(n.max(1)),
            Pace::Millis(n) => age.as_secs_f64() * 1000.0 / n.max(1) as f64,
            Pace::Never => 0.0,
        };
        (share * 100.0).clamp(0.0, 99.0) as u32
    }
}

/// The pace of each kind of resource.
#[derive(Clone, Copy, Debug)]
pub struct Paces {
    /// An image is `pending`, and so are the snapshots that were taken for it.
    pub image: Pace,
    /// A snapshot is `pending`.
    pub snapshot: Pace,
    /// A volume is `creating`, or an attachment `attaching` or `detaching`.
    pub volume: Pace,
    /// An instance is `pending`, `stopping` or `shutting-down`.
    pub instance: Pace,
}

/// What may be changed while the sandbox runs, with [`crate::Sandbox::configure`].
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long things take.
    pub paces: Paces,
    /// How long a new ID is unknown: NotFound by ID, left out of lists. EC2 documents this as
    /// eventual consistency.
    pub invisible: Pace,
    /// The most items on one page, however many the client asked for.
    pub page_size: Option<usize>,
    /// Every n-th page is empty and still carries a token, as pages of EC2 sometimes are.
    pub empty_pages: Option<u32>,
    /// Calls are throttled by token buckets of the documented sizes.
    pub throttle: bool,
    /// Signatures are verified, and a session token beside a lasting key is refused. S3 always verifies
    /// them.
    pub signatures: bool,
    /// How far the clock of a request may be off before it is refused as expired; `None` for ever.
    pub clock_skew: Option<Duration>,
    /// GetImageAncestry may begin at an image that is deregistered. AWS documents that an ancestry leads
    /// through such images, but not what EC2 says when asked for theirs; without this it is
    /// InvalidAMIID.NotFound.
    pub ancestry_of_deregistered: bool,
    /// How long EBS direct takes over every PutSnapshotBlock and GetSnapshotBlock beside its work. Others
    /// are answered meanwhile.
    pub block_delay: Duration,
    /// How long S3 takes over every PutObject, UploadPart and GetObject beside its work.
    pub object_delay: Duration,
    /// How many PutSnapshotBlock calls to a snapshot that StartSnapshot just made find that it does not
    /// exist. Public threads tell of this for up to two minutes.
    pub unknown_puts: u32,
    /// After how long without a block a snapshot of StartSnapshot is cancelled, in place of the minutes
    /// that the call names.
    pub upload_timeout: Option<Duration>,
    /// Accounts that have said nothing about it may make no images public, as it is in new accounts (user
    /// guide, "Understand block public access for AMIs").
    pub block_public_images: bool,
    /// Accounts that have said nothing about it may make no snapshots public. AWS documents no default;
    /// here they may.
    pub block_public_snapshots: bool,
    /// The quotas of every account, and how long things count against it.
    pub limits: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            paces: Paces {
                image: Pace::Reads(2),
                snapshot: Pace::Reads(1),
                volume: Pace::Reads(1),
                instance: Pace::Reads(1),
            },
            invisible: Pace::Now,
            page_size: None,
            empty_pages: None,
            throttle: false,
            signatures: false,
            // EC2 error codes, RequestExpired: more than 15 minutes.
            clock_skew: Some(Duration::from_secs(900)),
            ancestry_of_deregistered: false,
            block_delay: Duration::ZERO,
            object_delay: Duration::ZERO,
            unknown_puts: 0,
            upload_timeout: None,
            block_public_images: true,
            block_public_snapshots: false,
            limits: Limits::default(),
        }
    }
}

/// Whether an account may use a region, in the words of DescribeRegions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptIn {
    /// Enabled for everyone.
    NotRequired,
    /// Enabled by this account.
    OptedIn,
    /// Not enabled: calls to the region fail with AuthFailure.
    NotOptedIn,
}

impl OptIn {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            OptIn::NotRequired => "opt-in-not-required",
            OptIn::OptedIn => "opted-in",
            OptIn::NotOptedIn => "not-opted-in",
        }
    }
}

/// A region that exists.
#[derive(Clone, Debug)]
pub struct RegionSpec {
    /// Its code, such as `eu-west-1`.
    pub name: String,
    /// Whether it may be used.
    pub opt_in: OptIn,
}

/// Who may call: an access key belongs to an account.
#[derive(Clone, Debug)]
pub struct Account {
    /// The twelve digits.
    pub id: String,
    /// The access key ID by which the account is recognised.
    pub access_key: String,
    /// The secret that goes with it, for the environment of clients and for [`Settings::signatures`].
    pub secret_key: String,
}

/// The instance for which the metadata service speaks. It is made when the sandbox starts.
#[derive(Clone, Debug)]
pub struct ThisInstance {
    /// Where it runs.
    pub region: String,
    /// Its type, such as `t3.micro`.
    pub instance_type: String,
    /// The role whose credentials the metadata service hands out.
    pub role: Option<String>,
}

/// Everything a sandbox is started with.
#[derive(Clone, Debug)]
pub struct Config {
    /// What may also be changed later.
    pub settings: Settings,
    /// The regions that exist.
    pub regions: Vec<RegionSpec>,
    /// The accounts that may call; the first is the one of [`crate::Sandbox::environment`].
    pub accounts: Vec<Account>,
    /// The instance that the metadata service describes; without one it refuses with 403.
    pub this_instance: Option<ThisInstance>,
    /// The region that [`crate::Sandbox::environment`] names.
    pub default_region: String,
    /// The port of the services, 0 for any free one.
    pub port: u16,
    /// The port of the metadata service, 0 for any free one.
    pub metadata_port: u16,
    /// The directory in which a private one is made for the bytes of snapshots, volumes and objects, which is
    /// removed at the end; none for the one of temporary files.
    pub data: Option<PathBuf>,
    /// Where calls are also written as they happen.
    pub log: LogSink,
    /// A file to which every answer is added as it was sent, with its call, as a line of JSON.
    pub record: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            settings: Settings::default(),
            regions: default_regions(),
            accounts: vec![
                account("123456789012", "AKIASANDBOX000000001"),
                account("210987654321", "AKIASANDBOX000000002"),
            ],
            this_instance: None,
            default_region: "us-east-1".into(),
            port: 0,
            metadata_port: 0,
            data: None,
            log: LogSink::Nowhere,
            record: None,
        }
    }
}

fn account(id: &str, access_key: &str) -> Account {
    Account {
        id: id.into(),
        access_key: access_key.into(),
        secret_key: format!("sandbox/secret/of/{access_key}"),
    }
}

/// The regions enabled by default, and some of those that an account has to enable first.
fn default_regions() -> Vec<RegionSpec> {
    const ENABLED: [&str; 17] = [
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "eu-central-1",
        "eu-north-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    ];
    const OPT_IN: [&str; 4] = ["af-south-1", "ap-east-1", "eu-south-1", "me-south-1"];
    let spec = |name: &&str, opt_in| RegionSpec {
        name: (*name).into(),
        opt_in,
    };
    let enabled = ENABLED.iter().map(|name| spec(name, OptIn::NotRequired));
    enabled
        .chain(OPT_IN.iter().map(|name| spec(name, OptIn::NotOptedIn)))
        .collect()
}
