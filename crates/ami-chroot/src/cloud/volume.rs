//! The volume of a build: made, attached, opened, and removed.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use ami_buildroot::client::{Helper, Volume};
use ami_buildroot::protocol::OpenVolume;
use ami_core::chance;
use ami_core::cleanup::{Stack, Ticket};
use ami_core::ec2::{NewVolume, is_device_taken};
use ami_core::error::{Error, Fault, Kind as ErrorKind};
use ami_core::id::Id;
use ami_core::tag::{self, Tag};
use ami_disk::Layout;
use ami_disk::layout::BootMode;

use super::halt::Halt;
use super::site::Site;
use crate::helper;
use crate::request::VolumeWishes;

mod letters;
mod removal;
mod watch;

use removal::by_hand;
pub(crate) use removal::{keep, remove, removed_while, sweep};
use watch::{Sight, Watch, watch};

/// How long a volume may take to be made, attached or detached. It is a matter of seconds; of
/// minutes when EC2 is not well.
const PATIENCE: Duration = Duration::from_secs(5 * 60);
/// How long a device may take to appear once EC2 says that it is attached.
const APPEARANCE: Duration = Duration::from_secs(60);
/// After so long it is said that it is waited for.
const USUAL_APPEARANCE: Duration = Duration::from_secs(10);
const TYPE: &str = "gp3";

/// A volume that is to be made.
pub(crate) struct Making<'a, 'b> {
    pub(crate) site: &'b Site<'a>,
    pub(crate) wishes: &'b VolumeWishes,
    pub(crate) snapshot: Option<Id>,
    /// In GiB.
    pub(crate) size: Option<i32>,
    pub(crate) tags: &'b [Tag],
}

/// A volume that is attached and open.
pub(crate) struct Device {
    file: Option<File>,
    /// How the disk boots, if it tells.
    pub(crate) boot_mode: Option<BootMode>,
}

impl Making<'_, '_> {
    /// What is asked of EC2.
    pub(crate) fn request(&self) -> NewVolume {
        let site = self.site;
        let mut tags = self.tags.to_vec();
        tags.push(site.mark());
        let volume_type = self.wishes.volume_type.as_deref();
        NewVolume {
            zone: site.this.zone.clone(),
            snapshot: self.snapshot.clone(),
            size: self.size,
            volume_type: Some(volume_type.unwrap_or(TYPE).to_owned()),
            initialization_rate: self.wishes.initialization_rate,
            encrypted: self.wishes.encrypt.then_some(true),
            kms_key: self.wishes.kms_key.clone(),
            tags,
            run: site.run.clone(),
            ..NewVolume::default()
        }
    }
}

impl Making<'_, '_> {
    /// Of an image that anybody may start, not anybody may have the snapshot.
    fn explain(&self, error: Error) -> Error {
        match &self.snapshot {
            Some(snapshot) if error.kind() == ErrorKind::NotFound => error.of(snapshot).hint(
                "its owner may let others start the image, and not make volumes of its snapshot; a copy \
                 of the image is yours: ami-clone",
            ),
            _ => error,
        }
    }
}

impl<'a> Making<'a, '_> {
    /// Makes it, puts it on the stack, and waits until it can be attached.
    pub(crate) async fn volume(&self, made: &mut Stack<'a>) -> Result<(Id, Ticket), Halt> {
        let site = self.site;
        site.check_stop()?;
        site.context.progress.trace("creating the volume");
        let created = site
            .ec2
            .create_volume(&self.request(), &chance::run_id())
            .await;
        let id = match created {
            Ok(id) => id,
            Err(error) => {
                push_search(site, &error, made);
                return Err(site.halt(self.explain(error)));
            }
        };
        let (ec2, volume) = (Rc::clone(&site.ec2), id.clone());
        let ticket = made.push(
            format!("volume {id}"),
            by_hand(&site.ec2, &id),
            async move { remove(&ec2, &volume).await },
        );
        let mut sight = Sight::new(site.ec2.grace());
        let failed = |what: &str| {
            let hint = "of an encrypted one the KMS key may be out of reach";
            Watch::Failed(Error::failed(what).hint(hint))
        };
        let ready = watch(site, &id, PATIENCE, |volume| {
            // A volume whose key cannot be used is made and dropped again (EBS User Guide, "Amazon EBS
            // encryption").
            if sight.is_lost(volume.is_some()) {
                return failed("EC2 has dropped it instead of making it");
            }
            match volume.map(|volume| volume.state.as_str()) {
                Some("available") => Watch::Done(()),
                Some("error") => failed("EC2 could not make it"),
                _ => Watch::More,
            }
        });
        ready.await?;
        Ok((id, ticket))
    }
}

