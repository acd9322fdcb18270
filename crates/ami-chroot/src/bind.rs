//! `SOURCE:DESTINATION[:ro]`: what a build sees of the host.

use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

use ami_buildroot::protocol;
use ami_core::escape::escape;

/// Where the directory of the caller is shown.
pub(crate) const WORKSPACE: &str = "/workspace";

/// A file or directory of the host, and where it is in the build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bind {
    pub(crate) source: PathBuf,
    destination: PathBuf,
    read_only: bool,
}

impl Bind {
    pub(crate) fn new(source: &str, destination: &str, read_only: bool) -> Self {
        Self {
            source: source.into(),
            destination: destination.into(),
            read_only,
        }
    }

    pub(crate) fn for_helper(&self) -> protocol::Bind {
        protocol::Bind {
            destination: self.destination.clone().into(),
            read_only: self.read_only,
        }
    }
}

impl FromStr for Bind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let shown = escape(text);
        let (rest, read_only) = split_mode(text);
        let (source, destination) = rest
            .rsplit_once(':')
            .ok_or_else(|| format!("'{shown}' is no SOURCE:DESTINATION"))?;
        if source.is_empty() {
            return Err(format!("'{shown}' has no source"));
        }
        let mut parts = Path::new(destination).components();
        let is_plain = parts.next() == Some(Component::RootDir)
            && parts.clone().next().is_some()
            && parts.all(|part| matches!(part, Component::Normal(_)));
        if !is_plain {
            return Err(format!(
                "'{shown}': the destination is an absolute path without '..', and not / itself"
            ));
        }
        Ok(Self::new(source, destination, read_only))
    }
}

/// Reads the value of `--workspace`.
pub(crate) fn workspace(text: &str) -> Result<Option<Bind>, String> {
    if text == "none" {
        return Ok(None);
    }
    match split_mode(text) {
        ("", _) => Err("a directory has a name; '.' is the current one".to_owned()),
        (directory, read_only) => Ok(Some(Bind::new(directory, WORKSPACE, read_only))),
    }
}

/// Nothing can be shown twice in one place.
pub(crate) fn check_all(binds: &[Bind]) -> Result<(), String> {
    for (at, bind) in binds.iter().enumerate() {
        let same = |other: &&Bind| other.destination == bind.destination;
        if binds[..at].iter().find(same).is_some() {
            let place = escape(&bind.destination.to_string_lossy());
            return Err(format!("two things cannot both be {place}"));
        }
    }
    Ok(())
}

fn split_mode(text: &str) -> (&str, bool) {
    match text.strip_suffix(":ro") {
        Some(rest) => (rest, true),
        None => (text, false),
    }
}

#[cfg(test)]
mod tests {
    use super::{Bind, check_all, workspace};

    #[test]
    fn binds() {
        let good = |text: &str| text.parse::<Bind>().expect(text);
        assert_eq!(good("/a:/b"), Bind::new("/a", "/b", false));
        assert_eq!(good("a b:/c/d:ro"), Bind::new("a b", "/c/d", true));
        assert_eq!(good("x:y:/z"), Bind::new("x:y", "/z", false));
        for text in ["/a", ":/b", "/a:b", "/a:/", "/a:/b/../c", "/a:", "a:ro"] {
            assert!(text.parse::<Bind>().is_err(), "{text}");
        }
        assert!(check_all(&[good("/a:/x"), good("/b:/x/")]).is_err());
    }

    #[test]
    fn workspaces() {
        assert_eq!(workspace("none"), Ok(None));
        let place = |source, mode| Ok(Some(Bind::new(source, "/workspace", mode)));
        assert_eq!(workspace("./none"), place("./none", false));
        assert_eq!(workspace("src:ro"), place("src", true));
        assert!(workspace("").is_err());
    }
}
