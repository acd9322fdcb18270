//! Whose word counts, and what is said where words differ.

use std::collections::BTreeMap;

use super::difference::SAME_MOMENT;
use super::{Counts, Origin, Witness};
use ami_core::image::Image;
use ami_core::region::Region;
use ami_core::resource::State;
use ami_core::time::Moment;

/// When EC2 says that the image was made.
const CREATED: i64 = 1_366_049_905;

fn region(text: &str) -> Region {
    text.parse().expect("a region")
}

/// An image with tags, and with a parent on EC2's record: an ID, or ID@REGION.
fn image(record: &str, tags: &[(&str, &str)]) -> Image {
    let (id, place) = record.split_once('@').unwrap_or((record, ""));
    let tags = tags.iter();
    Image {
        created: Moment::from_timestamp(CREATED),
        source_image: id.parse().ok(),
        source_region: place.parse().ok(),
        source_instance: "i-0000000e".parse().ok(),
        tags: tags
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect::<BTreeMap<_, _>>(),
        ..Image::bare(
            "ami-00000001".parse().expect("an ID"),
            State::new("available"),
        )
    }
}

fn origin(record: &str, tags: &[(&str, &str)]) -> Origin {
    Origin::of(&image(record, tags), &region("us-east-1"))
}

fn parent(record: &str, tags: &[(&str, &str)]) -> Option<String> {
    origin(record, tags).parent.map(|parent| parent.to_string())
}

/// The differences in short: key, what EC2 says, what counts.
fn differences(record: &str, tags: &[(&str, &str)]) -> Vec<(&'static str, String, Counts)> {
    let differences = origin(record, tags).differences.into_iter();
    differences
        .map(|one| (one.tag, one.ec2.unwrap_or_default(), one.counts))
        .collect()
}

#[test]
fn the_parent_is_the_tag_s_or_else_ec2_s() {
    let (source, place) = ("source_image", "source_region");
    for (record, tags, expected) in [
        ("", &[][..], None),
        ("ami-0000000e", &[], Some("ami-0000000e@us-east-1")),
        (
            "ami-0000000e@eu-west-1",
            &[],
            Some("ami-0000000e@eu-west-1"),
        ),
        (
            "",
            &[(source, "ami-0000000a")],
            Some("ami-0000000a@us-east-1"),
        ),
        (
            "",
            &[(source, "ami-0000000a"), (place, "eu-west-1")],
            Some("ami-0000000a@eu-west-1"),
        ),
        (
            "",
            &[(source, "ami-0000000a@sa-east-1")],
            Some("ami-0000000a@sa-east-1"),
        ),
        // Of the image that it means itself EC2 knows the region, of another it does not.
        (
            "ami-0000000e@eu-west-1",
            &[(source, "ami-0000000e")],
            Some("ami-0000000e@eu-west-1"),
        ),
        (
            "ami-0000000e@eu-west-1",
            &[(source, "ami-0000000a")],
            Some("ami-0000000a@us-east-1"),
        ),
        // A region alone names no parent.
        ("", &[(place, "eu-west-1")], None),
        ("", &[(source, ""), (place, "eu-west-1")], None),
        ("", &[(source, "web")], None),
        (
            "ami-0000000e",
            &[(source, "web")],
            Some("ami-0000000e@us-east-1"),
        ),
        (
            "ami-0000000e",
            &[(source, "")],
            Some("ami-0000000e@us-east-1"),
        ),
    ] {
        assert_eq!(
            parent(record, tags).as_deref(),
            expected,
            "{record} {tags:?}"
        );
    }
}

#[test]
fn who_says_the_parent_and_whether_ec2_has_recorded_the_same() {
    let said = |record: &str, tags: &[(&str, &str)]| {
        let origin = origin(record, tags);
        (origin.witness, origin.is_recorded)
    };
    let tag = [("source_image", "ami-0000000a")];
    assert_eq!(said("", &[]), (None, false));
    assert_eq!(said("ami-0000000a", &[]), (Some(Witness::Ec2), true));
    assert_eq!(said("", &tag), (Some(Witness::Tag), false));
    assert_eq!(said("ami-0000000a", &tag), (Some(Witness::Tag), true));
    assert_eq!(said("ami-0000000e", &tag), (Some(Witness::Tag), false));
}

