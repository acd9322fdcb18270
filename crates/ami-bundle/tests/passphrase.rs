//! Private keys in all their forms, and the passphrases of encrypted ones, asked for on a terminal.

mod support;

use ami_testkit::{Running, Signal, Tool};
use support::{Desk, MAKE, say, sh};

const PROMPT: &str = "Passphrase of enc.pem: ";
const PASSPHRASE: &str = "two words";
const OPEN: &str =
    "ami-bundle unbundle -k enc.pem -o back disk.img.manifest.xml > out 2> err; echo \"status $?\"";

/// The bundle of the fixture, and its key encrypted; none where nothing makes terminals.
fn desk(test: &str) -> Option<Desk> {
    let there = std::process::Command::new("script")
        .arg("--version")
        .output();
    if !there.is_ok_and(|output| output.status.success()) {
        say(&format!("skipped: {test}: no script of util-linux"));
        return None;
    }
    let desk = Desk::new().with_fixture();
    let line = format!(
        "umask 077; cd \"$1\"; openssl pkcs8 -topk8 -v2 aes-256-cbc -in pk.pem -out enc.pem -passout 'pass:{PASSPHRASE}'"
    );
    sh(&line, &[&desk.path("")]);
    Some(desk)
}

/// A line for a shell on a terminal of its own: what is written to it is typed, and what it prints is
/// what the terminal shows.
fn on_terminal<'a>(desk: &'a Desk, line: &str) -> Tool<'a> {
    desk.shell("exec script -qec \"$1\" typescript")
        .args([line])
        .stdin_open()
}

fn asked(running: &mut Running<'_>) {
    running.wait_until("it asks", |running| running.stdout().contains(PROMPT));
}

/// What was printed beside the terminal.
fn printed(desk: &Desk) -> (String, String) {
    let text = |name| String::from_utf8(desk.read(name)).expect("text");
    (text("out"), text("err"))
}

#[test]
fn a_passphrase_is_asked_for_on_the_terminal_and_not_shown() {
    let Some(desk) = desk("a_passphrase_is_asked_for_on_the_terminal_and_not_shown") else {
        return;
    };
    for (typed, status, said) in [
        (PASSPHRASE, 0, ""),
        (
            "wrong",
            2,
            "ami-bundle: enc.pem: the private key is encrypted: this is not its passphrase\n",
        ),
        (
            "",
            2,
            "ami-bundle: enc.pem: the private key is encrypted: this is not its passphrase\n",
        ),
    ] {
        let mut running = on_terminal(
            &desk,
            &format!("{OPEN}; stty -a | tr ' ' '\\n' | grep -c '^echo$'"),
        )
        .spawn();
        asked(&mut running);
        running.write(&format!("{typed}\n"));
        let shown = format!("{PROMPT}\r\nstatus {status}\r\n1\r\n");
        running.wait().expect().stdout_is(&shown).done();
        let (out, err) = printed(&desk);
        assert_eq!(out, if status == 0 { "back\n" } else { "" });
        assert_eq!(err, said);
        assert_eq!(desk.path("back").exists(), status == 0);
        sh("rm -f \"$1/back\"", &[&desk.path("")]);
    }
}

#[test]
fn a_disk_can_go_to_standard_output_meanwhile() {
    let Some(desk) = desk("a_disk_can_go_to_standard_output_meanwhile") else {
        return;
    };
    let mut running = on_terminal(&desk, &OPEN.replace("back", "-")).spawn();
    asked(&mut running);
    running.write(&format!("{PASSPHRASE}\n"));
    running.wait().expect().stdout_has("status 0").done();
    assert_eq!(support::sha256(&desk.read("out")), support::IMAGE);
}

