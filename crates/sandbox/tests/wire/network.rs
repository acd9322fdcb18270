//! What a launch refers to: the default network, security groups and key pairs.

use ami_sandbox::{Pace, Sandbox};

use crate::client::{As, OTHER_KEY, call, ec2, sandbox};

const IMAGE: (&str, &str) = ("ImageId", "ami-0a1b2c3d4e5f60001");
const ONE: [(&str, &str); 2] = [("MinCount", "1"), ("MaxCount", "1")];

fn group(sandbox: &Sandbox) -> String {
    let params = [
        ("GroupName", "web"),
        ("GroupDescription", "for tests"),
        ("VpcId", ""),
    ];
    let answer = ec2(sandbox, "CreateSecurityGroup", &params);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.text("groupId").to_owned()
}

#[test]
fn an_account_has_one_default_vpc_with_a_subnet_in_every_zone() {
    let sandbox = sandbox();
    let vpcs = ec2(
        &sandbox,
        "DescribeVpcs",
        &[
            ("Filter.1.Name", "is-default"),
            ("Filter.1.Value.1", "true"),
        ],
    );
    let vpc = vpcs.text("vpcId");
    assert_eq!(
        (vpcs.text("isDefault"), vpcs.text("cidrBlock")),
        ("true", "172.31.0.0/16")
    );
    let by_vpc = [("Filter.1.Name", "vpc-id"), ("Filter.1.Value.1", vpc)];
    let subnets = ec2(&sandbox, "DescribeSubnets", &by_vpc);
    assert_eq!(
        subnets.all("availabilityZone"),
        ["us-east-1a", "us-east-1b", "us-east-1c"]
    );
    assert_eq!(
        subnets.all("cidrBlock"),
        ["172.31.0.0/20", "172.31.16.0/20", "172.31.32.0/20"]
    );
    let attribute = [("AttributeName.1", "default-vpc")];
    let answer = ec2(&sandbox, "DescribeAccountAttributes", &attribute);
    assert_eq!(answer.all("attributeValue"), [vpc]);
}

#[test]
fn every_account_has_its_own_network() {
    let sandbox = sandbox();
    let vpcs = ec2(&sandbox, "DescribeVpcs", &[]);
    let vpc = vpcs.text("vpcId");
    let other = As {
        key: OTHER_KEY,
        ..As::default()
    };
    let theirs = call(&sandbox, other, "DescribeVpcs", &[]).unwrap();
    assert_ne!(theirs.text("vpcId"), vpc);
    let unknown = ec2(
        &sandbox,
        "DescribeSubnets",
        &[("SubnetId.1", "subnet-12345678")],
    );
    assert_eq!(unknown.error(), (400, "InvalidSubnetID.NotFound"));
}

#[test]
fn a_launch_goes_into_its_subnet_and_groups() {
    let sandbox = sandbox();
    let zone = [
        ("Filter.1.Name", "availability-zone"),
        ("Filter.1.Value.1", "us-east-1b"),
    ];
    let subnet = ec2(&sandbox, "DescribeSubnets", &zone);
    let group = group(&sandbox);
    let place = [
        IMAGE,
        ("SubnetId", subnet.text("subnetId")),
        ("SecurityGroupId.1", &*group),
    ];
    let run = ec2(&sandbox, "RunInstances", &[&ONE[..], &place].concat());
    assert_eq!(run.all("availabilityZone"), ["us-east-1b"]);
    assert_eq!(
        (run.text("subnetId"), run.text("vpcId")),
        (subnet.text("subnetId"), subnet.text("vpcId"))
    );
    assert_eq!(run.all("groupId"), [&*group]);
    assert!(
        run.text("privateIpAddress").starts_with("172.31."),
        "{}",
        run.body
    );
}

