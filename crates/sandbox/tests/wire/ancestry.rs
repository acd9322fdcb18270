//! GetImageAncestry: how far it leads, through what, and where it ends.

use ami_sandbox::{Image, Sandbox};

use crate::client::{Answer, As, REGION, call, ec2, sandbox};

const OTHER: &str = "eu-west-1";
const STRANGER: &str = "210987654321";

fn ask(sandbox: &Sandbox, region: &str, image: &str) -> Answer {
    let who = As {
        region,
        ..As::default()
    };
    call(sandbox, who, "GetImageAncestry", &[("ImageId", image)]).unwrap()
}

fn child(sandbox: &Sandbox, source: &str, source_region: &str) -> String {
    sandbox.image(REGION, |image| descends(image, source, source_region))
}

fn descends(image: &mut Image, source: &str, source_region: &str) {
    image.source_image = Some(source.into());
    image.source_region = Some(source_region.into());
}

#[test]
fn an_entry_has_its_date_alias_and_source() {
    let sandbox = sandbox();
    let root = sandbox.image(OTHER, |image| {
        image.owner_alias = Some("aws-marketplace".into());
        image.created = time::macros::datetime!(2024-05-06 07:08:09 UTC);
        // A root is not followed, though it has a source.
        descends(image, "ami-0a1b2c3d4e5f60001", REGION);
    });
    let answer = ask(&sandbox, REGION, &child(&sandbox, &root, OTHER));
    assert_eq!(answer.status, 200, "{}", answer.body);
    let entries = answer.all("item");
    assert_eq!(entries.len(), 2);
    let origin = format!(
        "<sourceImageId>{root}</sourceImageId><sourceImageRegion>{OTHER}</sourceImageRegion>"
    );
    assert!(entries[0].ends_with(&origin), "{}", entries[0]);
    assert!(!entries[0].contains("imageOwnerAlias"), "{}", entries[0]);
    let date = "<creationDate>2024-05-06T07:08:09.000Z</creationDate>";
    let alias = "<imageOwnerAlias>aws-marketplace</imageOwnerAlias>";
    let start = format!("{date}<imageId>{root}</imageId>{alias}");
    assert!(entries[1].starts_with(&start), "{}", entries[1]);
}

#[test]
fn it_leads_through_deregistered_images() {
    let sandbox = sandbox();
    let root = sandbox.image(OTHER, |_| {});
    let middle = child(&sandbox, &root, OTHER);
    let last = child(&sandbox, &middle, REGION);
    let whole = [&*last, &middle, &root];
    assert_eq!(ask(&sandbox, REGION, &last).all("imageId"), whole);
    ec2(&sandbox, "DeregisterImage", &[("ImageId", &middle)]);
    sandbox.deregister(&root);
    assert_eq!(ask(&sandbox, REGION, &last).all("imageId"), whole);
    let shown = ec2(&sandbox, "DescribeImages", &[("ImageId.1", &middle)]);
    assert_eq!(shown.error(), (400, "InvalidAMIID.NotFound"));
    let own = ec2(&sandbox, "DescribeImages", &[("Owner.1", "self")]);
    assert_eq!(own.all("imageId"), [&*last]);
    let again = ec2(&sandbox, "DeregisterImage", &[("ImageId", &middle)]);
    assert_eq!(again.error(), (400, "InvalidAMIID.NotFound"));
}

#[test]
fn it_begins_at_a_deregistered_image_only_when_told_to() {
    let sandbox = sandbox();
    let root = sandbox.image(REGION, |_| {});
    let own = child(&sandbox, &root, REGION);
    let foreign = sandbox.image(REGION, |image| image.owner = STRANGER.into());
    sandbox.deregister(&own);
    sandbox.deregister(&foreign);
    let refused = ask(&sandbox, REGION, &own);
    assert_eq!(refused.error(), (400, "InvalidAMIID.NotFound"));
    sandbox.configure(|settings| settings.ancestry_of_deregistered = true);
    assert_eq!(ask(&sandbox, REGION, &own).all("imageId"), [&*own, &root]);
    for (region, image) in [(OTHER, &own), (REGION, &foreign)] {
        let refused = ask(&sandbox, region, image);
        assert_eq!(refused.error(), (400, "InvalidAMIID.NotFound"));
    }
}

#[test]
fn an_image_of_a_backup_vault_is_no_root() {
    let sandbox = sandbox();
    let root = sandbox.image(REGION, |_| {});
    let vault = sandbox.image(REGION, |image| {
        image.owner_alias = Some("aws-backup-vault".into());
        descends(image, &root, REGION);
    });
    let last = child(&sandbox, &vault, REGION);
    let line = ask(&sandbox, REGION, &last);
    assert_eq!(line.all("imageId"), [&*last, &vault, &root]);
    assert_eq!(line.all("imageOwnerAlias"), ["aws-backup-vault"]);
}

#[test]
fn private_ancestors_of_others_are_listed() {
    let sandbox = sandbox();
    let foreign = sandbox.image(OTHER, |image| image.owner = STRANGER.into());
    let last = child(&sandbox, &foreign, OTHER);
    let line = ask(&sandbox, REGION, &last);
    assert_eq!(line.all("imageId"), [&*last, &foreign]);
    let refused = ask(&sandbox, OTHER, &foreign);
    assert_eq!(refused.error(), (400, "InvalidAMIID.NotFound"));
}

#[test]
fn it_ends_where_the_source_is_out_of_reach() {
    let sandbox = sandbox();
    for region in ["cn-north-1", OTHER] {
        let last = child(&sandbox, "ami-0123456789abcdef0", region);
        let line = ask(&sandbox, REGION, &last);
        assert_eq!(line.all("imageId"), [&*last]);
        assert_eq!(line.text("sourceImageId"), "ami-0123456789abcdef0");
        assert_eq!(line.text("sourceImageRegion"), region);
    }
}

#[test]
fn it_ends_after_fifty_entries_and_in_a_circle() {
    let sandbox = sandbox();
    let root = sandbox.image(REGION, |_| {});
    let mut line = vec![root.clone()];
    for _ in 0..50 {
        line.push(child(&sandbox, &line[line.len() - 1], REGION));
    }
    line.reverse();
    let seen = |image: &str| {
        let answer = ask(&sandbox, REGION, image);
        answer.all("imageId").len()
    };
    assert_eq!(
        [&line[0], &line[1], &line[2]].map(|id| seen(id)),
        [50, 50, 49]
    );
    let answer = ask(&sandbox, REGION, &line[0]);
    assert_eq!(answer.all("imageId"), line[..50]);
    sandbox.edit_image(&root, |image| descends(image, &line[48], REGION));
    assert_eq!(seen(&root), 3);
}
