//! What the user says about what is taken, and what becomes of it.

use ami_capture::{Fstab, Reason};

use crate::support::{Mounted, can, captured, left_out, order, sh, write};

#[test]
fn excludes_leave_empty_directories() {
    if !can("excludes_leave_empty_directories", &["mke2fs"]) {
        return;
    }
    let tree = tempfile::tempdir().expect("a directory");
    let work = tempfile::tempdir().expect("a directory");
    let top = tree.path();
    for path in [
        "srv/data/x",
        "srv/keep",
        "home/a/cache/y",
        "home/a/z.o",
        "opt/one",
        "opt/two",
        "tmp/t",
        "var/tmp/t",
        "run/r",
        "mnt/m",
        "media/m",
        "sys/s",
        "proc/p",
        "dev/d",
        "deep/proc/stays",
    ] {
        write(top, path, "content");
    }
    sh(
        "chmod 1777 \"$1/tmp\"; chmod 700 \"$1/srv/data\"; chown 3:4 \"$1/srv/data\"",
        &[top],
    );
    write(
        top,
        "patterns",
        "# comment\n*.o\ncache/\n/opt/tw?\n/deep/none\n",
    );
    let mut order = order(top, work.path());
    // As it is on this machine, and as it will be in the image.
    order.excludes = vec![top.join("srv/data"), "/opt/one".into()];
    order.exclude_from = Some(top.join("patterns"));
    let result = captured(&order);
    let left = left_out(&result);
    let expected = [
        ("/dev", Reason::Live),
        ("/home/a/cache", Reason::Pattern),
        ("/home/a/z.o", Reason::Pattern),
        ("/media", Reason::Live),
        ("/mnt", Reason::Live),
        ("/opt/one", Reason::Excluded),
        ("/opt/two", Reason::Pattern),
        ("/proc", Reason::Live),
        ("/run", Reason::Live),
        ("/srv/data", Reason::Excluded),
        ("/sys", Reason::Live),
        ("/tmp", Reason::Live),
        ("/var/tmp", Reason::Live),
    ];
    assert_eq!(
        left,
        expected.map(|(path, reason)| (path.to_owned(), reason))
    );
    let image = Mounted::image(&work.path().join("image"), "ext4");
    let files = sh(
        "cd \"$1\"; find . -type f | sort | tr '\\n' ' '",
        &[&image.path],
    );
    assert_eq!(files, "./deep/proc/stays ./patterns ./srv/keep ");
    let modes = sh("cd \"$1\"; stat -c '%a %u:%g' tmp srv/data", &[&image.path]);
    assert_eq!(modes, "1777 0:0\n700 3:4\n");
    let nodes = sh(
        "cd \"$1/dev\"; stat -c '%n %a %t:%T' console null zero tty; ls -d pts shm fd; stat -c %a pts shm",
        &[&image.path],
    );
    assert_eq!(
        nodes,
        "console 600 5:1\nnull 666 1:3\nzero 666 1:5\ntty 666 5:0\nfd\npts\nshm\n755\n1777\n"
    );
}

#[test]
fn of_the_work_directory_only_the_image_is_left_out() {
    let test = "of_the_work_directory_only_the_image_is_left_out";
    if !can(test, &["mke2fs"]) {
        return;
    }
    let tree = tempfile::tempdir().expect("a directory");
    let work = tree.path().join("srv/work");
    write(tree.path(), "srv/work/site/1", "x");
    write(tree.path(), "srv/file", "x");
    let link = tree.path().join("way");
    std::os::unix::fs::symlink("srv/work", &link).expect("a link");
    let result = captured(&order(tree.path(), &link));
    assert_eq!(left_out(&result), []);
    let image = Mounted::image(&work.join("image"), "ext4");
    assert_eq!(
        sh("cd \"$1\"; find srv | sort", &[&image.path]),
        "srv\nsrv/file\nsrv/work\nsrv/work/site\nsrv/work/site/1\n"
    );
}

#[test]
fn an_image_at_the_top_of_its_volume_is_not_in_it() {
    if !can(
        "an_image_at_the_top_of_its_volume_is_not_in_it",
        &["mke2fs"],
    ) {
        return;
    }
    let tree = tempfile::tempdir().expect("a directory");
    write(tree.path(), "file", "x");
    let result = captured(&order(tree.path(), tree.path()));
    assert_eq!(left_out(&result), []);
    let image = Mounted::image(&tree.path().join("image"), "ext4");
    let found = sh("cd \"$1\"; ls -A", &[&image.path]);
    assert_eq!(found, "file\nlost+found\n");
}

