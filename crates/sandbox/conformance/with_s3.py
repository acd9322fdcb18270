"""Puts, reads, lists and shares objects with boto3's client of S3, and makes it fail."""

import hashlib
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError
from report import Report, equal, true
from servers import Sandbox

OTHER_KEY = "AKIASANDBOX000000002"
EC2_READER = "6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c"
PART = 5 << 20
ALGORITHMS = ["CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME"]


def check(report: Report, sandbox: Sandbox, work: Path) -> None:
    """Makes all checks."""
    s3 = sandbox.client("s3")
    secret = f"sandbox/secret/of/{OTHER_KEY}"
    other = sandbox.client("s3", aws_access_key_id=OTHER_KEY, aws_secret_access_key=secret)
    with report.check("boto3 s3: buckets are made, found and taken away"):
        _buckets(sandbox, s3, other)
    s3.create_bucket(Bucket="plain")
    with report.check("boto3 s3: an object comes back as it was put"):
        _object(s3)
    with report.check("boto3 s3: checksums are kept and compared"):
        _checksums(s3)
    with report.check("boto3 s3: ranges and conditions"):
        _conditions(s3)
    with report.check("boto3 s3: lists have pages, prefixes and groups"):
        _lists(s3)
    with report.check("boto3 s3: a multipart upload is listed, completed and read by parts"):
        _multipart(s3)
    with report.check("boto3 s3: the transfer manager uploads and downloads"):
        _transfer(s3, work)
    with report.check("boto3 s3: copies and deletions"):
        _copies(s3)
    with report.check("boto3 s3: ownership decides about ACLs"):
        _ownership(s3)
    with report.check("boto3 s3: accounts read what they are granted"):
        _accounts(s3, other)
    with report.check("boto3 s3: presigned URLs live as long as they say"):
        _presigned(sandbox, s3)
    with report.check("boto3 s3: hosts name buckets"):
        _hosts(sandbox)
    with report.check("boto3 s3: signatures and keys are verified"):
        _refused("SignatureDoesNotMatch", sandbox.client("s3", aws_secret_access_key="x").list_buckets)
        _refused("InvalidAccessKeyId", sandbox.client("s3", aws_access_key_id="x").list_buckets)


def _refused(code: str, call: Any, *words: Any, **named: Any) -> ClientError:
    try:
        call(*words, **named)
    except ClientError as error:
        equal(error.response["Error"]["Code"], code, "error code")
        return error
    raise AssertionError(f"expected {code}")


def _buckets(sandbox: Sandbox, s3: Any, other: Any) -> None:
    west = sandbox.client("s3", region="us-west-2")
    place = {"LocationConstraint": "us-west-2"}
    _refused("IllegalLocationConstraintException", west.create_bucket, Bucket="b-west")
    west.create_bucket(Bucket="b-west", CreateBucketConfiguration=place)
    _refused(
        "BucketAlreadyOwnedByYou",
        west.create_bucket,
        Bucket="b-west",
        CreateBucketConfiguration=place,
    )
    _refused("BucketAlreadyExists", other.create_bucket, Bucket="b-west")
    s3.create_bucket(Bucket="b-east")
    s3.create_bucket(Bucket="b-east")
    equal(s3.get_bucket_location(Bucket="b-west")["LocationConstraint"], "us-west-2", "place")
    equal(s3.get_bucket_location(Bucket="b-east")["LocationConstraint"], None, "place")
    headers = west.head_bucket(Bucket="b-west")["ResponseMetadata"]["HTTPHeaders"]
    equal(headers["x-amz-bucket-region"], "us-west-2", "region of the header")
    # boto3 goes where the bucket is, as it does on AWS.
    s3.put_object(Bucket="b-west", Key="k", Body=b"x")
    equal([b["Name"] for b in s3.list_buckets()["Buckets"]], ["b-east", "b-west"], "buckets")
    equal(other.list_buckets()["Buckets"], [], "buckets of another")
    _refused("BucketNotEmpty", west.delete_bucket, Bucket="b-west")
    west.delete_object(Bucket="b-west", Key="k")
    west.delete_bucket(Bucket="b-west")
    s3.delete_bucket(Bucket="b-east")
    _refused("NoSuchBucket", s3.list_objects_v2, Bucket="b-east")
    _refused("404", s3.head_bucket, Bucket="b-east")


