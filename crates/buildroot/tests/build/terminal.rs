//! A command on a terminal.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::by_sudo::Place;
use crate::site::{have, skip, wait};

/// script(1) runs a command on a terminal of its own, and passes on what it reads.
fn on_terminal(tool: &Command) -> Option<Command> {
    if !have("script") {
        skip("needs script (bsdutils)");
        return None;
    }
    let words = tool
        .get_args()
        .map(|word| word.to_string_lossy().replace('\'', "'\\''"));
    let quoted: Vec<String> = words.map(|word| format!("'{word}'")).collect();
    let line = format!(
        "stty rows 33 cols 99; exec {} {}",
        tool.get_program().display(),
        quoted.join(" ")
    );
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    Some(script)
}

#[test]
fn a_command_has_a_terminal_where_the_caller_has_one() {
    let Some(place) = Place::new() else { return };
    let line = "test -t 0 && test -t 1 && test -t 2 && tty; echo x >/dev/stdout; echo y >/dev/tty; \
                stty size";
    for tool in [
        place.site.tool(&[], &place.disk, &["sh", "-c", line]),
        place.user(&place.tool("", line)),
    ] {
        let Some(mut script) = on_terminal(&tool) else {
            return;
        };
        // With an end of its input script would type one.
        let script = script.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = script.spawn().expect("run");
        let stdin = child.stdin.take();
        let output = wait(child);
        drop(stdin);
        let text = String::from_utf8_lossy(&output.stdout).replace('\r', "");
        assert_eq!(text, "/dev/pts/0\nx\ny\n33 99\n", "{output:?}");
        place.site.expect_nothing_left(Duration::ZERO);
    }
}

#[test]
fn what_is_typed_reaches_the_command() {
    let Some(place) = Place::new() else { return };
    let line = "trap \"echo caught; exit 9\" INT; echo running; read word; echo $word; \
                while :; do sleep 0.1; done";
    let tool = place.site.tool(&[], &place.disk, &["sh", "-c", line]);
    let Some(mut script) = on_terminal(&tool) else {
        return;
    };
    script.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = script.spawn().expect("run");
    let mut stdin = child.stdin.take().expect("piped");
    let mut stdout = child.stdout.take().expect("piped");
    let mut seen = String::new();
    let mut until = |word: &str| {
        let mut bytes = [0; 256];
        while !seen.contains(word) {
            let count = std::io::Read::read(&mut stdout, &mut bytes).expect("read");
            assert!(count > 0, "no {word}: {seen}");
            seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
    };
    until("running");
    stdin.write_all(b"typed\n").expect("written");
    // Once by the terminal's echo, once by the command.
    until("typed\r\ntyped");
    stdin.write_all(b"\x03").expect("written");
    until("caught");
    drop(stdin);
    assert_eq!(wait(child).status.code(), Some(9));
    place.site.expect_nothing_left(Duration::from_secs(3));
}
