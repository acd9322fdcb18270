//! Builds in disk files.

mod support;

use std::fs;
use std::path::Path;
use std::time::Duration;

use ami_testkit::{Signal, Tool};
use support::{Host, Kind, Parts, Place};

fn tool(words: &[&str]) -> Tool<'static> {
    ami_testkit::tool("ami-chroot").args(words)
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn copies_and_disks_themselves_on_every_file_system() {
    let Some(place) = Place::new() else { return };
    let host = Host::look(&place);
    for kind in [Kind::Ext4, Kind::Xfs, Kind::Btrfs] {
        for parts in [Parts::Bare, Parts::Gpt, Parts::Mbr] {
            let disk = place.disk("disk", kind, parts);
            let before = fs::read(&disk).expect("read");
            let (disk, out) = (text(&disk), text(&place.path("out")));
            tool(&["-o", &out, &disk, "sh", "-c", "echo one > /root/one"])
                .run()
                .expect()
                .stdout_is(&format!("{out}\n"))
                .done();
            assert!(
                fs::read(&disk).expect("read") == before,
                "{kind:?} {parts:?}"
            );
            tool(&["--in-place", &out, "--", "cat", "/root/one"])
                .run()
                .expect()
                .stdout_is(&format!("{out}\n"))
                .stderr_is("one\n")
                .done();
            fs::remove_file(&out).expect("removed");
        }
    }
    host.expect_again(&place);
}

#[test]
fn a_larger_disk_is_filled() {
    let Some(place) = Place::new() else { return };
    let disk = text(&place.disk("disk", Kind::Ext4, Parts::Gpt));
    let out = text(&place.path("out"));
    tool(&["-v", "--size", "200M", "--grow", "-o", &out, &disk, "true"])
        .run()
        .expect()
        .stderr_has("grown from 67108864 to ")
        .done();
    assert_eq!(fs::metadata(&out).expect("made").len(), 200 << 20);
    tool(&["--size", "1M", "-o", &out, &disk, "true"])
        .run()
        .expect()
        .fails(125)
        .stderr_has("never made smaller")
        .done();
}

#[test]
fn a_failure_makes_no_file_and_keeps_the_old_one() {
    let Some(place) = Place::new() else { return };
    let host = Host::look(&place);
    let disk = text(&place.usual_disk());
    let out = place.path("out");
    fs::write(&out, "old").expect("written");
    let files = || fs::read_dir(place.path("")).expect("read").count();
    let before = files();
    for (command, code) in [("false", 1), ("nowhere", 127), ("/etc/passwd", 126)] {
        let line = ["-o", &text(&out), &disk, command].map(str::to_owned);
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        tool(&line)
            .run()
            .expect()
            .fails(code)
            .stdout_is("")
            .stderr_has("nothing was made")
            .done();
        assert_eq!(
            (fs::read_to_string(&out).expect("read"), files()),
            ("old".to_owned(), before)
        );
    }
    let kept = tool(&["--keep-on-failure", "-o", &text(&out), &disk, "false"]).run();
    kept.expect()
        .fails(1)
        .stderr_has("the copy is kept: to go on in it: ami-chroot --in-place")
        .done();
    assert_eq!(files(), before + 1);
    host.expect_again(&place);
}

#[test]
fn signals_leave_nothing() {
    let Some(place) = Place::new() else { return };
    let host = Host::look(&place);
    let disk = text(&place.usual_disk());
    let out = place.path("out");
    for signal in [Signal::INT, Signal::TERM, Signal::HUP, Signal::KILL] {
        let line = "echo begun; sleep 100 & sleep 100";
        let mut running = tool(&["-o", &text(&out), &disk, "sh", "-c", line]).spawn();
        running.wait_until("the command", |running| running.stderr().contains("begun"));
        running.signal(signal);
        running
            .wait()
            .expect()
            .dies_of(signal)
            .stdout_is("")
            .stderr_any()
            .done();
        host.expect_again(&place);
        let left: Vec<_> = fs::read_dir(place.path(""))
            .expect("read")
            .flatten()
            .collect();
        assert!(
            left.iter()
                .all(|entry| !entry.file_name().to_string_lossy().contains("out"))
        );
    }
    std::thread::sleep(Duration::from_millis(50));
}

#[test]
fn credentials_and_the_environment_stay_outside() {
    let Some(place) = Place::new() else { return };
    let disk = text(&place.usual_disk());
    let outcome = tool(&["--env", "A=b", "--env", "HERE", "--in-place", &disk, "env"])
        .env("AWS_SECRET_ACCESS_KEY", "geheim")
        .env("AWS_ACCESS_KEY_ID", "AKIAX")
        .env("HERE", "there")
        .run()
        .expect()
        .stderr_has("A=b\n")
        .stderr_has("HERE=there\n")
        .stderr_has_not("AWS_")
        .stderr_has_not("geheim")
        .done();
    assert_eq!(outcome.stdout.lines().count(), 1);
}

