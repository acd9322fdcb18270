//! What is asked for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ami_cli::args::Args;
use ami_core::error::{Error, Kind};
use ami_core::escape::escape;
use ami_core::id;
use ami_core::reference::Reference;
use ami_core::time::parse_positive_duration;

/// How long a node may take to start and to answer unless somebody says. Most take one to three minutes.
const TIMEOUT: Duration = Duration::from_secs(10 * 60);
/// Bytes of a script. It is sent in one piece; what is larger is data, and better fetched by the script.
const LARGEST: u64 = 16 << 20;
/// Options that say nothing without a new node.
const OTHERS: [&str; 7] = [
    "instance-type",
    "provision",
    "keep-node",
    "key-name",
    "security-group",
    "subnet",
    "ssh-timeout",
];

/// A node that is to be made.
pub(in crate::node) struct Launch {
    /// What it is made of.
    pub(in crate::node) image: Reference,
    pub(super) instance_type: String,
    pub(super) script: Option<Script>,
    pub(in crate::node) keep: bool,
    pub(super) key_name: Option<String>,
    pub(super) groups: Vec<String>,
    pub(super) subnet: Option<String>,
    pub(super) timeout: Duration,
}

/// What makes the node that which is to be bundled.
pub(super) struct Script {
    pub(super) path: PathBuf,
    pub(super) bytes: Vec<u8>,
}

impl Launch {
    /// Reads the options; none where no node is to be made.
    pub(in crate::node) fn read(args: &Args) -> Result<Option<Self>, Error> {
        let image = args.value("launch", |text| Reference::parse(text, &[id::Kind::Image]))?;
        let instance_type = args.value("instance-type", instance_type)?;
        let path = args.value("provision", |text| Ok::<_, String>(PathBuf::from(text)))?;
        let keep = args.flag("keep-node");
        let key_name = args.value("key-name", key_name)?;
        let groups = args.values("security-group", |text| resource(text, "sg"))?;
        let subnet = args.value("subnet", |text| resource(text, "subnet"))?;
        let timeout = args.value("ssh-timeout", parse_positive_duration)?;
        let Some(image) = image else {
            return match OTHERS.iter().find(|option| args.flag(option)) {
                Some(alone) => Err(Error::usage(format!(
                    "--{alone} is for a new node, which --launch asks for"
                ))),
                None => Ok(None),
            };
        };
        let instance_type = instance_type
            .ok_or_else(|| Error::usage("--launch needs an --instance-type, as t3.small"))?;
        if args.flag("phase") {
            return Err(Error::usage(
                "--phase is for a node that stays; a new one goes through all phases",
            ));
        }
        Ok(Some(Self {
            image,
            instance_type,
            script: path.as_deref().map(Script::read).transpose()?,
            keep,
            key_name,
            groups,
            subnet,
            timeout: timeout.unwrap_or(TIMEOUT),
        }))
    }
}

impl Script {
    fn read(path: &Path) -> Result<Self, Error> {
        let wrong = |what: String| Error::new(Kind::Usage, what).of(path.display());
        let cannot = |error: std::io::Error| wrong(format!("cannot be read: {error}"));
        if std::fs::metadata(path).map_err(cannot)?.len() > LARGEST {
            return Err(wrong("is larger than 16 MiB".to_owned()));
        }
        let bytes = std::fs::read(path).map_err(cannot)?;
        match bytes.is_empty() {
            true => Err(wrong("is empty".to_owned())),
            false => Ok(Self {
                path: path.to_owned(),
                bytes,
            }),
        }
    }
}

/// A family and a size. Which there are is EC2's to know.
fn instance_type(text: &str) -> Result<String, String> {
    let is_word = |word: &str| {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !word.is_empty() && word.bytes().all(fits)
    };
    match text.split_once('.') {
        Some((family, size)) if is_word(family) && is_word(size) => Ok(text.to_owned()),
        _ => Err(format!(
            "'{}' is no type of instances, as t3.small is",
            escape(text)
        )),
    }
}

/// Up to 255 characters of ASCII (EC2 API Reference, CreateKeyPair).
fn key_name(text: &str) -> Result<String, String> {
    let is_one = (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii());
    match is_one {
        true => Ok(text.to_owned()),
        false => Err(format!("'{}' is no name of a key pair", escape(text))),
    }
}

/// An ID of a kind that these tools do not know otherwise.
fn resource(text: &str, prefix: &str) -> Result<String, String> {
    let digits = text.strip_prefix(prefix);
    let digits = digits.and_then(|digits| digits.strip_prefix('-'));
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    match digits {
        Some(digits) if [8, 17].contains(&digits.len()) && digits.bytes().all(is_hex) => {
            Ok(text.to_owned())
        }
        _ => Err(format!(
            "'{}' is no {prefix}- with 8 or 17 hexadecimal digits",
            escape(text)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::{instance_type, key_name, resource};

    #[test]
    fn words_of_ec2() {
        for good in ["t3.small", "u-6tb1.metal", "m7g.metal-24xl"] {
            assert!(instance_type(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "t3",
            "t3.",
            ".small",
            "T3.small",
            "t3 small",
            "t3.small\n",
        ] {
            assert!(instance_type(bad).is_err(), "{bad}");
        }
        assert!(resource("sg-0123456789abcdef0", "sg").is_ok());
        for bad in ["web", "sg-", "sg-123", "sg-ABCDEF01", "subnet-01234567"] {
            assert!(resource(bad, "sg").is_err(), "{bad}");
        }
        assert!(key_name("my key").is_ok() && key_name("").is_err());
        assert!(key_name(&"k".repeat(256)).is_err());
    }
}
