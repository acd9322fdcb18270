//! Trees that somebody made to be trouble, and trees that change meanwhile.

use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use ami_capture::Reason;

use crate::support::{Mounted, can, captured, left_out, order, sh};

#[test]
fn paths_may_be_longer_than_any_call_takes() {
    if !can(
        "paths_may_be_longer_than_any_call_takes",
        &["mke2fs", "python3"],
    ) {
        return;
    }
    let tree = tempfile::tempdir().expect("a directory");
    let work = tempfile::tempdir().expect("a directory");
    // 60 directories of 250 letters, and 1500 of one: beyond PATH_MAX and beyond what may be open.
    let script = r#"python3 - "$1" <<'END'
import os, sys
os.chdir(sys.argv[1])
open('first', 'w').write('x')
top = os.open('.', os.O_RDONLY)
for name in ['n' * 250] * 60 + ['d'] * 1500:
    os.mkdir(name); os.chdir(name)
open('bottom', 'w').write('here')
os.link('/proc/self/fd/%d/first' % top, 'linked', follow_symlinks=True)
os.link('bottom', 'again')
END"#;
    sh(script, &[tree.path()]);
    let result = captured(&order(tree.path(), work.path()));
    assert_eq!(left_out(&result), []);
    let image = Mounted::image(&work.path().join("image"), "ext4");
    let script = r#"python3 - "$1" <<'END'
import os, sys
os.chdir(sys.argv[1])
first = os.stat('first').st_ino
for name in ['n' * 250] * 60 + ['d'] * 1500:
    os.chdir(name)
assert open('bottom').read() == 'here'
assert os.stat('linked').st_ino == first
assert os.stat('bottom').st_ino == os.stat('again').st_ino
assert len(os.listdir('.')) == 3
END"#;
    sh(script, &[&image.path]);
    // What made it cannot remove it: rm takes such paths, but not all that the harness has do.
    sh("rm -rf \"$1\"/*", &[tree.path()]);
}

#[test]
fn names_are_only_bytes() {
    if !can("names_are_only_bytes", &["mke2fs"]) {
        return;
    }
    let tree = tempfile::tempdir().expect("a directory");
    let work = tempfile::tempdir().expect("a directory");
    let mut names: Vec<Vec<u8>> = vec![
        b"new\nline".to_vec(),
        b"\x1b[31mred".to_vec(),
        b"-rf".to_vec(),
        b"$(touch x)".to_vec(),
        b"...".to_vec(),
        b" ".to_vec(),
        b"\xff\xfe".to_vec(),
        vec![b'x'; 255],
    ];
    for name in &names {
        let name = std::ffi::OsString::from_vec(name.clone());
        std::fs::create_dir(tree.path().join(&name)).expect("a directory");
        std::fs::write(tree.path().join(&name).join(&name), "x").expect("a file");
    }
    // A secret with such a name is one line of JSON all the same.
    let secret = tree.path().join("new\nline/.netrc");
    std::fs::write(secret, "x").expect("a file");
    let result = captured(&order(tree.path(), work.path()));
    assert_eq!(
        left_out(&result),
        [("/new\nline/.netrc".to_owned(), Reason::Credentials)]
    );
    let json = serde_json::to_string(&result.report.left_out[0]).expect("plain");
    assert!(!json.contains('\n'));
    let image = Mounted::image(&work.path().join("image"), "ext4");
    let mut found: Vec<Vec<u8>> = std::fs::read_dir(&image.path)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name().into_vec())
        .filter(|name| name != b"lost+found")
        .collect();
    names.sort();
    found.sort();
    assert_eq!(names, found);
}

#[test]
fn links_lead_nowhere_and_pipes_block_nobody() {
    if !can("links_lead_nowhere_and_pipes_block_nobody", &["mke2fs"]) {
        return;
    }
    let tree = tempfile::tempdir().expect("a directory");
    let work = tempfile::tempdir().expect("a directory");
    let script =
        "cd \"$1\"; ln -s . self; ln -s ../.. up; ln -s /etc outside; mkdir a; ln -s ../a a/a
        mkfifo pipe a/pipe; ln -s b c; ln -s c b; ln -s /etc/passwd .netrc; mknod null c 1 3
        mkdir etc; ln -s /etc etc/ssh; ln -s /nowhere etc/fstab; ln -s / dev; ln -s / proc";
    sh(script, &[tree.path()]);
    captured(&order(tree.path(), work.path()));
    let image = Mounted::image(&work.path().join("image"), "ext4");
    let list = "cd \"$1\"; find . ! -name 'lost+found' -printf '%p %y %l\n' | sort";
    assert_eq!(sh(list, &[tree.path()]), sh(list, &[&image.path]));
}

