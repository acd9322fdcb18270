//! Bundles by those who mean harm: one clear line each, and nothing is made.

mod support;

use std::path::Path;

use ami_bundle_format::manifest::{ImageElement, Part};
use ami_bundle_format::{Certificate, ContentKey, Manifest, Sha1, keys::Recipients};
use support::{Desk, hex, sh};

const MANIFEST: &str = "x.manifest.xml";

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
        let verbs: [&[&str]; 4] = [
            &["unbundle", "-k", "pk.pem"],
            &["verify"],
            &["upload", "--to", "s3://bundles/b"],
            &["download"],
        ];
        for verb in verbs {
            let is_there = place.starts_with("s3:");
            if verb[0] == "upload" && is_there || verb[0] == "download" && !is_there {
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
    let size = good.replace("<size>4194304<", "<size>-1<");
    refused(&desk, size.as_bytes(), "the manifest ");
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
            format!("<part index='{n}'><filename>p{n}</filename><digest>{digest}</digest></part>")
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
}

/// A bundle of one part, whose key is right, and whose part holds this gzip stream.
fn of_stream(desk: &Desk, stream: &Path, tar: &[u8], size: u64) {
    let key = ContentKey::random().expect("random numbers");
    let secret = key.secret_bytes();
    let line = format!(
        "openssl enc -aes-128-cbc -K {} -iv {} -in \"$1\" -out \"$2\"",
        hex(&secret[..16]),
        hex(&secret[16..])
    );
    sh(&line, &[stream, &desk.path("x.part.0")]);
    let part = desk.read("x.part.0");
    let mut manifest = Manifest {
        version: "2007-10-10".into(),
        image: ImageElement {
            name: "x".into(),
            user: "111122223333".into(),
            digest: Sha1::of(tar),
            size,
            bundled_size: part.len() as u64,
            parts: vec![Part {
                file_name: "x.part.0".into(),
                digest: Sha1::of(&part),
            }],
            ..ImageElement::default()
        },
        ..Manifest::default()
    };
    let user = Certificate::parse(&desk.read("cert.pem")).expect("a certificate");
    let recipients = Recipients {
        ec2: Some(&user),
        user: Some(&user),
    };
    manifest.set_key(&key, recipients).expect("it is encrypted");
    desk.write(MANIFEST, manifest.to_unsigned_xml().as_bytes());
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
    let hidden = text.replace("<filename>x.part.0<", "<filename>.profile<");
    let put = desk
        .sandbox
        .put_object("bundles", "a/x.manifest.xml", hidden.as_bytes(), "private");
    put.expect("an object");
    desk.bundle(&["download", "s3://bundles/a/x.manifest.xml"])
        .run()
        .expect()
        .fails(1)
        .stderr_is(
            "ami-bundle: s3://bundles/a/x.manifest.xml: its parts would be hidden files, such as .profile\n",
        )
        .done();
    assert!(!desk.names().iter().any(|name| name.starts_with('.')));
}
