//! A directory of one run, which nobody else can read: its key, and the keys of hosts.

use std::ffi::OsString;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use ami_core::error::Error;
use ami_core::escape::escape;
use tempfile::TempDir;
use tokio::process::Command;

/// The key's file.
const KEY: &str = "id";
/// Where ssh notes whom it has met.
const HOSTS: &str = "known_hosts";

/// The directory, which goes when this does.
pub(super) struct Desk {
    directory: TempDir,
    /// The public half of this run's key, if there is one.
    pub(super) public: Option<String>,
}

impl Desk {
    /// Makes it, with a key unless the user has one.
    pub(super) async fn make(with_key: bool) -> Result<Self, Error> {
        let wrong = |error: std::io::Error| {
            let what = format!("no directory for the node's key can be made: {error}");
            Error::failed(what)
        };
        let directory = tempfile::Builder::new()
            .prefix("ami-bundle.")
            .permissions(Permissions::from_mode(0o700))
            .tempdir()
            .map_err(wrong)?;
        let public = match with_key {
            true => Some(make_key(&directory.path().join(KEY)).await?),
            false => None,
        };
        Ok(Self { directory, public })
    }

    /// Options of ssh. Nobody can know the key of a host that is new: the first one that it shows is
    /// taken, for this run and for nobody else.
    pub(super) fn words(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = Vec::new();
        if self.public.is_some() {
            // `-i` stands for a path in which `%` begins something that ssh fills in (ssh_config(5), TOKENS).
            words.extend(["-i".into(), self.named(KEY).into()]);
            words.push("-oIdentitiesOnly=yes".into());
        }
        words.push("-oConnectTimeout=15".into());
        words.push("-oStrictHostKeyChecking=accept-new".into());
        words.push(format!("-oUserKnownHostsFile=\"{}\"", self.named(HOSTS)).into());
        words
    }

    fn named(&self, name: &str) -> String {
        let path = self.directory.path().join(name);
        path.to_string_lossy().replace('%', "%%")
    }
}

/// Has ssh's own program make a key, and gives its public half.
async fn make_key(path: &Path) -> Result<String, Error> {
    let wrong = |what: String| {
        let error = Error::failed(format!("ssh-keygen: {what}"));
        error.hint("--key-name uses a key pair that EC2 has already")
    };
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "ami-bundle", "-f"])
        .arg(path)
        .stdin(Stdio::null())
        // What a terminal signals to the tool ends the tool in its own order.
        .process_group(0)
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| wrong(error.to_string()))?;
    if !made.status.success() {
        let told = String::from_utf8_lossy(&made.stderr);
        let line = told.lines().next().unwrap_or("it has failed");
        return Err(wrong(escape(line)));
    }
    let public = std::fs::read_to_string(path.with_extension("pub"));
    let public = public.map_err(|error| wrong(error.to_string()))?;
    Ok(public.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::{Desk, KEY};

    #[tokio::test]
    async fn the_key_is_nobody_elses_and_goes() {
        let desk = match Desk::make(true).await {
            Ok(desk) => desk,
            Err(error) => {
                // The program is not everywhere.
                assert!(error.to_string().contains("ssh-keygen"), "{error}");
                return;
            }
        };
        let directory = desk.directory.path().to_owned();
        let mode = |path: &std::path::Path| {
            let about = std::fs::metadata(path).expect("it is there");
            about.permissions().mode() & 0o777
        };
        assert_eq!(mode(&directory), 0o700);
        assert_eq!(mode(&directory.join(KEY)), 0o600);
        let public = desk.public.clone().expect("a key");
        assert!(public.starts_with("ssh-ed25519 "), "{public}");
        drop(desk);
        assert!(!directory.exists());
    }
}
