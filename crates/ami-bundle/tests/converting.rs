//! `convert`: EBS-backed images of bundles.

mod support;

use std::time::Duration;

use ami_sandbox::{Device, Fault, Image};
use support::{BUCKET, Desk, HOME, MIB};

/// A disk with a partition of Linux and some data, whose end is a hole.
fn disk() -> Vec<u8> {
    let mut disk = vec![0; 5 * MIB];
    disk[446 + 4] = 0x83;
    disk[446 + 8..446 + 12].copy_from_slice(&2048u32.to_le_bytes());
    disk[446 + 12..446 + 16].copy_from_slice(&8000u32.to_le_bytes());
    disk[510..512].copy_from_slice(&[0x55, 0xaa]);
    // It compresses little, so that there is something to be damaged.
    let mut state = 1u32;
    for byte in &mut disk[MIB..2 * MIB] {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = (state >> 24) as u8;
    }
    disk
}

/// A desk, and a bundle of that disk in S3.
fn bundled(disk: &[u8], more: &[&str]) -> (Desk, String) {
    let desk = Desk::with_bucket();
    desk.write("web.raw", disk);
    let place = format!("s3://{BUCKET}/a");
    let made = desk.image(&["--to", &place]).args(more).args(["web.raw"]);
    let made = made.run().expect().stdout_has(&place).stderr_any().done();
    desk.sandbox.clear_calls();
    (desk, made.stdout.trim_end().to_owned())
}

fn convert<'d>(desk: &'d Desk, words: &[&str]) -> ami_testkit::Tool<'d> {
    desk.bundle(&["convert", "-k", "pk.pem"])
        .env("AMI_TOOLS_GRACE", "1s")
        .args(words)
}

fn printed(desk: &Desk, stdout: &str) -> Image {
    let image = desk.sandbox.find_image(stdout.trim_end());
    image.unwrap_or_else(|| panic!("{stdout:?} names no image"))
}

/// The snapshot behind the root of an image.
fn root_of(image: &Image) -> String {
    let mut mappings = image.mappings.iter();
    let root = mappings.find(|mapping| mapping.device_name == image.root_device);
    match root.map(|root| &root.device) {
        Some(Device::Ebs(ebs)) => ebs.snapshot.clone().expect("a snapshot"),
        other => panic!("the root is {other:?}"),
    }
}

fn assert_nothing_is_left(desk: &Desk, of: &str) {
    assert!(desk.sandbox.snapshots(HOME).is_empty(), "{of}: a snapshot");
    assert!(desk.sandbox.images(HOME).is_empty(), "{of}: an image");
}

#[test]
fn a_bundle_becomes_an_image_with_its_bytes() {
    let disk = disk();
    let (desk, place) = bundled(
        &disk,
        &["-B", "ephemeral0=sdb,ami=sda1", "--description", "old"],
    );
    for (key, name) in [("pk.pem", "mine"), ("ec2-pk.pem", "ec2s")] {
        let args = ["convert", "-k", key, "-c", "cert.pem", "-n", name, &place];
        let outcome = desk.bundle(&args).run().expect().stdout_has("ami-");
        let outcome = outcome.stderr_has("no driver of ENA").done();
        let image = printed(&desk, &outcome.stdout);
        assert_eq!(image.name, name);
        assert_eq!(image.description.as_deref(), Some("old"));
        assert_eq!(
            (&*image.architecture, &*image.root_device),
            ("x86_64", "/dev/sda1")
        );
        let devices: Vec<_> = image
            .mappings
            .iter()
            .map(|mapping| &*mapping.device_name)
            .collect();
        assert_eq!(devices, ["/dev/sda1", "/dev/sdb"]);
        let bytes = desk.sandbox.snapshot_bytes(&root_of(&image), 0, disk.len());
        assert!(bytes.expect("read") == disk, "other bytes, with {key}");
    }
}

#[test]
fn an_image_hands_down_what_it_has() {
    let disk = disk();
    let (desk, place) = bundled(&disk, &[]);
    let register = ["register", "-q", "-n", "web 1", "-t", "team=blue", &place];
    let old = desk
        .bundle(&register)
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let old = old.stdout.trim_end();
    let outcome = convert(&desk, &["--wait", old])
        .run()
        .expect()
        .stderr_any()
        .stdout_has("ami-")
        .done();
    let new = printed(&desk, &outcome.stdout);
    assert_eq!(new.name, "web 1-ebs");
    assert_eq!(new.tags["team"], "blue");
    assert_eq!(new.tags["source_image"], old);
    let bytes = desk.sandbox.snapshot_bytes(&root_of(&new), 0, disk.len());
    assert!(bytes.expect("read") == disk);
    // The same is found by the place of the manifest.
    let args = ["-t", "team=red", "-n", "web 2", &place];
    let outcome = convert(&desk, &args)
        .run()
        .expect()
        .stderr_any()
        .stdout_has("ami-")
        .done();
    let other = printed(&desk, &outcome.stdout);
    assert_eq!(other.tags["team"], "red");
    assert_eq!(other.tags["source_image"], old);
    // And what is EBS-backed is told.
    convert(&desk, &[&new.id])
        .run()
        .expect()
        .fails(2)
        .stderr_has("is EBS-backed already")
        .done();
}

