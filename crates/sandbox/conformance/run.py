"""Runs the conformance checks of the sandbox: `cargo xtask conformance` starts this.

Clients that nobody here wrote drive the sandbox (`clients`), the same calls go to it and to moto
(`moto`), and the service model of botocore says whether the answers have the right shape (`model`).
"""

import argparse
import sys
from pathlib import Path

import model_check
import model_self_check
import moto_comparison
import with_aws_cli
import with_boto3
import with_coldsnap
import with_ebs
import with_packer
import with_s3
import with_s3_cli
from report import Report
from servers import Sandbox

PARTS = ["clients", "moto", "model"]


def main() -> int:
    """Reads the command line and runs what it asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sandbox", type=Path, required=True, help="the program ami-sandbox")
    parser.add_argument("--work", type=Path, required=True, help="a directory for files")
    parser.add_argument("--coldsnap", type=Path, help="the program coldsnap, when it is installed")
    parser.add_argument("--only", choices=PARTS, help="one part instead of all")
    given = parser.parse_args()
    report = Report()
    parts = [given.only] if given.only else PARTS
    answers = given.work / "answers.jsonl"
    run = {
        "clients": lambda: clients(report, given, answers),
        "moto": lambda: moto_comparison.check(report, given.sandbox, given.work, answers),
        "model": lambda: model_check.check(report, given.sandbox, given.work, given.only is None),
    }
    if "model" in parts:
        model_self_check.check(report)
    for part in parts:
        # What goes wrong between the checks of a part is a failure too, and not the end of the rest.
        with report.check(f"{part} went to the end"):
            run[part]()
    return report.close()


def clients(report: Report, given: argparse.Namespace, answers: Path) -> None:
    """Drives the sandbox with the AWS CLI, boto3, packer and coldsnap."""
    bin_directory = Path(sys.executable).parent
    program, work = given.sandbox, given.work
    brisk = ["--pace", "1reads"]
    with (
        Sandbox(program, answers, "--image-time", "1reads", *brisk) as sandbox,
        Sandbox(program, answers, "--page-size", "3", "--empty-pages", "2", *brisk) as pages,
        Sandbox(program, answers, "--invisible", "3reads", *brisk) as slow,
    ):
        with_boto3.check(report, sandbox, pages, slow)
        with_packer.check(report, sandbox, work)
    with Sandbox(program, answers, "--image-time", "1reads", "--data", work, *brisk) as sandbox:
        with_ebs.check(report, sandbox)
        with_coldsnap.check(report, given.coldsnap, sandbox, work)
        with_s3.check(report, sandbox, work)
        with_s3_cli.check(report, bin_directory / "aws", sandbox, work)
    with (
        Sandbox(program, answers, "--image-time", "1reads", *brisk) as sandbox,
        Sandbox(program, answers, "--page-size", "3", "--empty-pages", "2", *brisk) as pages,
    ):
        with_aws_cli.check(report, bin_directory / "aws", sandbox, pages, work)


if __name__ == "__main__":
    sys.exit(main())
