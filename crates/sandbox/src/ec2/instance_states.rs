//! StartInstances, StopInstances, RebootInstances and TerminateInstances.

use time::OffsetDateTime;

use crate::course::Course;
use crate::model::id::Kind;
use crate::model::instance::{Instance, InstanceState};
use crate::model::volume::VolumeState;
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::Xml;
use crate::world::Region;

use super::call::{Action, Invocation};
use super::instance_describe;

/// Starts stopped instances.
pub(crate) struct Start(Vec<String>);

impl Action for Start {
    fn take(params: &Params) -> Result<Self, ApiError> {
        params.accept("AdditionalInfo");
        Ok(Start(take_ids(params)?))
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        use InstanceState::{Pending, Running, Stopped};
        check(call, &self.0, "started", &[Stopped, Pending, Running])?;
        change(call, &self.0, |instance, room| {
            if instance.state() == Stopped {
                instance.launched = OffsetDateTime::now_utc();
                instance.course = Course::from(Pending, room.1, Running);
            }
        })
    }
}

/// Stops running instances.
pub(crate) struct Stop(Vec<String>);

impl Action for Stop {
    fn take(params: &Params) -> Result<Self, ApiError> {
        ["Hibernate", "SkipOsShutdown", "Force"]
            .iter()
            .for_each(|known| params.accept(known));
        Ok(Stop(take_ids(params)?))
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        use InstanceState::{Pending, Running, Stopped, Stopping};
        check(
            call,
            &self.0,
            "stopped",
            &[Pending, Running, Stopping, Stopped],
        )?;
        let mut instances = named(call, &self.0)?.into_iter();
        if let Some(instance) = instances.find(|instance| instance.traits.stop_protection) {
            let message = format!(
                "The instance '{}' may not be stopped. Modify its 'disableApiStop' instance \
                 attribute and try again.",
                instance.id
            );
            return Err(ApiError::client("OperationNotPermitted", message));
        }
        let mut instances = named(call, &self.0)?.into_iter();
        if let Some(instance) = instances.find(|instance| instance.root_type != "ebs") {
            let message = format!(
                "The instance '{}' does not have an 'ebs' root device type and cannot be stopped",
                instance.id
            );
            return Err(ApiError::client("UnsupportedOperation", message));
        }
        change(call, &self.0, |instance, room| {
            if matches!(instance.state(), Pending | Running) {
                instance.course = Course::from(Stopping, room.1, Stopped);
            }
        })
    }
}

/// Terminates instances, which takes the volumes with them that are marked for it.
pub(crate) struct Terminate(Vec<String>);

impl Action for Terminate {
    fn take(params: &Params) -> Result<Self, ApiError> {
        ["SkipOsShutdown", "Force"]
            .iter()
            .for_each(|known| params.accept(known));
        Ok(Terminate(take_ids(params)?))
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        for instance in named(call, &self.0)? {
            if instance.termination_protection {
                let message = format!(
                    "The instance '{}' may not be terminated. Modify its 'disableApiTermination' \
                     instance attribute and try again.",
                    instance.id
                );
                return Err(ApiError::client("OperationNotPermitted", message));
            }
        }
        change(call, &self.0, |instance, (region, pace)| {
            use InstanceState::{ShuttingDown, Terminated};
            if matches!(instance.state(), ShuttingDown | Terminated) {
                return;
            }
            instance.course = Course::from(ShuttingDown, pace, Terminated);
            // Instance states in the user guide, "Reasons for terminated state".
            let code = "Client.UserInitiatedShutdown";
            let message = format!("{code}: User initiated shutdown");
            instance.state_reason = Some((code.into(), message));
            release_volumes(region, instance);
        })
    }
}

/// Reboots running instances, which shows only in their number of reboots.
pub(crate) struct Reboot(Vec<String>);

impl Action for Reboot {
    fn take(params: &Params) -> Result<Self, ApiError> {
        Ok(Reboot(take_ids(params)?))
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        check(
            call,
            &self.0,
            "rebooted",
            &[InstanceState::Pending, InstanceState::Running],
        )?;
        let region = call.commit()?.region;
        for id in &self.0 {
            if let Some(instance) = region.instances.get_mut(id) {
                instance.reboots += 1;
            }
        }
        Ok(Xml::done())
    }
}

fn take_ids(params: &Params) -> Result<Vec<String>, ApiError> {
    let ids = params.strings("InstanceId");
    if ids.is_empty() {
        return Err(ApiError::missing("InstanceId"));
    }
    Kind::Instance.check_all(&ids)?;
    Ok(ids)
}

/// The named instances; all that are unknown are named in one error.
fn named<'c>(call: &'c Invocation<'_>, ids: &[String]) -> Result<Vec<&'c Instance>, ApiError> {
    let (region, me) = (call.region(), &call.caller.account);
    let found: Vec<_> = ids
        .iter()
        .map(|id| (id, instance_describe::own(region, me, id).ok()))
        .collect();
    let unknown: Vec<&str> = found
        .iter()
        .filter(|f| f.1.is_none())
        .map(|f| &**f.0)
        .collect();
    if !unknown.is_empty() {
        return Err(Kind::Instance.not_found(&unknown));
    }
    Ok(found.into_iter().filter_map(|f| f.1).collect())
}

fn check(
    call: &Invocation<'_>,
    ids: &[String],
    verb: &str,
    fine: &[InstanceState],
) -> Result<(), ApiError> {
    for instance in named(call, ids)? {
        if !fine.contains(&instance.state()) {
            let message = format!(
                "The instance '{}' is not in a state from which it can be {verb}.",
                instance.id
            );
            return Err(ApiError::client("IncorrectInstanceState", message));
        }
    }
    Ok(())
}

/// Changes the instances and answers with their states before and after.
fn change(
    call: &mut Invocation<'_>,
    ids: &[String],
    what: impl Fn(&mut Instance, (&mut Region, crate::config::Pace)),
) -> Result<Xml, ApiError> {
    let room = call.commit()?;
    let (region, pace) = (room.region, room.settings.paces.instance);
    let mut changes = Vec::new();
    for id in ids {
        let Some(mut instance) = region.instances.get(id).cloned() else {
            continue;
        };
        let before = instance.state();
        what(&mut instance, (&mut *region, pace));
        changes.push((id, before, instance.state()));
        if let Some(place) = region.instances.get_mut(id) {
            *place = instance;
        }
    }
    let mut xml = Xml::new();
    xml.list("instancesSet", changes, |xml, (id, before, now)| {
        xml.text("instanceId", id);
        xml.element("currentState", |xml| {
            instance_describe::write_state(xml, now)
        });
        xml.element("previousState", |xml| {
            instance_describe::write_state(xml, before)
        });
    });
    Ok(xml)
}

fn release_volumes(region: &mut Region, instance: &mut Instance) {
    for attachment in instance.attachments.drain(..) {
        if attachment.delete_on_termination {
            region.volumes.remove(&attachment.volume);
        } else if let Some(volume) = region.volumes.get_mut(&attachment.volume) {
            volume.attached_to = None;
            volume.set_state(VolumeState::Available);
        }
    }
}
