//! DryRun on every action: it answers 412 DryRunOperation, or what refuses the call, and does nothing.

use ami_sandbox::{InstanceState, Sandbox};

use crate::client::{REGION, ec2, sandbox};

/// What the calls refer to.
struct Ids {
    image: String,
    disabled: String,
    instance: String,
    running: String,
    snapshot: String,
    volume: String,
    attached: String,
    group: String,
}

fn ids(sandbox: &Sandbox) -> Ids {
    let instance = sandbox.instance(REGION, |seed| {
        seed.state = InstanceState::Stopped;
        seed.add_volume("/dev/sdf", 1);
    });
    let attached = sandbox.volumes(REGION)[1].id.clone();
    let disabled = sandbox.image(REGION, |_| {});
    ec2(sandbox, "DisableImage", &[("ImageId", &disabled)]);
    let group = [("GroupName", "web"), ("GroupDescription", "x")];
    let group = ec2(sandbox, "CreateSecurityGroup", &group);
    let group = group.text("groupId").to_owned();
    let rule = [
        ("GroupId", &*group),
        ("IpProtocol", "-1"),
        ("CidrIp", "10.0.0.0/8"),
    ];
    ec2(sandbox, "AuthorizeSecurityGroupIngress", &rule);
    Ids {
        image: sandbox.image(REGION, |_| {}),
        disabled,
        attached,
        instance,
        running: sandbox.instance(REGION, |_| {}),
        snapshot: sandbox.snapshot(REGION, |_| {}),
        volume: sandbox.volume(REGION, |_| {}),
        group,
    }
}

/// Every action with a call that would be done, as a query string; `IMAGE` and the like stand for IDs.
const CALLS: &[&str] = &[
    "AttachVolume&InstanceId=INSTANCE&VolumeId=VOLUME&Device=/dev/sdg",
    "AuthorizeSecurityGroupIngress&GroupId=GROUP&IpProtocol=-1&CidrIp=0.0.0.0/0",
    "CopyImage&SourceImageId=IMAGE&SourceRegion=us-east-1&Name=copy",
    "CopySnapshot&SourceSnapshotId=SNAPSHOT&SourceRegion=us-east-1",
    "CreateImage&InstanceId=INSTANCE&Name=web",
    "CreateKeyPair&KeyName=mine",
    "CreateSecurityGroup&GroupName=new&GroupDescription=x",
    "CreateSnapshot&VolumeId=VOLUME",
    "CreateTags&ResourceId.1=IMAGE&Tag.1.Key=a",
    "CreateVolume&AvailabilityZone=us-east-1a&Size=1",
    "DeleteKeyPair&KeyName=mine",
    "DeleteSecurityGroup&GroupId=GROUP",
    "DeleteSnapshot&SnapshotId=SNAPSHOT",
    "DeleteTags&ResourceId.1=IMAGE",
    "DeleteVolume&VolumeId=VOLUME",
    "DeregisterImage&ImageId=IMAGE",
    "DescribeAccountAttributes",
    "DescribeAvailabilityZones",
    "DescribeImageAttribute&ImageId=IMAGE&Attribute=description",
    "DescribeImageReferences&ImageId.1=IMAGE&IncludeAllResourceTypes=true",
    "DescribeImages",
    "DescribeInstanceAttribute&InstanceId=INSTANCE&Attribute=userData",
    "DescribeInstanceTypes",
    "DescribeInstances",
    "DescribeKeyPairs",
    "DescribeRegions",
    "DescribeSecurityGroups",
    "DescribeSnapshotAttribute&SnapshotId=SNAPSHOT&Attribute=productCodes",
    "DescribeSnapshots",
    "DescribeSubnets",
    "DescribeTags",
    "DescribeVolumes",
    "DescribeVpcs",
    "DetachVolume&VolumeId=ATTACHED",
    "DisableEbsEncryptionByDefault",
    "DisableImage&ImageId=IMAGE",
    "DisableImageBlockPublicAccess",
    "DisableImageDeprecation&ImageId=IMAGE",
    "DisableImageDeregistrationProtection&ImageId=IMAGE",
    "DisableSnapshotBlockPublicAccess",
    "EnableEbsEncryptionByDefault",
    "EnableImage&ImageId=DISABLED",
    "EnableImageBlockPublicAccess&ImageBlockPublicAccessState=block-new-sharing",
    "EnableImageDeprecation&ImageId=IMAGE&DeprecateAt=2030-01-01T00:00:00Z",
    "EnableImageDeregistrationProtection&ImageId=IMAGE",
    "EnableSnapshotBlockPublicAccess&State=block-all-sharing",
    "GetEbsDefaultKmsKeyId",
    "GetEbsEncryptionByDefault",
    "GetImageAncestry&ImageId=IMAGE",
    "GetImageBlockPublicAccessState",
    "GetSnapshotBlockPublicAccessState",
    "ImportKeyPair&KeyName=theirs&PublicKeyMaterial=c3NoLWVkMjU1MTkgQUFBQUMzTnphQzFsWkRJMU5URTVBQUFBSU16dmZFK3FTMDl3K29rZ3JPMGdZN2pyeUYwbFNDeGRFTy9PMFVhVWh1WmUgbWUK",
    "ModifyImageAttribute&ImageId=IMAGE&Description.Value=x",
    "ModifyInstanceAttribute&InstanceId=INSTANCE&EnaSupport.Value=false",
    "ModifySnapshotAttribute&SnapshotId=SNAPSHOT&CreateVolumePermission.Add.1.Group=all",
    "RebootInstances&InstanceId.1=RUNNING",
    "RegisterImage&Name=new&RootDeviceName=/dev/sda1&BlockDeviceMapping.1.DeviceName=/dev/sda1&BlockDeviceMapping.1.Ebs.SnapshotId=SNAPSHOT",
    "ResetImageAttribute&ImageId=IMAGE&Attribute=launchPermission",
    "ResetSnapshotAttribute&SnapshotId=SNAPSHOT&Attribute=createVolumePermission",
    "RevokeSecurityGroupIngress&GroupId=GROUP&IpProtocol=-1&CidrIp=10.0.0.0/8",
    "RunInstances&ImageId=IMAGE&MinCount=1&MaxCount=1",
    "StartInstances&InstanceId.1=INSTANCE",
    "StopInstances&InstanceId.1=INSTANCE",
    "TerminateInstances&InstanceId.1=INSTANCE",
];

