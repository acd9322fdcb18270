//! Whose word counts, tag by tag.

use std::collections::BTreeMap;

use ami_core::image::Image;
use ami_core::resource::State;
use ami_core::time::Moment;

use super::{filled, stale_region};
use crate::request::Given;

const OWN: &str = "ami-00000001";

/// An image that EC2 says was made from `source`, as ID or ID@REGION, on 2011-09-09.
fn image(source: &str, tags: &[(&str, &str)]) -> Image {
    let (source, region) = source.split_once('@').unwrap_or((source, ""));
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    Image {
        created: Moment::from_timestamp(1_315_611_360),
        source_image: source.parse().ok(),
        source_region: region.parse().ok(),
        tags: tags.iter().map(owned).collect(),
        ..Image::bare(OWN.parse().expect("id"), State::new("available"))
    }
}

fn given(source: &str, region: &str) -> Given {
    Given {
        source_image: source.parse().ok(),
        source_region: region.parse().ok(),
        ..Given::default()
    }
}

fn values(given: &Given, image: &Image) -> BTreeMap<String, String> {
    let tags = filled(given, image).expect("a time").into_iter();
    tags.map(|tag| (tag.key, tag.value)).collect()
}

/// The source image and its region, `-` for none.
fn source(given: &Given, image: &Image) -> String {
    let values = values(given, image);
    let value = |key: &str| values.get(key).map_or("-", String::as_str);
    format!("{} {}", value("source_image"), value("source_region"))
}

#[test]
fn the_region_is_that_of_who_names_the_source() {
    let (image_tag, region_tag) = ("source_image", "source_region");
    let none = Given::default();
    for (record, tags, expected) in [
        ("ami-000000ec@eu-west-1", vec![], "ami-000000ec eu-west-1"),
        ("ami-000000ec", vec![], "ami-000000ec -"),
        ("", vec![], "- -"),
        (
            "ami-000000ec@eu-west-1",
            vec![(image_tag, "ami-000000aa")],
            "ami-000000aa -",
        ),
        (
            "ami-000000ec@eu-west-1",
            vec![(image_tag, "ami-000000ec")],
            "ami-000000ec eu-west-1",
        ),
        (
            "ami-000000ec@eu-west-1",
            vec![(image_tag, "ami-000000ec"), (region_tag, "us-west-2")],
            "ami-000000ec us-west-2",
        ),
        (
            "ami-000000ec@eu-west-1",
            vec![(image_tag, "ami-000000ec"), (region_tag, "mars")],
            "ami-000000ec eu-west-1",
        ),
        (
            "",
            vec![(image_tag, "ami-000000aa@us-west-1")],
            "ami-000000aa@us-west-1 us-west-1",
        ),
        (
            "ami-000000ec@eu-west-1",
            vec![(region_tag, "us-west-2")],
            "ami-000000ec eu-west-1",
        ),
        (
            "ami-000000ec@eu-west-1",
            vec![(image_tag, "web"), (region_tag, "us-west-2")],
            "ami-000000ec eu-west-1",
        ),
        ("ami-000000ec", vec![(region_tag, "us-west-2")], "- -"),
        (
            "ami-000000ec@eu-west-1",
            vec![(image_tag, OWN)],
            "ami-000000ec eu-west-1",
        ),
    ] {
        assert_eq!(
            source(&none, &image(record, &tags)),
            expected,
            "{record} {tags:?}"
        );
    }
}

#[test]
fn what_is_given_wins() {
    let tagged = [
        ("source_image", "ami-000000aa"),
        ("source_region", "us-west-2"),
    ];
    let known = image("ami-000000ec@eu-west-1", &tagged);
    for (image, region, expected) in [
        ("ami-000000bb", "sa-east-1", "ami-000000bb sa-east-1"),
        ("ami-000000bb", "", "ami-000000bb -"),
        ("ami-000000aa", "", "ami-000000aa us-west-2"),
        ("ami-000000ec", "", "ami-000000ec eu-west-1"),
        ("", "sa-east-1", "ami-000000aa sa-east-1"),
    ] {
        assert_eq!(source(&given(image, region), &known), expected);
    }
}

