//! Running systems bundled: what of them is in the bundle.

mod support;

use support::tree::{Tree, can};
use support::{Desk, MAKE, sh};

#[test]
fn a_tree_comes_back_without_its_secrets() {
    if !can("a_tree_comes_back_without_its_secrets") {
        return;
    }
    let tree = Tree::new(Desk::new());
    tree.volume(&[
        "--no-inherit",
        "-d",
        "out",
        "--report",
        "report.json",
        "tree",
    ])
    .run()
    .expect()
    .stdout_is("out/image.manifest.xml\n")
    .stderr_has("ami-bundle: left out: host_key 1, credentials 1, history 1")
    .done();
    let inside = tree.inside();
    for path in [
        "web\n11111111-2222-3333-4444-555555555555\n",
        "./bin/tool f 4755 2 7\n",
        "./bin/same f 4755 2 7\n",
        "./bin/link l 777 1 4\n",
        "./.hidden: hidden\n",
        "./etc/hostname: web\n",
        "./srv/a & \"b\" <c>: big\n",
        "./srv/sparse f 644 1 5242884\n",
        "./proc d ",
    ] {
        assert!(inside.contains(path), "{path:?} in {inside}");
    }
    for secret in ["ssh_host_rsa_key", "credentials", "bash_history", "secret"] {
        assert!(!inside.contains(secret), "{secret} in {inside}");
    }
    let report = tree.desk.read("report.json");
    let report = String::from_utf8(report).expect("text");
    assert!(
        report.contains("{\"path\":\"/etc/ssh/ssh_host_rsa_key\",\"reason\":\"host_key\"}\n"),
        "{report}"
    );
    use std::os::unix::fs::MetadataExt;
    let about = tree
        .desk
        .path("report.json")
        .metadata()
        .expect("it is there");
    assert_eq!(about.mode() & 0o777, 0o600);
    let manifest = tree.desk.manifest("out/image.manifest.xml");
    assert_eq!(manifest.image.size, 64 << 20);
    assert!(support::names(&tree.work()).is_empty());
    assert!(tree.desk.sandbox.calls().is_empty());
}

#[test]
fn what_is_bundled_can_be_chosen() {
    if !can("what_is_bundled_can_be_chosen") {
        return;
    }
    let tree = Tree::new(Desk::new());
    let desk = &tree.desk;
    desk.write("patterns", b"# mine\n/srv/sparse\n");
    desk.write(
        "script",
        b"#!/bin/sh\necho scripted > \"$1/etc/scripted\"\n",
    );
    support::mode(&desk.path("script"), 0o755);
    desk.write("new-fstab", b"LABEL=web / ext4 ro 0 1\n");
    // The key and the destination lie in the tree, and travel no further.
    sh(
        "cd \"$1\"; cp pk.pem tree/srv/key.pem; mkdir tree/srv/out; cd tree/srv/out
         echo mine > mine; touch old.manifest.xml old.part.0",
        &[&desk.path("")],
    );
    desk.bundle(&["volume", "-k", "tree/srv/key.pem"])
        .args(&MAKE[2..])
        .args([
            "-u",
            "111122223333",
            "-s",
            "64M",
            "--work-dir",
            "work",
            "--no-inherit",
        ])
        .args([
            "-e",
            "/srv/data,/srv/more",
            "--exclude-from",
            "patterns",
            "--no-filter",
        ])
        .args([
            "--fstab",
            "new-fstab",
            "-S",
            "script",
            "-d",
            "tree/srv/out",
            "tree",
        ])
        .run()
        .expect()
        .stdout_is("tree/srv/out/image.manifest.xml\n")
        .stderr_has("left out: excluded ")
        .done();
    sh("cd \"$1\"; mv tree/srv/out/image.* out", &[&desk.path("")]);
    let inside = tree.inside();
    for path in [
        "./srv/data d ",
        "./srv/more d ",
        "./root/.bash_history: ls",
        "./etc/scripted: scripted",
        "./srv/out/mine: mine",
    ] {
        assert!(inside.contains(path), "{path:?} in {inside}");
    }
    assert!(
        inside.contains("./etc/fstab: ") && inside.contains("./etc/fstab.old: "),
        "{inside}"
    );
    for gone in [
        "./srv/data/x",
        "./srv/more/x",
        "sparse",
        "key.pem",
        "./srv/out/old",
    ] {
        assert!(!inside.contains(gone), "{gone} in {inside}");
    }
    sh("rm \"$1\"/out/*", &[&desk.path("")]);
    tree.volume(&[
        "--no-inherit",
        "-i",
        "/root/.bash_history,/etc/ssh/*",
        "--generate-fstab",
    ])
    .args(["--filesystem", "ext3", "-d", "out", "tree"])
    .run()
    .expect()
    .stdout_has("out/")
    .stderr_any()
    .done();
    let inside = tree.inside();
    assert!(
        inside.contains("bash_history") && inside.contains("ssh_host_rsa_key"),
        "{inside}"
    );
    assert!(inside.contains("./etc/fstab.old: "), "{inside}");
    let kind = sh("blkid -p -s TYPE -o value \"$1\"", &[&desk.path("back")]);
    assert_eq!(kind, "ext3\n");
}

#[test]
fn a_report_goes_into_devices_and_pipes_and_replaces_none() {
    if !can("a_report_goes_into_devices_and_pipes_and_replaces_none") {
        return;
    }
    let tree = Tree::new(Desk::new());
    let made = || sh("cd \"$1\"; rm out/*", &[&tree.desk.path("")]);
    sh(
        "cd \"$1\"; mknod null c 1 3; mknod full c 1 7; ln -s null to-null",
        &[&tree.desk.path("")],
    );
    for place in ["null", "to-null"] {
        tree.volume(&["--no-inherit", "-d", "out", "--report", place, "tree"])
            .run()
            .expect()
            .stdout_is("out/image.manifest.xml\n")
            .stderr_any()
            .done();
        made();
    }
    tree.volume(&["--no-inherit", "-d", "out", "--report", "full", "tree"])
        .run()
        .expect()
        .fails(1)
        .stderr_has("full: cannot be written: No space left")
        .done();
    tree.volume(&["--no-inherit", "-d", "out"])
        .args(["--report", "/dev/stderr", "tree"])
        .run()
        .expect()
        .stdout_is("out/image.manifest.xml\n")
        .stderr_has("{\"path\":\"/root/.aws\",\"reason\":\"credentials\"}\n")
        .done();
    let kinds = sh(
        "cd \"$1\"; stat -c '%n %F' null full to-null",
        &[&tree.desk.path("")],
    );
    assert_eq!(
        kinds,
        "null character special file\nfull character special file\nto-null symbolic link\n"
    );
}
