"""Sends the same calls to the sandbox and to moto and compares the answers field by field.

IDs, times and request IDs are made alike first. Every difference that is left must be listed in
differences.toml with its reason, and everything that is listed there must still be seen.
"""

import re
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import jmespath
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from calls import CALLS, Step
from report import Report
from servers import Moto, Sandbox, Server

LIST = Path(__file__).with_name("differences.toml")
ID = re.compile(r"\b(ami|dopt|eni(?:-attach)?|i|key|r|sgr?|snap|subnet(?:-cidr-assoc)?|vol|vpc(?:-cidr-assoc)?)-[0-9a-f]{8,17}\b")
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| UTC)")
SECRET = re.compile(r"-----BEGIN.*|([0-9a-f]{2}:){15,}[0-9a-f]{2}", re.DOTALL)
ADDRESS = re.compile(r"\b(\d{1,3}[.-]){3}\d{1,3}\b")

# Action, path of the field, the sandbox's value and moto's; "absent" stands for no such field.
Difference = tuple[str, str, str, str]


class Conversation:
    """The calls to one server, with the IDs that it gave."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._clients: dict[str, Any] = {}
        self._saved: dict[str, str] = {}

    def call(self, step: Step) -> Any:
        """Makes a call and gives its answer, comparable; an error is an answer as well."""
        params = self._filled(step.params)
        method = getattr(self._client(step.service), xform_name(step.action))
        try:
            answer = method(**params)
        except ClientError as error:
            answer = error.response
        except ResponseParserError:
            # A page in HTML, which moto gives when it breaks down.
            answer = {"Error": {"Code": "not XML"}, "ResponseMetadata": {"HTTPStatusCode": 500}}
        for name, path in step.save.items():
            self._saved[name] = jmespath.search(path, answer)
            if not self._saved[name]:
                raise RuntimeError(f"{self._server.endpoint}: {step.action}: {answer}")
        if step.until:
            return jmespath.search(step.until, answer), answer
        status = answer.pop("ResponseMetadata")["HTTPStatusCode"]
        return self._alike(answer) | {"Status": status}

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            # What clients would refuse is to reach the server.
            unchecked = Config(parameter_validation=False, retries={"total_max_attempts": 1})
            self._clients[service] = self._server.client(service, config=unchecked)
        return self._clients[service]

    def _filled(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._filled(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._filled(inner) for inner in value]
        return value.format_map(self._saved) if isinstance(value, str) else value

    def _alike(self, value: Any) -> Any:
        """The value with names for IDs that were saved; other IDs, times and the like are one word."""
        if isinstance(value, dict):
            return {key: self._alike(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return sorted((self._alike(inner) for inner in value), key=_order)
        if isinstance(value, datetime):
            return "TIME"
        if isinstance(value, str):
            names = {id_: f"{{{name}}}" for name, id_ in self._saved.items()}
            value = ID.sub(lambda found: names.get(found[0], f"{found[1]}-ID"), value)
            value = ADDRESS.sub("ADDRESS", TIME.sub("TIME", value))
            return SECRET.sub("KEY", value)
        return value


def _order(value: Any) -> Any:
    """Lists of EC2 have no order; tags and mappings are told apart by the first of these."""
    if isinstance(value, dict):
        keys = [str(value.get(key, "")) for key in ("ResourceId", "Key", "DeviceName", "RegionName")]
        return (keys, "")
    return ([], str(value))


def _differences(action: str, path: str, ours: Any, theirs: Any) -> Iterator[Difference]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        if ("Error" in ours) != ("Error" in theirs):
            # Of an error and an answer nothing else can be alike.
            yield action, "Error.Code", _outcome(ours), _outcome(theirs)
            return
        for key in sorted(ours.keys() | theirs.keys()):
            inner = f"{path}.{key}" if path else key
            pair = (ours.get(key, "absent"), theirs.get(key, "absent"))
            yield from _differences(action, inner, *pair)
    elif isinstance(ours, list) and isinstance(theirs, list):
        if len(ours) != len(theirs):
            yield action, f"{path}[]", f"{len(ours)} items", f"{len(theirs)} items"
        for pair in zip(ours, theirs):
            yield from _differences(action, f"{path}[]", *pair)
    elif ours != theirs:
        yield action, path, _shown(ours), _shown(theirs)


def _outcome(answer: Any) -> str:
    return answer["Error"]["Code"] if "Error" in answer else "success"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a structure"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return value if isinstance(value, str) else repr(value)


def check(report: Report, program: Path, work: Path, answers: Path) -> None:
    """Makes all calls and holds what differs against the list."""
    reads = ["--pace", "1reads", "--image-time", "1reads", "--instances", "0"]
    with (
        Sandbox(program, answers, *reads) as sandbox,
        Moto(Path(sys.executable).with_name("moto_server"), work / "moto.log") as moto,
    ):
        seen = _compare(report, Conversation(sandbox), Conversation(moto))
    _judge(report, seen, Listed(LIST))


def _compare(report: Report, ours: Conversation, theirs: Conversation) -> Counter[Difference]:
    seen: Counter[Difference] = Counter()
    compared = 0
    for step in CALLS:
        if step.until:
            _settle(ours, step)
            _settle(theirs, step)
            continue
        compared += 1
        seen.update(_differences(step.action, "", ours.call(step), theirs.call(step)))
    report.note(f"moto: {compared} calls compared, {len(seen)} differences")
    return seen


def _settle(conversation: Conversation, step: Step) -> None:
    end = time.monotonic() + 10
    while not (last := conversation.call(step))[0]:
        if time.monotonic() > end:
            raise RuntimeError(f"{step.action}: never {step.until}: {last[1]}")
        time.sleep(0.05)


class Listed:
    """The differences that are known: for actions and fields, pairs of the sandbox's value and moto's.

    In the values `*` stands for anything. Each pair must be seen for each of the actions.
    """

    def __init__(self, file: Path) -> None:
        self.unseen: set[Difference] = set()
        self._known: dict[tuple[str, str], list[Difference]] = {}
        for entry in tomllib.loads(file.read_text()).get("difference", []):
            if not entry["reason"].strip():
                raise ValueError(f"{entry['fields']}: no reason")
            for action in entry["actions"]:
                for name, pairs in entry["fields"].items():
                    known = [(action, name, ours, theirs) for ours, theirs in pairs]
                    self._known.setdefault((action, name), []).extend(known)
                    self.unseen.update(known)

    def has(self, difference: Difference) -> bool:
        """Whether a difference is listed. What was asked for is no longer unseen."""
        for known in self._known.get(difference[:2], []):
            if _fits(known[2], difference[2]) and _fits(known[3], difference[3]):
                self.unseen.discard(known)
                return True
        return False


def _fits(pattern: str, value: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), value, re.DOTALL) is not None


def _judge(report: Report, seen: Counter[Difference], listed: Listed) -> None:
    for difference in sorted(seen):
        action, name, ours, theirs = difference
        if not listed.has(difference):
            report.fail(f"moto {action} {name}", f"the sandbox says '{ours}', moto '{theirs}'")
    for action, name, ours, theirs in sorted(listed.unseen):
        why = f"'{ours}' and '{theirs}' are listed, but are no difference any more"
        report.fail(f"moto {action} {name}", why)
    for action in sorted({step.action for step in CALLS}):
        kinds = [difference for difference in seen if difference[0] == action]
        if all(listed.has(difference) for difference in kinds):
            report.ok(f"moto {action}: {len(kinds)} differences, all of them listed")
