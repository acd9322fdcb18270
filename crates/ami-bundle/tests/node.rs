//! A running machine, bundled through ssh into S3, registered, and brought back: nothing is lost on the
//! way, and who watches the machine meanwhile sees no secret.

#![cfg(target_os = "linux")]

#[path = "support/facts.rs"]
mod facts;
#[path = "support/machine.rs"]
mod machine;
mod support;
#[path = "support/watcher.rs"]
mod watcher;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, Ordering};

use ami_bundle_format::{Manifest, PrivateKey};
use ami_sandbox::{BucketSeed, Config, Ownership, Sandbox, ThisInstance};
use facts::{Mounted, differences, facts, name};
use machine::Machine;
use support::{BUCKET, Desk, HOME, MIB, hex, noise};
use watcher::{Seen, has};

/// A tree of all that a file system holds, on one of its own.
const TREE: &str = r#"
truncate -s 400M "$state/disk"; mkfs.ext4 -q -I 256 -L node "$state/disk"
cat > "$state/mounts" <<'END'
cd "$live"; PATH=$PATH:/usr/sbin:/sbin
mount -t tmpfs -o mode=700 none srv/mounted; echo elsewhere > srv/mounted/file
cd home
mkdir -p a/b/c .hidden/d empty empty/deeper "with blank" 'a "quoted" $name'
echo top > ../.dot; mkdir ../.dots; echo x > ../.dots/..x; echo minus > -minus
echo one > a/one; ln a/one a/b/two; ln a/one ../srv/three; : > a/nothing
truncate -s 2M a/hole; printf x | dd of=a/hole bs=1 seek=1500000 conv=notrunc 2>/dev/null
truncate -s 300K a/all-hole; printf y > a/hole-after; truncate -s 70000 a/hole-after
ln -s one a/soft; ln -s /nowhere/at/all a/dangling; ln -s . a/loop
ln -s "$(printf '%0300d' 7)" a/long
mkfifo -m 622 a/fifo; mknod -m 640 a/block b 7 200; mknod a/char c 1 3; chown 12:34 a/char; ln a/fifo a/fifo2
printf program > a/setuid; chown 33:33 a/setuid; chmod 4755 a/setuid
printf program > a/setgid; chmod 2711 a/setgid; chmod 2775 a/b; chmod 1777 empty; chmod 0 a/nothing
chown 1001:1002 a/b/c ../.dot; chown -h 77:78 a/soft; chown 4000000000:4000000001 .hidden
setfacl -m u:1234:rw,g:99:r,m::rwx a/one; setfacl -d -m u:1234:rwx,g:5:r a/b; setfacl -m g:7:x empty
echo inherits > a/b/inherits
setfattr -n user.note -v hello a/one; setfattr -n trusted.t -v 1 a/b; setfattr -n user.empty a/hole
setfattr -n user.large -v "$(printf '%0600d' 7)" a/b/c
setfattr -h -n trusted.link -v l a/soft; setfattr -n trusted.fifo -v f a/fifo
printf program > a/capable; chmod 755 a/capable
setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 a/capable
touch -h -d '2001-02-03 04:05:06.123456789' a/soft; touch -d '1999-12-31 23:59:59.987654321' a/one a/fifo
touch -d '1901-12-31 00:00:01.5' a/all-hole; touch -d '2200-01-01 00:00:00.000000001' ../.dot a/block
mkdir ../srv/late; touch -d '2011-09-09 23:36:00.25' a/b/c a/b a empty ../srv/mounted/. ../srv/late
cd /
END
mkdir srv/mounted; chown 5:6 srv/mounted; chmod 751 srv/mounted
"#;

/// Names that are no words.
const NAMES: [&[u8]; 6] = [
    b"line\nend",
    b" blank ",
    b"\xff\xfe no text \x80",
    b"tab\tand\\back'slash",
    "caf\u{e9}".as_bytes(),
    b"*",
];

/// What is of a running system or of one machine, and does not travel.
const LEFT: [&str; 3] = [
    "etc/ssh/ssh_host_ed25519_key",
    "etc/ssh/ssh_host_ed25519_key.pub",
    "root/.ssh/authorized_keys",
];
/// Directories of which only the directory travels.
const LIVE: [&str; 6] = ["proc", "sys", "dev", "run", "tmp", "var/tmp"];