def _object(s3: Any) -> None:
    data = os.urandom(300_000)
    put = s3.put_object(
        Bucket="plain", Key="a b/ü&<", Body=data, ContentType="text/x", Metadata={"team": "web"}
    )
    equal(put["ETag"], f'"{hashlib.md5(data).hexdigest()}"', "ETag")
    equal(put["ServerSideEncryption"], "AES256", "encryption")
    got = s3.get_object(Bucket="plain", Key="a b/ü&<")
    equal(got["Body"].read(), data, "bytes")
    equal((got["ContentType"], got["Metadata"]), ("text/x", {"team": "web"}), "attributes")
    head = s3.head_object(Bucket="plain", Key="a b/ü&<")
    equal((head["ContentLength"], head["ETag"]), (300_000, put["ETag"]), "head")
    s3.put_object(Bucket="plain", Key="empty", Body=b"")
    equal(s3.get_object(Bucket="plain", Key="empty")["Body"].read(), b"", "bytes of nothing")
    _refused("NoSuchKey", s3.get_object, Bucket="plain", Key="none")
    _refused("404", s3.head_object, Bucket="plain", Key="none")


def _checksums(s3: Any) -> None:
    for algorithm in ALGORITHMS:
        # CRC32C and CRC64NVME need a library that boto3 does not bring.
        if algorithm in ("CRC32C", "CRC64NVME"):
            continue
        put = s3.put_object(Bucket="plain", Key="sum", Body=b"hello", ChecksumAlgorithm=algorithm)
        got = s3.head_object(Bucket="plain", Key="sum", ChecksumMode="ENABLED")
        equal(got[f"Checksum{algorithm}"], put[f"Checksum{algorithm}"], algorithm)
    wrong = {"Bucket": "plain", "Key": "wrong", "Body": b"hello"}
    _refused("BadDigest", s3.put_object, ChecksumCRC32="AAAAAA==", **wrong)
    _refused("BadDigest", s3.put_object, ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg==", **wrong)
    _refused("InvalidDigest", s3.put_object, ContentMD5="eA==", **wrong)
    # The CRC-64/NVME of "hello", by a program of others.
    s3.put_object(Bucket="plain", Key="nvme", Body=b"hello", ChecksumCRC64NVME="M3eFcAZSQlc=")
    _refused("NoSuchKey", s3.get_object, Bucket="plain", Key="wrong")


def _conditions(s3: Any) -> None:
    etag = s3.put_object(Bucket="plain", Key="ten", Body=b"0123456789")["ETag"]
    ten = {"Bucket": "plain", "Key": "ten"}
    got = s3.get_object(Range="bytes=2-4", **ten)
    equal((got["Body"].read(), got["ContentRange"]), (b"234", "bytes 2-4/10"), "a range")
    equal(s3.get_object(Range="bytes=-3", **ten)["Body"].read(), b"789", "a suffix")
    _refused("InvalidRange", s3.get_object, Range="bytes=10-", **ten)
    _refused("PreconditionFailed", s3.get_object, IfMatch='"x"', **ten)
    _refused("304", s3.get_object, IfNoneMatch=etag, **ten)
    _refused("PreconditionFailed", s3.put_object, IfNoneMatch="*", Body=b"", **ten)
    s3.put_object(IfNoneMatch="*", Body=b"", Bucket="plain", Key="new")


def _lists(s3: Any) -> None:
    s3.create_bucket(Bucket="lists")
    keys = ["a/1", "a/2", "b", "c/d/1", "c/d/2", "e f"]
    for key in keys:
        s3.put_object(Bucket="lists", Key=key, Body=key.encode())
    for name in ["list_objects", "list_objects_v2"]:
        for size in [1, 2, 1000]:
            pages = s3.get_paginator(name).paginate(
                Bucket="lists", PaginationConfig={"PageSize": size}
            )
            found = [o["Key"] for page in pages for o in page.get("Contents", [])]
            equal(found, keys, f"keys of {name} by {size}")
            pages = s3.get_paginator(name).paginate(
                Bucket="lists", Delimiter="/", PaginationConfig={"PageSize": size}
            )
            seen = list(pages)
            found = [o["Key"] for page in seen for o in page.get("Contents", [])]
            groups = [p["Prefix"] for page in seen for p in page.get("CommonPrefixes", [])]
            equal((found, groups), (["b", "e f"], ["a/", "c/"]), f"groups of {name} by {size}")
    page = s3.list_objects_v2(Bucket="lists", Prefix="c/", Delimiter="/")
    equal([p["Prefix"] for p in page["CommonPrefixes"]], ["c/d/"], "groups below a prefix")
    page = s3.list_objects_v2(Bucket="lists", StartAfter="b", MaxKeys=1)
    equal((page["Contents"][0]["Key"], page["IsTruncated"]), ("c/d/1", True), "a late start")


def _multipart(s3: Any) -> None:
    where = {"Bucket": "plain", "Key": "parts"}
    begun = s3.create_multipart_upload(ContentType="text/x", **where)["UploadId"]
    upload = where | {"UploadId": begun}
    parts = [os.urandom(PART), os.urandom(PART), b"end"]
    etags = [
        s3.upload_part(PartNumber=number, Body=data, **upload)["ETag"]
        for number, data in enumerate(parts, 1)
    ]
    listed = s3.list_multipart_uploads(Bucket="plain")["Uploads"]
    equal([u["UploadId"] for u in listed], [begun], "open uploads")
    listed = s3.list_parts(**upload)["Parts"]
    equal([p["Size"] for p in listed], [len(data) for data in parts], "sizes of parts")
    named = [{"PartNumber": n, "ETag": etag} for n, etag in enumerate(etags, 1)]
    wrong = [named[1], named[0]]
    _refused(
        "InvalidPartOrder", s3.complete_multipart_upload, MultipartUpload={"Parts": wrong}, **upload
    )
    done = s3.complete_multipart_upload(MultipartUpload={"Parts": named}, **upload)
    true(done["ETag"].endswith('-3"'), f"ETag {done['ETag']}")
    equal(s3.get_object(**where)["Body"].read(), b"".join(parts), "bytes")
    got = s3.get_object(PartNumber=2, **where)
    equal((got["Body"].read(), got["PartsCount"]), (parts[1], 3), "a part")
    across = s3.get_object(Range=f"bytes={PART - 2}-{PART + 1}", **where)["Body"].read()
    equal(across, parts[0][-2:] + parts[1][:2], "a range across parts")
    _refused("NoSuchUpload", s3.abort_multipart_upload, **upload)
    left = s3.create_multipart_upload(**where)["UploadId"]
    s3.abort_multipart_upload(UploadId=left, **where)
    true("Uploads" not in s3.list_multipart_uploads(Bucket="plain"), "an upload is left")


def _transfer(s3: Any, work: Path) -> None:
    source, target = work / "transfer", work / "transferred"
    source.write_bytes(os.urandom(3 * PART + 7))
    pieces = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART)
    s3.upload_file(str(source), "plain", "moved", Config=pieces)
    s3.download_file("plain", "moved", str(target), Config=pieces)
    equal(target.read_bytes() == source.read_bytes(), True, "the same bytes")


