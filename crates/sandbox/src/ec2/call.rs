//! One call in progress: who calls, where, and the way to what the sandbox remembers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use crate::blocks::{BlockStore, Layer, VolumeFile};
use crate::config::Settings;
use crate::course::Veil;
use crate::devices::Devices;
use crate::model::image::Stage;
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::Xml;
use crate::world::{Identity, Region, TokenUse, World};

/// An action of EC2: what it takes, and what it does.
pub(crate) trait Action: Sized {
    /// Takes all parameters that the action knows.
    fn take(params: &Params) -> Result<Self, ApiError>;

    /// Does the work and writes the inside of the answer.
    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError>;
}

/// Who calls, and to which region.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) account: String,
    pub(crate) arn: String,
    pub(crate) region: String,
}

/// A call in progress. Only [`Invocation::commit`] leads to something that can be changed, so that no
/// action can change anything when DryRun is set.
pub(crate) struct Invocation<'a> {
    pub(crate) caller: Caller,
    world: &'a mut World,
    flat: BTreeMap<String, String>,
    dry_run: bool,
}

/// What an action may change.
pub(crate) struct Room<'a> {
    pub(crate) region: &'a mut Region,
    pub(crate) settings: Settings,
    /// What becomes of the next images of any region.
    pub(crate) next_images: &'a mut VecDeque<Stage>,
    blocks: &'a BlockStore,
    /// The block devices of this instance, where there are some.
    pub(crate) devices: &'a mut Option<Devices>,
    this_instance: Option<&'a Identity>,
}

impl Room<'_> {
    /// What hides a new resource.
    pub(crate) fn veil(&self) -> Veil {
        Veil::new(self.settings.invisible)
    }

    /// Makes a volume that is attached to this instance a block device, where it has some.
    pub(crate) fn show_device(
        &mut self,
        volume: &str,
        instance: &str,
        name: &str,
    ) -> Result<(), ApiError> {
        let is_here = self
            .this_instance
            .is_some_and(|this| this.instance == instance);
        let Some(devices) = self.devices.as_mut().filter(|_| is_here) else {
            return Ok(());
        };
        let Some(found) = self.region.volumes.get_mut(volume) else {
            return Ok(());
        };
        let mut show = || {
            if found.file.is_none() {
                let file =
                    VolumeFile::new(self.blocks, volume, found.blocks.as_deref(), found.size)?;
                found.file = Some(Arc::new(file));
            }
            match &found.file {
                Some(file) => devices.attach(volume, name, file.path()),
                None => Ok(()),
            }
        };
        show().map_err(|error| ApiError::new(500, "InternalError", error.to_string()))
    }

    /// The bytes that a snapshot of a volume has that is taken now.
    pub(crate) fn blocks_of_volume(&mut self, id: &str) -> Result<Option<Arc<Layer>>, ApiError> {
        let Some(volume) = self.region.volumes.get_mut(id) else {
            return Ok(None);
        };
        let taken = volume.take_blocks(self.blocks);
        taken.map_err(|error| ApiError::new(500, "InternalError", error.to_string()))
    }
}

impl<'a> Invocation<'a> {
    /// The region of the caller must exist; the front door sees to that.
    pub(crate) fn new(
        world: &'a mut World,
        caller: Caller,
        flat: BTreeMap<String, String>,
        dry_run: bool,
    ) -> Self {
        world.detach_what_is_free();
        Invocation {
            caller,
            world,
            flat,
            dry_run,
        }
    }

    pub(crate) fn world(&self) -> &World {
        self.world
    }

    pub(crate) fn settings(&self) -> Settings {
        self.world.settings
    }

    /// The region of the call, to look at.
    pub(crate) fn region(&self) -> &Region {
        &self.world.regions[&self.caller.region]
    }

    /// The region of the call, to change; for a dry run this is where it ends.
    pub(crate) fn commit(&mut self) -> Result<Room<'_>, ApiError> {
        if self.dry_run {
            return Err(ApiError::dry_run());
        }
        let World {
            regions,
            settings,
            next_images,
            blocks,
            devices,
            this_instance,
            ..
        } = &mut *self.world;
        let region = regions.entry(self.caller.region.clone()).or_default();
        region.forget_detached();
        Ok(Room {
            region,
            settings: *settings,
            next_images,
            blocks,
            devices,
            this_instance: this_instance.as_ref(),
        })
    }

    /// What is asked for, whether to be done or to be tried.
    fn asked(&self) -> BTreeMap<String, String> {
        let mut asked = self.flat.clone();
        asked.remove("DryRun");
        asked
    }

    /// What an earlier call with the same ClientToken made. The same token with other parameters is
    /// refused (EC2 developer guide, "Ensuring idempotency").
    pub(crate) fn earlier(
        &self,
        action: &'static str,
        token: Option<&str>,
    ) -> Result<Option<Vec<String>>, ApiError> {
        let Some(token) = token else { return Ok(None) };
        let key = (self.caller.account.clone(), action, token.to_owned());
        let life = self.settings().limits.token_life;
        match self.region().tokens.get(&key) {
            Some(first) if first.at.elapsed() >= life => Ok(None),
            None => Ok(None),
            Some(first) if first.params == self.asked() => Ok(Some(first.ids.clone())),
            Some(_) => {
                let message = format!(
                    "The request uses the same client token '{token}' as a previous, but non-identical request."
                );
                Err(ApiError::client("IdempotentParameterMismatch", message))
            }
        }
    }

    /// Remembers what this call made under its ClientToken.
    pub(crate) fn remember(
        &mut self,
        action: &'static str,
        token: Option<String>,
        ids: Vec<String>,
    ) -> Result<(), ApiError> {
        let Some(token) = token else { return Ok(()) };
        let key = (self.caller.account.clone(), action, token);
        let first = TokenUse {
            params: self.asked(),
            ids,
            at: Instant::now(),
        };
        self.commit()?.region.tokens.insert(key, first);
        Ok(())
    }
}
