//! Bundles that are small and ask for much: for zeros, for memory, for objects of others.

mod support;

use ami_sandbox::Fault;
use support::stream::{MANIFEST, of_stream};
use support::{BUCKET, Desk, HOME, sh};

const PLACE: &str = "s3://bundles/a/x.manifest.xml";

/// A bundle of a disk that is one hole but for its first byte, in files and in S3.
fn of_hole(size: &str) -> (Desk, u64) {
    let desk = Desk::with_bucket();
    let make = "cd \"$1\"; echo x > x; truncate -s \"$2\" x; tar --format=gnu -S --hole-detection=seek -cf tar x; \
                gzip -k tar; stat -c %s x; rm x";
    let said = sh(make, &[&desk.path(""), size.as_ref()]);
    let size = said.trim().parse().expect("a size");
    of_stream(&desk, &desk.path("tar.gz"), &desk.read("tar"), size);
    put(&desk);
    (desk, size)
}

/// Puts the bundle into S3 as it is.
fn put(desk: &Desk) {
    for name in [MANIFEST, "x.part.0"] {
        let key = format!("a/{name}");
        let put = desk
            .sandbox
            .put_object(BUCKET, &key, &desk.read(name), "private");
        put.expect("an object");
    }
}

#[test]
fn holes_do_not_become_terabytes_of_zeros() {
    let (desk, size) = of_hole("1T");
    let why =
        format!("its disk is said to have {size} bytes, nearly all of them holes: its parts have ");
    // What the manifest says of its parts does not count.
    let manifest = String::from_utf8(desk.read(MANIFEST)).expect("text");
    let (head, rest) = manifest.split_once("<bundled_size>").expect("a size");
    let (_, tail) = rest.split_once('<').expect("an end");
    let lying = format!("{head}<bundled_size>{size}<{tail}");
    let before = desk.names();
    for manifest in [&manifest, &lying] {
        desk.write(MANIFEST, manifest.as_bytes());
        put(&desk);
        for place in [MANIFEST, PLACE] {
            for dry in ["-q", "--dry-run"] {
                desk.bundle(&["unbundle", dry, "-k", "pk.pem", "-o", "-", place])
                    .run()
                    .expect()
                    .fails(1)
                    .stdout_is("")
                    .stderr_has(&format!("ami-bundle: {place}: {why}"))
                    .stderr_has("; a file keeps them: name one with -o\n")
                    .done();
            }
        }
        let outcome = desk
            .bundle(&["convert", "-k", "pk.pem", "-n", "web", PLACE])
            .run()
            .expect()
            .fails(1)
            .stdout_is("")
            .stderr_has(&format!("ami-bundle: {PLACE}: {why}"))
            .stderr_has("; where that is right, say so with --size\n")
            .done();
        assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
    }
    assert!(desk.sandbox.snapshots(HOME).is_empty() && desk.sandbox.images(HOME).is_empty());
    assert_eq!(desk.names(), before);
    // A file keeps its holes, and looking at it costs nothing.
    desk.write(MANIFEST, manifest.as_bytes());
    let args = ["unbundle", "-k", "pk.pem", "-o", "out", MANIFEST];
    desk.bundle(&args).run().expect().stdout_is("out\n").done();
    use std::os::unix::fs::MetadataExt;
    let about = desk.path("out").metadata().expect("a file");
    assert_eq!(about.len(), size);
    assert!(about.blocks() < 1000, "{}", about.blocks());
    let verify = ["verify", "-q", "-k", "pk.pem", MANIFEST];
    desk.bundle(&verify)
        .run()
        .expect()
        .stdout_is("x.manifest.xml\n")
        .done();
}

#[test]
fn disks_that_are_mostly_holes_go_where_it_was_said_so() {
    let (desk, _) = of_hole("11G");
    desk.bundle(&["convert", "-k", "pk.pem", "-n", "web", PLACE])
        .run()
        .expect()
        .fails(1)
        .stderr_has("nearly all of them holes")
        .done();
    desk.bundle(&[
        "convert",
        "-k",
        "pk.pem",
        "-n",
        "web",
        "--arch=x86_64",
        "--size",
        "11G",
        PLACE,
    ])
    .run()
    .expect()
    .stdout_has("ami-")
    .stderr_has("no driver of ENA")
    .done();
    let (small, size) = of_hole("1G");
    let line = "ami-bundle unbundle -k pk.pem -o - x.manifest.xml | wc -c";
    small
        .shell(line)
        .run()
        .expect()
        .stdout_is(&format!("{size}\n"))
        .done();
}

