"""Writes, reads and compares snapshots with boto3's client of EBS direct, and makes it fail."""

import base64
import hashlib
import os
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError
from report import Report, equal, true
from servers import Sandbox
from with_boto3 import QUICKLY, ZONE

BLOCK = 512 << 10
UNKNOWN = "snap-0123456789abcdef0"
SHA256 = {"ChecksumAlgorithm": "SHA256"}


def digest(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def linear(blocks: list[bytes]) -> str:
    """The checksum over the checksums of blocks."""
    return digest(b"".join(hashlib.sha256(block).digest() for block in blocks))


def check(report: Report, sandbox: Sandbox) -> None:
    """Makes all checks."""
    unchecked = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    ebs, ec2 = sandbox.client("ebs", config=unchecked), sandbox.client()
    blocks = [os.urandom(BLOCK) for _ in range(3)]
    with report.check("boto3 ebs: a snapshot is written, completed and read"):
        parent = _written(ebs, ec2, dict(enumerate(blocks)), Description="whole")
        equal(_read(ebs, parent), dict(enumerate(blocks)), "blocks")
    with report.check("boto3 ebs: a child differs from its parent where it was written"):
        child = _written(ebs, ec2, {1: bytes(BLOCK), 9: blocks[0]}, ParentSnapshotId=parent)
        found = ebs.list_changed_blocks(FirstSnapshotId=parent, SecondSnapshotId=child)
        indexes = [block["BlockIndex"] for block in found["ChangedBlocks"]]
        equal(indexes, [1, 9], "indexes")
        true("FirstBlockToken" not in found["ChangedBlocks"][1], "a token of no block")
        equal(sorted(_read(ebs, child)), [0, 1, 2, 9], "blocks of the child")
    with report.check("boto3 ebs: a started snapshot has tags and a key, and the token gives it again"):
        _start(ebs, ec2)
    with report.check("boto3 ebs: what was written becomes an image and a volume"):
        _image(ec2, parent)
    _refusals(report, ebs, ec2, parent)


def _written(ebs: Any, ec2: Any, blocks: dict[int, bytes], **more: Any) -> str:
    started = ebs.start_snapshot(VolumeSize=1, **more)
    equal((started["Status"], started["BlockSize"]), ("pending", BLOCK), "what was started")
    snapshot = started["SnapshotId"]
    for index, data in blocks.items():
        answer = _put(ebs, snapshot, index, data)
        equal(answer["Checksum"], digest(data), "checksum of the answer")
    answer = ebs.complete_snapshot(
        SnapshotId=snapshot,
        ChangedBlocksCount=len(blocks),
        Checksum=linear([data for _, data in sorted(blocks.items())]),
        ChecksumAggregationMethod="LINEAR",
        **SHA256,
    )
    equal(answer["ResponseMetadata"]["HTTPStatusCode"], 202, "status of the completion")
    ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[snapshot], WaiterConfig=QUICKLY)
    return snapshot


def _put(ebs: Any, snapshot: str, index: int, data: bytes, **changes: Any) -> Any:
    params = {"DataLength": len(data), "Checksum": digest(data), "Progress": 50} | SHA256
    return ebs.put_snapshot_block(
        SnapshotId=snapshot, BlockIndex=index, BlockData=data, **(params | changes)
    )


def _read(ebs: Any, snapshot: str) -> dict[int, bytes]:
    found = {}
    for block in ebs.list_snapshot_blocks(SnapshotId=snapshot, MaxResults=100)["Blocks"]:
        answer = ebs.get_snapshot_block(SnapshotId=snapshot, **block)
        data = answer["BlockData"].read()
        equal((answer["DataLength"], answer["Checksum"]), (BLOCK, digest(data)), "headers")
        found[block["BlockIndex"]] = data
    return found


def _start(ebs: Any, ec2: Any) -> None:
    tags = [{"Key": "team", "Value": "web"}]
    wanted = {"VolumeSize": 8, "Encrypted": True, "Tags": tags, "Timeout": 10, "ClientToken": "once"}
    started = ebs.start_snapshot(**wanted)
    true(":key/" in started["KmsKeyArn"], f"the key is {started.get('KmsKeyArn')}")
    equal((started["SseType"], started["Tags"]), ("sse-kms", tags), "encryption and tags")
    snapshot = started["SnapshotId"]
    equal(ebs.start_snapshot(**wanted)["SnapshotId"], snapshot, "snapshot of the same token")
    _refused("ConflictException", "", ebs.start_snapshot, **(wanted | {"VolumeSize": 9}))
    shown = ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]
    equal((shown["State"], shown["Encrypted"], shown["Tags"]), ("pending", True, tags), "over EC2")
    ec2.delete_snapshot(SnapshotId=snapshot)
    _refused("ResourceNotFoundException", "SNAPSHOT_NOT_FOUND", _put, ebs, snapshot, 0, bytes(BLOCK))


