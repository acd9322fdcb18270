//! What disks tell of the machines that they are for. The disks are made by the usual tools; where one
//! of them is not installed, the test says so and is skipped.

mod support;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use support::{printed, register, sandbox};

/// Numbers of machines in ELF files (elf.h, EM_X86_64 and EM_AARCH64).
const X86_64: u8 = 62;
const ARM64: u8 = 183;

/// An EFI system partition and a root of 16 MiB, a MiB each from the start of the disk on.
const TABLE: &str = "label: gpt\nsize=1M, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B\n\
                     type=0FC63DAF-8483-4772-8E79-3D69D8477DE4\n";

fn have(tools: &[&str]) -> bool {
    let directories = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    let is_there = |tool: &&&str| directories.iter().any(|d| Path::new(d).join(tool).exists());
    let missing: Vec<_> = tools.iter().filter(|tool| !is_there(tool)).collect();
    if !missing.is_empty() {
        let _ = writeln!(std::io::stderr(), "skipped: no {missing:?}");
    }
    missing.is_empty()
}

fn sh(directory: &Path, script: &str, input: &str) {
    let mut child = Command::new("/bin/sh")
        .args(["-ec", script])
        .current_dir(directory)
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .stdin(Stdio::piped())
        .spawn()
        .expect("a shell");
    let stdin = child.stdin.as_mut().expect("an input");
    stdin.write_all(input.as_bytes()).expect("written");
    assert!(child.wait().expect("an end").success(), "{script}");
}

/// Makes a disk whose programs are for a machine.
fn disk(directory: &Path, machine: u8) {
    let mut program = vec![0; 64];
    program[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    (program[16], program[18], program[20]) = (2, machine, 1);
    for name in ["root/etc", "root/usr", "root/bin"] {
        std::fs::create_dir_all(directory.join(name)).expect("a directory");
    }
    std::fs::write(directory.join("root/bin/sh"), program).expect("a program");
    let script = "truncate -s 32M disk.raw; sfdisk -q disk.raw; truncate -s 16M part; \
                  mke2fs -q -t ext4 -d root part; \
                  dd if=part of=disk.raw bs=1M seek=2 conv=notrunc,sparse 2>dd.log";
    sh(directory, script, TABLE);
}

#[test]
fn a_disk_tells_its_architecture_and_boot_mode() {
    if !have(&["sfdisk", "mke2fs"]) {
        return;
    }
    let sandbox = sandbox();
    for (machine, architecture) in [(X86_64, "x86_64"), (ARM64, "arm64")] {
        let tool = register(&sandbox, &["-v", "disk.raw"]);
        disk(tool.home(), machine);
        let outcome = tool
            .run()
            .expect()
            .stdout_has("ami-")
            .stderr_has(&format!(
                "architecture {architecture}, because /bin/sh on partition 2"
            ))
            .done();
        let image = printed(&sandbox, &outcome.stdout);
        assert_eq!(image.architecture, architecture);
        assert_eq!(image.boot_mode.as_deref(), Some("uefi"));
    }
}

#[test]
fn the_user_s_word_counts_and_what_contradicts_it_is_told() {
    if !have(&["sfdisk", "mke2fs"]) {
        return;
    }
    let sandbox = sandbox();
    let args = ["--arch=i386", "--boot-mode=legacy-bios", "disk.raw"];
    let tool = register(&sandbox, &args);
    disk(tool.home(), X86_64);
    let outcome = tool
        .run()
        .expect()
        .stdout_has("ami-")
        .stderr_has("disk.raw: the disk looks like x86_64, because /bin/sh on partition 2")
        .stderr_has("; --arch i386 counts")
        .stderr_has("; --boot-mode legacy-bios counts")
        .done();
    let image = printed(&sandbox, &outcome.stdout);
    assert_eq!(image.architecture, "i386");
    assert_eq!(image.boot_mode.as_deref(), Some("legacy-bios"));
}

#[test]
fn qemu_img_converts_what_it_is_given() {
    if !have(&["qemu-img", "sfdisk", "mke2fs"]) {
        return;
    }
    let sandbox = sandbox();
    for (format, name) in [
        ("qcow2", "a b.qcow2"),
        ("vmdk", "-x.vmdk"),
        ("vpc", "x:y.vhd"),
    ] {
        let path = format!("./{name}");
        let tool = register(&sandbox, &["-v", "--convert", "--work-dir=work", &path]);
        let home = tool.home().to_owned();
        disk(&home, X86_64);
        let script = format!("mkdir work; qemu-img convert -f raw -O {format} disk.raw '{path}'");
        sh(&home, &script, "");
        let outcome = tool
            .run()
            .expect()
            .stdout_has("ami-")
            .stderr_has("architecture x86_64, because /bin/sh on partition 2")
            .done();
        let image = printed(&sandbox, &outcome.stdout);
        let snapshot = image.snapshots().next().expect("a snapshot").to_owned();
        let bytes = sandbox
            .snapshot_bytes(&snapshot, 0, 32 << 20)
            .expect("bytes");
        let raw = std::fs::read(home.join("disk.raw")).expect("a disk");
        assert!(bytes == raw, "{name}: the bytes are not those of the disk");
        let left = std::fs::read_dir(home.join("work"))
            .expect("a directory")
            .count();
        assert_eq!(left, 0, "{name}: something is left of the conversion");
    }
}

/// Runs a line of shell in a directory with a disk, led to a sandbox.
fn line<'s>(sandbox: &'s ami_sandbox::Sandbox, home: &Path, script: &str) -> ami_testkit::Tool<'s> {
    let script = format!("cd {} && {script}", home.display());
    ami_testkit::shell(&script).sandbox(sandbox)
}

