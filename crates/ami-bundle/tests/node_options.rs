//! What options ask for, of a machine elsewhere: files that they name are of this side, and what the image
//! inherits is of that one.

#![cfg(target_os = "linux")]

#[path = "support/machine.rs"]
mod machine;
mod support;

use std::fs;
use std::path::Path;

use ami_bundle_format::Manifest;
use ami_sandbox::{BucketSeed, Config, Ownership, ThisInstance};
use ami_testkit::{Tool, assert_no_calls};
use machine::Machine;
use support::{BUCKET, Desk, HOME, mode, sh};

fn node<'d>(desk: &'d Desk, machine: &Machine, args: &[&str]) -> Tool<'d> {
    let ssh = machine.ssh();
    let tool = desk.bundle(&["node", "--ssh", &ssh, "-k", "pk.pem", "-c", "cert.pem"]);
    let tool = tool.args(["--ec2cert", "ec2.pem", "--to", "s3://bundles/web"]);
    let tool = tool.args(args).args(["root@127.0.0.1"]);
    tool.env("AMI_TOOLS_GRACE", "1s")
}

/// The phases up to the bundle in S3.
const NO_IMAGE: &str = "--phase=settings,install,configure,bundle,upload,cleanup";
const PLACE: &str = "s3://bundles/web/image.manifest.xml";

/// Brings the bundle back, removes it, and runs a line in its tree.
fn in_tree(desk: &Desk, line: &str) -> String {
    let back = [
        "unbundle",
        "-k",
        "pk.pem",
        "-c",
        "cert.pem",
        "-o",
        "disk",
        "--overwrite",
        PLACE,
    ];
    desk.bundle(&back).run().expect().stdout_has("disk").done();
    let delete = desk.bundle(&["delete", PLACE]).run();
    delete.expect().stdout_has("").stderr_any().done();
    let script = "d=$(mktemp -d); mount -o loop,ro \"$1\" \"$d\"; cd \"$d\"; sh -euc \"$2\" || echo failed; cd /; umount \"$d\"; rmdir \"$d\"";
    let disk = desk.path("disk");
    let words: [&Path; 2] = [&disk, line.as_ref()];
    sh(script, &words)
}

