//! What is asked for: names, encryption, tags, and what becomes of a copy that is ready.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ami_cli::args::Args;
use ami_core::ec2::Grants;
use ami_core::error::Error;
use ami_core::escape::escape;
use ami_core::name;
use ami_core::region::Region;
use ami_core::tag::{self, Tag};
use ami_core::time::{Moment, format_duration, parse_any_duration, parse_duration};
use ami_core::wait::{Asked, Rules};

/// Steps, least and most minutes of a copy's time (EC2 API Reference, CopyImage,
/// SnapshotCopyCompletionDurationMinutes).
const STEP: u64 = 15;
const MOST: u64 = 48 * 60;
/// Images can be deprecated so many days ahead (EC2 User Guide, "Deprecate an AMI": ten years).
const FURTHEST: i64 = 3652;

/// The options, checked.
#[derive(Debug)]
pub struct Request {
    pub(crate) name: Naming,
    pub(crate) description: Option<String>,
    pub(crate) encrypt: bool,
    pub(crate) keys: Keys,
    pub(crate) copy_tags: bool,
    pub(crate) tags: Vec<Tag>,
    pub(crate) completion_minutes: Option<i64>,
    pub(crate) wait: Option<Rules>,
    /// Make a copy even where one like it is there.
    pub(crate) new: bool,
    pub(crate) life: Life,
    pub(crate) dry_run: bool,
    /// The options that a command which goes on waiting needs to do it alike.
    pub(crate) typed: Vec<String>,
}

/// How copies get their names.
#[derive(Debug)]
pub(crate) enum Naming {
    /// That of the source.
    Source,
    /// By the user.
    Explicit(String),
    /// Made up, with this prefix.
    Automatic(String),
}

/// The keys that copies are encrypted with.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    everywhere: Option<String>,
    regions: BTreeMap<Region, String>,
}

impl Keys {
    /// The key for a region, if one is named.
    pub(crate) fn of(&self, region: &Region) -> Option<&str> {
        let key = self.regions.get(region).or(self.everywhere.as_ref());
        key.map(String::as_str)
    }
}

/// When a copy is to be deprecated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deprecation {
    /// Then.
    At(Moment),
    /// So many seconds after it was made, so that another run does not put it off.
    After(i64),
}

impl Deprecation {
    /// When that is for a copy that was made at `created`; none when it is over, and was done.
    pub(crate) fn of(self, created: Option<Moment>) -> Option<Moment> {
        let now = Moment::now();
        match self {
            Self::At(at) => Some(at),
            Self::After(seconds) => {
                let created = created.unwrap_or(now);
                Moment::from_timestamp(created.timestamp() + seconds).filter(|at| *at > now)
            }
        }
    }
}

/// What becomes of a copy that is ready.
#[derive(Debug, Default)]
pub(crate) struct Life {
    pub(crate) share: Grants,
    /// Grant what the source grants.
    pub(crate) carry: bool,
    pub(crate) deprecate: Option<Deprecation>,
    pub(crate) protect: bool,
}

impl Life {
    /// What would be done to a copy of an image that grants `carried`, in words.
    pub(crate) fn in_words(&self, carried: &Grants) -> String {
        let mut grants = self.share.clone();
        grants.extend(carried.clone());
        let public = grants.public.then(|| "everybody".to_owned());
        let grantees: Vec<_> = public
            .into_iter()
            .chain(grants.accounts)
            .chain(grants.organizations)
            .chain(grants.units)
            .collect();
        let shared = (!grantees.is_empty()).then(|| format!("shared with {}", grantees.join(", ")));
        let deprecated = match self.deprecate {
            None => None,
            Some(Deprecation::At(at)) => Some(format!("deprecated at {at}")),
            Some(Deprecation::After(seconds)) => {
                let after = match seconds % 86_400 {
                    0 => format!("{} days", seconds / 86_400),
                    _ => format_duration(Duration::from_secs(seconds.unsigned_abs())),
                };
                Some(format!("deprecated {after} after it is made"))
            }
        };
        let protected = self.protect.then(|| "protected".to_owned());
        let all: Vec<_> = [shared, deprecated, protected]
            .into_iter()
            .flatten()
            .collect();
        match all.is_empty() {
            true => String::new(),
            false => format!("; then it would be {}", all.join(", ")),
        }
    }

    /// Is there nothing to be done?
    pub(crate) fn is_empty(&self) -> bool {
        self.share.is_empty() && !self.carry && self.deprecate.is_none() && !self.protect
    }
}

