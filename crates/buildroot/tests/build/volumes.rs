//! EBS volumes: loop devices that a directory shows as what EC2 attaches.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use crate::by_sudo::Place;
use crate::site::{Site, shell, wait};

const VOLUME: &str = "vol-0123456789abcdef0=/dev/sdf";

/// A stand-in for the host's `sys` and `dev`, and a loop device to appear in it.
struct Host {
    directory: PathBuf,
    device: String,
}

impl Host {
    fn new(site: &Site, disk: &Path) -> Self {
        let directory = site.path("host");
        for name in ["sys/block/nvme0n1/device", "dev"] {
            fs::create_dir_all(directory.join(name)).expect("a directory");
        }
        let device = shell(&["losetup", "--find", "--show"], disk)
            .trim()
            .to_owned();
        Self { directory, device }
    }

    /// Shows the loop device as an NVMe disk of that serial number, or as a Xen disk without one.
    fn attach(&self, name: &str, serial: Option<&str>) {
        let number = self.device.trim_start_matches("/dev/loop");
        let node = self.directory.join("dev").join(name);
        let script = format!("mknod \"$0\" b 7 {number}");
        shell(&["sh", "-c", &script], &node);
        let disk = self.directory.join("sys/block").join(name);
        fs::create_dir_all(disk.join("device")).expect("a directory");
        if let Some(serial) = serial {
            // As EC2 pads it.
            fs::write(disk.join("device/serial"), format!("{serial:<20}\n")).expect("written");
        }
        fs::write(disk.join("dev"), format!("7:{number}\n")).expect("written");
    }

    /// Links to it by a serial number, as udev does.
    fn link(&self, name: &str, serial: &str) {
        let links = self.directory.join("dev/disk/by-id");
        fs::create_dir_all(&links).expect("a directory");
        let link = links.join(format!("nvme-Amazon_Elastic_Block_Store_{serial}"));
        std::os::unix::fs::symlink(format!("../../{name}"), link).expect("a link");
    }

    fn option(&self) -> String {
        format!("--devices-at {}", self.directory.display())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = Command::new("losetup")
            .args(["--detach", &self.device])
            .status();
    }
}

/// Waits until the helper has looked at what there is.
fn ready(file: &Path, child: &mut Child) {
    while !file.exists() {
        assert!(child.try_wait().expect("a child").is_none(), "it ended");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_volume_is_found_by_its_serial_number_its_link_or_its_letter() {
    let volume = "vol0123456789abcdef0";
    for (name, serial, link) in [
        ("nvme1n1", Some(volume), None),
        ("nvme1n1", None, Some(volume)),
        ("xvdf", None, None),
    ] {
        let Some(site) = Site::new() else { return };
        let disk = site.usual_disk();
        let host = Host::new(&site, &disk);
        let file = site.path("ready");
        let options = host.option();
        let mut options: Vec<&str> = options.split(' ').collect();
        let file_word = file.display().to_string();
        options.extend(["--ready", &file_word]);
        let line = [
            "sh",
            "-c",
            "echo kept >/root/kept; df / | tail -n 1 | cut -d' ' -f1",
        ];
        let mut tool = site.tool(&options, Path::new(VOLUME), &line);
        let mut child = tool
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("run");
        ready(&file, &mut child);
        std::thread::sleep(Duration::from_millis(100));
        if let Some(link) = link {
            host.link(name, link);
        }
        host.attach(name, serial);
        let built = site.built(wait(child));
        assert_eq!(built.expect(0).stdout.trim(), host.device);
        drop(host);
        site.expect_nothing_left(Duration::ZERO);
        assert_eq!(
            site.build(&[], &disk, &["cat", "/root/kept"]).stdout,
            "kept\n"
        );
    }
}

#[test]
fn a_volume_that_does_not_come_is_not_waited_for_for_ever() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    let host = Host::new(&site, &disk);
    let option = host.option();
    let options: Vec<&str> = option.split(' ').collect();
    let built = site.build(&options, Path::new(VOLUME), &["true"]);
    let said = &built.expect(125).stderr;
    assert!(
        said.contains("vol-0123456789abcdef0: no device of it appeared within 5 s"),
        "{said}"
    );
}

#[test]
fn a_volume_in_use_is_refused() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    let host = Host::new(&site, &disk);
    host.attach("nvme1n1", Some("vol0123456789abcdef0"));
    let option = host.option();
    let options: Vec<&str> = option.split(' ').collect();
    // Root may have one that was there before.
    let first = {
        let line = "echo running; sleep 1000";
        let tool = site.tool(&options, Path::new(VOLUME), &["sh", "-c", line]);
        crate::site::begin(tool)
    };
    let built = site.build(&options, Path::new(VOLUME), &["true"]);
    let said = &built.expect(125).stderr;
    assert!(said.contains("which is") && said.contains("busy"), "{said}");
    crate::killed::signal(first.id(), "-TERM");
    wait(first);
}

#[test]
fn a_user_gets_only_what_came_after_the_helper() {
    let Some(place) = Place::new() else { return };
    let host = Host::new(&place.site, &place.disk);
    let helper = place.site.path("amichroot").display().to_string();
    place.sudoers(&format!("amitest ALL=(root) NOPASSWD: {helper}\n"));
    let options = format!("{} --ready ready", host.option());
    let line = place
        .tool(&options, "id -u")
        .replace(&place.disk.display().to_string(), VOLUME);
    let mut tool = place.user(&line);
    let mut child = tool
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("run");
    ready(&place.own.join("ready"), &mut child);
    host.attach("nvme1n1", Some("vol0123456789abcdef0"));
    assert_eq!(place.site.built(wait(child)).expect(0).stdout, "0\n");
    // Now it is one of the host's disks.
    let output = place.user(&line).output().expect("run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("was attached before this build began"),
        "{said}"
    );
    // One of that name that has gone in the meantime leaves the name to the next.
    let disk = host.directory.join("sys/block/nvme1n1");
    fs::write(disk.join("device/serial"), "vol00000000000000009").expect("written");
    fs::remove_file(place.own.join("ready")).expect("removed");
    let mut tool = place.user(&line);
    let mut child = tool
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("run");
    ready(&place.own.join("ready"), &mut child);
    fs::write(disk.join("device/serial"), "vol0123456789abcdef0").expect("written");
    assert_eq!(place.site.built(wait(child)).expect(0).stdout, "0\n");
    // A directory of the user's own shows nothing to the helper.
    let own = place.own.join("host");
    let copy = ["cp", "-a", &host.directory.display().to_string()].map(str::to_owned);
    shell(&copy.each_ref().map(String::as_str), &own);
    shell(&["chown", "-R", "54321"], &own);
    let line = line.replace(&host.directory.display().to_string(), "host");
    let output = place.user(&line).output().expect("run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("others than root can change it"), "{said}");
}
