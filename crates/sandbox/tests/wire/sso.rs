//! A signed-in client of IAM Identity Center.

use ami_sandbox::Sandbox;

use crate::client::{Answer, sandbox, send, speak};

const PORTAL: &str = "/federation/credentials?role_name=Admin&account_id=210987654321";

fn credentials(sandbox: &Sandbox, path: &str, token: &str) -> Answer {
    let header = format!("x-amz-sso_bearer_token: {token}\r\n");
    send(sandbox.endpoint(), "GET", path, &header, "").unwrap()
}

fn field(answer: &Answer, name: &str) -> String {
    let json: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    let found = [&json["roleCredentials"][name], &json[name]];
    let found = found.iter().find_map(|value| value.as_str());
    found.unwrap_or_default().to_owned()
}

#[test]
fn a_sign_in_gives_the_keys_of_a_role() {
    let sandbox = sandbox();
    let token = sandbox.sso_sign_in().access_token;
    let answer = credentials(&sandbox, PORTAL, &token);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let (key, session) = (
        field(&answer, "accessKeyId"),
        field(&answer, "sessionToken"),
    );
    let who = speak(&sandbox, "sts", "GetCallerIdentity", &key, &session);
    let arn =
        "arn:aws:sts::210987654321:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/sandbox";
    assert_eq!(who.text("Arn"), arn);
    let call = &sandbox.calls_to("GetRoleCredentials")[0];
    assert_eq!(
        (&*call.service, call.param("role_name")),
        ("sso", Some("Admin"))
    );
    assert!(!call.to_json().contains(&token));
}

#[test]
fn an_ended_sign_in_is_unauthorized() {
    let sandbox = sandbox();
    let token = sandbox.sso_sign_in().access_token;
    sandbox.expire_sessions();
    for token in [&*token, "made up"] {
        let answer = credentials(&sandbox, PORTAL, token);
        assert_eq!(answer.status, 401);
        assert!(
            answer
                .head
                .contains("x-amzn-errortype: unauthorizedexception")
        );
        assert_eq!(
            field(&answer, "message"),
            "Session token not found or invalid"
        );
    }
}

#[test]
fn an_unknown_account_is_forbidden() {
    let sandbox = sandbox();
    let token = sandbox.sso_sign_in().access_token;
    let path = "/federation/credentials?role_name=Admin&account_id=999999999999";
    assert_eq!(credentials(&sandbox, path, &token).status, 403);
    let path = "/federation/credentials?role_name=Admin";
    assert_eq!(credentials(&sandbox, path, &token).status, 400);
}

#[test]
fn a_refresh_token_works_once() {
    let sandbox = sandbox();
    let sign_in = sandbox.sso_sign_in();
    sandbox.expire_sessions();
    let ask = |grant: &str| {
        let body = serde_json::json!({
            "clientId": "client",
            "clientSecret": "secret",
            "grantType": grant,
            "refreshToken": sign_in.refresh_token,
        });
        let body = body.to_string();
        send(sandbox.endpoint(), "POST", "/token", "", &body).unwrap()
    };
    assert_eq!(field(&ask("password"), "error"), "unsupported_grant_type");
    let fresh = field(&ask("refresh_token"), "accessToken");
    assert_eq!(credentials(&sandbox, PORTAL, &fresh).status, 200);
    let again = ask("refresh_token");
    assert_eq!(
        (again.status, &*field(&again, "error")),
        (400, "invalid_grant")
    );
    assert!(
        again
            .head
            .contains("x-amzn-errortype: invalidgrantexception")
    );
}
