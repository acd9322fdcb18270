//! Bundles opened: the fixture, with its keys, from a directory and from S3.

mod support;

use std::os::unix::fs::MetadataExt;

use ami_testkit::Signal;
use support::{Desk, IMAGE, sha256};

const MANIFEST: &str = "disk.img.manifest.xml";
const PLACE: &str = "s3://bundles/a/disk.img.manifest.xml";

fn desk() -> Desk {
    let desk = Desk::with_bucket().with_fixture();
    desk.bundle(&["upload", "--to", "s3://bundles/a", MANIFEST])
        .run()
        .expect()
        .stdout_has("s3")
        .done();
    desk.sandbox.clear_calls();
    desk
}

#[test]
fn what_ec2_ami_tools_made_is_opened_with_either_key() {
    let desk = desk();
    for (key, manifest) in [
        ("pk.pem", MANIFEST),
        ("ec2-pk.pem", MANIFEST),
        ("pk.pem", PLACE),
        ("ec2-pk.pem", PLACE),
    ] {
        desk.bundle(&["unbundle", "-k", key, "-c", "cert.pem", manifest])
            .run()
            .expect()
            .stdout_is("disk.img\n")
            .done();
        assert_eq!(sha256(&desk.read("disk.img")), IMAGE);
        let about = desk.path("disk.img").metadata().expect("it is there");
        assert_eq!(about.mode() & 0o777, 0o600);
        assert!(about.blocks() * 512 < about.len() / 2, "it keeps its holes");
        desk.bundle(&["verify", "-k", key, "-c", "cert.pem", manifest])
            .run()
            .expect()
            .stdout_is(&format!("{manifest}\n"))
            .done();
        std::fs::remove_file(desk.path("disk.img")).expect("it is there");
    }
    let verify = |more: &[&str], unchecked: &str| {
        let run = desk.bundle(&["verify", PLACE]).args(more).run().expect();
        run.stdout_is(&format!("{PLACE}\n"))
            .stderr_is(&format!("ami-bundle: not checked: {unchecked}\n"))
            .done();
    };
    let (signature, contents) = (
        "who signed it, which --cert does",
        "what is in its parts, which --privatekey does",
    );
    verify(&[], &format!("{signature}; {contents}"));
    verify(&["-k", "pk.pem"], signature);
    verify(&["-c", "cert.pem"], contents);
}

#[test]
fn a_disk_goes_where_it_is_wanted() {
    let desk = desk();
    std::fs::create_dir(desk.path("out")).expect("a directory");
    std::fs::create_dir(desk.path("parts")).expect("a directory");
    let part = "disk.img.part.0";
    std::fs::rename(desk.path(part), desk.path("parts").join(part)).expect("moved");
    let open = |more: &[&str]| {
        desk.bundle(&["unbundle", "-k", "pk.pem", "-s", "parts", MANIFEST])
            .args(more)
    };
    open(&["-d", "out"])
        .run()
        .expect()
        .stdout_is("out/disk.img\n")
        .done();
    open(&["-o", "out/x"])
        .run()
        .expect()
        .stdout_is("out/x\n")
        .done();
    assert_eq!(sha256(&desk.read("out/x")), IMAGE);
    let line = "ami-bundle unbundle -k pk.pem -s parts -o - disk.img.manifest.xml | sha256sum";
    desk.shell(line)
        .run()
        .expect()
        .stdout_is(&format!("{IMAGE}  -\n"))
        .done();
    open(&["--dry-run"])
        .run()
        .expect()
        .stderr_is("ami-bundle: would make disk.img, of 4194304 bytes, of 1 part\n")
        .done();
    // Beside the manifest there are none.
    desk.bundle(&["unbundle", "-k", "pk.pem", MANIFEST])
        .run()
        .expect()
        .fails(1)
        .stderr_is(
            "ami-bundle: disk.img.manifest.xml: disk.img.part.0: No such file or directory (os error 2)\n",
        )
        .done();
    assert_eq!(desk.names(), [MANIFEST, "out", "parts"]);
}

#[test]
fn a_file_that_is_there_stays_unless_told_otherwise() {
    let desk = desk();
    desk.write("disk.img", b"mine");
    let open = |more: &[&str]| {
        desk.bundle(&["unbundle", "-k", "pk.pem", MANIFEST])
            .args(more)
            .run()
            .expect()
    };
    let refusal = "it exists already; replace it with --overwrite, or choose another\n";
    open(&[])
        .fails(2)
        .stderr_is(&format!("ami-bundle: disk.img: {refusal}"))
        .done();
    open(&["-o", "disk.img"])
        .fails(2)
        .stderr_is(&format!("ami-bundle: disk.img: {refusal}"))
        .done();
    assert_eq!(desk.read("disk.img"), b"mine");
    open(&["-o", "no/disk"])
        .fails(2)
        .stderr_has("no/disk: ")
        .done();
    std::fs::create_dir(desk.path("directory")).expect("a directory");
    open(&["--overwrite", "-o", "directory"])
        .fails(2)
        .stderr_has("directory: ")
        .done();
    open(&["--overwrite"]).stdout_is("disk.img\n").done();
    assert_eq!(sha256(&desk.read("disk.img")), IMAGE);
}

