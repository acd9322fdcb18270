//! How new images get their names: by the user, or made up; and what follows when a name is taken.

use ami_cli::args::Args;

use crate::chance;
use crate::ec2::{Ec2, NAME_TAKEN};
use crate::error::{Error, Fault};
use crate::name;
use crate::tag;
use crate::time::Moment;

/// What made-up names begin with where the user does not say it.
const PREFIX: &str = "AMI";
/// Automatic names that may be taken before it is no accident any more.
const NAMES: u32 = 20;

/// How images get their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Naming {
    /// By the user.
    Explicit(String),
    /// Made up, with this prefix.
    Automatic(String),
}

impl Naming {
    /// Reads `--name` and `--random-name-prefix`.
    ///
    /// # Errors
    /// What EC2 would refuse.
    pub fn read(args: &Args) -> Result<Self, Error> {
        let explicit = args.value("name", name::parse)?;
        let prefix = args.value("random-name-prefix", name::parse_prefix)?;
        Ok(match explicit {
            Some(name) => Self::Explicit(name),
            None => Self::Automatic(prefix.unwrap_or_else(|| PREFIX.to_owned())),
        })
    }

    /// The name of an image that is made at that moment; a made-up one is another each time.
    pub fn name(&self, created: Moment) -> String {
        match self {
            Self::Explicit(name) => name.clone(),
            Self::Automatic(prefix) => {
                name::automatic(prefix, created.timestamp(), chance::number())
            }
        }
    }

    /// Checks that the name is free in a region: better before anything is made than by EC2
    /// afterwards.
    ///
    /// # Errors
    /// A name that one of the caller's images bears, and what EC2 answers.
    pub async fn check_free(&self, ec2: &Ec2) -> Result<(), Error> {
        let Self::Explicit(name) = self else {
            return Ok(());
        };
        match ec2.own_image_named(name).await? {
            None => Ok(()),
            Some(image) => {
                let region = ec2.region();
                let what = format!("the name '{name}' is taken by {} in {region}", image.id);
                let hint = format!("give another, or use that image: {}@{region}", image.id);
                Err(Error::failed(what).hint(hint))
            }
        }
    }

    /// After `tries` names, is another one to be tried? A name taken after a lost answer is taken by
    /// that call's own image, most likely, so none is then.
    pub fn has_another(&self, error: &Error, tries: u32) -> bool {
        let is_taken = error.code() == Some(NAME_TAKEN) && error.fault() == Fault::Final;
        matches!(self, Self::Automatic(_)) && is_taken && tries < NAMES
    }
}

/// After minutes without an answer it is not known whether there is an image; says under which name
/// of which run to look for it.
pub fn say_where_to_look(error: Error, name: &str, run: &str) -> Error {
    match error.fault() {
        Fault::Uncertain => error.hint(format!(
            "EC2 may have made it all the same: look for an image named '{name}' with the tag {}={run}",
            tag::RUN
        )),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::Naming;
    use crate::error::Error;
    use crate::time::Moment;

    #[test]
    fn made_up_names_differ_and_only_they_are_replaced() {
        let made_up = Naming::Automatic("web".to_owned());
        let now = Moment::now();
        assert!(made_up.name(now).starts_with("web-"));
        assert_ne!(made_up.name(now), made_up.name(now));
        let typed = Naming::Explicit("web".to_owned());
        assert_eq!(typed.name(now), "web");
        let other = Error::failed("another refusal");
        assert!(!made_up.has_another(&other, 1) && !typed.has_another(&other, 1));
    }
}