#[test]
fn includes_override_the_filter() {
    if !can("includes_override_the_filter", &["mke2fs"]) {
        return;
    }
    let tree = tempfile::tempdir().expect("a directory");
    let work = tempfile::tempdir().expect("a directory");
    for path in [
        "root/.aws/config",
        "root/.aws/credentials",
        "root/.aws/sso/x",
        "home/a/.ssh/authorized_keys",
        "home/b/.ssh/authorized_keys",
        "home/a/.netrc",
        "srv/.kube/config",
        "srv/x/.netrc",
    ] {
        write(tree.path(), path, "content");
    }
    let mut order = order(tree.path(), work.path());
    order.includes = ["/root/.aws/config", "/home/*/.ssh/authorized_keys", "/srv/"]
        .map(str::to_owned)
        .to_vec();
    let result = captured(&order);
    let left = [
        ("/home/a/.netrc", Reason::Credentials),
        ("/root/.aws", Reason::Credentials),
        ("/root/.aws/credentials", Reason::Credentials),
        ("/root/.aws/sso", Reason::Credentials),
    ];
    assert_eq!(
        left_out(&result),
        left.map(|(path, reason)| (path.to_owned(), reason))
    );
    let image = Mounted::image(&work.path().join("image"), "ext4");
    let files = sh("cd \"$1\"; find . -type f | sort", &[&image.path]);
    let expected = "./home/a/.ssh/authorized_keys\n./home/b/.ssh/authorized_keys\n\
                    ./root/.aws/config\n./srv/.kube/config\n./srv/x/.netrc\n";
    assert_eq!(files, expected);
}

#[test]
fn includes_reach_into_what_is_filtered() {
    if !can("includes_reach_into_what_is_filtered", &["mke2fs"]) {
        return;
    }
    let tree = tempfile::tempdir().expect("a directory");
    let work = tempfile::tempdir().expect("a directory");
    for path in [
        "root/.aws/config",
        "root/.aws/credentials",
        "root/.aws/sso/deep/x",
        "var/lib/cloud/instances/i-1/user-data.txt",
        "home/a/.ssh/x",
    ] {
        write(tree.path(), path, "content");
    }
    let patterns = [
        ".aws/config",
        "/root/*/config",
        "/**/.aws/config",
        "/root/.aws/{config,none}",
        "/{root,home/*}/.aws/conf*",
    ];
    for pattern in patterns {
        let mut order = order(tree.path(), work.path());
        order.includes = [pattern, "/root/.netrc", "x"].map(str::to_owned).to_vec();
        let result = captured(&order);
        let idle: Vec<&String> = result
            .report
            .notes
            .iter()
            .filter(|note| note.contains("the include"))
            .collect();
        assert_eq!(
            idle,
            ["nothing was found that the include /root/.netrc fits"]
        );
        let left = [
            ("/root/.aws", Reason::Credentials),
            ("/root/.aws/credentials", Reason::Credentials),
            ("/root/.aws/sso", Reason::Credentials),
            ("/root/.aws/sso/deep", Reason::Credentials),
            ("/var/lib/cloud/instances", Reason::CloudInit),
        ];
        let left = left.map(|(path, reason)| (path.to_owned(), reason));
        assert_eq!(left_out(&result), left, "{pattern}");
        let path = work.path().join("image");
        let image = Mounted::image(&path, "ext4");
        let files = sh(
            "cd \"$1\"; find . ! -name lost+found | sort | tr '\\n' ' '",
            &[&image.path],
        );
        let expected = ". ./home ./home/a ./home/a/.ssh ./home/a/.ssh/x ./root ./root/.aws \
                        ./root/.aws/config ./root/.aws/sso ./root/.aws/sso/deep \
                        ./root/.aws/sso/deep/x ./var ./var/lib ./var/lib/cloud \
                        ./var/lib/cloud/instances ";
        assert_eq!(files, expected, "{pattern}");
        drop(image);
        std::fs::remove_file(path).expect("an image");
    }
}

