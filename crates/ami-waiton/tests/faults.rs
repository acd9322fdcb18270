//! Throttling and passing faults never end a wait; answers that mean no end it with a cause.

mod support;

use std::time::Duration;

use ami_sandbox::{Fault, ImageState, Pace};
use ami_testkit::assert_no_calls;
use support::{HOME, pending, sandbox, waiton};

#[test]
fn thirty_throttles_in_a_row_do_not_end_the_wait() {
    let sandbox = sandbox();
    let image = pending(&sandbox, HOME, Pace::Reads(1));
    sandbox.inject(Fault::on("DescribeImages").times(30).throttle());
    waiton(&sandbox, &[&image])
        .run()
        .expect()
        .stdout_is(&format!("{image}\n"))
        .done();
    assert_eq!(sandbox.calls().len(), 32, "nothing is retried in between");
}

#[test]
fn every_passing_fault_is_outlasted() {
    let slowly = Duration::from_millis(1);
    let faults = [
        Fault::any().reset_before(),
        Fault::any().reset_after(),
        Fault::any().cut(),
        Fault::any().dribble(slowly),
        Fault::any().delay(slowly),
        Fault::any().error(500, "InternalError", "An internal error has occurred"),
        Fault::any().error(503, "Unavailable", "The server is overloaded"),
        Fault::any().error(502, "", ""),
        // Somebody in between who answers everything with a page of his own.
        Fault::any().error(200, "", ""),
        Fault::any().error(400, "Throttling", "Rate exceeded"),
    ];
    for fault in faults {
        let sandbox = sandbox();
        let image = pending(&sandbox, HOME, Pace::Never);
        // From the very first call on, and again when all seemed well.
        sandbox.inject(fault.clone().times(5));
        sandbox.inject(fault.clone().skip(7).times(3));
        let mut running = waiton(&sandbox, &[&image]).spawn();
        running.wait_until("an end of the faults", |_| {
            let calls = sandbox.calls();
            calls.iter().filter(|call| call.fault.is_some()).count() == 8
        });
        sandbox.set_image_state(&image, ImageState::Available, None);
        running
            .wait()
            .expect()
            .stdout_is(&format!("{image}\n"))
            .done();
    }
}

#[test]
fn a_fault_in_one_region_holds_up_no_other() {
    let sandbox = sandbox();
    let here = sandbox.image(HOME, |_| {});
    let there = format!("{}@eu-west-1", sandbox.image("eu-west-1", |_| {}));
    sandbox.inject(Fault::any().region("eu-west-1").always().throttle());
    let mut running = waiton(&sandbox, &[&there, &here]).spawn();
    running.wait_until("the one at home", |running| {
        running.stdout() == format!("{here}\n")
    });
    sandbox.clear_faults();
    running
        .wait()
        .expect()
        .stdout_is(&format!("{here}\n{there}\n"))
        .done();
}

#[test]
fn faults_in_the_middle_of_pages_are_outlasted() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.page_size = Some(5));
    let ids: Vec<String> = (0..12).map(|_| sandbox.image(HOME, |_| {})).collect();
    for id in &ids {
        sandbox.hide(id, Pace::Reads(1));
    }
    sandbox.inject(Fault::any().skip(2).times(2).cut());
    let words: Vec<&str> = ids.iter().map(String::as_str).collect();
    waiton(&sandbox, &words)
        .run()
        .expect()
        .stdout_is(&format!("{}\n", ids.join("\n")))
        .done();
}

#[test]
fn trouble_that_outlasts_the_time_is_named() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    sandbox.inject(Fault::any().always().throttle());
    let outcome = waiton(&sandbox, &["--timeout", "500ms", &image])
        .run()
        .expect()
        .fails(4)
        .stdout_is("")
        .stderr_has(&format!(
            "ami-waiton: {image}: not available after 500ms: the last answer was: \
             Request limit exceeded (RequestLimitExceeded, request "
        ))
        .done();
    assert_eq!(outcome.stderr.lines().count(), 1);
}

#[test]
fn an_answer_that_never_comes_does_not_outlast_the_time() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    sandbox.inject(Fault::any().always().delay(Duration::from_secs(600)));
    waiton(&sandbox, &["--timeout", "1s", &image])
        .deadline(Duration::from_secs(60))
        .run()
        .expect()
        .fails(4)
        .stdout_is("")
        .stderr_is(&format!(
            "ami-waiton: {image}: not available after 1s: it has not been seen\n"
        ))
        .done();
}

#[test]
fn a_missing_permission_is_named() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    sandbox.deny("DescribeImages");
    waiton(&sandbox, &[&image])
        .run()
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_is(&format!(
            "ami-waiton: {image}: not authorized to DescribeImages (UnauthorizedOperation, \
             request {}); the permission needed is ec2:DescribeImages\n",
            sandbox.calls().last().map_or("", |call| &*call.request_id)
        ))
        .done();
    assert_eq!(sandbox.calls().len(), 1);
}

