//! The handle on a running sandbox: where it listens, what it was asked, what goes wrong, what it has.

use std::io;
use std::path::Path;
use std::sync::MutexGuard;

use time::OffsetDateTime;

use crate::config::{Account, Config, Settings, ThisInstance};
use crate::devices::{Devices, Look};
use crate::frontdoor::Shared;
use crate::model::image::Image;
use crate::model::instance::Instance;
use crate::model::network::KeyPair;
use crate::model::snapshot::Snapshot;
use crate::model::volume::Volume;
use crate::server::Server;
use crate::sso::SignIn;
use crate::wire::block_call::BlockCall;
use crate::wire::fault::Fault;
use crate::wire::log::Call;
use crate::world::{AMAZON, Device, Identity, Region, World};

/// A running sandbox. It stops when it is dropped.
#[derive(Debug)]
pub struct Sandbox {
    shared: Shared,
    // Dropping the server ends its thread.
    _server: Server,
    endpoint: String,
    metadata_endpoint: String,
    accounts: Vec<Account>,
    default_region: String,
}

impl Sandbox {
    /// Starts a sandbox on loopback.
    ///
    /// # Errors
    /// When a port is taken, the file of the log cannot be made or [`Config::data`] is no directory.
    pub fn start(config: Config) -> io::Result<Self> {
        let shared = Shared::new(World::new(&config)?);
        let server = Server::start(shared.clone(), config.port, config.metadata_port)?;
        let sandbox = Sandbox {
            shared,
            endpoint: format!("http://{}", server.services),
            metadata_endpoint: format!("http://{}", server.metadata),
            _server: server,
            accounts: config.accounts,
            default_region: config.default_region,
        };
        if let Some(this) = &config.this_instance {
            sandbox.become_instance(this);
        }
        Ok(sandbox)
    }

    /// Where all services but the metadata listen: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Where the metadata service listens; it refuses everything while there is no
    /// [`Sandbox::this_instance`].
    pub fn metadata_endpoint(&self) -> &str {
        &self.metadata_endpoint
    }

    /// The first account.
    pub fn account(&self) -> &str {
        self.accounts.first().map_or("", |account| &account.id)
    }

