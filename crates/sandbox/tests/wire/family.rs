//! A planted family, read down its tags as a client must.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use ami_sandbox::{Family, Image, Sandbox};

use crate::client::{As, call, ec2, sandbox};

const REGIONS: [&str; 3] = ["us-east-1", "us-west-2", "eu-west-1"];

fn images(sandbox: &Sandbox) -> HashMap<String, Image> {
    let all = REGIONS.iter().flat_map(|region| sandbox.images(region));
    all.map(|image| (image.id.clone(), image)).collect()
}

/// The names from an image to its root, and the regions that the tags give for all but the first.
fn line(images: &HashMap<String, Image>, first: &str) -> Vec<(String, String)> {
    let mut line = vec![(images[first].name.clone(), String::new())];
    let mut image = &images[first];
    while let Some(source) = image.tags.get("source_image") {
        let region = image.tags["source_region"].clone();
        image = &images[source];
        line.push((image.name.clone(), region));
    }
    line
}

#[test]
fn the_line_crosses_regions_at_every_step() {
    let sandbox = sandbox();
    let family = sandbox.family(1200);
    let images = images(&sandbox);
    assert_eq!(images.len(), 1200);
    assert_eq!(
        (&*family.root_region, &*family.deepest_region),
        ("us-east-1", "us-west-2")
    );
    let ancestors = line(&images, &family.deepest);
    let expected = (0..1000)
        .rev()
        .map(|n| (format!("family-{n}"), REGIONS[n % 3].to_owned()));
    assert_eq!(ancestors[0].0, "family-1000");
    assert!(ancestors[1..].iter().cloned().eq(expected));
    assert_eq!(images[&family.root].name, "family-0");
    let deepest = images.keys().map(|id| line(&images, id).len()).max();
    assert_eq!(deepest, Some(1001));
    assert_eq!(sandbox.images("eu-west-1").len(), 400);
}

#[test]
fn a_member_has_its_tags_and_no_record() {
    let sandbox = sandbox();
    let Family { root, deepest, .. } = sandbox.family(3);
    let images = images(&sandbox);
    let keys = |id: &str| images[id].tags.keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&root), ["create_date", "create_timestamp"]);
    let all = [
        "create_date",
        "create_timestamp",
        "source_image",
        "source_instance",
        "source_region",
    ];
    assert_eq!(keys(&deepest), all);
    let (first, last) = (&images[&root], &images[&deepest]);
    assert_eq!(first.tags["create_date"], "20110909T233600Z");
    assert_eq!(first.tags["create_timestamp"], "1315611360");
    assert_eq!(last.created - first.created, time::Duration::minutes(2));
    assert_eq!(last.tags["create_timestamp"], "1315611480");
    assert!(last.tags["source_instance"].starts_with("i-"));
    assert_eq!((&last.source_image, &last.source_region), (&None, &None));
    let who = As {
        region: "eu-west-1",
        ..As::default()
    };
    let ancestry = call(&sandbox, who, "GetImageAncestry", &[("ImageId", &deepest)]).unwrap();
    assert_eq!(ancestry.all("imageId"), [&*deepest]);
}

#[test]
fn the_smallest_family_is_its_root() {
    let sandbox = sandbox();
    let family = sandbox.family(1);
    assert_eq!(family.root, family.deepest);
    let shown = ec2(&sandbox, "DescribeImages", &[("Owner.1", "self")]);
    assert_eq!(shown.all("imageId"), [&*family.root]);
    assert_eq!(shown.text("imageState"), "available");
}

#[test]
fn the_program_announces_the_ends() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_ami-sandbox"))
        .args(["--family", "5"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let lines: Vec<String> = lines
        .map(Result::unwrap)
        .take_while(|line| line != "READY")
        .collect();
    drop(program.stdin.take());
    assert!(program.wait().unwrap().success());
    let said = |name: &str| {
        let value = lines.iter().find_map(|line| line.strip_prefix(name));
        value.unwrap_or_default().to_owned()
    };
    assert!(said("FAMILY_ROOT=").starts_with("ami-"), "{lines:?}");
    assert!(said("FAMILY_DEEPEST=").starts_with("ami-"), "{lines:?}");
    assert_ne!(said("FAMILY_ROOT="), said("FAMILY_DEEPEST="));
    let regions = ["FAMILY_ROOT_REGION=", "FAMILY_DEEPEST_REGION="].map(said);
    assert_eq!(regions, ["us-east-1", "us-west-2"]);
}