impl Request {
    /// Reads the options that all tools have which copy.
    ///
    /// # Errors
    /// The first that is wrong.
    pub fn read(args: &Args) -> Result<Self, Error> {
        let explicit = args.value("name", name::parse)?;
        let prefix = args.value("random-name-prefix", name::parse_prefix)?;
        let tags = args.values("tag", tag::parse)?;
        tag::check_own(&tags).map_err(|why| Error::usage(format!("--tag: {why}")))?;
        let keys = keys(&args.values("kms-key", key)?)?;
        let encrypt = args.flag("encrypt");
        let has_key = keys.everywhere.is_some() || !keys.regions.is_empty();
        if has_key && !encrypt {
            return Err(Error::usage("--kms-key is for --encrypt"));
        }
        let Asked { rules, typed } = Asked::read(args)?;
        Ok(Self {
            name: match (explicit, prefix) {
                (Some(name), _) => Naming::Explicit(name),
                (None, Some(prefix)) => Naming::Automatic(prefix),
                (None, None) => Naming::Source,
            },
            description: args.value("description", name::parse_description)?,
            encrypt,
            keys,
            copy_tags: args.flag("copy-tags"),
            tags,
            completion_minutes: args.value("snapshot-completion", completion)?,
            wait: rules,
            new: args.flag("new"),
            life: life(args)?,
            dry_run: args.flag("dry-run"),
            typed,
        })
    }

    /// Refuses a key for a region to which nothing is copied: the word may be mistyped, and the copy
    /// would be encrypted with another key than was meant.
    pub(crate) fn check_keys(&self, destinations: &BTreeSet<Region>) -> Result<(), Error> {
        let mut regions = self.keys.regions.keys();
        match regions.find(|region| !destinations.contains(region)) {
            Some(region) => Err(Error::usage(format!(
                "--kms-key names {region}, and nothing is copied there"
            ))),
            None => Ok(()),
        }
    }

    /// Is there a name that one image can have only?
    pub(crate) fn is_for_one(&self) -> bool {
        matches!(self.name, Naming::Explicit(_))
    }
}

fn life(args: &Args) -> Result<Life, Error> {
    let mut share = Grants::default();
    for grant in args.values("share", grant)? {
        share.extend(grant);
    }
    Ok(Life {
        share,
        carry: args.flag("carry-permissions"),
        deprecate: args.value("deprecate-at", deprecation)?,
        protect: args.flag("protect"),
    })
}

/// `KEY`, or `REGION=KEY`. A key's ID, ARN or alias holds no equals sign.
fn key(text: &str) -> Result<(Option<Region>, String), String> {
    let (region, key) = match text.split_once('=') {
        Some((region, key)) => {
            let region: Region = region.parse().map_err(|why| format!("{why}"))?;
            (Some(region), key)
        }
        None => (None, text),
    };
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_:/".contains(letter);
    if key.is_empty() || !key.chars().all(plain) {
        return Err(format!(
            "'{}' is no key: give its ID, its ARN, or alias/NAME",
            escape(key)
        ));
    }
    Ok((region, key.to_owned()))
}

fn keys(given: &[(Option<Region>, String)]) -> Result<Keys, Error> {
    let mut keys = Keys::default();
    for (region, key) in given {
        let earlier = match region {
            Some(region) => keys.regions.insert(region.clone(), key.clone()),
            None => keys.everywhere.replace(key.clone()),
        };
        if earlier.is_some() {
            return Err(Error::usage("--kms-key is given twice for one place"));
        }
    }
    Ok(keys)
}

fn completion(text: &str) -> Result<i64, String> {
    let seconds = parse_duration(text)?.as_secs();
    let minutes = seconds / 60;
    let fits = seconds % (STEP * 60) == 0 && (STEP..=MOST).contains(&minutes);
    let minutes = fits.then(|| i64::try_from(minutes).ok()).flatten();
    minutes.ok_or_else(|| "is a time from 15m to 48h, in steps of 15m".to_owned())
}

/// An account, an organization, an organizational unit, or everybody.
fn grant(text: &str) -> Result<Grants, String> {
    let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    let mut grants = Grants::default();
    match text {
        "public" => grants.public = true,
        text if is_account => grants.accounts.push(text.to_owned()),
        text if is_organization(text, "organization") => grants.organizations.push(text.to_owned()),
        text if is_organization(text, "ou") => grants.units.push(text.to_owned()),
        _ => {
            return Err(format!(
                "'{}' is neither an account of 12 digits, nor the ARN of an organization or of a unit, nor 'public'",
                escape(text)
            ));
        }
    }
    Ok(grants)
}

/// `arn:PARTITION:organizations::ACCOUNT:organization/o-ID` or `…:ou/o-ID/ou-ID` (Service
/// Authorization Reference, "Resource types defined by AWS Organizations").
fn is_organization(text: &str, kind: &str) -> bool {
    let mut parts = text.splitn(6, ':');
    let partition = parts.nth(1).unwrap_or_default();
    let (service, region, account) = (parts.next(), parts.next(), parts.next());
    let resource = parts.next().and_then(|resource| resource.split_once('/'));
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-/".contains(letter);
    text.starts_with("arn:aws")
        && partition.starts_with("aws")
        && service == Some("organizations")
        && region == Some("")
        && account.is_some_and(|account| account.len() == 12)
        && resource.is_some_and(|(known, id)| {
            known == kind && id.starts_with("o-") && id.chars().all(plain)
        })
}

