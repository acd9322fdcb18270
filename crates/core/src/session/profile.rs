//! What only the profile files can tell, told before anything is called.

use ami_cli::suggest::nearest;
use aws_config::profile::ProfileSet;
use aws_types::os_shim_internal::{Env, Fs};

use crate::environment::variable;
use crate::error::Error;
use crate::escape::{escape, shell_word};

/// Checks a profile that is named on the command line. The SDK would look for keys elsewhere, or
/// say at the first call that there are none.
///
/// # Errors
/// A profile that does not exist or that needs a code, or files that cannot be read.
pub(super) async fn check_named(name: &str) -> Result<(), Error> {
    let profiles = load().await?;
    if profiles.get_profile(name).is_some() {
        return check_code(&profiles, name);
    }
    Err(unknown("--profile", &profiles, name))
}

fn unknown(place: &str, profiles: &ProfileSet, name: &str) -> Error {
    let guess = nearest(name, profiles.profiles())
        .map(|known| format!(", did you mean '{}'?", escape(known)))
        .unwrap_or_default();
    Error::usage(format!("{place}: there is no profile '{name}'{guess}"))
}

/// Checks the profile that keys come from where nothing else gives any.
///
/// # Errors
/// A profile that needs a code, or files that cannot be read.
pub(super) async fn check_usual() -> Result<(), Error> {
    let profiles = load().await?;
    let name = profiles.selected_profile();
    if variable("AWS_PROFILE")?.is_some() && profiles.get_profile(name).is_none() {
        return Err(unknown("AWS_PROFILE in the environment", &profiles, name));
    }
    check_code(&profiles, name)
}

/// A role that is assumed with a code from an MFA device cannot be assumed here: the code would
/// have to be asked for, and is good for one program only. The AWS CLI asks and keeps the session.
fn check_code(profiles: &ProfileSet, name: &str) -> Result<(), Error> {
    let needs_code = profiles
        .get_profile(name)
        .is_some_and(|profile| profile.get("mfa_serial").is_some());
    if !needs_code {
        return Ok(());
    }
    let shown = shell_word(name);
    Err(
        Error::usage(format!("the profile '{name}' needs a code from an MFA device")).hint(
            format!(
                "get a session first: eval \"$(aws configure export-credentials --format env --profile {shown})\""
            ),
        ),
    )
}

async fn load() -> Result<ProfileSet, Error> {
    aws_config::profile::load(&Fs::real(), &Env::real(), &Default::default(), None)
        .await
        .map_err(|error| Error::usage(format!("cannot read the profiles: {error}")))
}