#[test]
fn a_launch_refers_to_what_exists() {
    let sandbox = sandbox();
    let wrong = |name, value| {
        let params = [&ONE[..], &[IMAGE, (name, value)]].concat();
        let answer = ec2(&sandbox, "RunInstances", &params);
        answer.text("Code").to_owned()
    };
    assert_eq!(
        wrong("SubnetId", "subnet-12345678"),
        "InvalidSubnetID.NotFound"
    );
    assert_eq!(
        wrong("SecurityGroupId.1", "sg-12345678"),
        "InvalidGroup.NotFound"
    );
    assert_eq!(
        wrong("SecurityGroupId.1", "web"),
        "InvalidGroupId.Malformed"
    );
    assert_eq!(wrong("KeyName", "nobody"), "InvalidKeyPair.NotFound");
    assert_eq!(
        wrong("Placement.AvailabilityZone", "us-east-1z"),
        "InvalidParameterValue"
    );
}

#[test]
fn a_group_in_use_is_kept() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.paces.instance = Pace::Now);
    let group = group(&sandbox);
    let place = [
        IMAGE,
        ("SubnetId", ""),
        ("Placement.AvailabilityZone", ""),
        ("NetworkInterface.1.SecurityGroupId.1", &*group),
    ];
    let run = ec2(&sandbox, "RunInstances", &[&ONE[..], &place].concat());
    let delete = || ec2(&sandbox, "DeleteSecurityGroup", &[("GroupId", &group)]);
    assert_eq!(delete().error(), (400, "DependencyViolation"));
    ec2(
        &sandbox,
        "TerminateInstances",
        &[("InstanceId.1", run.text("instanceId"))],
    );
    assert_eq!(delete().status, 200);
    assert_eq!(delete().error(), (400, "InvalidGroup.NotFound"));
    let default = ec2(&sandbox, "DeleteSecurityGroup", &[("GroupName", "default")]);
    assert_eq!(default.error(), (400, "CannotDelete"));
}

#[test]
fn rules_are_kept_once() {
    let sandbox = sandbox();
    let group = group(&sandbox);
    let rule = [
        ("GroupId", &*group),
        ("IpPermissions.1.IpProtocol", "tcp"),
        ("IpPermissions.1.FromPort", "22"),
        ("IpPermissions.1.ToPort", "22"),
        ("IpPermissions.1.IpRanges.1.CidrIp", "0.0.0.0/0"),
    ];
    assert_eq!(
        ec2(&sandbox, "AuthorizeSecurityGroupIngress", &rule).status,
        200
    );
    let again = ec2(&sandbox, "AuthorizeSecurityGroupIngress", &rule);
    let words = "the specified rule \"peer: 0.0.0.0/0, TCP, from port: 22, to port: 22, ALLOW\" already exists";
    assert_eq!(
        again.complaint(),
        (
            "InvalidPermission.Duplicate",
            &*words.replace('"', "&quot;")
        )
    );
    let by_port = [
        ("Filter.1.Name", "ip-permission.from-port"),
        ("Filter.1.Value.1", "22"),
    ];
    let shown = ec2(&sandbox, "DescribeSecurityGroups", &by_port);
    assert_eq!(
        (shown.all("groupName"), shown.text("fromPort")),
        (vec!["web"], "22")
    );
    assert_eq!(
        ec2(&sandbox, "RevokeSecurityGroupIngress", &rule).status,
        200
    );
    let gone = ec2(&sandbox, "RevokeSecurityGroupIngress", &rule);
    assert_eq!(gone.error(), (400, "InvalidPermission.NotFound"));
    let all = ec2(&sandbox, "DescribeSecurityGroups", &[]);
    assert_eq!(all.all("groupName"), ["default", "web"]);
}

#[test]
fn a_key_pair_shows_its_private_half_once() {
    let sandbox = sandbox();
    let make = || ec2(&sandbox, "CreateKeyPair", &[("KeyName", "mine")]);
    let made = make();
    assert!(
        made.text("keyMaterial").starts_with("-----BEGIN RSA"),
        "{}",
        made.body
    );
    assert_eq!(make().error(), (400, "InvalidKeyPair.Duplicate"));
    let tag = [("ResourceId.1", made.text("keyPairId")), ("Tag.1.Key", "a")];
    assert_eq!(ec2(&sandbox, "CreateTags", &tag).status, 200);
    let shown = ec2(&sandbox, "DescribeKeyPairs", &[("KeyName.1", "mine")]);
    assert_eq!(shown.text("keyFingerprint"), made.text("keyFingerprint"));
    assert_eq!(
        (shown.text("key"), shown.all("keyMaterial").len()),
        ("a", 0)
    );
    let deleted = ec2(&sandbox, "DeleteKeyPair", &[("KeyName", "mine")]);
    assert_eq!(deleted.text("keyPairId"), made.text("keyPairId"));
    assert_eq!(
        ec2(&sandbox, "DeleteKeyPair", &[("KeyName", "mine")]).status,
        200
    );
    let gone = ec2(&sandbox, "DescribeKeyPairs", &[("KeyName.1", "mine")]);
    assert_eq!(gone.error(), (400, "InvalidKeyPair.NotFound"));
}

