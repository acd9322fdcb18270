//! Which part of a disk is the root.

use super::{Decision, Layout, Volume};
use crate::Error;
use crate::partitions::Purpose;
use crate::superblock::Kind;

/// See [`Layout::root`].
pub(super) fn root(layout: &Layout) -> Result<Decision<&Volume>, Error> {
    let by_type: Vec<&Volume> = layout
        .volumes
        .iter()
        .filter(|volume| matches!(purpose(volume), Some(Purpose::Root(Some(_)))))
        .collect();
    if let [volume] = by_type[..] {
        return match container(volume) {
            Some(what) => Err(hidden(volume, what, "is the root")),
            None => decide(volume, "its type says that it is a root".to_owned()),
        };
    }
    let candidates = if by_type.is_empty() {
        layout.volumes.iter().filter(|v| may_be_root(v)).collect()
    } else {
        by_type
    };
    choose(layout, &candidates)
}

/// See [`Layout::partition`].
pub(super) fn partition(layout: &Layout, number: u32) -> Result<&Volume, Error> {
    let mut volumes = layout.volumes.iter();
    let Some(volume) = volumes.find(|volume| volume.number() == Some(number)) else {
        let there: Vec<&Volume> = layout.volumes.iter().collect();
        let there = match layout.table.partitions.len() {
            0 => "no partitions".to_owned(),
            _ => list(&there, "and"),
        };
        return Err(Error::NoPartition { number, there });
    };
    match (container(volume), volume.kind()) {
        (Some(what), _) => Err(hidden(volume, what, "was asked for")),
        (None, Some(kind)) if kind.can_be_root() => Ok(volume),
        (None, Some(kind)) => Err(Error::Root(format!(
            "no root can be made of partition {number}, which is {kind}"
        ))),
        (None, None) => Err(Error::Root(format!(
            "partition {number} holds no file system that is known"
        ))),
    }
}

fn choose<'a>(
    layout: &'a Layout,
    candidates: &[&'a Volume],
) -> Result<Decision<&'a Volume>, Error> {
    let rooty: Vec<&Volume> = with(candidates, Some(true));
    if let [volume] = rooty[..]
        && candidates.len() > 1
    {
        let reason = format!("it alone of {} looks like a root", list(candidates, "and"));
        return decide(volume, reason);
    }
    let hiding = layout.volumes.iter().find_map(|v| Some((v, container(v)?)));
    if let Some((hiding, what)) = hiding
        && rooty.is_empty()
    {
        let unseen = with(candidates, None);
        return Err(match unseen[..] {
            [] => hidden(hiding, what, "may hold the root"),
            _ => Error::Root(format!(
                "{hiding} is {what}, which may hold the root and is not looked into; if the root is \
                 {} after all, choose it with --partition",
                list(&unseen, "or")
            )),
        });
    }
    match candidates {
        [] => Err(Error::Root(nothing(layout))),
        [volume] => decide(volume, only(volume)),
        _ if rooty.len() > 1 => Err(ambiguous(&rooty, "look like a root")),
        _ => largest(candidates),
    }
}

/// The largest of those that could not be looked into. If all could, none of them is a root.
fn largest<'a>(candidates: &[&'a Volume]) -> Result<Decision<&'a Volume>, Error> {
    let mut unseen = with(candidates, None);
    unseen.sort_by_key(|volume| std::cmp::Reverse(volume.length));
    match unseen[..] {
        [] => Err(Error::Root(format!(
            "none of {} looks like a root; choose one with --partition",
            list(candidates, "and")
        ))),
        [first, second, ..] if first.length == second.length => {
            Err(ambiguous(candidates, "may be the root"))
        }
        [first, ..] => decide(
            first,
            format!("it is the largest of {}", list(candidates, "and")),
        ),
    }
}

fn decide(volume: &Volume, reason: String) -> Result<Decision<&Volume>, Error> {
    Ok(Decision {
        value: volume,
        reason,
    })
}

fn only(volume: &Volume) -> String {
    match volume.kind() {
        Some(kind) if volume.partition.is_none() => {
            format!("the disk is {kind} and has no partitions")
        }
        _ => "no other partition is ext2 to ext4, xfs or btrfs".to_owned(),
    }
}

fn ambiguous(volumes: &[&Volume], what: &str) -> Error {
    let all = list(volumes, "and");
    Error::Root(format!("{all} {what}; choose one with --partition"))
}

fn hidden(volume: &Volume, what: &str, why: &str) -> Error {
    Error::Root(format!(
        "{volume} {why}, but is {what}, which is not looked into; --partition does not help there"
    ))
}

fn nothing(layout: &Layout) -> String {
    if layout.table.partitions.is_empty() {
        return match layout.volumes.first().and_then(Volume::kind) {
            Some(kind) => format!("no root can be made of the whole disk, which is {kind}"),
            None => "it has neither partitions nor a file system that is known".to_owned(),
        };
    }
    let all: Vec<&Volume> = layout.volumes.iter().collect();
    format!("none of {} can be a root", list(&all, "and"))
}

/// Those of which is known what `looks` says.
fn with<'a>(volumes: &[&'a Volume], looks: Option<bool>) -> Vec<&'a Volume> {
    let matching = volumes.iter().filter(|v| v.looks_like_root == looks);
    matching.copied().collect()
}

fn purpose(volume: &Volume) -> Option<Purpose> {
    volume.partition.as_ref().map(|partition| partition.purpose)
}

/// Could it be the root, by its file system and unless its type says that it is something else?
pub(super) fn may_be_root(volume: &Volume) -> bool {
    let elsewhere = matches!(
        purpose(volume),
        Some(Purpose::Boot | Purpose::Mount(_) | Purpose::Usr(_) | Purpose::Verity)
    );
    volume.kind().is_some_and(Kind::can_be_root) && !elsewhere
}

/// What other volumes are kept in.
fn container(volume: &Volume) -> Option<&'static str> {
    match volume.kind()? {
        Kind::Lvm => Some("a physical volume of LVM"),
        Kind::Luks => Some("encrypted with LUKS"),
        Kind::Raid => Some("a member of a RAID array"),
        Kind::Zfs => Some("a member of a ZFS pool"),
        _ => None,
    }
}

/// `partition 1 (ext4), partition 2 (xfs) and partition 3 (nothing known)`
fn list(volumes: &[&Volume], last: &str) -> String {
    let each: Vec<String> = volumes
        .iter()
        .map(|volume| match volume.kind() {
            Some(kind) => format!("{volume} ({kind})"),
            None => format!("{volume} (nothing known)"),
        })
        .collect();
    match &each[..] {
        [first @ .., end] if !first.is_empty() => format!("{} {last} {end}", first.join(", ")),
        _ => each.concat(),
    }
}
