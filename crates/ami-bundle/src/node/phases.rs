//! The phases, as ami-crate has named them.

use std::fmt;

use ami_cli::args::Args;
use ami_core::error::Error;
use ami_core::escape::escape;

/// A step of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// The options and the settings file are read, and what AWS must have is looked at.
    Settings,
    /// The program goes to the node.
    Install,
    /// The order and the certificates go there.
    Configure,
    /// The node is bundled.
    Bundle,
    /// The bundle goes to S3.
    Upload,
    /// It is registered.
    Register,
    /// The node becomes what it was.
    Cleanup,
}

/// All of them, in their order, with the words for them.
const ALL: [(Phase, &str); 7] = [
    (Phase::Settings, "settings"),
    (Phase::Install, "install"),
    (Phase::Configure, "configure"),
    (Phase::Bundle, "bundle"),
    (Phase::Upload, "upload"),
    (Phase::Register, "register"),
    (Phase::Cleanup, "cleanup"),
];

/// Those that are run, always in their own order.
#[derive(Debug, Clone)]
pub(super) struct Phases(Vec<Phase>);

impl Phases {
    /// Reads the option.
    pub(super) fn read(args: &Args) -> Result<Self, Error> {
        let Some(named) = args.value("phase", several)? else {
            return Ok(Self(ALL.map(|(phase, _)| phase).to_vec()));
        };
        Ok(Self(named))
    }

    pub(super) fn has(&self, phase: Phase) -> bool {
        self.0.contains(&phase)
    }

    /// Is one of these run?
    pub(super) fn has_any(&self, phases: &[Phase]) -> bool {
        phases.iter().any(|phase| self.has(*phase))
    }

    /// Are all of them run?
    pub(super) fn are_all(&self) -> bool {
        self.0.len() == ALL.len()
    }

    /// Is something done on the node?
    pub(super) fn needs_node(&self) -> bool {
        let others = [Phase::Settings, Phase::Register];
        self.0.iter().any(|phase| !others.contains(phase))
    }
}

impl fmt::Display for Phases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = ALL.iter().filter(|(phase, _)| self.has(*phase));
        let all: Vec<&str> = all.map(|(_, name)| *name).collect();
        f.write_str(&all.join(", "))
    }
}

fn several(text: &str) -> Result<Vec<Phase>, String> {
    let mut named = Vec::new();
    for word in text.split(',') {
        let plain = word.strip_prefix("ami-").unwrap_or(word);
        let found = ALL.iter().find(|(_, name)| *name == plain);
        let (phase, _) = found.ok_or_else(|| {
            let all = ALL.map(|(_, name)| name).join(", ");
            format!("'{}' is none of {all}", escape(word))
        })?;
        if !named.contains(phase) {
            named.push(*phase);
        }
    }
    named.sort();
    Ok(named)
}

#[cfg(test)]
mod tests {
    use super::{Phase, several};

    #[test]
    fn the_words_of_ami_crate() {
        let read = several("ami-register,bundle,ami-upload,bundle");
        assert_eq!(
            read,
            Ok(vec![Phase::Bundle, Phase::Upload, Phase::Register])
        );
        for text in ["", "ami-", "bundle,", "ruby", "ami-ami-bundle"] {
            assert!(several(text).is_err(), "{text}");
        }
    }
}
