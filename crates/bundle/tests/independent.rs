//! Bundles made here are accepted by a reader that has nothing in common with this library: openssl,
//! gzip, tar, sha1sum and Python's XML parser, driven by a script.

mod support;

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    path::Path,
    process::Command,
};

use ami_bundle_format::{Image, Manifest, PackOptions, name};
use support::{data, key, noise, packed};

/// Unbundles what is in the current directory into `out/` with the key `$1`, and verifies its
/// signature by the certificate `$2`.
const READER: &str = r#"
set -eu
python3 - *.manifest.xml <<'EOF'
import sys, xml.etree.ElementTree as xml
text = open(sys.argv[1], 'rb').read()
root = xml.fromstring(text)
get = lambda path: root.find(path).text
assert text.startswith(b"<?xml version='1.0'?><manifest>") and b'\n' not in text
for name in ['name', 'digest', 'size', 'bundled_size']:
    open('field.' + name, 'w').write(get('image/' + name))
for name in ['user_encrypted_key', 'user_encrypted_iv']:
    open('field.' + name, 'wb').write(bytes.fromhex(get('image/' + name)))
open('field.signature', 'wb').write(bytes.fromhex(get('signature')))
machine = text[text.index(b'<machine_configuration>'):text.index(b'</machine_configuration>') + 24]
image = text[text.index(b'<image>'):text.index(b'</image>') + 8]
open('field.signed', 'wb').write(machine + image)
parts = root.findall('image/parts/part')
assert int(root.find('image/parts').get('count')) == len(parts)
with open('all', 'wb') as out, open('sums', 'w') as sums:
    for index, part in enumerate(parts):
        assert int(part.get('index')) == index
        body = open(part.find('filename').text, 'rb').read()
        assert body and len(body) <= 10485760
        out.write(body)
        open(f'sum.{index}', 'wb').write(body)
        sums.write(part.find('digest').text + f'  sum.{index}\n')
EOF
sha1sum --quiet -c sums
test "$(stat -c %s all)" = "$(cat field.bundled_size)"
openssl dgst -sha1 -verify "$2" -signature field.signature field.signed >/dev/null
for what in key iv; do
	openssl pkeyutl -decrypt -inkey "$1" -in field.user_encrypted_$what -out secret.$what
	test "$(stat -c %s secret.$what)" = 32
done
openssl enc -d -aes-128-cbc -K "$(cat secret.key)" -iv "$(cat secret.iv)" -in all | gzip -dc >archive
test "$(sha1sum <archive | cut -c 1-40)" = "$(cat field.digest)"
test $(($(stat -c %s archive) % 10240)) = 0
# The whole list: one member, of this name.
tar --quoting-style=literal -tf archive >list
test "$(cat list)" = "$(cat field.name)"
mkdir out
tar -xf archive -C out
test "$(stat -c %s "out/$(cat field.name)")" = "$(cat field.size)"
"#;

fn missing() -> Option<&'static str> {
    ["openssl", "gzip", "tar", "sha1sum", "python3", "bash"]
        .into_iter()
        .find(|program| Command::new(program).arg("--help").output().is_err())
}

/// Bundles `file` under `name` and lets the script open it.
fn read_back(file: File, name: &str, expected: &Path, part_size: usize) {
    let directory = tempfile::tempdir().expect("a directory");
    let at = directory.path();
    let options = PackOptions {
        part_size,
        ..PackOptions::default()
    };
    let image = Image::open(file).expect("an image");
    let bundle = packed(image, name, &options).expect("packed");
    write(&bundle.manifest, &bundle.parts, at, name);
    let public = at.join("field.public");
    let made = Command::new("openssl")
        .args(["x509", "-pubkey", "-noout", "-in"])
        .arg(data("keys/user-1024.cert.pem"))
        .arg("-out")
        .arg(&public)
        .status();
    assert!(made.expect("openssl").success());
    let read = Command::new("bash")
        .args(["-c", READER, "reader"])
        .arg(data("keys/user-1024.key.pem"))
        .arg(&public)
        .current_dir(at)
        .output()
        .expect("bash");
    let said = String::from_utf8_lossy(&read.stderr);
    assert!(read.status.success(), "{name:?}: {said}");
    // Of nine gibibytes of hole the last one will do.
    let from = fs::metadata(expected)
        .expect("the image")
        .len()
        .saturating_sub(1 << 30);
    let same = Command::new("cmp")
        .arg(format!("--ignore-initial={from}"))
        .arg(at.join("out").join(name))
        .arg(expected)
        .status();
    assert!(same.expect("cmp").success(), "{name:?}");
}

fn write(manifest: &Manifest, parts: &[Vec<u8>], at: &Path, name: &str) {
    let xml = manifest.to_signed_xml(&key("user")).expect("signed");
    fs::write(at.join(name::manifest_name(name)), xml).expect("written");
    for (part, bytes) in manifest.image.parts.iter().zip(parts) {
        fs::write(at.join(&part.file_name), bytes).expect("written");
    }
}

#[test]
fn another_reader_opens_what_is_made_here() {
    if let Some(program) = missing() {
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), "skipped: {program} is not installed");
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("image");
    let shape = |size: u64, pieces: &[(u64, &[u8])]| {
        let mut create = File::options();
        create.read(true).write(true).create(true).truncate(true);
        let file = create.open(&path).expect("a file");
        file.set_len(size).expect("a size");
        for (offset, bytes) in pieces {
            file.write_all_at(bytes, *offset).expect("data");
        }
        file
    };
    let block = noise(1 << 20);
    let many: Vec<(u64, &[u8])> = (0..70).map(|n| (n << 16, &block[..4096])).collect();
    let long = "n".repeat(150);
    const PART: usize = ami_bundle_format::PART_SIZE;
    read_back(shape(0, &[]), "empty", &path, PART);
    read_back(shape(1 << 20, &[]), "holes", &path, PART);
    read_back(shape(1 << 20, &[(0, &block)]), "full", &path, PART);
    read_back(shape((5 << 20) + 77, &many), "pieces", &path, PART);
    read_back(
        shape(3 << 20, &[(1 << 20, &block)]),
        "a &\"<' b",
        &path,
        PART,
    );
    read_back(shape(100_000, &[(0, &block[..1000])]), &long, &path, PART);
    read_back(shape(1 << 20, &[(0, &block)]), "hundred", &path, 10512);
    read_back(
        shape(9 << 30, &[(0, b"a"), ((9 << 30) - 1, b"z")]),
        "large",
        &path,
        PART,
    );
}
