"""Holds answers of REST JSON services against their model: status, headers, body, errors."""

import json
from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, OperationModel, Shape, StructureShape

# The types of JSON values.
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "timestamp": (int, float),
    "structure": (dict,),
    "list": (list,),
}
# What every answer has, and errors beside their body.
COMMON = {"x-amzn-requestid", "x-amzn-errortype"}


def success(operation: OperationModel, answer: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the answer of a call that has worked."""
    expected = operation.http.get("responseCode", 200)
    if answer["status"] != expected:
        yield f"the status is {answer['status']}, not {expected}"
    shape = operation.output_shape
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    if not headers.get("x-amzn-requestid"):
        yield "there is no request ID"
    of_headers = {
        member.serialization["name"].lower(): member
        for member in shape.members.values()
        if member.serialization.get("location") == "header"
    }
    for name in headers.keys() - COMMON - of_headers.keys():
        yield f"the header {name} is unknown"
    for name, member in of_headers.items():
        if name not in headers:
            yield f"the header {name} is missing"
        elif member.type_name == "integer" and not headers[name].isdigit():
            yield f"the header {name} is '{headers[name]}'"
        elif getattr(member, "enum", []) and headers[name] not in member.enum:
            yield f"the header {name} is '{headers[name]}', not one of {member.enum}"
    in_body = [m for m in shape.members.values() if "location" not in m.serialization]
    if "payload" in shape.serialization:
        # Of a block the length is recorded.
        if answer["body"] != int(headers.get("x-amz-data-length", -1)):
            yield f"the body has {answer['body']} bytes"
    elif not in_body:
        if answer["body"]:
            yield "there is a body"
    else:
        yield from _value(shape, _parsed(answer), "")


def error(operation: OperationModel | None, codes: Any, answer: dict[str, Any]) -> Iterator[str]:
    """What is wrong with an error: one of the model, or else listed in error_codes.txt."""
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    code, body, status = headers.get("x-amzn-errortype", ""), _parsed(answer), answer["status"]
    if not isinstance(body, dict) or not body.get("Message"):
        yield "there is no message"
        return
    known = operation.error_shapes if operation else []
    shape = next((shape for shape in known if shape.name == code), None)
    if shape is None:
        if ("ebs", code, status) not in codes:
            yield f"{code} with status {status} is not in the model or error_codes.txt"
        return
    if status != shape.metadata["error"]["httpStatusCode"]:
        yield f"{code} has the status {status}"
    if len(body["Message"]) > 256:
        yield f"the message of {code} is longer than 256 characters"
    yield from _value(shape, body, code)


def _parsed(answer: dict[str, Any]) -> Any:
    try:
        return json.loads(answer["body"])
    except (TypeError, ValueError):
        return None


def _value(shape: Shape, value: Any, path: str) -> Iterator[str]:
    expected = TYPES.get(shape.type_name, ())
    is_flag = isinstance(value, bool)
    if not isinstance(value, expected) or (is_flag and shape.type_name != "boolean"):
        yield f"{path or 'the body'} is {value!r}, no {shape.type_name}"
    elif isinstance(shape, StructureShape):
        yield from _structure(shape, value, path)
    elif isinstance(shape, ListShape):
        for item in value:
            yield from _value(shape.member, item, f"{path}[]")
    elif getattr(shape, "enum", []) and value not in shape.enum:
        yield f"{path} is '{value}', not one of {', '.join(shape.enum)}"


def _structure(shape: StructureShape, value: dict[str, Any], path: str) -> Iterator[str]:
    for name in value.keys() - shape.members.keys():
        yield f"{path}.{name} is unknown"
    for name in set(shape.required_members) - value.keys():
        yield f"{path}.{name} is required and missing"
    for name, inner in value.items():
        if name in shape.members:
            yield from _value(shape.members[name], inner, f"{path}.{name}")
