//! A machine to be bundled: a real sshd, on a small root file system, in namespaces of its own.
#![allow(
    dead_code,
    reason = "each test file is a program of its own, and none uses all of this"
)]

use std::fs;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::{say, sh};

/// What the node has besides busybox.
const PROGRAMS: [&str; 6] = ["sshd", "mke2fs", "mkfs.ext4", "tune2fs", "e2fsck", "blkid"];
/// What this machine must have for that.
const NEEDED: [&str; 6] = ["sshd", "ssh", "ssh-keygen", "busybox", "unshare", "mke2fs"];
/// The names that our directories on a node begin with.
pub const OURS: &str = "ami-bundle.";

/// Copies what programs are linked with.
const LIBRARIES: &str = r#"
libraries() {
    for file in "$@"; do
        for library in $(ldd "$file" 2>/dev/null | grep -o '/[^ )]*' || true); do
            mkdir -p ".$(dirname "$library")"
            [ -e ".$library" ] || cp -L "$library" ".$library"
        done
    done
}
"#;

/// Makes the root: programs with their libraries, an account, keys, and a tree with all that is worth
/// keeping.
const MAKE: &str = r#"
root=$1; state=$2; port=$3; shift 3
cd "$root"
mkdir -p bin usr/sbin usr/bin etc/ssh root/.ssh proc sys dev run/sshd tmp var/tmp var/empty home/web srv lib lib64
chmod 1777 tmp var/tmp; chmod 700 root root/.ssh; chmod 755 .
busybox=$(command -v busybox)
cp "$busybox" bin/busybox
for program in "$@"; do
    path=$(command -v "$program") || continue
    cp -L "$path" "usr/sbin/$program"