def _image(ec2: Any, snapshot: str) -> None:
    device = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot, "VolumeType": "gp3"}}
    image = ec2.register_image(
        Name="of-blocks",
        Architecture="x86_64",
        VirtualizationType="hvm",
        EnaSupport=True,
        RootDeviceName="/dev/xvda",
        BlockDeviceMappings=[device],
    )["ImageId"]
    ec2.get_waiter("image_available").wait(ImageIds=[image], WaiterConfig=QUICKLY)
    made = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1)
    equal(made["Instances"][0]["ImageId"], image, "image of the instance")
    volume = ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=snapshot)["VolumeId"]
    ec2.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig=QUICKLY)


def _refusals(report: Report, ebs: Any, ec2: Any, complete: str) -> None:
    snapshot = ebs.start_snapshot(VolumeSize=1)["SnapshotId"]
    zeros = bytes(BLOCK)
    token = ebs.list_snapshot_blocks(SnapshotId=complete)["Blocks"][0]["BlockToken"]
    value, missing = "INVALID_PARAMETER_VALUE", "SNAPSHOT_NOT_FOUND"
    validation, not_found = "ValidationException", "ResourceNotFoundException"
    put, start = ebs.put_snapshot_block, ebs.start_snapshot

    def putting(index: int, **changes: Any) -> dict[str, Any]:
        params = {"DataLength": BLOCK, "Checksum": digest(zeros), "BlockData": zeros} | SHA256
        return {"SnapshotId": snapshot, "BlockIndex": index} | params | changes

    refusals = [
        ("a wrong checksum", validation, value, put, putting(0, Checksum=digest(b""))),
        ("a short block", validation, value, put, putting(0, BlockData=zeros[1:])),
        ("another length", validation, value, put, putting(0, DataLength=512)),
        ("another algorithm", validation, value, put, putting(0, ChecksumAlgorithm="SHA1")),
        ("a block behind the end", validation, "INVALID_BLOCK", put, putting(2048)),
        ("a block of no snapshot", not_found, missing, put, putting(0, SnapshotId=UNKNOWN)),
        ("a block of a complete one", validation, value, put, putting(0, SnapshotId=complete)),
        ("an ID that is none", validation, "INVALID_SNAPSHOT_ID", put, putting(0, SnapshotId="snap-x")),
        ("no size", validation, "INVALID_VOLUME_SIZE", start, {"VolumeSize": 0}),
        ("a short timeout", validation, value, start, {"VolumeSize": 1, "Timeout": 9}),
        (
            "a parent and encryption",
            validation,
            value,
            start,
            {"VolumeSize": 1, "ParentSnapshotId": complete, "Encrypted": True},
        ),
        (
            "a key that is not there",
            not_found,
            "DEPENDENCY_RESOURCE_NOT_FOUND",
            start,
            {
                "VolumeSize": 1,
                "Encrypted": True,
                "KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/nowhere",
            },
        ),
        (
            "a wrong count",
            validation,
            value,
            ebs.complete_snapshot,
            {"SnapshotId": snapshot, "ChangedBlocksCount": 7},
        ),
        (
            "the end of no snapshot",
            not_found,
            missing,
            ebs.complete_snapshot,
            {"SnapshotId": UNKNOWN, "ChangedBlocksCount": 0},
        ),
        (
            "the token of another block",
            validation,
            "INVALID_BLOCK_TOKEN",
            ebs.get_snapshot_block,
            {"SnapshotId": complete, "BlockIndex": 1, "BlockToken": token},
        ),
        ("a list of no snapshot", not_found, missing, ebs.list_snapshot_blocks, {"SnapshotId": UNKNOWN}),
        (
            "a list of a pending one",
            validation,
            value,
            ebs.list_snapshot_blocks,
            {"SnapshotId": snapshot},
        ),
        (
            "a wrong page",
            validation,
            "INVALID_PAGE_TOKEN",
            ebs.list_snapshot_blocks,
            {"SnapshotId": complete, "NextToken": "AAAA"},
        ),
    ]
    for what, code, reason, call, params in refusals:
        with report.check(f"boto3 ebs: {what} is {code} {reason}"):
            _refused(code, reason, call, **params)
    with report.check("boto3 ebs: unrelated snapshots are not compared"):
        alone = _written(ebs, ec2, {0: zeros})
        ask = {"FirstSnapshotId": alone, "SecondSnapshotId": complete}
        _refused(validation, "UNRELATED_SNAPSHOTS", ebs.list_changed_blocks, **ask)
    with report.check("boto3 ebs: encryption by default refuses a parent without"):
        ec2.enable_ebs_encryption_by_default()
        _refused(validation, value, start, VolumeSize=1, ParentSnapshotId=complete)
        true("KmsKeyArn" in start(VolumeSize=1), "there is no key")
        ec2.disable_ebs_encryption_by_default()


def _refused(code: str, reason: str, call: Any, *words: Any, **params: Any) -> None:
    """Fails the check unless a call fails in this way."""
    try:
        call(*words, **params)
    except ClientError as error:
        found = (error.response["Error"]["Code"], error.response.get("Reason", ""))
        equal(found, (code, reason), f"error ({error})")
    else:
        raise AssertionError(f"it was done, expected {code}")
