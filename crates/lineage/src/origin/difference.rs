//! Where tags and EC2's record, or tags among themselves, do not agree, and which of them counts.

use std::fmt;

use ami_core::escape::escape;
use ami_core::heritage::{Placed, Said, Source, Testimony, Witness};
use ami_core::reference::Reference;
use ami_core::region::Region;
use ami_core::tag::{CREATE_DATE, CREATE_TIMESTAMP, SOURCE_IMAGE, SOURCE_INSTANCE, SOURCE_REGION};
use ami_core::time::Moment;
use serde::{Serialize, Serializer};

/// Tag and record may differ by this much, in seconds, and still mean the same moment: a tag is
/// written before EC2 is asked, and what is further off is another time zone.
pub(super) const SAME_MOMENT: u64 = 30 * 60;

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
    /// What is wrong with the value, where that is not merely another than EC2's.
    #[serde(skip)]
    fault: Option<&'static str>,
}

/// What counts where two do not agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// The tag: it is the user's word.
    Tag,
    /// EC2's record, because the tag is not readable, or stands beside no tag that names a source.
    Ec2,
    /// EC2's record, because the tags were copied with the image from its source.
    Ec2OfCopy,
    /// The tag of that key, because it can be read or its meaning is the plainer one.
    OtherTag(&'static str),
    /// Nobody's word: the tag is not readable, and nobody else says it.
    Nothing,
}

impl Counts {
    fn word(self) -> &'static str {
        match self {
            Self::Tag => "tag",
            Self::Ec2 => "ec2",
            Self::Ec2OfCopy => "ec2_of_copy",
            Self::OtherTag(key) => key,
            Self::Nothing => "nothing",
        }
    }
}

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl Difference {
    /// Does the tag win over what EC2 says of the source?
    pub(crate) fn is_of_source(&self) -> bool {
        self.counts == Counts::Tag && [SOURCE_IMAGE, SOURCE_REGION].contains(&self.tag)
    }

    /// Is the tag one that nobody can read? Its owner will want to know.
    pub fn is_malformed(&self) -> bool {
        self.fault.is_some()
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (tag, value) = (self.tag, escape(&self.value));
        let ec2 = self.ec2.as_deref().map(escape);
        if let Some(fault) = self.fault {
            write!(f, "its tag {tag} is '{value}', which {fault}")?;
            return match (self.counts, ec2) {
                (Counts::Ec2, Some(ec2)) => write!(f, "; EC2's {ec2} counts"),
                (Counts::OtherTag(other), _) => write!(f, "; its tag {other} counts"),
                _ => Ok(()),
            };
        }
        write!(f, "its tag {tag} says {value}, ")?;
        if let Counts::OtherTag(other) = self.counts {
            let what = if tag == SOURCE_IMAGE {
                "region"
            } else {
                "moment"
            };
            return write!(
                f,
                "which is another {what} than its {other}; the latter counts"
            );
        }
        write!(f, "EC2 says {}; ", ec2.as_deref().unwrap_or("none"))?;
        f.write_str(match self.counts {
            Counts::Ec2 => "EC2's record counts, because no tag names the source image",
            Counts::Ec2OfCopy => {
                "its tags were copied with it from its source, so that EC2's record counts"
            }
            _ => "the tag counts",
        })
    }
}

/// All that does not agree about an image that lies in `home`.
pub(super) fn all(testimony: &Testimony<'_>, home: &Region) -> Vec<Difference> {
    let mut search = Search {
        testimony,
        source: testimony.source(),
        home,
        found: Vec::new(),
    };
    search.source_image();
    search.source_region();
    search.source_instance();
    search.created();
    search.found
}

struct Search<'a> {
    testimony: &'a Testimony<'a>,
    source: Option<Source>,
    home: &'a Region,
    found: Vec<Difference>,
}