/// With as little memory as this, none of it can be held.
#[test]
fn memory_is_bounded() {
    let desk = Desk::new();
    let stream = desk.path("stream");
    let line = "ulimit -v 500000; exec ami-bundle unbundle -k pk.pem -o out x.manifest.xml";
    for (make, size, why) in [
        // What compresses best, and is a disk but for its digest.
        (
            "cd \"$(dirname \"$1\")\"; truncate -s 600M x; tar -cf - x | gzip -1 > \"$1\"; rm x",
            600 << 20,
            "the bundle has not the digest that the manifest says",
        ),
        // A map of a sparse file of three million entries, each with more to come.
        (
            "python3 -c '
import sys
h = bytearray(512); h[0:1] = b\"x\"; h[100:107] = b\"0000600\"; h[124:135] = b\"00000000000\"; h[156:157] = b\"S\"
h[257:265] = b\"ustar  \\0\"; h[386:397] = b\"00000000000\"; h[398:409] = b\"00000000000\"; h[482] = 1
h[483:494] = b\"00000000002\"; h[148:156] = b\" \" * 8; h[148:154] = b\"%06o\" % sum(h); h[154] = 0
m = (b\"00000000000\\0\" * 2) * 21 + b\"\\1\" + b\"\\0\" * 7
sys.stdout.buffer.write(bytes(h)); sys.stdout.buffer.write(m * 150000)' | gzip > \"$1\"",
            2,
            "the bundle has an endless map of a sparse file",
        ),
    ] {
        sh(make, &[&stream]);
        of_stream(&desk, &stream, b"", size);
        let outcome = desk
            .shell(line)
            .run()
            .expect()
            .fails(1)
            .stdout_is("")
            .stderr_has(&format!("ami-bundle: x.manifest.xml: {why}"))
            .done();
        assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
        assert!(!desk.path("out").exists());
    }
}

/// Wherever the stream in the part is cut, though all digests are made for it, nothing is made of it.
#[test]
fn streams_that_are_cut_off_are_no_disk() {
    let desk = Desk::new();
    let whole = desk.path("whole");
    sh(
        "cd \"$(dirname \"$1\")\"; seq 20000 > x; tar -cf tar x; gzip -nc tar > \"$1\"; rm x",
        &[&whole],
    );
    let (stream, tar) = (desk.read("whole"), desk.read("tar"));
    let size = (1..=20000)
        .map(|n: u32| n.to_string().len() as u64 + 1)
        .sum();
    let length = stream.len();
    let before = desk.names();
    for cut in [
        0,
        1,
        2,
        9,
        10,
        11,
        length / 2,
        length - 9,
        length - 8,
        length - 4,
        length - 1,
    ] {
        desk.write("stream", &stream[..cut]);
        of_stream(&desk, &desk.path("stream"), &tar, size);
        for to in ["out", "-"] {
            let args = ["unbundle", "-k", "pk.pem", "-o", to, MANIFEST];
            let run = desk.bundle(&args).run().expect().fails(1);
            let outcome = run
                .stderr_has("ami-bundle: x.manifest.xml: the bundle ")
                .done();
            assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
        }
        let all = desk.names().into_iter();
        let left: Vec<_> = all.filter(|name| !before.contains(name)).collect();
        assert_eq!(left, ["stream", "x.manifest.xml", "x.part.0"], "{cut}");
    }
    // It is the cuts that are refused.
    of_stream(&desk, &whole, &tar, size);
    let args = ["unbundle", "-k", "pk.pem", "-o", "out", MANIFEST];
    desk.bundle(&args).run().expect().stdout_is("out\n").done();
}

/// A name from a stranger is a word for a shell, and no pattern, in the command line that is shown.
#[test]
fn names_that_speak_to_shells_are_quoted_in_hints() {
    let (desk, _) = of_hole("1M");
    let name = "*'; touch pwned; $(touch pwned) `touch pwned` \"";
    let escaped = name.replace('"', "&quot;").replace('\'', "&apos;");
    let manifest = String::from_utf8(desk.read(MANIFEST)).expect("text");
    let manifest = manifest.replace("<name>x<", &format!("<name>{escaped}<"));
    let put = desk
        .sandbox
        .put_object(BUCKET, "a/x.manifest.xml", manifest.as_bytes(), "private");
    put.expect("an object");
    let denied = Fault::on("DeleteObjects").skip(1).always();
    desk.sandbox.inject(denied.error(403, "AccessDenied", "no"));
    let outcome = desk
        .bundle(&["delete", PLACE])
        .run()
        .expect()
        .fails(1)
        .stderr_has("the manifest is gone, and parts may be left")
        .done();
    let (_, command) = outcome.stderr.split_once("aws s3 rm").expect("a command");
    desk.write("command", format!("printf '<%s>' {command}").as_bytes());
    let words = desk
        .shell("sh ./command")
        .run()
        .expect()
        .stdout_has("--include")
        .done();
    let pattern = format!("<a/{}.part.*>", name.replacen('*', "[*]", 1));
    assert!(words.stdout.ends_with(&pattern), "{words}");
    assert!(!desk.path("pwned").exists());
}

/// What would turn the text of a terminal around is shown as what it is.
#[test]
fn names_do_not_write_to_terminals() {
    let (desk, _) = of_hole("1M");
    let manifest = String::from_utf8(desk.read(MANIFEST)).expect("text");
    desk.write(
        MANIFEST,
        manifest
            .replace(">x.part.0<", ">x\u{202e}gpj.part.0<")
            .as_bytes(),
    );
    for verb in [
        &["unbundle", "-k", "pk.pem", "-o", "out"][..],
        &["verify"],
        &["upload", "--to", "s3://bundles/b"],
    ] {
        let run = desk.bundle(verb).args([MANIFEST]).run().expect();
        let outcome = run.fails(1).stdout_is("").stderr_has("gpj").done();
        assert!(!outcome.stderr.contains('\u{202e}'), "{outcome}");
        assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
    }
}
