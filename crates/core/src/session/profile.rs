//! What only the profile files can tell, told before anything is called.

use ami_cli::suggest::nearest;
use aws_config::profile::ProfileSet;
use aws_types::os_shim_internal::{Env, Fs};

use crate::environment::variable;
use crate::error::Error;
use crate::escape::{escape, shell_word};
use crate::region::Region;
use crate::settings::endpoint_url;

/// Checks the profile that is `named` on the command line, or else the usual one. The SDK would
/// look for keys elsewhere, say at the first call that there are none, or panic at an endpoint
/// that is none.
///
/// # Errors
/// A profile that does not exist, that holds a region or an endpoint that cannot be one, or that
/// needs a code where keys are to come from it; files that cannot be read.
pub(super) async fn check(named: Option<&str>, has_keys: bool) -> Result<(), Error> {
    let profiles = load().await?;
    let name = named.unwrap_or(profiles.selected_profile());
    let Some(profile) = profiles.get_profile(name) else {
        return match named {
            Some(_) => Err(unknown("--profile", &profiles, name)),
            None if has_keys || variable("AWS_PROFILE")?.is_none() => Ok(()),
            None => Err(unknown("AWS_PROFILE in the environment", &profiles, name)),
        };
    };
    let wrong = |why: String| Error::usage(format!("the profile '{name}': {why}"));
    if let Some(region) = profile.get("region").filter(|region| !region.is_empty()) {
        region
            .parse::<Region>()
            .map_err(|why| wrong(why.to_string()))?;
    }
    if let Some(url) = profile.get("endpoint_url") {
        endpoint_url(url).map_err(|why| wrong(format!("endpoint_url: {why}")))?;
    }
    // A role that is assumed with a code from an MFA device cannot be assumed here: the code would
    // have to be asked for, and is good for one program only. The AWS CLI asks and keeps the
    // session. Beside plain keys the device's name means nothing.
    let needs_code = profile.get("role_arn").is_some() && profile.get("mfa_serial").is_some();
    if needs_code && (named.is_some() || !has_keys) {
        return Err(needs_code_error(name));
    }
    Ok(())
}

fn needs_code_error(name: &str) -> Error {
    let shown = shell_word(name);
    let hint = format!(
        "get a session first: eval \"$(aws configure export-credentials --format env --profile {shown})\""
    );
    Error::usage(format!(
        "the profile '{name}' needs a code from an MFA device"
    ))
    .hint(hint)
}

fn unknown(place: &str, profiles: &ProfileSet, name: &str) -> Error {
    let guess = nearest(name, profiles.profiles())
        .map(|known| format!(", did you mean '{}'?", escape(known)))
        .unwrap_or_default();
    Error::usage(format!("{place}: there is no profile '{name}'{guess}"))
}

/// The innermost error names file and line on its first line; what follows may quote the file.
fn place_of(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let text = cause.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.trim_end_matches(':').to_owned()
}

async fn load() -> Result<ProfileSet, Error> {
    aws_config::profile::load(&Fs::real(), &Env::real(), &Default::default(), None)
        .await
        .map_err(|error| Error::usage(format!("cannot read the profiles: {}", place_of(&error))))
}
