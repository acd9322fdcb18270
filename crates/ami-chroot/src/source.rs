//! What a build begins with, told by its shape.

use std::ffi::OsString;
use std::path::PathBuf;

use ami_cli::args::Args;
use ami_core::error::Error;
use ami_core::escape::escape;
use ami_core::id::Kind;
use ami_core::reference::Reference;
use ami_core::tag::{self, Tag};

/// What a base has been tagged with since amidala.
pub(crate) fn base_tag() -> Tag {
    Tag::new("amidala", "base")
}

/// What a build begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A disk, or a file system, in a file or block device.
    File(PathBuf),
    /// A snapshot, volume or image.
    Reference(Reference),
    /// The newest snapshot with this tag.
    Tagged(Tag),
    /// The newest image of that name.
    Named { pattern: String, owner: String },
}

/// A source, and the command that was typed behind it.
pub(crate) struct Typed {
    pub(crate) source: Source,
    pub(crate) command: Vec<OsString>,
}

impl Typed {
    pub(crate) fn read(args: &Args) -> Result<Self, Error> {
        let selected = selected(args)?;
        let mut words = args.operands().to_vec();
        let has_separator_first = args.separator() == Some(0);
        let source = match selected {
            Some(source) => {
                let first = words.first().and_then(|word| word.to_str());
                if !has_separator_first && first.is_some_and(is_reference) {
                    return Err(two_sources(args, first.unwrap_or_default()));
                }
                // A separator behind the command's first word is the command's own.
                if args.separator() == Some(1) {
                    words.insert(1, "--".into());
                }
                source
            }
            None if has_separator_first => Source::Tagged(base_tag()),
            None if words.is_empty() => {
                return Err(Error::usage("name a SOURCE and a COMMAND"));
            }
            None => Source::parse(words.remove(0))?,
        };
        if words.first().is_none_or(|word| word.is_empty()) {
            return Err(no_command(&source));
        }
        Ok(Self {
            source,
            command: words,
        })
    }
}

/// What a source may be that EC2 knows.
const KINDS: [Kind; 3] = [Kind::Snapshot, Kind::Volume, Kind::Image];

fn is_reference(word: &str) -> bool {
    Reference::parse(word, &KINDS).is_ok()
}

/// No command is called so, most likely, and its volume would be made before that is found.
fn two_sources(args: &Args, word: &str) -> Error {
    let option = match args.flag("from-tag") {
        true => "from-tag",
        false => "from-name",
    };
    let what = format!(
        "'{}' is no command, and there is no SOURCE with --{option}",
        escape(word)
    );
    Error::usage(what).hint("for a command of that name write -- before it")
}

impl Source {
    fn parse(word: OsString) -> Result<Self, Error> {
        let Some(text) = word.to_str() else {
            return Ok(Self::File(word.into()));
        };
        let begins_like_one = KINDS.iter().any(|kind| {
            let rest = text.strip_prefix(kind.prefix());
            rest.is_some_and(|rest| rest.starts_with('-'))
        });
        let is_path = text.contains('/') && !text.starts_with("arn:");
        if is_path || !(begins_like_one || text.starts_with("arn:")) {
            return Ok(Self::File(word.into()));
        }
        let reference = Reference::parse(text, &KINDS);
        reference.map(Self::Reference).map_err(|why| {
            Error::usage(why).hint(format!("for a file of that name write ./{}", escape(text)))
        })
    }
}

fn selected(args: &Args) -> Result<Option<Source>, Error> {
    let tag = args.value("from-tag", tag::parse)?;
    let pattern = args.value("from-name", pattern)?;
    let owner = args.value("owner", owner)?;
    match (tag, pattern, owner) {
        (_, None, Some(_)) => Err(Error::usage("--owner is for --from-name")),
        (Some(tag), _, _) => Ok(Some(Source::Tagged(tag))),
        (None, Some(pattern), owner) => Ok(Some(Source::Named {
            pattern,
            owner: owner.unwrap_or_else(|| "self".to_owned()),
        })),
        (None, None, None) => Ok(None),
    }
}

