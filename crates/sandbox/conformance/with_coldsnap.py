"""Uploads and downloads disks with coldsnap."""

import subprocess
from pathlib import Path

from report import Report, Skip, equal, true
from servers import Sandbox

BLOCK = 512 << 10
GIB = 1 << 30


def check(report: Report, program: Path | None, sandbox: Sandbox, directory: Path) -> None:
    """Makes all checks; they are skipped where coldsnap is not installed."""
    # What is uploaded, how, and how many blocks that is.
    cases: list[tuple[str, int, list[tuple[int, bytes]], list[str], int]] = [
        ("a file that ends within a block", 1_300_000, [(0, b"start"), (1_299_000, b"end")], [], 3),
        (
            "a sparse file that ends within a GiB",
            GIB + 1000,
            [(0, b"start"), (GIB + 500, b"end")],
            ["--omit-zero-blocks"],
            2,
        ),
        ("a file of whole blocks", 4 * BLOCK, [(BLOCK, b"data")], ["--omit-zero-blocks"], 1),
    ]
    for what, size, parts, options, blocks in cases:
        with report.check(f"coldsnap upload, wait and download of {what}"):
            if program is None:
                raise Skip("coldsnap is not installed; cargo xtask conformance --peers installs it")
            disk = _disk(directory / "disk", size, parts)
            _there_and_back(Coldsnap(program, sandbox), sandbox, disk, options, blocks)


class Coldsnap:
    """The program, pointed at a sandbox."""

    def __init__(self, program: Path, sandbox: Sandbox) -> None:
        self._program = program
        self._environment = sandbox.environment()

    def run(self, *words: str | Path) -> str:
        done = subprocess.run(
            [self._program, *words],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )
        last = " / ".join(done.stderr.strip().splitlines()[-4:])
        equal(done.returncode, 0, f"status of coldsnap {words[0]} ({last})")
        return done.stdout.strip()


def _disk(path: Path, size: int, parts: list[tuple[int, bytes]]) -> Path:
    with path.open("wb") as file:
        file.truncate(size)
        for offset, data in parts:
            file.seek(offset)
            file.write(data)
    return path


def _there_and_back(
    coldsnap: Coldsnap, sandbox: Sandbox, disk: Path, options: list[str], blocks: int
) -> None:
    tags = ["--tag", "Key=made-by,Value=coldsnap"]
    words = ["--no-progress", "--description", "of a disk", *tags, *options]
    snapshot = coldsnap.run("upload", *words, disk)
    true(snapshot.startswith("snap-"), f"no snapshot: {snapshot}")
    coldsnap.run("wait", snapshot)
    shown = sandbox.client().describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]
    equal(shown["State"], "completed", "state")
    size = disk.stat().st_size
    equal(shown["VolumeSize"], -(-size // GIB), "size of the volume")
    written = sandbox.client("ebs").list_snapshot_blocks(SnapshotId=snapshot)["Blocks"]
    equal(len(written), blocks, "blocks")
    copy = disk.with_name("copy")
    coldsnap.run("download", "--no-progress", "--force", snapshot, copy)
    equal(copy.stat().st_size, shown["VolumeSize"] * GIB, "size of the copy")
    true(_begins_with(copy, disk), "the bytes are others")
    copy.unlink()
    disk.unlink()


def _begins_with(copy: Path, disk: Path) -> bool:
    """Whether a file has the bytes of another one, and zeros behind them."""
    with copy.open("rb") as one, disk.open("rb") as other:
        while piece := one.read(1 << 24):
            if piece != other.read(len(piece)).ljust(len(piece), b"\0"):
                return False
    return True
