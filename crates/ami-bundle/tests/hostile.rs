//! Bundles by those who mean harm: one clear line each, and nothing is made.

mod support;

use support::stream::{MANIFEST, of_stream};
use support::{Desk, HOME, sh};

/// The tool refuses this manifest in one line with that in it, from a file and from S3, with any verb.
#[track_caller]
fn refused(desk: &Desk, manifest: &[u8], why: &str) {
    desk.write(MANIFEST, manifest);
    let put = desk
        .sandbox
        .put_object("bundles", "a/x.manifest.xml", manifest, "private");
    put.expect("an object");
    let before = desk.names();
    for place in [MANIFEST, "s3://bundles/a/x.manifest.xml"] {
        let verbs: [&[&str]; 8] = [
            &["unbundle", "-k", "pk.pem"],
            &["unbundle", "-k", "pk.pem", "-o", "-"],
            &["verify"],
            &["upload", "--to", "s3://bundles/b"],
            &["download"],
            &["delete"],
            &["convert", "-k", "pk.pem", "-n", "web"],
            &["register", "-n", "web"],
        ];
        for verb in verbs {
            let of_files = verb[0] == "upload";
            let of_s3 = ["download", "delete", "convert", "register"].contains(&verb[0]);
            if (of_files && place.starts_with("s3:")) || (of_s3 && !place.starts_with("s3:")) {
                continue;
            }
            let run = desk.bundle(verb).args([place]).run();
            let outcome = run.expect().fails(1).stdout_is("").stderr_has(why).done();
            let lines: Vec<_> = outcome.stderr.lines().collect();
            assert_eq!(lines.len(), 1, "{outcome}");
            assert!(lines[0].len() < 500, "{outcome}");
            assert!(
                !outcome.stderr.trim_end().contains(char::is_control),
                "{outcome}"
            );
            assert!(lines[0].contains(place), "{outcome}");
        }
    }
    assert_eq!(desk.names(), before);
    assert_eq!(desk.keys(), ["a/x.manifest.xml"]);
    assert!(desk.sandbox.images(HOME).is_empty());
    assert!(desk.sandbox.snapshots(HOME).is_empty());
}

#[test]
fn manifests_that_are_none_are_refused() {
    let desk = Desk::with_bucket().with_fixture();
    let good = String::from_utf8(desk.read("disk.img.manifest.xml")).expect("text");
    let name = |name: &str| {
        let changed = good.replace("<filename>disk.img.part.0<", &format!("<filename>{name}<"));
        assert_ne!(changed, good);
        changed
    };
    let escape = "is not a plain file name";
    refused(&desk, name("../../etc/cron.d/x").as_bytes(), escape);
    refused(&desk, name("/etc/cron.d/x").as_bytes(), escape);
    refused(&desk, name("..").as_bytes(), escape);
    refused(
        &desk,
        name("a&#10;b").as_bytes(),
        "has control characters in an element filename",
    );
    // Neither another bundle's manifest nor any other file is a part.
    let other = "is not that of a part, NAME.part.N";
    refused(&desk, name("other.manifest.xml").as_bytes(), other);
    refused(&desk, name("disk.img").as_bytes(), other);
    let image = good.replace("<name>disk.img<", "<name>../disk<");
    refused(&desk, image.as_bytes(), escape);
    let bomb =
        "<!DOCTYPE m [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]><manifest>&b;</manifest>";
    refused(&desk, bomb.as_bytes(), "is not XML");
    let outside = "<!DOCTYPE m [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><manifest>&a;</manifest>";
    refused(&desk, outside.as_bytes(), "is not XML");
    refused(&desk, b"", "the manifest ");
    refused(&desk, b"\xff\xfe\x00\x1b[2J", "is not text in UTF-8");
    refused(&desk, "<\u{1b}[2J>".as_bytes(), "is not XML");
    refused(&desk, &good.as_bytes()[..good.len() / 2], "is not XML");
    for (size, why) in [
        ("-1", "has \"-1\" for a number"),
        ("0x10", "has \"0x10\" for a number"),
        (
            "18446744073709551616",
            "has \"18446744073709551616\" for a number",
        ),
        (
            "18446744073709551615",
            "no volume has more than 70368744177664",
        ),
        ("70368744177665", "no volume has more than 70368744177664"),
    ] {
        let size = good.replace("<size>4194304<", &format!("<size>{size}<"));
        refused(&desk, size.as_bytes(), why);
    }
}