#[test]
fn tags_that_say_something_else_than_ec2_are_differences_and_count() {
    for (key, value, ec2) in [
        ("source_image", "ami-0000000a", "ami-0000000e"),
        (
            "source_image",
            "ami-0000000e@sa-east-1",
            "ami-0000000e@eu-west-1",
        ),
        ("source_instance", "i-0000000a", "i-0000000e"),
        ("create_timestamp", "1000000000", "2013-04-15T18:18:25Z"),
        ("create_date", "20110909T233600Z", "2013-04-15T18:18:25Z"),
    ] {
        assert_eq!(
            differences("ami-0000000e@eu-west-1", &[(key, value)]),
            [(key, ec2.to_owned(), Counts::Tag)],
        );
        assert!(differences("ami-0000000e@eu-west-1", &[(key, "")]).is_empty());
    }
}

/// The differences in words, of which the first is all there is.
fn only_words(record: &str, tags: &[(&str, &str)]) -> String {
    let differences = origin(record, tags).differences;
    assert_eq!(differences.len(), 1, "{record} {tags:?}: {differences:?}");
    differences[0].to_string()
}

#[test]
fn a_region_beside_no_source_image_is_a_difference_and_does_not_count() {
    let (recorded, lone) = ("ami-0000000e@eu-west-1", ("source_region", "us-west-2"));
    assert_eq!(parent(recorded, &[lone]).as_deref(), Some(recorded));
    assert_eq!(
        differences(recorded, &[lone]),
        [("source_region", "eu-west-1".to_owned(), Counts::Ec2)]
    );
    assert_eq!(
        only_words(recorded, &[lone]),
        "its tag source_region says us-west-2, EC2 says eu-west-1; EC2's record counts, because no \
         tag names the source image"
    );
    assert!(!origin(recorded, &[lone]).differences[0].is_malformed());
    let unread = [("source_image", "web"), lone];
    assert_eq!(parent(recorded, &unread).as_deref(), Some(recorded));
    assert_eq!(differences(recorded, &unread).len(), 2);
    // EC2's region, and the image's own where EC2 says none.
    for (record, region) in [(recorded, "eu-west-1"), ("ami-0000000e", "us-east-1")] {
        assert!(differences(record, &[("source_region", region)]).is_empty());
    }
    assert_eq!(differences("ami-0000000e", &[lone]).len(), 1);
    assert!(differences("", &[lone]).is_empty());
}

#[test]
fn a_region_that_cannot_be_read_is_replaced_only_by_one_of_the_same_source() {
    let mars = ("source_region", "mars");
    let unread = "its tag source_region is 'mars', which cannot be read";
    for (id, place, ec2, rest) in [
        ("ami-0000000a", "ami-0000000a@us-east-1", "", ""),
        (
            "ami-0000000a@sa-east-1",
            "ami-0000000a@sa-east-1",
            "",
            "; its tag source_image counts",
        ),
        (
            "ami-0000000e",
            "ami-0000000e@eu-west-1",
            "eu-west-1",
            "; EC2's eu-west-1 counts",
        ),
    ] {
        let tags = [("source_image", id), mars];
        let origin = origin("ami-0000000e@eu-west-1", &tags);
        assert_eq!(
            origin.parent.map(|at| at.to_string()).as_deref(),
            Some(place)
        );
        let last = origin.differences.last().expect("a difference");
        assert_eq!(last.to_string(), format!("{unread}{rest}"));
        assert_eq!(last.ec2.as_deref().unwrap_or_default(), ec2);
        assert_eq!(last.counts == Counts::Ec2, !ec2.is_empty());
    }
}

#[test]
fn of_two_regions_that_tags_say_the_tag_of_its_own_counts() {
    let tags = [
        ("source_image", "ami-0000000a@us-west-1"),
        ("source_region", "eu-west-1"),
    ];
    assert_eq!(parent("", &tags).as_deref(), Some("ami-0000000a@eu-west-1"));
    assert_eq!(
        only_words("", &tags),
        "its tag source_image says ami-0000000a@us-west-1, which is another region than its \
         source_region; the latter counts"
    );
}

#[test]
fn an_image_that_is_tagged_as_its_own_source_has_ec2_s() {
    let own = [("source_image", "ami-00000001")];
    let said = "its tag source_image is 'ami-00000001', which is the image itself";
    assert_eq!(parent("", &own), None);
    assert_eq!(only_words("", &own), said);
    assert_eq!(
        parent("ami-0000000e", &own).as_deref(),
        Some("ami-0000000e@us-east-1")
    );
    assert_eq!(
        only_words("ami-0000000e", &own),
        format!("{said}; EC2's ami-0000000e counts")
    );
    assert!(origin("", &own).differences[0].is_malformed());
}

