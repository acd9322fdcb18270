//! `SOURCE:DESTINATION[:ro]`: what a build sees of the host.

use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

use ami_buildroot::protocol;
use ami_core::error::Error;
use ami_core::escape::escape;

/// Where the directory of the caller is shown.
pub(crate) const WORKSPACE: &str = "/workspace";

/// What every build has file systems of its own on. Binds lie below /run and /tmp only.
const OWN: [&str; 5] = ["dev", "proc", "sys", "run", "tmp"];

/// Where the SDKs and the AWS CLI keep credentials.
const AWS: &str = ".aws";

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

impl Bind {
    /// Is it of the kind that its place is for?
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.destination == Path::new(WORKSPACE) && !self.source.is_dir() {
            let what = "is no directory, and /workspace is where the command begins";
            return Err(Error::failed(what).of(self.source.display()));
        }
        Ok(())
    }

    /// What is to be said of one that shows the command AWS's credentials, or a whole home.
    pub(crate) fn warning(&self, home: Option<&Path>) -> Option<String> {
        let source = self.source.canonicalize().ok()?;
        let is_aws = |part: Component| part.as_os_str() == AWS;
        let what = match home.and_then(|home| home.canonicalize().ok()) {
            _ if source.join(AWS).exists() => "holds .aws",
            _ if source.components().any(is_aws) => "is in .aws",
            Some(home) if home.starts_with(&source) && hides_files(&home) => {
                "is or holds your home"
            }
            _ => return None,
        };
        let (source, place) = (source.to_string_lossy(), self.destination.to_string_lossy());
        let (source, place) = (escape(&source), escape(&place));
        Some(format!(
            "{source} {what}: the command can read all of it as {place}"
        ))
    }
}

/// Files that their names hide are where keys are kept. The empty homes of services have none.
fn hides_files(home: &Path) -> bool {
    let entries = home.read_dir().into_iter().flatten().flatten();
    let mut names = entries.map(|entry| entry.file_name());
    names.any(|name| name.as_encoded_bytes().starts_with(b"."))
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
        let names: Vec<_> = Path::new(destination).iter().skip(1).collect();
        let own = OWN.iter().find(|own| names[0] == **own);
        match own {
            Some(own) if names.len() == 1 || !["run", "tmp"].contains(own) => {
                Err(format!("'{shown}': the build has a /{own} of its own"))
            }
            _ => Ok(Self::new(source, destination, read_only)),
        }
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
        assert_eq!(good("x:/run/y"), Bind::new("x", "/run/y", false));
        for text in [
            "/a",
            ":/b",
            "/a:b",
            "/a:/",
            "/a:/b/../c",
            "/a:",
            "a:ro",
            "a:/proc",
            "a:/dev/y:ro",
            "a:/tmp/",
        ] {
            assert!(text.parse::<Bind>().is_err(), "{text}");
        }
        assert!(check_all(&[good("/a:/x"), good("/b:/x/")]).is_err());
    }

    #[test]
    fn what_shows_credentials_is_told() {
        let place = tempfile::tempdir().expect("a directory");
        let home = place.path().join("home");
        std::fs::create_dir_all(home.join("src")).expect("directories");
        let warning = |source: &str| {
            let source = place.path().join(source);
            Bind::new(&source.to_string_lossy(), "/x", true).warning(Some(&home))
        };
        assert_eq!(warning("home"), None, "there is nothing in it");
        std::fs::write(home.join(".netrc"), "").expect("written");
        for source in ["home", "", "home/src/.."] {
            let text = warning(source).expect(source);
            assert!(text.contains("home: the command can read"), "{text}");
        }
        assert_eq!(warning("home/src"), None);
        for directory in ["home/.aws/cli", "home/src/.aws"] {
            std::fs::create_dir_all(place.path().join(directory)).expect("directories");
        }
        for source in ["home", "home/src", "home/.aws/cli", "home/src/.aws"] {
            let text = warning(source).expect(source);
            assert!(text.contains(".aws: the command"), "{text}");
        }
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