#[test]
fn parts_that_are_told_wrongly_are_refused() {
    let desk = Desk::with_bucket().with_fixture();
    let good = String::from_utf8(desk.read("disk.img.manifest.xml")).expect("text");
    let (head, rest) = good.split_once("<parts count='1'>").expect("parts");
    let (part, tail) = rest.split_once("</parts>").expect("parts");
    let parts =
        |count: &str, parts: &str| format!("{head}<parts count='{count}'>{parts}</parts>{tail}");
    let second = |index: &str| part.replace("index='0'", &format!("index='{index}'"));
    let other = second("1").replace("part.0<", "part.1<");
    for (manifest, why) in [
        (parts("0", ""), "names no parts"),
        (parts("2", part), "says that there are 2 parts and names 1"),
        (parts("2", &format!("{part}{part}")), "has part 0 twice"),
        (
            parts("2", &format!("{part}{}", second("1"))),
            "has two parts of the name \"disk.img.part.0\"",
        ),
        (
            parts("2", &format!("{part}{}", other.replace("'1'", "'2'"))),
            "has a part 2 of 2",
        ),
        (
            parts("1", &second("99999999999999999999")),
            "has \"99999999999999999999\" for a number",
        ),
        (parts("1", &second("-1")), "has \"-1\" for a number"),
        (
            parts(
                "1",
                &part
                    .replace("<digest", "<digests")
                    .replace("/digest", "/digests"),
            ),
            "has no digest",
        ),
    ] {
        refused(&desk, manifest.as_bytes(), why);
    }
}

/// Wherever a manifest is cut, it is none.
#[test]
fn manifests_that_are_cut_off_are_refused() {
    let desk = Desk::new().with_fixture();
    let good = desk.read("disk.img.manifest.xml");
    let ends = (0..good.len() - 1).filter(|at| good[*at] == b'>' || good[*at + 1] == b'<');
    let mut count = 0;
    for end in ends {
        if good[end + 1..].trim_ascii().is_empty() {
            continue;
        }
        desk.write(MANIFEST, &good[..=end]);
        let outcome = desk.bundle(&["verify", MANIFEST]).run().expect();
        let outcome = outcome
            .fails(1)
            .stdout_is("")
            .stderr_has("x.manifest.xml: the manifest is not XML")
            .done();
        assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
        count += 1;
    }
    assert!(count > 50, "{count}");
}

#[test]
fn manifests_without_end_are_refused() {
    let desk = Desk::with_bucket().with_fixture();
    let good = String::from_utf8(desk.read("disk.img.manifest.xml")).expect("text");
    let (head, tail) = good.split_once("<parts count='1'>").expect("parts");
    let (_, tail) = tail.split_once("</parts>").expect("parts");
    let digest = "0".repeat(40);
    let parts: String = (0..1_000_000)
        .map(|n| {
            format!(
                "<part index='{n}'><filename>p.part.{n}</filename><digest>{digest}</digest></part>"
            )
        })
        .collect();
    let many = format!("{head}<parts count='1000000'>{parts}</parts>{tail}");
    refused(&desk, many.as_bytes(), " ");
    let long = " ".repeat(17 << 20);
    refused(
        &desk,
        format!("<manifest>{long}</manifest>").as_bytes(),
        "16777216 bytes",
    );
    // It is not read to its end: there is not the memory for it.
    desk.shell("truncate -s 100G big.manifest.xml; ulimit -v 1500000; exec ami-bundle verify big.manifest.xml")
        .run()
        .expect()
        .fails(1)
        .stderr_is("ami-bundle: big.manifest.xml: the manifest is larger than 16777216 bytes\n")
        .done();
}

