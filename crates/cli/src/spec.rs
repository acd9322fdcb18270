//! What a user may type, as data: a tool's options, operands, exit codes, fields and examples.

/// Everything that is said to users of one tool about how it is called.
#[derive(Debug)]
pub struct Spec {
    /// The program's name, `ami-waiton`.
    pub name: &'static str,
    /// What it does, in one lower-case line without a full stop: the NAME line of its manual.
    pub summary: &'static str,
    /// The manual's DESCRIPTION, a paragraph an entry. The first one also heads `--help`.
    pub description: &'static [&'static str],
    /// What may stand on the command line beside the options.
    pub operands: Operands,
    /// The options, in the groups in which help and manual show them.
    pub groups: &'static [&'static Group],
    /// Subcommands; a tool with verbs takes its operands after the verb.
    pub verbs: &'static [Verb],
    /// Options end at the first operand, because a command to run follows with its own options.
    pub options_end_at_operand: bool,
    /// It only starts other tools, and so has none of the common options that say what is done.
    pub is_dispatcher: bool,
    /// Further sections of the manual, between OPTIONS and EXIT STATUS.
    pub sections: &'static [Section],
    /// The fields of a `--json` line, in their order.
    pub json: &'static [Field],
    /// What this tool's exit codes mean where that says more than [`common::EXIT_CODES`] does.
    ///
    /// [`common::EXIT_CODES`]: crate::common::EXIT_CODES
    pub exit_codes: &'static [ExitCode],
    /// Example command lines with a sentence on each.
    pub examples: &'static [Example],
    /// Names of related tools.
    pub see_also: &'static [&'static str],
}

impl Spec {
    /// All options of the tool itself, group by group, without those of its verbs.
    pub fn options(&self) -> impl Iterator<Item = &'static Opt> {
        self.groups.iter().flat_map(|group| group.options.iter())
    }

    /// The verb of that name.
    pub fn verb(&self, name: &str) -> Option<&'static Verb> {
        self.verbs.iter().find(|verb| verb.name == name)
    }
}

/// A subcommand, `image` in `ami-bundle image`.
#[derive(Debug)]
pub struct Verb {
    /// The word that is typed.
    pub name: &'static str,
    /// What it does, in one lower-case line.
    pub summary: &'static str,
    /// What may stand after it.
    pub operands: Operands,
    /// Are its operands paths of files, or may be?
    pub takes_files: bool,
    /// Its own options, beside those of the tool.
    pub groups: &'static [&'static Group],
}

impl Verb {
    /// The options that only this verb has.
    pub fn options(&self) -> impl Iterator<Item = &'static Opt> {
        self.groups.iter().flat_map(|group| group.options.iter())
    }
}

/// The words beside the options.
#[derive(Debug)]
pub struct Operands {
    /// As it stands in a synopsis: `IMAGE...`. Empty when the tool takes none.
    pub usage: &'static str,
    /// What the single word `-` means.
    pub dash: Dash,
    /// Words that a completion can offer.
    pub words: &'static [&'static str],
}

/// What the operand `-` means to a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dash {
    /// Operands are read from standard input, one a line.
    Operands,
    /// Something else that the tool's manual explains: a disk, a tarball.
    Data,
    /// Nothing: the word is refused.
    Refused,
}

/// Options under one heading.
#[derive(Debug)]
pub struct Group {
    /// The heading, without a colon.
    pub title: &'static str,
    /// Its options.
    pub options: &'static [Opt],
}

/// One option.
#[derive(Debug, PartialEq)]
pub struct Opt {
    /// The long name without its dashes.
    pub long: &'static str,
    /// The one-letter name.
    pub short: Option<char>,
    /// Other long names that mean the same; they are parsed but not advertised in `--help`.
    pub aliases: &'static [&'static str],
    /// The value it takes, or `None` for a flag.
    pub value: Option<Value>,
    /// May a value be given more than once?
    pub repeatable: bool,
    /// Long names of options that it cannot stand beside.
    pub conflicts: &'static [&'static str],
    /// What it does: sentences, the first without a capital, no full stop at the end.
    pub help: &'static str,
}

/// The value of an option.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Value {
    /// As it stands in a synopsis: `REGION`.
    pub name: &'static str,
    /// What a completion can offer for it.
    pub complete: Complete,
}

/// What a completion can offer for a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Complete {
    /// Nothing.
    Nothing,
    /// Paths of files.
    File,
    /// These words.
    Words(&'static [&'static str]),
    /// Several of these words, with commas between them.
    List(&'static [&'static str]),
}

impl Opt {
    /// An option without a value.
    pub const fn flag(long: &'static str, help: &'static str) -> Self {
        Self {
            long,
            short: None,
            aliases: &[],
            value: None,
            repeatable: false,
            conflicts: &[],
            help,
        }
    }

    /// An option with a value called `name`.
    pub const fn value(long: &'static str, name: &'static str, help: &'static str) -> Self {
        let mut opt = Self::flag(long, help);
        opt.value = Some(Value {
            name,
            complete: Complete::Nothing,
        });
        opt
    }

    /// Adds a one-letter name.
    pub const fn short(mut self, short: char) -> Self {
        self.short = Some(short);
        self
    }

    /// Adds other long names.
    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// Lets the option be given several times.
    pub const fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// Names options that this one cannot stand beside.
    pub const fn conflicts(mut self, conflicts: &'static [&'static str]) -> Self {
        self.conflicts = conflicts;
        self
    }

    /// Says what a completion can offer for the value.
    pub const fn complete(mut self, complete: Complete) -> Self {
        if let Some(value) = self.value {
            self.value = Some(Value {
                name: value.name,
                complete,
            });
        }
        self
    }

    /// Is it called so, by its long name or an alias?
    pub fn is_called(&self, long: &str) -> bool {
        self.long == long || self.aliases.contains(&long)
    }
}

/// A section of prose in the manual.
#[derive(Debug)]
pub struct Section {
    /// The heading; manuals show it in capitals.
    pub title: &'static str,
    /// A paragraph an entry.
    pub paragraphs: &'static [&'static str],
}

/// One field of a `--json` line.
#[derive(Debug)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// Type and meaning.
    pub help: &'static str,
}

/// What one exit code means.
#[derive(Debug)]
pub struct ExitCode {
    /// The code, or the code's rule where it is no single number: `128+N`.
    pub code: &'static str,
    /// What it means.
    pub help: &'static str,
}

/// A command line and what it is for.
#[derive(Debug)]
pub struct Example {
    /// What one does with it.
    pub help: &'static str,
    /// The line, as typed.
    pub line: &'static str,
}
