"""Holds every recorded answer of the sandbox against the service model of botocore, without a server.

Here are those in XML; `model_rest` has those in JSON. An answer must have the envelope of its
protocol, only elements that the model knows at their place, none of them twice, values of the right
type (enumerations included), and the members that the model requires or that botocore's own waiters
and paginators read. Errors must have the error shape of their service and a code that is documented
(error_codes.txt).
"""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import botocore.session
import model_rest
from botocore.exceptions import UnknownServiceError
from botocore.model import ListShape, OperationModel, ServiceModel, Shape, StructureShape
from report import Report
from servers import Sandbox

NAMESPACES = {
    "ec2": "http://ec2.amazonaws.com/doc/2016-11-15/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
}
REST = ["ebs"]
PATTERNS = {
    "boolean": re.compile(r"true|false"),
    "integer": re.compile(r"-?\d{1,10}"),
    "long": re.compile(r"-?\d{1,19}"),
    "float": re.compile(r"-?\d+(\.\d+)?"),
    "double": re.compile(r"-?\d+(\.\d+)?"),
    "timestamp": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z"),
    "blob": re.compile(r"[A-Za-z0-9+/\s]*={0,2}"),
}

# Service, code and HTTP status of errors.
Codes = set[tuple[str, str, int]]


class Models:
    """The service models, and what waiters and paginators read."""

    def __init__(self) -> None:
        self._loader = botocore.session.get_session().get_component("data_loader")
        self._services = {
            name: ServiceModel(self._loader.load_service_model(name, "service-2"))
            for name in [*NAMESPACES, *REST]
        }
        self._read = {name: self._members_read(name) for name in NAMESPACES}

    def operation(self, service: str, action: str) -> OperationModel:
        return self._services[service].operation_model(action)

    def actions(self, service: str) -> list[str]:
        return list(self._services[service].operation_names)

    def read(self, service: str, action: str) -> set[str]:
        """Paths such as `Images[].State` that a waiter or a paginator reads."""
        return self._read[service].get(action, set())

    def _members_read(self, service: str) -> dict[str, set[str]]:
        read: dict[str, set[str]] = {}
        for waiter in self._load(service, "waiters-2").get("waiters", {}).values():
            for acceptor in waiter["acceptors"]:
                path = acceptor.get("argument", "")
                if re.fullmatch(r"[A-Za-z.\[\]]+", path):
                    read.setdefault(waiter["operation"], set()).add(path)
        for action, page in self._load(service, "paginators-1").get("pagination", {}).items():
            keys = page["result_key"]
            read.setdefault(action, set()).update([keys] if isinstance(keys, str) else keys)
        return read

    def _load(self, service: str, kind: str) -> dict[str, Any]:
        try:
            return self._loader.load_service_model(service, kind)
        except UnknownServiceError:
            return {}


def check(report: Report, program: Path, work: Path, everything: bool) -> None:
    """Checks all answers in `work`; with `everything` each action must have been answered."""
    models = Models()
    codes = documented_codes()
    right: Counter[str] = Counter()
    wrong: dict[str, Counter[str]] = {}
    for answer in _answers(work):
        key, problems = judge(models, codes, answer)
        right[key] += 1
        wrong.setdefault(key, Counter()).update(problems)
    for key in sorted(right):
        _tell(report, f"model {key} ({right[key]} answers)", wrong[key])
    total, successes = sum(right.values()), {k for k in right if not k.endswith(" errors")}
    report.note(f"model: {total} answers checked, {len(successes)} actions")
    if not total:
        report.fail("model: answers", "none are recorded; run the other parts first")
    if everything:
        _covered(report, models, program, work, successes)


