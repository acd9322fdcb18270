"""Drives S3 of the sandbox with the AWS CLI, as a person would."""

import os
from pathlib import Path

from report import Report, equal, true
from servers import Sandbox
from with_aws_cli import AwsCli
from with_s3 import http

BIG = (8 << 20) + 3


def check(report: Report, program: Path, sandbox: Sandbox, directory: Path) -> None:
    """Makes all checks."""
    aws = AwsCli(program, sandbox)
    with report.check("aws s3: mb, cp, ls, sync, rm, rb"):
        _files(aws, directory)
    with report.check("aws s3api: an ACL for EC2 needs a bucket with ACLs"):
        _acls(aws, directory)
    with report.check("aws s3 presign"):
        _presign(aws, directory)


def _done(aws: AwsCli, *words: str) -> str:
    done = aws.run(*words)
    equal(done.returncode, 0, f"status of aws {' '.join(words[:3])} ({done.stderr.strip()})")
    return done.stdout


def _files(aws: AwsCli, directory: Path) -> None:
    tree = directory / "tree"
    tree.mkdir(exist_ok=True)
    # So large that it goes up in parts.
    contents = {"small": b"x", "big": os.urandom(BIG), "empty": b""}
    for name, data in contents.items():
        (tree / name).write_bytes(data)
    _done(aws, "s3", "mb", "s3://cli-bucket", "--region", "eu-west-1")
    _done(aws, "s3", "cp", "--recursive", str(tree), "s3://cli-bucket/tree/", "--region", "eu-west-1")
    listed = _done(aws, "s3", "ls", "s3://cli-bucket/tree/", "--region", "eu-west-1")
    equal([line.split()[-1] for line in listed.splitlines()], sorted(contents), "names")
    back = directory / "back"
    _done(aws, "s3", "sync", "s3://cli-bucket/tree", str(back), "--region", "eu-west-1")
    found = {path.name: path.read_bytes() for path in back.iterdir()}
    true(found == contents, "other bytes came back")
    # From another region the CLI finds its way.
    equal(_done(aws, "s3", "cp", "s3://cli-bucket/tree/small", "-"), "x", "bytes")
    _done(aws, "s3", "rm", "--recursive", "s3://cli-bucket/tree", "--region", "eu-west-1")
    _done(aws, "s3", "rb", "s3://cli-bucket", "--region", "eu-west-1")
    aws.refused_by("s3api", "NoSuchBucket", "list-objects", "--bucket", "cli-bucket")


def _acls(aws: AwsCli, directory: Path) -> None:
    body = directory / "body"
    body.write_bytes(b"body")
    put = ["put-object", "--bucket", "cli-acls", "--key", "k", "--body", str(body)]
    exec_read = ["--acl", "aws-exec-read"]
    aws.call("s3api", "create-bucket", "--bucket", "cli-acls")
    aws.refused_by("s3api", "AccessControlListNotSupported", *put, *exec_read)
    controls = ["--bucket", "cli-acls", "--ownership-controls"]
    rules = "Rules=[{ObjectOwnership=ObjectWriter}]"
    aws.call("s3api", "put-bucket-ownership-controls", *controls, rules)
    aws.call("s3api", *put, *exec_read)
    acl = aws.call("s3api", "get-object-acl", "--bucket", "cli-acls", "--key", "k")
    equal([g["Permission"] for g in acl["Grants"]], ["FULL_CONTROL", "READ"], "permissions")


def _presign(aws: AwsCli, directory: Path) -> None:
    # In us-east-1 the CLI signs URLs in the older way, which S3 does not take for new buckets.
    region = ["--region", "eu-central-1"]
    _done(aws, "s3", "mb", "s3://cli-central", *region)
    (directory / "body").write_bytes(b"body")
    _done(aws, "s3", "cp", str(directory / "body"), "s3://cli-central/k", *region)
    url = _done(aws, "s3", "presign", "s3://cli-central/k", *region).strip()
    equal(http("GET", url), (200, b"body"), "what the URL leads to")