#[test]
fn what_is_shared_is_what_was_said() {
    let Some(place) = Place::new() else { return };
    let disk = text(&place.usual_disk());
    let shared = place.path("shared");
    fs::create_dir(&shared).expect("a directory");
    fs::write(shared.join("file"), "shared\n").expect("written");
    let bind = format!("{}:/mnt/x:ro", text(&shared));
    let line = "cat /mnt/x/file; echo y > /mnt/x/y || echo ro; ls /workspace";
    tool(&[
        "--workspace",
        "none",
        "--bind",
        &bind,
        "--in-place",
        &disk,
        "sh",
        "-c",
        line,
    ])
    .run()
    .expect()
    .fails(1)
    .stderr_has("shared\n")
    .stderr_has("ro\n")
    .stderr_has("No such file")
    .done();
    let workspace = format!("{}:ro", text(&shared));
    tool(&[
        "--workspace",
        &workspace,
        "--in-place",
        &disk,
        "sh",
        "-c",
        "cat file; ! touch z",
    ])
    .run()
    .expect()
    .stderr_has("shared\n")
    .stdout_has("")
    .done();
    assert_eq!(fs::read_dir(&shared).expect("read").count(), 1);
}

#[test]
fn wrong_lines_are_125_and_say_why() {
    let Some(place) = Place::new() else { return };
    let disk = text(&place.usual_disk());
    let qcow = place.path("disk.qcow2");
    fs::write(&qcow, [b"QFI\xfb\0\0\0\x03".as_slice(), &[0; 600]].concat()).expect("written");
    let qcow = text(&qcow);
    let (empty, fifo) = (text(&place.path("empty")), text(&place.path("fifo")));
    fs::write(&empty, "").expect("written");
    support::sh(&format!("mkfifo {fifo}"));
    for (words, why) in [
        (&[disk.as_str(), "true"][..], "-o FILE, or --in-place"),
        (&["-o", &disk, &disk, "true"], "would replace the source"),
        (
            &["--in-place", "-o", "x", &disk, "true"],
            "cannot stand together",
        ),
        (&["--in-place", &qcow, "true"], "not a raw disk"),
        (&["--in-place", "/nowhere", "true"], "No such file"),
        (&["--in-place", &empty, "true"], "empty: is empty"),
        (&["--in-place", &fifo, "true"], "neither a file nor a block"),
        (
            &["-o", "x", "/dev/null", "true"],
            "/dev/null: is a character",
        ),
        (&["-o", "-", &disk, "true"], "standard output"),
        (&["-o", "x", "--", &disk, "true"], "SOURCE stands before"),
        (
            &["--in-place", "--bind", "/tmp:/proc/x", &disk, "true"],
            "a /proc of its own",
        ),
        (
            &["--in-place", "--user", "a:b:c", &disk, "true"],
            "no NAME, UID or UID:GID",
        ),
        (
            &["--in-place", "--workspace", "/etc/passwd", &disk, "true"],
            "/etc/passwd: is no directory",
        ),
        (
            &["--in-place", "--partition", "2", &disk, "true"],
            "base.raw: has no partition 2",
        ),
        (&["--in-place", "/tmp", "true"], "is a directory"),
        (
            &["--in-place", "--wait", &disk, "true"],
            "--wait is for snapshots",
        ),
        (
            &["--in-place", "--bind", "/a:b", &disk, "true"],
            "absolute path",
        ),
        (
            &["--in-place", "--network", "x", &disk, "true"],
            "neither host nor none",
        ),
        (
            &["--in-place", "--memory", "lots", &disk, "true"],
            "no size",
        ),
        (&["make"], "ami-chroot -- COMMAND"),
    ] {
        tool(words)
            .run()
            .expect()
            .fails(125)
            .stdout_is("")
            .stderr_has(why)
            .done();
    }
}

#[test]
fn output_comes_in_the_formats_of_all_tools() {
    let Some(place) = Place::new() else { return };
    let disk = text(&place.usual_disk());
    let json = tool(&["--json", "--in-place", &disk, "echo", "x"]).run();
    let json = json.expect().stderr_is("x\n").done().stdout;
    let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(value["reference"], disk.as_str());
    let names = value.as_object().expect("an object").len();
    assert_eq!(names, ami_chroot::spec::SPEC.json.len());
}

#[test]
fn a_disk_becomes_an_image_in_one_line() {
    let Some(place) = Place::new() else { return };
    let sandbox = ami_sandbox::Sandbox::start(ami_sandbox::Config::default()).expect("a sandbox");
    let disk = text(&place.usual_disk());
    let out = text(&place.path("out"));
    let line = format!(
        "ami-register-image --arch x86_64 -n web \"$(ami-chroot -o {out} {disk} -- sh -c 'echo x > /root/x')\""
    );
    let outcome = ami_testkit::shell(&line)
        .sandbox(&sandbox)
        .run()
        .expect()
        .stdout_has("ami-")
        .stderr_any()
        .done();
    let image = sandbox.find_image(outcome.stdout.trim()).expect("an image");
    let snapshot = image.snapshots().next().expect("a snapshot").to_owned();
    let exported = place.path("exported");
    sandbox
        .export_snapshot(&snapshot, &exported)
        .expect("a disk");
    assert_eq!(support::debugfs(&exported, "cat /root/x"), "x\n");
}