/// Makes, changes, replaces and removes things until it is told to stop.
fn churn(top: &Path, stop: &AtomicBool) {
    let mut round = 0_u64;
    while !stop.load(Ordering::Relaxed) {
        round += 1;
        let place = top.join(format!("churn{}", round % 7));
        let _ = std::fs::create_dir_all(place.join("sub/deeper"));
        for number in 0..20 {
            let file = place.join(format!("sub/f{number}"));
            let _ = std::fs::write(&file, vec![b'x'; (round % 50_000) as usize]);
        }
        let _ = std::fs::rename(place.join("sub"), place.join("moved"));
        let _ = std::fs::write(place.join("sub"), "now a file");
        let _ = std::os::unix::fs::symlink("/etc", place.join("link"));
        let _ = std::fs::rename(place.join("moved/deeper"), top.join("deeper"));
        let _ = std::fs::remove_dir_all(&place);
        let _ = std::fs::remove_dir(top.join("deeper"));
    }
}

#[test]
fn a_tree_may_change_meanwhile() {
    if !can("a_tree_may_change_meanwhile", &["mke2fs"]) {
        return;
    }
    let tree = tempfile::tempdir().expect("a directory");
    let work = tempfile::tempdir().expect("a directory");
    sh(
        "cd \"$1\"; mkdir quiet; for i in $(seq 2000); do head -c $((i * 10)) /dev/zero > quiet/$i; done",
        &[tree.path()],
    );
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| churn(tree.path(), &stop));
        }
        let ended = std::panic::catch_unwind(|| {
            for _ in 0..4 {
                let mut order = order(tree.path(), work.path());
                order.file_name = None;
                let result = captured(&order);
                let told = left_out(&result);
                let allowed = [Reason::Vanished, Reason::Changed];
                assert!(
                    told.iter().all(|(_, reason)| allowed.contains(reason)),
                    "{told:?}"
                );
                assert!(
                    told.iter().all(|(path, _)| !path.starts_with("/quiet")),
                    "{told:?}"
                );
                assert!(result.files > 2000);
            }
        });
        stop.store(true, Ordering::Relaxed);
        ended.expect("no panic");
    });
}

#[test]
fn a_file_that_is_written_to_is_told() {
    if !can("a_file_that_is_written_to_is_told", &["mke2fs"]) {
        return;
    }
    let tree = tempfile::tempdir().expect("a directory");
    let work = tempfile::tempdir().expect("a directory");
    let path = tree.path().join("log");
    std::fs::write(&path, vec![b'x'; 60 << 20]).expect("a file");
    let stop = AtomicBool::new(false);
    let result = std::thread::scope(|scope| {
        scope.spawn(|| {
            use std::io::Write;
            let mut log = std::fs::File::options()
                .append(true)
                .open(&path)
                .expect("a file");
            while !stop.load(Ordering::Relaxed) {
                log.write_all(b"more\n").expect("written");
                std::thread::sleep(std::time::Duration::from_micros(200));
            }
        });
        let result = std::panic::catch_unwind(|| captured(&order(tree.path(), work.path())));
        stop.store(true, Ordering::Relaxed);
        result.expect("no panic")
    });
    assert_eq!(left_out(&result), [("/log".to_owned(), Reason::Changed)]);
}

#[test]
fn a_file_under_a_lease_is_waited_for() {
    let test = "a_file_under_a_lease_is_waited_for";
    if !can(test, &["mke2fs", "python3"]) {
        return;
    }
    let tree = tempfile::tempdir().expect("a directory");
    let work = tempfile::tempdir().expect("a directory");
    // As Samba: it is told that somebody comes, puts down what it has, and lets go.
    let script = r#"import fcntl, os, signal, sys, time
def told(*_):
    os.write(f.fileno(), b'put down')
    fcntl.fcntl(f, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    print('gave way', flush=True)
signal.signal(signal.SIGIO, told)
f = open(sys.argv[1], 'w')
fcntl.fcntl(f, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print('held', flush=True)
while True: time.sleep(100)
"#;
    let mut holder = std::process::Command::new("python3")
        .args(["-c", script])
        .arg(tree.path().join("leased"))
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("python3");
    let mut said = BufReader::new(holder.stdout.take().expect("a pipe")).lines();
    assert_eq!(said.next().expect("a line").expect("text"), "held");
    let result = std::panic::catch_unwind(|| captured(&order(tree.path(), work.path())));
    holder.kill().expect("killed");
    holder.wait().expect("gone");
    let result = result.expect("no panic");
    assert_eq!(said.next().expect("a line").expect("text"), "gave way");
    assert_eq!(left_out(&result), []);
    let image = Mounted::image(&work.path().join("image"), "ext4");
    let content = std::fs::read(image.path.join("leased")).expect("it is there");
    assert_eq!(content, b"put down");
}