#[test]
fn all_verbs_ask() {
    let Some(desk) = desk("all_verbs_ask") else {
        return;
    };
    let make = MAKE.join(" ").replace("pk.pem -c", "enc.pem -c");
    let image = format!("image {make} -u 111122223333 -p new back");
    for verb in ["verify -q -k enc.pem disk.img.manifest.xml", &image] {
        desk.write("back", &[7; 4096]);
        let line = format!("ami-bundle {verb} > out 2> err; echo \"status $?\"");
        let mut running = on_terminal(&desk, &line).spawn();
        asked(&mut running);
        running.write(&format!("{PASSPHRASE}\n"));
        let shown = format!("{PROMPT}\r\nstatus 0\r\n");
        running.wait().expect().stdout_is(&shown).done();
        let (out, err) = printed(&desk);
        assert!(
            out.ends_with(".manifest.xml\n") && err.is_empty(),
            "{out}{err}"
        );
    }
}

/// The signal ends the tool, and the terminal shows again what is typed.
#[test]
fn signals_at_the_question_leave_the_terminal_as_it_was() {
    let Some(desk) = desk("signals_at_the_question_leave_the_terminal_as_it_was") else {
        return;
    };
    // A shell without job control, which is what a terminal's Ctrl-C reaches as well.
    let line = "stty -g > before; trap : INT; sh -c 'trap - INT; exec ami-bundle unbundle -k enc.pem -o back disk.img.manifest.xml > out 2> err'; \
                echo \"status $?\"; stty -g > after";
    for (signal, status) in [
        (None, 130),
        (Some(Signal::INT), 130),
        (Some(Signal::TERM), 143),
        (Some(Signal::HUP), 129),
    ] {
        let mut running = on_terminal(&desk, line).spawn();
        asked(&mut running);
        match signal {
            None => running.write("half\x03"),
            Some(signal) => {
                let found = sh(
                    "cd \"$1\"; for p in /proc/[0-9]*; do [ \"$(readlink $p/cwd)\" != \"$PWD\" ] || [ \"$(cat $p/comm)\" != ami-bundle ] || basename $p; done",
                    &[&desk.path("").canonicalize().expect("a path")],
                );
                let pid: i32 = found.trim().parse().expect("one process");
                let pid = rustix::process::Pid::from_raw(pid).expect("a process");
                rustix::process::kill_process(pid, signal).expect("a signal");
            }
        }
        let status = format!("status {status}\r\n");
        let outcome = running.wait().expect().stdout_has(&status).done();
        assert!(!outcome.stdout.contains("half"), "{outcome}");
        assert_eq!(desk.read("before"), desk.read("after"), "{signal:?}");
        assert_eq!(printed(&desk), (String::new(), String::new()), "{signal:?}");
        assert!(!desk.path("back").exists());
    }
}

#[test]
fn nothing_typed_is_no_passphrase() {
    let Some(desk) = desk("nothing_typed_is_no_passphrase") else {
        return;
    };
    let mut running = on_terminal(&desk, OPEN).spawn();
    asked(&mut running);
    running.write("\x04");
    running.wait().expect().stdout_has("status 2").done();
    let (_, err) = printed(&desk);
    assert!(
        err.contains("nothing was typed") && err.lines().count() == 1,
        "{err}"
    );
}

#[test]
fn without_a_terminal_it_says_what_to_do() {
    let Some(desk) = desk("without_a_terminal_it_says_what_to_do") else {
        return;
    };
    desk.shell("cp enc.pem 'my key.pem'; exec setsid -w ami-bundle unbundle -k 'my key.pem' -o back disk.img.manifest.xml")
        .run()
        .expect()
        .fails(2)
        .stderr_is(
            "ami-bundle: my key.pem: is encrypted, and its passphrase cannot be asked for: No such device or \
             address (os error 6); run this on a terminal, or take the passphrase away: (umask 077; openssl \
             pkey -in 'my key.pem' -out NEW)\n",
        )
        .done();
}

