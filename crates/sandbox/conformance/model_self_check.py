"""Shows the model check wrong answers, each of which it must find: a check that finds nothing is none."""

from typing import Any

import model_check
from report import Report, equal, true

IMAGE = "<imagesSet><item><imageId>ami-1</imageId><imageState>available</imageState></item></imagesSet>"
ERROR = (
    "<Response><Errors><Error><Code>AuthFailure</Code><Message>m</Message></Error></Errors>"
    "<RequestID>r</RequestID></Response>"
)
# What is wrong, the right answer, what is replaced in it and by what, and what is to be found.
MISTAKES = [
    ("an unknown element", IMAGE, "imageId", "imageID", "is unknown"),
    ("a value of no enumeration", IMAGE, "available", "avail", "not one of"),
    ("a list of other elements", IMAGE, "item", "member", "not item"),
    ("no list", IMAGE, IMAGE, "", "is read by"),
    ("no state", IMAGE, "<imageState>available</imageState>", "", "is read by"),
    ("a boolean in capitals", IMAGE, "<imageId>", "<isPublic>True</isPublic><imageId>", "no boolean"),
    ("an element twice", IMAGE, "<imageId>", "<imageId>a</imageId><imageId>", "2 times"),
    ("text between elements", IMAGE, "<item>", "text<item>", "has text"),
    ("an error code that is not listed", ERROR, "AuthFailure", "Auth", "not in error_codes.txt"),
    ("an error of another shape", ERROR, "RequestID", "RequestId", "the elements are"),
]
STARTED = (
    '{"SnapshotId":"snap-01","Status":"pending","BlockSize":524288,"StartTime":1,"SseType":"none"}'
)
REFUSED = '{"Message":"m","Reason":"INVALID_BLOCK"}'
# The same of JSON.
REST_MISTAKES = [
    ("an unknown member", STARTED, "BlockSize", "Blocksize", "is unknown"),
    ("a value of no enumeration", STARTED, "pending", "open", "not one of"),
    ("a number in quotes", STARTED, "524288", '"524288"', "no integer"),
    ("a reason that is none", REFUSED, "INVALID_BLOCK", "BLOCK", "not one of"),
    ("an error without a message", REFUSED, "Message", "message", "no message"),
]


def check(report: Report) -> None:
    """Makes all checks."""
    models, codes = model_check.Models(), model_check.documented_codes()

    def problems(body: str) -> list[str]:
        return model_check.judge(models, codes, _answer(body))[1]

    with report.check("model check: right answers pass"):
        equal([problems(IMAGE), problems(ERROR)], [[], []], "problems")
    for what, right, old, new, expected in MISTAKES:
        with report.check(f"model check: {what} is found"):
            found = problems(right.replace(old, new))
            true(any(expected in problem for problem in found), f"found {found}")
    with report.check("model check: right answers in JSON pass"):
        found = [model_check.judge(models, codes, _rest_answer(b))[1] for b in (STARTED, REFUSED)]
        equal(found, [[], []], "problems")
    for what, right, old, new, expected in REST_MISTAKES:
        with report.check(f"model check: {what} is found in JSON"):
            found = model_check.judge(models, codes, _rest_answer(right.replace(old, new)))[1]
            true(any(expected in problem for problem in found), f"found {found}")


def _answer(body: str) -> dict[str, Any]:
    if body.startswith("<Response>"):
        return {"service": "ec2", "action": "DescribeImages", "status": 401, "body": body}
    namespace = model_check.NAMESPACES["ec2"]
    root = f'<DescribeImagesResponse xmlns="{namespace}"><requestId>r</requestId>'
    whole = f"{root}{body}</DescribeImagesResponse>"
    return {"service": "ec2", "action": "DescribeImages", "status": 200, "body": whole}


def _rest_answer(body: str) -> dict[str, Any]:
    headers, status = {"x-amzn-requestid": "r"}, 201
    if "Reason" in body:
        headers["x-amzn-errortype"] = "ValidationException"
        status = 400
    answer = {"service": "ebs", "action": "StartSnapshot", "status": status}
    return answer | {"headers": headers, "body": body}