/// Keys of a role with a session token, as the metadata service hands them out.
fn session(sandbox: &Sandbox) -> [(&'static str, String); 3] {
    let host = sandbox.metadata_endpoint().trim_start_matches("http://");
    let ask = |request: String| {
        let mut stream = TcpStream::connect(host).expect("the service");
        stream.write_all(request.as_bytes()).expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        body.to_owned()
    };
    let head = "Host: x\r\nConnection: close\r\nContent-Length: 0";
    let token = ask(format!(
        "PUT /latest/api/token HTTP/1.1\r\n{head}\r\nx-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n"
    ));
    let keys = ask(format!(
        "GET /latest/meta-data/iam/security-credentials/builder HTTP/1.1\r\n{head}\r\nx-aws-ec2-metadata-token: {token}\r\n\r\n"
    ));
    let keys: serde_json::Value = serde_json::from_str(&keys).expect("keys");
    let of = |name: &str| keys[name].as_str().expect("a key").to_owned();
    [
        ("AWS_ACCESS_KEY_ID", of("AccessKeyId")),
        ("AWS_SECRET_ACCESS_KEY", of("SecretAccessKey")),
        ("AWS_SESSION_TOKEN", of("Token")),
    ]
}

fn desk() -> Desk {
    let this = ThisInstance {
        region: HOME.into(),
        instance_type: "m3.medium".into(),
        role: Some("builder".into()),
    };
    let desk = Desk::with(Config {
        this_instance: Some(this),
        ..Config::default()
    });
    let bucket = |seed: &mut BucketSeed| {
        seed.ownership = Ownership::BucketOwnerPreferred;
        seed.blocks_public_access = false;
    };
    desk.sandbox.bucket(HOME, BUCKET, bucket);
    desk
}

/// The tree as an image must have it.
fn expected(mut all: BTreeMap<OsString, String>) -> BTreeMap<OsString, String> {
    all.retain(|way, _| {
        let way = way.as_bytes();
        let is_below = |top: &str| {
            way.strip_prefix(top.as_bytes())
                .is_some_and(|rest| rest.starts_with(b"/"))
        };
        !LIVE.iter().any(|top| is_below(top)) && !LEFT.iter().any(|left| way == left.as_bytes())
    });
    all
}

/// The times of directories in which something was while the machine was bundled are not told.
fn without_times(all: &mut BTreeMap<OsString, String>) {
    for live in LIVE {
        let told = all.get_mut(&OsString::from(live)).expect("a directory");
        let (before, after) = told.split_once(" modified ").expect("a time");
        let (_, after) = after.split_once(' ').expect("a word");
        *told = format!("{before} {after}");
    }
    all.remove(&OsString::from("lost+found"));
}

#[test]
fn a_running_machine_becomes_an_image_and_comes_back() {
    let Some(machine) = Machine::start_with(TREE, &[]) else {
        return;
    };
    for bytes in NAMES {
        let path = machine.path("/home").join(name(bytes));
        fs::create_dir(&path).expect("a directory");
        fs::write(path.join(name(bytes)), bytes).expect("a file");
    }
    fs::write(machine.path("/srv/load"), noise(25 * MIB)).expect("a file");
    // It stays there when nobody listens any more.
    drop(UnixListener::bind(machine.path("/srv/socket")).expect("a socket"));
    let socket = machine.path("/srv/socket").symlink_metadata();
    assert!(socket.is_ok_and(|about| about.file_type().is_socket()));
    let desk = desk();
    let keys = session(&desk.sandbox);
    let stop = AtomicBool::new(false);
    let (outcome, seen) = std::thread::scope(|scope| {
        let watching = scope.spawn(|| Seen::watch(&machine, &stop));
        let ssh = format!("{} -o SendEnv=*", machine.ssh());
        let mut tool = desk
            .bundle(&["node", "--ssh", &ssh, "-k", "pk.pem", "-c", "cert.pem"])
            .args(["--ec2cert", "ec2.pem", "--size", "256M", "--no-inherit"])
            .args([
                "--to",
                "s3://bundles/web",
                "-n",
                "web",
                "-v",
                "root@127.0.0.1",
            ])
            .args(["--description", "gr\u{fc}n"])
            .env("AMI_TOOLS_GRACE", "1s");
        for (name, value) in &keys {
            tool = tool.env(name, value);
        }
        let outcome = tool.run();
        machine.is_clean("success");
        stop.store(true, Ordering::Relaxed);
        (outcome, watching.join().expect("a watcher"))
    });
    let outcome = outcome.expect().stdout_has("ami-").stderr_any().done();
    let image = desk
        .sandbox
        .find_image(outcome.stdout.trim())
        .expect("an image");
    assert_eq!(image.description.as_deref(), Some("gr\u{fc}n"));
    let keys_there = desk.keys();
    assert_eq!(
        keys_there[..2],
        ["web/image.manifest.xml", "web/image.part.0"]
    );
    assert!(keys_there.len() > 3, "{keys_there:?}");
    is_told_nowhere(&desk, &keys, &seen, &outcome.stderr);

    // And back.
    let place = format!("s3://{BUCKET}/web/image.manifest.xml");
    let back = [
        "unbundle", "-k", "pk.pem", "-c", "cert.pem", "-o", "disk", &place,
    ];
    desk.bundle(&back).run().expect().stdout_has("disk").done();
    let state = machine.end();
    let original = Mounted::new(&state.path().join("disk"), state.path().join("original"));
    let copy = Mounted::new(&desk.path("disk"), desk.path("mounted"));
    let (mut original, copy) = (expected(facts(&original.path)), facts(&copy.path));
    // Of /dev an image has what it needs to start without udev, and nothing else is in it.
    for device in ["dev/console", "dev/null"] {
        assert!(copy.contains_key(&OsString::from(device)), "{device}");
    }
    let mut copy: BTreeMap<_, _> = copy
        .into_iter()
        .filter(|(way, _)| !way.as_bytes().starts_with(b"dev/"))
        .collect();
    without_times(&mut original);
    without_times(&mut copy);
    assert!(original.len() > 300, "{}", original.len());
    assert!(original.contains_key(&OsString::from("srv/mounted")));
    assert!(!original.contains_key(&OsString::from("srv/mounted/file")));
    let about = &original[&OsString::from("home/a/one")];
    for fact in [
        "links 3",
        "user.note",
        "system.posix_acl_access",
        ".987654321",
    ] {
        assert!(about.contains(fact), "{fact}: {about}");
    }
    assert_eq!(differences(&original, &copy), [""; 0]);
}

/// The watcher was awake, and has seen no secret.
fn is_told_nowhere(
    desk: &Desk,
    keys: &[(&str, String); 3],
    Seen {
        there, here, looks, ..
    }: &Seen,
    stderr: &str,
) {
    assert!(*looks > 20, "{looks}");
    for sign in [
        &b"\"compression\":\"default\""[..],
        b"/ami-bundle-node",
        b"sshd",
    ] {
        assert!(has(there, sign), "{}", String::from_utf8_lossy(sign));
    }
    assert!(has(here, b"BatchMode=yes") && has(here, b"AWS_ENDPOINT_URL="));
    let manifest = desk.object("web/image.manifest.xml").bytes;
    let manifest = Manifest::parse(&manifest).expect("a manifest");
    let pem = String::from_utf8(desk.read("pk.pem")).expect("text");
    let key = PrivateKey::from_pem(&pem, None).expect("a key");
    let content = manifest.content_key(&key).expect("its key");
    let content = content.secret_bytes();
    let (content, vector) = content.split_at(16);
    let mut secrets: Vec<(String, Vec<u8>)> = Vec::new();
    for (what, bytes) in [("key", content), ("vector", vector)] {
        secrets.push((format!("the contents' {what}"), bytes.to_vec()));
        secrets.push((format!("the {what} in digits"), hex(bytes).into()));
        let numbers: Vec<String> = bytes.iter().map(u8::to_string).collect();
        secrets.push((format!("the {what} as JSON"), numbers.join(",").into()));
    }
    let body = pem
        .lines()
        .filter(|line| !line.starts_with("-----") && line.len() > 20);
    secrets.extend(body.map(|line| ("the private key".to_owned(), line.as_bytes().to_vec())));
    for (name, value) in keys {
        secrets.push(((*name).to_owned(), value.clone().into()));
    }
    for (name, value) in desk.sandbox.environment() {
        if name.contains("SECRET") {
            secrets.push((name.to_owned(), value.into()));
        }
    }
    secrets.push(("leave to put".to_owned(), b"X-Amz-Signature".to_vec()));
    assert!(secrets.len() > 20);
    for (what, secret) in secrets {
        assert!(!has(there, &secret), "{what} was seen on the node");
        assert!(!has(here, &secret), "{what} was seen on the way there");
        let told = stderr.as_bytes().windows(secret.len());
        assert!(
            !told.into_iter().any(|told| told == secret),
            "{what} was told"
        );
    }
}