impl Search<'_> {
    fn source_image(&mut self) {
        let testimony = self.testimony;
        let record = testimony.image.source_image.as_ref();
        self.unread(SOURCE_IMAGE, &testimony.source_image, record);
        let Some(tagged) = testimony.source_image.word() else {
            return;
        };
        if let Some(record) = record.filter(|record| **record != tagged.id) {
            self.note(SOURCE_IMAGE, Some(record.to_string()), self.own());
        }
        self.region_within(tagged);
    }

    /// A region within the tag itself may be another than its neighbour's or, of the same image, EC2's.
    fn region_within(&mut self, tagged: &Reference) {
        let (Some(within), Some(source)) = (&tagged.region, &self.source) else {
            return;
        };
        let image = self.testimony.image;
        match &source.place {
            Some((region, Placed::ByRegionTag)) if region != within => {
                self.note(SOURCE_IMAGE, None, Counts::OtherTag(SOURCE_REGION));
            }
            Some((_, Placed::ByImageTag)) if image.source_image.as_ref() == Some(&tagged.id) => {
                let other = image.source_region.as_ref();
                if let Some(other) = other.filter(|other| *other != within) {
                    let ec2 = format!("{}@{other}", tagged.id);
                    self.note(SOURCE_IMAGE, Some(ec2), Counts::Tag);
                }
            }
            _ => {}
        }
    }

    fn source_region(&mut self) {
        let testimony = self.testimony;
        match &testimony.source_region {
            Said::Word(region) => self.region(region),
            Said::Rubbish => self.unread_region(),
            Said::Nothing | Said::Itself => {}
        }
    }

    /// Notes a region that is another than EC2's. Beside no tag that names a source it does not count.
    fn region(&mut self, region: &Region) {
        let testimony = self.testimony;
        let record = testimony.image.source_region.as_ref();
        let lies = record.or(Some(self.home));
        let (other, counts) = match self.source.as_ref().map(|source| source.by) {
            Some(Witness::Tag) => (record, Counts::Tag),
            Some(Witness::Ec2) if testimony.are_copied() => (lies, Counts::Ec2OfCopy),
            Some(Witness::Ec2) => (lies, Counts::Ec2),
            None => return,
        };
        if other.is_some_and(|other| other != region) {
            self.note(SOURCE_REGION, record.map(ToString::to_string), counts);
        }
    }

    /// Notes a region that cannot be read. What EC2 knows of another image cannot stand for it.
    fn unread_region(&mut self) {
        let place = self
            .source
            .as_ref()
            .and_then(|source| source.place.as_ref());
        let (ec2, counts) = match place {
            Some((region, Placed::ByEc2)) => (Some(region.to_string()), Counts::Ec2),
            Some(_) => (None, Counts::OtherTag(SOURCE_IMAGE)),
            None => (None, Counts::Nothing),
        };
        self.fault(SOURCE_REGION, UNREADABLE, ec2, counts);
    }

    fn source_instance(&mut self) {
        let testimony = self.testimony;
        let record = testimony.image.source_instance.as_ref();
        self.unread(SOURCE_INSTANCE, &testimony.source_instance, record);
        let Some(tagged) = testimony.source_instance.word() else {
            return;
        };
        if testimony.are_copied() || record.is_some_and(|record| record != tagged) {
            let ec2 = record.map(ToString::to_string);
            self.note(SOURCE_INSTANCE, ec2, self.own());
        }
    }

    fn created(&mut self) {
        let testimony = self.testimony;
        let (stamp, date) = (&testimony.create_timestamp, &testimony.create_date);
        self.unread_moment(CREATE_TIMESTAMP, stamp, (CREATE_DATE, date));
        self.unread_moment(CREATE_DATE, date, (CREATE_TIMESTAMP, stamp));
        let (stamp, date) = (stamp.word(), date.word());
        let is_own = !testimony.are_copied();
        if is_own && stamp.is_some() && date.is_some() && stamp != date {
            self.note(CREATE_DATE, None, Counts::OtherTag(CREATE_TIMESTAMP));
        }
        let stamp = stamp.map(|stamp| (CREATE_TIMESTAMP, stamp));
        let tagged = stamp.or(date.map(|date| (CREATE_DATE, date)));
        if let (Some((tag, tagged)), Some(record)) = (tagged, testimony.image.created)
            && is_another(*tagged, record)
        {
            self.note(tag, Some(record.to_string()), self.own());
        }
    }

    /// What counts where a tag says something else than EC2.
    fn own(&self) -> Counts {
        match self.testimony.are_copied() {
            true => Counts::Ec2OfCopy,
            false => Counts::Tag,
        }
    }

    /// Notes a moment that cannot be read, for which the other of the two tags may stand.
    fn unread_moment(
        &mut self,
        tag: &'static str,
        said: &Said<Moment>,
        (key, other): (&'static str, &Said<Moment>),
    ) {
        let record = self.testimony.image.created;
        match other {
            Said::Word(_) if *said == Said::Rubbish && !self.testimony.are_copied() => {
                let ec2 = record.map(|record| record.to_string());
                self.fault(tag, UNREADABLE, ec2, Counts::OtherTag(key));
            }
            _ => self.unread(tag, said, record.as_ref()),
        }
    }

    /// Notes a tag that cannot be read, or cannot be true, for which only EC2's record can stand.
    fn unread<T>(&mut self, tag: &'static str, said: &Said<T>, record: Option<&impl fmt::Display>) {
        let fault = match said {
            Said::Rubbish => UNREADABLE,
            Said::Itself => "is the image itself",
            Said::Nothing | Said::Word(_) => return,
        };
        let counts = match record {
            Some(_) => Counts::Ec2,
            None => Counts::Nothing,
        };
        self.fault(tag, fault, record.map(ToString::to_string), counts);
    }

    fn fault(
        &mut self,
        tag: &'static str,
        fault: &'static str,
        ec2: Option<String>,
        counts: Counts,
    ) {
        self.note(tag, ec2, counts);
        if let Some(note) = self.found.last_mut() {
            note.fault = Some(fault);
        }
    }

    fn note(&mut self, tag: &'static str, ec2: Option<String>, counts: Counts) {
        let value = self.testimony.image.tags.get(tag);
        self.found.push(Difference {
            tag,
            value: value.cloned().unwrap_or_default(),
            ec2,
            counts,
            fault: None,
        });
    }
}

/// What is wrong with a tag in any other form than its own.
const UNREADABLE: &str = "cannot be read";

fn is_another(tagged: Moment, record: Moment) -> bool {
    tagged.timestamp().abs_diff(record.timestamp()) > SAME_MOMENT
}
