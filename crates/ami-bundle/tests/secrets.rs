//! What must never be seen: keys of bundles and of users, passphrases, and secrets of AWS.

mod support;

use std::path::Path;
use std::time::Duration;

use ami_bundle_format::{Manifest, PrivateKey};
use ami_sandbox::Fault;
use support::tree::{Tree, can};
use support::{BUCKET, Desk, MAKE, hex, say, sh};

const PLACE: &str = "s3://bundles/a/image.manifest.xml";

/// Texts and bytes that nobody may see.
struct Secrets(Vec<Vec<u8>>);

impl Secrets {
    /// Those of the desk, and of a bundle in S3 if its key is named.
    fn of(desk: &Desk, bundle: Option<&str>) -> Self {
        let pem = String::from_utf8(desk.read("pk.pem")).expect("text");
        let inner = pem
            .lines()
            .filter(|line| !line.starts_with('-') && line.len() > 20);
        let mut all: Vec<Vec<u8>> = inner.map(|line| line.as_bytes().to_owned()).collect();
        let aws = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
        let environment = desk.sandbox.environment().into_iter();
        let environment = environment.filter(|(name, _)| aws.contains(name));
        all.extend(environment.map(|(_, value)| value.into_bytes()));
        if let Some(bundle) = bundle {
            let manifest = Manifest::parse(&desk.object(bundle).bytes).expect("a manifest");
            let key = PrivateKey::from_pem(&pem, None).expect("a key");
            let secret = manifest
                .content_key(&key)
                .expect("it is for us")
                .secret_bytes();
            for half in [&secret[..16], &secret[16..]] {
                all.extend([
                    hex(half).into_bytes(),
                    hex(half).to_uppercase().into_bytes(),
                    half.to_vec(),
                ]);
            }
        }
        assert!(all.len() > 10, "{}", all.len());
        Self(all)
    }

    #[track_caller]
    fn are_not_in(&self, what: &str, bytes: &[u8]) {
        for secret in &self.0 {
            let found = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "{what} has {:?}", String::from_utf8_lossy(secret));
        }
    }

    /// Looks into all files below a directory.
    fn are_in_no_file(&self, directory: &Path) {
        for name in support::names(directory) {
            let path = directory.join(&name);
            if path.is_dir() {
                self.are_in_no_file(&path);
            } else if !name.ends_with(".pem") {
                self.are_not_in(&name, &std::fs::read(&path).expect("a file"));
            }
        }
    }
}

/// The programs of a capture, and the user's own, see none of them; nor does who looks at processes and
/// files meanwhile.
#[test]
fn a_capture_shows_its_programs_nothing() {
    if !can("a_capture_shows_its_programs_nothing") {
        return;
    }
    let tree = Tree::new(Desk::with_bucket());
    let desk = &tree.desk;
    let spy = r#"#!/bin/sh
        { echo "I am $0"; echo "$@"; env; } >> "TOP/spied"
        cat /proc/[0-9]*/cmdline >> "TOP/spied" 2> /dev/null
        find "TOP/work" "TOP/out" -type f >> "TOP/files"
    "#;
    let top = desk.path("").canonicalize().expect("a path");
    let spy = spy.replace("TOP", &top.display().to_string());
    std::fs::create_dir(desk.path("spies")).expect("a directory");
    for (name, more) in [
        ("spies/mke2fs", "exec /usr/sbin/mke2fs \"$@\""),
        ("spies/tune2fs", "exec /usr/sbin/tune2fs \"$@\""),
        ("spies/e2fsck", "exec /usr/sbin/e2fsck \"$@\""),
        ("script", ""),
    ] {
        desk.write(name, format!("{spy}\n{more}\n").as_bytes());
        support::mode(&desk.path(name), 0o755);
    }
    let line = "PATH=$PWD/spies:$PATH exec ami-bundle \"$@\"";
    let outcome = desk
        .shell(line)
        .args([
            "volume",
            "-v",
            "--no-inherit",
            "-S",
            "./script",
            "-s",
            "64M",
            "-u",
            "111122223333",
        ])
        .args(MAKE)
        .args(["--work-dir", "work", "--to", "s3://bundles/a", "tree"])
        .run()
        .expect()
        .stdout_is(&format!("{PLACE}\n"))
        .stderr_has("PutObject")
        .done();
    let secrets = Secrets::of(desk, Some("a/image.manifest.xml"));
    secrets.are_not_in("stderr", outcome.stderr.as_bytes());
    let spied = String::from_utf8_lossy(&desk.read("spied")).into_owned();
    for who in ["mke2fs", "script"] {
        assert!(spied.contains(&format!("/{who}\n")), "{who} in {spied}");
    }
    assert!(spied.contains("ami-bundle\0volume"));
    secrets.are_in_no_file(&desk.path("out"));
    secrets.are_not_in("what was spied", &desk.read("spied"));
    assert_eq!(desk.read("files"), b"");
}

