//! What a command gets, and what becomes of it.

use ami_buildroot::protocol::Ended;
use std::process::Stdio;

use crate::site::{Site, wait};

#[test]
fn a_command_runs_in_the_disk() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    let built = site.sh(
        &[],
        &disk,
        "echo out; echo err >&2; echo kept >/root/kept; pwd",
    );
    built.expect(0);
    assert_eq!(
        (built.stdout.as_str(), built.stderr.as_str()),
        ("out\n/\n", "err\n")
    );
    let report = built.report();
    assert_eq!(report.ended, Ended::Exited(0));
    assert_eq!(
        (report.leftovers.len(), report.notes.len()),
        (0, 0),
        "{report:#?}"
    );
    assert_eq!(report.root.filesystem, "ext4");
    site.expect_nothing_left(std::time::Duration::ZERO);
    assert_eq!(
        site.build(&[], &disk, &["cat", "/root/kept"]).stdout,
        "kept\n"
    );
}

#[test]
fn its_status_is_told() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    let tree = site.path("tree");
    assert!(tree.exists());
    site.sh(&[], &disk, "exit 7").expect(7);
    let built = site.sh(&[], &disk, "kill -USR1 $$");
    assert_eq!(built.expect(128 + 10).report().ended, Ended::Signaled(10));
    let built = site.build(&[], &disk, &["no-such-command"]);
    assert_eq!(built.expect(127).report().ended, Ended::NotFound);
    site.build(&[], &disk, &["/no/such/command"]).expect(127);
    let built = site.build(&[], &disk, &["/etc/passwd"]);
    let denied = Ended::CannotRun("Permission denied".to_owned());
    assert_eq!(built.expect(126).report().ended, denied);
    site.build(&[], &disk, &["/etc"]).expect(126);
    site.expect_nothing_left(std::time::Duration::ZERO);
}

#[test]
fn its_environment_is_small() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    let mut tool = site.tool(&["--env", "A=1", "--env", "HOME=/x"], &disk, &["env"]);
    tool.env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("LD_PRELOAD", "");
    let built = site.built(tool.output().expect("run"));
    let mut lines: Vec<&str> = built.stdout.lines().collect();
    lines.sort_unstable();
    let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let expected = [
        "A=1",
        "HOME=/x",
        "LANG=C.UTF-8",
        "LOGNAME=root",
        path,
        "SYSTEMD_OFFLINE=1",
        "USER=root",
    ];
    assert_eq!(lines, expected, "{built:#?}");
}

#[test]
fn it_runs_as_whom_the_image_knows() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    let line = "id -u; id -g; echo $HOME $USER; umask; grep CapEff /proc/self/status";
    let built = site.sh(&["--user", "build"], &disk, line);
    let expected = "1000\n1000\n/home/build build\n0022\nCapEff:\t0000000000000000\n";
    assert_eq!(built.expect(0).stdout, expected);
    let built = site.sh(&["--user", "7:8"], &disk, "id -u; id -g; echo $HOME");
    assert_eq!(built.expect(0).stdout, "7\n8\n/\n");
    let built = site.sh(&["--user", "nobody"], &disk, "true");
    assert_eq!(
        built.expect(125).stderr,
        "build: no user 'nobody' in the image\n"
    );
}

#[test]
fn it_starts_where_it_is_told() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    let bind = format!("{}:/workspace", site.directory.display());
    assert_eq!(
        site.build(&["--bind", &bind], &disk, &["pwd"]).stdout,
        "/workspace\n"
    );
    let built = site.build(
        &["--bind", &bind, "--directory", "/var/tmp"],
        &disk,
        &["pwd"],
    );
    assert_eq!(built.stdout, "/var/tmp\n");
    let built = site.build(&["--directory", "/nowhere"], &disk, &["pwd"]);
    built.expect(125);
    assert!(
        built.stderr.contains("the directory /nowhere in the image"),
        "{built:#?}"
    );
}

#[test]
fn standard_input_passes_through() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    let mut tool = site.tool(&[], &disk, &["wc", "-c"]);
    let mut child = tool
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("run");
    let mut stdin = child.stdin.take().expect("piped");
    std::io::Write::write_all(&mut stdin, &[b'x'; 100_000]).expect("written");
    drop(stdin);
    assert_eq!(
        String::from_utf8_lossy(&wait(child).stdout).trim(),
        "100000"
    );
}

#[test]
fn what_is_left_running_is_named_and_ended() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    let line = "setsid sh -c 'trap \"\" TERM HUP; cd /var; sleep 1000 >/var/log.txt & wait' \
                >/dev/null 2>&1 & sleep 0.2";
    let built = site.sh(&[], &disk, line);
    let mut names: Vec<&str> = built
        .expect(0)
        .report()
        .leftovers
        .iter()
        .map(|p| &*p.name)
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["sh", "sleep"], "{built:#?}");
    site.expect_nothing_left(std::time::Duration::ZERO);
    // Nothing kept the file system busy: the next build has it at once.
    site.build(&[], &disk, &["true"]).expect(0);
}
