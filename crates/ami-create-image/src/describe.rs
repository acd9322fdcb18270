//! From references to instances that an image can be made of.

use std::rc::Rc;
use std::time::{Duration, Instant};

use ami_core::ec2::{Ec2, Instance, missing};
use ami_core::error::{Error, Kind as ErrorKind};
use ami_core::id::{Id, Kind};

use crate::create::Plan;

/// The pause before EC2 is asked for it again.
const PAUSE: Duration = Duration::from_secs(1);

/// Describes instances of one region in one call, and plans an image of each.
pub(crate) async fn describe(
    gateway: Rc<Ec2>,
    mut ids: Vec<Id>,
    run: Rc<str>,
) -> Vec<Result<Plan, Error>> {
    let mut plans = Vec::new();
    let start = Instant::now();
    while !ids.is_empty() {
        match gateway.instances(&ids).await {
            Ok(found) => {
                plans.extend(ids.iter().map(|id| plan(id, &found, &gateway, &run)));
                break;
            }
            // One unknown ID spoils the answer for all: the others are asked for again without it.
            Err(error) => {
                let unknown = missing(Kind::Instance, &error);
                // An instance that was started a moment ago may be unknown for another.
                if !unknown.is_empty() && start.elapsed() < gateway.fresh() {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
                let (gone, rest): (Vec<_>, Vec<_>) =
                    ids.into_iter().partition(|id| unknown.contains(id));
                if gone.is_empty() {
                    plans.extend(rest.iter().map(|id| Err(error.clone().of(id))));
                    break;
                }
                plans.extend(gone.iter().map(|id| Err(not_found(id, &gateway))));
                ids = rest;
            }
        }
    }
    plans
}

fn plan(id: &Id, found: &[Instance], gateway: &Rc<Ec2>, run: &Rc<str>) -> Result<Plan, Error> {
    let instance = found
        .iter()
        .find(|instance| instance.id == *id)
        .ok_or_else(|| not_found(id, gateway))?;
    // EC2 would refuse as well, in words that do not say what state it is in.
    if ["terminated", "shutting-down"].contains(&instance.state.as_str()) {
        let what = format!("is {}, and no image can be made of it", instance.state);
        return Err(Error::failed(what).of(id));
    }
    Ok(Plan {
        gateway: Rc::clone(gateway),
        instance: instance.clone(),
        run: Rc::clone(run),
    })
}

fn not_found(id: &Id, gateway: &Ec2) -> Error {
    let what = format!("does not exist in {}", gateway.region());
    Error::new(ErrorKind::NotFound, what).of(id)
}
