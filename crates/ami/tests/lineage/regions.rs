//! Regions that are busy, refuse, are not enabled, or do not exist; and where children are looked for.

use std::net::{TcpListener, TcpStream};

use ami_sandbox::{Fault, Sandbox};
use serde_json::json;

use crate::families::{self, plant, record, set_tag, tag};
use crate::{ABROAD, HOME, ancestors, children, field, lines, sandbox};

pub(crate) fn refuse(sandbox: &Sandbox, region: &str) {
    let message = "You are not authorized to perform this operation.";
    let fault = Fault::on("DescribeImages").region(region).always();
    sandbox.inject(fault.error(403, "UnauthorizedOperation", message));
}

/// The regions in which images were listed, each as often as it was asked for a first page.
fn listed(sandbox: &Sandbox) -> Vec<String> {
    let calls = sandbox.calls_to("DescribeImages");
    let mut regions: Vec<String> = calls
        .into_iter()
        .filter(|call| call.param("Owner.1").is_some() && call.param("NextToken").is_none())
        .map(|call| call.region)
        .collect();
    regions.sort();
    regions
}

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
fn children_of_the_regions_that_answer_are_printed_and_the_one_that_refuses_is_named() {
    let sandbox = sandbox();
    let root = plant(&sandbox, "ami-00000001", "root", 1, |_| {});
    let here = plant(&sandbox, "ami-00000002", "here", 2, |image| {
        record(image, root)
    });
    plant(&sandbox, "ami-00000003@eu-west-1", "there", 3, |image| {
        record(image, root)
    });
    refuse(&sandbox, ABROAD);
    let outcome = children(&sandbox, &[root])
        .run()
        .expect()
        .fails(6)
        .stdout_is(&lines(&[here]))
        .stderr_has("ami-describe-children: eu-west-1: not authorized to DescribeImages (Unauth")
        .stderr_has("; the permission needed is ec2:DescribeImages\n")
        .done();
    assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
}

#[test]
fn an_ancestor_whose_region_refuses_is_unknown_and_the_region_is_named_once() {
    let sandbox = sandbox();
    let [_, second, third] = families::copied(&sandbox);
    refuse(&sandbox, ABROAD);
    let outcome = ancestors(&sandbox, &[third, third])
        .run()
        .expect()
        .fails(6)
        .stdout_is(&lines(&[third, second, third, second]))
        .stderr_has("ami-describe-ancestors: eu-west-1: not authorized to DescribeImages (Unauth")
        .done();
    assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
    let outcome = ancestors(&sandbox, &["--json", third])
        .run()
        .expect()
        .fails(6)
        .stderr_any()
        .done();
    assert_eq!(
        field(&outcome.stdout, "state"),
        ["available", "unknown"],
        "{outcome}"
    );
    ancestors(&sandbox, &["-C", third])
        .run()
        .expect()
        .fails(6)
        .stdout_has(
            "\nami-0000c002@eu-west-1   -                             -          -  (unknown)\n",
        )
        .stderr_any()
        .done();
}

#[test]
fn an_image_whose_region_refuses_does_not_keep_others_from_being_shown() {
    let sandbox = sandbox();
    let [first, second, _] = families::copied(&sandbox);
    refuse(&sandbox, ABROAD);
    ancestors(&sandbox, &[second, first])
        .run()
        .expect()
        .fails(6)
        .stdout_is(&lines(&[first]))
        .stderr_has("eu-west-1: not authorized")
        .done();
}

#[test]
fn where_nobody_answers_it_is_a_failure() {
    let sandbox = sandbox();
    let [first, _, third] = families::copied(&sandbox);
    for region in [HOME, ABROAD, "ap-south-1"] {
        refuse(&sandbox, region);
    }
    ancestors(&sandbox, &[third])
        .run()
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_has("ap-south-1: not authorized")
        .done();
    let outcome = children(&sandbox, &[first])
        .run()
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_has(": us-east-1: not authorized")
        .stderr_has(": eu-west-1: not authorized")
        .stderr_has(": ap-south-1: not authorized")
        .done();
    assert_eq!(outcome.stderr.lines().count(), 3, "{outcome}");
}

#[test]
fn children_are_looked_for_in_all_regions_that_are_enabled() {
    let sandbox = sandbox();
    let [first, second, third] = families::copied(&sandbox);
    for words in [
        &[first][..],
        &["--regions", "all", first],
        &["--regions", "all,all", first],
    ] {
        sandbox.clear_calls();
        children(&sandbox, words)
            .run()
            .expect()
            .stdout_is(&lines(&[second, third]))
            .done();
        assert_eq!(sandbox.calls_to("DescribeRegions").len(), 1);
        assert_eq!(listed(&sandbox), ["ap-south-1", ABROAD, HOME]);
    }
}

