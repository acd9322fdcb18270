//! Many images to many regions from one command.

use std::collections::BTreeSet;

use ami_sandbox::Sandbox;
use ami_testkit::shell;

use crate::{
    ABROAD, FAR, HOME, asked, clone, copies, copy, image, only_copy, quick_sandbox, sandbox,
};

const REGIONS: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// Runs a pipe of the tool and the waiter, and checks that it carried copies of so many images to
/// all of these regions.
fn check_pipe(sandbox: &Sandbox, destinations: &str, images: &[String], regions: &[&str]) {
    let images_given = images.join(" ");
    let script =
        format!("ami-copy-image -R {destinations} {images_given} | ami-waiton --poll 1s -");
    let outcome = shell(&script)
        .sandbox(sandbox)
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let mut expected = BTreeSet::new();
    for region in regions {
        let copies = copies(sandbox, region);
        assert_eq!(copies.len(), images.len(), "{region}");
        for copy in copies {
            assert_eq!(copy.state().as_str(), "available");
            expected.insert(match *region {
                HOME => copy.id,
                region => format!("{}@{region}", copy.id),
            });
        }
    }
    let printed: BTreeSet<_> = outcome.stdout.lines().map(str::to_owned).collect();
    assert_eq!(printed, expected);
    assert_eq!(outcome.stdout.lines().count(), expected.len());
    assert_eq!(asked(sandbox), expected.len(), "one call a copy");
}

#[test]
fn three_images_go_to_seventeen_regions_and_are_waited_for_together() {
    let sandbox = sandbox();
    let images: Vec<_> = (0..3).map(|_| image(&sandbox)).collect();
    check_pipe(&sandbox, &REGIONS.join(","), &images, &REGIONS);
}

#[test]
fn all_are_the_enabled_regions_but_the_image_s_own() {
    let sandbox = sandbox();
    let images: Vec<_> = (0..3).map(|_| image(&sandbox)).collect();
    let others: Vec<_> = REGIONS
        .into_iter()
        .filter(|region| *region != HOME)
        .collect();
    check_pipe(&sandbox, "all", &images, &others);
}

#[test]
fn all_leaves_out_each_image_s_own_region() {
    let sandbox = quick_sandbox();
    let home = image(&sandbox);
    let abroad = format!("{}@{ABROAD}", sandbox.image(ABROAD, |_| {}));
    copy(&sandbox, &["-R", "all", &home, &abroad])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    assert_eq!(
        only_copy(&sandbox, HOME).source_region.as_deref(),
        Some(ABROAD)
    );
    assert_eq!(
        only_copy(&sandbox, ABROAD).source_region.as_deref(),
        Some(HOME)
    );
    assert_eq!(copies(&sandbox, FAR).len(), 2);
}

#[test]
fn a_destination_may_be_the_image_s_own_region() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    let outcome = copy(&sandbox, &["-R", &format!("{HOME},{ABROAD}"), &image])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let (here, there) = (only_copy(&sandbox, HOME).id, only_copy(&sandbox, ABROAD).id);
    let mut lines: Vec<_> = outcome.stdout.lines().collect();
    lines.sort_by_key(|line| line.contains('@'));
    assert_eq!(lines, [here, format!("{there}@{ABROAD}")]);
}

#[test]
fn clones_stay_where_their_images_are() {
    let sandbox = quick_sandbox();
    let home = image(&sandbox);
    let abroad = format!("{}@{ABROAD}", sandbox.image(ABROAD, |_| {}));
    let outcome = clone(&sandbox, &[&home, &abroad])
        .run()
        .expect()
        .stdout_has(&format!("@{ABROAD}\n"))
        .done();
    assert_eq!(outcome.stdout.lines().count(), 2);
    assert_eq!(only_copy(&sandbox, HOME).source_image, Some(home));
    assert_eq!(
        only_copy(&sandbox, ABROAD).source_region.as_deref(),
        Some(ABROAD)
    );
}

