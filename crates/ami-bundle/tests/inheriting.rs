//! What a bundle of a running system takes over from its instance, and what goes wrong before there is one.

mod support;

use ami_sandbox::{Config, ThisInstance};
use ami_testkit::Signal;
use support::tree::{Tree, can};
use support::{Desk, HOME, MAKE, sh};

#[test]
fn an_instance_hands_down_what_it_is() {
    if !can("an_instance_hands_down_what_it_is") {
        return;
    }
    let this = ThisInstance {
        region: HOME.into(),
        instance_type: "m3.medium".into(),
        role: None,
    };
    let config = Config {
        this_instance: Some(this),
        ..Config::default()
    };
    let tree = Tree::new(Desk::with(config));
    let id = tree.desk.sandbox.this_instance().expect("an instance");
    tree.desk.sandbox.edit_instance(&id, |instance| {
        for (path, text) in [
            ("kernel-id", "aki-12345678"),
            ("ramdisk-id", "ari-12345678"),
            ("product-codes", "AAA\nBBB"),
            ("ancestor-ami-ids", "ami-11111111\nami-22222222"),
            ("block-device-mapping/ephemeral0", "sdb"),
            ("block-device-mapping/ebs7", "xvdal"),
        ] {
            instance.metadata.insert(path.into(), text.into());
        }
    });
    let image = tree
        .desk
        .sandbox
        .instances(HOME)
        .into_iter()
        .find(|it| it.id == id);
    let image = image.expect("it is there").image;
    let run = |more: &[&str]| {
        sh("rm -f \"$1\"/out/*", &[&tree.desk.path("")]);
        let run = tree
            .volume(more)
            .args(["-d", "out", "tree"])
            .metadata()
            .run();
        run.expect().stdout_has("out/").stderr_any().done();
        tree.desk.manifest("out/image.manifest.xml")
    };
    let manifest = run(&[]);
    assert_eq!(manifest.kernel.as_deref(), Some("aki-12345678"));
    assert_eq!(manifest.ramdisk.as_deref(), Some("ari-12345678"));
    assert_eq!(manifest.product_codes, ["AAA", "BBB"]);
    assert_eq!(
        manifest.image.ancestors,
        ["ami-11111111", "ami-22222222", &image]
    );
    let names = |manifest: &ami_bundle_format::Manifest| -> Vec<String> {
        manifest
            .mappings
            .iter()
            .map(|one| one.virtual_name.clone())
            .collect()
    };
    assert_eq!(names(&manifest), ["ami", "ephemeral0", "root"]);
    let manifest = run(&[
        "--kernel",
        "aki-87654321",
        "-B",
        "ami=sda1",
        "--productcodes=C",
    ]);
    assert_eq!(manifest.kernel.as_deref(), Some("aki-87654321"));
    assert_eq!(manifest.product_codes, ["C"]);
    assert_eq!(names(&manifest), ["ami"]);
    tree.desk.sandbox.clear_calls();
    let manifest = run(&["--no-inherit"]);
    assert!(manifest.kernel.is_none() && manifest.image.ancestors.is_empty());
    assert!(tree.desk.sandbox.calls().is_empty());
}

#[test]
fn elsewhere_it_goes_on_and_says_so() {
    if !can("elsewhere_it_goes_on_and_says_so") {
        return;
    }
    let tree = Tree::new(Desk::with_bucket());
    tree.volume(&["--to", "s3://bundles/a", "tree"])
        .metadata()
        .run()
        .expect()
        .stdout_is("s3://bundles/a/image.manifest.xml\n")
        .stderr_has("nothing is inherited from it, which --no-inherit asks for")
        .done();
    assert_eq!(tree.desk.keys().len(), 2);
    tree.volume(&["--dry-run", "--to", "s3://bundles/b", "tree"])
        .run()
        .expect()
        .stdout_is("")
        .stderr_has("for account 111122223333 into s3://bundles/b/image.manifest.xml")
        .done();
    assert_eq!(tree.desk.keys().len(), 2);
}

#[test]
fn a_signal_leaves_nothing() {
    if !can("a_signal_leaves_nothing") {
        return;
    }
    let tree = Tree::new(Desk::new());
    tree.desk
        .write("script", b"#!/bin/sh\necho > \"$0.began\"; sleep 60\n");
    support::mode(&tree.desk.path("script"), 0o755);
    let args = ["--no-inherit", "-S", "./script", "-d", "out", "tree"];
    let mut running = tree.volume(&args).spawn();
    running.wait_until("the script runs", |_| {
        tree.desk.path("script.began").exists()
    });
    running.signal(Signal::TERM);
    running
        .wait()
        .expect()
        .dies_of(Signal::TERM)
        .stdout_is("")
        .stderr_any()
        .done();
    for place in ["out", "work"] {
        assert!(support::names(&tree.desk.path(place)).is_empty(), "{place}");
    }
}

#[test]
fn what_is_wrong_is_told_before_anything_is_done() {
    if !can("what_is_wrong_is_told_before_anything_is_done") {
        return;
    }
    let tree = Tree::new(Desk::new());
    tree.desk.write("no-script", b"");
    for (args, why) in [
        (&["nothing"][..], "nothing: cannot be read: No such file"),
        (&["a", "b"], "one PATH is read, and 2 are named"),
        (&["-e", "/nothing", "tree"], "/nothing"),
        (&["-e", "/srv,", "tree"], "between commas is nothing"),
        (&["-i", "[", "tree"], "["),
        (&["--exclude-from", "nothing", "tree"], "nothing"),
        (&["--filesystem", "vfat", "tree"], "is none of ext2, ext3"),
        (&["--fstab", "nothing", "tree"], "nothing"),
        (
            &["--fstab", "nothing", "--generate-fstab", "tree"],
            "cannot stand together",
        ),
        (&["-S", "no-script", "tree"], "no-script"),
        (&["--work-dir", "nothing", "tree"], "nothing"),
        (&["-s", "1", "tree"], "at least"),
        (&["-s", "64", "tree"], "at least"),
        (&["--report", "nothing/x", "tree"], "nothing"),
        (&["-d", "nothing", "tree"], "nothing"),
    ] {
        let words = tree.desk.bundle(&["volume"]).args(MAKE);
        let run = words
            .args(["-u", "111122223333", "--no-inherit"])
            .args(args)
            .run();
        let outcome = run.expect().fails(2).stdout_is("").stderr_has(why).done();
        assert_eq!(
            outcome.stderr.lines().count(),
            1,
            "{args:?}: {}",
            outcome.stderr
        );
    }
    let nobody =
        "exec setpriv --reuid=65534 --regid=65534 --clear-groups ami-bundle volume -k x -c y tree";
    tree.desk
        .shell(nobody)
        .run()
        .expect()
        .fails(2)
        .stderr_is("ami-bundle: a running system is bundled as root; run this with sudo\n")
        .done();
    assert!(tree.desk.sandbox.calls().is_empty());
}
