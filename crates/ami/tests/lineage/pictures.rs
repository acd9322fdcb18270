//! Pictures of every kind of family, kept in `tests/data/pictures` so that none changes by accident.
//!
//! Each family has a directory. A file there is named by its tool, which was asked about the youngest
//! (`ancestors`) or the oldest (`children`), or by what else was asked about; a file that both tools
//! draw is called `both`. Its ending is its format: `txt` for a tree, `utf8.txt` for one with more
//! letters than ASCII, `dot`, `mmd` and `svg`. Ages, which depend on the clock, are replaced by a word.
//!
//! All files are made by the tools. After a change that is meant,
//!
//! ```sh
//! cargo build --workspace
//! REWRITE_PICTURES=1 cargo test --workspace --test lineage pictures
//! ```
//!
//! writes them anew, to be looked at before they are committed.

mod ages;
mod kept;

use std::time::{Duration, SystemTime};

use ami_sandbox::Sandbox;

use crate::families::{self, plant, record, set_created};
use crate::{ABROAD, HOME, ancestors, children, regions, sandbox};
use kept::{in_all_formats, in_unicode};

/// Both tools' pictures of a family: upwards from the youngest, and downwards from the oldest.
#[track_caller]
fn both_ways(family: &str, sandbox: &Sandbox, oldest: &str, youngest: &str) {
    upwards(family, sandbox, youngest);
    downwards(family, sandbox, oldest);
}

#[track_caller]
fn upwards(family: &str, sandbox: &Sandbox, youngest: &str) {
    in_all_formats(
        &format!("{family}/ancestors"),
        sandbox,
        ancestors,
        &[youngest],
    );
}

#[track_caller]
fn downwards(family: &str, sandbox: &Sandbox, oldest: &str) {
    in_all_formats(&format!("{family}/children"), sandbox, children, &[oldest]);
}

#[test]
fn made_of_instances() {
    let sandbox = sandbox();
    let [first, _, third] = families::created(&sandbox);
    both_ways("created", &sandbox, first, third);
}

#[test]
fn copied_across_regions() {
    let sandbox = sandbox();
    let [first, _, third] = families::copied(&sandbox);
    both_ways("copied", &sandbox, first, third);
    in_unicode("copied/children", &sandbox, children, &[first]);
}

#[test]
fn copied_out_of_a_region_that_does_not_answer() {
    let sandbox = sandbox();
    let [first, _, third] = families::copied(&sandbox);
    regions::refuse(&sandbox, ABROAD);
    both_ways("unanswered", &sandbox, first, third);
}

#[test]
fn registered_from_a_snapshot() {
    let sandbox = sandbox();
    let [first, second] = families::registered(&sandbox);
    both_ways("registered", &sandbox, first, second);
}

#[test]
fn without_its_middle() {
    let sandbox = sandbox();
    let [first, _, last] = families::without_middle(&sandbox);
    both_ways("without-middle", &sandbox, first, last);
    in_unicode("without-middle/ancestors", &sandbox, ancestors, &[last]);
}

#[test]
fn begun_with_a_public_image() {
    let sandbox = sandbox();
    let [amazon, _, last] = families::public_root(&sandbox);
    both_ways("public-root", &sandbox, amazon, last);
}

#[test]
fn begun_with_another_account_s_image() {
    for (family, is_shared) in [("shared", true), ("private", false)] {
        let sandbox = sandbox();
        let [parent, child] = families::of_another_account(&sandbox, is_shared);
        both_ways(family, &sandbox, parent, child);
    }
}

#[test]
fn contradicted_by_a_tag() {
    let sandbox = sandbox();
    let [tagged, recorded, child] = families::contradicted(&sandbox);
    both_ways("contradicted", &sandbox, tagged, child);
    // The two candidates side by side, and who of them has the child.
    let words = [tagged, recorded];
    in_all_formats(
        "contradicted/children-of-either",
        &sandbox,
        children,
        &words,
    );
}

#[test]
fn in_a_circle() {
    let sandbox = sandbox();
    let [first, _, below] = families::circle(&sandbox);
    both_ways("circle", &sandbox, first, below);
    in_unicode("circle/ancestors", &sandbox, ancestors, &[below]);
}

#[test]
fn its_own_source() {
    let sandbox = sandbox();
    let itself = families::own_source(&sandbox);
    in_all_formats("own-source/both", &sandbox, ancestors, &[itself]);
    in_all_formats("own-source/both", &sandbox, children, &[itself]);
}

#[test]
fn forked() {
    let sandbox = sandbox();
    let [root, left, _, below] = families::forked(&sandbox);
    both_ways("forked", &sandbox, root, below);
    in_unicode("forked/children", &sandbox, children, &[root]);
    in_all_formats(
        "forked/ancestors-of-two",
        &sandbox,
        ancestors,
        &[left, below],
    );
}

#[test]
fn used_by_other_resources() {
    let sandbox = sandbox();
    let [root, left, _, below] = families::forked(&sandbox);
    for (image, kind, resource) in [
        (
            root,
            "ssm:Parameter",
            "ssm:us-east-1:123456789012:parameter/base",
        ),
        (
            left,
            "ec2:LaunchTemplate",
            "ec2:us-east-1:123456789012:launch-template/lt-0000f002",
        ),
        (
            below,
            "ec2:LaunchTemplate",
            "ec2:us-east-1:123456789012:launch-template/lt-0000f004",
        ),
        (
            below,
            "ssm:Parameter",
            "ssm:us-east-1:123456789012:parameter/web/<b>\"newest\"</b>",
        ),
    ] {
        sandbox.reference(HOME, image, kind, &format!("arn:aws:{resource}"));
    }
    let words = ["--used-by", root];
    in_all_formats("forked/children-and-uses", &sandbox, children, &words);
}

#[test]
fn tags_that_cannot_be_read() {
    let sandbox = sandbox();
    let [parent, .., last] = families::malformed(&sandbox);
    both_ways("malformed", &sandbox, parent, last);
}

#[test]
fn hostile_names() {
    let sandbox = sandbox();
    let [root, .., last] = families::hostile(&sandbox);
    both_ways("hostile", &sandbox, root, last);
    in_unicode("hostile/children", &sandbox, children, &[root]);
}

/// When it was so long ago, in Unix seconds.
fn ago(length: Duration) -> u64 {
    let now = SystemTime::UNIX_EPOCH.elapsed().expect("a time after 1970");
    (now - length).as_secs()
}

#[test]
fn trees_say_how_old_images_are() {
    let sandbox = sandbox();
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    let first = plant(&sandbox, "ami-0000a9e1", "base", 0, |image| {
        // In the middle of the day and of the hour, so that a slow test does not pass their ends.
        set_created(image, ago(hours(40 * 24 + 12)));
    });
    let second = plant(&sandbox, "ami-0000a9e2", "web", 0, |image| {
        set_created(image, ago(hours(3) + Duration::from_secs(1800)));
        record(image, first);
    });
    ancestors(&sandbox, &["--tree", second])
        .run()
        .expect()
        .stdout_is(
            "\
o ami-0000a9e1  40d  available  base
* ami-0000a9e2  3h   available  web
",
        )
        .done();
}

#[test]
fn of_nothing_there_is_no_picture() {
    let sandbox = sandbox();
    for style in ["--tree", "--dot", "--mermaid", "--svg"] {
        for tool in [ancestors, children] {
            tool(&sandbox, &[style, "ami-0000dead"])
                .run()
                .expect()
                .fails(5)
                .stdout_is("")
                .stderr_has("ami-0000dead: does not exist in us-east-1")
                .done();
        }
    }
}