/// Where it is not known whether EC2 has made a volume it is looked for when all is undone.
fn push_search<'a>(site: &Site<'a>, error: &Error, made: &mut Stack<'a>) {
    if !matches!(error.fault(), Fault::Uncertain | Fault::Passing) {
        return;
    }
    let (ec2, run) = (Rc::clone(&site.ec2), site.run.clone());
    let what = "a volume, if EC2 has made one,";
    made.push(what, "ami-chroot --sweep", async move {
        for volume in ec2.volumes_tagged(tag::HOST).await? {
            if volume.tags.get(tag::RUN) == Some(&run) {
                remove(&ec2, &volume.id).await?;
            }
        }
        Ok(())
    });
}

/// Attaches it under a free device name, and opens the device that it becomes.
pub(crate) async fn attach(
    site: &Site<'_>,
    helper: Helper,
    volume: &Id,
) -> Result<(Helper, Device), Halt> {
    let name = under_a_free_name(site, volume).await?;
    let mut sight = Sight::new(site.ec2.grace());
    let attached = watch(site, volume, PATIENCE, |found| {
        let attachment = found.and_then(|volume| volume.attachment(&site.this.id));
        let state = attachment.map(|attachment| &*attachment.state);
        let state = state.filter(|state| *state != "detached");
        if sight.is_lost(state.is_some()) {
            let what = "EC2 has taken it from this instance again";
            return Watch::Failed(Error::failed(what));
        }
        match state {
            Some("attached") => Watch::Done(()),
            _ => Watch::More,
        }
    });
    attached.await?;
    // If it cannot be said a volume outlives a host that is terminated in the middle of the build,
    // and is swept from another: no reason to build nothing.
    if let Err(error) = site.ec2.delete_on_termination(&site.this.id, &name).await {
        site.check_stop()?;
        let text = format!("{volume} is not deleted with the instance: {error}");
        site.context.progress.hint(&text);
    }
    site.check_stop()?;
    let text = format!("looking for the device of {volume}, attached as {name}");
    site.context.progress.trace(&text);
    let which = OpenVolume {
        volume: volume.to_string(),
        attached_as: name,
        timeout_ms: u64::try_from(APPEARANCE.as_millis()).unwrap_or(u64::MAX),
    };
    let mut opening = pin!(helper::open_volume(helper, which));
    let mut silent = true;
    let (helper, opened) = loop {
        tokio::select! {
            biased;
            _ = site.context.interrupt.arrived() => return Err(Halt::Stopped),
            opened = &mut opening => break opened?,
            () = tokio::time::sleep(USUAL_APPEARANCE), if silent => {
                silent = false;
                let (usual, most) = (USUAL_APPEARANCE.as_secs(), APPEARANCE.as_secs());
                site.context.progress.hint(&format!(
                    "{volume} is attached, and has no device after {usual} s; waiting for it up to {most} s"
                ));
            }
        }
    };
    let text = format!("{volume} is {}", opened.name);
    site.context.progress.trace(&text);
    Ok((helper, Device::new(opened)))
}

async fn under_a_free_name(site: &Site<'_>, volume: &Id) -> Result<String, Halt> {
    site.check_stop()?;
    let found = site
        .unless_stopped(site.ec2.instance_details(&site.this.id))
        .await?;
    let Some(instance) = found else {
        let what = format!(
            "{} is not known to EC2 in {}",
            site.this.id, site.this.region
        );
        let hint = "is the metadata service's region the one that the keys are for?";
        return Err(Error::failed(what).hint(hint).into());
    };
    let names = letters::free(&instance.devices, chance::fraction());
    let mut taken = None;
    for name in names {
        site.check_stop()?;
        let text = format!("attaching {volume} as {name}");
        site.context.progress.trace(&text);
        match site.ec2.attach_volume(volume, &site.this.id, &name).await {
            Ok(name) => return Ok(name),
            // Another build on this host was faster.
            Err(error) if is_device_taken(&error) => taken = Some(error),
            Err(error) => return Err(site.halt(error.of(volume))),
        }
    }
    let error =
        taken.unwrap_or_else(|| Error::failed("all device names of the instance are taken"));
    Err(error.of(volume).into())
}

impl Device {
    fn new(opened: Volume) -> Self {
        let file = File::from(opened.device);
        let boot_mode = file.try_clone().ok().and_then(|file| {
            let disk = ami_disk::Source::new(file).ok()?;
            let layout = Layout::read(&disk).ok()?;
            Some(layout.boot_mode()?.value)
        });
        Self {
            file: Some(file),
            boot_mode,
        }
    }

    /// A descriptor of it for the helper.
    pub(crate) fn descriptor(&self) -> Result<OwnedFd, Error> {
        let clone = self.file.as_ref().map(File::try_clone);
        match clone {
            Some(Ok(file)) => Ok(file.into()),
            Some(Err(error)) => Err(Error::failed(format!("the device: {error}"))),
            None => Err(Error::failed("the device was let go of")),
        }
    }

    /// Closes it, so that it can be detached.
    pub(crate) fn let_go(self) -> Self {
        Self { file: None, ..self }
    }
}