#[test]
fn of_a_copy_that_bears_its_source_s_tags_ec2_s_record_counts() {
    let tags = [
        ("ami_tools_run", "1"),
        ("source_image", "ami-0000000a"),
        ("source_region", "us-west-2"),
        ("source_instance", "i-0000000a"),
        ("create_timestamp", "1000000000"),
        ("create_date", "20010909T014640Z"),
    ];
    let mut copy = image("ami-0000000e@eu-west-1", &tags);
    copy.source_instance = None;
    let origin = Origin::of(&copy, &region("us-east-1"));
    let parent = origin.parent.map(|parent| parent.to_string());
    assert_eq!(parent.as_deref(), Some("ami-0000000e@eu-west-1"));
    assert_eq!(origin.witness, Some(Witness::Ec2));
    assert!(origin.is_recorded);
    assert_eq!(origin.source_instance, None);
    assert_eq!(origin.created, copy.created);
    let notes = origin.differences.iter();
    let keys: Vec<_> = notes.map(|note| (note.tag, note.counts)).collect();
    let of_copy = |tag| (tag, Counts::Ec2OfCopy);
    assert_eq!(
        keys,
        [
            "source_image",
            "source_region",
            "source_instance",
            "create_timestamp"
        ]
        .map(of_copy)
    );
    let rest = "its tags were copied with it from its source, so that EC2's record counts";
    assert_eq!(
        origin.differences[0].to_string(),
        format!("its tag source_image says ami-0000000a, EC2 says ami-0000000e; {rest}")
    );
    assert_eq!(
        origin.differences[2].to_string(),
        format!("its tag source_instance says i-0000000a, EC2 says none; {rest}")
    );
    assert!(
        !origin
            .differences
            .iter()
            .any(|note| note.is_malformed() || note.is_of_source())
    );
}

#[test]
fn a_tag_may_be_as_far_from_ec2_s_moment_as_a_call_can_take() {
    let reach = i64::try_from(SAME_MOMENT).expect("seconds");
    for (away, is_same) in [
        (0, true),
        (-reach, true),
        (reach, true),
        (-reach - 1, false),
    ] {
        let stamp = (CREATED + away).to_string();
        let origin = origin("", &[("create_timestamp", &stamp)]);
        assert_eq!(origin.differences.is_empty(), is_same, "{away}");
        assert_eq!(origin.created, Moment::from_timestamp(CREATED + away));
    }
}

#[test]
fn of_two_tags_for_the_moment_the_plainer_counts() {
    let tags = [
        ("create_timestamp", "1366049905"),
        ("create_date", "20130416T181825Z"),
    ];
    assert_eq!(
        differences("", &tags),
        [(
            "create_date",
            String::new(),
            Counts::OtherTag("create_timestamp")
        )]
    );
    let unread = [
        ("create_timestamp", "x"),
        ("create_date", "20130415T181825Z"),
    ];
    let origin = origin("", &unread);
    assert_eq!(origin.created, Moment::from_timestamp(CREATED));
    assert_eq!(origin.differences.len(), 1);
    assert!(origin.differences[0].is_malformed());
    assert_eq!(
        origin.differences[0].to_string(),
        "its tag create_timestamp is 'x', which cannot be read; its tag create_date counts"
    );
}

#[test]
fn differences_read_as_sentences_in_which_nothing_obeys() {
    let said = |record: &str, tag: (&str, &str)| {
        let origin = origin(record, &[tag]);
        origin.differences.first().map(ToString::to_string)
    };
    assert_eq!(
        said("ami-0000000e", ("source_image", "ami-0000000a")).as_deref(),
        Some("its tag source_image says ami-0000000a, EC2 says ami-0000000e; the tag counts")
    );
    assert_eq!(
        said("ami-0000000e", ("source_image", "a\u{1b}\nb")).as_deref(),
        Some(
            "its tag source_image is 'a\\u{1b}\\nb', which cannot be read; EC2's ami-0000000e \
             counts"
        )
    );
    assert_eq!(
        said("", ("source_region", "Mars")).as_deref(),
        Some("its tag source_region is 'Mars', which cannot be read")
    );
}