#[test]
fn children_are_looked_for_in_the_regions_that_are_named() {
    let sandbox = sandbox();
    let root = plant(&sandbox, "ami-00000001", "root", 1, |_| {});
    let here = plant(&sandbox, "ami-00000002", "here", 2, |image| {
        record(image, root)
    });
    let there = plant(&sandbox, "ami-00000003@eu-west-1", "there", 3, |image| {
        record(image, root);
    });
    for (regions, found, asked) in [
        (&["us-east-1"][..], vec![here], vec![HOME]),
        (&["eu-west-1"], vec![there], vec![ABROAD]),
        (
            &["eu-west-1, us-east-1"],
            vec![here, there],
            vec![ABROAD, HOME],
        ),
        (
            &["us-east-1", "--regions", "eu-west-1"],
            vec![here, there],
            vec![ABROAD, HOME],
        ),
        (
            &["us-east-1,us-east-1", "--regions=us-east-1"],
            vec![here],
            vec![HOME],
        ),
    ] {
        sandbox.clear_calls();
        children(&sandbox, &["--regions"])
            .args(regions)
            .args([root])
            .run()
            .expect()
            .stdout_is(&lines(&found))
            .done();
        assert!(sandbox.calls_to("DescribeRegions").is_empty());
        assert_eq!(listed(&sandbox), asked);
    }
}

#[test]
fn pictures_show_the_regions_that_are_named_and_what_leads_to_them() {
    let sandbox = sandbox();
    let root = plant(&sandbox, "ami-00000001", "root", 1, |_| {});
    let child = |reference: &'static str, parent: &str, day: u64| {
        plant(&sandbox, reference, "child", day, |image| {
            record(image, parent);
        })
    };
    let between = child("ami-00000002@eu-west-1", root, 2);
    let back = child("ami-00000003", between, 3);
    let aside = child("ami-00000004@eu-west-1", root, 4);
    // Gone, and with nobody below it.
    let gone = child("ami-00000005", back, 5);
    sandbox.deregister(gone);
    let tree = |regions: &str, words: &[&str]| {
        sandbox.clear_calls();
        children(&sandbox, &["--tree", "--used-by", "--regions", regions])
            .args(words)
            .run()
            .expect()
            .done()
            .stdout
    };
    let drawn = |tree: &str| {
        let images = [root, between, back, aside, gone];
        images.map(|image| tree.contains(&format!(" {image}  ")))
    };
    let here = tree(HOME, &[root]);
    assert_eq!(drawn(&here), [true, true, true, false, false], "{here}");
    // What uses them is asked for all that is shown, and for nothing else.
    let calls = sandbox.calls_to("DescribeImageReferences");
    let mut asked: Vec<(&str, Vec<&str>)> = calls
        .iter()
        .map(|call| (&*call.region, call.list("ImageId")))
        .collect();
    asked.sort_unstable();
    assert_eq!(
        asked,
        [(ABROAD, vec!["ami-00000002"]), (HOME, vec![root, back]),]
    );
    let there = tree(ABROAD, &[root]);
    assert_eq!(drawn(&there), [true, true, false, true, false], "{there}");
    // What was asked about itself is drawn in any case.
    let both = tree(HOME, &[root, aside]);
    assert_eq!(drawn(&both), [true, true, true, true, false], "{both}");
}

#[test]
fn without_the_permission_to_list_regions_they_can_be_named() {
    let sandbox = sandbox();
    sandbox.deny("DescribeRegions");
    let [first, second, third] = families::created(&sandbox);
    children(&sandbox, &[first])
        .run()
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_has("us-east-1: not authorized to DescribeRegions")
        .stderr_has(
            "; the permission needed is ec2:DescribeRegions; or name the regions with --regions\n",
        )
        .done();
    children(&sandbox, &["--regions", HOME, first])
        .run()
        .expect()
        .stdout_is(&lines(&[second, third]))
        .done();
}

#[test]
fn regions_are_to_be_named_only_where_the_permission_to_list_them_is_missing() {
    let sandbox = sandbox();
    let [first, ..] = families::created(&sandbox);
    let fault = Fault::on("DescribeRegions").always();
    sandbox.inject(fault.error(401, "AuthFailure", "The credentials are not valid."));
    children(&sandbox, &[first])
        .run()
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_has("ami-describe-children: us-east-1: ")
        .stderr_has_not("--regions")
        .done();
}

