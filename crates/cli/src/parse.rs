//! The strict pass: one ordered walk over the words with the table in hand.
//!
//! A typo must stop a program that creates, tags and deletes things, so nothing is guessed: every
//! word is an option of the table, the value of one, or an operand. What is typed by position is
//! settled here; what a value means is settled by the tool through [`Args`].

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::iter::Peekable;
use std::vec::IntoIter;

use crate::args::{Args, Given};
use crate::spec::{Dash, Opt, Spec, Verb};
use crate::suggest::nearest;

/// What the user wants of the program.
#[derive(Debug)]
pub enum Request {
    /// Its help, of the verb if one was typed before.
    Help(Option<&'static Verb>),
    /// Its version.
    Version,
    /// That it runs.
    Run(Args),
}

/// A command line that is wrong. It reads on after the tool's name: `unknown option '--nmae'`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    what: String,
    verb: Option<&'static str>,
}

impl Usage {
    /// An error of that text, which must be one line.
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            verb: None,
        }
    }

    /// The verb that was typed before, whose help says more.
    pub fn verb(&self) -> Option<&'static str> {
        self.verb
    }
}

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Usage {}

/// Reads the words after the program's name.
///
/// # Errors
/// The first word that is wrong. `--help` and `--version` win over all that follows them, so an
/// error before them is still an error.
pub fn parse(spec: &'static Spec, words: Vec<OsString>) -> Result<Request, Usage> {
    let mut pass = Pass {
        spec,
        verb: None,
        given: Vec::new(),
        operands: Vec::new(),
        separator: None,
    };
    let read = pass.read(words.into_iter().peekable());
    let verb = pass.verb.map(|verb| verb.name);
    let finished = read.and_then(|request| match request {
        Some(request) => Ok(request),
        None => pass.finish().map(Request::Run),
    });
    finished.map_err(|usage| Usage { verb, ..usage })
}

type Words = Peekable<IntoIter<OsString>>;

struct Pass {
    spec: &'static Spec,
    verb: Option<&'static Verb>,
    given: Vec<Given>,
    operands: Vec<OsString>,
    separator: Option<usize>,
}

impl Pass {
    fn read(&mut self, mut words: Words) -> Result<Option<Request>, Usage> {
        while let Some(word) = words.next() {
            let request = self.take(word, &mut words)?;
            match request {
                None => {}
                // `TOOL --help VERB` asks for what `TOOL VERB --help` does.
                Some(Request::Help(None)) => {
                    let verb = words.find_map(|word| self.spec.verb(&word.to_string_lossy()));
                    return Ok(Some(Request::Help(verb)));
                }
                request => return Ok(request),
            }
        }
        Ok(None)
    }

    fn take(&mut self, word: OsString, words: &mut Words) -> Result<Option<Request>, Usage> {
        let text = word.to_string_lossy();
        if text == "--" {
            self.separator = Some(self.operands.len());
            self.operands.extend(words);
            return Ok(None);
        }
        if text.starts_with("--") {
            return self.long(&word, words);
        }
        if text.starts_with('-') && text.len() > 1 {
            return self.shorts(&word, words);
        }
        if self.asks_for_help(&word) {
            let verb = words.next().map(|word| self.find_verb(&word));
            return Ok(Some(Request::Help(verb.transpose()?)));
        }
        self.operand(word, words)?;
        Ok(None)
    }

    /// `TOOL help` and `TOOL help VERB`, as people know them of other tools with verbs.
    fn asks_for_help(&self, word: &OsStr) -> bool {
        let has_verbs = !self.spec.verbs.is_empty() && self.verb.is_none();
        has_verbs && word == "help" && self.spec.verb("help").is_none()
    }

    fn long(&mut self, word: &OsStr, words: &mut Words) -> Result<Option<Request>, Usage> {
        let (name, value) = split_at_equals(word);
        let name = name.strip_prefix("--").unwrap_or_default().to_owned();
        let Some(opt) = self.options().find(|opt| opt.is_called(&name)) else {
            return Err(self.unknown_long(&name));
        };
        let value = match (opt.value, value) {
            (None, None) => None,
            (None, Some(_)) => return Err(Usage::new(format!("--{name} takes no value"))),
            (Some(_), Some(value)) => Some(value),
            (Some(_), None) => Some(self.next_value(opt, &format!("--{name}"), words)?),
        };
        self.give(opt, value)
    }

    /// `-q`, `-qv`, `-r REGION`, `-rREGION`, `-qr REGION`.
    fn shorts(&mut self, word: &OsStr, words: &mut Words) -> Result<Option<Request>, Usage> {
        let Some(text) = word.to_str() else {
            let shown = word.to_string_lossy().escape_debug().to_string();
            return Err(Usage::new(format!("unknown option '{shown}'")));
        };
        for (at, letter) in text.char_indices().skip(1) {
            let Some(opt) = self.options().find(|opt| opt.short == Some(letter)) else {
                return Err(self.unknown_short(text, letter));
            };
            let rest = &text[at + letter.len_utf8()..];
            if opt.value.is_none() {
                if rest.starts_with('=') {
                    return Err(Usage::new(format!("-{letter} takes no value")));
                }
                if let Some(request) = self.give(opt, None)? {
                    return Ok(Some(request));
                }
                continue;
            }
            let value = match rest {
                "" => self.next_value(opt, &format!("-{letter}"), words)?,
                // `-n=web` may mean either the name `web` or the name `=web`: ask.
                _ if rest.starts_with('=') => {
                    return Err(Usage::new(format!(
                        "'{}': write -{letter} VALUE or --{}=VALUE",
                        text.escape_debug(),
                        opt.long
                    )));
                }
                _ => OsString::from(rest),
            };
            return self.give(opt, Some(value));
        }
        Ok(None)
    }

