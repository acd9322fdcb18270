//! States: which a resource can be in, which can follow, and whether a wished one still can.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::id::{Id, Kind};
use crate::image::Image;

/// A state as EC2 names it.
///
/// The names are EC2's own (API Reference: Image, Snapshot, Volume, InstanceState). One that EC2
/// may add one day is kept as it stands and leads, for all we know, anywhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct State(String);

impl State {
    /// A state of that name.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&crate::escape::escape(&self.0))
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A state that every resource is in which can be seen at all.
pub const EXISTS: &str = "exists";
/// What an image or a volume that is gone is said to be in.
const GONE: [(Kind, &str); 3] = [
    (Kind::Image, "deregistered"),
    (Kind::Volume, "deleted"),
    (Kind::Instance, "terminated"),
];

/// A state and the states that can come right after it without anybody's help.
type Step = (&'static str, &'static [&'static str]);

const IMAGE: &[Step] = &[
    (
        "pending",
        &[
            "available",
            "failed",
            "error",
            "invalid",
            "transient",
            "deregistered",
            "disabled",
        ],
    ),
    (
        "transient",
        &["pending", "available", "failed", "error", "invalid"],
    ),
    ("available", &["disabled", "deregistered"]),
    ("disabled", &["deregistered"]),
    ("failed", &["deregistered"]),
    ("error", &["deregistered"]),
    ("invalid", &["deregistered"]),
    ("deregistered", &[]),
];
const SNAPSHOT: &[Step] = &[
    ("pending", &["completed", "error"]),
    ("recovering", &["completed", "error"]),
    ("completed", &["recoverable"]),
    // From the Recycle Bin only a person can bring it back.
    ("recoverable", &[]),
    ("error", &[]),
];
const VOLUME: &[Step] = &[
    ("creating", &["available", "error"]),
    ("available", &["in-use", "deleting"]),
    ("in-use", &["available"]),
    ("deleting", &["deleted"]),
    ("error", &["deleting"]),
    ("deleted", &[]),
];
const INSTANCE: &[Step] = &[
    ("pending", &["running", "shutting-down"]),
    ("running", &["stopping", "shutting-down"]),
    ("stopping", &["stopped"]),
    // Somebody may have asked to start it, and the answer may be older than that.
    ("stopped", &["pending", "shutting-down"]),
    ("shutting-down", &["terminated"]),
    ("terminated", &[]),
];

fn steps(kind: Kind) -> &'static [Step] {
    match kind {
        Kind::Image => IMAGE,
        Kind::Snapshot => SNAPSHOT,
        Kind::Volume => VOLUME,
        Kind::Instance => INSTANCE,
    }
}

/// The states of a kind that can be waited for, `exists` last.
pub fn states(kind: Kind) -> Vec<&'static str> {
    let own = steps(kind).iter().map(|(state, _)| *state);
    own.chain([EXISTS]).collect()
}

/// The state that is waited for where none is asked for.
pub fn default_state(kind: Kind) -> &'static str {
    match kind {
        Kind::Image | Kind::Volume => "available",
        Kind::Snapshot => "completed",
        Kind::Instance => "running",
    }
}

/// What a state means to somebody who waits for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the wished one.
    Reached,
    /// The wished one can still come.
    Wait,
    /// The wished one can never come.
    Never,
}

/// Judges a state that was seen.
pub fn judge(kind: Kind, seen: &State, wanted: &str) -> Verdict {
    if seen.as_str() == wanted || wanted == EXISTS {
        return Verdict::Reached;
    }
    if !steps(kind).iter().any(|(state, _)| *state == seen.as_str()) {
        return Verdict::Wait;
    }
    if leads_to(kind, seen.as_str(), wanted) {
        Verdict::Wait
    } else {
        Verdict::Never
    }
}

/// Judges that a resource is no longer there after it was seen.
pub fn judge_gone(kind: Kind, wanted: &str) -> Verdict {
    if GONE.contains(&(kind, wanted)) {
        Verdict::Reached
    } else {
        Verdict::Wait
    }
}

fn leads_to(kind: Kind, from: &str, wanted: &str) -> bool {
    let mut reached = vec![from];
    let mut at = 0;
    while let Some(state) = reached.get(at).copied() {
        let next = steps(kind)
            .iter()
            .find(|(name, _)| *name == state)
            .map_or(&[][..], |(_, next)| next);
        if next.contains(&wanted) {
            return true;
        }
        for state in next {
            if !reached.contains(state) {
                reached.push(state);
            }
        }
        at += 1;
    }
    false
}

/// What EC2 said of a resource of any kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Which one.
    pub id: Id,
    /// Its state.
    pub state: State,
    /// Why it is in that state, in EC2's words.
    pub reason: Option<String>,
    /// How far it is, in percent, where EC2 says that.
    pub progress: Option<u8>,
    /// The whole record, for an image.
    pub image: Option<Image>,
}

#[cfg(test)]
mod tests {
    use super::{State, Verdict, default_state, judge, judge_gone, states, steps};
    use crate::id::Kind;

    fn verdict(kind: Kind, seen: &str, wanted: &str) -> Verdict {
        judge(kind, &State::new(seen), wanted)
    }

    #[test]
    fn the_tables_are_closed_and_hold_the_default() {
        for kind in Kind::ALL {
            let names = states(kind);
            assert!(names.contains(&default_state(kind)));
            for (_, next) in steps(kind) {
                assert!(
                    next.iter().all(|state| names.contains(state)),
                    "{kind:?} {next:?}"
                );
            }
        }
    }

    #[test]
    fn the_classic_rules_for_images() {
        for (seen, wanted, expected) in [
            ("available", "available", Verdict::Reached),
            ("pending", "available", Verdict::Wait),
            ("transient", "available", Verdict::Wait),
            ("failed", "available", Verdict::Never),
            ("error", "available", Verdict::Never),
            ("invalid", "available", Verdict::Never),
            ("deregistered", "available", Verdict::Never),
            ("disabled", "available", Verdict::Never),
            ("available", "pending", Verdict::Never),
            ("failed", "pending", Verdict::Never),
            ("available", "failed", Verdict::Never),
            ("pending", "failed", Verdict::Wait),
            ("failed", "exists", Verdict::Reached),
            ("pending", "deregistered", Verdict::Wait),
            ("a-new-one", "available", Verdict::Wait),
        ] {
            assert_eq!(
                verdict(Kind::Image, seen, wanted),
                expected,
                "{seen} → {wanted}"
            );
        }
    }

    #[test]
    fn the_other_kinds() {
        for (kind, seen, wanted, expected) in [
            (Kind::Snapshot, "pending", "completed", Verdict::Wait),
            (Kind::Snapshot, "error", "completed", Verdict::Never),
            (Kind::Volume, "in-use", "available", Verdict::Wait),
            (Kind::Volume, "deleting", "available", Verdict::Never),
            (Kind::Instance, "stopped", "running", Verdict::Wait),
            (Kind::Instance, "shutting-down", "running", Verdict::Never),
            (Kind::Instance, "running", "terminated", Verdict::Wait),
        ] {
            assert_eq!(verdict(kind, seen, wanted), expected, "{seen} → {wanted}");
        }
        assert_eq!(judge_gone(Kind::Image, "deregistered"), Verdict::Reached);
        assert_eq!(judge_gone(Kind::Image, "available"), Verdict::Wait);
    }
}
