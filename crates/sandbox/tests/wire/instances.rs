//! Attributes of instances, their types, and what refers to images.

use ami_sandbox::{InstanceState, Sandbox};

use crate::client::{REGION, ec2, sandbox};

fn attribute(sandbox: &Sandbox, id: &str, name: &str) -> String {
    let params = [("InstanceId", id), ("Attribute", name)];
    let answer = ec2(sandbox, "DescribeInstanceAttribute", &params);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.text("value").to_owned()
}

#[test]
fn an_attribute_is_changed_and_shown() {
    let sandbox = sandbox();
    let id = sandbox.instance(REGION, |seed| seed.state = InstanceState::Stopped);
    let set = |name: &str, value: &str| {
        let params = [("InstanceId", &*id), (name, value)];
        ec2(&sandbox, "ModifyInstanceAttribute", &params).status
    };
    assert_eq!(attribute(&sandbox, &id, "enaSupport"), "true");
    assert_eq!(set("EnaSupport.Value", "false"), 200);
    assert_eq!(attribute(&sandbox, &id, "enaSupport"), "false");
    assert_eq!(set("InstanceType.Value", "m5.large"), 200);
    assert_eq!(attribute(&sandbox, &id, "instanceType"), "m5.large");
    assert_eq!(set("SriovNetSupport.Value", "simple"), 200);
    assert_eq!(attribute(&sandbox, &id, "sriovNetSupport"), "simple");
    assert_eq!(set("InstanceInitiatedShutdownBehavior.Value", "sleep"), 400);
    assert_eq!(
        attribute(&sandbox, &id, "instanceInitiatedShutdownBehavior"),
        "stop"
    );
    let old = [
        ("InstanceId", &*id),
        ("Attribute", "userData"),
        ("Value", "eA=="),
    ];
    assert_eq!(ec2(&sandbox, "ModifyInstanceAttribute", &old).status, 200);
    assert_eq!(attribute(&sandbox, &id, "userData"), "eA==");
    assert_eq!(attribute(&sandbox, &id, "rootDeviceName"), "/dev/xvda");
    let unknown = [("InstanceId", &*id), ("Attribute", "colour")];
    let answer = ec2(&sandbox, "DescribeInstanceAttribute", &unknown);
    assert_eq!(answer.error(), (400, "InvalidParameterValue"));
}

#[test]
fn the_machine_of_a_running_instance_stays() {
    let sandbox = sandbox();
    let id = sandbox.instance(REGION, |_| {});
    let set = |name: &str, value: &str| {
        let params = [("InstanceId", &*id), (name, value)];
        let answer = ec2(&sandbox, "ModifyInstanceAttribute", &params);
        answer.text("Code").to_owned()
    };
    assert_eq!(
        set("InstanceType.Value", "m5.large"),
        "IncorrectInstanceState"
    );
    assert_eq!(set("DisableApiTermination.Value", "true"), "");
    let terminate = ec2(&sandbox, "TerminateInstances", &[("InstanceId.1", &id)]);
    assert_eq!(terminate.error(), (400, "OperationNotPermitted"));
    assert_eq!(set("DisableApiStop.Value", "true"), "");
    let stop = ec2(&sandbox, "StopInstances", &[("InstanceId.1", &id)]);
    assert_eq!(stop.error(), (400, "OperationNotPermitted"));
    let params = [
        ("InstanceId", &*id),
        ("BlockDeviceMapping.1.DeviceName", "/dev/xvda"),
        ("BlockDeviceMapping.1.Ebs.DeleteOnTermination", "false"),
    ];
    assert_eq!(
        ec2(&sandbox, "ModifyInstanceAttribute", &params).status,
        200
    );
    let devices = [("InstanceId", &*id), ("Attribute", "blockDeviceMapping")];
    let answer = ec2(&sandbox, "DescribeInstanceAttribute", &devices);
    assert_eq!(answer.all("deleteOnTermination"), ["false"]);
    let nothing = ec2(&sandbox, "ModifyInstanceAttribute", &[("InstanceId", &id)]);
    assert_eq!(nothing.error(), (400, "InvalidParameterCombination"));
}

#[test]
fn types_are_found_by_name_filter_and_page() {
    let sandbox = sandbox();
    let types = |params: &[(&str, &str)]| ec2(&sandbox, "DescribeInstanceTypes", params);
    let micro = types(&[("InstanceType.1", "t3.micro")]);
    assert_eq!(
        (micro.text("sizeInMiB"), micro.text("defaultVCpus")),
        ("1024", "2")
    );
    assert_eq!(
        (micro.text("hypervisor"), micro.text("enaSupport")),
        ("nitro", "required")
    );
    let arm = [
        ("Filter.1.Name", "processor-info.supported-architecture"),
        ("Filter.1.Value.1", "arm64"),
    ];
    assert_eq!(
        types(&arm).all("instanceType"),
        ["m7g.large", "m7g.medium", "t4g.small"]
    );
    let xen = [("Filter.1.Name", "hypervisor"), ("Filter.1.Value.1", "xen")];
    assert_eq!(types(&xen).all("instanceType"), ["m3.medium"]);
    let unknown = types(&[("InstanceType.1", "t3.mikro")]);
    let message = "The following supplied instance types do not exist: [t3.mikro]";
    assert_eq!(unknown.complaint(), ("InvalidInstanceType", message));
    let first = types(&[("MaxResults", "5")]);
    let second = types(&[("MaxResults", "5"), ("NextToken", first.text("nextToken"))]);
    let third = types(&[("MaxResults", "5"), ("NextToken", second.text("nextToken"))]);
    assert_eq!(third.text("nextToken"), "");
    let pages = [&first, &second, &third]
        .map(|page| page.all("instanceType"))
        .concat();
    assert_eq!(pages, types(&[]).all("instanceType"));
    assert_eq!(
        types(&[("MaxResults", "4")]).error(),
        (400, "InvalidParameterValue")
    );
}

#[test]
fn launch_permissions_are_reset_at_once() {
    let sandbox = sandbox();
    let image = sandbox.image(REGION, |image| {
        image.public = true;
        image.shared_with.insert("210987654321".into());
    });
    let params = [("ImageId", &*image), ("Attribute", "launchPermission")];
    assert_eq!(ec2(&sandbox, "ResetImageAttribute", &params).status, 200);
    let shown = ec2(&sandbox, "DescribeImageAttribute", &params);
    assert_eq!((shown.status, shown.all("item").len()), (200, 0));
    let kernel = [("ImageId", &*image), ("Attribute", "kernel")];
    let refused = ec2(&sandbox, "ResetImageAttribute", &kernel);
    assert_eq!(refused.error(), (400, "InvalidParameterValue"));
}
