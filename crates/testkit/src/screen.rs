//! What stands on a terminal after a text has been written to it.

/// The lines that a terminal would show in the end: carriage returns go back, and the escape sequences
/// that progress bars use move and erase. Colours are left out, and so are blank lines at the end.
pub fn screen(text: &str) -> String {
    let mut screen = Screen::default();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\r' => screen.column = 0,
            '\n' => screen.row += 1,
            '\x1b' => screen.obey(&sequence(&mut chars)),
            c => screen.put(c),
        }
    }
    let lines: Vec<String> = screen.rows.iter().map(|row| row.iter().collect()).collect();
    let shown: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    shown.join("\n").trim_end().to_owned()
}

#[derive(Default)]
struct Screen {
    rows: Vec<Vec<char>>,
    row: usize,
    column: usize,
}

impl Screen {
    fn put(&mut self, c: char) {
        let column = self.column;
        let line = self.line();
        if line.len() <= column {
            line.resize(column + 1, ' ');
        }
        line[column] = c;
        self.column += 1;
    }

    fn line(&mut self) -> &mut Vec<char> {
        if self.rows.len() <= self.row {
            self.rows.resize(self.row + 1, Vec::new());
        }
        &mut self.rows[self.row]
    }

    /// A control sequence without its `ESC [`, such as `2K`.
    fn obey(&mut self, sequence: &str) {
        let Some(verb) = sequence.chars().last() else {
            return;
        };
        let number: Option<usize> = sequence.trim_end_matches(verb).parse().ok();
        let count = number.unwrap_or(1).max(1);
        let column = self.column;
        match verb {
            'A' => self.row = self.row.saturating_sub(count),
            'B' => self.row += count,
            'C' => self.column += count,
            'D' => self.column = column.saturating_sub(count),
            'G' => self.column = count - 1,
            'K' if number == Some(2) => self.line().clear(),
            'K' => self.line().truncate(column),
            'J' => {
                self.line().truncate(column);
                self.rows.truncate(self.row + 1);
            }
            _ => {}
        }
    }
}

/// The rest of an escape sequence: for `ESC [`, everything up to a letter.
fn sequence(chars: &mut std::str::Chars<'_>) -> String {
    let mut sequence = String::new();
    if chars.next() != Some('[') {
        return sequence;
    }
    for c in chars.by_ref() {
        sequence.push(c);
        if c.is_ascii_alphabetic() {
            break;
        }
    }
    sequence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_drawn_over_itself() {
        assert_eq!(screen("10%\r20%\rdone"), "done");
        assert_eq!(screen("100%\r9"), "900%");
        assert_eq!(screen("a bar\r\x1b[2Kend\r\n"), "end");
        assert_eq!(screen("one\r\ntwo\r\x1b[1A\x1b[2Kuno"), "uno\ntwo");
        assert_eq!(screen("one\r\ntwo\r\x1b[1A\x1b[J"), "");
    }

    #[test]
    fn colours_are_left_out() {
        assert_eq!(screen("\x1b[1;31mred\x1b[0m"), "red");
    }
}
