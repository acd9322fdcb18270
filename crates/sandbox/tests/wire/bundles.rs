//! RegisterImage reads a bundle as EC2 does.

use ami_sandbox::{Ownership, Sandbox};

use crate::client::{Answer, REGION, ec2, sandbox};
use crate::s3::s3;

const PLACE: &str = "my-bucket/web/image.manifest.xml";

fn register(sandbox: &Sandbox, location: &str) -> Answer {
    let params = [
        ("Name", "web"),
        ("ImageLocation", location),
        ("VirtualizationType", "hvm"),
    ];
    ec2(sandbox, "RegisterImage", &params)
}

/// Registers a bundle whose manifest was changed, and gives what EC2 said.
fn changed(from: &str, to: &str) -> (u16, String, String) {
    let sandbox = sandbox();
    sandbox.plant_bundle(REGION, PLACE).unwrap();
    let manifest = sandbox.bundle_manifest();
    let other = manifest.replace(from, to);
    assert_ne!(other, manifest, "the manifest has no {from}");
    sandbox.plant_manifest(REGION, PLACE, &other).unwrap();
    let answer = register(&sandbox, PLACE);
    (
        answer.status,
        answer.text("Code").to_owned(),
        answer.text("Message").to_owned(),
    )
}

#[test]
fn a_bundle_becomes_an_image() {
    let sandbox = sandbox();
    sandbox.plant_bundle(REGION, PLACE).unwrap();
    let image = register(&sandbox, &format!("/{PLACE}"));
    assert_eq!(image.status, 200, "{}", image.body);
}

#[test]
fn a_wrong_manifest_is_refused_with_its_cause() {
    let mapping = "<virtual>ami</virtual><device>sda1</device>";
    for (from, to, cause) in [
        ("<manifest>", "<manifest><", "not XML"),
        ("manifest>", "other>", "root element"),
        ("<name>image</name>", "", "no image/name"),
        ("<user_encrypted_iv/>", "", "no image/user_encrypted_iv"),
        ("<signature>UNSIGNED</signature>", "", "no signature"),
        ("<user>123456789012", "<user>123456789013", "123456789013"),
        ("x86_64", "vax", "Invalid architecture 'vax'"),
        ("count='1'", "count='2'", "count"),
        ("index='0'", "index='1'", "sequence"),
        ("image.part.0", "image.part.1", "HTTP 404"),
        ("<bundled_size>", "<bundled_size>1", "bundled size"),
        ("<size>", "<size>x", "no number"),
        (
            mapping,
            "<virtual>ebs1</virtual><device>xvdal</device>",
            "Invalid device name 'xvdal'",
        ),
        (
            mapping,
            "<virtual>ebs1</virtual><device>sdb</device>",
            "Invalid virtual name 'ebs1'",
        ),
        (
            "<ec2_encrypted_iv>",
            "<ec2_encrypted_iv>00",
            "ec2_encrypted_iv",
        ),
        (
            "<ec2_encrypted_key algorithm='AES-128-CBC'>",
            "<ec2_encrypted_key algorithm='AES-128-CBC'>zz",
            "hexadecimal",
        ),
    ] {
        let (status, code, message) = changed(from, to);
        assert_eq!(
            (status, &*code),
            (400, "InvalidManifest"),
            "{from}: {message}"
        );
        assert!(message.contains(cause), "{from}: {message}");
    }
}

#[test]
fn an_empty_signature_is_an_error_of_ec2_s_own() {
    let (status, code, _) = changed("UNSIGNED", "");
    assert_eq!((status, &*code), (500, "InternalError"));
}

#[test]
fn ec2_must_be_let_in() {
    let sandbox = sandbox();
    sandbox.plant_bundle(REGION, PLACE).unwrap();
    let part = "/my-bucket/web/image.part.0";
    let acl = |target: &str, acl: &str| {
        let headers = [("x-amz-acl", acl)];
        assert_eq!(
            s3(&sandbox)
                .send("PUT", &format!("{target}?acl"), &headers, b"")
                .status,
            200
        );
    };
    for target in [part, &format!("/{PLACE}")] {
        acl(target, "private");
        let refused = register(&sandbox, PLACE);
        assert_eq!(refused.text("Code"), "InvalidManifest");
        assert!(
            refused.text("Message").contains("HTTP 403"),
            "{}",
            refused.body
        );
        acl(target, "aws-exec-read");
    }
    sandbox.set_ownership("my-bucket", Ownership::BucketOwnerEnforced);
    assert!(register(&sandbox, PLACE).body.contains("HTTP 403"));
    sandbox.set_ownership("my-bucket", Ownership::ObjectWriter);
    assert_eq!(register(&sandbox, PLACE).status, 200);
}

#[test]
fn the_bucket_is_in_the_region_of_the_image() {
    let sandbox = sandbox();
    sandbox.plant_bundle("eu-west-1", PLACE).unwrap();
    assert!(register(&sandbox, PLACE).body.contains("HTTP 404"));
}