#[test]
fn a_bare_file_system_starts_by_a_kernel_only() {
    let mut bare = vec![0; 2 * MIB];
    // The magic number of ext2 and the count of its blocks, in the superblock at byte 1024.
    bare[1024 + 4..1024 + 6].copy_from_slice(&[0, 2]);
    bare[1024 + 56..1024 + 58].copy_from_slice(&[0x53, 0xef]);
    bare[1024 + 0x4c] = 1;
    bare[1024 + 0x58] = 128;
    let (desk, place) = bundled(&bare, &["-p", "plain"]);
    convert(&desk, &[&place])
        .run()
        .expect()
        .fails(1)
        .stderr_has("is one file system without a partition table; see CONVERSION")
        .done();
    assert_nothing_is_left(&desk, "a bare file system");
    let (desk, place) = bundled(&bare, &["-p", "old", "--kernel", "aki-12345678"]);
    let outcome = convert(&desk, &[&place])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let image = printed(&desk, &outcome.stdout);
    assert_eq!(image.virtualization, "paravirtual");
    assert_eq!(image.kernel.as_deref(), Some("aki-12345678"));
}

#[test]
fn an_old_system_is_registered_as_one() {
    let mut with_driver = disk();
    let line = b"kernel/drivers/net/ethernet/amazon/ena/ena.ko:\n";
    with_driver[3 * MIB..3 * MIB + line.len()].copy_from_slice(line);
    for (disk, words, ena, imds, said) in [
        (&disk(), &[][..], false, None, "no driver of ENA was seen"),
        (&with_driver, &[], true, None, "names a driver of ENA"),
        (&with_driver, &["--no-ena"], false, None, ""),
        (&disk(), &["--ena", "--imds=v2.0"], true, Some("v2.0"), ""),
    ] {
        let (desk, place) = bundled(disk, &[]);
        let mut words = words.to_vec();
        words.push(&place);
        let outcome = convert(&desk, &words).run().expect().stdout_has("ami-");
        let outcome = outcome.stderr_any().done();
        let image = printed(&desk, &outcome.stdout);
        let call = desk.sandbox.calls_to("RegisterImage").remove(0);
        let told = call.param("EnaSupport").is_some_and(|word| word == "true");
        assert_eq!(told, ena, "{words:?}");
        assert_eq!(call.param("ImdsSupport"), imds, "{words:?}");
        assert_eq!(image.virtualization, "hvm");
        assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
        assert_eq!(said.is_empty(), outcome.stderr.is_empty());
    }
}

#[test]
fn a_kernel_that_ec2_cannot_have_is_refused_before_anything_is_sent() {
    let (desk, place) = bundled(&disk(), &[]);
    let key = place.trim_start_matches("s3://bundles/");
    let text = String::from_utf8(desk.object(key).bytes).expect("text");
    let end = "</machine_configuration>";
    let text = text.replace(end, &format!("<kernel_id>eki-12345678</kernel_id>{end}"));
    let put = desk
        .sandbox
        .put_object(BUCKET, key, text.as_bytes(), "aws-exec-read");
    put.expect("put");
    for words in [&[][..], &["--dry-run"]] {
        convert(&desk, words)
            .args([&*place])
            .run()
            .expect()
            .fails(2)
            .stderr_has("its kernel is none that EC2 has: 'eki-12345678'")
            .stderr_has("say with --virtualization paravirtual and --kernel")
            .done();
    }
    assert!(desk.sandbox.calls_to("StartSnapshot").is_empty());
    let words = ["--virtualization=paravirtual", "--kernel=aki-12345678"];
    for (words, virtualization) in [
        (&["--virtualization=hvm"][..], "hvm"),
        (&words, "paravirtual"),
    ] {
        let outcome = convert(&desk, words).args([&*place]).run().expect();
        let outcome = outcome.stderr_any().stdout_has("ami-").done();
        let image = printed(&desk, &outcome.stdout);
        assert_eq!(image.virtualization, virtualization);
    }
}

#[test]
fn a_disk_of_which_nothing_is_known_is_told() {
    let (desk, place) = bundled(&support::noise(2 * MIB), &[]);
    convert(&desk, &[&place])
        .run()
        .expect()
        .stdout_has("ami-")
        .stderr_has("neither a partition table nor a file system nor a boot loader was found")
        .done();
}

