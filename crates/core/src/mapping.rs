//! Block device mappings in the classic syntax of the EC2 command-line tools.
//!
//! `DEVICE=none`, `DEVICE=ephemeralN`, or
//! `DEVICE=[SNAPSHOT]:[SIZE]:[DELETE]:[TYPE]:[IOPS]:[encrypted]`, fields left empty or out at will
//! and the IOPS skippable before `encrypted`; after them `:throughput=MIBPS` and `:kms-key=KEY`.

mod shown;

use std::str::FromStr;

use crate::escape::escape;
use crate::id::{Id, Kind};

/// Volume types of EBS.
const TYPES: [&str; 7] = ["standard", "gp2", "gp3", "io1", "io2", "st1", "sc1"];
/// Types whose IOPS can be chosen.
const TYPES_WITH_IOPS: [&str; 3] = ["gp3", "io1", "io2"];
/// The largest volume in GiB (gp3; EBS User Guide, "EBS volume types").
const LARGEST: i32 = 65_536;

/// What an image says of one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// The device's name, `/dev/sdb`.
    pub device: String,
    /// What stands behind it.
    pub target: Target,
}

/// What stands behind a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Nothing: a device of the instance that is left out.
    NoDevice,
    /// An instance store volume, `ephemeral0`.
    Ephemeral(String),
    /// An EBS volume.
    Ebs(Ebs),
}

/// An EBS volume as a mapping describes it; what is not said is left to EC2.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ebs {
    /// The snapshot it is made from.
    pub snapshot: Option<Id>,
    /// Its size in GiB.
    pub size: Option<i32>,
    /// Is it deleted with its instance?
    pub delete_on_termination: Option<bool>,
    /// Its type.
    pub volume_type: Option<String>,
    /// Its I/O operations per second.
    pub iops: Option<i32>,
    /// Its throughput in MiB/s.
    pub throughput: Option<i32>,
    /// Is it encrypted?
    pub encrypted: Option<bool>,
    /// The KMS key it is encrypted with: an ID, an alias or an ARN.
    pub kms_key: Option<String>,
}

impl FromStr for Mapping {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let shown = escape(text);
        let (device, target) = text
            .split_once('=')
            .ok_or_else(|| format!("'{shown}' is no DEVICE=WHAT"))?;
        check_device(device).map_err(|why| format!("'{shown}': {why}"))?;
        let target = parse_target(target).map_err(|why| format!("'{shown}': {why}"))?;
        Ok(Self {
            device: device.to_owned(),
            target,
        })
    }
}

/// Checks that no device is described twice.
///
/// # Errors
/// Names the device that is.
pub fn check_all(mappings: &[Mapping]) -> Result<(), String> {
    for (at, mapping) in mappings.iter().enumerate() {
        if mappings[..at]
            .iter()
            .any(|other| other.device == mapping.device)
        {
            return Err(format!("{} is mapped twice", mapping.device));
        }
    }
    Ok(())
}

fn check_device(device: &str) -> Result<(), String> {
    let name = device.strip_prefix("/dev/").unwrap_or(device);
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if name.len() >= 3 && name.len() <= 16 && name.chars().all(good) {
        Ok(())
    } else {
        Err("a device is named like /dev/sdb or xvdb".to_owned())
    }
}

fn parse_target(text: &str) -> Result<Target, String> {
    if text == "none" {
        return Ok(Target::NoDevice);
    }
    if let Some(number) = text.strip_prefix("ephemeral") {
        return match number.parse::<u8>() {
            Ok(0..=23) if number.len() <= 2 => Ok(Target::Ephemeral(text.to_owned())),
            _ => Err("instance stores are ephemeral0 to ephemeral23".to_owned()),
        };
    }
    parse_ebs(text).map(Target::Ebs)
}

