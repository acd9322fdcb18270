//! Who may speak as whom: temporary keys, roles behind a device, signatures, clocks.

use ami_sandbox::Sandbox;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use time::macros::format_description;
use time::{Duration, OffsetDateTime};

use crate::client::{Answer, As, KEY, REGION, call, form, sandbox, send, speak};

const ROLE: &str = "arn:aws:iam::210987654321:role/team/build";
const STS: As<'_> = As {
    key: KEY,
    region: REGION,
    service: "sts",
};

/// What AssumeRole hands out.
struct Session {
    key: String,
    token: String,
}

fn assume(sandbox: &Sandbox, params: &[(&str, &str)]) -> Answer {
    let base = [("RoleArn", ROLE), ("RoleSessionName", "me")];
    call(sandbox, STS, "AssumeRole", &[&base, params].concat()).unwrap()
}

fn session(sandbox: &Sandbox) -> Session {
    let answer = assume(sandbox, &[]);
    assert_eq!(answer.status, 200, "{}", answer.body);
    Session {
        key: answer.text("AccessKeyId").into(),
        token: answer.text("SessionToken").into(),
    }
}

#[test]
fn a_role_speaks_as_its_account() {
    let sandbox = sandbox();
    let image = sandbox.image(REGION, |image| image.owner = "210987654321".into());
    let session = session(&sandbox);
    let who = speak(
        &sandbox,
        "sts",
        "GetCallerIdentity",
        &session.key,
        &session.token,
    );
    let arn = "arn:aws:sts::210987654321:assumed-role/build/me";
    assert_eq!(
        (who.text("Arn"), who.text("Account")),
        (arn, "210987654321")
    );
    let seen = speak(
        &sandbox,
        "ec2",
        "DescribeImages",
        &session.key,
        &session.token,
    );
    assert!(seen.all("imageId").contains(&&*image), "{}", seen.body);
    assert_eq!(
        sandbox.calls_to("DescribeImages")[0].account,
        "210987654321"
    );
}

#[test]
fn a_temporary_key_needs_its_token() {
    let sandbox = sandbox();
    let session = session(&sandbox);
    for token in ["", "another"] {
        let ec2 = speak(&sandbox, "ec2", "DescribeRegions", &session.key, token);
        assert_eq!(ec2.error(), (401, "AuthFailure"));
        let sts = speak(&sandbox, "sts", "GetCallerIdentity", &session.key, token);
        assert_eq!(sts.error(), (403, "InvalidClientTokenId"));
    }
}

#[test]
fn a_temporary_key_comes_to_its_end() {
    let sandbox = sandbox();
    let session = session(&sandbox);
    let ask = |service, action| speak(&sandbox, service, action, &session.key, &session.token);
    assert_eq!(ask("ec2", "DescribeRegions").status, 200);
    sandbox.expire_sessions();
    let ec2 = ask("ec2", "DescribeRegions");
    assert_eq!(
        (ec2.status, ec2.complaint()),
        (400, ("RequestExpired", "Request has expired."))
    );
    let sts = ask("sts", "GetCallerIdentity");
    let message = "The security token included in the request is expired";
    assert_eq!(
        (sts.status, sts.complaint()),
        (403, ("ExpiredToken", message))
    );
}

#[test]
fn a_role_behind_a_device_wants_its_code() {
    let sandbox = sandbox();
    let serial = "arn:aws:iam::123456789012:mfa/sandbox";
    sandbox.require_mfa(ROLE, serial, "123456");
    let refused = assume(&sandbox, &[]);
    let words = format!(
        "User: arn:aws:iam::123456789012:user/sandbox is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
    );
    assert_eq!(
        (refused.status, refused.complaint()),
        (403, ("AccessDenied", &*words))
    );
    let with = |serial, code| assume(&sandbox, &[("SerialNumber", serial), ("TokenCode", code)]);
    let wrong = with(serial, "654321");
    assert!(
        wrong
            .text("Message")
            .contains("invalid MFA one time pass code"),
        "{}",
        wrong.body
    );
    let stranger = with("arn:aws:iam::123456789012:mfa/other", "123456");
    assert!(
        stranger
            .text("Message")
            .contains("verify your MFA serial number"),
        "{}",
        stranger.body
    );
    assert_eq!(with(serial, "123456").status, 200);
}

