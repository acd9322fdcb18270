//! Where keys come from, in the order that users are promised.

use aws_config::Region;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::credentials::EnvironmentVariableCredentialsProvider;
use aws_config::imds;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::SharedCredentialsProvider;

use super::classic::File;
use crate::environment::variable;
use crate::error::Error;

/// Checks the keys in the environment. The SDK would look for keys elsewhere when one of the pair
/// is missing, and panic at a character that no HTTP header can hold.
///
/// # Errors
/// Half a pair; a key with a blank or a control character, as a file with foreign line ends gives
/// it. The value is not shown.
pub(super) fn check_environment() -> Result<(), Error> {
    let pair = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    let [id, secret] = [variable(pair[0])?, variable(pair[1])?];
    let missing = match (&id, &secret) {
        (Some(_), None) => Some((pair[0], pair[1])),
        (None, Some(_)) => Some((pair[1], pair[0])),
        _ => None,
    };
    if let Some((set, unset)) = missing {
        return Err(Error::usage(format!("{set} is set and {unset} is not")));
    }
    let token = variable("AWS_SESSION_TOKEN")?;
    for (name, value) in [
        (pair[0], id),
        (pair[1], secret),
        ("AWS_SESSION_TOKEN", token),
    ] {
        if !value.as_deref().is_none_or(is_plain) {
            return Err(Error::usage(format!(
                "{name} in the environment holds a blank or a control character"
            )));
        }
    }
    Ok(())
}

/// Keys are made of visible ASCII characters.
pub(super) fn is_plain(key: &str) -> bool {
    key.bytes().all(|byte| byte.is_ascii_graphic())
}

/// An explicit profile beats everything; else environment, classic file, and the SDK's own chain
/// from profiles to the instance's role.
pub(super) async fn provider(
    profile: Option<&str>,
    classic: Option<&File>,
    config: &ProviderConfig,
    region: &Region,
    metadata: imds::Client,
) -> SharedCredentialsProvider {
    if let Some(profile) = profile {
        let provider = ProfileFileCredentialsProvider::builder()
            .configure(config)
            .profile_name(profile);
        return SharedCredentialsProvider::new(provider.build());
    }
    let environment = EnvironmentVariableCredentialsProvider::new();
    if let Some(classic) = classic {
        let keys = classic.keys();
        let chain = CredentialsProviderChain::first_try("Environment", environment)
            .or_else("ClassicFile", keys);
        return SharedCredentialsProvider::new(chain);
    }
    let chain = DefaultCredentialsChain::builder()
        .configure(config.clone())
        .region(region.clone())
        .imds_client(metadata);
    SharedCredentialsProvider::new(chain.build().await)
}