#[test]
fn options_are_heeded_there() {
    let banner = "echo 'Banner /etc/issue' >> etc/ssh/sshd_config; echo 'Keep out' > etc/issue";
    let Some(machine) = Machine::start_with(banner, &[]) else {
        return;
    };
    let desk = Desk::with_bucket();
    let script = b"#!/bin/sh\nset -e\ncp \"$1/etc/hostname\" \"$1/etc/copied\"\nenv > \"$1/etc/environment\"\n# \xff no text\n";
    desk.write("script", script);
    mode(&desk.path("script"), 0o755);
    desk.write("fstab", b"LABEL=web / ext4 defaults 0 1\n");
    desk.write("patterns", b"*.old\n/srv/run\n");
    fs::write(machine.path("/etc/fstab"), "/dev/sda1 / ext4\n").expect("a file");
    fs::write(machine.path("/home/web/x.old"), "x").expect("a file");
    let args = [
        NO_IMAGE,
        "--no-inherit",
        "--size",
        "96M",
        "--script",
        "script",
        "--fstab",
        "fstab",
        "--exclude",
        "/var/empty,/home/web/same.html",
        "--exclude-from",
        "patterns",
        "--include",
        "authorized_keys",
        "--report",
        "report",
        "--filesystem",
        "ext3",
        "--compress",
        "best",
        "--description",
        "all of it",
    ];
    let run = node(&desk, &machine, &args).run().expect();
    run.stdout_is(&format!("{PLACE}\n")).stderr_any().done();
    machine.is_clean("options");
    let object = desk.object("web/image.manifest.xml");
    let manifest = Manifest::parse(&object.bytes).expect("a manifest");
    assert_eq!(manifest.image.size, 96 << 20);
    let line = "cat etc/fstab etc/fstab.old etc/copied; ls home/web root/.ssh srv; ls -d etc/ssh/ssh_host* 2>/dev/null || :; grep AWS etc/environment || :; blkid -s TYPE -o value \"$(findmnt -no SOURCE .)\" || :";
    let told = in_tree(&desk, line);
    let expected = "LABEL=web / ext4 defaults 0 1\n/dev/sda1 / ext4\nweb1\n\
        home/web:\nholes\nindex.html\nlink.html\n\nroot/.ssh:\nauthorized_keys\n\nsrv:\n";
    assert!(told.starts_with(expected), "{told}");
    assert!(
        !told.contains("ssh_host") && !told.contains("AWS"),
        "{told}"
    );
    let kind = sh("blkid -p -s TYPE -o value \"$1\"", &[&desk.path("disk")]);
    assert_eq!(kind, "ext3\n");
    let report = String::from_utf8(desk.read("report")).expect("text");
    for line in [
        "{\"path\":\"/home/web/same.html\",\"reason\":\"excluded\"}",
        "{\"path\":\"/home/web/x.old\",\"reason\":\"pattern\"}",
        "{\"path\":\"/srv/run\",\"reason\":\"pattern\"}",
        "{\"path\":\"/etc/ssh/ssh_host_ed25519_key\",\"reason\":\"host_key\"}",
    ] {
        assert!(report.lines().any(|told| told == line), "{line}: {report}");
    }
    assert!(!report.contains("/authorized_keys"), "{report}");

    // What is generated, and what is not filtered.
    let args = [
        NO_IMAGE,
        "--no-inherit",
        "--size",
        "96M",
        "--generate-fstab",
        "--no-filter",
    ];
    let run = node(&desk, &machine, &args).run().expect();
    run.stdout_is(&format!("{PLACE}\n")).stderr_any().done();
    let told = in_tree(&desk, "cat etc/fstab; ls etc/ssh");
    assert!(
        told.contains(" / ") && told.contains("ssh_host_ed25519_key"),
        "{told}"
    );

    // A script that fails says why.
    desk.write("script", b"#!/bin/sh\necho no yeast >&2\nexit 3\n");
    let args = ["--no-inherit", "--size", "100663296", "--script", "script"];
    let run = node(&desk, &machine, &args).run().expect().fails(1);
    run.stdout_is("")
        .stderr_has("exit status: 3; on the node was said: no yeast\n")
        .done();
    machine.is_clean("a script");
    assert_eq!(desk.keys(), [""; 0]);
}

#[test]
fn files_that_are_missing_are_told_before_anything_is_done() {
    let desk = Desk::with_bucket();
    desk.write("large", &vec![b'#'; (1 << 20) + 1]);
    for (args, why) in [
        (
            ["--script", "nothing"],
            "nothing: cannot be read: No such file",
        ),
        (["--script", "large"], "large: is larger than 1 MiB"),
        (
            ["--fstab", "nothing"],
            "nothing: cannot be read: No such file",
        ),
        (
            ["--exclude-from", "nothing"],
            "nothing: cannot be read: No such file",
        ),
        (["--report", "nothing/x"], "nothing"),
    ] {
        for more in [&["--dry-run"][..], &[]] {
            let tool = desk.bundle(&["node", "-k", "pk.pem", "-c", "cert.pem"]);
            let tool = tool.args(["--ec2cert", "ec2.pem", "--to", "s3://bundles/web"]);
            let run = tool
                .args(args)
                .args(more)
                .args(["--ssh", "false", "web1"])
                .run();
            run.expect().fails(2).stdout_is("").stderr_has(why).done();
        }
    }
    assert_no_calls(&desk.sandbox);
}

/// A login has the variable that says where the metadata service is.
const SERVICE: &str =
    r#"echo "SetEnv AWS_EC2_METADATA_SERVICE_ENDPOINT=$1" >> etc/ssh/sshd_config"#;

