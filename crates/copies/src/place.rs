//! What a region allows to be done with copies in it.

use std::cell::Cell;

use ami_core::ec2::{EbsDefaults, Ec2};
use ami_core::error::Error;
use ami_core::region::Region;
use tokio::sync::OnceCell;

use crate::request::Request;
use crate::sources::Source;

/// The key that AWS keeps for an account's EBS. What is encrypted with it stays in the account
/// (EBS User Guide, "Share a snapshot").
const AWS_KEY: &str = "alias/aws/ebs";
/// Public images that an account may have in a region, where its quota was not raised (EC2 User
/// Guide, "AMI quotas").
const PUBLIC: usize = 5;

/// What was found out of a region, once it mattered; it is taken not to change during a run.
#[derive(Debug, Default)]
pub(crate) struct Place {
    defaults: OnceCell<EbsDefaults>,
    blocks_images: OnceCell<bool>,
    blocks_snapshots: OnceCell<bool>,
    /// Public images that are there.
    public: OnceCell<usize>,
    is_warned: Cell<bool>,
}

/// What is to be done with a copy, as far as a region may forbid it.
#[derive(Debug, Clone, Copy)]
struct Wish {
    public: bool,
    public_snapshots: bool,
    shares: bool,
    encrypted: bool,
}

impl Wish {
    /// With the copy of any image.
    fn of_all(request: &Request) -> Self {
        Self {
            public: request.life.share.public,
            public_snapshots: false,
            shares: !request.life.share.is_empty(),
            encrypted: request.encrypt,
        }
    }

    /// With the copy of this one.
    fn of(request: &Request, source: &Source) -> Self {
        let all = Self::of_all(request);
        let mut grants = source.snapshot_grants.iter();
        Self {
            public: all.public || source.grants.public,
            public_snapshots: grants.any(|grants| grants.public),
            shares: all.shares || source.shares(),
            encrypted: all.encrypted || source.image.is_encrypted,
        }
    }
}

impl Place {
    /// Finds out what matters for the copies of these images and is not known yet.
    pub(crate) async fn learn<'s>(
        &self,
        gateway: &Ec2,
        request: &Request,
        sources: impl Iterator<Item = &'s Source> + Clone,
    ) -> Result<(), Error> {
        let any = |is: fn(&Wish) -> bool| {
            let mut wishes = sources.clone().map(|source| Wish::of(request, source));
            wishes.any(|wish| is(&wish))
        };
        if any(|wish| wish.shares) {
            let defaults = || gateway.ebs_defaults();
            self.defaults.get_or_try_init(defaults).await?;
        }
        if any(|wish| wish.public) {
            let blocks = || gateway.blocks_public_images();
            self.blocks_images.get_or_try_init(blocks).await?;
            let public = || gateway.own_public_images();
            self.public.get_or_try_init(public).await?;
        }
        if any(|wish| wish.public_snapshots) {
            let blocks = || gateway.blocks_public_snapshots();
            self.blocks_snapshots.get_or_try_init(blocks).await?;
        }
        Ok(())
    }

    /// Refuses what no image's copy would be allowed.
    pub(crate) fn check_all(&self, region: &Region, request: &Request) -> Result<(), Error> {
        self.judge(region, request, Wish::of_all(request))
    }

    /// Refuses what EC2 would refuse only when the copy is made.
    pub(crate) fn check(
        &self,
        region: &Region,
        request: &Request,
        source: &Source,
    ) -> Result<(), Error> {
        self.judge(region, request, Wish::of(request, source))
    }

    fn judge(&self, region: &Region, request: &Request, wish: Wish) -> Result<(), Error> {
        if wish.public && self.blocks_images.get() == Some(&true) {
            return Err(blocked("image", region));
        }
        if wish.public_snapshots && self.blocks_snapshots.get() == Some(&true) {
            return Err(blocked("snapshot", region));
        }
        let Some(defaults) = self.defaults.get() else {
            return Ok(());
        };
        if !(wish.encrypted || defaults.encrypts) {
            return Ok(());
        }
        if wish.public || wish.public_snapshots {
            let what = format!(
                "a copy in {region} would be encrypted, and what is encrypted cannot be public"
            );
            return Err(Error::failed(what));
        }
        let key = request.keys.of(region).unwrap_or(&defaults.key);
        if wish.shares && (key == AWS_KEY || key.ends_with(&format!(":{AWS_KEY}"))) {
            let what = format!(
                "a copy in {region} would be encrypted with the key that AWS keeps for this account's EBS, and could not be shared"
            );
            return Err(
                Error::failed(what).hint("give --encrypt --kms-key KEY with a key of your own")
            );
        }
        Ok(())
    }

    /// Says, once, when there are as many public images as most accounts may have. The quota may
    /// have been raised, which EC2 does not tell.
    pub(crate) fn warning(&self, region: &Region) -> Option<String> {
        let public = self.public.get().filter(|public| **public >= PUBLIC)?;
        (!self.is_warned.replace(true)).then(|| {
            format!(
                "{region} has {public} public images already, and {PUBLIC} are the quota unless it was raised"
            )
        })
    }
}

