//! Where one image comes from: what its tags say, what EC2 says, and which of them counts.

use std::fmt;

use ami_core::escape::escape;
use ami_core::id::{Id, Kind};
use ami_core::image::Image;
use ami_core::reference::{Located, Reference};
use ami_core::region::Region;
use ami_core::tag::{CREATE_DATE, CREATE_TIMESTAMP, SOURCE_IMAGE, SOURCE_INSTANCE, SOURCE_REGION};
use ami_core::time::Moment;
use serde::Serialize;

/// Tag and record may differ by this much, in seconds, and still mean the same moment: a tag is
/// written before EC2 is asked, and what is further off is another time zone.
const SAME_MOMENT: u64 = 30 * 60;

/// Who says where an image comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Witness {
    /// The image's own tags.
    Tag,
    /// EC2's record.
    Ec2,
}

/// Where an image comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The image that it was made from.
    pub parent: Option<Located>,
    /// Who says so; both may, and then it is the tag.
    pub witness: Option<Witness>,
    /// Does EC2's record name the same parent?
    pub is_recorded: bool,
    /// The instance that it was made of.
    pub source_instance: Option<Id>,
    /// When it was made.
    pub created: Option<Moment>,
    /// Where tags and EC2, or tags among themselves, do not agree.
    pub differences: Vec<Difference>,
}

/// A tag that does not agree with what else is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The tag's key.
    pub tag: &'static str,
    /// Its value.
    pub value: String,
    /// What EC2 says, where it says something.
    pub ec2: Option<String>,
    /// What counts.
    pub counts: Counts,
}

/// What counts where two do not agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Counts {
    /// The tag: it is the user's word.
    Tag,
    /// EC2's record, because the tag is not readable.
    Ec2,
    /// The tag `create_timestamp`, because its meaning is the plainer one.
    CreateTimestamp,
}

impl Difference {
    /// Is the tag one that says which image is the source?
    pub(crate) fn is_of_source(&self) -> bool {
        [SOURCE_IMAGE, SOURCE_REGION].contains(&self.tag)
    }

    /// Is the tag one that nobody can read? Its owner will want to know.
    pub fn is_malformed(&self) -> bool {
        self.counts == Counts::Ec2
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = escape(&self.value);
        let ec2 = self.ec2.as_deref().map(escape);
        match (self.counts, ec2) {
            (Counts::Tag, ec2) => {
                let ec2 = ec2.unwrap_or_default();
                write!(
                    f,
                    "its tag {} says {value}, EC2 says {ec2}; the tag counts",
                    self.tag
                )
            }
            (Counts::Ec2, Some(ec2)) => write!(
                f,
                "its tag {} is '{value}', which cannot be read; EC2's {ec2} counts",
                self.tag
            ),
            (Counts::Ec2, None) => {
                write!(f, "its tag {} is '{value}', which cannot be read", self.tag)
            }
            (Counts::CreateTimestamp, _) => write!(
                f,
                "its tag {} says {value}, which is another moment than its {CREATE_TIMESTAMP}; \
                 the latter counts",
                self.tag
            ),
        }
    }
}

impl Origin {
    /// Reads what is known of an image that lies in `region`.
    pub fn of(image: &Image, region: &Region) -> Self {
        let mut reader = Reader {
            image,
            differences: Vec::new(),
        };
        let (parent, witness) = reader.parent(region).unzip();
        let recorded = recorded_parent(image, region);
        Self {
            is_recorded: parent.is_some() && parent == recorded,
            witness,
            source_instance: reader.instance(),
            created: reader.created(),
            parent,
            differences: reader.differences,
        }
    }
}

/// The parent by EC2's record alone.
fn recorded_parent(image: &Image, region: &Region) -> Option<Located> {
    Some(Located {
        id: image.source_image.clone()?,
        region: image
            .source_region
            .clone()
            .unwrap_or_else(|| region.clone()),
    })
}

/// Reads the tags of one image and gathers what is wrong with them.
struct Reader<'a> {
    image: &'a Image,
    differences: Vec<Difference>,
}

