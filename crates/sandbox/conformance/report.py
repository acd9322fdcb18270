"""Counts and prints checks: one line for each, and a line with the numbers at the end."""

import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager


class Skip(Exception):
    """A check cannot be made here; the text says why."""


class Report:
    """What came of the checks so far. Threads may share it."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0
        self.skipped = 0
        self._lock = threading.Lock()

    @contextmanager
    def check(self, name: str) -> Iterator[None]:
        """Makes a check of a block: it fails when the block raises anything but Skip."""
        try:
            yield
        except Skip as why:
            self.skip(name, str(why))
        except Exception as error:
            self.fail(name, _shown(error))
        else:
            self.ok(name)

    def ok(self, name: str) -> None:
        with self._lock:
            self.passed += 1
            print(f"ok {name}", flush=True)

    def fail(self, name: str, why: str) -> None:
        with self._lock:
            self.failed += 1
            print(f"FAILED {name}: {why}", flush=True)

    def skip(self, name: str, why: str) -> None:
        with self._lock:
            self.skipped += 1
            print(f"skipped {name}: {why}", flush=True)

    def note(self, text: str) -> None:
        """Prints a line that is no check."""
        with self._lock:
            print(text, flush=True)

    def close(self) -> int:
        """Prints the numbers and gives the exit status."""
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped", flush=True)
        return 1 if self.failed or not self.passed else 0


def _shown(error: Exception) -> str:
    """An error on one line, with the place in the checks that raised it."""
    text = " ".join(str(error).split()) or type(error).__name__
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "/conformance/" in f.filename]
    frames = [f for f in frames if "/site-packages/" not in f.filename]
    where = f" ({frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno})" if frames else ""
    return text + where


def equal(found: object, expected: object, what: str = "value") -> None:
    """Fails the check when two values differ."""
    if found != expected:
        raise AssertionError(f"{what} is {found!r}, expected {expected!r}")


def true(condition: object, what: str) -> None:
    """Fails the check unless a condition holds."""
    if not condition:
        raise AssertionError(what)