#[test]
fn a_region_that_goes_stale_is_known() {
    let tagged = [
        ("source_image", "ami-000000aa"),
        ("source_region", "us-west-2"),
    ];
    let known = image("", &tagged);
    for (source, region, stale) in [
        ("ami-000000bb", "", Some("us-west-2")),
        ("ami-000000bb", "sa-east-1", None),
        ("ami-000000aa", "", None),
        ("", "sa-east-1", None),
    ] {
        let tags = super::given(&given(source, region));
        assert_eq!(stale_region(&tags, &known), stale, "{source} {region}");
    }
    let tags = super::given(&given("ami-000000bb", ""));
    assert_eq!(stale_region(&tags, &image("", &[])), None);
}

#[test]
fn an_incomplete_or_contradictory_time_is_settled() {
    let (stamp, date) = ("create_timestamp", "create_date");
    let ec2 = "20110909T233600Z 1315611360";
    let leap = "20120229T000000Z 1330473600";
    for (tags, expected) in [
        (vec![], ec2),
        (vec![(stamp, "1330473600")], leap),
        (vec![(date, "20120229T000000Z")], leap),
        (
            vec![(stamp, "1330473600"), (date, "20110909T233600Z")],
            leap,
        ),
        (vec![(stamp, "soon"), (date, "20120229T000000Z")], leap),
        (
            vec![(stamp, "1330473600000"), (date, "20110931T000000Z")],
            ec2,
        ),
        (vec![(stamp, ""), (date, "")], ec2),
    ] {
        let values = values(&Given::default(), &image("", &tags));
        let pair = format!("{} {}", values[date], values[stamp]);
        assert_eq!(pair, expected, "{tags:?}");
    }
}

#[test]
fn a_time_that_nobody_knows_is_an_error() {
    let mut unknown = image("", &[("create_timestamp", "soon")]);
    unknown.created = None;
    let error = filled(&Given::default(), &unknown).expect_err("no time");
    assert!(error.to_string().contains("nobody knows when"), "{error}");
    let given = Given {
        created: Moment::from_timestamp(0),
        ..Given::default()
    };
    assert_eq!(values(&given, &unknown)["create_date"], "19700101T000000Z");
}

#[test]
fn an_instance_that_cannot_be_read_is_replaced() {
    for (tag, expected) in [
        ("i-000000aa", "i-000000aa"),
        ("web", "i-000000ec"),
        ("ami-000000aa", "i-000000ec"),
    ] {
        let mut known = image("", &[("source_instance", tag)]);
        known.source_instance = "i-000000ec".parse().ok();
        assert_eq!(
            values(&Given::default(), &known)["source_instance"],
            expected
        );
    }
}

#[test]
fn tags_that_came_with_a_copy_are_replaced_or_emptied() {
    let inherited = [
        ("ami_tools_run", "1"),
        ("source_image", "ami-000000aa"),
        ("source_region", "us-west-2"),
        ("source_instance", "i-000000aa"),
        ("source_snapshot", "snap-000000aa"),
        ("create_timestamp", "1330473600"),
    ];
    let time = [
        ("create_date", "20110909T233600Z"),
        ("create_timestamp", "1315611360"),
    ];
    for (record, given, source_image, region) in [
        (
            "ami-000000ec@eu-west-1",
            given("", ""),
            "ami-000000ec",
            "eu-west-1",
        ),
        ("ami-000000ec", given("", ""), "ami-000000ec", ""),
        (
            "ami-000000ec@eu-west-1",
            given("ami-000000bb", ""),
            "ami-000000bb",
            "",
        ),
    ] {
        let copy = image(record, &inherited);
        let mut expected = BTreeMap::from(time);
        expected.extend([
            ("ami_tools_run", ""),
            ("source_image", source_image),
            ("source_instance", ""),
            ("source_region", region),
            ("source_snapshot", ""),
        ]);
        let values = values(&given, &copy);
        let values = values.iter().map(|(key, value)| (&**key, &**value));
        assert_eq!(values.collect::<BTreeMap<_, _>>(), expected);
    }
}