    /// The word after an option that needs a value. A word that is itself an option of this tool
    /// is a forgotten value far more often than a value; `--option=--word` says that it is one.
    fn next_value(&self, opt: &Opt, typed: &str, words: &mut Words) -> Result<OsString, Usage> {
        let name = opt.value.map_or("value", |value| value.name);
        let Some(next) = words.peek() else {
            return Err(Usage::new(format!("{typed} needs a value: {typed} {name}")));
        };
        if self.is_option(next) {
            return Err(Usage::new(format!(
                "{typed} needs a value, and '{}' is an option (to mean it: --{}={0})",
                next.to_string_lossy().escape_debug(),
                opt.long
            )));
        }
        Ok(words.next().unwrap_or_default())
    }

    fn is_option(&self, word: &OsStr) -> bool {
        let (name, _) = split_at_equals(word);
        if name == "--" {
            return true;
        }
        if let Some(long) = name.strip_prefix("--") {
            return self.options().any(|opt| opt.is_called(long));
        }
        let mut letters = name.chars();
        letters.next() == Some('-')
            && letters
                .next()
                .is_some_and(|letter| self.options().any(|opt| opt.short == Some(letter)))
            && letters.next().is_none()
    }

    fn operand(&mut self, word: OsString, words: &mut Words) -> Result<(), Usage> {
        if !self.spec.verbs.is_empty() && self.verb.is_none() {
            self.verb = Some(self.find_verb(&word)?);
            return Ok(());
        }
        if word == "-" && self.dash() == Dash::Refused {
            return Err(Usage::new("'-' is not read here"));
        }
        self.operands.push(word);
        if self.spec.options_end_at_operand {
            // A dispatcher leaves everything after the name to the tool of that name.
            let is_separated = words.peek().is_some_and(|next| next == "--");
            if is_separated && !self.spec.is_dispatcher {
                self.separator = Some(self.operands.len());
                words.next();
            }
            self.operands.extend(words);
        }
        Ok(())
    }

    fn find_verb(&self, word: &OsStr) -> Result<&'static Verb, Usage> {
        let typed = word.to_string_lossy();
        self.spec.verb(&typed).ok_or_else(|| {
            let names = self.spec.verbs.iter().map(|verb| verb.name);
            let guess = nearest(&typed, names)
                .map(|name| format!(", did you mean '{name}'?"))
                .unwrap_or_default();
            Usage::new(format!("unknown verb '{}'{guess}", typed.escape_debug()))
        })
    }

    fn dash(&self) -> Dash {
        self.verb
            .map_or(self.spec.operands.dash, |verb| verb.operands.dash)
    }

    fn give(
        &mut self,
        opt: &'static Opt,
        value: Option<OsString>,
    ) -> Result<Option<Request>, Usage> {
        match opt.long {
            "help" => return Ok(Some(Request::Help(self.verb))),
            "version" => return Ok(Some(Request::Version)),
            _ => {}
        }
        let again = self.given.iter().any(|given| given.opt == opt);
        // A flag given twice says the same thing twice; two values contradict each other.
        if again && opt.value.is_some() && !opt.repeatable {
            return Err(Usage::new(format!("--{} is given twice", opt.long)));
        }
        self.given.push(Given { opt, value });
        Ok(None)
    }

    fn finish(self) -> Result<Args, Usage> {
        if !self.spec.verbs.is_empty() && self.verb.is_none() {
            let names: Vec<_> = self.spec.verbs.iter().map(|verb| verb.name).collect();
            return Err(Usage::new(format!(
                "say what to do: one of {}",
                names.join(", ")
            )));
        }
        for given in &self.given {
            for other in given.opt.conflicts {
                if self.given.iter().any(|given| given.opt.long == *other) {
                    return Err(Usage::new(format!(
                        "--{} and --{other} cannot stand together",
                        given.opt.long
                    )));
                }
            }
        }
        Ok(Args {
            spec: self.spec,
            verb: self.verb,
            given: self.given,
            operands: self.operands,
            separator: self.separator,
            read: RefCell::new(BTreeSet::new()),
        })
    }

    fn options(&self) -> impl Iterator<Item = &'static Opt> + use<> {
        let verbs = self.verb.into_iter().flat_map(Verb::options);
        self.spec.options().chain(verbs)
    }

    fn unknown_long(&self, name: &str) -> Usage {
        let names = self
            .options()
            .flat_map(|opt| std::iter::once(opt.long).chain(opt.aliases.iter().copied()));
        let guess = nearest(name, names)
            .map(|long| format!(", did you mean '--{long}'?"))
            .unwrap_or_default();
        Usage::new(format!("unknown option '--{}'{guess}", name.escape_debug()))
    }

    fn unknown_short(&self, text: &str, letter: char) -> Usage {
        // `-name` is a long option with a dash missing more often than -n with the value `ame`.
        let whole = &text[1..];
        let guess = nearest(whole, self.options().map(|opt| opt.long))
            .filter(|_| whole.len() > 2)
            .map(|long| format!(", did you mean '--{long}'?"))
            .unwrap_or_default();
        Usage::new(format!(
            "unknown option '-{}'{guess}",
            letter.escape_debug()
        ))
    }
}

/// `--name=value` in its two parts; the value need not be text.
fn split_at_equals(word: &OsStr) -> (String, Option<OsString>) {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let bytes = word.as_bytes();
    match bytes.iter().position(|byte| *byte == b'=') {
        Some(at) => (
            String::from_utf8_lossy(&bytes[..at]).into_owned(),
            Some(OsString::from_vec(bytes[at + 1..].to_vec())),
        ),
        None => (word.to_string_lossy().into_owned(), None),
    }
}

#[cfg(test)]
mod tests;
