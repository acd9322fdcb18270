//! Images of bundles in S3.

mod support;

use support::{HOME, actions, printed, register, sandbox};

const PLACE: &str = "bucket/web/image.manifest.xml";
const SOURCE: &str = "s3://bucket/web/image.manifest.xml";

#[test]
fn a_bundle_is_registered_by_its_manifest() {
    let sandbox = sandbox();
    sandbox.plant_bundle(HOME, PLACE).expect("planted");
    let outcome = register(&sandbox, &["-n", "web", SOURCE])
        .run()
        .expect()
        .stdout_has("ami-")
        .stderr_has("C1, C3, D2, I2, M1, M2, M3, R3 and X1")
        .done();
    assert_eq!(actions(&sandbox), ["DescribeImages", "RegisterImage"]);
    let call = sandbox.calls_to("RegisterImage").remove(0);
    assert_eq!(call.param("ImageLocation"), Some(PLACE));
    assert_eq!(call.param("VirtualizationType"), Some("hvm"));
    for absent in [
        "Architecture",
        "RootDeviceName",
        "EnaSupport",
        "ImdsSupport",
        "BootMode",
        "BlockDeviceMapping.1.DeviceName",
    ] {
        assert_eq!(call.param(absent), None, "{absent}");
    }
    assert_eq!(call.tags("image").len(), 3);
    let image = printed(&sandbox, &outcome.stdout);
    assert_eq!(image.architecture, "x86_64");
}

#[test]
fn a_paravirtual_bundle_has_a_kernel() {
    let sandbox = sandbox();
    sandbox.plant_bundle(HOME, PLACE).expect("planted");
    register(
        &sandbox,
        &[
            "-q",
            "--virtualization=paravirtual",
            "--kernel=aki-12345678",
            "--ramdisk=ari-12345678",
            "--arch=x86_64",
            "-b/dev/sdb=ephemeral0",
            SOURCE,
        ],
    )
    .run()
    .expect()
    .stdout_has("ami-")
    .done();
    let call = sandbox.calls_to("RegisterImage").remove(0);
    for (name, value) in [
        ("VirtualizationType", "paravirtual"),
        ("KernelId", "aki-12345678"),
        ("RamdiskId", "ari-12345678"),
        ("Architecture", "x86_64"),
        ("BlockDeviceMapping.1.VirtualName", "ephemeral0"),
    ] {
        assert_eq!(call.param(name), Some(value), "{name}");
    }
}

#[test]
fn a_bundle_that_is_not_there_is_ec2_s_to_tell() {
    let sandbox = sandbox();
    register(&sandbox, &[SOURCE])
        .run()
        .expect()
        .fails(1)
        .stderr_has(&format!("{SOURCE}: HTTP 404"))
        .done();
}
