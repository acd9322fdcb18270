//! The metadata service: a token first, then paths.

use ami_sandbox::{Config, Sandbox, ThisInstance};

use crate::client::{Answer, REGION, sandbox, send, speak};

fn on_an_instance() -> Sandbox {
    let this = ThisInstance {
        region: REGION.into(),
        instance_type: "m7i.large".into(),
        role: Some("builder".into()),
    };
    Sandbox::start(Config {
        this_instance: Some(this),
        ..Config::default()
    })
    .unwrap()
}

fn put_token(sandbox: &Sandbox, ttl: &str) -> Answer {
    let header = format!("X-aws-ec2-metadata-token-ttl-seconds: {ttl}\r\n");
    send(
        sandbox.metadata_endpoint(),
        "PUT",
        "/latest/api/token",
        &header,
        "",
    )
    .unwrap()
}

fn get(sandbox: &Sandbox, path: &str) -> Answer {
    let token = put_token(sandbox, "60").body;
    let header = format!("X-aws-ec2-metadata-token: {token}\r\n");
    send(sandbox.metadata_endpoint(), "GET", path, &header, "").unwrap()
}

#[test]
fn a_token_repeats_its_life() {
    let sandbox = on_an_instance();
    let answer = put_token(&sandbox, "21600");
    assert_eq!(answer.status, 200);
    assert!(
        answer
            .head
            .contains("x-aws-ec2-metadata-token-ttl-seconds: 21600"),
        "{}",
        answer.head
    );
    assert_eq!(put_token(&sandbox, "21601").status, 400);
    assert_eq!(put_token(&sandbox, "0").status, 400);
}

#[test]
fn paths_need_a_token_and_must_exist() {
    let sandbox = on_an_instance();
    let region = "/latest/meta-data/placement/region";
    assert_eq!(
        send(sandbox.metadata_endpoint(), "GET", region, "", "")
            .unwrap()
            .status,
        401
    );
    assert_eq!(get(&sandbox, region).body, REGION);
    assert_eq!(get(&sandbox, "/latest/meta-data/nothing").status, 404);
    let id = sandbox.this_instance().unwrap();
    assert_eq!(get(&sandbox, "/latest/meta-data/instance-id").body, id);
    assert_eq!(
        get(&sandbox, "/latest/meta-data/instance-type").body,
        "m7i.large"
    );
    assert_eq!(
        get(&sandbox, "/latest/meta-data/placement/availability-zone").body,
        "us-east-1a"
    );
    let document = get(&sandbox, "/latest/dynamic/instance-identity/document").body;
    assert!(
        document.contains(&format!("\"instanceId\":\"{id}\"")),
        "{document}"
    );
}

#[test]
fn the_role_hands_out_keys_that_work() {
    let sandbox = on_an_instance();
    let roles = "/latest/meta-data/iam/security-credentials/";
    assert_eq!(get(&sandbox, roles).body, "builder");
    assert_eq!(get(&sandbox, &format!("{roles}other")).status, 404);
    let document = get(&sandbox, &format!("{roles}builder")).body;
    assert!(document.contains("\"Expiration\""), "{document}");
    let field = |name: &str| {
        let rest = document.split(&format!("\"{name}\":\"")).nth(1).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let (key, token) = (field("AccessKeyId"), field("Token"));
    let answer = speak(&sandbox, "sts", "GetCallerIdentity", &key, &token);
    assert!(
        answer.text("Arn").contains("assumed-role/builder/i-"),
        "{}",
        answer.body
    );
}

#[test]
fn without_an_instance_everything_is_forbidden() {
    let sandbox = sandbox();
    assert_eq!(put_token(&sandbox, "60").status, 403);
    assert_eq!(sandbox.calls()[0].service, "imds");
}