#[test]
fn the_image_inherits_what_the_node_s_service_says() {
    let this = ThisInstance {
        region: HOME.into(),
        instance_type: "m3.medium".into(),
        role: None,
    };
    let desk = Desk::with(Config {
        this_instance: Some(this),
        ..Config::default()
    });
    let bucket = |seed: &mut BucketSeed| {
        seed.ownership = Ownership::BucketOwnerPreferred;
        seed.blocks_public_access = false;
    };
    desk.sandbox.bucket(HOME, BUCKET, bucket);
    let id = desk.sandbox.this_instance().expect("an instance");
    desk.sandbox.edit_instance(&id, |instance| {
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
    let mut instances = desk.sandbox.instances(HOME).into_iter();
    let image = instances.find(|it| it.id == id).expect("it").image;
    let endpoint = desk.sandbox.metadata_endpoint().to_owned();
    let Some(machine) = Machine::start_with(SERVICE, &[endpoint.as_ref()]) else {
        return;
    };
    let run = |args: &[&str]| {
        let words = [&[NO_IMAGE, "--size", "64M"], args].concat();
        // The tool itself has no such service.
        let run = node(&desk, &machine, &words).run().expect();
        run.stdout_is(&format!("{PLACE}\n")).stderr_any().done();
        let manifest = desk.object("web/image.manifest.xml").bytes;
        let delete = desk.bundle(&["delete", PLACE]).run();
        delete.expect().stdout_has("").stderr_any().done();
        Manifest::parse(&manifest).expect("a manifest")
    };
    let names = |manifest: &Manifest| -> Vec<(String, String)> {
        let one = manifest.mappings.iter();
        one.map(|one| (one.virtual_name.clone(), one.device.clone()))
            .collect()
    };
    let manifest = run(&[]);
    assert_eq!(manifest.kernel.as_deref(), Some("aki-12345678"));
    assert_eq!(manifest.ramdisk.as_deref(), Some("ari-12345678"));
    assert_eq!(manifest.product_codes, ["AAA", "BBB"]);
    assert_eq!(
        manifest.image.ancestors,
        ["ami-11111111", "ami-22222222", &image]
    );
    let told = names(&manifest);
    let known: Vec<&str> = told.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(known, ["ami", "ephemeral0", "root"]);
    assert_eq!(told[1].1, "sdb");
    let typed = [
        "--kernel",
        "aki-87654321",
        "-B",
        "ami=sda1",
        "--productcodes=C",
        "--arch=i386",
    ];
    let manifest = run(&typed);
    assert_eq!(manifest.architecture.as_deref(), Some("i386"));
    assert_eq!(manifest.kernel.as_deref(), Some("aki-87654321"));
    assert_eq!(manifest.product_codes, ["C"]);
    assert_eq!(names(&manifest), [("ami".to_owned(), "sda1".to_owned())]);
    // All of it reaches the image too.
    let words = [&["--size", "67108864"][..], &typed].concat();
    let outcome = node(&desk, &machine, &words).run().expect();
    let outcome = outcome.stdout_has("ami-").stderr_any().done();
    let made = desk
        .sandbox
        .find_image(outcome.stdout.trim())
        .expect("an image");
    assert_eq!(
        (made.kernel.as_deref(), &*made.architecture),
        (Some("aki-87654321"), "i386")
    );
    assert_eq!(made.product_codes, ["C"]);
    let id = outcome.stdout.trim();
    desk.sandbox.deregister(id);
    let delete = desk.bundle(&["delete", PLACE]).run();
    delete.expect().stdout_has("").stderr_any().done();
    desk.sandbox.clear_calls();
    let manifest = run(&["--no-inherit"]);
    assert!(manifest.kernel.is_none() && manifest.image.ancestors.is_empty());
    let calls = desk.sandbox.calls();
    assert!(calls.iter().all(|call| call.service != "imds"));
}
