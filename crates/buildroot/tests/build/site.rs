//! A place for a test: a directory, disks in it, and the example tool that builds in them.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ami_buildroot::protocol::Report;

use crate::machine::{applets, busybox, hierarchy, needs};
pub use crate::machine::{have, skip};

/// Longer than any build here takes, on a slow machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// A directory of a test, removed at its end.
pub struct Site {
    pub directory: PathBuf,
    watch: Option<PathBuf>,
}

/// A file system to put on a disk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Ext4,
    Xfs,
    Btrfs,
}

impl Site {
    /// A new place; none where a test cannot run. It says why on standard error.
    pub fn new() -> Option<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        if let Err(problem) = needs() {
            skip(&problem);
            return None;
        }
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("ami-buildroot-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(&name);
        fs::create_dir(&directory).expect("a directory");
        // Every process that a test starts, and all that those start, stay in a control group.
        let watch = hierarchy().map(|hierarchy| hierarchy.join(&name));
        let watch = watch.filter(|group| fs::create_dir(group).is_ok());
        Some(Self { directory, watch })
    }

    /// A file or directory of the test.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// A tree of files that commands can run in, to be changed and made a disk of.
    pub fn tree(&self) -> PathBuf {
        let tree = self.path("tree");
        for name in ["bin", "etc", "root", "usr/bin", "usr/sbin", "var/tmp"] {
            fs::create_dir_all(tree.join(name)).expect("a directory");
        }
        fs::copy(busybox().expect("checked"), tree.join("bin/busybox")).expect("busybox");
        for applet in applets() {
            let link = tree.join("bin").join(applet);
            if !link.exists() {
                symlink("busybox", link).expect("a link");
            }
        }
        let users = "root:x:0:0:root:/root:/bin/sh\nbuild:x:1000:1000::/home/build:/bin/sh\n";
        fs::write(tree.join("etc/passwd"), users).expect("written");
        fs::write(tree.join("etc/group"), "root:x:0:\nbuild:x:1000:\n").expect("written");
        tree
    }

    /// A disk file with that tree on a file system, and no partitions.
    pub fn disk(&self, tree: &Path, kind: Kind) -> PathBuf {
        let disk = self.path("disk");
        make_filesystem(&disk, tree, kind);
        disk
    }

    /// A disk with the usual tree on ext4.
    pub fn usual_disk(&self) -> PathBuf {
        self.disk(&self.tree(), Kind::Ext4)
    }

    /// The example tool, with these words before the disk and the command.
    pub fn tool(&self, options: &[&str], disk: &Path, command: &[&str]) -> Command {
        let mut words = vec![
            "--report".to_owned(),
            self.path("report").display().to_string(),
        ];
        words.extend(options.iter().map(|word| (*word).to_owned()));
        words.push(disk.display().to_string());
        words.extend(command.iter().map(|word| (*word).to_owned()));
        self.watched(&built("examples/build"), words)
    }

    /// A command that stays in the test's control group.
    pub fn watched<W: AsRef<OsStr>>(
        &self,
        program: &Path,
        words: impl IntoIterator<Item = W>,
    ) -> Command {
        let mut command = Command::new("/bin/sh");
        let enter = match &self.watch {
            Some(group) => format!("echo $$ >{}/cgroup.procs; exec \"$@\"", group.display()),
            None => "exec \"$@\"".to_owned(),
        };
        command.args(["-c", &enter, "sh"]).arg(program).args(words);
        command.stdin(Stdio::null());
        command
    }

    /// Runs a build and waits for it.
    pub fn build(&self, options: &[&str], disk: &Path, command: &[&str]) -> Built {
        let _ = fs::remove_file(self.path("report"));
        let output = self.tool(options, disk, command).output().expect("run");
        self.built(output)
    }

    /// Runs a line of shell in a build.
    pub fn sh(&self, options: &[&str], disk: &Path, line: &str) -> Built {
        self.build(options, disk, &["sh", "-c", line])
    }

    /// A build whose command has begun, and goes on until it is stopped. `line` comes first.
    pub fn running(&self, disk: &Path, line: &str, options: &[&str]) -> Child {
        let line = format!("{line}; sleep 1000 & sleep 1000 & echo running; wait");
        let tool = self.tool(options, disk, &["sh", "-c", &line]);
        begin(tool)
    }

    /// What a build that ended left.
    pub fn built(&self, output: Output) -> Built {
        let report = fs::read(self.path("report")).ok();
        Built {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            report: report.map(|bytes| serde_json::from_slice(&bytes).expect("a report")),
        }
    }

    /// Every process, mount, loop device and control group of this test, a line each.
    pub fn remains(&self) -> Vec<String> {
        let mut found = Vec::new();
        if let Some(group) = &self.watch {
            let pids = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
            found.extend(
                pids.lines()
                    .map(|pid| format!("process {pid}: {}", name_of(pid))),
            );
        }
        let name = self.directory.display().to_string();
        for entry in fs::read_dir("/sys/block").expect("sysfs").flatten() {
            let file = fs::read_to_string(entry.path().join("loop/backing_file"));
            if file.is_ok_and(|file| file.contains(&name)) {
                found.push(format!("loop device {}", entry.file_name().display()));
            }
        }
        found
    }

