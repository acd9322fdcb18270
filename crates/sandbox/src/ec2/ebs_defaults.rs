//! What an account has set for EBS in a region: encryption by default, and its key.

use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::Xml;

use super::call::{Action, Invocation};

/// The key of AWS that encrypts where no other is named, as GetEbsDefaultKmsKeyId shows it in
/// public threads. The API reference promises an ARN.
const KEY: &str = "alias/aws/ebs";

/// GetEbsEncryptionByDefault.
pub(crate) struct GetEncryption;

impl Action for GetEncryption {
    fn take(_params: &Params) -> Result<Self, ApiError> {
        Ok(GetEncryption)
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let is_on = call.region().encrypts(&call.caller.account);
        let mut xml = Xml::new();
        xml.text("ebsEncryptionByDefault", is_on)
            .text("sseType", if is_on { "sse-kms" } else { "none" });
        Ok(xml)
    }
}

/// EnableEbsEncryptionByDefault: new volumes and copies of snapshots are encrypted from now on.
pub(crate) struct Enable;

impl Action for Enable {
    fn take(_params: &Params) -> Result<Self, ApiError> {
        Ok(Enable)
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let me = call.caller.account.clone();
        call.commit()?.region.encrypting.insert(me);
        Ok(answer(true))
    }
}

/// DisableEbsEncryptionByDefault. What is encrypted stays so.
pub(crate) struct Disable;

impl Action for Disable {
    fn take(_params: &Params) -> Result<Self, ApiError> {
        Ok(Disable)
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let me = call.caller.account.clone();
        call.commit()?.region.encrypting.remove(&me);
        Ok(answer(false))
    }
}

/// GetEbsDefaultKmsKeyId.
pub(crate) struct GetKey;

impl Action for GetKey {
    fn take(_params: &Params) -> Result<Self, ApiError> {
        Ok(GetKey)
    }

    fn run(self, _call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let mut xml = Xml::new();
        xml.text("kmsKeyId", KEY);
        Ok(xml)
    }
}

fn answer(is_on: bool) -> Xml {
    let mut xml = Xml::new();
    xml.text("ebsEncryptionByDefault", is_on);
    xml
}
