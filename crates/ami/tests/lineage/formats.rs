//! JSON, and what of it the manuals promise; references of other regions; and the dispatcher.

use ami_cli::common::REGIONS;
use ami_cli::spec::{Complete, Spec};
use ami_testkit::{assert_no_calls, tool};

use crate::families::{self, plant, record};
use crate::{ancestors, children, lines, sandbox};

/// The line has the fields of the manual, all of them, in their order.
#[track_caller]
fn has_the_fields_of(spec: &Spec, line: &str) {
    let names = spec.json.iter().map(|field| field.name);
    let places: Vec<usize> = names
        .clone()
        .map(|name| line.find(&format!("\"{name}\":")).expect(name))
        .collect();
    assert!(places.is_sorted(), "the manual has another order");
    let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
    assert_eq!(value.as_object().map(|o| o.len()), Some(names.count()));
}

#[test]
fn completions_offer_regions_wherever_regions_are_named() {
    let offers = |name: &str| {
        let spec = &ami_describe_children::spec::SPEC;
        let opt = spec.options().find(|opt| opt.long == name).expect(name);
        match opt.value.map(|value| value.complete) {
            Some(Complete::Words(words)) => words == REGIONS,
            _ => false,
        }
    };
    assert!(offers("region"));
    assert!(offers("regions"));
}

#[test]
fn json_of_ancestors_has_the_fields_of_the_manual_in_their_order() {
    let sandbox = sandbox();
    let [_, second, third] = families::created(&sandbox);
    let line = format!(
        "{{\"reference\":\"{second}\",\"id\":\"{second}\",\"region\":\"us-east-1\",\
         \"of\":\"{third}@us-east-1\",\"generation\":1,\"state\":\"available\",\"name\":\"web-1\",\
         \"owner\":\"123456789012\",\"created\":\"2026-01-03T00:00:00Z\",\
         \"create_timestamp\":1767398400,\"source_image\":\"ami-00000c01\",\
         \"source_region\":\"us-east-1\",\"source_instance\":\"i-00000c02\",\"source_by\":\"tag\",\
         \"differences\":[]}}\n"
    );
    ancestors(&sandbox, &["--json", third])
        .run()
        .expect()
        .stdout_has(&line)
        .done();
    has_the_fields_of(&ami_describe_ancestors::spec::SPEC, &line);
}

#[test]
fn json_of_children_has_the_fields_of_the_manual_in_their_order() {
    let sandbox = sandbox();
    let [first, second, _] = families::created(&sandbox);
    let line = format!(
        "{{\"reference\":\"{second}\",\"id\":\"{second}\",\"region\":\"us-east-1\",\
         \"of\":\"{first}@us-east-1\",\"generation\":1,\"state\":\"available\",\"name\":\"web-1\",\
         \"owner\":\"123456789012\",\"created\":\"2026-01-03T00:00:00Z\",\
         \"create_timestamp\":1767398400,\"source_image\":\"{first}\",\
         \"source_region\":\"us-east-1\",\"source_instance\":\"i-00000c02\",\"source_by\":\"tag\",\
         \"differences\":[],\"used_by\":null}}\n"
    );
    children(&sandbox, &["--json", first])
        .run()
        .expect()
        .stdout_has(&line)
        .done();
    has_the_fields_of(&ami_describe_children::spec::SPEC, &line);
}

#[test]
fn json_of_an_image_that_is_gone_has_the_same_fields() {
    let sandbox = sandbox();
    sandbox.deny("GetImageAncestry");
    let [_, gone, last] = families::without_middle(&sandbox);
    let line = format!(
        "{{\"reference\":\"{gone}\",\"id\":\"{gone}\",\"region\":\"us-east-1\",\
         \"of\":\"{last}@us-east-1\",\"generation\":1,\"state\":\"gone\",\"name\":null,\
         \"owner\":null,\"created\":null,\"create_timestamp\":null,\"source_image\":null,\
         \"source_region\":null,\"source_instance\":null,\"source_by\":null,\"differences\":[]}}\n"
    );
    ancestors(&sandbox, &["-q", "--json", last])
        .run()
        .expect()
        .stdout_has(&line)
        .done();
    has_the_fields_of(&ami_describe_ancestors::spec::SPEC, &line);
}

#[test]
fn references_say_their_region_where_it_is_not_the_environment_s() {
    let sandbox = sandbox();
    let [first, second, third] = families::copied(&sandbox);
    let (id, _) = third.split_once('@').expect("a region");
    // What -r names is where to look, and not the home of the next program in the pipe.
    ancestors(&sandbox, &["-r", "ap-south-1", id])
        .run()
        .expect()
        .stdout_is(&lines(&[third, second, first]))
        .done();
    ancestors(&sandbox, &["--bare", third])
        .run()
        .expect()
        .stdout_is("ami-0000c003\nami-0000c002\nami-0000c001\n")
        .done();
    children(&sandbox, &["--bare", first])
        .run()
        .expect()
        .stdout_is("ami-0000c002\nami-0000c003\n")
        .done();
    let bare = ancestors(&sandbox, &["--bare", "--json", third])
        .run()
        .expect()
        .done();
    assert_eq!(
        crate::field(&bare.stdout, "region"),
        ["ap-south-1", "eu-west-1", "us-east-1"]
    );
}

#[test]
fn images_in_any_state_are_shown_with_it() {
    use ami_sandbox::ImageState::{Available, Deregistered, Disabled, Failed, Invalid, Pending};
    let sandbox = sandbox();
    let root = plant(&sandbox, "ami-00000001", "root", 1, |_| {});
    let states = [Pending, Available, Invalid, Deregistered, Failed, Disabled];
    let ids = [
        "ami-00000002",
        "ami-00000003",
        "ami-00000004",
        "ami-00000005",
        "ami-00000006",
        "ami-00000007",
    ];
    for ((state, id), day) in states.into_iter().zip(ids).zip(2..) {
        plant(&sandbox, id, id, day, |image| {
            record(image, root);
            image.set_state(state);
        });
    }
    let words = states.map(|state| state.as_str());
    let down = children(&sandbox, &["--json", root]).run().expect().done();
    assert_eq!(crate::field(&down.stdout, "state"), words);
    for (id, word) in ids.iter().zip(words) {
        let up = ancestors(&sandbox, &["--json", id]).run().expect().done();
        assert_eq!(crate::field(&up.stdout, "state"), [word, "available"]);
    }
}

#[test]
fn the_dispatcher_knows_both_tools() {
    let sandbox = sandbox();
    let [first, second, third] = families::created(&sandbox);
    for (verb, image, expected) in [
        (
            "describe-ancestors",
            third,
            [third, second, first].as_slice(),
        ),
        ("describe-children", first, &[second, third]),
    ] {
        tool("ami")
            .sandbox(&sandbox)
            .args([verb, image])
            .run()
            .expect()
            .stdout_is(&lines(expected))
            .done();
    }
}

#[test]
fn formats_exclude_each_other() {
    let sandbox = sandbox();
    let formats = ["--tree", "--dot", "--mermaid", "--svg", "-C", "--json"];
    for (place, first) in formats.iter().enumerate() {
        for second in &formats[place + 1..] {
            for tool in [ancestors, children] {
                tool(&sandbox, &[first, second, "ami-00000001"])
                    .run()
                    .expect()
                    .fails(2)
                    .stdout_is("")
                    .stderr_has("see 'ami-describe-")
                    .done();
            }
        }
    }
    assert_no_calls(&sandbox);
}
