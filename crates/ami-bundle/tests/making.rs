//! Bundles of disk files, made in directories.

mod support;

use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};

use support::{Desk, MAKE, MIB, noise, sha256};

/// Unbundles with a key, and gives the disk.
fn back(desk: &Desk, manifest: &str, key: &str) -> Vec<u8> {
    desk.bundle(&[
        "unbundle", "-k", key, "-c", "cert.pem", "-o", "back", manifest,
    ])
    .run()
    .expect()
    .stdout_is("back\n")
    .done();
    let bytes = desk.read("back");
    std::fs::remove_file(desk.path("back")).expect("it is there");
    bytes
}

#[test]
fn a_disk_comes_back_with_either_key() {
    let desk = Desk::new();
    let disk = noise(21 * MIB);
    desk.write("disk.raw", &disk);
    desk.image(&["-u", "1111-2222-3333", "disk.raw"])
        .run()
        .expect()
        .stdout_is("disk.raw.manifest.xml\n")
        .done();
    assert_eq!(
        desk.names(),
        [
            "disk.raw",
            "disk.raw.manifest.xml",
            "disk.raw.part.0",
            "disk.raw.part.1",
            "disk.raw.part.2",
        ]
    );
    for name in ["disk.raw.manifest.xml", "disk.raw.part.1"] {
        let about = desk.path(name).metadata().expect("it is there");
        assert_eq!(about.mode() & 0o777, 0o600, "{name}");
    }
    assert_eq!(desk.read("disk.raw.part.1").len(), 10 * MIB);
    let manifest = desk.manifest("disk.raw.manifest.xml");
    assert_eq!(manifest.image.user, "111122223333");
    assert_eq!(manifest.image.size, disk.len() as u64);
    assert!(desk.sandbox.calls().is_empty());
    for key in ["pk.pem", "ec2-pk.pem"] {
        assert_eq!(
            sha256(&back(&desk, "disk.raw.manifest.xml", key)),
            sha256(&disk),
            "{key}"
        );
    }
}

#[test]
fn the_manifest_says_what_the_options_say() {
    let desk = Desk::new();
    desk.write("disk.raw", b"a disk");
    desk.image(&[
        "-u",
        "111122223333",
        "-p",
        "web",
        "-B",
        "swap=sda3,ami=sda1",
    ])
    .args(["--block-device-mapping", "ephemeral0=/dev/sdb"])
    .args(["--productcodes", "ABC,DEF", "--productcodes=GHI"])
    .args(["--kernel", "aki-12345678", "--ramdisk", "ari-12345678"])
    .args(["--ancestor", "ami-11111111", "--ancestor", "ami-22222222"])
    .args(["--compress", "best", "disk.raw"])
    .run()
    .expect()
    .stdout_is("web.manifest.xml\n")
    .done();
    let manifest = desk.manifest("web.manifest.xml");
    let mappings = manifest.mappings.iter();
    let mappings: Vec<_> = mappings
        .map(|one| (&*one.virtual_name, &*one.device))
        .collect();
    assert_eq!(
        mappings,
        [
            ("ami", "sda1"),
            ("ephemeral0", "/dev/sdb"),
            ("swap", "sda3")
        ]
    );
    assert_eq!(manifest.product_codes, ["ABC", "DEF", "GHI"]);
    assert_eq!(manifest.kernel.as_deref(), Some("aki-12345678"));
    assert_eq!(manifest.ramdisk.as_deref(), Some("ari-12345678"));
    assert_eq!(manifest.image.ancestors, ["ami-11111111", "ami-22222222"]);
    assert_eq!(manifest.architecture.as_deref(), Some("x86_64"));
    assert_eq!(manifest.image.name, "web");
}

#[test]
fn the_account_is_that_of_the_keys() {
    let desk = Desk::new();
    desk.write("disk.raw", b"a disk");
    desk.image(&["disk.raw"])
        .run()
        .expect()
        .stdout_has("disk.raw")
        .done();
    let manifest = desk.manifest("disk.raw.manifest.xml");
    assert_eq!(manifest.image.user, desk.sandbox.account());
    assert_eq!(desk.sandbox.count_calls("GetCallerIdentity"), 1);
}

#[test]
fn holes_take_no_room_and_come_back() {
    let desk = Desk::new();
    let disk = File::create(desk.path("disk.raw")).expect("a disk");
    disk.set_len(9 << 30).expect("a size");
    disk.write_all_at(&noise(MIB), 5 << 30).expect("data");
    desk.image(&["-u", "111122223333", "disk.raw"])
        .run()
        .expect()
        .stdout_has("disk.raw")
        .done();
    let manifest = desk.manifest("disk.raw.manifest.xml");
    assert_eq!(
        (manifest.image.size, manifest.image.parts.len()),
        (9 << 30, 1)
    );
    assert!(manifest.image.bundled_size < 2 << 20);
    desk.bundle(&[
        "unbundle",
        "-k",
        "pk.pem",
        "-o",
        "back",
        "disk.raw.manifest.xml",
    ])
    .run()
    .expect()
    .stdout_is("back\n")
    .done();
    let about = desk.path("back").metadata().expect("it is there");
    assert_eq!(about.len(), 9 << 30);
    assert!(about.blocks() * 512 < 4 << 20, "{} blocks", about.blocks());
    let mut data = vec![0; MIB];
    let back = File::open(desk.path("back")).expect("a disk");
    back.read_exact_at(&mut data, 5 << 30).expect("data");
    assert!(data == noise(MIB));
}

