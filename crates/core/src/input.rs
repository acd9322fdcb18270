//! Operands: those on the command line, and those that arrive on standard input.

use std::ffi::OsString;
use std::io::BufRead;

use tokio::sync::mpsc::{Receiver, channel};

use crate::error::{Error, Kind as ErrorKind};
use crate::escape::escape;
use crate::id::{Kind, one_of};
use crate::reference::Reference;

/// A longer line is taken for several, so that rubbish does not fill the memory.
const LONGEST: u64 = 1 << 20;
/// Lines that are waiting are acted on together, this many at most.
const BATCH: usize = 1000;

/// The references that a tool is to act on, in the order in which they become known.
#[derive(Debug)]
pub struct Operands {
    kinds: &'static [Kind],
    given: Vec<Reference>,
    lines: Option<Lines>,
    any: bool,
}

#[derive(Debug, Default)]
struct Lines {
    /// Begins to read when it is first asked.
    receiver: Option<Receiver<std::io::Result<String>>>,
    position: Position,
}

/// Where in the input a line stands.
#[derive(Debug)]
struct Position {
    /// Lines read so far.
    number: usize,
    /// Has no line held anything yet, so that the next may be a table's header?
    may_be_header: bool,
}

impl Default for Position {
    fn default() -> Self {
        Self {
            number: 0,
            may_be_header: true,
        }
    }
}

impl Operands {
    /// Reads the operands; `-` stands for standard input, which is not read from yet.
    ///
    /// # Errors
    /// A word that is no reference to one of `kinds`; none at all.
    pub fn new(words: &[OsString], kinds: &'static [Kind]) -> Result<Self, Error> {
        let mut given = Vec::new();
        let mut lines = None;
        for word in words {
            if word == "-" {
                lines = Some(Lines::default());
                continue;
            }
            let text = word.to_string_lossy();
            given.push(Reference::parse(&text, kinds).map_err(Error::usage)?);
        }
        if given.is_empty() && lines.is_none() {
            return Err(Error::usage(format!(
                "name at least one {}, or '-' to read them from standard input",
                one_of(kinds)
            )));
        }
        Ok(Self {
            kinds,
            any: !given.is_empty(),
            given,
            lines,
        })
    }

    /// Can more come than are known now?
    pub fn reads_stdin(&self) -> bool {
        self.lines.is_some()
    }

    /// The next references, as many as are known already; `None` when there are no more. A line
    /// without a reference is an error of its own, and the rest goes on.
    ///
    /// # Errors
    /// Standard input that cannot be read; one that held no reference at all.
    pub async fn next(&mut self) -> Result<Option<Vec<Result<Reference, Error>>>, Error> {
        if !self.given.is_empty() {
            let given = std::mem::take(&mut self.given);
            return Ok(Some(given.into_iter().map(Ok).collect()));
        }
        let Some(lines) = &mut self.lines else {
            return Ok(None);
        };
        let mut batch = Vec::new();
        while batch.is_empty() {
            let mut texts = Vec::new();
            let receiver = lines.receiver.get_or_insert_with(read_stdin);
            if receiver.recv_many(&mut texts, BATCH).await == 0 {
                self.lines = None;
                return match self.any {
                    true => Ok(None),
                    false => Err(Error::usage("standard input held no reference")),
                };
            }
            for text in texts {
                let text = text.map_err(|error| {
                    Error::failed(format!("cannot read standard input: {error}"))
                })?;
                batch.extend(read_line(&text, &mut lines.position, self.kinds));
                let number = lines.position.number;
                batch.extend(complain(&text, number, self.kinds).map(Err));
            }
        }
        self.any = true;
        Ok(Some(batch))
    }
}

/// A thread reads the lines: a blocking read cannot be given up when the tool is done, and the
/// runtime would wait for its own threads. It reads no further ahead than one batch.
fn read_stdin() -> Receiver<std::io::Result<String>> {
    let (sender, receiver) = channel(BATCH);
    std::thread::spawn(move || {
        let mut stdin = std::io::stdin().lock();
        loop {
            let mut line = Vec::new();
            let mut limited = std::io::Read::take(&mut stdin, LONGEST);
            let read = match limited.read_until(b'\n', &mut line) {
                Ok(0) => return,
                Ok(_) => Ok(String::from_utf8_lossy(&line).into_owned()),
                Err(error) => Err(error),
            };
            let is_last = read.is_err();
            // Nobody may be listening any more, which is as good an end.
            if sender.blocking_send(read).is_err() || is_last {
                return;
            }
        }
    });
    receiver
}

/// Reads one line: blank lines, `#` lines and a table's header hold nothing; of any other the first
/// word that is a reference of the right kind is taken.
fn read_line(
    line: &str,
    position: &mut Position,
    kinds: &[Kind],
) -> Option<Result<Reference, Error>> {
    position.number += 1;
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    if std::mem::take(&mut position.may_be_header) && is_header(line) {
        return None;
    }
    let found = words(line)
        .find_map(|word| Reference::parse(word, kinds).ok())
        .map(|reference| with_region_of(line, reference));
    Some(found.ok_or_else(|| no_reference(line, position.number, kinds)))
}

