//! Tags: their limits, and all or nothing.

use ami_sandbox::Sandbox;

use crate::client::{Answer, REGION, ec2, sandbox};

fn tag(sandbox: &Sandbox, id: &str, key: &str, value: &str) -> Answer {
    let params = [
        ("ResourceId.1", id),
        ("Tag.1.Key", key),
        ("Tag.1.Value", value),
    ];
    ec2(sandbox, "CreateTags", &params)
}

#[test]
fn a_resource_carries_fifty_tags() {
    let sandbox = sandbox();
    let image = sandbox.image(REGION, |image| {
        image.tags = (0..49).map(|n| (n.to_string(), String::new())).collect();
    });
    assert_eq!(tag(&sandbox, &image, "fifty", "").status, 200);
    assert_eq!(
        tag(&sandbox, &image, "fifty-one", "").error(),
        (400, "TagLimitExceeded")
    );
    // Another value for a key that is there needs no room.
    assert_eq!(tag(&sandbox, &image, "fifty", "x").status, 200);
    assert_eq!(sandbox.find_image(&image).unwrap().tags["fifty"], "x");
}

#[test]
fn wrong_tags_are_refused() {
    let sandbox = sandbox();
    let image = sandbox.image(REGION, |_| {});
    for (key, value) in [
        ("aws:x", ""),
        ("", "v"),
        (&*"k".repeat(128), ""),
        ("k", &*"v".repeat(257)),
    ] {
        let answer = tag(&sandbox, &image, key, value);
        assert_eq!(
            answer.error(),
            (400, "InvalidParameterValue"),
            "{key}={value}"
        );
    }
    assert!(sandbox.find_image(&image).unwrap().tags.is_empty());
}

#[test]
fn tags_go_to_all_ids_or_to_none() {
    let sandbox = sandbox();
    let image = sandbox.image(REGION, |_| {});
    let ids = [
        ("ResourceId.1", &*image),
        ("ResourceId.2", "snap-12345678"),
        ("Tag.1.Key", "a"),
    ];
    let answer = ec2(&sandbox, "CreateTags", &ids);
    assert_eq!(answer.error(), (400, "InvalidSnapshot.NotFound"));
    assert!(sandbox.find_image(&image).unwrap().tags.is_empty());
    let snapshot = sandbox.snapshots(REGION)[0].id.clone();
    let ids = [
        ("ResourceId.1", &*image),
        ("ResourceId.2", &snapshot),
        ("Tag.1.Key", "a"),
    ];
    assert_eq!(ec2(&sandbox, "CreateTags", &ids).status, 200);
    assert_eq!(sandbox.snapshots(REGION)[0].tags["a"], "");
}

#[test]
fn tags_are_listed_and_removed() {
    let sandbox = sandbox();
    let image = sandbox.image(REGION, |image| {
        image.tags = [("a", "1"), ("b", "2")]
            .map(|(k, v)| (k.into(), v.into()))
            .into();
    });
    let filter = [("Filter.1.Name", "key"), ("Filter.1.Value.1", "b")];
    let answer = ec2(&sandbox, "DescribeTags", &filter);
    assert_eq!(
        (answer.all("resourceId"), answer.text("value")),
        (vec![&*image], "2")
    );
    let keep = [
        ("ResourceId.1", &*image),
        ("Tag.1.Key", "a"),
        ("Tag.1.Value", "other"),
    ];
    ec2(&sandbox, "DeleteTags", &keep);
    assert_eq!(sandbox.find_image(&image).unwrap().tags.len(), 2);
    ec2(&sandbox, "DeleteTags", &keep[..2]);
    assert_eq!(sandbox.find_image(&image).unwrap().tags.len(), 1);
    ec2(&sandbox, "DeleteTags", &keep[..1]);
    assert!(sandbox.find_image(&image).unwrap().tags.is_empty());
}

#[test]
fn a_creating_call_tags_the_image_and_its_snapshots() {
    let sandbox = sandbox();
    let instance = sandbox.instance(REGION, |_| {});
    let mut params = vec![
        ("InstanceId", &*instance),
        ("Name", "web"),
        ("TagSpecification.1.ResourceType", "image"),
        ("TagSpecification.1.Tag.1.Key", "of"),
        ("TagSpecification.1.Tag.1.Value", "image"),
        ("TagSpecification.2.ResourceType", "snapshot"),
        ("TagSpecification.2.Tag.1.Key", "of"),
        ("TagSpecification.2.Tag.1.Value", "snapshot"),
    ];
    ec2(&sandbox, "CreateImage", &params);
    assert_eq!(sandbox.images(REGION)[0].tags["of"], "image");
    assert_eq!(sandbox.snapshots(REGION)[0].tags["of"], "snapshot");
    params[1].1 = "other";
    params[5].1 = "volume";
    let answer = ec2(&sandbox, "CreateImage", &params);
    let message = "'volume' is not a valid taggable resource type for this operation.";
    assert_eq!(answer.complaint(), ("InvalidParameterValue", message));
}