/// Keys in the forms that OpenSSL writes, as they come from Windows too.
#[test]
fn keys_come_in_several_forms() {
    let desk = Desk::new().with_fixture();
    let script = r#"
        cd "$1"; umask 077
        openssl rsa -traditional -in pk.pem -out pkcs1.pem
        openssl pkcs8 -topk8 -nocrypt -in pk.pem -out pkcs8.pem
        for f in pkcs1 pkcs8; do sed 's/$/\r/' $f.pem > dos-$f.pem; done
        { echo "Bag Attributes"; cat pkcs8.pem cert.pem; } > bag.pem
        sed 's/$/\r/' cert.pem > dos-cert.pem
    "#;
    sh(script, &[&desk.path("")]);
    for key in ["pkcs1", "pkcs8", "dos-pkcs1", "dos-pkcs8", "bag"] {
        let key = format!("{key}.pem");
        desk.bundle(&["verify", "-q", "-k", &key, "disk.img.manifest.xml"])
            .run()
            .expect()
            .stdout_is("disk.img.manifest.xml\n")
            .done();
    }
    desk.write("disk", &[7; 4096]);
    let mut words = MAKE;
    (words[1], words[3]) = ("dos-pkcs8.pem", "dos-cert.pem");
    let made = desk.bundle(&["image"]).args(words);
    made.args(["-u", "111122223333", "disk"])
        .run()
        .expect()
        .stdout_is("disk.manifest.xml\n")
        .done();
    desk.bundle(&[
        "verify",
        "-k",
        "pk.pem",
        "-c",
        "cert.pem",
        "disk.manifest.xml",
    ])
    .run()
    .expect()
    .stdout_is("disk.manifest.xml\n")
    .done();
}

#[test]
fn what_is_no_key_for_bundles_is_told() {
    let desk = Desk::new().with_fixture();
    let script = r#"
        cd "$1"; umask 077
        openssl ecparam -genkey -name prime256v1 -out ec.pem
        openssl ecparam -genkey -noout -name prime256v1 -out ec-only.pem
        openssl pkcs8 -topk8 -nocrypt -in ec.pem -out ec-pkcs8.pem
        openssl rsa -traditional -aes128 -passout pass:x -in pk.pem -out old.pem
        head -c 300 pk.pem > cut.pem
    "#;
    sh(script, &[&desk.path("")]);
    for (key, why) in [
        ("ec.pem", "the private key is not an RSA private key"),
        ("ec-only.pem", "the private key is not an RSA private key"),
        (
            "ec-pkcs8.pem",
            "the private key is damaged, or not of RSA with 1024 to 4096 bits",
        ),
        (
            "old.pem",
            "the private key is encrypted in the old form of OpenSSL; `openssl pkcs8 -topk8 -in OLD -out NEW` makes one that can be read",
        ),
        ("cut.pem", "the private key is not in PEM, or damaged"),
        ("cert.pem", "the private key is a certificate"),
    ] {
        let outcome = desk
            .bundle(&["verify", "-k", key, "disk.img.manifest.xml"])
            .run()
            .expect()
            .fails(2)
            .stdout_is("")
            .stderr_has(&format!("ami-bundle: {key}: {why}"))
            .done();
        assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
    }
}

#[test]
fn certificates_out_of_their_time_are_taken_and_told() {
    let desk = Desk::new();
    let script = r#"
        cd "$1"; umask 077; echo 'x' > disk
        printf '%s\n' '[ca]' default_ca=d '[d]' database=index serial=serial new_certs_dir=. default_md=sha256 \
            policy=p '[p]' commonName=supplied > ca.cnf
        make() {
            : > index; echo 01 > serial; openssl req -new -key pk.pem -subj /CN=$1 -out csr
            openssl ca -config ca.cnf -batch -selfsign -keyfile pk.pem -in csr -out $1.pem -startdate $2 -enddate $3
        }
        make early 20900101000000Z 20990101000000Z
        make late 20000101000000Z 20010101000000Z
    "#;
    sh(script, &[&desk.path("")]);
    for (name, what) in [("early", "is not valid yet"), ("late", "has expired")] {
        let file = format!("{name}.pem");
        let mut words = MAKE;
        words[3] = &file;
        desk.bundle(&["image"])
            .args(words)
            .args(["-u", "111122223333", "-p", name, "disk"])
            .run()
            .expect()
            .stdout_is(&format!("{name}.manifest.xml\n"))
            .stderr_is(&format!(
                "ami-bundle: the certificate of --cert (CN={name}) {what}; bundles do without that\n"
            ))
            .done();
    }
}