#[test]
fn a_command_s_own_options_are_not_the_tool_s() {
    let Some(place) = Place::new() else { return };
    let disk = text(&place.usual_disk());
    tool(&["--in-place", &disk, "nowhere", "--sweep"])
        .run()
        .expect()
        .fails(127)
        .stderr_any()
        .done();
    tool(&["--in-place", "/nowhere", "x", "--sweep"])
        .run()
        .expect()
        .fails(125)
        .stderr_any()
        .done();
}

#[test]
fn long_commands_reach_the_build() {
    let Some(place) = Place::new() else { return };
    let disk = text(&place.usual_disk());
    let word = "x".repeat(100_000);
    let mut words = vec![
        "--in-place",
        &disk,
        "sh",
        "-c",
        "for w; do echo ${#w}; done",
        "sh",
    ];
    words.extend([word.as_str(); 12]);
    tool(&words)
        .run()
        .expect()
        .stdout_has("base.raw")
        .stderr_is(&"100000\n".repeat(12))
        .done();
}

#[test]
fn a_disk_that_was_cut_off_is_told() {
    let Some(place) = Place::new() else { return };
    let disk = place.usual_disk();
    let file = fs::File::options().write(true).open(&disk).expect("open");
    file.set_len(40 << 20).expect("shorter");
    tool(&["--in-place", &text(&disk), "true"])
        .run()
        .expect()
        .fails(125)
        .stderr_has("base.raw: the ext4 is 67108864 bytes long")
        .stderr_has("cut off?")
        .done();
}

#[test]
fn what_a_script_lacks_is_told() {
    let Some(place) = Place::new() else { return };
    let tree = place.tree();
    fs::write(tree.join("bin/script"), "#!/bin/nowhere\n").expect("written");
    support::sh(&format!("chmod 755 {}/bin/script", text(&tree)));
    let disk = text(&place.disk_of("disk", &tree, Kind::Ext4, Parts::Bare));
    for (command, why) in [
        ("script", "the interpreter in its first line"),
        ("/bin/script", "the interpreter in its first line"),
        ("nowhere", "command not found"),
    ] {
        let failed = tool(&["--in-place", &disk, command]).run();
        let failed = failed.expect().fails(127).stderr_has(why);
        failed.stderr_has("nothing was made").done();
    }
}

#[test]
fn the_cause_comes_last() {
    let Some(place) = Place::new() else { return };
    let (disk, out) = (text(&place.usual_disk()), text(&place.path("out")));
    let last = |words: &[&str]| {
        let outcome = tool(words).run();
        let line = outcome.stderr.lines().last();
        line.unwrap_or_default().to_owned()
    };
    let in_place = last(&["--in-place", &disk, "false"]);
    let kept = last(&["--keep-on-failure", "-o", &out, &disk, "false"]);
    let told = "'false' ended with status 1; ";
    assert!(in_place.ends_with(&format!("{told}the disk is as the command has left it")));
    assert!(kept.ends_with(&format!("{told}nothing was made")), "{kept}");
    let none = last(&["--in-place", "--partition", "2", &disk, "true"]);
    assert!(none.contains("has no partition 2"), "{none}");
}

#[test]
fn a_secret_disk_stays_one() {
    use std::os::unix::fs::PermissionsExt;
    let Some(place) = Place::new() else { return };
    let (disk, out) = (place.usual_disk(), place.path("out"));
    fs::set_permissions(&disk, fs::Permissions::from_mode(0o600)).expect("its mode");
    let (disk, name) = (text(&disk), text(&out));
    for mode in [0o600, 0o640] {
        let made = tool(&["-o", &name, &disk, "true"]).run();
        made.expect().stdout_has("out").done();
        let permissions = fs::metadata(&out).expect("made").permissions();
        assert_eq!(permissions.mode() & 0o777, mode);
        // The next one replaces it.
        fs::set_permissions(&out, fs::Permissions::from_mode(0o640)).expect("its mode");
    }
}

#[test]
fn no_room_for_the_copy_is_told() {
    let Some(place) = Place::new() else { return };
    let (disk, small) = (text(&place.usual_disk()), text(&place.path("small")));
    let line = format!(
        "mkdir {small}; exec unshare --mount sh -ec 'mount -t tmpfs -o size=20m none {small}; \
         exec ami-chroot -o {small}/out {disk} -- sh -c \"dd if=/dev/zero of=/root/x bs=1M count=40 2>&1; true\"'"
    );
    ami_testkit::shell(&line)
        .run()
        .expect()
        .fails(125)
        .stdout_is("")
        .stderr_has("small/out: No space left on device")
        .done();
}