fn pattern(text: &str) -> Result<String, &'static str> {
    match text {
        "" => Err("an image has a name"),
        _ => Ok(text.to_owned()),
    }
}

fn owner(text: &str) -> Result<String, String> {
    let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_account || ["self", "amazon", "aws-marketplace"].contains(&text) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "'{}' is no account of 12 digits, and not self, amazon or aws-marketplace",
        escape(text)
    ))
}

fn no_command(source: &Source) -> Error {
    let error = Error::usage("name the COMMAND to be run in the build");
    match source {
        Source::File(path) => error.hint(format!(
            "to run '{}' in the newest base: ami-chroot -- COMMAND",
            escape(&path.to_string_lossy())
        )),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use ami_cli::args::Args;
    use ami_cli::parse::{Request, parse};

    use super::{Source, Typed, base_tag};

    fn args(words: &[&str]) -> Args {
        let words = words.iter().map(Into::into).collect();
        match parse(&crate::spec::SPEC, words) {
            Ok(Request::Run(args)) => args,
            other => panic!("{other:?}"),
        }
    }

    fn read(words: &[&str]) -> (Source, Vec<String>) {
        let typed = Typed::read(&args(words)).expect("a source");
        let command = typed.command.iter();
        let command = command.map(|word| word.to_string_lossy().into_owned());
        (typed.source, command.collect())
    }

    #[test]
    fn sources_are_told_by_their_shape() {
        for word in [
            "snap-12345678",
            "vol-12345678@us-east-1",
            "ami-0123456789abcdef0",
            "arn:aws:ec2:us-east-1::image/ami-12345678",
        ] {
            let (source, command) = read(&[word, "make", "-j", "2"]);
            assert!(matches!(source, Source::Reference(_)), "{word}");
            assert_eq!(command, ["make", "-j", "2"]);
        }
        for word in [
            "./snap-12345678",
            "disk.raw",
            "/dev/sdb",
            "amidala",
            "vol/x",
        ] {
            assert_eq!(read(&[word, "x"]).0, Source::File(word.into()), "{word}");
        }
        for word in ["snap-1234", "i-12345678", "arn:aws:s3:::x"] {
            let read = Typed::read(&args(&[word, "x"]));
            let is_file = matches!(&read, Ok(typed) if typed.source == Source::File(word.into()));
            assert_eq!(is_file, word.starts_with("i-"), "{word}");
        }
    }

    #[test]
    fn commands_keep_their_words() {
        let base = Source::Tagged(base_tag());
        assert_eq!(read(&["--", "make", "--", "x"]).0, base);
        assert_eq!(read(&["--", "make", "--", "x"]).1, ["make", "--", "x"]);
        assert_eq!(read(&["disk", "--", "make", "-v"]).1, ["make", "-v"]);
        assert_eq!(read(&["disk", "make", "--", "-v"]).1, ["make", "--", "-v"]);
        let tagged = ["--from-tag", "a=b"];
        let with = |words: &[&str]| read(&[&tagged, words].concat()).1;
        assert_eq!(with(&["--", "make"]), ["make"]);
        assert_eq!(with(&["make", "--", "x"]), ["make", "--", "x"]);
        assert_eq!(with(&["make", "x"]), ["make", "x"]);
        assert_eq!(with(&["--", "snap-12345678"]), ["snap-12345678"]);
    }

    #[test]
    fn nothing_is_guessed() {
        for words in [
            &[][..],
            &["--from-tag", "a=b", "snap-12345678", "true"],
            &["--from-name", "a*", "ami-12345678", "true"],
            &["disk"],
            &["--"],
            &["--from-tag", "a=b"],
            &["--owner", "self", "snap-12345678", "x"],
        ] {
            assert!(Typed::read(&args(words)).is_err(), "{words:?}");
        }
    }
}