impl Reader<'_> {
    fn parent(&mut self, region: &Region) -> Option<(Located, Witness)> {
        let record = self.image.source_image.clone();
        let record_region = self.image.source_region.clone();
        let tagged = self.read(SOURCE_IMAGE, record.as_ref(), |text| {
            Reference::parse(text, &[Kind::Image]).ok()
        });
        let tagged_region = self.read(SOURCE_REGION, record_region.as_ref(), |text| {
            text.parse::<Region>().ok()
        });
        self.compare(
            SOURCE_IMAGE,
            tagged.as_ref().map(|tagged| &tagged.id),
            record.as_ref(),
        );
        self.compare(
            SOURCE_REGION,
            tagged_region.as_ref(),
            record_region.as_ref(),
        );
        self.compare_said(
            tagged.as_ref().filter(|_| tagged_region.is_none()),
            record.as_ref().zip(record_region.as_ref()),
        );
        let (id, said, witness) = match tagged {
            Some(reference) => (reference.id, reference.region, Witness::Tag),
            None => (record.clone()?, None, Witness::Ec2),
        };
        // Only of the image that EC2 means it knows the region.
        let known = record_region.filter(|_| record.as_ref() == Some(&id));
        let region = tagged_region
            .or(said)
            .or(known)
            .unwrap_or_else(|| region.clone());
        Some((Located { id, region }, witness))
    }

    fn instance(&mut self) -> Option<Id> {
        let record = self.image.source_instance.clone();
        let tagged = self.read(SOURCE_INSTANCE, record.as_ref(), |text| {
            text.parse()
                .ok()
                .filter(|id: &Id| id.kind() == Kind::Instance)
        });
        self.compare(SOURCE_INSTANCE, tagged.as_ref(), record.as_ref());
        tagged.or(record)
    }

    fn created(&mut self) -> Option<Moment> {
        let record = self.image.created;
        let stamp = self.read(CREATE_TIMESTAMP, record.as_ref(), |text| {
            Moment::from_timestamp(text.parse().ok()?)
        });
        let date = self.read(CREATE_DATE, record.as_ref(), Moment::from_compact);
        let tag = if stamp.is_some() {
            CREATE_TIMESTAMP
        } else {
            CREATE_DATE
        };
        if let (Some(stamp), Some(date)) = (stamp, date)
            && stamp != date
        {
            self.note(CREATE_DATE, None, Counts::CreateTimestamp);
        }
        let tagged = stamp.or(date);
        if let (Some(tagged), Some(record)) = (tagged, record)
            && tagged.timestamp().abs_diff(record.timestamp()) > SAME_MOMENT
        {
            self.note(tag, Some(record.to_string()), Counts::Tag);
        }
        tagged.or(record)
    }

    /// Reads a tag. An empty value says nothing, which is no mistake; one that cannot be read is.
    fn read<T>(
        &mut self,
        tag: &'static str,
        record: Option<&impl fmt::Display>,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = self.image.tags.get(tag).filter(|value| !value.is_empty())?;
        let read = parse(value);
        if read.is_none() {
            self.note(tag, record.map(ToString::to_string), Counts::Ec2);
        }
        read
    }

    fn compare<T: PartialEq + fmt::Display>(
        &mut self,
        tag: &'static str,
        tagged: Option<&T>,
        record: Option<&T>,
    ) {
        if let (Some(tagged), Some(record)) = (tagged, record)
            && tagged != record
        {
            self.note(tag, Some(record.to_string()), Counts::Tag);
        }
    }

    /// Of the same image, a region within the tag itself may be another than EC2's.
    fn compare_said(&mut self, tagged: Option<&Reference>, record: Option<(&Id, &Region)>) {
        if let (Some(tagged), Some((id, region))) = (tagged, record)
            && tagged.id == *id
            && tagged.region.as_ref().is_some_and(|said| said != region)
        {
            self.note(SOURCE_IMAGE, Some(format!("{id}@{region}")), Counts::Tag);
        }
    }

    fn note(&mut self, tag: &'static str, ec2: Option<String>, counts: Counts) {
        let value = self.image.tags.get(tag).cloned().unwrap_or_default();
        self.differences.push(Difference {
            tag,
            value,
            ec2,
            counts,
        });
    }
}

#[cfg(test)]
mod tests;
