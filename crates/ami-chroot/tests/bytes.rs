//! What a build writes is in the snapshot of its image, all of it: a tree is written in a build and, by the
//! same script, here, and both are compared by name, kind, mode, owner, links and contents.

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use ami_sandbox::Look;
use support::{Cloud, Host, Kind, Parts, Place, have, skip};

/// Writes a tree into the directory `$1`, of a file that is `$2`.
const SCRIPT: &str = r#"set -e
umask 022
mkdir -p "$1"
cd "$1"
mkdir -p deep/er/est empty 'with blank' sticky setgid
chmod 1777 sticky
chmod 2750 setgid
chown 12:34 setgid empty
cp "$2" large
: > nothing
echo plain > deep/er/est/plain
echo secret > secret
chmod 600 secret
chown 1000:1001 secret
echo program > setuid
chmod 4711 setuid
echo odd > "$(printf 'tab\there')"
echo wide > 'naïve ☃'
ln deep/er/est/plain hard
ln -s ../nowhere/at/all dangling
ln -s deep/er link
mkfifo -m 640 pipe
dd if="$2" of=holes bs=1024 count=3 seek=5000 2>/dev/null
at=0
while [ $at -lt 300 ]; do
    echo "line $at" > "with blank/$at"
    at=$((at + 1))
done
rm 'with blank/17'
chown -R 65534:65534 'with blank'
"#;

/// A line for each thing below a directory. Directories are as large as their file system makes them.
const LIST: &str = r#"cd "$1" && find . \( -type d -printf '%p %y %m %U:%G\n' \) -o \
    -printf '%p %y %m %U:%G %n %s %l\n' | LC_ALL=C sort && \
    find . -type f -exec sha256sum {} + | LC_ALL=C sort -k2"#;

fn list(mount: &str, directory: &Path) -> String {
    let script = format!("{mount}{LIST}");
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-ec", &script, "sh"])
        .arg(directory)
        .output()
        .expect("unshare");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{mount}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Bytes of which no two blocks are the same.
fn source(place: &Place) -> String {
    let file = place.path("source");
    let bytes: Vec<u8> = (0..700_000_u64)
        .flat_map(|number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes())
        .collect();
    fs::write(&file, bytes).expect("written");
    file.display().to_string()
}

#[test]
fn a_tree_that_a_build_writes_is_in_the_snapshot() {
    let Some(place) = Place::new() else { return };
    let host = Host::look(&place);
    let (source, expected) = (source(&place), place.path("expected"));
    let wrote = Command::new("sh")
        .args(["-c", SCRIPT, "sh"])
        .args([&expected.display().to_string(), &source])
        .status();
    assert!(wrote.expect("sh").success());
    let expected = list("", &expected);
    assert!(expected.lines().count() > 600, "{expected}");
    for (kind, parts, program) in [
        (Kind::Ext4, Parts::Bare, "mkfs.ext4"),
        (Kind::Xfs, Parts::Gpt, "mkfs.xfs"),
        (Kind::Btrfs, Parts::Mbr, "mkfs.btrfs"),
    ] {
        if !have(program) {
            skip(&format!("needs {program}"));
            continue;
        }
        let cloud = Cloud::new(Look::Nvme);
        let base = cloud.snapshot(&place.disk("disk", kind, parts), &[]);
        let bind = format!("{source}:/source:ro");
        let line = ["sh", "-c", SCRIPT, "sh", "/root/tree", "/source"];
        let words = [&["--bind", &bind, &base][..], &line].concat();
        let built = cloud.tool(&words).run().expect().stdout_has("ami-").done();
        let image = cloud.sandbox.find_image(built.stdout.trim());
        let image = image.expect("an image");
        let snapshot = image.snapshots().next().expect("a snapshot");
        let disk = place.path("exported");
        let exported = cloud.sandbox.export_snapshot(snapshot, &disk);
        exported.expect("a disk");
        let offset = if parts == Parts::Bare { 0 } else { 1 << 20 };
        let options = match kind {
            Kind::Xfs => "loop,ro,nouuid",
            _ => "loop,ro",
        };
        let mount = format!(
            "mount -o {options},offset={offset} {} /mnt; ",
            disk.display()
        );
        let found = list(&mount, Path::new("/mnt/root/tree"));
        assert_eq!(found, expected, "{kind:?} {parts:?}");
        // The rest is as it was.
        let old = list(&mount, Path::new("/mnt/etc"));
        let old_expected = list("", &place.tree().join("etc"));
        assert_eq!(old, old_expected, "{kind:?} {parts:?}");
        fs::remove_file(&disk).expect("removed");
    }
    host.expect_again(&place);
}
