//! Whose keys these are.

use aws_config::SdkConfig;

use crate::calls::Calls;
use crate::error::{Error, Fault};

/// Asks STS for the 12 digits of the account whose keys are used. It needs no permission.
///
/// # Errors
/// What STS answers.
pub(crate) async fn ask(config: &SdkConfig, calls: &Calls) -> Result<String, Error> {
    let config = aws_sdk_sts::config::Builder::from(config)
        .region(aws_sdk_sts::config::Region::new(calls.region().to_string()))
        .build();
    let client = aws_sdk_sts::Client::from_conf(config);
    calls
        .patiently(async || {
            let call = client.get_caller_identity().send();
            let answer = calls.once("GetCallerIdentity", call).await?;
            let account = answer.account().filter(|account| !account.is_empty());
            account.map(str::to_owned).ok_or_else(|| {
                Error::failed("STS did not say whose keys these are").with_fault(Fault::Passing)
            })
        })
        .await
}