done
libraries bin/busybox usr/sbin/*
chroot . /bin/busybox --install -s /bin
echo 'root:x:0:0:root:/root:/bin/sh' > etc/passwd
echo 'sshd:x:100:65534::/run/sshd:/bin/false' >> etc/passwd
printf 'root:x:0:\nnogroup:x:65534:\n' > etc/group
echo 'root:*:19000:0:99999:7:::' > etc/shadow
echo web1 > etc/hostname
ssh-keygen -q -t ed25519 -N '' -f etc/ssh/ssh_host_ed25519_key
ssh-keygen -q -t ed25519 -N '' -f "$state/id"
cp "$state/id.pub" root/.ssh/authorized_keys
echo "[127.0.0.1]:$port $(cut -d' ' -f1,2 etc/ssh/ssh_host_ed25519_key.pub)" > "$state/known_hosts"
cat > etc/ssh/sshd_config <<END
ListenAddress 127.0.0.1
Port $port
HostKey /etc/ssh/ssh_host_ed25519_key
PermitRootLogin prohibit-password
UsePAM no
StrictModes no
PidFile none
MaxStartups 100
END
echo 'hello' > home/web/index.html
ln home/web/index.html home/web/same.html
ln -s index.html home/web/link.html
truncate -s 3M home/web/holes
echo end >> home/web/holes
printf '#!/bin/sh\necho "$*" >> /run/shutdown\n' > usr/sbin/shutdown; chmod 755 usr/sbin/shutdown
printf '#!/bin/sh\n' > srv/run; chmod 4755 srv/run; chown 33:33 home/web
"#;

/// A machine that runs.
pub struct Machine {
    state: TempDir,
    child: Child,
    /// The first process of its namespace, sshd.
    init: u32,
    pub port: u16,
}

impl Machine {
    /// None, said, where this machine lacks what it takes.
    pub fn start() -> Option<Self> {
        Self::start_with("", &[])
    }

    /// The same, with a script that adds to the root, which is its directory, and words for it. A file
    /// system that it makes in `$state/disk` becomes the root's, with what is in it; and what it writes to
    /// `$state/mounts` is done as the machine starts, with the root as `$live`.
    pub fn start_with(more: &str, arguments: &[&Path]) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            say("skipped: a machine with an sshd of its own needs root");
            return None;
        }
        for program in NEEDED {
            let found = Command::new("sh")
                .args([
                    "-c",
                    &format!("PATH=$PATH:/usr/sbin:/sbin command -v {program}"),
                ])
                .stdout(Stdio::null())
                .status();
            if !found.is_ok_and(|status| status.success()) {
                say(&format!("skipped: needs {program}"));
                return None;
            }
        }
        let state = tempfile::tempdir().expect("a directory");
        let root = state.path().join("root");
        fs::create_dir(&root).expect("a root");
        let port = free_port();
        let number = port.to_string();
        let mut words: Vec<&Path> = vec![&root, state.path(), number.as_ref()];
        words.extend(PROGRAMS.map(Path::new));
        sh(&format!("{LIBRARIES}{MAKE}"), &words);
        let mut words: Vec<&Path> = vec![&root, state.path()];
        words.extend(arguments);
        sh(
            &format!("root=$1 state=$2; shift 2; cd \"$root\"{LIBRARIES}{more}"),
            &words,
        );
        // The first /proc is still this machine's, which knows the shell by its number here.
        let script = "set -e; read -r pid rest < /proc/self/stat; echo $pid > \"$1/pid\"; mkdir \"$1/live\"; \
             if [ -e \"$1/disk\" ]; then mount -o loop \"$1/disk\" \"$1/live\"; else mount -t tmpfs -o mode=755 node \"$1/live\"; fi; \
             cp -a \"$1/root/.\" \"$1/live\"; mount -t proc proc \"$1/live/proc\"; \
             mount --rbind /dev \"$1/live/dev\"; live=$1/live; if [ -e \"$1/mounts\" ]; then . \"$1/mounts\"; fi; exec chroot \"$1/live\" /usr/sbin/sshd -D -e";
        let child = Command::new("unshare")
            .args([
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
                "sh",
                "-c",
                script,
                "sh",
            ])
            .arg(state.path())
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(state.path().join("log")).expect("a log"))
            .spawn()
            .expect("unshare");
        let mut machine = Self {
            state,
            child,
            init: 0,
            port,
        };
        machine.wait();
        Some(machine)
    }

    fn wait(&mut self) {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            if self.answers() {
                break;
            }
            let log = fs::read_to_string(self.state.path().join("log")).unwrap_or_default();
            assert!(Instant::now() < end, "no sshd: {log}");
            std::thread::sleep(Duration::from_millis(50));
        }
        let number = fs::read_to_string(self.state.path().join("pid")).expect("a number");
        self.init = number.trim().parse().expect("a number");
    }

    /// Is it an sshd that answers? A connection to a free port may meet itself.
    fn answers(&self) -> bool {
        let mut banner = [0; 4];
        TcpStream::connect(("127.0.0.1", self.port)).is_ok_and(|mut stream| {
            let patience = Some(Duration::from_millis(200));
            let read = stream.set_read_timeout(patience);
            read.and_then(|()| stream.read_exact(&mut banner)).is_ok() && &banner == b"SSH-"
        })
    }

    /// What `--ssh` is to be.
    pub fn ssh(&self) -> String {
        let state = self.state.path().display();
        format!(
            "ssh -F none -p {} -i {state}/id -o IdentitiesOnly=yes -o 'UserKnownHostsFile={state}/known_hosts'",
            self.port
        )
    }

    /// The same for somebody who has not met it yet and has no key for it, by whatever address.
    pub fn ssh_of_stranger(&self) -> String {
        format!("ssh -F none -p {} -o HostName=127.0.0.1", self.port)
    }

    /// Lets in who has the private half of this key, and nobody else.
    pub fn let_in(&self, public: &str) {
        let path = self.path("/root/.ssh/authorized_keys");
        fs::write(path, format!("{public}\n")).expect("a file");
    }

    /// What `shutdown` was called with there.
    pub fn shutdowns(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("/run/shutdown")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// A path on the machine, as it is reached from here.
    pub fn path(&self, path: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root", self.init)).join(path.trim_start_matches('/'))
    }

    /// What was copied there at the beginning.
    pub fn original(&self) -> PathBuf {
        self.state.path().join("root")
    }

    /// Ends it, and gives the directory of its state, with the disk as the machine has left it.
    pub fn end(mut self) -> TempDir {
        self.stop();
        // Its mounts go when the last of its processes is gone.
        let disk = self.state.path().join("disk");
        let end = Instant::now() + Duration::from_secs(20);
        while !sh("losetup -j \"$1\"", &[&disk]).is_empty() {
            assert!(Instant::now() < end, "its disk stays mounted");
            std::thread::sleep(Duration::from_millis(50));
        }
        std::mem::replace(&mut self.state, tempfile::tempdir().expect("a directory"))
    }

    fn stop(&mut self) {
        // With it all of its namespace ends.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// The numbers here of the processes there, but for sshd itself.
    pub fn processes(&self) -> Vec<u32> {
        let space = |pid: u32| fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
        let own = space(self.init);
        let entries = fs::read_dir("/proc").expect("/proc").flatten();
        let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        numbers
            .filter(|pid| *pid != self.init && space(*pid) == own)
            .collect()
    }

    /// The words of those processes.
    pub fn commands(&self) -> Vec<(u32, String)> {
        let words = |pid: u32| {
            let bytes = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
            Some((pid, String::from_utf8_lossy(&bytes).replace('\0', " ")))
        };
        self.processes().into_iter().filter_map(words).collect()
    }

    /// The ssh processes here that lead there.
    pub fn connections(&self) -> Vec<u32> {
        let start = format!("ssh -F none -p {} ", self.port);
        let entries = fs::read_dir("/proc").expect("/proc").flatten();
        let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let is_one = |pid: &u32| {
            let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let words = String::from_utf8_lossy(&words).replace('\0', " ");
            words.starts_with(&start)
        };
        numbers.filter(is_one).collect()
    }

    /// The directories there that are ours.
    pub fn ours(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for place in ["/var/tmp", "/tmp"] {
            let entries = fs::read_dir(self.path(place)).into_iter().flatten();
            found.extend(entries.flatten().map(|entry| entry.path()));
        }
        found
    }

    /// Waits until nothing of ours is there: no file, no process, no loop device.
    pub fn is_clean(&self, after: &str) {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let (files, processes) = (self.ours(), self.commands());
            let busy: Vec<_> = processes
                .iter()
                .filter(|(_, words)| words.contains("ami-bundle") || words.contains("remove()"))
                .collect();
            if files.is_empty() && busy.is_empty() {
                return;
            }
            assert!(Instant::now() < end, "{after}: {files:?} {busy:?}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// A port outside of the range from which this machine takes those of connections: one of these could
/// meet itself there.
fn free_port() -> u16 {
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    loop {
        let next = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let port = 20_000 + (std::process::id().wrapping_mul(31) + next) % 10_000;
        let port = u16::try_from(port).expect("small");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.stop();
    }
}
