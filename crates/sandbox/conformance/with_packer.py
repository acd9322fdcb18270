"""Builds an image with packer's amazon-ebs builder, without logging in to the instance."""

import json
import shutil
import subprocess
from pathlib import Path

from report import Report, Skip, equal
from servers import Sandbox


def check(report: Report, sandbox: Sandbox, directory: Path) -> None:
    """Makes the check; it is skipped where packer is not installed."""
    with report.check("packer build of an amazon-ebs template"):
        program = shutil.which("packer")
        if program is None:
            raise Skip("packer is not installed")
        _build(program, sandbox, directory)
        _look(sandbox)


def _build(program: str, sandbox: Sandbox, directory: Path) -> None:
    ec2 = sandbox.client()
    source = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    builder = {
        "type": "amazon-ebs",
        "communicator": "none",
        "custom_endpoint_ec2": sandbox.endpoint,
        "access_key": sandbox.access_key,
        "secret_key": sandbox.secret_key,
        "region": "us-east-1",
        "source_ami": source,
        "instance_type": "t3.micro",
        "ami_name": "packed",
        "tags": {"made-by": "packer"},
        "snapshot_tags": {"part-of": "packed"},
    }
    template = directory / "packer.json"
    template.write_text(json.dumps({"builders": [builder]}))
    quickly = {"AWS_POLL_DELAY_SECONDS": "1", "AWS_MAX_ATTEMPTS": "60", "CHECKPOINT_DISABLE": "1"}
    # Nothing of a person's own packer is read or written.
    own = {"PACKER_CONFIG_DIR": str(directory), "PACKER_CACHE_DIR": str(directory / "packer-cache")}
    done = subprocess.run(
        [program, "build", "-color=false", template],
        env=sandbox.environment() | quickly | own,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    last = " / ".join((done.stdout + done.stderr).strip().splitlines()[-6:])
    equal(done.returncode, 0, f"status of packer build ({last})")


def _look(sandbox: Sandbox) -> None:
    ec2 = sandbox.client()
    images = ec2.describe_images(Filters=[{"Name": "name", "Values": ["packed"]}])["Images"]
    equal([i["State"] for i in images], ["available"], "states")
    equal(images[0]["Tags"], [{"Key": "made-by", "Value": "packer"}], "tags")
    snapshot = images[0]["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    shown = ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]
    # Packer gives the tags of the image to its snapshots as well.
    tags = {tag["Key"]: tag["Value"] for tag in shown["Tags"]}
    equal(tags, {"made-by": "packer", "part-of": "packed"}, "tags of the snapshot")
