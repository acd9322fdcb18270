//! Bundles whose parts are as large as any reader takes them need no more memory than others.

mod support;

use std::io::Cursor;
use std::sync::atomic::AtomicBool;

use ami_bundle_format::keys::Recipients;
use ami_bundle_format::manifest::{ImageElement, VERSION};
use ami_bundle_format::tar::Member;
use ami_bundle_format::unpack::MOST_PART;
use ami_bundle_format::{
    Certificate, ContentKey, FinishedPart, Image, Manifest, PackOptions, name, pack,
};
use support::{Desk, MIB, noise};

/// What a verb may take, in kB.
const MOST: u64 = 150_000;
const NAME: &str = "web";
const MANIFEST: &str = "web.manifest.xml";

/// A bundle of three such parts and the rest of a disk.
fn with_large_parts() -> Desk {
    let desk = Desk::with_bucket();
    let key = ContentKey::random().expect("random numbers");
    let member = Member {
        name: NAME.into(),
        mode: 0o600,
        mtime: 0,
    };
    let options = PackOptions {
        part_size: usize::try_from(MOST_PART).expect("a size"),
        ..PackOptions::default()
    };
    let disk = noise(200 * MIB);
    let size = disk.len() as u64;
    let image = Image::stream(Box::new(Cursor::new(disk)), size);
    let mut sink = |part: FinishedPart| {
        std::fs::write(desk.path(&name::part_name(NAME, part.index, 1)), part.bytes)
    };
    let packed = pack(
        image,
        &member,
        &key,
        &options,
        &AtomicBool::new(false),
        &mut sink,
    );
    let mut manifest = Manifest {
        version: VERSION.into(),
        image: ImageElement {
            name: NAME.into(),
            user: "111122223333".into(),
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
    manifest.set_packed(&packed.expect("a bundle"), 1);
    assert_eq!(manifest.image.parts.len(), 4);
    desk.write(MANIFEST, manifest.to_unsigned_xml().as_bytes());
    desk
}

/// The most memory that the tool had, in kB. It only grows, so the last look tells, or nearly.
#[track_caller]
fn peak(desk: &Desk, args: &[&str]) -> u64 {
    let line = "ami-bundle \"$@\" >out & p=$!; \
                while grep VmHWM /proc/$p/status >seen 2>/dev/null && [ -s seen ]; do mv seen peak; sleep 0.02; done; \
                wait $p && cat peak";
    let outcome = desk
        .shell(line)
        .args(args)
        .run()
        .expect()
        .stdout_has("kB")
        .done();
    let digits = outcome.stdout.chars().filter(char::is_ascii_digit);
    digits.collect::<String>().parse().expect("a number")
}

#[test]
fn memory_does_not_grow_with_parts() {
    let desk = with_large_parts();
    let place = "s3://bundles/a/web.manifest.xml";
    std::fs::create_dir(desk.path("got")).expect("a directory");
    for args in [
        &["upload", "-q", "--to", "s3://bundles/a", MANIFEST][..],
        &["unbundle", "-q", "-k", "pk.pem", "-o", "-", MANIFEST],
        &["unbundle", "-q", "-k", "pk.pem", "-o", "-", place],
        &["download", "-q", "-d", "got", place],
        &["verify", "-q", place],
    ] {
        let peak = peak(&desk, args);
        support::say(&format!("{args:?}: {peak} kB"));
        assert!((30_000..MOST).contains(&peak), "{args:?}: {peak} kB");
    }
}