#[test]
fn a_missing_permission_for_one_kind_ends_only_that() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    let snapshot = sandbox.snapshot(HOME, |_| {});
    sandbox.deny("DescribeSnapshots");
    let outcome = waiton(&sandbox, &[&image, &snapshot])
        .run()
        .expect()
        .fails(6)
        .stdout_is(&format!("{image}\n"))
        .stderr_has(&format!(
            "ami-waiton: {snapshot}: not authorized to DescribeSnapshots"
        ))
        .done();
    assert_eq!(outcome.stderr.lines().count(), 1);
}

#[test]
fn a_session_that_is_over_says_what_to_do() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    let fault = Fault::any().always();
    sandbox.inject(fault.error(400, "ExpiredToken", "The provided token has expired."));
    waiton(&sandbox, &[&image])
        .run()
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_is(&format!(
            "ami-waiton: {image}: The provided token has expired (ExpiredToken, request {}); \
             the session is over: log in again, with 'aws sso login' where you use that\n",
            sandbox.calls().last().map_or("", |call| &*call.request_id)
        ))
        .done();
}

#[test]
fn a_session_that_ends_during_the_wait_ends_it() {
    let sandbox = sandbox();
    let image = pending(&sandbox, HOME, Pace::Never);
    let fault = Fault::any().skip(3).always();
    sandbox.inject(fault.error(400, "RequestExpired", "Request has expired."));
    waiton(&sandbox, &[&image])
        .run()
        .expect()
        .fails(1)
        .stderr_has("Request has expired (RequestExpired, request ")
        .stderr_has("log in again")
        .done();
}

#[test]
fn a_region_that_is_not_enabled_is_hinted_at() {
    let sandbox = sandbox();
    waiton(&sandbox, &["ami-0123456789abcdef0@af-south-1"])
        .run()
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_has("(AuthFailure, request ")
        .stderr_has("that the region is enabled for the account")
        .done();
}

#[test]
fn an_address_where_nobody_listens_is_given_up_soon() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    // Whoever gives the port back leaves nobody there.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port")
        .port();
    let url = format!("http://127.0.0.1:{port}");
    let outcome = waiton(&sandbox, &["--endpoint-url", &url, &image])
        .run()
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_has(&format!(
            "ami-waiton: {image}: cannot reach EC2 in {HOME}: Connection refused"
        ))
        .done();
    assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
    assert_no_calls(&sandbox);
}

#[test]
fn without_keys_nothing_is_called() {
    let sandbox = sandbox();
    waiton(&sandbox, &["ami-0123456789abcdef0"])
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .run()
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_is(
            "ami-waiton: ami-0123456789abcdef0: found no AWS keys; set AWS_ACCESS_KEY_ID and \
             AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or AWS_CREDENTIAL_FILE\n",
        )
        .done();
    assert_no_calls(&sandbox);
}

#[test]
fn verbose_names_each_call_with_duration_and_request() {
    let sandbox = sandbox();
    let image = pending(&sandbox, HOME, Pace::Reads(1));
    sandbox.inject(Fault::any().throttle());
    let outcome = waiton(&sandbox, &["-v", &image])
        .run()
        .expect()
        .stdout_is(&format!("{image}\n"))
        .stderr_any()
        .done();
    let said = outcome.stderr.lines();
    let (retries, lines): (Vec<&str>, Vec<&str>) =
        said.partition(|line| line.starts_with("ami-waiton: asking again"));
    assert_eq!(retries, ["ami-waiton: asking again in us-east-1, try 2"]);
    let calls = sandbox.calls();
    assert_eq!(lines.len(), calls.len(), "{outcome}");
    for (line, call) in lines.iter().zip(&calls) {
        let rest = line
            .strip_prefix("ami-waiton: DescribeImages in us-east-1: ")
            .unwrap_or_else(|| panic!("{line}"));
        let (millis, rest) = rest.split_once(" ms, ").expect("a duration");
        assert!(millis.parse::<u64>().is_ok(), "{line}");
        assert!(rest.contains(&call.request_id), "{line}");
    }
    assert!(lines[0].contains("RequestLimitExceeded"), "{outcome}");
}

#[test]
fn quiet_says_nothing_but_errors() {
    let sandbox = sandbox();
    let image = pending(&sandbox, HOME, Pace::Reads(1));
    sandbox.inject(Fault::any().times(3).throttle());
    waiton(&sandbox, &["-q", &image])
        .terminal(100)
        .run()
        .expect()
        .stdout_is(&format!("{image}\n"))
        .done();
    waiton(&sandbox, &["-q", "--nowait-exist", "ami-0123456789abcdef0"])
        .run()
        .expect()
        .fails(5)
        .stderr_has("does not exist")
        .done();
}