#[test]
fn wrong_sessions_are_refused() {
    let sandbox = sandbox();
    let short = assume(&sandbox, &[("DurationSeconds", "60")]);
    assert_eq!(short.error(), (400, "ValidationError"));
    let try_role = |role: &str, name: &str| {
        let params = [("RoleArn", role), ("RoleSessionName", name)];
        let answer = call(&sandbox, STS, "AssumeRole", &params).unwrap();
        (answer.status, answer.text("Code").to_owned())
    };
    assert_eq!(
        try_role(ROLE, "not a name"),
        (400, "ValidationError".into())
    );
    assert_eq!(try_role("build", "me"), (400, "ValidationError".into()));
    let nowhere = "arn:aws:iam::999999999999:role/build";
    assert_eq!(try_role(nowhere, "me"), (403, "AccessDenied".into()));
}

/// Signs and sends a call as Signature Version 4 says, at a moment that is so far from now.
fn signed(sandbox: &Sandbox, service: &str, secret: &str, late: Duration) -> Answer {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    let moment = (OffsetDateTime::now_utc() - late).format(format).unwrap();
    let day = &moment[..8];
    let host = sandbox.endpoint().strip_prefix("http://").unwrap();
    let (action, version) = match service {
        "sts" => ("GetCallerIdentity", "2011-06-15"),
        _ => ("DescribeRegions", "2016-11-15"),
    };
    let body = form(&[("Action", action), ("Version", version)]);
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let request = format!(
        "POST\n/\n\nhost:{host}\nx-amz-date:{moment}\n\nhost;x-amz-date\n{}",
        hex(&Sha256::digest(&body))
    );
    let scope = format!("{day}/{REGION}/{service}/aws4_request");
    let digest = hex(&Sha256::digest(request));
    let to_sign = format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}");
    let parts = [day, REGION, service, "aws4_request", &to_sign];
    let signature = parts
        .iter()
        .fold(format!("AWS4{secret}").into_bytes(), |key, part| {
            let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
            mac.chain_update(part).finalize().into_bytes().to_vec()
        });
    let headers = format!(
        "X-Amz-Date: {moment}\r\nAuthorization: AWS4-HMAC-SHA256 Credential={KEY}/{scope}, \
         SignedHeaders=host;x-amz-date, Signature={}\r\n",
        hex(&signature)
    );
    send(sandbox.endpoint(), "POST", "/", &headers, &body).unwrap()
}

#[test]
fn a_signature_is_made_with_the_secret() {
    let sandbox = sandbox();
    let ask = |service: &str, secret: &str| {
        let answer = signed(&sandbox, service, secret, Duration::ZERO);
        (answer.status, answer.text("Code").to_owned())
    };
    let secret = format!("sandbox/secret/of/{KEY}");
    let fine = (200, String::new());
    assert_eq!(ask("ec2", "made up"), fine);
    sandbox.configure(|settings| settings.signatures = true);
    assert_eq!(ask("ec2", &secret), fine);
    assert_eq!(ask("sts", &secret), fine);
    assert_eq!(ask("ec2", "made up"), (401, "AuthFailure".into()));
    assert_eq!(ask("sts", "made up"), (403, "SignatureDoesNotMatch".into()));
    let stray = speak(&sandbox, "sts", "GetCallerIdentity", KEY, "token");
    assert_eq!(stray.error(), (403, "InvalidClientTokenId"));
}

#[test]
fn a_clock_may_be_fifteen_minutes_off() {
    let sandbox = sandbox();
    let ask = |service, minutes| signed(&sandbox, service, "any", Duration::minutes(minutes));
    assert_eq!((ask("ec2", 14).status, ask("ec2", -14).status), (200, 200));
    for minutes in [16, -16] {
        assert_eq!(ask("ec2", minutes).error(), (400, "RequestExpired"));
        assert_eq!(ask("sts", minutes).error(), (403, "SignatureDoesNotMatch"));
    }
    let (slow, fast) = (ask("sts", 16), ask("sts", -16));
    let words = slow.text("Message");
    assert!(
        words.starts_with("Signature expired: ") && words.ends_with(" - 15 min.)"),
        "{words}"
    );
    let words = fast.text("Message");
    assert!(words.starts_with("Signature not yet current: "), "{words}");
}
