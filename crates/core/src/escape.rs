//! Text that comes from AWS or from users, made safe to show.

/// Escapes what a terminal would obey instead of showing: control characters, and the marks that
/// turn the direction of writing or hide letters (Unicode's "Trojan Source" set).
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            letter if is_unsafe(letter) => out.extend(letter.escape_unicode()),
            letter => out.push(letter),
        }
    }
    out
}

/// Escapes the same characters in a finished JSON text, the way JSON does. They can only stand
/// inside its strings, so the text keeps its meaning.
pub fn escape_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for letter in json.chars() {
        if is_unsafe(letter) {
            let mut units = [0; 2];
            for unit in letter.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(letter);
        }
    }
    out
}

/// Quotes a word for a shell where it needs it, for command lines that users are shown.
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", escape(word).replace('\'', r"'\''"))
    }
}

fn is_unsafe(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::{escape, escape_json, shell_word};

    #[test]
    fn nothing_reaches_the_terminal() {
        let evil = "a\u{1b}[2Jb\nc\td\u{202e}e\u{9b}f\u{7f}";
        assert_eq!(escape(evil), r"a\u{1b}[2Jb\nc\td\u{202e}e\u{9b}f\u{7f}");
        assert_eq!(escape("Grüße, 東京 \"<&>'"), "Grüße, 東京 \"<&>'");
    }

    #[test]
    fn json_keeps_its_meaning() {
        let value = serde_json::json!({ "tag": "\u{9b}2J \u{202e}\u{e0041}x\n" });
        let escaped = escape_json(&value.to_string());
        assert_eq!(escaped, r#"{"tag":"\u009b2J \u202e\udb40\udc41x\n"}"#);
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&escaped).expect("JSON"),
            value
        );
    }

    #[test]
    fn words_are_quoted_where_a_shell_needs_it() {
        assert_eq!(shell_word("ami-1@us-east-1"), "ami-1@us-east-1");
        assert_eq!(shell_word("a b"), "'a b'");
        assert_eq!(shell_word("it's"), r"'it'\''s'");
        assert_eq!(shell_word(""), "''");
    }
}