/// What is wrong with a line that was read, if anything: one that holds nothing but references of one
/// kind, such as the AWS CLI writes as text, is no row about its first, and the others would be lost
/// without a word.
fn complain(line: &str, number: usize, kinds: &[Kind]) -> Option<Error> {
    let found: Vec<_> = line
        .split_whitespace()
        .map(|word| Reference::parse(word, kinds).ok())
        .collect::<Option<_>>()?;
    let (first, others) = found.split_first()?;
    let alike = others
        .iter()
        .all(|other| other.id.kind() == first.id.kind());
    if others.is_empty() || !alike || line.trim_start().starts_with('#') {
        return None;
    }
    let what = format!(
        "line {number} of standard input names {} {}s, and only {} is taken",
        found.len(),
        first.id.kind().noun(),
        first.id
    );
    Some(Error::new(ErrorKind::Usage, what).hint("write one a line: tr -s '[:space:]' '\\n'"))
}

/// A JSON line of our own says the region in a field, also where its references are bare.
fn with_region_of(line: &str, mut reference: Reference) -> Reference {
    if reference.region.is_none() && line.starts_with('{') {
        let object: Option<serde_json::Value> = serde_json::from_str(line).ok();
        reference.region = object
            .filter(|object| object["id"] == *reference.id.as_str())
            .and_then(|object| object["region"].as_str()?.parse().ok());
    }
    reference
}

/// Words end at blanks and at JSON's punctuation; the ends of sentences are not part of them.
fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_ascii_alphanumeric() && !"-:/@.".contains(c))
        .map(|word| word.trim_matches(['.', ':', '/']))
        .filter(|word| !word.is_empty())
}

fn is_header(line: &str) -> bool {
    line.split_whitespace().all(|word| {
        word.starts_with(|c: char| c.is_ascii_uppercase())
            && word.chars().all(|c| c.is_ascii_uppercase() || c == '_')
    })
}

fn no_reference(line: &str, number: usize, kinds: &[Kind]) -> Error {
    let short: String = line.chars().take(60).collect();
    let what = format!(
        "line {number} of standard input names no {}: '{}'",
        one_of(kinds),
        escape(&short)
    );
    Error::new(ErrorKind::Usage, what)
}

#[cfg(test)]
mod tests {
    use super::{Position, complain, read_line};
    use crate::id::Kind;

    fn at(number: usize) -> Position {
        Position {
            number: number - 1,
            may_be_header: number == 1,
        }
    }

    fn found(line: &str) -> Option<String> {
        let reference = read_line(line, &mut at(2), &[Kind::Image])?.ok()?;
        Some(match reference.region {
            Some(region) => format!("{}@{region}", reference.id),
            None => reference.id.to_string(),
        })
    }

    #[test]
    fn every_form_that_tools_print() {
        for (line, reference) in [
            ("ami-12345678\n", "ami-12345678"),
            ("  ami-12345678@eu-west-1  ", "ami-12345678@eu-west-1"),
            ("IMAGE\tami-12345678\n", "ami-12345678"),
            (
                "IMAGE ami-12345678 bucket/x.manifest.xml self available",
                "ami-12345678",
            ),
            ("i-12345678  ami-12345678  web", "ami-12345678"),
            (
                r#"{"reference":"ami-12345678@eu-west-1","id":"ami-12345678"}"#,
                "ami-12345678@eu-west-1",
            ),
            (r#"        "ImageId": "ami-12345678","#, "ami-12345678"),
            (
                r#"{"reference":"ami-12345678","id":"ami-12345678","region":"eu-west-1"}"#,
                "ami-12345678@eu-west-1",
            ),
            (
                "arn:aws:ec2:us-east-1::image/ami-12345678",
                "ami-12345678@us-east-1",
            ),
            ("Made ami-12345678.", "ami-12345678"),
        ] {
            assert_eq!(found(line).as_deref(), Some(reference), "{line}");
        }
    }

    #[test]
    fn lines_that_hold_nothing() {
        for line in ["", "   ", "# ami-12345678"] {
            assert!(
                read_line(line, &mut at(1), &[Kind::Image]).is_none(),
                "{line}"
            );
        }
        let header = "IMAGE_ID  NAME  STATE";
        let mut position = Position::default();
        assert!(read_line("# a comment", &mut position, &[Kind::Image]).is_none());
        assert!(read_line(header, &mut position, &[Kind::Image]).is_none());
        assert!(read_line(header, &mut position, &[Kind::Image]).is_some_and(|line| line.is_err()));
    }

    #[test]
    fn a_line_of_references_alone_loses_none_without_a_word() {
        let complaint = |line: &str| {
            complain(line, 3, &[Kind::Image, Kind::Snapshot]).map(|error| error.to_string())
        };
        assert_eq!(
            complaint("ami-12345678\tami-87654321@eu-west-1 ami-11111111\n").as_deref(),
            Some(
                "line 3 of standard input names 3 images, and only ami-12345678 is taken; \
                 write one a line: tr -s '[:space:]' '\\n'"
            )
        );
        for line in [
            "ami-12345678",
            "IMAGE\tami-12345678",
            "ami-12345678 snap-12345678",
            "ami-12345678  web  ami-87654321",
            "# ami-12345678 ami-87654321",
            "",
        ] {
            assert_eq!(complaint(line), None, "{line}");
        }
    }

    #[test]
    fn a_line_without_a_reference_is_named_by_its_number() {
        let error = read_line("snap-12345678\u{1b}", &mut at(7), &[Kind::Image])
            .expect("a line")
            .expect_err("of another kind");
        assert_eq!(
            error.to_string(),
            "line 7 of standard input names no image: 'snap-12345678\\u{1b}'"
        );
    }
}
