//! Who may use images and snapshots, and what forbids to let them.

use aws_sdk_ec2::types::{
    CreateVolumePermission, CreateVolumePermissionModifications, ImageAttributeName,
    LaunchPermission, LaunchPermissionModifications, PermissionGroup, SnapshotAttributeName,
};

use super::Ec2;
use crate::error::Error;
use crate::id::Id;

/// Those who may use an image or a snapshot beside its owner.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// Everybody.
    pub public: bool,
    /// Accounts, by their twelve digits.
    pub accounts: Vec<String>,
    /// Organizations, by ARN; images only.
    pub organizations: Vec<String>,
    /// Organizational units, by ARN; images only.
    pub units: Vec<String>,
}

impl Grants {
    /// Is nobody granted anything?
    pub fn is_empty(&self) -> bool {
        let none = self.accounts.is_empty() && self.organizations.is_empty();
        none && self.units.is_empty() && !self.public
    }

    /// Adds those of others.
    pub fn extend(&mut self, others: Self) {
        self.public |= others.public;
        for (mine, theirs) in [
            (&mut self.accounts, others.accounts),
            (&mut self.organizations, others.organizations),
            (&mut self.units, others.units),
        ] {
            mine.extend(theirs);
            mine.sort();
            mine.dedup();
        }
    }
}

/// How a region encrypts what nobody asked to encrypt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EbsDefaults {
    /// Does it encrypt all new volumes and snapshots?
    pub encrypts: bool,
    /// The key that it takes when none is named; `alias/aws/ebs` is AWS's own.
    pub key: String,
}

impl Ec2 {
    /// Who may launch an image; its owner alone may ask.
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn image_grants(&self, image: &Id) -> Result<Grants, Error> {
        let call = || {
            self.client
                .describe_image_attribute()
                .image_id(image.as_str())
                .attribute(ImageAttributeName::LaunchPermission)
        };
        let answer = self
            .patiently(async || self.once("DescribeImageAttribute", call().send()).await)
            .await?;
        let mut grants = Grants::default();
        for permission in answer.launch_permissions() {
            grants.extend(Grants {
                public: permission.group() == Some(&PermissionGroup::All),
                accounts: permission
                    .user_id()
                    .map(str::to_owned)
                    .into_iter()
                    .collect(),
                organizations: owned(permission.organization_arn()),
                units: owned(permission.organizational_unit_arn()),
            });
        }
        Ok(grants)
    }

    /// Who may make volumes of a snapshot; its owner alone may ask.
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn snapshot_grants(&self, snapshot: &Id) -> Result<Grants, Error> {
        let call = || {
            self.client
                .describe_snapshot_attribute()
                .snapshot_id(snapshot.as_str())
                .attribute(SnapshotAttributeName::CreateVolumePermission)
        };
        let answer = self
            .patiently(async || self.once("DescribeSnapshotAttribute", call().send()).await)
            .await?;
        let mut grants = Grants::default();
        for permission in answer.create_volume_permissions() {
            grants.extend(Grants {
                public: permission.group() == Some(&PermissionGroup::All),
                accounts: owned(permission.user_id()),
                ..Grants::default()
            });
        }
        Ok(grants)
    }

    /// Lets others launch an image. Doing it twice is doing it once.
    ///
    /// # Errors
    /// What EC2 refuses.
    pub async fn grant_image(&self, image: &Id, grants: &Grants) -> Result<(), Error> {
        let launch = LaunchPermission::builder;
        let public = grants
            .public
            .then(|| launch().group(PermissionGroup::All).build());
        let accounts = grants
            .accounts
            .iter()
            .map(|id| launch().user_id(id).build());
        let organizations = grants.organizations.iter();
        let units = grants.units.iter();
        let added: Vec<_> = public
            .into_iter()
            .chain(accounts)
            .chain(organizations.map(|arn| launch().organization_arn(arn).build()))
            .chain(units.map(|arn| launch().organizational_unit_arn(arn).build()))
            .collect();
        let change = LaunchPermissionModifications::builder()
            .set_add(Some(added))
            .build();
        let call = || {
            self.client
                .modify_image_attribute()
                .image_id(image.as_str())
                .launch_permission(change.clone())
        };
        self.patiently(async || self.once("ModifyImageAttribute", call().send()).await)
            .await
            .map(drop)
    }

    /// Lets others make volumes of a snapshot. Doing it twice is doing it once.
    ///
    /// # Errors
    /// What EC2 refuses.
    pub async fn grant_snapshot(&self, snapshot: &Id, grants: &Grants) -> Result<(), Error> {
        let volume = CreateVolumePermission::builder;
        let public = grants
            .public
            .then(|| volume().group(PermissionGroup::All).build());
        let accounts = grants
            .accounts
            .iter()
            .map(|id| volume().user_id(id).build());
        let change = CreateVolumePermissionModifications::builder()
            .set_add(Some(public.into_iter().chain(accounts).collect()))
            .build();
        let call = || {
            self.client
                .modify_snapshot_attribute()
                .snapshot_id(snapshot.as_str())
                .attribute(SnapshotAttributeName::CreateVolumePermission)
                .create_volume_permission(change.clone())
        };
        self.patiently(async || self.once("ModifySnapshotAttribute", call().send()).await)
            .await
            .map(drop)
    }

    /// Does the account forbid to make images public here?
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn blocks_public_images(&self) -> Result<bool, Error> {
        let call = || self.client.get_image_block_public_access_state();
        let answer = self
            .patiently(async || {
                self.once("GetImageBlockPublicAccessState", call().send())
                    .await
            })
            .await?;
        Ok(answer.image_block_public_access_state() != Some("unblocked"))
    }

    /// Does the account forbid to make snapshots public here?
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn blocks_public_snapshots(&self) -> Result<bool, Error> {
        let call = || self.client.get_snapshot_block_public_access_state();
        let answer = self
            .patiently(async || {
                self.once("GetSnapshotBlockPublicAccessState", call().send())
                    .await
            })
            .await?;
        let state = answer.state().map(|state| state.as_str());
        Ok(state != Some("unblocked"))
    }

    /// How the account encrypts here what nobody asked to encrypt.
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn ebs_defaults(&self) -> Result<EbsDefaults, Error> {
        let encrypts = self.encrypts_by_default().await?;
        let key = || self.client.get_ebs_default_kms_key_id();
        let key = self
            .patiently(async || self.once("GetEbsDefaultKmsKeyId", key().send()).await)
            .await?;
        Ok(EbsDefaults {
            encrypts,
            key: key.kms_key_id().unwrap_or_default().to_owned(),
        })
    }
}

fn owned(text: Option<&str>) -> Vec<String> {
    text.map(str::to_owned).into_iter().collect()
}
