//! `--prepare-base`, and amidala's whole flow.

mod support;

use std::fs;
use std::os::unix::fs::symlink;

use ami_sandbox::Look;
use support::{Cloud, Host, Place, have, sh, skip};

/// An archive of the usual tree, compressed by a program.
fn archive(place: &Place, name: &str, by: &str) -> String {
    let (tree, file) = (place.tree(), place.path(name));
    sh(&format!(
        "tar -C {} -c . | {by} > {}",
        tree.display(),
        file.display()
    ));
    file.display().to_string()
}

#[test]
fn from_an_empty_account_to_an_image_in_two_commands() {
    let Some(place) = Place::new() else { return };
    let host = Host::look(&place);
    let cloud = Cloud::new(Look::Nvme);
    let rootfs = archive(&place, "rootfs.tar.gz", "gzip");
    let prepared = cloud
        .tool(&["--prepare-base", &rootfs, "--size", "1G"])
        .run()
        .expect()
        .stdout_has("snap-")
        .done();
    let base = cloud
        .sandbox
        .find_snapshot(prepared.stdout.trim())
        .expect("it");
    assert_eq!(base.tags["amidala"], "base");
    assert!(!base.tags.contains_key("ami_tools_host"));
    let built = cloud
        .tool(&["--", "sh", "-c", "echo built > /root/made"])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let image = cloud
        .sandbox
        .find_image(built.stdout.trim())
        .expect("an image");
    assert_eq!(image.tags["source_snapshot"], base.id);
    let snapshot = image.snapshots().next().expect("a snapshot").to_owned();
    assert_eq!(cloud.file_in(&place, &snapshot, "/root/made"), "built\n");
    assert_eq!(
        cloud.resources().len(),
        3 + 1,
        "the instance's own volume: {:?}",
        cloud.resources()
    );
    drop(cloud);
    host.expect_again(&place);
}

#[test]
fn disk_files_of_every_file_system_and_compression_are_built_in() {
    let Some(place) = Place::new() else { return };
    let host = Host::look(&place);
    for (at, (filesystem, by, gpt)) in [
        ("ext4", "cat", false),
        ("ext4", "xz", true),
        ("xfs", "zstd", true),
        ("xfs", "gzip", false),
        ("btrfs", "bzip2", false),
        ("btrfs", "cat", true),
    ]
    .into_iter()
    .enumerate()
    {
        if !have(by) || !have(&format!("mkfs.{filesystem}")) {
            skip(&format!("{filesystem} by {by}: a program is missing"));
            continue;
        }
        let rootfs = archive(&place, "rootfs", by);
        let disk = place.path(&format!("disk{at}"));
        let disk = disk.display().to_string();
        let mut words = vec!["--prepare-base", &rootfs, "--filesystem", filesystem];
        words.extend(["--size", "400M", "-o", &disk]);
        words.extend(gpt.then_some("--gpt"));
        ami_testkit::tool("ami-chroot")
            .args(&words)
            .run()
            .expect()
            .stdout_is(&format!("{disk}\n"))
            .done();
        let line = [
            "--in-place",
            &disk,
            "sh",
            "-c",
            "echo x > /root/x; df -T / | cat",
        ];
        let built = ami_testkit::tool("ami-chroot").args(line).run();
        built.expect().stderr_has(filesystem).done();
        fs::remove_file(&disk).expect("removed");
    }
    host.expect_again(&place);
}

#[test]
fn an_archive_on_standard_input() {
    let Some(place) = Place::new() else { return };
    let rootfs = archive(&place, "rootfs", "gzip");
    let disk = place.path("disk").display().to_string();
    let line = format!(
        "cat {rootfs} | ami-chroot --prepare-base - --size 64M -o {disk} && ami-chroot --in-place {disk} cat /etc/passwd"
    );
    ami_testkit::shell(&line)
        .run()
        .expect()
        .stdout_is(&format!("{disk}\n{disk}\n"))
        .stderr_has("root:x:0:0")
        .done();
}

#[test]
fn nothing_leaves_the_new_root() {
    let Some(place) = Place::new() else { return };
    let (rootfs, outside) = (place.path("bad.tar"), place.path("outside"));
    fs::write(&outside, "as it was").expect("written");
    let work = place.path("work");
    fs::create_dir(&work).expect("a directory");
    symlink(place.path(""), work.join("way")).expect("a link");
    fs::write(work.join("file"), "changed").expect("written");
    let outside_name = outside.display();
    sh(&format!(
        "cd {work} && tar -P -cf {rootfs} --transform 's,^file$,../../../../{out},;s,^way$,way,' way file && \
         tar -P -rf {rootfs} --transform 's,^file$,way/outside,' file && \
         tar -P -rf {rootfs} --transform 's,^file$,{out},' file",
        work = work.display(),
        rootfs = rootfs.display(),
        out = outside_name,
    ));
    let disk = place.path("disk").display().to_string();
    let rootfs = rootfs.display().to_string();
    // tar may refuse it or unpack it; what counts is the host.
    let _ = ami_testkit::tool("ami-chroot")
        .args(["--prepare-base", &rootfs, "--size", "64M", "-o", &disk])
        .run();
    assert_eq!(fs::read_to_string(&outside).expect("read"), "as it was");
}

#[test]
fn what_is_no_archive_leaves_nothing() {
    let Some(place) = Place::new() else { return };
    let host = Host::look(&place);
    let cloud = Cloud::new(Look::Nvme);
    let before = cloud.resources();
    let rubbish = place.path("rubbish");
    fs::write(&rubbish, "x".repeat(2000)).expect("written");
    let rubbish = rubbish.display().to_string();
    cloud
        .tool(&["--prepare-base", &rubbish, "--size", "1G"])
        .run()
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_has("the archive cannot be unpacked")
        .done();
    assert_eq!(cloud.resources(), before);
    for words in [
        &["--prepare-base", "/nowhere"][..],
        &["--prepare-base", &rubbish, "true"],
        &["--prepare-base", &rubbish, "--env", "a=b"],
        &["--prepare-base", &rubbish, "--filesystem", "vfat"],
    ] {
        let code = if words[1] == "/nowhere" { 1 } else { 2 };
        cloud
            .tool(words)
            .run()
            .expect()
            .fails(code)
            .stdout_is("")
            .stderr_any()
            .done();
    }
    drop(cloud);
    host.expect_again(&place);
}

#[test]
fn what_does_not_fit_is_told_in_few_lines() {
    let Some(place) = Place::new() else { return };
    let host = Host::look(&place);
    let tree = place.tree();
    sh(&format!(
        "cd {}; i=0; while test $i -lt 200; do head -c 600000 /dev/urandom > root/$i; i=$((i+1)); done",
        tree.display()
    ));
    let rootfs = place.path("rootfs.tar");
    sh(&format!(
        "tar -C {} -cf {} .",
        tree.display(),
        rootfs.display()
    ));
    let (rootfs, out) = (rootfs.display().to_string(), place.path("out"));
    let out = out.display().to_string();
    let words = ["--prepare-base", &rootfs, "--size", "64M", "-o", &out];
    let outcome = ami_testkit::tool("ami-chroot").args(words).run();
    let told = outcome
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_has("try a larger --size")
        .done();
    assert!(told.stderr.lines().count() < 12, "{}", told.stderr);
    assert!(!fs::exists(&out).expect("looked for"));
    host.expect_again(&place);
}
