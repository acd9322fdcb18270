//! Disks of other formats.

mod support;

use ami_testkit::shell;
use support::{printed, register, sandbox};

/// How a disk of the format qcow2 begins.
const QCOW2: &[u8] = b"QFI\xfb\0\0\0\x03";

#[test]
fn a_disk_of_another_format_is_converted_on_its_way() {
    let sandbox = sandbox();
    // What stands for qemu-img here shows how it is called, and writes a disk.
    let script = "#!/bin/sh\n[ $1 = check ] && exit 63\necho \"$@\" >args; printf x >\"$7\"; truncate -s 1M \"$7\"; \
                  stat -c %a \"$7\" >mode\n";
    let tool = register(&sandbox, &["--convert", "--arch=x86_64", "disk.qcow2"]);
    let home = tool.home().to_owned();
    std::fs::write(home.join("disk.qcow2"), QCOW2).expect("a file");
    let path = format!("{}:/usr/bin:/bin", home.display());
    let outcome = tool
        .file("qemu-img", script, 0o755)
        .env("PATH", path)
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    printed(&sandbox, &outcome.stdout);
    let args = std::fs::read_to_string(home.join("args")).expect("args");
    let whole = home.join("disk.qcow2");
    assert!(
        args.starts_with(&format!("convert -f qcow2 -O raw {}", whole.display())),
        "{args}"
    );
    assert_eq!(
        std::fs::read_to_string(home.join("mode")).expect("mode"),
        "600\n"
    );
    let left: Vec<_> = std::fs::read_dir(&home)
        .expect("home")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".raw") || name.ends_with("upload"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_conversion_that_fails_or_cannot_begin_is_told() {
    let sandbox = sandbox();
    let convert = |script: &str, mode: u32| {
        let tool = register(&sandbox, &["--convert", "--arch=x86_64", "disk.qcow2"]);
        let home = tool.home().to_owned();
        std::fs::write(home.join("disk.qcow2"), QCOW2).expect("a file");
        tool.file("qemu-img", script, mode)
            .env("PATH", home.as_os_str())
            .run()
            .expect()
    };
    convert(
        "#!/bin/sh\n[ $1 = check ] && exit 3\necho 'no such cluster' >&2\nexit 1\n",
        0o755,
    )
    .fails(1)
    .stderr_has("disk.qcow2: qemu-img could not convert it: no such cluster")
    .done();
    convert("#!/bin/sh\necho 'beyond its end' >&2\nexit 2\n", 0o755)
        .fails(1)
        .stderr_has("disk.qcow2: qemu-img finds it damaged: beyond its end")
        .done();
    convert("", 0o600).fails(2).stderr_has("qemu-img").done();
    assert!(sandbox.calls().is_empty());
}

#[test]
fn a_conversion_that_says_much_comes_to_its_end() {
    let sandbox = sandbox();
    let tool = register(&sandbox, &["--convert", "--arch=x86_64", "disk.qcow2"]);
    let home = tool.home().to_owned();
    std::fs::write(home.join("disk.qcow2"), QCOW2).expect("a file");
    // More than a pipe holds.
    let script = "#!/bin/sh\n[ $1 = check ] && exit 0\ni=0; while [ $i -lt 4000 ]; do i=$((i+1)); \
                  echo \"$i: this cluster is of no use\"; done >&2; exit 1\n";
    let outcome = tool
        .file("qemu-img", script, 0o755)
        .env("PATH", format!("{}:/usr/bin:/bin", home.display()))
        .run()
        .expect()
        .fails(1)
        .stderr_has("; 3999: this cluster is of no use; 4000: this cluster is of no use")
        .done();
    assert!(outcome.stderr.len() < 400, "{outcome}");
}

#[test]
fn a_directory_without_room_is_told() {
    let mount = "mkdir work && mount -t tmpfs -o size=64k none work";
    if !support::may_mount("a_directory_without_room_is_told") {
        return;
    }
    let sandbox = sandbox();
    let convert = "ami-register-image --convert --work-dir=work --arch=x86_64 disk.qcow2";
    let tool = shell(&format!(
        "PATH=$PWD:$PATH unshare -rm sh -c '{mount} && {convert}'"
    ));
    std::fs::write(tool.home().join("disk.qcow2"), QCOW2).expect("a file");
    tool.file(
        "qemu-img",
        "#!/bin/sh\n[ $1 = check ] && exit 0\ndd if=/dev/zero of=\"$7\" bs=1M count=1\n",
        0o755,
    )
    .sandbox(&sandbox)
    .run()
    .expect()
    .fails(1)
    .stderr_has("disk.qcow2: qemu-img could not convert it: ")
    .stderr_has("No space left on device")
    .stderr_has("; name a directory with more room with --work-dir")
    .done();
    assert!(sandbox.calls().is_empty());
}