fn parse_ebs(text: &str) -> Result<Ebs, String> {
    let (positional, named) = split_named(text);
    let fields: Vec<&str> = positional.split(':').collect();
    let field = |at: usize| fields.get(at).copied().filter(|field| !field.is_empty());
    let mut ebs = Ebs {
        snapshot: field(0).map(snapshot).transpose()?,
        size: field(1).map(size).transpose()?,
        delete_on_termination: field(2).map(delete).transpose()?,
        volume_type: field(3).map(volume_type).transpose()?,
        ..Ebs::default()
    };
    // `:gp2:encrypted` is as common as `:gp2::encrypted`.
    for (at, text) in fields
        .iter()
        .enumerate()
        .skip(4)
        .filter(|(_, f)| !f.is_empty())
    {
        match *text {
            "encrypted" if ebs.encrypted.is_none() => ebs.encrypted = Some(true),
            number if at == 4 => ebs.iops = Some(positive("IOPS", number)?),
            other => {
                return Err(format!("'{}' is one field too many", escape(other)));
            }
        }
    }
    for (at, (key, value)) in named.iter().enumerate() {
        if named[..at].iter().any(|(other, _)| other == key) {
            return Err(format!("{key} is given twice"));
        }
        match *key {
            "throughput" => ebs.throughput = Some(positive("throughput", value)?),
            _ if value.is_empty() => return Err("kms-key= without a key".to_owned()),
            _ => ebs.kms_key = Some((*value).to_owned()),
        }
    }
    if ebs == Ebs::default() {
        return Err("nothing is said of the device".to_owned());
    }
    check_ebs(&ebs)?;
    Ok(ebs)
}

/// Splits the `key=value` settings off the end. The value of a KMS key may be an ARN, which holds
/// colons, so a setting ends only where the next known one begins.
fn split_named(text: &str) -> (&str, Vec<(&str, &str)>) {
    const KEYS: [&str; 2] = ["throughput", "kms-key"];
    let start_of_last = |text: &str| {
        KEYS.iter()
            .filter_map(|key| {
                let at = text.rfind(&format!("{key}="))?;
                let before = text[..at].chars().next_back();
                matches!(before, None | Some(':' | ',')).then_some((at, *key))
            })
            .max()
    };
    let mut rest = text;
    let mut named = Vec::new();
    while let Some((at, key)) = start_of_last(rest) {
        named.push((key, &rest[at + key.len() + 1..]));
        rest = rest[..at].trim_end_matches([':', ',']);
    }
    (rest, named)
}

fn snapshot(text: &str) -> Result<Id, String> {
    match text.parse::<Id>() {
        Ok(id) if id.kind() == Kind::Snapshot => Ok(id),
        _ => Err(format!("'{}' is no snapshot's ID", escape(text))),
    }
}

fn size(text: &str) -> Result<i32, String> {
    match text.parse() {
        Ok(size @ 1..=LARGEST) => Ok(size),
        _ => Err(format!(
            "'{}' is no size in GiB from 1 to {LARGEST}",
            escape(text)
        )),
    }
}

fn delete(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| {
        format!(
            "whether the volume is deleted with its instance is true or false, not '{}'",
            escape(text)
        )
    })
}

/// Checks the name of a volume type.
///
/// # Errors
/// One that EBS does not have.
pub fn volume_type(text: &str) -> Result<String, String> {
    if TYPES.contains(&text) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "'{}' is no volume type, which are {}",
        escape(text),
        TYPES.join(", ")
    ))
}

fn positive(what: &str, text: &str) -> Result<i32, String> {
    text.parse()
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(|| format!("{what}: '{}' is no positive number", escape(text)))
}

