//! What is typed and what is printed.

mod support;

use ami_create_image::spec::SPEC;
use ami_testkit::assert_no_calls;
use support::{HOME, actions, create, sandbox};

#[test]
fn one_image_is_two_calls_and_one_line() {
    let sandbox = sandbox();
    let instance = sandbox.instance(HOME, |_| {});
    let outcome = create(&sandbox, &[&instance])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    assert_eq!(actions(&sandbox), ["DescribeInstances", "CreateImage"]);
    let images = sandbox.images(HOME);
    let image = images
        .iter()
        .find(|image| format!("{}\n", image.id) == outcome.stdout);
    let image = image.expect("the printed image is there");
    assert!(image.name.starts_with("AMI-"), "{}", image.name);
    let parts: Vec<_> = image.name.split('-').collect();
    assert_eq!((parts.len(), parts[2].len()), (3, 15), "{}", image.name);
}

#[test]
fn heritage_stands_on_image_and_snapshots_from_the_first_moment() {
    let sandbox = sandbox();
    let instance = sandbox.instance(HOME, |seed| seed.add_volume("/dev/sdf", 20));
    create(&sandbox, &["-t", "role=web", "-t", "note=a=b", &instance])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let call = sandbox.calls_to("CreateImage").remove(0);
    let tags = call.tags("image");
    assert_eq!(tags, call.tags("snapshot"));
    let source = sandbox.instances(HOME).remove(0).image;
    assert_eq!(tags["source_image"], source);
    assert_eq!(tags["source_instance"], instance);
    assert_eq!(tags["source_region"], HOME);
    assert_eq!((&*tags["role"], &*tags["note"]), ("web", "a=b"));
    let date = ami_core::time::Moment::from_compact(&tags["create_date"]).expect("a date");
    assert_eq!(date.timestamp().to_string(), tags["create_timestamp"]);
    assert_eq!(tags["ami_tools_run"].len(), 36);
    assert_eq!(tags.len(), 8);
    assert!(sandbox.calls_to("CreateTags").is_empty());
    let snapshots = sandbox.snapshots(HOME);
    let ours: Vec<_> = snapshots.iter().filter(|s| s.tags == tags).collect();
    assert_eq!(ours.len(), 2, "a snapshot for each volume");
}

#[test]
fn several_instances_are_described_together() {
    let sandbox = sandbox();
    let instances: Vec<_> = (0..12).map(|_| sandbox.instance(HOME, |_| {})).collect();
    let mut args: Vec<&str> = vec!["-N", "database"];
    args.extend(instances.iter().map(String::as_str));
    args.push(&instances[0]);
    let outcome = create(&sandbox, &args)
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    assert_eq!(
        outcome.stdout.lines().count(),
        12,
        "one named twice is done once"
    );
    let describes = sandbox.calls_to("DescribeInstances");
    assert_eq!(describes.len(), 1);
    assert_eq!(describes[0].list("InstanceId").len(), 12);
    let calls = sandbox.calls_to("CreateImage");
    let runs: Vec<_> = calls
        .iter()
        .map(|c| c.tags("image")["ami_tools_run"].clone())
        .collect();
    assert!(
        runs.iter().all(|run| *run == runs[0]),
        "one run marks all that it makes"
    );
    assert!(
        calls
            .iter()
            .all(|c| c.param("Name").is_some_and(|n| n.starts_with("database-")))
    );
}

#[test]
fn options_reach_ec2() {
    let sandbox = sandbox();
    let instance = sandbox.instance(HOME, |seed| seed.add_volume("/dev/sdf", 20));
    create(
        &sandbox,
        &[
            "-n",
            "web (42)",
            "-d",
            "the web's server",
            "--no-reboot",
            "-b/dev/sdf=none",
            "--block-device-mapping=/dev/sdg=:30:false:gp3:4000:throughput=250",
            "-b",
            "/dev/sdh=ephemeral0",
            &instance,
        ],
    )
    .run()
    .expect()
    .stdout_has("ami-")
    .done();
    let call = sandbox.calls_to("CreateImage").remove(0);
    for (name, value) in [
        ("Name", "web (42)"),
        ("Description", "the web's server"),
        ("NoReboot", "true"),
        ("BlockDeviceMapping.1.DeviceName", "/dev/sdf"),
        ("BlockDeviceMapping.1.NoDevice", ""),
        ("BlockDeviceMapping.2.Ebs.VolumeSize", "30"),
        ("BlockDeviceMapping.2.Ebs.DeleteOnTermination", "false"),
        ("BlockDeviceMapping.2.Ebs.VolumeType", "gp3"),
        ("BlockDeviceMapping.2.Ebs.Iops", "4000"),
        ("BlockDeviceMapping.2.Ebs.Throughput", "250"),
        ("BlockDeviceMapping.3.VirtualName", "ephemeral0"),
    ] {
        assert_eq!(call.param(name), Some(value), "{name}");
    }
    let image = sandbox
        .images(HOME)
        .into_iter()
        .find(|image| image.name == "web (42)");
    let devices: Vec<_> = image
        .expect("made")
        .mappings
        .into_iter()
        .map(|m| m.device_name)
        .collect();
    assert!(!devices.contains(&"/dev/sdf".to_owned()), "{devices:?}");
    assert!(devices.contains(&"/dev/sdg".to_owned()), "{devices:?}");
}

