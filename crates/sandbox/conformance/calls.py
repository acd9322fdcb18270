"""The calls that the sandbox and moto are compared by, in the order in which they are made.

Both servers begin without anything that is the caller's own, and every ID that a later call needs
comes from an earlier answer of the same server.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Step:
    """One call. `{name}` in its parameters is what an earlier step saved under that name."""

    action: str
    params: dict[str, Any] = field(default_factory=dict)
    service: str = "ec2"
    # Names for what later steps need: JMESPath expressions into the answer.
    save: dict[str, str] = field(default_factory=dict)
    # Not compared, but repeated until this JMESPath expression is true.
    until: str = ""


def _tagged(kind: str, **tags: str) -> dict[str, Any]:
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    return {"ResourceType": kind, "Tags": pairs}


def _where(**filters: str) -> list[dict[str, Any]]:
    return [
        {"Name": name.replace("__", ":").replace("_", "-"), "Values": [value]}
        for name, value in filters.items()
    ]


UNKNOWN = {
    "image": "ami-0123456789abcdef0",
    "instance": "i-0123456789abcdef0",
    "snapshot": "snap-0123456789abcdef0",
    "volume": "vol-0123456789abcdef0",
}
TEAM = [{"Key": "team", "Value": "web"}]
ZONE = "us-east-1a"
OWN = {"OwnerIds": ["self"]}
SSH = {
    "IpProtocol": "tcp",
    "FromPort": 22,
    "ToPort": 22,
    "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
}

PLACES = [
    Step("GetCallerIdentity", service="sts"),
    Step("DescribeRegions", {"RegionNames": ["us-east-1", "eu-west-1"]}),
    Step("DescribeRegions", {"RegionNames": ["us-moon-1"]}),
    Step("DescribeAvailabilityZones", {"ZoneNames": [ZONE]}),
]

VOLUMES = [
    Step(
        "CreateVolume",
        {"AvailabilityZone": ZONE, "Size": 8, "TagSpecifications": [_tagged("volume", team="web")]},
        save={"volume": "VolumeId"},
    ),
    Step("DescribeVolumes", {"VolumeIds": ["{volume}"]}, until="Volumes[0].State == 'available'"),
    Step("DescribeVolumes", {"VolumeIds": ["{volume}"]}),
    Step("DescribeVolumes", {"Filters": _where(tag__team="web")}),
    Step("DescribeVolumes", {"Filters": _where(tag__team="nobody")}),
    Step("DescribeVolumes", {"Filters": _where(status="in-use", size="9999")}),
    Step(
        "CreateVolume",
        {"AvailabilityZone": ZONE, "Size": 20, "VolumeType": "gp3", "Iops": 4000, "Throughput": 200},
        save={"spare": "VolumeId"},
    ),
    Step("DescribeVolumes", {"VolumeIds": ["{spare}"]}, until="Volumes[0].State == 'available'"),
    Step("CreateVolume", {"AvailabilityZone": ZONE}),
    Step("CreateVolume", {"AvailabilityZone": "us-east-1x", "Size": 1}),
    Step("CreateVolume", {"AvailabilityZone": ZONE, "Size": 1, "DryRun": True}),
    Step("DescribeVolumes", {"VolumeIds": [UNKNOWN["volume"]]}),
    Step("DeleteVolume", {"VolumeId": UNKNOWN["volume"]}),
]

SNAPSHOTS = [
    Step(
        "CreateSnapshot",
        {
            "VolumeId": "{volume}",
            "Description": "a root",
            "TagSpecifications": [_tagged("snapshot", team="web")],
        },
        save={"snapshot": "SnapshotId"},
    ),
    Step(
        "DescribeSnapshots",
        {"SnapshotIds": ["{snapshot}"]},
        until="Snapshots[0].State == 'completed'",
    ),
    Step("DescribeSnapshots", {"SnapshotIds": ["{snapshot}"]}),
    Step("DescribeSnapshots", {"Filters": _where(tag__team="web"), **OWN}),
    Step("CreateSnapshot", {"VolumeId": UNKNOWN["volume"]}),
    Step("DescribeSnapshots", {"SnapshotIds": [UNKNOWN["snapshot"]]}),
    Step("DeleteSnapshot", {"SnapshotId": UNKNOWN["snapshot"]}),
    Step("CreateSnapshot", {"VolumeId": "{volume}"}, save={"second": "SnapshotId"}),
    Step("DeleteSnapshot", {"SnapshotId": "{second}", "DryRun": True}),
    Step("DeleteSnapshot", {"SnapshotId": "{second}"}),
]

ROOT = {
    "DeviceName": "/dev/xvda",
    "Ebs": {"SnapshotId": "{snapshot}", "VolumeType": "gp3", "DeleteOnTermination": True},
}
REGISTER = {
    "Name": "registered",
    "Description": "by hand",
    "Architecture": "x86_64",
    "VirtualizationType": "hvm",
    "RootDeviceName": "/dev/xvda",
    "EnaSupport": True,
    "BlockDeviceMappings": [ROOT],
}

REGISTRATION = [
    Step("RegisterImage", REGISTER, save={"image": "ImageId"}),
    Step("DescribeImages", {"ImageIds": ["{image}"]}, until="Images[0].State == 'available'"),
    Step("DescribeImages", {"ImageIds": ["{image}"]}),
    Step("RegisterImage", REGISTER),
    Step("RegisterImage", REGISTER | {"Name": "x*y"}),
    Step("DescribeImages", {"ImageIds": [UNKNOWN["image"]]}),
    Step("DescribeImages", {"ImageIds": ["ami-xyz"]}),
    Step("DescribeImages", {"Filters": _where(nonsense="x")}),
]

INSTANCES = [
    Step(
        "RunInstances",
        {
            "ImageId": "{image}",
            "MinCount": 1,
            "MaxCount": 1,
            "InstanceType": "t3.micro",
            "ClientToken": "token-1",
            "TagSpecifications": [_tagged("instance", team="web")],
        },
        save={"instance": "Instances[0].InstanceId"},
    ),
    Step(
        "DescribeInstances",
        {"InstanceIds": ["{instance}"]},
        until="Reservations[0].Instances[0].State.Name == 'running'",
    ),
    Step("DescribeInstances", {"InstanceIds": ["{instance}"]}),
    Step("DescribeInstances", {"Filters": _where(tag__team="web")}),
    Step("DescribeInstances", {"InstanceIds": [UNKNOWN["instance"]]}),
    Step("DescribeInstances", {"InstanceIds": ["i-xyz"]}),
    Step("RebootInstances", {"InstanceIds": ["{instance}"]}),
    Step("StopInstances", {"InstanceIds": ["{instance}"], "DryRun": True}),
    Step("StopInstances", {"InstanceIds": [UNKNOWN["instance"]]}),
    Step(
        "RunInstances",
        {"ImageId": UNKNOWN["image"], "MinCount": 1, "MaxCount": 1, "InstanceType": "t3.micro"},
    ),
]

ATTACHMENTS = [
    Step(
        "AttachVolume",
        {"VolumeId": "{spare}", "InstanceId": "{instance}", "Device": "/dev/sdf"},
    ),
    Step(
        "DescribeVolumes",
        {"VolumeIds": ["{spare}"]},
        until="Volumes[0].Attachments[0].State == 'attached'",
    ),
    Step("DescribeVolumes", {"VolumeIds": ["{spare}"]}),
    Step("DescribeVolumes", {"Filters": _where(**{"attachment.device": "/dev/sdf"})}),
    # Attaching it again or deleting it now would break moto, which does both.
    Step("DetachVolume", {"VolumeId": "{spare}", "InstanceId": "{instance}", "Device": "/dev/sdf"}),
    Step("DescribeVolumes", {"VolumeIds": ["{spare}"]}, until="Volumes[0].State == 'available'"),
    Step("DescribeVolumes", {"VolumeIds": ["{spare}"]}),
    Step("DetachVolume", {"VolumeId": "{spare}", "InstanceId": "{instance}"}),
    Step("DeleteVolume", {"VolumeId": "{spare}"}),
]

IMAGES = [
    Step(
        "CreateImage",
        {
            "InstanceId": "{instance}",
            "Name": "created",
            "Description": "of an instance",
            "NoReboot": True,
            "TagSpecifications": [_tagged("image", team="web")],
        },
        save={"created": "ImageId"},
    ),
    Step("DescribeImages", {"ImageIds": ["{created}"]}, until="Images[0].State == 'available'"),
    Step("DescribeImages", {"ImageIds": ["{created}"]}),
    Step("DescribeImages", {"Owners": ["self"], "Filters": _where(name="created")}),
    Step("DescribeImages", {"Owners": ["self"], "Filters": _where(tag__team="web")}),
    Step("CreateImage", {"InstanceId": "{instance}", "Name": "created"}),
    Step("CreateImage", {"InstanceId": "{instance}", "Name": "dry", "DryRun": True}),
    Step("CreateImage", {"InstanceId": UNKNOWN["instance"], "Name": "nothing"}),
    Step(
        "CopyImage",
        {"SourceImageId": "{created}", "SourceRegion": "us-east-1", "Name": "copied"},
        save={"copy": "ImageId"},
    ),
    Step("DescribeImages", {"ImageIds": ["{copy}"]}, until="Images[0].State == 'available'"),
    Step("DescribeImages", {"ImageIds": ["{copy}"]}),
    Step(
        "CopyImage",
        {"SourceImageId": UNKNOWN["image"], "SourceRegion": "us-east-1", "Name": "nothing"},
    ),
    Step("DescribeImageAttribute", {"ImageId": "{created}", "Attribute": "description"}),
    Step(
        "ModifyImageAttribute",
        {"ImageId": "{created}", "LaunchPermission": {"Add": [{"UserId": "210987654321"}]}},
    ),
    Step("DescribeImageAttribute", {"ImageId": "{created}", "Attribute": "launchPermission"}),
    Step(
        "ModifyImageAttribute",
        {"ImageId": "{created}", "LaunchPermission": {"Remove": [{"UserId": "210987654321"}]}},
    ),
    Step("DescribeImageAttribute", {"ImageId": "{created}", "Attribute": "launchPermission"}),
    Step(
        "ModifyImageAttribute",
        {"ImageId": "{created}", "LaunchPermission": {"Add": [{"UserId": "nobody"}]}},
    ),
]

TAGS = [
    Step("CreateTags", {"Resources": ["{created}", "{snapshot}"], "Tags": [{"Key": "a", "Value": "b"}]}),
    Step("DescribeTags", {"Filters": _where(key="a")}),
    Step("DescribeTags", {"Filters": _where(resource_id="{created}")}),
    Step("DescribeTags", {"Filters": _where(resource_type="snapshot", value="b")}),
    Step("CreateTags", {"Resources": ["{created}"], "Tags": [{"Key": "aws:x", "Value": "y"}]}),
    Step("CreateTags", {"Resources": [UNKNOWN["image"]], "Tags": TEAM}),
    Step("CreateTags", {"Resources": ["{created}"], "Tags": TEAM, "DryRun": True}),
    Step("DeleteTags", {"Resources": ["{created}"], "Tags": [{"Key": "a", "Value": "other"}]}),
    Step("DescribeTags", {"Filters": _where(resource_id="{created}", key="a")}),
    Step("DeleteTags", {"Resources": ["{created}"], "Tags": [{"Key": "a"}]}),
    Step("DescribeTags", {"Filters": _where(resource_id="{created}")}),
]

END = [
    Step("DeregisterImage", {"ImageId": "{copy}"}),
    Step("DescribeImages", {"ImageIds": ["{copy}"]}),
    Step("DeregisterImage", {"ImageId": UNKNOWN["image"]}),
    Step("StopInstances", {"InstanceIds": ["{instance}"]}),
    Step(
        "DescribeInstances",
        {"InstanceIds": ["{instance}"]},
        until="Reservations[0].Instances[0].State.Name == 'stopped'",
    ),
    Step("StartInstances", {"InstanceIds": ["{instance}"]}),
    Step(
        "DescribeInstances",
        {"InstanceIds": ["{instance}"]},
        until="Reservations[0].Instances[0].State.Name == 'running'",
    ),
    Step("TerminateInstances", {"InstanceIds": ["{instance}"]}),
    Step(
        "DescribeInstances",
        {"InstanceIds": ["{instance}"]},
        until="Reservations[0].Instances[0].State.Name == 'terminated'",
    ),
    Step("DescribeInstances", {"InstanceIds": ["{instance}"]}),
]

SHARING = [
    Step(
        "CopySnapshot",
        {"SourceSnapshotId": "{snapshot}", "SourceRegion": "us-east-1", "Description": "copy"},
        save={"snapshot_copy": "SnapshotId"},
    ),
    Step(
        "DescribeSnapshots",
        {"SnapshotIds": ["{snapshot_copy}"]},
        until="Snapshots[0].State == 'completed'",
    ),
    Step("DescribeSnapshots", {"SnapshotIds": ["{snapshot_copy}"]}),
    Step("CopySnapshot", {"SourceSnapshotId": UNKNOWN["snapshot"], "SourceRegion": "us-east-1"}),
    Step(
        "ModifySnapshotAttribute",
        {
            "SnapshotId": "{snapshot_copy}",
            "Attribute": "createVolumePermission",
            "OperationType": "add",
            "UserIds": ["210987654321"],
        },
    ),
    Step(
        "DescribeSnapshotAttribute",
        {"SnapshotId": "{snapshot_copy}", "Attribute": "createVolumePermission"},
    ),
    Step("DeleteSnapshot", {"SnapshotId": "{snapshot_copy}"}),
    Step("GetEbsEncryptionByDefault"),
    Step("EnableEbsEncryptionByDefault"),
    Step("GetEbsEncryptionByDefault"),
    Step("DisableEbsEncryptionByDefault"),
]

PUBLIC_KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMzvfE+qS09w+okgrO0gY7jryF0lSCxdEO/O0UaUhuZe me"

LOGINS = [
    Step("CreateKeyPair", {"KeyName": "key"}),
    Step("CreateKeyPair", {"KeyName": "key"}),
    Step("DescribeKeyPairs", {"KeyNames": ["key"]}),
    Step("DescribeKeyPairs", {"KeyNames": ["nobody"]}),
    Step("DeleteKeyPair", {"KeyName": "key"}),
    Step("ImportKeyPair", {"KeyName": "imported", "PublicKeyMaterial": PUBLIC_KEY}),
    Step("ImportKeyPair", {"KeyName": "imported", "PublicKeyMaterial": PUBLIC_KEY}),
    Step("DeleteKeyPair", {"KeyName": "imported"}),
    Step("DescribeVpcs", {"Filters": _where(is_default="true")}, save={"vpc": "Vpcs[0].VpcId"}),
    Step("DescribeSubnets", {"Filters": _where(availability_zone=ZONE, vpc_id="{vpc}")}),
    Step(
        "CreateSecurityGroup",
        {"GroupName": "door", "Description": "a door", "VpcId": "{vpc}"},
        save={"group": "GroupId"},
    ),
    Step("CreateSecurityGroup", {"GroupName": "door", "Description": "again", "VpcId": "{vpc}"}),
    Step("AuthorizeSecurityGroupIngress", {"GroupId": "{group}", "IpPermissions": [SSH]}),
    Step("AuthorizeSecurityGroupIngress", {"GroupId": "{group}", "IpPermissions": [SSH]}),
    Step("DescribeSecurityGroups", {"GroupIds": ["{group}"]}),
    Step("DeleteSecurityGroup", {"GroupId": "{group}"}),
    Step("DescribeSecurityGroups", {"GroupIds": ["{group}"]}),
    Step("DescribeInstanceTypes", {"InstanceTypes": ["t9.huge"]}),
]

CALLS = (
    PLACES
    + VOLUMES
    + SNAPSHOTS
    + REGISTRATION
    + INSTANCES
    + ATTACHMENTS
    + IMAGES
    + TAGS
    + SHARING
    + LOGINS
    + END
)