/// EC2 refuses these as well, but only after the image has begun (EC2 API Reference,
/// EbsBlockDevice).
fn check_ebs(ebs: &Ebs) -> Result<(), String> {
    let volume_type = ebs.volume_type.as_deref();
    if ebs.iops.is_some() && !volume_type.is_some_and(|t| TYPES_WITH_IOPS.contains(&t)) {
        return Err("IOPS can be chosen for gp3, io1 and io2 only".to_owned());
    }
    if ebs.throughput.is_some() && volume_type != Some("gp3") {
        return Err("throughput can be chosen for gp3 only".to_owned());
    }
    if ebs.kms_key.is_some() && ebs.encrypted != Some(true) {
        return Err("a KMS key needs 'encrypted' before it".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Ebs, Mapping, Target, check_all};

    fn parse(text: &str) -> Mapping {
        text.parse().unwrap_or_else(|why| panic!("{text}: {why}"))
    }

    fn ebs(text: &str) -> Ebs {
        match parse(text).target {
            Target::Ebs(ebs) => ebs,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn the_classic_forms() {
        assert_eq!(parse("/dev/sdb=none").target, Target::NoDevice);
        assert_eq!(
            parse("/dev/sdc=ephemeral0").target,
            Target::Ephemeral("ephemeral0".to_owned())
        );
        assert_eq!(
            ebs("/dev/sdb=snap-7eb96d16:100:false:io1:2000:encrypted"),
            Ebs {
                snapshot: Some("snap-7eb96d16".parse().expect("id")),
                size: Some(100),
                delete_on_termination: Some(false),
                volume_type: Some("io1".to_owned()),
                iops: Some(2000),
                encrypted: Some(true),
                ..Ebs::default()
            }
        );
        assert_eq!(ebs("sdh=:100").size, Some(100));
        assert_eq!(ebs("/dev/sdh=::false").delete_on_termination, Some(false));
        assert_eq!(ebs("/dev/sda1=:::gp3").volume_type.as_deref(), Some("gp3"));
    }

    #[test]
    fn encrypted_with_or_without_a_place_for_the_iops() {
        for text in [
            "/dev/sdb=:8:true:gp2:encrypted",
            "/dev/sdb=:8:true:gp2::encrypted",
        ] {
            assert_eq!(
                (ebs(text).iops, ebs(text).encrypted),
                (None, Some(true)),
                "{text}"
            );
        }
    }

    #[test]
    fn settings_after_the_fields() {
        let key = "arn:aws:kms:us-east-1:123456789012:key/1234abcd";
        for text in [
            format!("/dev/sdb=:8:true:gp3:3000:encrypted:throughput=250:kms-key={key}"),
            format!("/dev/sdb=:8:true:gp3:3000:encrypted,kms-key={key},throughput=250"),
        ] {
            let ebs = ebs(&text);
            assert_eq!(ebs.throughput, Some(250), "{text}");
            assert_eq!(ebs.kms_key.as_deref(), Some(key), "{text}");
            assert_eq!((ebs.iops, ebs.size), (Some(3000), Some(8)), "{text}");
        }
    }

    #[test]
    fn what_is_printed_is_read_again() {
        let key = "arn:aws:kms:us-east-1:123456789012:key/1234abcd";
        for text in [
            "/dev/sdb=none",
            "/dev/sdc=ephemeral0",
            "sdh=:100",
            "/dev/sdb=snap-7eb96d16:100:false:io1:2000:encrypted",
            "/dev/sdb=:8:true:gp2::encrypted",
            &format!("/dev/sdb=:8:true:gp3:3000:encrypted:throughput=250:kms-key={key}"),
        ] {
            assert_eq!(parse(text).to_string(), text);
        }
    }

    #[test]
    fn what_ec2_would_refuse_is_refused_here() {
        for (text, why) in [
            ("/dev/sdb", "no DEVICE=WHAT"),
            ("/etc/passwd=none", "a device is named"),
            ("/dev/sdb=ephemeral24", "ephemeral0 to ephemeral23"),
            ("/dev/sdb=vol-12345678", "no snapshot's ID"),
            ("/dev/sdb=:0", "no size"),
            ("/dev/sdb=:65537", "no size"),
            ("/dev/sdb=:8:yes", "true or false"),
            ("/dev/sdb=:8:true:ssd", "no volume type"),
            ("/dev/sdb=:8:true:gp2:100", "IOPS can be chosen"),
            ("/dev/sdb=:8:true:gp3:-1", "no positive number"),
            ("/dev/sdb=:8:true:gp3:3000:secret", "one field too many"),
            ("/dev/sdb=", "nothing is said"),
            ("/dev/sdb=:::", "nothing is said"),
            (
                "/dev/sdb=:8:true:gp3:throughput=1:throughput=2",
                "given twice",
            ),
            ("/dev/sdb=:8:true:gp2:throughput=5", "throughput can be"),
            ("/dev/sdb=:8:true:gp3:kms-key=x", "needs 'encrypted'"),
            ("/dev/sdb=:8:true:gp3:encrypted:kms-key=", "without a key"),
        ] {
            let error = text.parse::<Mapping>().expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
        let twice = [parse("/dev/sdb=none"), parse("/dev/sdb=:8")];
        assert!(check_all(&twice).is_err() && check_all(&twice[..1]).is_ok());
    }
}