#[test]
fn a_key_or_a_signer_that_does_not_fit_is_told() {
    let desk = desk();
    let pair = "openssl req -x509 -newkey rsa:2048 -sha256 -days 30 -nodes -subj /CN=other -keyout \"$1\" -out \"$2\"";
    support::sh(
        &format!("{pair} 2>/dev/null"),
        &[&desk.path("other-pk.pem"), &desk.path("other.pem")],
    );
    for manifest in [MANIFEST, PLACE] {
        desk.bundle(&["unbundle", "-k", "other-pk.pem", manifest])
            .run()
            .expect()
            .fails(1)
            .stderr_is(&format!(
                "ami-bundle: {manifest}: the bundle is not for this private key; it is for the key of whoever \
                 made it, and for EC2's own\n"
            ))
            .done();
        desk.bundle(&["unbundle", "-k", "pk.pem", "-c", "other.pem", manifest])
            .run()
            .expect()
            .fails(1)
            .stderr_has(&format!("ami-bundle: {manifest}: the manifest "))
            .done();
    }
    let text = String::from_utf8(desk.read(MANIFEST)).expect("text");
    let (head, tail) = text.split_once("<signature>").expect("a signature");
    let (_, tail) = tail.split_once("</signature>").expect("a signature");
    desk.write(
        MANIFEST,
        format!("{head}<signature>UNSIGNED</signature>{tail}").as_bytes(),
    );
    desk.bundle(&["verify", "-c", "cert.pem", MANIFEST])
        .run()
        .expect()
        .fails(1)
        .stderr_has("disk.img.manifest.xml: the manifest ")
        .done();
    desk.bundle(&["verify", MANIFEST])
        .run()
        .expect()
        .stdout_is(&format!("{MANIFEST}\n"))
        .stderr_has("not checked: who signed it")
        .done();
    assert!(!desk.names().contains(&"disk.img".to_owned()));
}

#[test]
fn damaged_parts_leave_no_file() {
    let desk = desk();
    let whole = desk.read("disk.img.part.0");
    let mut flipped = whole.clone();
    flipped[70_000] ^= 4;
    for bytes in [
        &whole[..whole.len() / 2],
        &whole[..whole.len() - 1],
        &[],
        &flipped,
    ] {
        desk.write("disk.img.part.0", bytes);
        let put = desk
            .sandbox
            .put_object("bundles", "a/disk.img.part.0", bytes, "private");
        put.expect("an object");
        for manifest in [MANIFEST, PLACE] {
            for verb in [
                &["unbundle", "-k", "pk.pem"][..],
                &["verify", "-k", "pk.pem"],
                &["verify"],
            ] {
                let run = desk.bundle(verb).args([manifest]).run();
                let outcome = run
                    .expect()
                    .fails(1)
                    .stdout_is("")
                    .stderr_has("disk.img.part.0")
                    .done();
                assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
            }
        }
        assert_eq!(desk.names(), [MANIFEST, "disk.img.part.0"]);
    }
}

#[test]
fn a_full_disk_leaves_no_file() {
    if !rustix::process::geteuid().is_root() {
        return support::say("skipped: a_full_disk_leaves_no_file: not root");
    }
    let desk = desk();
    std::fs::create_dir(desk.path("small")).expect("a directory");
    let line = "exec unshare -m sh -c 'mount -t tmpfs -o size=64k none small && \
                { ami-bundle unbundle -k pk.pem -d small disk.img.manifest.xml; code=$?; ls -A small; exit $code; }'";
    desk.shell(line)
        .run()
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_is(
            "ami-bundle: disk.img.manifest.xml: small/disk.img: No space left on device (os error 28)\n",
        )
        .done();
}

#[test]
fn a_signal_leaves_no_file() {
    let desk = desk();
    desk.sandbox
        .configure(|settings| settings.object_delay = std::time::Duration::from_secs(2));
    let mut running = desk.bundle(&["unbundle", "-k", "pk.pem", PLACE]).spawn();
    running.wait_until("it has begun", |_| {
        desk.sandbox.count_calls("HeadBucket") > 0
    });
    running.signal(Signal::TERM);
    running
        .wait()
        .expect()
        .dies_of(Signal::TERM)
        .stdout_is("")
        .done();
    assert_eq!(desk.names(), [MANIFEST, "disk.img.part.0"]);
}