/// With all calls told, and while the work is going on.
#[test]
fn verbs_of_bundles_in_s3_show_nothing() {
    let desk = Desk::with_bucket();
    let mut disk = support::noise(3 << 20);
    disk[446 + 4] = 0x83;
    disk[446 + 8..446 + 16].copy_from_slice(&[0, 8, 0, 0, 0, 8, 0, 0]);
    disk[510..512].copy_from_slice(&[0x55, 0xaa]);
    desk.write("image", &disk);
    desk.image(&["-u", desk.sandbox.account(), "-p", "image", "image"])
        .run()
        .expect()
        .stdout_is("image.manifest.xml\n")
        .done();
    desk.sandbox
        .configure(|settings| settings.object_delay = Duration::from_millis(150));
    let verbs: [(&[&str], &str); 6] = [
        (
            &["upload", "--to", "s3://bundles/a", "image.manifest.xml"],
            "PutObject",
        ),
        (&["verify", "-k", "pk.pem", PLACE], "GetObject"),
        (
            &[
                "unbundle", "-k", "pk.pem", "-c", "cert.pem", "-o", "back", PLACE,
            ],
            "GetObject",
        ),
        (
            &["convert", "-k", "pk.pem", "-n", "new", PLACE],
            "CompleteSnapshot",
        ),
        (&["register", "-n", "old", PLACE], "RegisterImage"),
        (&["delete", "--force", PLACE], "DeleteObjects"),
    ];
    let mut secrets = None;
    for (words, call) in verbs {
        if words[0] == "register" {
            // What goes wrong is told without them as well.
            let fault = Fault::on("RegisterImage").error(503, "Unavailable", "try again");
            desk.sandbox.inject(fault);
        }
        let tool = desk.bundle(words).args(["-v"]);
        let mut running = tool.env("AMI_TOOLS_GRACE", "1s").spawn();
        running.wait_until("it calls", |_| !desk.sandbox.calls().is_empty());
        // Who has ended by now has no words any more.
        let process = format!("/proc/{}", running.pid());
        let seen = ["cmdline", "environ"].map(|name| std::fs::read(format!("{process}/{name}")));
        let children = std::fs::read(format!("{process}/task/{}/children", running.pid()));
        let outcome = running
            .wait()
            .expect()
            .stderr_has(call)
            .stdout_has("")
            .done();
        assert!(
            children.is_ok_and(|children| children.is_empty()),
            "{words:?}"
        );
        let secrets =
            secrets.get_or_insert_with(|| Secrets::of(&desk, Some("a/image.manifest.xml")));
        secrets.are_not_in("stderr", outcome.stderr.as_bytes());
        secrets.are_not_in("stdout", outcome.stdout.as_bytes());
        let [words, environment] = seen;
        secrets.are_not_in("its words", &words.unwrap_or_default());
        // What it was given is there; nothing is added to it.
        let environment = String::from_utf8_lossy(&environment.unwrap_or_default()).into_owned();
        assert!(!environment.contains("PRIVATE KEY"), "{environment}");
        desk.sandbox.clear_calls();
        std::fs::remove_file(desk.path("back")).unwrap_or_default();
    }
    secrets.expect("a bundle").are_in_no_file(&desk.path(""));
}

#[test]
fn a_passphrase_is_never_told() {
    const PASSPHRASE: &str = "correct horse battery staple";
    let there = std::process::Command::new("script")
        .arg("--version")
        .output();
    if !there.is_ok_and(|output| output.status.success()) {
        return say("skipped: a_passphrase_is_never_told: no script of util-linux");
    }
    let desk = Desk::with_bucket().with_fixture();
    let line = format!(
        "umask 077; cd \"$1\"; openssl pkcs8 -topk8 -v2 aes-256-cbc -in pk.pem -out enc.pem -passout 'pass:{PASSPHRASE}'"
    );
    sh(&line, &[&desk.path("")]);
    for name in ["disk.img.manifest.xml", "disk.img.part.0"] {
        let put =
            desk.sandbox
                .put_object(BUCKET, &format!("a/{name}"), &desk.read(name), "private");
        put.expect("an object");
    }
    let place = "s3://bundles/a/disk.img.manifest.xml";
    for (typed, status) in [(PASSPHRASE, 0), ("wrong horse battery staple", 2)] {
        for verb in ["unbundle -o back", "convert -n web --size 1G"] {
            let line = format!(
                "ami-bundle {verb} -v -k enc.pem {place} > out 2> err; echo \"status $?\"; rm -f back"
            );
            let tool = desk
                .shell("exec script -qec \"$1\" typescript")
                .args([line]);
            let mut running = tool.stdin_open().spawn();
            running.wait_until("it asks", |running| {
                running.stdout().contains("Passphrase of enc.pem: ")
            });
            running.write(&format!("{typed}\n"));
            let outcome = running.wait().expect().stdout_has("status ").done();
            let status = format!("status {status}\r\n");
            assert!(outcome.stdout.contains(&status), "{outcome}");
            assert!(!outcome.stdout.contains("horse"), "{outcome}");
            for file in ["out", "err", "typescript"] {
                let text = String::from_utf8_lossy(&desk.read(file)).into_owned();
                assert!(!text.contains("horse"), "{file}: {text}");
            }
        }
    }
    assert_eq!(desk.sandbox.images(support::HOME).len(), 1);
}
