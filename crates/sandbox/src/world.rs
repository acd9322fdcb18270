//! Everything that the sandbox remembers, behind one lock.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use time::OffsetDateTime;

use crate::blocks::{BlockStore, Layer};
use crate::config::{Account, Config, OptIn, RegionSpec, Settings};
use crate::devices::Devices;
use crate::ebs::Tokens;
use crate::model::image::{Image, Stage};
use crate::model::instance::Instance;
use crate::model::kms_key::KmsKey;
use crate::model::mapping::{Ebs, Mapping};
use crate::model::network::{KeyPair, SecurityGroup, vpc_id};
use crate::model::reference::Reference;
use crate::model::sharing::SnapshotBlock;
use crate::model::snapshot::{Snapshot, SnapshotState};
use crate::model::store::Store;
use crate::model::volume::Volume;
use crate::s3;
use crate::sso::SignIns;
use crate::sts::SessionKey;
use crate::throttle::Buckets;
use crate::wire::fault::Faults;
use crate::wire::log::Log;

/// The account number of images of Amazon, as on EC2.
pub(crate) const AMAZON: &str = "137112412989";

/// The image of Amazon that is there in every region.
pub(crate) const AMAZON_IMAGE: &str = "ami-0a1b2c3d4e5f60001";
const AMAZON_SNAPSHOT: &str = "snap-0a1b2c3d4e5f60001";

/// All state of a sandbox.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) specs: Vec<RegionSpec>,
    pub(crate) regions: BTreeMap<String, Region>,
    pub(crate) keys: HashMap<String, Key>,
    /// The accounts that exist.
    pub(crate) accounts: BTreeSet<String>,
    /// The devices that roles ask for, by the ARN of the role.
    pub(crate) mfa: HashMap<String, Device>,
    pub(crate) sign_ins: SignIns,
    pub(crate) buckets: Buckets,
    pub(crate) denied: BTreeSet<String>,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    /// The buckets of S3.
    pub(crate) s3: s3::Buckets,
    /// Where the bytes of snapshots, volumes and objects lie.
    pub(crate) blocks: Arc<BlockStore>,
    /// What the tokens of blocks are made with.
    pub(crate) block_tokens: Tokens,
    /// What becomes of the next images instead of `available`.
    pub(crate) next_images: VecDeque<Stage>,
    pub(crate) this_instance: Option<Identity>,
    /// The block devices of that instance, where there are some.
    pub(crate) devices: Option<Devices>,
    /// The tokens that the metadata service has given out.
    pub(crate) tokens: BTreeSet<String>,
}

/// What is in one region.
#[derive(Debug, Default)]
pub(crate) struct Region {
    pub(crate) images: Store<Image>,
    /// The images that were deregistered, by ID: nothing but their place in an ancestry is left.
    pub(crate) deregistered: HashMap<String, Image>,
    pub(crate) snapshots: Store<Snapshot>,
    pub(crate) volumes: Store<Volume>,
    pub(crate) instances: Store<Instance>,
    pub(crate) groups: Store<SecurityGroup>,
    pub(crate) keys: Store<KeyPair>,
    /// What uses images beside the instances.
    pub(crate) references: Vec<Reference>,
    /// The keys that customers manage.
    pub(crate) kms_keys: Vec<KmsKey>,
    /// What becomes of the next images of this region instead of `available`.
    pub(crate) next_images: VecDeque<Stage>,
    /// The accounts that have EBS encryption by default here.
    pub(crate) encrypting: BTreeSet<String>,
    /// What accounts have said about making images public: whether that is blocked.
    pub(crate) image_blocks: HashMap<String, bool>,
    /// The same of snapshots.
    pub(crate) snapshot_blocks: HashMap<String, SnapshotBlock>,
    /// What a call with a ClientToken made, by account, action and token.
    pub(crate) tokens: HashMap<(String, &'static str, String), TokenUse>,
}

/// The first use of a ClientToken.
#[derive(Clone, Debug)]
pub(crate) struct TokenUse {
    pub(crate) params: BTreeMap<String, String>,
    pub(crate) ids: Vec<String>,
    pub(crate) at: Instant,
}

/// Who an access key belongs to.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) account: String,
    pub(crate) arn: String,
    pub(crate) user_id: String,
    pub(crate) secret: String,
    /// What makes a key temporary.
    pub(crate) session: Option<Session>,
}

