//! Regions that are busy or out of reach for a while, and answers that come in pieces.

use std::net::{TcpListener, TcpStream};

use ami_sandbox::Fault;
use serde_json::json;

use crate::families::{self, plant, tag};
use crate::regions::refuse;
use crate::{ABROAD, HOME, ancestors, children, field, lines, sandbox};

#[test]
fn a_region_that_is_busy_is_asked_until_it_answers() {
    let sandbox = sandbox();
    let [first, second, third] = families::copied(&sandbox);
    let busy = || {
        Fault::on("DescribeImages")
            .region(ABROAD)
            .times(3)
            .throttle()
    };
    sandbox.inject(busy());
    ancestors(&sandbox, &[third])
        .run()
        .expect()
        .stdout_is(&lines(&[third, second, first]))
        .done();
    sandbox.inject(busy());
    children(&sandbox, &[first])
        .run()
        .expect()
        .stdout_is(&lines(&[second, third]))
        .done();
    let busy: Vec<_> = sandbox
        .calls()
        .into_iter()
        .filter(|call| call.status == 503)
        .collect();
    assert_eq!(busy.len(), 6);
}

#[test]
fn answers_that_are_cut_off_or_lost_are_asked_for_again() {
    let sandbox = sandbox();
    let [first, second, third] = families::copied(&sandbox);
    for fault in [
        Fault::on("DescribeImages").cut(),
        Fault::on("DescribeImages").reset_after(),
    ] {
        sandbox.inject(fault.clone().region(ABROAD));
        ancestors(&sandbox, &[third])
            .run()
            .expect()
            .stdout_is(&lines(&[third, second, first]))
            .done();
        sandbox.inject(fault.region(ABROAD));
        children(&sandbox, &[first])
            .run()
            .expect()
            .stdout_is(&lines(&[second, third]))
            .done();
    }
}

#[test]
fn images_that_arrive_later_of_a_region_that_refused_do_not_end_without_a_word() {
    let sandbox = sandbox();
    let [first, second, third] = families::copied(&sandbox);
    refuse(&sandbox, ABROAD);
    for tool in [ancestors, children] {
        let mut running = tool(&sandbox, &["-"]).stdin_open().spawn();
        running.write("ami-00000001@eu-west-1\n");
        running.wait_until("a word", |run| run.stderr().contains("eu-west-1: not auth"));
        running.write("ami-00000002@eu-west-1\n");
        running.wait_until("another", |run| {
            run.stderr()
                .contains("ami-00000002@eu-west-1: not authorized")
        });
        running.close_stdin();
        running.wait().expect().fails(1).stderr_any().done();
    }
    // Of an image whose region refuses an answer may be known all the same.
    let found = children(&sandbox, &[first, second]).run();
    found
        .expect()
        .fails(6)
        .stdout_is(&lines(&[third]))
        .stderr_has("eu-west-1: not authorized")
        .done();
}

#[test]
fn after_an_outage_a_region_is_asked_again() {
    let sandbox = sandbox();
    let [first, second] = families::registered(&sandbox);
    let port = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = port.local_addr().expect("an address");
    drop(port);
    let mut running = ancestors(&sandbox, &["-"])
        .env("AWS_ENDPOINT_URL", format!("http://{address}"))
        .stdin_open()
        .spawn();
    running.write(&format!("{first}\n"));
    running.wait_until("a word", |run| {
        run.stderr().contains(&format!("{first}@us-east-1: "))
    });
    let gate = TcpListener::bind(address).expect("the same port");
    let home = sandbox.endpoint().trim_start_matches("http://").to_owned();
    std::thread::spawn(move || lead(&gate, &home));
    running.write(&format!("{second}\n"));
    running.wait_until("an answer", |run| run.stdout() == lines(&[second, first]));
    running.close_stdin();
    running.wait().expect().fails(6).stderr_any().done();
}

/// Leads all connections on to another place.
fn lead(gate: &TcpListener, place: &str) {
    let pass = |mut from: TcpStream, mut to: TcpStream| {
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(std::net::Shutdown::Write);
        })
    };
    for near in gate.incoming().map_while(Result::ok) {
        let far = TcpStream::connect(place).expect("the sandbox");
        let again = |stream: &TcpStream| stream.try_clone().expect("a second hand");
        pass(again(&near), again(&far));
        pass(far, near);
    }
}

#[test]
fn pages_that_are_small_or_empty_lose_nothing() {
    let sandbox = sandbox();
    sandbox.configure(|settings| {
        settings.page_size = Some(7);
        settings.empty_pages = Some(2);
    });
    let line = families::crowd(&sandbox, &[HOME, ABROAD], 60, 30);
    let mut printed: Vec<String> = line
        .iter()
        .map(|reference| reference.trim_end_matches("@us-east-1").to_owned())
        .collect();
    let (root, last) = (printed[0].clone(), printed[29].clone());
    let down: Vec<&str> = printed[1..].iter().map(String::as_str).collect();
    children(&sandbox, &[&root])
        .run()
        .expect()
        .stdout_is(&lines(&down))
        .done();
    printed.reverse();
    let up: Vec<&str> = printed.iter().map(String::as_str).collect();
    ancestors(&sandbox, &[&last])
        .run()
        .expect()
        .stdout_is(&lines(&up))
        .done();
}

#[test]
fn what_a_listing_found_before_it_broke_off_is_printed() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.page_size = Some(5));
    let root = plant(&sandbox, "ami-0000ffff", "root", 0, |_| {});
    for _ in 0..10 {
        sandbox.image(HOME, |image| tag(image, root));
    }
    let message = "You are not authorized to perform this operation.";
    let fault = Fault::on("DescribeImages").region(HOME).skip(1).always();
    sandbox.inject(fault.error(403, "UnauthorizedOperation", message));
    let outcome = children(&sandbox, &["--json", root])
        .run()
        .expect()
        .fails(6)
        .stderr_has("us-east-1: not authorized")
        .done();
    assert_eq!(
        serde_json::Value::from(field(&outcome.stdout, "generation")),
        json!([1, 1, 1, 1])
    );
}