#[test]
fn disks_of_one_hole_and_of_whole_parts_come_back() {
    let desk = Desk::new();
    for (name, bytes) in [
        ("hole", Vec::new()),
        ("one", noise(10 * MIB)),
        ("two", noise(20 * MIB)),
    ] {
        desk.write(name, &bytes);
        let mut bytes = bytes;
        if name == "hole" {
            let hole = File::options().write(true).open(desk.path(name));
            hole.and_then(|hole| hole.set_len(MIB as u64))
                .expect("a hole");
            bytes = vec![0; MIB];
        }
        desk.image(&["-u", "111122223333", name])
            .run()
            .expect()
            .stdout_has(name)
            .done();
        let manifest = format!("{name}.manifest.xml");
        assert_eq!(
            sha256(&back(&desk, &manifest, "pk.pem")),
            sha256(&bytes),
            "{name}"
        );
    }
}

#[test]
fn names_that_shells_and_xml_would_read_are_names() {
    let desk = Desk::new();
    let name = "a & b \"c\" <d> $(e);'f'";
    desk.write(name, &noise(1000));
    desk.image(&["-u", "111122223333", "--", name])
        .run()
        .expect()
        .stdout_is(&format!("{name}.manifest.xml\n"))
        .done();
    let manifest = format!("{name}.manifest.xml");
    assert_eq!(
        desk.names(),
        [name.to_owned(), manifest.clone(), format!("{name}.part.0")]
    );
    assert_eq!(desk.manifest(&manifest).image.name, name);
    assert!(back(&desk, &manifest, "pk.pem") == noise(1000));
}

#[test]
fn a_disk_on_a_pipe_has_the_size_that_was_said() {
    let desk = Desk::new();
    desk.write("disk.raw", &noise(12 * MIB));
    let line = "ami-bundle image \"$@\" - < disk.raw";
    let run = |size: &str| {
        desk.shell(line)
            .args(MAKE)
            .args(["-u", "111122223333", "--size", size])
            .run()
            .expect()
    };
    run("12M").stdout_is("image.manifest.xml\n").done();
    assert!(back(&desk, "image.manifest.xml", "pk.pem") == noise(12 * MIB));
    for name in ["image.manifest.xml", "image.part.0", "image.part.1"] {
        std::fs::remove_file(desk.path(name)).expect("it is there");
    }
    run("13M")
        .fails(1)
        .stderr_is(
            "ami-bundle: standard input: the image is not of 13631488 bytes: it ends after 12582912\n",
        )
        .done();
    run("11M")
        .fails(1)
        .stderr_has("standard input: the image is not of 11534336 bytes: it goes on after them")
        .done();
    assert_eq!(desk.names(), ["disk.raw"]);
}

/// What to do about a name that is taken.
const WAY_OUT: &str = "remove it, or choose another --prefix or --destination";

#[test]
fn a_bundle_that_is_there_stays() {
    let desk = Desk::new();
    desk.write("disk.raw", b"a disk");
    desk.write("disk.raw.manifest.xml", b"mine");
    desk.image(&["disk.raw"])
        .run()
        .expect()
        .fails(2)
        .stderr_is(&format!(
            "ami-bundle: disk.raw.manifest.xml exists already; {WAY_OUT}\n"
        ))
        .done();
    assert!(desk.sandbox.calls().is_empty());
    std::fs::rename(
        desk.path("disk.raw.manifest.xml"),
        desk.path("disk.raw.part.0"),
    )
    .expect("moved");
    desk.image(&["-u", "111122223333", "disk.raw"])
        .run()
        .expect()
        .fails(2)
        .stderr_is(&format!(
            "ami-bundle: disk.raw.part.0: exists already; {WAY_OUT}\n"
        ))
        .done();
    assert_eq!(desk.names(), ["disk.raw", "disk.raw.part.0"]);
    assert_eq!(desk.read("disk.raw.part.0"), b"mine");
}

#[test]
fn a_disk_that_is_written_to_meanwhile_is_no_bundle() {
    let desk = Desk::with_bucket();
    desk.write("disk.raw", &noise(21 * MIB));
    let line = "true; (while :; do touch disk.raw; done) & p=$!; ami-bundle image \"$@\" disk.raw; code=$?; \
                kill $p; exit $code";
    for place in [&["-d", "."][..], &["--to", "s3://bundles/web"]] {
        desk.shell(line)
            .args(MAKE)
            .args(["-u", "111122223333"])
            .args(place)
            .run()
            .expect()
            .fails(1)
            .stderr_has("disk.raw: was written to while it was bundled")
            .done();
        assert_eq!(desk.names(), ["disk.raw"]);
        assert!(desk.keys().is_empty(), "{:?}", desk.keys());
    }
}

#[test]
fn a_device_that_is_mounted_is_told() {
    if !support::tree::can("a_device_that_is_mounted_is_told") {
        return;
    }
    let desk = Desk::new();
    let script = r#"
        cd "$1"; mkdir there; truncate -s 16M disk.raw; mkfs.ext4 -q disk.raw
        mount -o loop,OPTIONS disk.raw there; findmnt -no SOURCE there
    "#;
    for options in ["rw", "ro"] {
        let device = support::sh(&script.replace("OPTIONS", options), &[&desk.path("")]);
        let run = desk
            .image(&[
                "-u",
                "111122223333",
                "-p",
                "web",
                "--dry-run",
                device.trim(),
            ])
            .run();
        let said = format!(
            "{} is mounted at {}",
            device.trim(),
            desk.path("there").display()
        );
        match options {
            "rw" => run.expect().stderr_has(&said).done(),
            _ => run
                .expect()
                .stderr_has_not("is mounted")
                .stderr_any()
                .done(),
        };
        support::sh(
            "umount \"$1\"/there; rm -r \"$1\"/there \"$1\"/disk.raw",
            &[&desk.path("")],
        );
    }
}