fn blocked(what: &str, region: &Region) -> Error {
    let error = Error::failed(format!("the account blocks public {what}s in {region}"));
    error.hint(format!(
        "to allow them: aws ec2 disable-{what}-block-public-access --region {region}"
    ))
}

#[cfg(test)]
mod tests {
    use super::{AWS_KEY, Place, Wish};
    use crate::request::{Request, keys_of, plain};
    use ami_core::ec2::EbsDefaults;
    use ami_core::region::Region;
    use tokio::sync::OnceCell;

    const NOTHING: Wish = Wish {
        public: false,
        public_snapshots: false,
        shares: false,
        encrypted: false,
    };

    fn place(encrypts: bool, key: &str) -> Place {
        let key = key.to_owned();
        Place {
            defaults: OnceCell::new_with(Some(EbsDefaults { encrypts, key })),
            ..Place::default()
        }
    }

    fn judge(place: &Place, request: &Request, wish: Wish) -> String {
        let region: Region = "eu-west-1".parse().expect("region");
        match place.judge(&region, request, wish) {
            Ok(()) => String::new(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn what_the_account_blocks_is_refused() {
        let mut place = place(false, AWS_KEY);
        place.blocks_images = OnceCell::new_with(Some(true));
        place.blocks_snapshots = OnceCell::new_with(Some(false));
        let public = Wish {
            public: true,
            ..NOTHING
        };
        let public_snapshots = Wish {
            public_snapshots: true,
            ..NOTHING
        };
        assert_eq!(
            judge(&place, &plain(), public),
            "the account blocks public images in eu-west-1; to allow them: aws ec2 disable-image-block-public-access --region eu-west-1"
        );
        assert_eq!(judge(&place, &plain(), public_snapshots), "");
        place.blocks_snapshots = OnceCell::new_with(Some(true));
        assert!(judge(&place, &plain(), public_snapshots).contains("public snapshots"));
        assert_eq!(judge(&place, &plain(), NOTHING), "");
    }

    #[test]
    fn what_is_encrypted_cannot_be_public() {
        let public = Wish {
            public: true,
            shares: true,
            ..NOTHING
        };
        let encrypted = Wish {
            encrypted: true,
            ..public
        };
        let own = place(false, "alias/own");
        assert_eq!(judge(&own, &plain(), public), "");
        assert!(judge(&own, &plain(), encrypted).contains("cannot be public"));
        let always = place(true, "alias/own");
        assert!(judge(&always, &plain(), public).contains("cannot be public"));
    }

    #[test]
    fn what_nobody_else_could_read_is_not_shared() {
        let shared = Wish {
            shares: true,
            encrypted: true,
            ..NOTHING
        };
        let arn = "arn:aws:kms:eu-west-1:123456789012:alias/aws/ebs";
        for key in [AWS_KEY, arn] {
            let refusal = judge(&place(false, key), &plain(), shared);
            assert!(refusal.contains("could not be shared"), "{key}: {refusal}");
        }
        let mut request = plain();
        request.keys = keys_of(&["eu-west-1=alias/own"]);
        assert_eq!(judge(&place(false, AWS_KEY), &request, shared), "");
        request.keys = keys_of(&["us-west-2=alias/own"]);
        assert!(!judge(&place(false, AWS_KEY), &request, shared).is_empty());
        assert_eq!(judge(&place(false, "alias/own"), &plain(), shared), "");
        let alone = Wish {
            shares: false,
            ..shared
        };
        assert_eq!(judge(&place(false, AWS_KEY), &plain(), alone), "");
    }

    #[test]
    fn a_full_quota_is_told_once() {
        let region: Region = "eu-west-1".parse().expect("region");
        let with = |public| Place {
            public: OnceCell::new_with(Some(public)),
            ..Place::default()
        };
        assert_eq!(with(4).warning(&region), None);
        assert_eq!(Place::default().warning(&region), None);
        let full = with(5);
        assert!(
            full.warning(&region)
                .is_some_and(|text| text.contains("5 public images"))
        );
        assert_eq!(full.warning(&region), None);
    }
}