    /// The environment that leads AWS clients here, as the first account.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        self.environment_of(self.account())
    }

    /// The environment that leads AWS clients here, as any account.
    ///
    /// # Panics
    /// When the sandbox has no such account.
    pub fn environment_of(&self, account: &str) -> Vec<(&'static str, String)> {
        let mut accounts = self.accounts.iter();
        let found = accounts.find(|known| known.id == account);
        let account = found.unwrap_or_else(|| panic!("the sandbox has no account {account}"));
        vec![
            ("AWS_ENDPOINT_URL", self.endpoint.clone()),
            ("AWS_ACCESS_KEY_ID", account.access_key.clone()),
            ("AWS_SECRET_ACCESS_KEY", account.secret_key.clone()),
            ("AWS_DEFAULT_REGION", self.default_region.clone()),
            (
                "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                self.metadata_endpoint.clone(),
            ),
        ]
    }

    /// All calls so far, in order. After the upload of a large disk this is a long list; see
    /// [`Sandbox::block_calls`] and [`Sandbox::count_calls`].
    pub fn calls(&self) -> Vec<Call> {
        self.world().log.calls(|_| true)
    }

    /// The calls to one action so far.
    pub fn calls_to(&self, action: &str) -> Vec<Call> {
        self.world().log.calls(|of| of == action)
    }

    /// The calls to `PutSnapshotBlock` or `GetSnapshotBlock` so far whose parameters have the right form,
    /// in order.
    pub fn block_calls(&self, action: &str) -> Vec<BlockCall> {
        self.world().log.blocks(action)
    }

    /// How many calls there were to one action so far.
    pub fn count_calls(&self, action: &str) -> usize {
        self.world().log.count(action)
    }

    /// Forgets the calls so far.
    pub fn clear_calls(&self) {
        self.world().log.clear();
    }

    /// Orders a fault.
    pub fn inject(&self, fault: Fault) {
        self.world().faults.add(fault);
    }

    /// Takes back the faults that are still to come.
    pub fn clear_faults(&self) {
        self.world().faults.clear();
    }

    /// Denies an action to everyone, for DryRun too.
    pub fn deny(&self, action: &str) {
        self.world().denied.insert(action.into());
    }

    /// Takes back [`Sandbox::deny`].
    pub fn allow(&self, action: &str) {
        self.world().denied.remove(action);
    }

    /// Lets a role be assumed only with the codes of a device: `SerialNumber` and `TokenCode`.
    pub fn require_mfa(&self, role_arn: &str, serial: &str, code: &str) {
        let device = Device {
            serial: serial.into(),
            code: code.into(),
        };
        self.world().mfa.insert(role_arn.into(), device);
    }

    /// Signs in to IAM Identity Center, for a client whose profile names an SSO session.
    pub fn sso_sign_in(&self) -> SignIn {
        self.world().sign_ins.add()
    }

    /// Ends all temporary credentials and sign-ins that were given out so far.
    pub fn expire_sessions(&self) {
        let mut world = self.world();
        world.sign_ins.expire();
        for key in world.keys.values_mut() {
            if let Some(session) = &mut key.session {
                session.until = OffsetDateTime::UNIX_EPOCH;
            }
        }
    }

    /// Fills the token buckets of [`Settings::throttle`] again.
    pub fn refill_buckets(&self) {
        self.world().buckets.clear();
    }

    /// Changes the settings for what happens from now on.
    pub fn configure(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.world().settings);
    }

    /// Makes an instance and lets the metadata service speak for it. Gives its ID.
    pub fn become_instance(&self, this: &ThisInstance) -> String {
        let instance = self.instance(&this.region, |seed| {
            seed.instance_type.clone_from(&this.instance_type)
        });
        self.world().this_instance = Some(Identity {
            region: this.region.clone(),
            instance: instance.clone(),
            role: this.role.clone(),
        });
        instance
    }

    /// The instance for which the metadata service speaks.
    pub fn this_instance(&self) -> Option<String> {
        self.world()
            .this_instance
            .as_ref()
            .map(|this| this.instance.clone())
    }

    /// Makes volumes that are attached to [`Sandbox::this_instance`] from now on block devices, loop
    /// devices on their files, which `sys` and `dev` in a directory show as EC2 shows them to a host of
    /// that kind. What a device is used for keeps its volume from being detached, as on EC2. Only root
    /// can do this.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn show_devices(&self, directory: &Path, look: Look) -> io::Result<()> {
        self.world().devices = Some(Devices::new(directory, look)?);
        Ok(())
    }

    /// The images of a region, oldest first, without those of Amazon.
    pub fn images(&self, region: &str) -> Vec<Image> {
        let all = |region: &mut Region| region.images.iter().cloned().collect::<Vec<_>>();
        let mut images = self.in_region(region, all);
        images.retain(|image| image.owner != AMAZON);
        images
    }

    /// The snapshots of a region, oldest first, without those of Amazon.
    pub fn snapshots(&self, region: &str) -> Vec<Snapshot> {
        let all = |region: &mut Region| region.snapshots.iter().cloned().collect::<Vec<_>>();
        let mut snapshots = self.in_region(region, all);
        snapshots.retain(|snapshot| snapshot.owner != AMAZON);
        snapshots
    }

    /// The volumes of a region, oldest first.
    pub fn volumes(&self, region: &str) -> Vec<Volume> {
        self.in_region(region, |region| region.volumes.iter().cloned().collect())
    }

    /// The instances of a region, oldest first.
    pub fn instances(&self, region: &str) -> Vec<Instance> {
        self.in_region(region, |region| region.instances.iter().cloned().collect())
    }

    /// The key pairs of a region, oldest first.
    pub fn key_pairs(&self, region: &str) -> Vec<KeyPair> {
        self.in_region(region, |region| region.keys.iter().cloned().collect())
    }

    /// An image by its ID, wherever it lies.
    pub fn find_image(&self, id: &str) -> Option<Image> {
        self.world()
            .regions_mut()
            .find_map(|region| region.images.get(id).cloned())
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.shared.lock()
    }

    /// Works on a region; a name that does not exist is a mistake of the test.
    pub(crate) fn in_region<R>(&self, region: &str, work: impl FnOnce(&mut Region) -> R) -> R {
        let mut world = self.world();
        let found = world.regions.get_mut(region);
        work(found.unwrap_or_else(|| panic!("the sandbox has no region {region}")))
    }
}