/// The other half of a temporary key.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) token: String,
    pub(crate) until: OffsetDateTime,
}

/// The device without whose codes a role cannot be assumed.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) serial: String,
    pub(crate) code: String,
}

/// The instance for which the metadata service speaks.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) region: String,
    pub(crate) instance: String,
    pub(crate) role: Option<String>,
}

impl World {
    pub(crate) fn new(config: &Config) -> std::io::Result<Self> {
        if let Some(directory) = &config.data {
            // Nothing is written there before the first block, and that is too late to find out.
            std::fs::read_dir(directory)?;
        }
        let regions = config
            .regions
            .iter()
            .map(|spec| (spec.name.clone(), Region::seeded()))
            .collect();
        let keys = config
            .accounts
            .iter()
            .map(|account| (account.access_key.clone(), Key::user(account)));
        Ok(World {
            settings: config.settings,
            specs: config.regions.clone(),
            regions,
            keys: keys.collect(),
            accounts: config.accounts.iter().map(|a| a.id.clone()).collect(),
            mfa: HashMap::new(),
            sign_ins: SignIns::default(),
            buckets: Buckets::default(),
            denied: BTreeSet::new(),
            faults: Faults::default(),
            log: Log::open(&config.log, config.record.as_deref())?,
            s3: s3::Buckets::default(),
            blocks: Arc::new(BlockStore::new(config.data.as_deref())),
            block_tokens: Tokens::new(),
            next_images: VecDeque::new(),
            this_instance: None,
            devices: None,
            tokens: BTreeSet::new(),
        })
    }

    /// Goes on with volumes whose detaching something was in the way of, if that is gone.
    pub(crate) fn detach_what_is_free(&mut self) {
        let free = self.devices.as_mut().map(Devices::take_free);
        let pace = self.settings.paces.volume;
        for volume in free.unwrap_or_default() {
            for region in self.regions.values_mut() {
                region.begin_to_detach(&volume, pace);
            }
        }
    }

    pub(crate) fn spec(&self, region: &str) -> Option<&RegionSpec> {
        self.specs.iter().find(|spec| spec.name == region)
    }

    pub(crate) fn is_enabled(&self, region: &str) -> bool {
        self.spec(region)
            .is_some_and(|spec| spec.opt_in != OptIn::NotOptedIn)
    }

    /// All regions, to look for a resource of which only the ID is known.
    pub(crate) fn regions_mut(&mut self) -> impl Iterator<Item = &mut Region> {
        self.regions.values_mut()
    }
}

impl Region {
    /// A region with the image of Amazon from which instances run.
    fn seeded() -> Self {
        let mut region = Region::default();
        let mut snapshot = Snapshot::new(AMAZON, "vol-ffffffff", 8);
        snapshot.id = AMAZON_SNAPSHOT.into();
        snapshot.public = true;
        snapshot.owner_alias = Some("amazon".into());
        region.snapshots.insert(AMAZON_SNAPSHOT, snapshot);
        let mut image = Image::new(AMAZON, "al2023-ami-2023.9.20260101.0-kernel-6.12-x86_64");
        image.id = AMAZON_IMAGE.into();
        image.description =
            Some("Amazon Linux 2023 AMI 2023.9.20260101.0 x86_64 HVM kernel-6.12".into());
        image.public = true;
        image.owner_alias = Some("amazon".into());
        image.created = time::macros::datetime!(2026-01-01 00:00:00 UTC);
        image.boot_mode = Some("uefi-preferred".into());
        image.imds_support = Some("v2.0".into());
        let ebs = Ebs {
            snapshot: Some(AMAZON_SNAPSHOT.into()),
            ..Ebs::default()
        };
        image.mappings.push(Mapping::ebs("/dev/xvda", ebs));
        region.images.insert(AMAZON_IMAGE, image);
        region
    }