def _answers(work: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(work.glob("*.jsonl")):
        with file.open() as lines:
            yield from map(json.loads, lines)


def _tell(report: Report, name: str, problems: Counter[str]) -> None:
    if problems:
        report.fail(name, "; ".join(f"{text} ({n} times)" for text, n in problems.most_common(8)))
    else:
        report.ok(name)


def _covered(
    report: Report, models: Models, program: Path, work: Path, successes: set[str]
) -> None:
    """Every action that the sandbox knows must have succeeded at least once.

    It is asked for all actions that the model has, so that none can be forgotten here.
    """
    with Sandbox(program, Path(os.devnull)) as sandbox:
        for service in NAMESPACES:
            known = [a for a in models.actions(service) if sandbox.knows(a, service)]
            missing = [a for a in known if f"{service} {a}" not in successes]
            name = f"model: all {len(known)} actions of {service} were answered"
            _tell(report, name, Counter(missing))
    for service in REST:
        missing = [a for a in models.actions(service) if f"{service} {a}" not in successes]
        _tell(report, f"model: all actions of {service} were answered", Counter(missing))


def judge(models: Models, codes: Codes, answer: dict[str, Any]) -> tuple[str, list[str]]:
    """The heading of an answer, and what is wrong with it."""
    service, action, status = answer["service"], answer["action"], answer["status"]
    if service in REST:
        known = action in models.actions(service)
        operation = models.operation(service, action) if known else None
        if status < 400 and operation:
            return f"{service} {action}", list(model_rest.success(operation, answer))
        problems = model_rest.error(operation, codes, answer)
        return f"{service} errors", [f"{action}: {problem}" for problem in problems]
    if service not in NAMESPACES:
        return "other errors", [] if status >= 400 else [f"there is no model of {service}"]
    try:
        root = ElementTree.fromstring(answer["body"].encode())
    except ElementTree.ParseError as error:
        return f"{service} {action}", [f"no XML: {error}"]
    if status == 200:
        return f"{service} {action}", list(_success(models, service, action, root))
    return f"{service} errors", [f"{action}: {p}" for p in _error(service, codes, status, root)]


def _success(models: Models, service: str, action: str, root: Any) -> Iterator[str]:
    operation = models.operation(service, action)
    namespace = f"{{{NAMESPACES[service]}}}"
    if root.tag != f"{namespace}{action}Response":
        yield f"the root is {root.tag}"
        return
    for element in root.iter():
        if not element.tag.startswith(namespace):
            yield f"{element.tag} is in another namespace"
        element.tag = element.tag.removeprefix(namespace)
    if service == "sts":
        result, metadata = root.find(f"{action}Result"), root.find("ResponseMetadata")
        if result is None or metadata is None or len(root) != 2:
            yield "the envelope is not Result and ResponseMetadata"
            return
        root, request_id = result, metadata.findtext("RequestId")
    else:
        request_id = root.findtext("requestId")
        root[:] = [child for child in root if child.tag != "requestId"]
    if not request_id:
        yield "there is no request ID"
    yield from _value(operation.output_shape, root, "")
    for path in models.read(service, action):
        yield from _reads(operation.output_shape, root, path.split("."), path)


def _value(shape: Shape | None, element: Any, path: str) -> Iterator[str]:
    if element.attrib:
        yield f"{path} has attributes"
    if shape is None:
        # EC2 answers calls without output with <return>true</return>, which the model leaves out.
        if [(child.tag, child.text) for child in element] not in ([("return", "true")], []):
            yield f"{path or 'the answer'} should be empty"
    elif shape.type_name == "structure":
        yield from _structure(shape, element, path)
    elif shape.type_name == "list":
        yield from _list(shape, element, path)
    else:
        yield from _scalar(shape, element, path)


def _wire_name(shape: StructureShape, member: str) -> str:
    return shape.members[member].serialization.get("name", member)


def _structure(shape: StructureShape, element: Any, path: str) -> Iterator[str]:
    if (element.text or "").strip():
        yield f"{path} has text"
    members = {_wire_name(shape, member): member for member in shape.members}
    seen = Counter(child.tag for child in element)
    for tag, number in seen.items():
        if tag not in members:
            if not (tag == "return" and not path and element.findtext("return") == "true"):
                yield f"{path}.{tag} is unknown"
        elif number > 1:
            yield f"{path}.{tag} is there {number} times"
    for member in shape.required_members:
        if _wire_name(shape, member) not in seen:
            yield f"{path}.{member} is required and missing"
    for child in element:
        if child.tag in members:
            yield from _value(shape.members[members[child.tag]], child, f"{path}.{child.tag}")


def _list(shape: ListShape, element: Any, path: str) -> Iterator[str]:
    if (element.text or "").strip():
        yield f"{path} has text"
    name = shape.member.serialization.get("name", "member")
    for child in element:
        if child.tag != name:
            yield f"{path} has {child.tag}, not {name}"
        else:
            yield from _value(shape.member, child, f"{path}[]")


def _scalar(shape: Shape, element: Any, path: str) -> Iterator[str]:
    text = element.text or ""
    if len(element):
        yield f"{path} has elements and is a {shape.type_name}"
        return
    pattern = PATTERNS.get(shape.type_name)
    if pattern and not pattern.fullmatch(text):
        yield f"{path} is '{text}', no {shape.type_name}"
    values = getattr(shape, "enum", [])
    if values and text not in values:
        yield f"{path} is '{text}', not one of {', '.join(values)}"


def _reads(shape: Shape, element: Any, steps: list[str], path: str) -> Iterator[str]:
    """Follows a path; every step must be there, once a list has members."""
    if not steps:
        return
    step, is_list = steps[0].removesuffix("[]"), steps[0].endswith("[]")
    child = element.find(_wire_name(shape, step))
    if child is None:
        yield f"{path} is read by waiters or paginators and missing"
        return
    inner = shape.members[step]
    for item in child if is_list else [child]:
        yield from _reads(inner.member if is_list else inner, item, steps[1:], path)


def _error(service: str, codes: Codes, status: int, root: Any) -> Iterator[str]:
    if service == "ec2":
        expected = ["Response", "Errors", "Error", "Code", "Message", "RequestID"]
        error, request_id = root.find("Errors/Error"), root.findtext("RequestID")
    else:
        namespace = f"{{{NAMESPACES[service]}}}"
        for element in root.iter():
            element.tag = element.tag.removeprefix(namespace)
        expected = ["ErrorResponse", "Error", "Type", "Code", "Message", "RequestId"]
        error, request_id = root.find("Error"), root.findtext("RequestId")
    if [element.tag for element in root.iter()] != expected:
        yield f"the elements are {[element.tag for element in root.iter()]}"
    code = error.findtext("Code") if error is not None else None
    if not code or not error.findtext("Message") or not request_id:
        yield "code, message or request ID is missing"
    if (service, code, status) not in codes:
        yield f"{code} with status {status} is not in error_codes.txt"


def documented_codes() -> Codes:
    """What error_codes.txt lists."""
    codes: Codes = set()
    for line in Path(__file__).with_name("error_codes.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            code, status, *services = line.split()
            codes.update((service, code, int(status)) for service in services)
    return codes
