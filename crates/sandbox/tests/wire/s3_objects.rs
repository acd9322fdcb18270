//! Objects: what is kept of them, how they are protected, and who may read them.

use std::time::Duration;

use ami_sandbox::{Fault, Ownership, Sandbox};

use crate::client::{REGION, sandbox};
use crate::s3::{other, s3};

fn with_bucket() -> Sandbox {
    let sandbox = sandbox();
    sandbox.bucket(REGION, "plain", |_| {});
    sandbox
}

#[test]
fn an_object_is_what_was_put() {
    let sandbox = with_bucket();
    let headers = [("content-type", "text/x"), ("x-amz-meta-team", "web")];
    let put = s3(&sandbox).send("PUT", "/plain/a/b", &headers, b"hello");
    assert_eq!(put.status, 200, "{put:?}");
    assert_eq!(
        put.header("etag"),
        Some("\"5d41402abc4b2a76b9719d911017c592\"")
    );
    let object = sandbox.object("plain", "a/b").unwrap().unwrap();
    assert_eq!((&*object.bytes, object.size), (&b"hello"[..], 5));
    assert_eq!(object.content_type.as_deref(), Some("text/x"));
    assert_eq!(object.metadata["team"], "web");
    assert_eq!(object.owner, sandbox.account());
    assert_eq!(object.encryption, "AES256");
    assert_eq!(sandbox.objects("plain").len(), 1);
    assert!(sandbox.object("plain", "none").unwrap().is_none());
    let got = s3(&sandbox).get("/plain/a/b");
    assert_eq!((got.status, &*got.body), (200, &b"hello"[..]));
    let call = &sandbox.calls_to("PutObject")[0];
    assert_eq!((&*call.service, call.status), ("s3", 200));
    assert_eq!(
        (call.param("Bucket"), call.param("Key")),
        (Some("plain"), Some("a/b"))
    );
    assert_eq!(call.param("x-amz-meta-team"), Some("web"));
    assert!(call.params.keys().all(|name| name != "authorization"));
}

#[test]
fn digests_protect_what_is_sent() {
    let sandbox = with_bucket();
    let of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    for (name, value, code) in [
        ("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==", "BadDigest"),
        ("content-md5", "short", "InvalidDigest"),
        ("x-amz-checksum-crc32", "AAAAAA==", "BadDigest"),
        ("x-amz-checksum-crc64nvme", "AAAAAAAAAAA=", "BadDigest"),
        (
            "x-amz-content-sha256",
            of_nothing,
            "XAmzContentSHA256Mismatch",
        ),
    ] {
        let put = s3(&sandbox).send("PUT", "/plain/k", &[(name, value)], b"hello");
        assert_eq!(put.error(), (400, code.to_owned()), "{name}: {put:?}");
    }
    assert!(sandbox.objects("plain").is_empty());
    let crc = [("x-amz-checksum-crc32", "NhCmhg==")];
    assert_eq!(
        s3(&sandbox).send("PUT", "/plain/k", &crc, b"hello").status,
        200
    );
    assert_eq!(sandbox.objects("plain")[0].checksums["CRC32"], "NhCmhg==");
}

#[test]
fn a_checksum_may_come_behind_the_body() {
    let sandbox = with_bucket();
    let headers = [
        ("content-encoding", "aws-chunked"),
        ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        ("x-amz-decoded-content-length", "5"),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
    ];
    let body = |sum: &str| format!("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:{sum}\r\n\r\n");
    let put = |sum| s3(&sandbox).send("PUT", "/plain/k", &headers, body(sum).as_bytes());
    assert_eq!(put("AAAAAA==").error(), (400, "BadDigest".to_owned()));
    let right = put("NhCmhg==");
    assert_eq!(right.status, 200, "{right:?}");
    assert_eq!(
        sandbox.object("plain", "k").unwrap().unwrap().bytes,
        b"hello"
    );
}

#[test]
fn acls_need_a_bucket_that_has_them() {
    let sandbox = with_bucket();
    let exec_read = [("x-amz-acl", "aws-exec-read")];
    let put = || s3(&sandbox).send("PUT", "/plain/k", &exec_read, b"x");
    let refused = (400, "AccessControlListNotSupported".to_owned());
    assert_eq!(put().error(), refused);
    sandbox.set_ownership("plain", Ownership::BucketOwnerPreferred);
    assert_eq!(put().status, 200);
    let grants = sandbox.objects("plain").remove(0).grants;
    let own = sandbox.canonical_id(sandbox.account());
    let shown: Vec<_> = grants
        .iter()
        .map(|grant| (&*grant.grantee, grant.permission))
        .collect();
    let reader = "6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c";
    assert_eq!(shown, [(&*own, "FULL_CONTROL"), (reader, "READ")]);
    sandbox.deny("PutObjectAcl");
    assert_eq!(put().error(), (403, "AccessDenied".to_owned()));
    assert_eq!(s3(&sandbox).put("/plain/other", b"x").status, 200);
}

