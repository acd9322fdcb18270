"""Drives the sandbox with the AWS CLI, as a person would."""

import json
import os
import subprocess
import threading
from pathlib import Path
from typing import Any

from report import Report, equal, true
from servers import Sandbox
from with_ebs import digest, linear

BAD_IDS = [
    ("describe-images", "--image-ids", "ami-0123456789abcdef0", "InvalidAMIID.NotFound"),
    ("describe-images", "--image-ids", "ami-xyz", "InvalidAMIID.Malformed"),
    ("describe-instances", "--instance-ids", "i-0123456789abcdef0", "InvalidInstanceID.NotFound"),
    ("describe-instances", "--instance-ids", "i-xyz", "InvalidInstanceID.Malformed"),
    ("describe-snapshots", "--snapshot-ids", "snap-0123456789abcdef0", "InvalidSnapshot.NotFound"),
    ("describe-volumes", "--volume-ids", "vol-0123456789abcdef0", "InvalidVolume.NotFound"),
]


class AwsCli:
    """The `aws` program of the environment, pointed at a sandbox."""

    def __init__(self, program: Path, sandbox: Sandbox) -> None:
        self._program = program
        self._environment = sandbox.environment()

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._program, *words],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def ec2(self, *words: str) -> Any:
        """What a call of EC2 printed; the check fails when the call does."""
        return self.call("ec2", *words)

    def call(self, service: str, *words: str) -> Any:
        """The same of another service."""
        done = self.run(service, "--output", "json", *words)
        equal(done.returncode, 0, f"status of aws {service} {words[0]} ({done.stderr.strip()})")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def refused(self, code: str, *words: str) -> None:
        """The check fails unless the call fails with an error code of EC2."""
        self.refused_by("ec2", code, *words)

    def refused_by(self, service: str, code: str, *words: str) -> None:
        """The same of another service."""
        done = self.run(service, *words)
        equal(done.returncode, 255, f"status of aws {service} {words[0]}")
        true(f"({code})" in done.stderr, f"expected {code}: {done.stderr.strip()}")


def check(
    report: Report, program: Path, sandbox: Sandbox, pages: Sandbox, directory: Path
) -> None:
    """Makes all checks. `pages` gives short pages, some of them empty."""
    aws = AwsCli(program, sandbox)
    image = ""
    with report.check("aws create-image"):
        tags = "ResourceType=image,Tags=[{Key=team,Value=web}]"
        words = ["--instance-id", sandbox.instances[1], "--name", "cli", "--tag-specifications", tags]
        image = aws.ec2("create-image", *words)["ImageId"]
        true(image.startswith("ami-"), f"no image: {image}")
    # The CLI asks every 15 seconds, and the image is pending when it first asks.
    waiting = threading.Thread(target=_wait, args=(report, aws, image))
    waiting.start()
    _tags(report, aws, sandbox)
    _snapshots(report, aws, sandbox)
    _public_access(report, aws)
    _errors(report, aws, sandbox)
    _paging(report, AwsCli(program, pages), pages)
    _identity(report, aws)
    _blocks(report, aws, directory)
    waiting.join()
    _image(report, aws, image, sandbox.instances[0])


def _wait(report: Report, aws: AwsCli, image: str) -> None:
    with report.check("aws wait image-available"):
        aws.ec2("wait", "image-available", "--image-ids", image)
        # Only now: another reader would have made the time of the image pass.
        found = aws.ec2("describe-images", "--image-ids", image)["Images"]
        equal([i["State"] for i in found], ["available"], "states")