#[test]
fn a_key_is_imported_by_its_public_half() {
    let sandbox = sandbox();
    // `ssh-ed25519 AAAA… me` and `ssh-dss AAAA`, in base64.
    let line = "c3NoLWVkMjU1MTkgQUFBQUMzTnphQzFsWkRJMU5URTVBQUFBSU16dmZFK3FTMDl3K29rZ3JPMGdZN2pyeUYwbFNDeGRFTy9PMFVhVWh1WmUgbWUK";
    let import = |name: &str, key: &str| {
        let params = [
            ("KeyName", name),
            ("PublicKeyMaterial", key),
            ("TagSpecification.1.ResourceType", "key-pair"),
            ("TagSpecification.1.Tag.1.Key", "team"),
            ("TagSpecification.1.Tag.1.Value", "web"),
        ];
        ec2(&sandbox, "ImportKeyPair", &params)
    };
    let imported = import("mine", line);
    assert_eq!(
        (imported.text("keyName"), imported.text("value")),
        ("mine", "web"),
        "{}",
        imported.body
    );
    let kept = sandbox.key_pairs("us-east-1").remove(0);
    assert_eq!(kept.kind, "ed25519");
    let public = kept.public.unwrap();
    assert!(public.starts_with("ssh-ed25519 AAAAC3") && public.ends_with(" me"));
    assert_eq!(
        import("mine", line).error(),
        (400, "InvalidKeyPair.Duplicate")
    );
    for wrong in ["c3NoLWRzcyBBQUFB", "%", "c3NoLWVkMjU1MTkgQUFBQQ=="] {
        assert_eq!(
            import("other", wrong).error(),
            (400, "InvalidKey.Format"),
            "{wrong}"
        );
    }
    let run = [IMAGE, ("KeyName", "mine"), ("UserData", "IyEvYmluL3NoCg==")];
    let run = ec2(&sandbox, "RunInstances", &[&ONE[..], &run].concat());
    assert_eq!(run.text("keyName"), "mine");
    for (data, why) in [
        ("#!/bin/sh", "Invalid BASE64 encoding of user data"),
        (&*"AAAA".repeat(5462), "User data is limited to 16384 bytes"),
    ] {
        let wrong = [&ONE[..], &[IMAGE, ("UserData", data)]].concat();
        let refused = ec2(&sandbox, "RunInstances", &wrong);
        assert_eq!(refused.complaint(), ("InvalidParameterValue", why));
    }
}

#[test]
fn an_instance_that_does_not_come_up_says_why() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.paces.instance = Pace::Never);
    let run = ec2(&sandbox, "RunInstances", &[&ONE[..], &[IMAGE]].concat());
    let id = run.text("instanceId");
    let error = (
        "Server.InternalError",
        "Server.InternalError: Internal error on launch",
    );
    sandbox.edit_instance(id, |instance| instance.fail(error.0, error.1));
    let shown = ec2(&sandbox, "DescribeInstances", &[("InstanceId.1", id)]);
    assert_eq!(shown.text("name"), "terminated");
    let reason = shown.body.split("<stateReason>").nth(1).unwrap();
    assert!(
        reason.contains(error.0) && reason.contains(error.1),
        "{reason}"
    );
}

#[test]
fn a_group_name_is_there_once() {
    let sandbox = sandbox();
    group(&sandbox);
    let twice = [("GroupName", "web"), ("GroupDescription", "again")];
    assert_eq!(
        ec2(&sandbox, "CreateSecurityGroup", &twice).error(),
        (400, "InvalidGroup.Duplicate")
    );
}
