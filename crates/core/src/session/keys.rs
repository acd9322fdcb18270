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