    /// Waits until nothing of this test is left.
    ///
    /// # Panics
    /// When it takes too long, with what is left.
    pub fn expect_nothing_left(&self, within: Duration) {
        // Other builds look at all loop devices, and one that is looked at in the moment of its end
        // ends when the look does.
        let end = Instant::now() + within.max(Duration::from_secs(2));
        loop {
            let remains = self.remains();
            if remains.is_empty() {
                return;
            }
            assert!(Instant::now() < end, "left behind: {remains:#?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// A line for every file on a disk: path, type, mode, owners, size, time of change and what it
    /// has in it.
    pub fn listing(&self, disk: &Path) -> String {
        let script = "mount -o loop,ro \"$0\" /mnt && cd /mnt && \
            find . -printf '%p %y %m %U:%G %n %s %T@ %l\\n' | sort && \
            find . -type f -exec sha256sum {} + | sort -k2";
        shell(&["unshare", "--mount", "sh", "-c", script], disk)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(group) = &self.watch {
            for pid in fs::read_to_string(group.join("cgroup.procs"))
                .unwrap_or_default()
                .lines()
            {
                let _ = Command::new("kill").args(["-9", pid]).status();
            }
            // Who was killed takes a moment to leave.
            for _ in 0..100 {
                if fs::remove_dir(group).is_ok() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// How a build ended.
#[derive(Debug)]
pub struct Built {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub report: Option<Report>,
}

impl Built {
    /// Fails unless the command ended with that status, without a word from the tool.
    #[track_caller]
    pub fn expect(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// The report of a build that has one.
    #[track_caller]
    pub fn report(&self) -> &Report {
        self.report
            .as_ref()
            .unwrap_or_else(|| panic!("no report: {self:#?}"))
    }
}

/// Starts a tool and waits until its command says that it runs.
pub fn begin(mut tool: Command) -> Child {
    tool.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = tool.spawn().expect("run");
    let mut word = [0; 8];
    let stdout = child.stdout.as_mut().expect("piped");
    if stdout.read_exact(&mut word).is_err() {
        panic!("it does not run: {:?}", child.wait_with_output());
    }
    assert_eq!(&word, b"running\n");
    child
}

/// Makes a file with a file system of that kind.
pub fn make_filesystem(disk: &Path, tree: &Path, kind: Kind) {
    let size: u64 = match kind {
        // A whole distribution needs more, and where nothing is written it takes no place.
        Kind::Ext4 if tree.join("usr/bin/apt-get").exists() => 1 << 30,
        Kind::Ext4 => 24 << 20,
        Kind::Xfs => 320 << 20,
        Kind::Btrfs => 128 << 20,
    };
    fs::File::create(disk)
        .and_then(|file| file.set_len(size))
        .expect("a file");
    match kind {
        Kind::Ext4 => {
            let tree = tree.display().to_string();
            shell(&["mkfs.ext4", "-q", "-F", "-d", &tree], disk);
        }
        Kind::Btrfs => {
            let tree = tree.display().to_string();
            shell(&["mkfs.btrfs", "-q", "--rootdir", &tree], disk);
        }
        Kind::Xfs => {
            shell(&["mkfs.xfs", "-q"], disk);
            let tree = tree.display();
            let script = format!("mount -o loop,nouuid \"$0\" /mnt && cp -a {tree}/. /mnt");
            shell(&["unshare", "--mount", "sh", "-c", &script], disk);
        }
    }
}

/// Runs a command with a path as its last word, and returns what it prints.
#[track_caller]
pub fn shell(words: &[&str], path: &Path) -> String {
    let output = Command::new(words[0]).args(&words[1..]).arg(path).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", words[0]));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{words:?}: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

/// A program or example that was built together with this test.
pub fn built(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_amichroot")).with_file_name(name);
    assert!(
        path.is_file(),
        "{name} is not built: cargo build -p ami-buildroot --examples"
    );
    path
}

/// Waits until a child has ended.
#[track_caller]
pub fn wait(mut child: Child) -> Output {
    let end = Instant::now() + DEADLINE;
    let mut output = Output {
        status: loop {
            if let Some(status) = child.try_wait().expect("a child") {
                break status;
            }
            assert!(Instant::now() < end, "{child:?} does not end");
            std::thread::sleep(Duration::from_millis(2));
        },
        stdout: Vec::new(),
        stderr: Vec::new(),
    };
    if let Some(mut stdout) = child.stdout {
        stdout.read_to_end(&mut output.stdout).expect("read");
    }
    if let Some(mut stderr) = child.stderr {
        stderr.read_to_end(&mut output.stderr).expect("read");
    }
    output
}

fn name_of(pid: &str) -> String {
    let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&words).replace('\0', " ")
}