def _image(report: Report, aws: AwsCli, image: str, instance: str) -> None:
    with report.check("aws describe-images shows what create-image was told"):
        shown = aws.ec2("describe-images", "--owners", "self", "--filters", "Name=tag:team,Values=web")
        equal([i["ImageId"] for i in shown["Images"]], [image], "images")
        equal(shown["Images"][0]["Name"], "cli", "name")
        equal(shown["Images"][0]["Tags"], [{"Key": "team", "Value": "web"}], "tags")
        devices = [d["DeviceName"] for d in shown["Images"][0]["BlockDeviceMappings"]]
        equal(devices, ["/dev/xvda", "/dev/sdf"], "devices")
    with report.check("aws copy-image"):
        words = ["--source-image-id", image, "--source-region", "us-east-1", "--name", "copy"]
        copy = aws.ec2("copy-image", *words)["ImageId"]
        shown = aws.ec2("describe-images", "--image-ids", copy)["Images"][0]
        equal(shown["SourceImageId"], image, "source image")
    with report.check("aws get-image-ancestry leads through regions and a deregistered image"):
        there = ["--region", "eu-west-1"]
        words = ["--source-image-id", copy, "--source-region", "us-east-1", "--name", "abroad"]
        abroad = aws.ec2("copy-image", *there, *words)["ImageId"]
        aws.ec2("deregister-image", "--image-id", copy)
        chain = aws.ec2("get-image-ancestry", *there, "--image-id", abroad)["ImageAncestryEntries"]
        equal([e["ImageId"] for e in chain[:3]], [abroad, copy, image], "images")
        equal(chain[0]["SourceImageRegion"], "us-east-1", "region of the first source")
        equal(chain[-1]["ImageOwnerAlias"], "amazon", "owner of the last")
        aws.refused("InvalidAMIID.NotFound", "get-image-ancestry", "--image-id", copy)
    with report.check("aws describe-image-references"):
        source = chain[-1]["ImageId"]
        ask = ["describe-image-references", "--include-all-resource-types", "--image-ids"]
        found = aws.ec2(*ask, source, "--page-size", "5")["ImageReferences"]
        true(any(r["Arn"].endswith(f":instance/{instance}") for r in found), f"found {found}")
        stopped = "[{OptionName=state-name,OptionValues=[stopped]}]"
        kind = f"ResourceType=ec2:Instance,ResourceTypeOptions={stopped}"
        found = aws.ec2(*ask, source, "--resource-types", kind)["ImageReferences"]
        equal(found, [], "references by stopped instances")
        aws.refused("InvalidParameterValue", *ask, *(f"ami-{n:017x}" for n in range(11)))
    with report.check("aws create-image with a name in use is InvalidAMIName.Duplicate"):
        words = ["--instance-id", instance, "--name", "cli"]
        aws.refused("InvalidAMIName.Duplicate", "create-image", *words)
    with report.check("aws deregister-image"):
        aws.ec2("deregister-image", "--image-id", image)
        aws.refused("InvalidAMIID.NotFound", "describe-images", "--image-ids", image)


def _tags(report: Report, aws: AwsCli, sandbox: Sandbox) -> None:
    instance = sandbox.instances[0]
    with report.check("aws create-tags and describe-tags"):
        aws.ec2("create-tags", "--resources", instance, "--tags", "Key=a b,Value=c&d <é>", "Key=empty")
        found = aws.ec2("describe-tags", "--filters", f"Name=resource-id,Values={instance}")["Tags"]
        tags = {tag["Key"]: tag["Value"] for tag in found}
        equal(tags, {"a b": "c&d <é>", "empty": ""}, "tags")
        equal({tag["ResourceType"] for tag in found}, {"instance"}, "kinds")
    with report.check("aws delete-tags"):
        aws.ec2("delete-tags", "--resources", instance, "--tags", "Key=a b")
        found = aws.ec2("describe-tags", "--filters", f"Name=resource-id,Values={instance}")["Tags"]
        equal([tag["Key"] for tag in found], ["empty"], "keys")


def _snapshots(report: Report, aws: AwsCli, sandbox: Sandbox) -> None:
    snapshot = ""
    with report.check("aws create-snapshot"):
        shown = aws.ec2("describe-instances", "--instance-ids", sandbox.instances[0])
        devices = shown["Reservations"][0]["Instances"][0]["BlockDeviceMappings"]
        made = aws.ec2("create-snapshot", "--volume-id", devices[0]["Ebs"]["VolumeId"])
        snapshot = made["SnapshotId"]
        equal(made["State"], "pending", "state")
    with report.check("aws copy-snapshot"):
        sandbox.client().get_waiter("snapshot_completed").wait(
            SnapshotIds=[snapshot], WaiterConfig={"Delay": 0.1, "MaxAttempts": 20}
        )
        words = ["--source-snapshot-id", snapshot, "--source-region", "us-east-1"]
        copy = aws.ec2("copy-snapshot", *words)["SnapshotId"]
        true(copy.startswith("snap-") and copy != snapshot, f"no copy: {copy}")
        shown = aws.ec2("describe-snapshots", "--snapshot-ids", copy)["Snapshots"]
        equal(len(shown), 1, "number of snapshots")


def _public_access(report: Report, aws: AwsCli) -> None:
    there = ["--region", "eu-west-1"]
    with report.check("aws image block public access"):
        name = "ImageBlockPublicAccessState"
        shown = aws.ec2("get-image-block-public-access-state", *there)
        equal(shown, {name: "block-new-sharing", "ManagedBy": "account"}, "state")
        shown = aws.ec2("disable-image-block-public-access", *there)
        equal(shown, {name: "unblocked"}, "state when it is off")
        words = ["--image-block-public-access-state", "block-new-sharing"]
        shown = aws.ec2("enable-image-block-public-access", *there, *words)
        equal(shown, {name: "block-new-sharing"}, "state when it is on")
    with report.check("aws snapshot block public access"):
        shown = aws.ec2("get-snapshot-block-public-access-state", *there)
        equal(shown, {"State": "unblocked", "ManagedBy": "account"}, "state")
        words = ["--state", "block-all-sharing"]
        shown = aws.ec2("enable-snapshot-block-public-access", *there, *words)
        equal(shown, {"State": "block-all-sharing"}, "state when it is on")
        shown = aws.ec2("disable-snapshot-block-public-access", *there)
        equal(shown, {"State": "unblocked"}, "state when it is off")


