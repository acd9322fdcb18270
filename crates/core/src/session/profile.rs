//! Profiles that are named on the command line.

use ami_cli::suggest::nearest;
use aws_types::os_shim_internal::{Env, Fs};

use crate::error::Error;
use crate::escape::escape;

/// Checks that a profile exists. The SDK would look for keys elsewhere, or say at the first call
/// that there are none.
///
/// # Errors
/// A profile that does not exist, or files that cannot be read.
pub(super) async fn check(name: &str) -> Result<(), Error> {
    let profiles = aws_config::profile::load(&Fs::real(), &Env::real(), &Default::default(), None)
        .await
        .map_err(|error| Error::usage(format!("cannot read the profiles: {error}")))?;
    if profiles.get_profile(name).is_some() {
        return Ok(());
    }
    let guess = nearest(name, profiles.profiles())
        .map(|known| format!(", did you mean '{}'?", escape(known)))
        .unwrap_or_default();
    Err(Error::usage(format!(
        "--profile: there is no profile '{name}'{guess}"
    )))
}