#[test]
fn a_region_that_is_not_enabled_is_named() {
    let sandbox = sandbox();
    let [first, second, third] = families::created(&sandbox);
    children(&sandbox, &["--regions", "us-east-1,me-south-1", first])
        .run()
        .expect()
        .fails(6)
        .stdout_is(&lines(&[second, third]))
        .stderr_has("me-south-1: ")
        .stderr_has("that the region is enabled for the account")
        .done();
    // An ancestor in it cannot be asked about.
    let copy = plant(&sandbox, "ami-00000001", "copy", 1, |image| {
        record(image, "ami-00000002@me-south-1");
    });
    ancestors(&sandbox, &[copy])
        .run()
        .expect()
        .fails(6)
        .stdout_is(&lines(&[copy, "ami-00000002@me-south-1"]))
        .stderr_has("me-south-1: ")
        .done();
}

#[test]
fn regions_that_only_a_tag_knows_are_named_and_the_rest_goes_on() {
    // One that does not exist, and one of another partition, where the keys are worth nothing.
    for region in ["us-nowhere-9", "cn-north-1"] {
        let sandbox = sandbox();
        let well = families::created(&sandbox);
        let lost = plant(&sandbox, "ami-00000002", "lost", 2, |image| {
            set_tag(image, "source_image", "ami-00000001");
            set_tag(image, "source_region", region);
        });
        let parent = format!("ami-00000001@{region}");
        ancestors(&sandbox, &[lost, well[0]])
            .run()
            .expect()
            .fails(6)
            .stdout_is(&lines(&[lost, &parent, well[0]]))
            .stderr_has(&format!("ami-describe-ancestors: {region}: "))
            .done();
        // Its children are found all the same, for their tags are where they are.
        children(&sandbox, &["--regions", HOME, &parent])
            .run()
            .expect()
            .fails(6)
            .stdout_is(&lines(&[lost]))
            .stderr_has(&format!("ami-describe-children: {region}: "))
            .done();
    }
}

#[test]
fn a_region_that_only_parents_are_said_to_lie_in_fails_no_search_for_children() {
    let sandbox = sandbox();
    let [first, second, third] = families::created(&sandbox);
    plant(&sandbox, "ami-00000002", "lost", 9, |image| {
        set_tag(image, "source_image", "ami-00000001");
        set_tag(image, "source_region", "us-nowhere-9");
    });
    let outcome = children(&sandbox, &[first])
        .run()
        .expect()
        .stdout_is(&lines(&[second, third]))
        .stderr_has("ami-describe-children: us-nowhere-9: ")
        .stderr_has("; descendants that lead through us-nowhere-9 may be missing\n")
        .done();
    assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
    // A policy may close a region from which images were copied.
    let copy = plant(&sandbox, "ami-00000003", "copy", 9, |image| {
        record(image, "ami-00000004@eu-west-1");
    });
    refuse(&sandbox, ABROAD);
    children(&sandbox, &["--regions", HOME, first])
        .run()
        .expect()
        .stdout_is(&lines(&[second, third]))
        .stderr_has("eu-west-1: not authorized")
        .stderr_has("; descendants that lead through eu-west-1 may be missing\n")
        .done();
    // Who asks where an image comes from has no whole answer without it.
    ancestors(&sandbox, &[copy])
        .run()
        .expect()
        .fails(6)
        .stdout_is(&lines(&[copy, "ami-00000004@eu-west-1"]))
        .stderr_has("eu-west-1: not authorized")
        .done();
}

#[test]
fn images_of_a_region_that_refuses_are_named_each_or_all_in_one_line() {
    let sandbox = sandbox();
    let [first, second, third] = families::created(&sandbox);
    refuse(&sandbox, ABROAD);
    let abroad = |image: &str| format!("{image}@{ABROAD}");
    let (one, two) = (abroad(first), abroad(second));
    let outcome = ancestors(&sandbox, &[&one, first, &two, &one])
        .run()
        .expect()
        .fails(6)
        .stdout_is(&lines(&[first]))
        .stderr_has("ami-00000c01@eu-west-1: not authorized to DescribeImages (Unauth")
        .stderr_has("ami-00000c02@eu-west-1: not authorized to DescribeImages (Unauth")
        .done();
    assert_eq!(outcome.stderr.lines().count(), 2, "{outcome}");
    let many = [one, two, abroad(third), abroad("ami-00000c04")];
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let outcome = ancestors(&sandbox, &many)
        .run()
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_has("ami-describe-ancestors: eu-west-1: not authorized to DescribeImages (Unauth")
        .stderr_has("; no answer for ami-00000c01, ami-00000c02, ami-00000c03, ami-00000c04\n")
        .done();
    assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
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
