//! Whose word counts, tag by tag.

use super::{Placed, Said, Testimony, Witness};
use crate::image::Image;
use crate::resource::State;
use crate::time::Moment;

const OWN: &str = "ami-00000001";

/// An image with tags that EC2 says was made from `source`, as ID or ID@REGION, of `i-0000000e`.
fn image(source: &str, tags: &[(&str, &str)]) -> Image {
    let (source, region) = source.split_once('@').unwrap_or((source, ""));
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    Image {
        created: Moment::from_timestamp(1_315_611_360),
        source_image: source.parse().ok(),
        source_region: region.parse().ok(),
        source_instance: "i-0000000e".parse().ok(),
        tags: tags.iter().map(owned).collect(),
        ..Image::bare(OWN.parse().expect("id"), State::new("available"))
    }
}

/// The source as ID@REGION or ID, and who says either.
fn source(record: &str, tags: &[(&str, &str)]) -> Option<(String, Witness, Option<Placed>)> {
    let image = image(record, tags);
    let source = Testimony::of(&image).source()?;
    let (region, placed) = source.place.unzip();
    let region = region.map(|region| format!("@{region}"));
    let text = format!("{}{}", source.id, region.unwrap_or_default());
    Some((text, source.by, placed))
}

#[test]
fn an_image_and_its_region_are_taken_from_the_same_witness() {
    use Placed::{ByEc2, ByImageTag, ByRegionTag};
    use Witness::{Ec2, Tag};
    let recorded = "ami-0000000e@eu-west-1";
    let (id, place) = ("source_image", "source_region");
    let (other, lone) = ((id, "ami-0000000a"), (place, "us-west-2"));
    for (record, tags, text, by, placed) in [
        (recorded, vec![], recorded, Ec2, Some(ByEc2)),
        (recorded, vec![lone], recorded, Ec2, Some(ByEc2)),
        (recorded, vec![(id, ""), lone], recorded, Ec2, Some(ByEc2)),
        (
            recorded,
            vec![(id, "web"), lone],
            recorded,
            Ec2,
            Some(ByEc2),
        ),
        (recorded, vec![(id, OWN), lone], recorded, Ec2, Some(ByEc2)),
        ("ami-0000000e", vec![lone], "ami-0000000e", Ec2, None),
        (recorded, vec![other], other.1, Tag, None),
        (recorded, vec![other, (place, "mars")], other.1, Tag, None),
        (
            recorded,
            vec![other, lone],
            "ami-0000000a@us-west-2",
            Tag,
            Some(ByRegionTag),
        ),
        (
            recorded,
            vec![(id, "ami-0000000e"), (place, "mars")],
            recorded,
            Tag,
            Some(ByEc2),
        ),
        (
            recorded,
            vec![(id, "ami-0000000a@sa-east-1"), (place, "mars")],
            "ami-0000000a@sa-east-1",
            Tag,
            Some(ByImageTag),
        ),
        (
            recorded,
            vec![(id, "ami-0000000a@sa-east-1"), lone],
            "ami-0000000a@us-west-2",
            Tag,
            Some(ByRegionTag),
        ),
    ] {
        let expected = Some((text.to_owned(), by, placed));
        assert_eq!(source(record, &tags), expected, "{record} {tags:?}");
    }
    for tags in [vec![lone], vec![(id, "web"), lone], vec![(id, OWN), lone]] {
        assert_eq!(source("", &tags), None, "{tags:?}");
    }
}

#[test]
fn no_image_is_its_own_source_wherever_it_is_said_to_lie() {
    for value in [OWN, "ami-00000001@eu-west-1"] {
        let image = image("", &[("source_image", value)]);
        assert_eq!(Testimony::of(&image).source_image, Said::Itself, "{value}");
    }
}

#[test]
fn an_instance_is_the_tag_s_where_it_names_one() {
    for (value, expected) in [
        ("", "i-0000000e"),
        ("ami-0000000a", "i-0000000e"),
        ("i-0000000a", "i-0000000a"),
    ] {
        let image = image("", &[("source_instance", value)]);
        let testimony = Testimony::of(&image);
        let instance = testimony.instance().map(ToString::to_string);
        assert_eq!(instance.as_deref(), Some(expected), "{value}");
    }
}

#[test]
fn moments_are_read_as_they_are_written() {
    let (stamp, date, ec2) = ("create_timestamp", "create_date", 1_315_611_360);
    for (key, value, expected) in [
        (stamp, "0", 0),
        (stamp, "253402300799", 253_402_300_799),
        (stamp, "253402300800", ec2),
        (stamp, "-1", ec2),
        (stamp, "+5", ec2),
        (date, "19700101T000000Z", 0),
        (date, "19691231T235959Z", ec2),
        (date, "+1970101T000000Z", ec2),
    ] {
        let image = image("", &[(key, value)]);
        let created = Testimony::of(&image).created();
        assert_eq!(created.map(Moment::timestamp), Some(expected), "{value}");
    }
    let both = [(stamp, "5"), (date, "19700101T000000Z")];
    let image = image("", &both);
    let created = Testimony::of(&image).created();
    assert_eq!(created.map(Moment::timestamp), Some(5));
}

#[test]
fn tags_that_were_copied_with_an_image_are_not_about_it() {
    let recorded = "ami-0000000e@eu-west-1";
    let (run, source) = (("ami_tools_run", "1"), ("source_image", "ami-0000000a"));
    let inherited = [
        run,
        source,
        ("source_region", "us-west-2"),
        ("source_instance", "i-0000000a"),
        ("create_timestamp", "5"),
        ("create_date", "19700101T000005Z"),
    ];
    let mut copy = image(recorded, &inherited);
    copy.source_instance = None;
    let testimony = Testimony::of(&copy);
    assert!(testimony.are_copied());
    let found = testimony.source().expect("a source");
    assert_eq!(
        (&*found.id.to_string(), found.by),
        ("ami-0000000e", Witness::Ec2)
    );
    let eu = "eu-west-1".parse().expect("a region");
    assert_eq!(found.place, Some((eu, Placed::ByEc2)));
    assert_eq!(testimony.instance(), None);
    assert_eq!(testimony.created(), copy.created);
}

#[test]
fn tags_are_taken_for_copied_only_where_all_speaks_for_it() {
    let (run, source) = (("ami_tools_run", "1"), ("source_image", "ami-0000000a"));
    for (record, instance, tags, expected) in [
        ("ami-0000000e", "", vec![run, source], true),
        // It is no copy, EC2 knows nothing of it, or no tool here has made its source.
        ("ami-0000000e", "i-0000000e", vec![run, source], false),
        ("", "", vec![run, source], false),
        ("ami-0000000e", "", vec![source], false),
        (
            "ami-0000000e",
            "",
            vec![("ami_tools_run", ""), source],
            false,
        ),
        // The tags say the same as EC2, or nothing.
        ("ami-0000000a", "", vec![run, source], false),
        ("ami-0000000e", "", vec![run], false),
        (
            "ami-0000000e",
            "",
            vec![run, ("source_image", "web")],
            false,
        ),
    ] {
        let mut image = image(record, &tags);
        image.source_instance = instance.parse().ok();
        let are_copied = Testimony::of(&image).are_copied();
        assert_eq!(are_copied, expected, "{record} {instance} {tags:?}");
    }
}
