//! References: how a resource and its region are read and printed.
//!
//! A reference is read as `ami-ID`, `ami-ID@REGION` or an ARN of any partition. It is printed bare
//! when it lies in the region that the environment gives, else with its region, so that the next
//! program in a pipe acts in the right one.

use std::fmt;
use std::str::FromStr;

use crate::escape::escape;
use crate::id::{Id, Kind, Malformed, one_of};
use crate::region::Region;

/// A reference as typed; without a region it means the one that the session works in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// The resource.
    pub id: Id,
    /// Its region, when the reference says it.
    pub region: Option<Region>,
}

impl Reference {
    /// The resource in its region; `default` where the reference says none.
    pub fn locate(self, default: impl FnOnce() -> Region) -> Located {
        Located {
            id: self.id,
            region: self.region.unwrap_or_else(default),
        }
    }

    /// Reads a reference to one of `kinds`.
    ///
    /// # Errors
    /// A word of another shape or kind, with what is wrong about it.
    pub fn parse(text: &str, kinds: &[Kind]) -> Result<Self, String> {
        let shown = escape(text);
        match text.parse::<Self>() {
            Ok(reference) if kinds.contains(&reference.id.kind()) => Ok(reference),
            Ok(reference) => Err(format!(
                "'{shown}' is of another kind: {}, not {}",
                reference.id.kind().noun(),
                one_of(kinds)
            )),
            Err(why) => Err(format!("'{shown}' names no {}: {why}", one_of(kinds))),
        }
    }
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("arn:") {
            return from_arn(text);
        }
        let (id, region) = match text.split_once('@') {
            Some((id, region)) => (id, Some(region)),
            None => (text, None),
        };
        Ok(Self {
            id: id.parse().map_err(|why: Malformed| why.to_string())?,
            region: region
                .map(Region::from_str)
                .transpose()
                .map_err(|why| why.to_string())?,
        })
    }
}

/// `arn:PARTITION:ec2:REGION:ACCOUNT:TYPE/ID`, the account empty for images and snapshots
/// (Service Authorization Reference, "Resource types defined by Amazon EC2").
fn from_arn(text: &str) -> Result<Reference, String> {
    let mut parts = text.splitn(6, ':').skip(1);
    let (partition, service) = (parts.next(), parts.next());
    let (region, _account, resource) = (parts.next(), parts.next(), parts.next());
    let partition_is_aws = partition.is_some_and(|p| p == "aws" || p.starts_with("aws-"));
    if !partition_is_aws || service != Some("ec2") {
        return Err("not an ARN of EC2".to_owned());
    }
    let (kind, id) = resource
        .and_then(|resource| resource.split_once('/'))
        .ok_or("an ARN without a resource")?;
    let id: Id = id.parse().map_err(|why: Malformed| why.to_string())?;
    if id.kind().noun() != kind {
        return Err(format!("an ARN of type {} cannot hold {id}", escape(kind)));
    }
    let region = region.unwrap_or_default();
    Ok(Reference {
        id,
        region: Some(
            region
                .parse()
                .map_err(|why: crate::region::NotARegion| why.to_string())?,
        ),
    })
}

/// A resource in its region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Located {
    /// The resource.
    pub id: Id,
    /// Its region.
    pub region: Region,
}

impl Located {
    /// As it is printed for somebody whose environment means `home`.
    pub fn seen_from(&self, home: Option<&Region>) -> String {
        if home == Some(&self.region) {
            self.id.to_string()
        } else {
            self.to_string()
        }
    }
}

/// The full form, `ami-ID@REGION`.
impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.id, self.region)
    }
}

#[cfg(test)]
mod tests {
    use super::Reference;
    use crate::id::Kind;

    fn region_of(text: &str) -> Option<String> {
        let reference: Reference = text.parse().expect(text);
        reference.region.map(|region| region.to_string())
    }

    #[test]
    fn all_three_forms() {
        assert_eq!(region_of("ami-12345678"), None);
        assert_eq!(
            region_of("ami-12345678@eu-west-1").as_deref(),
            Some("eu-west-1")
        );
        for (arn, region) in [
            ("arn:aws:ec2:us-east-1::image/ami-12345678", "us-east-1"),
            (
                "arn:aws-cn:ec2:cn-north-1::image/ami-12345678",
                "cn-north-1",
            ),
            (
                "arn:aws-us-gov:ec2:us-gov-west-1::image/ami-12345678",
                "us-gov-west-1",
            ),
            (
                "arn:aws:ec2:us-east-1:123456789012:instance/i-12345678",
                "us-east-1",
            ),
        ] {
            assert_eq!(region_of(arn).as_deref(), Some(region));
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let error = |text| Reference::parse(text, &[Kind::Image]).expect_err(text);
        assert_eq!(
            error("ami-123"),
            "'ami-123' names no image: ami- takes 8 or 17 hexadecimal digits, lower case"
        );
        assert_eq!(
            error("i-12345678"),
            "'i-12345678' is of another kind: instance, not image"
        );
        assert_eq!(error("web"), "'web' names no image: not an ID");
        assert!(error("ami-12345678@mars").contains("no region code"));
        assert!(error("arn:aws:s3:::bucket").contains("not an ARN of EC2"));
        assert!(error("arn:aws:ec2:us-east-1::image/snap-12345678").contains("cannot hold"));
        assert!(error("arn:aws:ec2:::image/ami-12345678").contains("no region code"));
    }

    #[test]
    fn printed_for_the_reader_s_region() {
        let home = "us-east-1".parse().expect("region");
        let reference: Reference = "ami-12345678@us-east-1".parse().expect("reference");
        let located = reference.locate(|| unreachable!());
        assert_eq!(located.seen_from(Some(&home)), "ami-12345678");
        assert_eq!(located.seen_from(None), "ami-12345678@us-east-1");
        let away = "eu-west-1".parse().expect("region");
        assert_eq!(located.seen_from(Some(&away)), "ami-12345678@us-east-1");
    }
}