#[test]
fn accounts_see_what_they_are_granted() {
    let sandbox = sandbox();
    sandbox.bucket(REGION, "shared", |seed| {
        seed.ownership = Ownership::ObjectWriter
    });
    s3(&sandbox).put("/shared/k", b"mine");
    let denied = (403, "AccessDenied".to_owned());
    assert_eq!(other(&sandbox).get("/shared/k").error(), denied);
    assert_eq!(other(&sandbox).get("/shared/none").error(), denied);
    assert_eq!(
        s3(&sandbox).get("/shared/none").error(),
        (404, "NoSuchKey".to_owned())
    );
    let them = format!("id={}", sandbox.canonical_id("210987654321"));
    let grant = [("x-amz-grant-read", &*them)];
    s3(&sandbox).send("PUT", "/shared/k?acl", &grant, b"");
    assert_eq!(other(&sandbox).get("/shared/k").body, b"mine");
    assert_eq!(other(&sandbox).put("/shared/k", b"theirs").error(), denied);
}

#[test]
fn a_bucket_is_in_one_region() {
    let sandbox = sandbox();
    sandbox.bucket("eu-west-1", "west", |_| {});
    let east = s3(&sandbox).get("/west");
    assert_eq!(
        east.error(),
        (400, "AuthorizationHeaderMalformed".to_owned())
    );
    assert_eq!(east.header("x-amz-bucket-region"), Some("eu-west-1"));
    assert_eq!(east.element("Region"), "eu-west-1");
    let mut ask = s3(&sandbox);
    ask.region = "us-west-2";
    let elsewhere = ask.get("/west");
    assert_eq!(elsewhere.error(), (301, "PermanentRedirect".to_owned()));
    assert_eq!(elsewhere.header("x-amz-bucket-region"), Some("eu-west-1"));
    ask.region = "eu-west-1";
    assert_eq!(ask.get("/west").status, 200);
}

#[test]
fn uploads_that_were_not_ended_are_seen() {
    let sandbox = with_bucket();
    let begun = s3(&sandbox).send("POST", "/plain/k?uploads", &[], b"");
    let id = begun.element("UploadId");
    let part = s3(&sandbox).put(&format!("/plain/k?partNumber=2&uploadId={id}"), b"part");
    assert_eq!(part.status, 200, "{part:?}");
    let open = sandbox.unfinished_uploads("plain");
    assert_eq!((&*open[0].id, &*open[0].key), (&*id, "k"));
    assert_eq!(open[0].parts, [(2, 4)]);
    let aborted = s3(&sandbox).send("DELETE", &format!("/plain/k?uploadId={id}"), &[], b"");
    assert_eq!(aborted.status, 204, "{aborted:?}");
    assert!(sandbox.unfinished_uploads("plain").is_empty());
}

#[test]
fn faults_strike_as_ordered() {
    let sandbox = with_bucket();
    let ask = s3(&sandbox);
    sandbox.inject(Fault::on("PutObject").throttle());
    assert_eq!(
        ask.put("/plain/k", b"x").error(),
        (503, "SlowDown".to_owned())
    );
    sandbox.inject(Fault::on("PutObject").reset_before());
    assert!(ask.try_send("PUT", "/plain/k", &[], b"x").is_err());
    assert!(sandbox.objects("plain").is_empty());
    sandbox.inject(Fault::on("PutObject").reset_after());
    assert!(ask.try_send("PUT", "/plain/k", &[], b"x").is_err());
    assert_eq!(sandbox.objects("plain").len(), 1);
    sandbox.inject(Fault::on("PutObject").ignore());
    assert_eq!(ask.put("/plain/ignored", b"x").status, 200);
    assert_eq!(sandbox.objects("plain").len(), 1);
    sandbox.inject(Fault::on("PutObject").corrupt());
    let md5 = [("content-md5", "XUFAKrxLKna5cZ2REBfFkg==")];
    let put = ask.send("PUT", "/plain/hello", &md5, b"hello");
    assert_eq!(put.error(), (400, "BadDigest".to_owned()));
    ask.put("/plain/hello", b"hello");
    sandbox.inject(Fault::on("GetObject").corrupt());
    let damaged = ask.get("/plain/hello");
    assert_eq!((damaged.status, damaged.body.len()), (200, 5));
    assert_ne!(damaged.body, b"hello");
    sandbox.inject(Fault::on("GetObject").cut());
    let cut = ask.get("/plain/hello");
    assert_eq!(cut.header("content-length"), Some("5"));
    assert_eq!(cut.body, b"he");
    sandbox.inject(Fault::on("GetObject").dribble(Duration::from_millis(1)));
    assert_eq!(ask.get("/plain/hello").body, b"hello");
    let faults: Vec<_> = sandbox
        .calls()
        .iter()
        .filter_map(|call| call.fault)
        .collect();
    let expected = [
        "error",
        "reset-before",
        "reset-after",
        "ignore",
        "corrupt",
        "corrupt",
        "cut",
        "dribble",
    ];
    assert_eq!(faults, expected);
}

#[test]
fn credentials_are_looked_at_in_the_words_of_s3() {
    let sandbox = with_bucket();
    let mut ask = s3(&sandbox);
    ask.key = "AKIANOBODY";
    assert_eq!(
        ask.get("/plain").error(),
        (403, "InvalidAccessKeyId".to_owned())
    );
    let strange = [("x-amz-security-token", "stray")];
    sandbox.configure(|settings| settings.signatures = true);
    let answer = s3(&sandbox).send("GET", "/plain", &strange, b"");
    assert_eq!(answer.error(), (400, "InvalidToken".to_owned()));
    sandbox.deny("ListBucket");
    let answer = s3(&sandbox).get("/plain");
    assert_eq!(answer.error(), (403, "AccessDenied".to_owned()));
    assert!(
        answer.element("Message").contains("s3:ListBucket"),
        "{answer:?}"
    );
}