#[test]
fn an_image_named_twice_in_two_forms_is_copied_once() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    let long = format!("{image}@{HOME}");
    let arn = format!("arn:aws:ec2:{HOME}::image/{image}");
    for name in [None, Some("web")] {
        let mut words = vec!["--new", "-R", ABROAD, "-s", &image, &long, &arn];
        words.extend(name.into_iter().flat_map(|name| ["-n", name]));
        copy(&sandbox, &words)
            .run()
            .expect()
            .stdout_has("ami-")
            .done();
    }
    assert_eq!(asked(&sandbox), 2);
}

#[test]
fn a_thousand_images_on_standard_input_are_taken_on() {
    let sandbox = quick_sandbox();
    let images: Vec<_> = (0..1000).map(|_| image(&sandbox)).collect();
    let regions = format!("{HOME},{ABROAD},{FAR}");
    // That they would be copied is asked without the limit by which they would queue.
    let outcome = copy(&sandbox, &["--dry-run", "-R", &regions, "-"])
        .stdin(&format!("{}\n", images.join("\n")))
        .run()
        .expect()
        .stdout_is("")
        .stderr_has("would copy")
        .done();
    assert_eq!(outcome.stderr.lines().count(), 3000);
    assert_eq!(asked(&sandbox), 3000);
}

#[test]
fn a_hundred_images_on_standard_input_go_to_three_regions() {
    let sandbox = quick_sandbox();
    let images: Vec<_> = (0..100).map(|_| image(&sandbox)).collect();
    let regions = format!("{HOME},{ABROAD},{FAR}");
    let outcome = copy(&sandbox, &["-R", &regions, "-"])
        .stdin(&format!("{}\n", images.join("\n")))
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let printed: BTreeSet<_> = outcome.stdout.lines().collect();
    assert_eq!(printed.len(), 300);
    for region in [HOME, ABROAD, FAR] {
        assert_eq!(copies(&sandbox, region).len(), 100, "{region}");
    }
    assert_eq!(asked(&sandbox), 300);
}

#[test]
fn a_writer_that_dribbles_is_not_waited_for() {
    let sandbox = quick_sandbox();
    let (first, second) = (image(&sandbox), image(&sandbox));
    // The second line is written only when the first copy has come out.
    let script = format!(
        "mkfifo back
        {{ echo {first}; read -r image < back; echo {second}; }} \
            | ami-copy-image -R {ABROAD} - | {{ read -r image; echo $image; echo $image > back; cat; }}"
    );
    let outcome = shell(&script)
        .sandbox(&sandbox)
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    assert_eq!(outcome.stdout.lines().count(), 2);
}

#[test]
fn everything_that_tools_print_can_be_piped_in() {
    let sandbox = quick_sandbox();
    let images: Vec<_> = (0..5).map(|_| image(&sandbox)).collect();
    let lines = format!(
        "# images\n{}\nIMAGE\t{}\n\n{{\"id\":\"{}\",\"region\":\"{HOME}\"}}\n{}@{HOME}\narn:aws:ec2:{HOME}::image/{}\n",
        images[0], images[1], images[2], images[3], images[4]
    );
    copy(&sandbox, &["-R", ABROAD, "-"])
        .stdin(&lines)
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let mut sources: Vec<_> = copies(&sandbox, ABROAD)
        .into_iter()
        .filter_map(|copy| copy.source_image)
        .collect();
    let mut images = images;
    sources.sort();
    images.sort();
    assert_eq!(sources, images);
}

#[test]
fn a_line_without_an_image_stops_no_other() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    copy(&sandbox, &["-R", ABROAD, "-"])
        .stdin(&format!("nonsense\n{image}\n"))
        .run()
        .expect()
        .fails(6)
        .stdout_has("ami-")
        .stderr_is("ami-copy-image: line 1 of standard input names no image: 'nonsense'\n")
        .done();
}

#[test]
fn both_are_in_the_program_of_all_tools() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    for words in [&["copy-image", "-R", ABROAD][..], &["clone"]] {
        ami_testkit::tool("ami")
            .sandbox(&sandbox)
            .args(words)
            .args([&image])
            .run()
            .expect()
            .stdout_has("ami-")
            .done();
    }
    assert_eq!(asked(&sandbox), 2);
}
