//! Endpoints, proxies and certificates.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use ami_testkit::{Tool, assert_no_calls, tool};

use crate::{HOME, SECRET, images, sandbox};

const PASSWORD: &str = "RecognisablePassword";

#[test]
fn an_endpoint_of_ec2_s_own_beats_the_common_one_and_the_option_beats_both() {
    let sandbox = sandbox();
    let [home, _] = images(&sandbox);
    let dead = "http://127.0.0.1:9";
    let printed = format!("{home}\n");
    let run = || {
        tool("ami-waiton")
            .sandbox(&sandbox)
            .args([&home])
            .env("AWS_ENDPOINT_URL", dead)
    };
    run()
        .env("AWS_ENDPOINT_URL_EC2", sandbox.endpoint())
        .run()
        .expect()
        .stdout_is(&printed)
        .done();
    run()
        .env("AWS_ENDPOINT_URL_EC2", dead)
        .args(["--endpoint-url", sandbox.endpoint()])
        .run()
        .expect()
        .stdout_is(&printed)
        .done();
    run()
        .env("AWS_ENDPOINT_URL", "mars")
        .run()
        .expect()
        .fails(2)
        .stderr_has("AWS_ENDPOINT_URL in the environment: 'mars' is no URL")
        .done();
}

/// Answers each connection with "no" and gives the first line that came.
fn proxy() -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut line = String::new();
        BufReader::new(&stream)
            .read_line(&mut line)
            .expect("a line");
        // The tool may have hung up already, which is its right.
        let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
        line
    });
    (address, thread)
}

fn through<'s>(address: &str) -> Tool<'s> {
    tool("ami-waiton")
        .env("AWS_ACCESS_KEY_ID", "AKIATEST")
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .env("HTTPS_PROXY", format!("http://user:{PASSWORD}@{address}"))
        .args(["-r", HOME, "--poll", "100ms", "ami-12345678"])
}

#[test]
fn https_goes_through_the_proxy() {
    let (address, seen) = proxy();
    through(&address)
        .args(["--endpoint-url", "https://ec2.invalid"])
        .run()
        .expect()
        .fails(1)
        .stderr_has("cannot reach EC2 in us-east-1")
        .stderr_has_not(PASSWORD)
        .done();
    assert_eq!(
        seen.join().expect("the proxy"),
        "CONNECT ec2.invalid:443 HTTP/1.1\r\n"
    );
}

#[test]
fn no_proxy_and_plain_http_go_around_the_proxy() {
    let sandbox = sandbox();
    let [home, _] = images(&sandbox);
    tool("ami-waiton")
        .sandbox(&sandbox)
        .env("HTTPS_PROXY", "http://127.0.0.1:9")
        .env("ALL_PROXY", "http://127.0.0.1:9")
        .args([&home])
        .run()
        .expect()
        .stdout_is(&format!("{home}\n"))
        .done();
    // With NO_PROXY the name is looked up here, where it does not exist.
    through("127.0.0.1:9")
        .env("NO_PROXY", "localhost,.invalid")
        .args(["--endpoint-url", "https://ec2.invalid"])
        .run()
        .expect()
        .fails(1)
        .stderr_has("lookup")
        .done();
}

#[test]
fn a_certificate_bundle_must_be_one() {
    let broken = "-----BEGIN CERTIFICATE-----\ncnViYmlzaA==\n-----END CERTIFICATE-----\n";
    let sandbox = sandbox();
    let [home, _] = images(&sandbox);
    for (name, why) in [
        ("/nowhere.pem", "cannot read it"),
        ("bundle.pem", "no PEM certificate"),
        ("broken.pem", "certificate 1: "),
    ] {
        tool("ami-waiton")
            .sandbox(&sandbox)
            .file("bundle.pem", "rubbish", 0o644)
            .file("broken.pem", broken, 0o644)
            .env("AWS_CA_BUNDLE", name)
            .args([&home])
            .run()
            .expect()
            .fails(2)
            .stderr_has("AWS_CA_BUNDLE: ")
            .stderr_has(why)
            .done();
    }
    assert_no_calls(&sandbox);
}