#[test]
fn what_the_parts_hold_is_bounded_by_the_manifest() {
    let desk = Desk::with_bucket();
    let stream = desk.path("stream");
    let tar = "cd \"$(dirname \"$1\")\"; mkdir t; cd t;";
    let cases = [
        // 4 GiB of zeros in 4 MiB.
        ("head -c 4G /dev/zero | gzip -1 > \"$1\"", 1 << 20),
        // A disk that is longer than the manifest says.
        ("truncate -s 64M x; tar -cf - x | gzip > \"$1\"", 1 << 20),
        ("ln -s /etc/passwd x; tar -cf - x | gzip > \"$1\"", 0),
        ("mkfifo x; tar -cf - x | gzip > \"$1\"", 0),
        ("mkdir x; tar -cf - x | gzip > \"$1\"", 0),
        (
            "echo a > y; tar -cPf - --transform s,y,../x, y | gzip > \"$1\"",
            2,
        ),
        ("echo a > x; tar -cf - x x | gzip > \"$1\"", 2),
        (
            "echo a > x; tar -cf - x | gzip > \"$1\"; echo more >> \"$1\"",
            2,
        ),
        ("echo a > x; tar -cf - x | gzip | head -c 40 > \"$1\"", 2),
        ("echo a > \"$1\"", 2),
    ];
    for (make, size) in cases {
        sh(&format!("{tar} {make}; cd ..; rm -r t"), &[&stream]);
        of_stream(&desk, &stream, b"", size);
        let before = desk.names();
        let args = ["unbundle", "-k", "pk.pem", "-o", "out", MANIFEST];
        let run = desk.bundle(&args).run().expect();
        let outcome = run
            .fails(1)
            .stdout_is("")
            .stderr_has("x.manifest.xml: the bundle ")
            .done();
        assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
        assert_eq!(desk.names(), before, "{make}");
        let to_pipe = ["unbundle", "-k", "pk.pem", "-o", "-", MANIFEST];
        let run = desk
            .bundle(&to_pipe)
            .run()
            .expect()
            .fails(1)
            .stderr_any()
            .done();
        assert!(
            run.stdout.len() as u64 <= size,
            "{make}: {}",
            run.stdout.len()
        );
    }
}

#[test]
fn parts_that_are_no_files_are_not_waited_for() {
    let desk = Desk::with_bucket().with_fixture();
    let manifest = "disk.img.manifest.xml";
    for make in ["mkfifo", "ln -s /dev/zero", "mkdir"] {
        let line = format!("cd \"$1\"; rm -rf disk.img.part.0; {make} disk.img.part.0");
        sh(&line, &[&desk.path("")]);
        let verbs: [(&[&str], i32); 5] = [
            (&["unbundle", "-k", "pk.pem"], 1),
            (&["unbundle", "-k", "pk.pem", "-o", "-"], 1),
            (&["verify"], 1),
            (&["verify", "-k", "pk.pem"], 1),
            (&["upload", "--to", "s3://bundles/b"], 1),
        ];
        for (verb, code) in verbs {
            let run = desk.bundle(verb).args([manifest]).run().expect();
            let run = run.fails(code).stdout_is("").stderr_has("is no file");
            let outcome = run.stderr_has("disk.img.part.0").done();
            assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
        }
    }
    assert!(desk.keys().is_empty());
}

#[test]
fn hidden_names_are_not_taken_from_strangers() {
    let desk = Desk::with_bucket();
    let stream = desk.path("stream");
    sh(
        "cd \"$(dirname \"$1\")\"; echo a > x; tar -cf - x | gzip > \"$1\"; rm x",
        &[&stream],
    );
    of_stream(&desk, &stream, b"", 2);
    let text = String::from_utf8(desk.read(MANIFEST)).expect("text");
    desk.write(
        MANIFEST,
        text.replace("<name>x<", "<name>.bashrc<").as_bytes(),
    );
    desk.bundle(&["unbundle", "-k", "pk.pem", MANIFEST])
        .run()
        .expect()
        .fails(1)
        .stderr_is(
            "ami-bundle: x.manifest.xml: its disk has the name of a hidden file, .bashrc; name the file with -o\n",
        )
        .done();
    let hidden = text.replace("<filename>x.part.0<", "<filename>.profile.part.0<");
    let put = desk
        .sandbox
        .put_object("bundles", "a/x.manifest.xml", hidden.as_bytes(), "private");
    put.expect("an object");
    desk.bundle(&["download", "s3://bundles/a/x.manifest.xml"])
        .run()
        .expect()
        .fails(1)
        .stderr_is(
            "ami-bundle: s3://bundles/a/x.manifest.xml: its parts would be hidden files, such as .profile.part.0\n",
        )
        .done();
    assert!(!desk.names().iter().any(|name| name.starts_with('.')));
}