    /// Gives an account that comes for the first time what every VPC has: the default security group.
    pub(crate) fn furnish(&mut self, account: &str, name: &str) {
        if self.groups.iter().any(|group| group.owner == account) {
            return;
        }
        let (vpc, words) = (vpc_id(account, name), "default VPC security group");
        let group = SecurityGroup::new(account, &vpc, "default", words);
        self.groups.insert(&group.id.clone(), group);
    }

    /// Takes an image out of use and gives what it was. Its record stays, since EC2 still knows it as the
    /// source of other images (EC2 user guide, "Use AMI ancestry to trace the origin of an AMI").
    pub(crate) fn deregister(&mut self, id: &str) -> Option<Image> {
        let image = self.images.remove(id)?;
        self.deregistered.insert(id.to_owned(), image.clone());
        Some(image)
    }

    /// An image of which there is a record, registered or not.
    pub(crate) fn recorded_image(&self, id: &str) -> Option<&Image> {
        self.images.get(id).or_else(|| self.deregistered.get(id))
    }

    /// Whether an account has EBS encryption by default here.
    pub(crate) fn encrypts(&self, account: &str) -> bool {
        self.encrypting.contains(account)
    }

    /// Whether everyone may use a snapshot. Its permission stays when its owner blocks all sharing, without
    /// effect (EnableSnapshotBlockPublicAccess in the API reference).
    pub(crate) fn is_public(&self, snapshot: &Snapshot) -> bool {
        let block = self.snapshot_blocks.get(&snapshot.owner);
        snapshot.public && block != Some(&SnapshotBlock::AllSharing)
    }

    /// Whether an account may see a snapshot, copy it and make volumes of it.
    pub(crate) fn opens(&self, snapshot: &Snapshot, account: &str) -> bool {
        let is_given = snapshot.shared_with.contains(account);
        snapshot.owner == account || is_given || self.is_public(snapshot)
    }

    /// The bytes of a snapshot, for a volume of it.
    pub(crate) fn blocks_of(&self, snapshot: Option<&str>) -> Option<Arc<Layer>> {
        self.snapshots.get(snapshot?)?.blocks.clone()
    }

    /// The state of a snapshot and its progress in percent. A snapshot that was taken for an image is
    /// at least as far as the image, so that a client that polls only the image sees it move.
    pub(crate) fn snapshot_state(&self, snapshot: &Snapshot) -> (SnapshotState, u32) {
        use crate::model::image::ImageState::{Error, Failed, Invalid, Pending};
        if let Some(upload) = snapshot.upload.as_ref().filter(|upload| upload.is_open) {
            return match upload.is_over() {
                true => (SnapshotState::Error, upload.progress),
                false => (SnapshotState::Pending, upload.progress),
            };
        }
        let own = (*snapshot.course.peek(), snapshot.course.percent());
        let image = snapshot.follows.as_ref().and_then(|id| self.images.get(id));
        match image.map(|image| (image.state(), image.course.percent())) {
            Some((Pending, percent)) if own.0 == SnapshotState::Pending => {
                (own.0, percent.max(own.1))
            }
            Some((Failed | Error | Invalid, _)) => (SnapshotState::Error, own.1.min(99)),
            Some((Pending, _)) | None => own,
            Some(_) => (SnapshotState::Completed, 100),
        }
    }
}

impl Key {
    fn user(account: &Account) -> Self {
        Key {
            account: account.id.clone(),
            arn: format!("arn:aws:iam::{}:user/sandbox", account.id),
            user_id: "AIDASANDBOX0000000001".into(),
            secret: account.secret_key.clone(),
            session: None,
        }
    }

    /// A role that somebody has assumed under a session name.
    pub(crate) fn role(account: &str, role: &str, name: &str, key: &SessionKey) -> Self {
        Key {
            account: account.into(),
            arn: format!("arn:aws:sts::{account}:assumed-role/{role}/{name}"),
            user_id: format!("AROASANDBOX0000000001:{name}"),
            secret: key.secret.clone(),
            session: Some(Session {
                token: key.token.clone(),
                until: key.until,
            }),
        }
    }
}