def _errors(report: Report, aws: AwsCli, sandbox: Sandbox) -> None:
    for action, option, value, code in BAD_IDS:
        with report.check(f"aws {action} {value} is {code}"):
            aws.refused(code, action, option, value)
    with report.check("aws --dry-run"):
        aws.refused("DryRunOperation", "stop-instances", "--dry-run", "--instance-ids", sandbox.instances[0])
        shown = aws.ec2("describe-instances", "--instance-ids", sandbox.instances[0])
        equal(shown["Reservations"][0]["Instances"][0]["State"]["Name"], "running", "state")
    with report.check("aws: an unknown filter is InvalidParameterValue"):
        aws.refused("InvalidParameterValue", "describe-images", "--filters", "Name=nonsense,Values=x")
    with report.check("aws: an unknown action is InvalidAction"):
        aws.refused("InvalidAction", "describe-fpga-images")


def _paging(report: Report, aws: AwsCli, sandbox: Sandbox) -> None:
    client = sandbox.client()
    names = [f"page-{number}" for number in range(12)]
    for name in names:
        client.create_image(InstanceId=sandbox.instances[0], Name=name, NoReboot=True)
    mine = ["describe-images", "--owners", "self"]
    with report.check("aws describe-images --page-size goes on after empty pages"):
        shown = aws.ec2(*mine, "--page-size", "5")["Images"]
        equal(sorted(i["Name"] for i in shown), sorted(names), "names")
    with report.check("aws describe-images --max-items and --starting-token"):
        first = aws.ec2(*mine, "--page-size", "5", "--max-items", "7")
        equal(len(first["Images"]), 7, "number of images")
        rest = aws.ec2(*mine, "--page-size", "5", "--starting-token", first["NextToken"])
        found = [i["Name"] for i in first["Images"] + rest["Images"]]
        equal(sorted(found), sorted(names), "names")


def _identity(report: Report, aws: AwsCli) -> None:
    with report.check("aws sts get-caller-identity"):
        done = aws.run("sts", "get-caller-identity", "--output", "json")
        equal(done.returncode, 0, "status")
        equal(json.loads(done.stdout)["Account"], "123456789012", "account")


def _blocks(report: Report, aws: AwsCli, directory: Path) -> None:
    block, sent, got = os.urandom(512 << 10), directory / "block", directory / "block.out"
    sent.write_bytes(block)
    algorithm = ["--checksum-algorithm", "SHA256"]
    start = ["start-snapshot", "--volume-size", "1", "--description", "cli", "--timeout", "10"]
    snapshot = ""
    with report.check("aws ebs writes and completes a snapshot"):
        snapshot = aws.call("ebs", *start)["SnapshotId"]
        words = ["--snapshot-id", snapshot, "--block-index", "5", "--data-length", str(len(block))]
        words += ["--block-data", str(sent), "--checksum", digest(block), *algorithm]
        put = aws.call("ebs", "put-snapshot-block", *words)
        equal(put["Checksum"], digest(block), "checksum")
        words = ["--snapshot-id", snapshot, "--changed-blocks-count", "1", *algorithm]
        words += ["--checksum", linear([block]), "--checksum-aggregation-method", "LINEAR"]
        aws.call("ebs", "complete-snapshot", *words)
        aws.ec2("wait", "snapshot-completed", "--snapshot-ids", snapshot)
    with report.check("aws ebs lists and reads blocks"):
        blocks = aws.call("ebs", "list-snapshot-blocks", "--snapshot-id", snapshot)["Blocks"]
        equal([b["BlockIndex"] for b in blocks], [5], "indexes")
        words = ["--snapshot-id", snapshot, "--block-index", "5"]
        words += ["--block-token", blocks[0]["BlockToken"], str(got)]
        equal(aws.call("ebs", "get-snapshot-block", *words)["Checksum"], digest(block), "checksum")
        true(got.read_bytes() == block, "the bytes are others")
    with report.check("aws ebs list-changed-blocks"):
        child = aws.call("ebs", *start, "--parent-snapshot-id", snapshot)["SnapshotId"]
        aws.call("ebs", "complete-snapshot", "--snapshot-id", child, "--changed-blocks-count", "0")
        aws.ec2("wait", "snapshot-completed", "--snapshot-ids", child)
        words = ["--first-snapshot-id", snapshot, "--second-snapshot-id", child]
        equal(aws.call("ebs", "list-changed-blocks", *words)["ChangedBlocks"], [], "blocks")
    with report.check("aws ebs: a wrong token is a ValidationException"):
        words = ["--snapshot-id", snapshot, "--block-index", "5", "--block-token", "AAAA", str(got)]
        aws.refused_by("ebs", "ValidationException", "get-snapshot-block", *words)
