//! A small tree on a file system of its own, to be bundled as root.

use std::path::{Path, PathBuf};

use super::{Desk, MAKE, say, sh};

/// Can this test run? If not, says that it is skipped.
pub fn can(test: &str) -> bool {
    let may = rustix::process::geteuid().is_root() && Path::new("/dev/loop-control").exists();
    if !may {
        say(&format!("skipped: {test}: not root, or no loop devices"));
    }
    may
}

/// A tree that is mounted below the desk, until it goes out of scope.
pub struct Tree {
    pub desk: Desk,
}

impl Tree {
    pub fn new(desk: Desk) -> Self {
        let script = r#"
            cd "$1"; mkdir tree work out
            truncate -s 64M tree.ext4
            mkfs.ext4 -q -L web -U 11111111-2222-3333-4444-555555555555 tree.ext4
            mount -o loop tree.ext4 tree
            cd tree
            mkdir -p etc/ssh root/.aws srv/data srv/more bin proc tmp
            echo web > etc/hostname; echo "LABEL=web / ext4 defaults 0 1" > etc/fstab
            echo secret > etc/ssh/ssh_host_rsa_key; echo secret > root/.aws/credentials
            echo ls > root/.bash_history
            printf 'program' > bin/tool; chmod 4755 bin/tool; ln bin/tool bin/same; ln -s tool bin/link
            echo data > srv/data/x; echo more > srv/more/x; echo hidden > .hidden
            truncate -s 5M srv/sparse; echo end >> srv/sparse
            echo big > 'srv/a & "b" <c>'
        "#;
        sh(script, &[&desk.path("")]);
        Self { desk }
    }

    /// The verb with what a bundle needs; nothing is inherited.
    pub fn volume(&self, more: &[&str]) -> ami_testkit::Tool<'_> {
        self.desk
            .bundle(&["volume"])
            .args(MAKE)
            .args(["-u", "111122223333", "-s", "64M", "--work-dir", "work"])
            .args(more)
    }

    /// Unbundles what is in `out`, and gives what is in it: paths, with what `find` tells of each.
    pub fn inside(&self) -> String {
        let desk = &self.desk;
        desk.bundle(&[
            "unbundle",
            "-k",
            "pk.pem",
            "-c",
            "cert.pem",
            "-o",
            "back",
            "--overwrite",
        ])
        .args(["out/image.manifest.xml"])
        .run()
        .expect()
        .stdout_is("back\n")
        .done();
        look(&self.desk.path("back"))
    }

    pub fn work(&self) -> PathBuf {
        self.desk.path("work")
    }
}

/// The paths in an image of a file system, and what they hold.
fn look(image: &Path) -> String {
    let script = r#"
        d=$(mktemp -d); mount -o loop,ro "$1" "$d"; cd "$d"
        blkid -s LABEL -s UUID -o value "$1"
        find . ! -path './lost+found*' -printf '%p %y %m %n %s\n' | LC_ALL=C sort
        find . -type f | LC_ALL=C sort | while read -r f; do echo "$f: $(tail -c 20 "$f")"; done
        cd /; umount "$d"; rmdir "$d"
    "#;
    sh(script, &[image])
}

impl Drop for Tree {
    fn drop(&mut self) {
        sh(
            "umount \"$1\" || umount -l \"$1\"",
            &[&self.desk.path("tree")],
        );
    }
}