#[test]
fn a_name_that_is_taken_is_refused_before_anything_is_made() {
    let sandbox = sandbox();
    let instance = sandbox.instance(HOME, |_| {});
    let taken = sandbox.image(HOME, |image| image.name = "web".to_owned());
    create(&sandbox, &["-n", "web", &instance])
        .run()
        .expect()
        .fails(1)
        .stderr_is(&format!(
            "ami-create-image: the name 'web' is taken by {taken} in {HOME}; give another, or use that \
             image: {taken}@{HOME}\n"
        ))
        .done();
    assert!(sandbox.calls_to("CreateImage").is_empty());
}

#[test]
fn references_say_their_region_when_it_is_not_the_environment_s() {
    let sandbox = sandbox();
    let away = sandbox.instance("eu-west-1", |_| {});
    let reference = format!("{away}@eu-west-1");
    let ends = |args: &[&str], end: &str| {
        let outcome = create(&sandbox, args)
            .run()
            .expect()
            .stdout_has("ami-")
            .done();
        assert!(
            outcome.stdout.trim_end().ends_with(end),
            "{args:?}: {}",
            outcome.stdout
        );
        outcome.stdout.contains('@')
    };
    assert!(ends(&["-r", "eu-west-1", &away], "@eu-west-1"));
    assert!(ends(&[&reference], "@eu-west-1"));
    assert!(!ends(&["--bare", &reference], ""));
    let home = sandbox.instance(HOME, |_| {});
    assert!(!ends(&["-r", HOME, &home], ""));
}

#[test]
fn json_has_the_fields_of_the_manual_in_their_order() {
    let sandbox = sandbox();
    let instance = sandbox.instance(HOME, |_| {});
    let outcome = create(
        &sandbox,
        &[
            "--json",
            "-n",
            "web",
            "-t",
            "evil=\u{1b}[2J\n\u{202e}\"",
            &instance,
        ],
    )
    .run()
    .expect()
    .stdout_has("{")
    .done();
    let line = outcome.stdout.trim_end();
    assert!(!line.contains(['\u{1b}', '\u{202e}', '\n']), "{line:?}");
    let object: serde_json::Map<_, _> = serde_json::from_str(line).expect("JSON");
    let mut at = 0;
    for field in SPEC.json {
        let key = format!("\"{}\":", field.name);
        at += line[at..]
            .find(&key)
            .unwrap_or_else(|| panic!("{key} after {at} in {line}"));
    }
    assert_eq!(object.len(), SPEC.json.len());
    assert_eq!(object["name"], "web");
    assert_eq!(object["state"], "pending");
    assert_eq!(object["source_instance"], *instance);
    assert_eq!(object["source_region"], HOME);
    assert_eq!(object["tags"]["evil"], "\u{1b}[2J\n\u{202e}\"");
    let created = object["created"]
        .as_str()
        .and_then(ami_core::time::Moment::from_rfc3339);
    let date = object["tags"]["create_date"].as_str().map(str::to_owned);
    assert_eq!(created.map(ami_core::time::Moment::compact), date);
}

#[test]
fn columns_are_a_table_with_a_header() {
    let sandbox = sandbox();
    let instance = sandbox.instance(HOME, |_| {});
    let outcome = create(&sandbox, &["-C", "-n", "web 1", &instance])
        .run()
        .expect()
        .stdout_has("IMAGE_ID")
        .done();
    let lines: Vec<_> = outcome.stdout.lines().collect();
    assert_eq!(lines.len(), 2);
    let start = |title: &str| lines[0].find(title).expect(title);
    assert_eq!(lines[1].find(&*instance), Some(start("SOURCE_INSTANCE")));
    assert_eq!(lines[1].find("web 1"), Some(start("NAME")));
}