def _copies(s3: Any) -> None:
    s3.put_object(Bucket="plain", Key="from", Body=b"data", Metadata={"a": "1"})
    source = {"Bucket": "plain", "Key": "from"}
    s3.copy_object(Bucket="plain", Key="to", CopySource=source)
    got = s3.get_object(Bucket="plain", Key="to")
    equal((got["Body"].read(), got["Metadata"]), (b"data", {"a": "1"}), "the copy")
    _refused("InvalidRequest", s3.copy_object, Bucket="plain", Key="from", CopySource=source)
    s3.copy_object(
        Bucket="plain",
        Key="from",
        CopySource=source,
        MetadataDirective="REPLACE",
        Metadata={"b": "2"},
    )
    equal(s3.head_object(**source)["Metadata"], {"b": "2"}, "metadata")
    gone = [{"Key": "from"}, {"Key": "to"}, {"Key": "never"}]
    deleted = s3.delete_objects(Bucket="plain", Delete={"Objects": gone})["Deleted"]
    equal(sorted(d["Key"] for d in deleted), ["from", "never", "to"], "deleted")
    _refused("404", s3.head_object, **source)


def _ownership(s3: Any) -> None:
    put = {"Bucket": "plain", "Key": "acl", "Body": b"x"}
    s3.put_object(ACL="bucket-owner-full-control", **put)
    _refused("AccessControlListNotSupported", s3.put_object, ACL="aws-exec-read", **put)
    _refused(
        "AccessControlListNotSupported", s3.put_object_acl, Bucket="plain", Key="acl", ACL="private"
    )
    rules = s3.get_bucket_ownership_controls(Bucket="plain")["OwnershipControls"]["Rules"]
    equal(rules, [{"ObjectOwnership": "BucketOwnerEnforced"}], "ownership of a new bucket")
    rules = {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    s3.put_bucket_ownership_controls(Bucket="plain", OwnershipControls=rules)
    s3.put_object(ACL="aws-exec-read", **put)
    acl = s3.get_object_acl(Bucket="plain", Key="acl")
    found = [(grant["Grantee"]["ID"], grant["Permission"]) for grant in acl["Grants"]]
    expected = [(acl["Owner"]["ID"], "FULL_CONTROL"), (EC2_READER, "READ")]
    equal(found, expected, "grants of aws-exec-read")
    _refused("AccessDenied", s3.put_object, ACL="public-read", **put)
    s3.delete_bucket_ownership_controls(Bucket="plain")
    _refused(
        "OwnershipControlsNotFoundError", s3.get_bucket_ownership_controls, Bucket="plain"
    )


def _accounts(s3: Any, other: Any) -> None:
    s3.create_bucket(Bucket="shared", ObjectOwnership="ObjectWriter")
    s3.put_object(Bucket="shared", Key="k", Body=b"mine")
    _refused("AccessDenied", other.get_object, Bucket="shared", Key="k")
    _refused("AccessDenied", other.get_object, Bucket="shared", Key="none")
    _refused("AccessDenied", other.list_objects_v2, Bucket="shared")
    other.create_bucket(Bucket="of-other")
    them = other.get_bucket_acl(Bucket="of-other")["Owner"]["ID"]
    s3.put_object_acl(Bucket="shared", Key="k", GrantRead=f'id="{them}"')
    equal(other.get_object(Bucket="shared", Key="k")["Body"].read(), b"mine", "what was granted")
    _refused("AccessDenied", other.put_object, Bucket="shared", Key="k", Body=b"theirs")


def _presigned(sandbox: Sandbox, s3: Any) -> None:
    where = {"Bucket": "plain", "Key": "signed url"}
    signer = sandbox.client("s3", config=Config(signature_version="s3v4"))
    url = signer.generate_presigned_url("put_object", where, ExpiresIn=60)
    equal(http("PUT", url, b"by url"), (200, b""), "a presigned put")
    url = signer.generate_presigned_url("get_object", where, ExpiresIn=60)
    equal(http("GET", url), (200, b"by url"), "a presigned get")
    status, body = http("GET", url.replace("signed", "sighed"))
    equal((status, b"SignatureDoesNotMatch" in body), (403, True), "another key")
    short = signer.generate_presigned_url("get_object", where, ExpiresIn=1)
    time.sleep(2.1)
    status, body = http("GET", short)
    equal((status, b"Request has expired" in body), (403, True), "an old URL")
    equal(http("GET", f"{sandbox.endpoint}/plain/signed%20url")[0], 403, "no signature at all")
    # S3 takes the older signature for no bucket that was made after June 2020.
    old = sandbox.client("s3", config=Config(signature_version="s3"))
    status, body = http("GET", old.generate_presigned_url("get_object", where))
    equal((status, b"AWS4-HMAC-SHA256" in body), (400, True), "the older signature")


def http(method: str, url: str, body: bytes | None = None) -> tuple[int, bytes]:
    """Asks without a client. Names below localhost need not be known to the machine."""
    parts = urllib.parse.urlsplit(url)
    host = {"Host": parts.netloc}
    here = parts._replace(netloc=f"127.0.0.1:{parts.port}")
    request = urllib.request.Request(here.geturl(), body, host, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def _hosts(sandbox: Sandbox) -> None:
    port = sandbox.endpoint.rsplit(":", 1)[1]
    style = Config(s3={"addressing_style": "virtual"}, signature_version="s3v4")
    s3 = sandbox.client("s3", config=style, endpoint_url=f"http://localhost:{port}")
    where = {"Bucket": "plain", "Key": "by/host"}
    url = s3.generate_presigned_url("put_object", where)
    true(url.startswith(f"http://plain.localhost:{port}/by/host?"), f"the URL is {url}")
    equal(http("PUT", url, b"x"), (200, b""), "a put")
    equal(http("GET", s3.generate_presigned_url("get_object", where)), (200, b"x"), "a get")
    equal(sandbox.client("s3").head_object(**where)["ContentLength"], 1, "size by path")