#[test]
fn fstab_is_kept_replaced_or_generated() {
    if !can("fstab_is_kept_replaced_or_generated", &["mke2fs"]) {
        return;
    }
    let tree = tempfile::tempdir().expect("a directory");
    let work = tempfile::tempdir().expect("a directory");
    let old = "UUID=00000000-0000-0000-0000-000000000000 / ext4 defaults 0 1\n/dev/xvdb /mnt auto defaults 0 2\n";
    write(tree.path(), "etc/fstab", old);
    write(work.path(), "mine", "/dev/sda1 / ext4 defaults 0 1\n");
    write(tree.path(), "usr/lib/systemd/systemd", "");
    let mut order = order(tree.path(), work.path());
    let kinds = [
        Fstab::Keep,
        Fstab::Replace(work.path().join("mine")),
        Fstab::Generate,
    ];
    for kind in kinds {
        order.fstab = kind.clone();
        let result = captured(&order);
        let image = Mounted::image(&work.path().join("image"), "ext4");
        let read = |name: &str| std::fs::read_to_string(image.path.join("etc").join(name));
        let now = read("fstab").expect("a table");
        let warned = result
            .report
            .notes
            .iter()
            .filter(|note| note.starts_with("fstab"))
            .count();
        match kind {
            Fstab::Keep => {
                assert_eq!((now.as_str(), warned), (old, 2));
                assert!(read("fstab.old").is_err());
            }
            Fstab::Replace(_) => assert_eq!(now, "/dev/sda1 / ext4 defaults 0 1\n"),
            Fstab::Generate => {
                let expected = format!("UUID={} / ext4 defaults 0 1\n", result.uuid);
                assert_eq!((now, warned), (expected, 0));
            }
        }
        if kind != Fstab::Keep {
            assert_eq!(read("fstab.old").expect("the old one"), old);
        }
        drop(image);
        std::fs::remove_file(work.path().join("image")).expect("an image");
    }
}

#[test]
fn a_script_works_on_the_image() {
    if !can("a_script_works_on_the_image", &["mke2fs"]) {
        return;
    }
    let tree = tempfile::tempdir().expect("a directory");
    let work = tempfile::tempdir().expect("a directory");
    write(tree.path(), "etc/motd", "old");
    let script = "#!/bin/sh\nset -e\necho new > \"$1/etc/motd\"\nmkdir \"$1/proc\"\n\
                  mount -t proc none \"$1/proc\"\nsleep 1000 &\ncd \"$1\"; sleep 1000 &\n\
                  echo \"${AWS_SECRET_ACCESS_KEY-none}\" > \"$1/etc/secret\"\nmkdir \"$1/etc/cron.d\"\n\
                  umask > \"$1/etc/cron.d/job\"\n";
    write(work.path(), "script", script);
    sh("chmod +x \"$1/script\"", &[work.path()]);
    let mut order = order(tree.path(), work.path());
    order.script = Some(work.path().join("script"));
    captured(&order);
    let image = Mounted::image(&work.path().join("image"), "ext4");
    let found = sh(
        "cd \"$1\"; cat etc/motd etc/secret; ls -A proc | wc -l; cat etc/cron.d/job
         stat -c %a etc/cron.d etc/cron.d/job etc/secret",
        &[&image.path],
    );
    assert_eq!(found, "new\nnone\n0\n0022\n755\n644\n644\n");
}

#[test]
fn an_image_without_a_name_is_only_a_descriptor() {
    if !can("an_image_without_a_name_is_only_a_descriptor", &["mke2fs"]) {
        return;
    }
    let tree = tempfile::tempdir().expect("a directory");
    let work = tempfile::tempdir().expect("a directory");
    write(tree.path(), "file", "x");
    let mut order = order(tree.path(), work.path());
    order.file_name = None;
    order.size = ami_capture::Size::Automatic;
    let result = captured(&order);
    assert_eq!(result.path, None);
    assert_eq!(
        std::fs::read_dir(work.path()).expect("a directory").count(),
        0
    );
    let known = result.file.metadata().expect("known");
    use std::os::unix::fs::MetadataExt;
    assert_eq!(
        (known.len(), known.mode() & 0o777, known.nlink()),
        (10 << 30, 0o600, 0)
    );
    assert!(known.blocks() * 512 < 16 << 20, "{}", known.blocks());
}