#[test]
fn a_dry_run_asks_and_makes_nothing() {
    let sandbox = sandbox();
    let instance = sandbox.instance(HOME, |_| {});
    let before = sandbox.images(HOME).len();
    create(
        &sandbox,
        &["--dry-run", "-n", "web", "--no-reboot", &instance],
    )
    .run()
    .expect()
    .stdout_is("")
    .stderr_has("would make the image 'web' of")
    .stderr_has("without a restart")
    .done();
    assert_eq!(
        sandbox.calls_to("CreateImage")[0].param("DryRun"),
        Some("true")
    );
    assert_eq!(sandbox.images(HOME).len(), before);
    sandbox.deny("CreateImage");
    create(&sandbox, &["--dry-run", &instance])
        .run()
        .expect()
        .fails(1)
        .stderr_has("not authorized to CreateImage (UnauthorizedOperation, request ")
        .stderr_has("the permission needed is ec2:CreateImage")
        .done();
}

#[test]
fn bad_input_is_one_line_and_no_call() {
    let sandbox = sandbox();
    let long = "x".repeat(129);
    let many: Vec<String> = (0..45).map(|n| format!("--tag=k{n}=v")).collect();
    let mut too_many: Vec<&str> = many.iter().map(String::as_str).collect();
    too_many.push("i-12345678");
    let cases: Vec<(Vec<&str>, &str)> = vec![
        (vec![], "name at least one instance"),
        (vec!["i-123"], "'i-123' names no instance"),
        (vec!["ami-12345678"], "of another kind: image"),
        (vec!["i-12345678@mars"], "no region code"),
        (vec!["-n", "ab", "i-12345678"], "3 to 128 characters"),
        (vec!["-n", &long, "i-12345678"], "has 129"),
        (vec!["-n", "a:b:c", "i-12345678"], "cannot hold ':'"),
        (vec!["-N", "", "i-12345678"], "a prefix has"),
        (
            vec!["-n", "web", "-N", "web", "i-12345678"],
            "cannot stand together",
        ),
        (
            vec!["-n", "web", "i-12345678", "i-87654321"],
            "for one instance",
        ),
        (vec!["-t", "web", "i-12345678"], "no KEY=VALUE"),
        (vec!["-t", "aws:x=1", "i-12345678"], "AWS's own"),
        (
            vec!["-t", "source_image=x", "i-12345678"],
            "set by this tool",
        ),
        (vec!["-t", "a=1", "-t", "a=2", "i-12345678"], "given twice"),
        (too_many, "too many"),
        (vec!["-d", "", "i-12345678"], "1 to 255 characters"),
        (vec!["-b", "/dev/sdb", "i-12345678"], "no DEVICE=WHAT"),
        (
            vec!["-b", "/dev/sdb=none", "-b", "/dev/sdb=:8", "i-12345678"],
            "mapped twice",
        ),
        (vec!["--timeout", "1h", "i-12345678"], "for --wait"),
        (
            vec!["--wait", "--timeout", "soon", "i-12345678"],
            "no duration",
        ),
        (
            vec!["--no-rebot", "i-12345678"],
            "did you mean '--no-reboot'?",
        ),
        (vec!["-r", "mars", "i-12345678"], "no region code"),
        (vec!["--endpoint-url", "mars", "i-12345678"], "no URL"),
        (vec!["-"], "standard input held no reference"),
        (vec!["-n", "web", "-"], "standard input held no reference"),
    ];
    for (args, why) in cases {
        let outcome = create(&sandbox, &args)
            .run()
            .expect()
            .fails(2)
            .stderr_has(why)
            .done();
        assert_eq!(
            outcome.stderr.lines().count(),
            1,
            "{args:?}: {}",
            outcome.stderr
        );
        assert!(
            outcome.stderr.contains("--help"),
            "{args:?}: {}",
            outcome.stderr
        );
        assert_no_calls(&sandbox);
    }
}

#[test]
fn a_name_for_two_lines_of_standard_input_is_refused_before_any_call() {
    let sandbox = sandbox();
    create(&sandbox, &["-n", "web", "-"])
        .stdin("i-12345678\ni-87654321\n")
        .run()
        .expect()
        .fails(2)
        .stderr_has("--name is for one instance, and 2 are named")
        .done();
    assert_no_calls(&sandbox);
    let instance = sandbox.instance(HOME, |_| {});
    create(&sandbox, &["-n", "web", "-"])
        .stdin(&format!("{instance}\n{instance}\n"))
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
}