#[test]
fn a_pipe_tells_its_boot_mode_and_when_it_was_cut_off() {
    if !have(&["sfdisk", "mke2fs"]) {
        return;
    }
    let home = tempfile::tempdir().expect("a directory");
    disk(home.path(), X86_64);
    let sandbox = sandbox();
    let tool = "ami-register-image --size 1G --arch x86_64 --json -";
    let whole = line(&sandbox, home.path(), &format!("cat disk.raw | {tool}")).run();
    let whole = whole.expect().stdout_has("\"boot_mode\":\"uefi\"");
    whole.stderr_any().done();

    let snapshots = sandbox.snapshots("us-east-1").len();
    let cut = line(
        &sandbox,
        home.path(),
        &format!("head -c 20M disk.raw | {tool}"),
    )
    .run();
    cut.expect()
        .fails(1)
        .stdout_is("")
        .stderr_has("was it cut off?")
        .done();
    assert_eq!(sandbox.snapshots("us-east-1").len(), snapshots);

    sandbox.clear_calls();
    for (rubbish, why) in [
        ("gzip -c disk.raw", "put 'gzip -dc |' in front"),
        ("head -c 20M disk.raw | gzip -c", "compressed by gzip"),
        ("printf 'QFI\\373\\0\\0\\0\\003'", "not a raw disk"),
    ] {
        let refused = line(&sandbox, home.path(), &format!("{rubbish} | {tool}")).run();
        refused.expect().fails(2).stderr_has(why).done();
    }
    ami_testkit::assert_no_calls(&sandbox);
}

#[test]
fn a_disk_that_was_cut_off_is_refused_whatever_is_said_of_it() {
    if !have(&["sfdisk", "mke2fs"]) {
        return;
    }
    let home = tempfile::tempdir().expect("a directory");
    disk(home.path(), X86_64);
    let sandbox = sandbox();
    for script in [
        "truncate -s 10M disk.raw; ami-register-image --arch x86_64 disk.raw",
        "ami-register-image --snapshot-only disk.raw",
        "ami-register-image --snapshot-only - <disk.raw",
        "truncate -s 10M part; ami-register-image --arch x86_64 part",
    ] {
        let refused = line(&sandbox, home.path(), script).run();
        refused
            .expect()
            .fails(2)
            .stderr_has("was it cut off?")
            .done();
    }
    ami_testkit::assert_no_calls(&sandbox);
}

#[test]
fn a_file_that_was_redirected_needs_no_size() {
    if !have(&["sfdisk", "mke2fs"]) {
        return;
    }
    let home = tempfile::tempdir().expect("a directory");
    disk(home.path(), ARM64);
    let sandbox = sandbox();
    let outcome = line(
        &sandbox,
        home.path(),
        "ami-register-image --json - <disk.raw",
    )
    .run();
    let outcome = outcome.expect().stdout_has("\"architecture\":\"arm64\"");
    outcome.stderr_any().done();
}