fn fill(call: &str, ids: &Ids) -> String {
    let places = [
        ("IMAGE", &ids.image),
        ("DISABLED", &ids.disabled),
        ("INSTANCE", &ids.instance),
        ("RUNNING", &ids.running),
        ("SNAPSHOT", &ids.snapshot),
        ("VOLUME", &ids.volume),
        ("ATTACHED", &ids.attached),
        ("GROUP", &ids.group),
    ];
    let mut call = call.to_owned();
    for (word, id) in places {
        call = call.replace(&format!("={word}"), &format!("={id}"));
    }
    call
}

#[test]
fn a_dry_run_of_any_action_answers_and_does_nothing() {
    let sandbox = sandbox();
    let ids = ids(&sandbox);
    let state = || {
        let all = [
            "DescribeImages",
            "DescribeInstances",
            "DescribeKeyPairs",
            "DescribeSecurityGroups",
            "DescribeSnapshots",
            "DescribeTags",
            "DescribeVolumes",
            "GetEbsEncryptionByDefault",
        ];
        all.map(|action| {
            let answer = ec2(&sandbox, action, &[]);
            assert_eq!(answer.status, 200, "{action}: {}", answer.body);
            answer.body.split_once("</requestId>").unwrap().1.to_owned()
        })
    };
    let before = state();
    for call in CALLS {
        let call = fill(call, &ids);
        let mut pairs = call.split('&');
        let action = pairs.next().unwrap();
        let mut params: Vec<_> = pairs.map(|pair| pair.split_once('=').unwrap()).collect();
        params.push(("DryRun", "true"));
        let answer = ec2(&sandbox, action, &params);
        assert_eq!(
            answer.error(),
            (412, "DryRunOperation"),
            "{call}: {}",
            answer.body
        );
        sandbox.deny(action);
        let refused = ec2(&sandbox, action, &params);
        assert_eq!(refused.error(), (403, "UnauthorizedOperation"), "{call}");
        sandbox.allow(action);
    }
    assert_eq!(state(), before);
}

/// The table of actions is read as text, so that a new one cannot be left out above.
#[test]
fn no_action_is_left_out() {
    let table = include_str!("../../src/ec2/mod.rs").lines();
    let known = table.filter_map(|line| line.split_once("\" => run::<"));
    let known: Vec<&str> = known
        .map(|row| row.0.trim_start_matches([' ', '"']))
        .collect();
    let tried: Vec<&str> = CALLS
        .iter()
        .map(|call| call.split('&').next().unwrap())
        .collect();
    assert_eq!(tried, known);
}