/// A moment in RFC 3339 or as `20270131T000000Z`, or a time from now. A plain number may be meant
/// as a date, and is neither.
fn deprecation(text: &str) -> Result<Deprecation, String> {
    let too_far = || "lies more than ten years ahead".to_owned();
    let now = Moment::now().timestamp();
    let moment = Moment::from_rfc3339(text).or_else(|| Moment::from_compact(text));
    let seconds = match moment {
        Some(moment) => moment.timestamp() - now,
        None => {
            let later = parse_any_duration(text).ok();
            let later = later.filter(|_| !text.bytes().all(|byte| byte.is_ascii_digit()));
            let later = later.ok_or_else(|| {
                format!(
                    "'{}' is no time like 2027-01-31T00:00:00Z, and none from now like 90d",
                    escape(text)
                )
            })?;
            i64::try_from(later.as_secs()).map_err(|_| too_far())?
        }
    };
    match seconds {
        ..=0 => Err("lies in the past".to_owned()),
        ahead if ahead > FURTHEST * 86_400 => Err(too_far()),
        ahead => Ok(moment.map_or(Deprecation::After(ahead), Deprecation::At)),
    }
}

/// A request of nothing but copies.
#[cfg(test)]
pub(crate) fn plain() -> Request {
    Request {
        name: Naming::Source,
        description: None,
        encrypt: false,
        keys: Keys::default(),
        copy_tags: false,
        tags: Vec::new(),
        completion_minutes: None,
        wait: None,
        new: false,
        life: Life::default(),
        dry_run: false,
        typed: Vec::new(),
    }
}

/// Keys from the words of `--kms-key`.
#[cfg(test)]
pub(crate) fn keys_of(words: &[&str]) -> Keys {
    let given: Vec<_> = words.iter().map(|word| key(word).expect(word)).collect();
    keys(&given).expect("keys")
}

#[cfg(test)]
mod tests {
    use super::{completion, deprecation, grant, key, keys};

    #[test]
    fn keys_are_for_a_region_or_for_all() {
        let arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        let given: Vec<_> = ["alias/images", &format!("eu-west-1={arn}")]
            .iter()
            .map(|text| key(text).expect(text))
            .collect();
        let keys = keys(&given).expect("keys");
        let of = |region: &str| keys.of(&region.parse().expect("region")).map(str::to_owned);
        assert_eq!(of("eu-west-1").as_deref(), Some(arn));
        assert_eq!(of("us-east-1").as_deref(), Some("alias/images"));
        for text in ["", "a b", "nowhere=alias/x", "eu-west-1=", "k\u{1b}"] {
            assert!(key(text).is_err(), "{text}");
        }
        let twice = [key("a").expect("key"), key("b").expect("key")];
        assert!(super::keys(&twice).is_err());
    }

    #[test]
    fn a_copy_s_time_comes_in_quarters_of_an_hour() {
        for (text, minutes) in [("15m", 15), ("48h", 2880), ("1h30m", 90), ("2700", 45)] {
            assert_eq!(completion(text), Ok(minutes), "{text}");
        }
        for text in ["0", "10m", "16m", "49h", "15m1s", "soon"] {
            assert!(completion(text).is_err(), "{text}");
        }
    }

    #[test]
    fn grantees_are_told_apart_by_their_shape() {
        assert!(grant("public").expect("public").public);
        assert_eq!(grant("123456789012").expect("account").accounts.len(), 1);
        let organization = "arn:aws:organizations::123456789012:organization/o-abcdefghij";
        let unit = "arn:aws:organizations::123456789012:ou/o-abcdefghij/ou-ab12-11111111";
        assert_eq!(
            grant(organization).expect("org").organizations,
            [organization]
        );
        assert_eq!(grant(unit).expect("unit").units, [unit]);
        for text in [
            "",
            "all",
            "12345678901",
            "arn:aws:iam::123456789012:user/x",
            "o-abc",
        ] {
            assert!(grant(text).is_err(), "{text}");
        }
    }

    #[test]
    fn deprecation_lies_ahead() {
        for text in ["90d", "1y", "3652d", "1month"] {
            assert!(deprecation(text).is_ok(), "{text}");
        }
        for (text, why) in [
            ("2011-09-09T23:36:00Z", "lies in the past"),
            ("20110909T233600Z", "lies in the past"),
            ("0s", "lies in the past"),
            ("9999-01-01T00:00:00Z", "more than ten years"),
            ("3653d", "more than ten years"),
            ("584554000000y", "is no time like"),
            ("20270131", "is no time like"),
            ("x", "is no time like"),
        ] {
            let said = deprecation(text).expect_err(text);
            assert!(said.contains(why), "{text}: {said}");
        }
    }
}