#[test]
fn of_several_images_the_newest_hands_down_and_is_named() {
    let (desk, place) = bundled(&disk(), &[]);
    let register = |name: &str| {
        let words = ["register", "-q", "-n", name, &place];
        let made = desk.bundle(&words).run().expect().stdout_has("ami-").done();
        made.stdout.trim_end().to_owned()
    };
    register("web 1");
    // Times of images have seconds.
    std::thread::sleep(Duration::from_millis(1100));
    let newest = register("web 2");
    let outcome = convert(&desk, &[&place])
        .run()
        .expect()
        .stdout_has("ami-")
        .stderr_has("2 own images are registered of")
        .stderr_has(&format!("from the newest, {newest}"))
        .done();
    assert_eq!(printed(&desk, &outcome.stdout).name, "web 2-ebs");
}

#[test]
fn a_bundle_that_is_not_right_leaves_nothing() {
    for (what, code, said) in [
        ("another key", 1, "is not for this private key"),
        ("a damaged part", 1, "web.raw.part.0"),
        ("a part that is cut off", 1, "web.raw.part.0"),
        ("a missing part", 1, "web.raw.part.0: is not there"),
        ("a foreign signature", 1, "was not signed by the owner"),
        ("blocks that are refused", 1, "PutSnapshotBlock"),
    ] {
        let (desk, place) = bundled(&disk(), &[]);
        let part = "a/web.raw.part.0";
        let mut bytes = desk.object(part).bytes;
        let mut words = vec!["convert", "-k", "pk.pem"];
        match what {
            "another key" => {
                let made = std::process::Command::new("openssl")
                    .args(["genrsa", "-traditional", "-out"])
                    .arg(desk.path("other.pem"))
                    .arg("2048")
                    .output();
                assert!(made.expect("openssl").status.success());
                words = vec!["convert", "-k", "other.pem"];
            }
            "a damaged part" => {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                let put = desk
                    .sandbox
                    .put_object(BUCKET, part, &bytes, "aws-exec-read");
                put.expect("put");
            }
            "a part that is cut off" => {
                bytes.truncate(bytes.len() / 2);
                let put = desk
                    .sandbox
                    .put_object(BUCKET, part, &bytes, "aws-exec-read");
                put.expect("put");
            }
            "a missing part" => {
                let fault = Fault::on("GetObject").skip(1);
                desk.sandbox
                    .inject(fault.error(404, "NoSuchKey", "There is none."));
            }
            "a foreign signature" => words.extend(["-c", "ec2.pem"]),
            _ => desk.sandbox.deny("PutSnapshotBlock"),
        }
        words.push(&place);
        let outcome = desk
            .bundle(&words)
            .env("AMI_TOOLS_GRACE", "1s")
            .run()
            .expect()
            .fails(code)
            .stderr_has(said)
            .done();
        assert_eq!(outcome.stdout, "", "{what}");
        assert_nothing_is_left(&desk, what);
    }
}

#[test]
fn who_stops_it_leaves_nothing_behind() {
    use rustix::process::Signal;
    let (desk, place) = bundled(&disk(), &[]);
    for (signal, slow, call) in [
        (Signal::INT, "GetObject", "GetObject"),
        (Signal::TERM, "PutSnapshotBlock", "PutSnapshotBlock"),
        (Signal::HUP, "CompleteSnapshot", "CompleteSnapshot"),
    ] {
        desk.sandbox.clear_calls();
        let fault = Fault::on(slow).delay(Duration::from_secs(3));
        desk.sandbox.inject(fault);
        let mut running = convert(&desk, &[&place]).spawn();
        running.wait_until(call, |_| {
            let begun = desk.sandbox.calls_to(call);
            !begun.is_empty() || !desk.sandbox.calls_to("StartSnapshot").is_empty()
        });
        running.signal(signal);
        let outcome = running.wait().expect().dies_of(signal).stderr_any().done();
        assert_eq!(outcome.stdout, "", "{slow}");
        let said = &outcome.stderr;
        assert!(!said.contains("could not be unpacked"), "{slow}: {said}");
        assert_nothing_is_left(&desk, slow);
    }
}

#[test]
fn a_dry_run_and_wrong_words_change_nothing() {
    let (desk, place) = bundled(&disk(), &[]);
    convert(&desk, &["--dry-run", "-n", "web", &place])
        .run()
        .expect()
        .stderr_has("would unpack 1 part of")
        .stderr_has("would register the image 'web'")
        .done();
    assert_nothing_is_left(&desk, "a dry run");
    desk.sandbox.clear_calls();
    for (words, said) in [
        (&[][..], "name one bundle"),
        (&["web.manifest.xml"], "is neither s3://BUCKET"),
        (&["s3://b/x.img"], "named by its manifest"),
        (&["snap-12345678"], "is neither s3://BUCKET"),
        (
            &["--kms-key", "x", "s3://bucket/a.manifest.xml"],
            "--kms-key",
        ),
        (&["-n", "x", "s3://bucket/a.manifest.xml"], "3 to 128"),
    ] {
        convert(&desk, words)
            .run()
            .expect()
            .fails(2)
            .stderr_has(said)
            .done();
    }
    desk.bundle(&["convert", &place])
        .run()
        .expect()
        .fails(2)
        .stderr_has("is opened with --privatekey")
        .done();
    ami_testkit::assert_no_calls(&desk.sandbox);
}
