//! What ends a new node where nobody is left to do it.
//!
//! Three things in turn see to that: from its start on a shutdown is planned in an hour's time; while the
//! tool holds its directory there it puts that off again and again; and where the connection ends the
//! shutdown comes within minutes. EC2 terminates a node that has shut down, since it was launched so.

/// What a new node finds as its user data, which cloud-init and its likes run at the first start. An old
/// shutdown stays in the foreground until it is time.
pub(super) const USER_DATA: &str = "#!/bin/sh\n\
    # ami-bundle: this machine ends by itself where nobody comes back for it.\n\
    PATH=$PATH:/usr/sbin:/sbin\n\
    shutdown -h +60 </dev/null >/dev/null 2>&1 &\n";

/// A function of the shell that plans the shutdown so many minutes ahead; what was planned is forgotten.
/// Without such a program a node can only be switched off once its time has come.
pub(in crate::node) const ARM: &str = "PATH=$PATH:/usr/sbin:/sbin; s=; [ \"$(id -u)\" = 0 ] || s=\"sudo -n\"; \
    arm() { if command -v shutdown; then $s shutdown -c; $s shutdown -h \"+$1\" & \
    elif [ \"$1\" -lt 10 ]; then { sleep 120; $s poweroff; } & fi; } </dev/null >/dev/null 2>&1";

/// What the shell that holds the directory there, `$d`, does as long as the tool is there, and last. There
/// is no word that lets such a node be: whoever has made it terminates it, and where that fails it ends all
/// the same. An old `shutdown` is waited for.
pub(in crate::node) const LAST: &str = "beat() { arm 60; }; last() { arm 2; remove \"$d\"; wait; }";

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;
    use std::process::{Command, Stdio};

    use super::{ARM, LAST};
    use crate::node::place::{HEAR, HOLD};

    #[test]
    fn it_is_put_off_as_long_as_somebody_is_there() {
        let directory = tempfile::tempdir().expect("a directory");
        let program = |name: &str, text: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a program");
            let mode = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(path, mode).expect("a mode");
        };
        program("shutdown", "echo \"$*\" >> \"$LOG\"");
        program("sudo", "shift; exec \"$@\"");
        let log = directory.path().join("log");
        let script = format!(
            "d=here; remove() {{ echo \"removed $1\" >> \"$LOG\"; }}; {HEAR}; {ARM}; {LAST}; {HOLD}"
        );
        let script = script.replace("SILENCE", "60");
        let path = format!("{}:/usr/bin:/bin", directory.path().display());
        let mut shell = Command::new("sh")
            .args(["-c", &script])
            .env("PATH", path)
            .env("LOG", &log)
            .stdin(Stdio::piped())
            .spawn()
            .expect("a shell");
        let told = || std::fs::read_to_string(&log).unwrap_or_default();
        let wait_for = |count: usize| {
            for _ in 0..3000 {
                if told().matches("+60").count() >= count {
                    return;
                }
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            panic!("not {count} times: {}", told());
        };
        wait_for(1);
        let mut stdin = shell.stdin.take().expect("its input");
        for _ in 0..40 {
            stdin.write_all(b"alive\n").expect("somebody is there");
        }
        wait_for(2);
        drop(stdin);
        assert!(shell.wait().expect("it ends").success());
        let told = told();
        let planned: Vec<_> = told.lines().filter(|line| *line != "-c").collect();
        assert_eq!(planned[..2], ["-h +60", "-h +60"], "{told}");
        assert!(
            planned.contains(&"-h +2") && planned.contains(&"removed here"),
            "{told}"
        );
        assert_eq!(planned.len(), 4, "{told}");
    }

    #[test]
    fn scripts_can_be_quoted_for_any_shell() {
        for script in [ARM, LAST] {
            assert!(!script.contains(['\'', '\n']), "{script}");
        }
    }
}
