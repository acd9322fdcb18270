//! The one bundle that a verb is about: its operand, or what another program has printed.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::{Path, PathBuf};

use ami_core::error::{Error, Kind};
use ami_core::escape::escape;
use ami_core::id::Kind as IdKind;
use ami_core::reference::Reference;
use ami_core::s3::Place;
use ami_registration::manifest_place;

use crate::at::{At, ENDING};

/// What addresses begin with.
const SCHEME: &str = "s3://";
/// Bytes of standard input that are read at most: what holds one address is no longer.
const MOST: u64 = 1 << 20;

/// What a verb reads besides addresses in S3.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reads {
    /// The paths of manifests.
    pub(crate) files: bool,
    /// Images that are made of bundles.
    pub(crate) images: bool,
    /// What else to do with a file, where files are not read.
    pub(crate) instead: Option<&'static str>,
}

/// What was named.
#[derive(Debug, Clone)]
pub(crate) enum Named {
    /// A bundle, by its manifest.
    Bundle(At),
    /// An image.
    Image(Reference),
}

/// The only operand.
#[derive(Debug)]
pub(crate) enum Operand {
    /// It says which.
    Named(Named),
    /// Standard input does.
    Input(Reads),
}

impl Operand {
    /// Reads the operand.
    pub(crate) fn read(operands: &[OsString], reads: Reads) -> Result<Self, Error> {
        match operands {
            [word] if word == "-" => Ok(Self::Input(reads)),
            [word] => reads.parse(word).map(Self::Named),
            [] => Err(Error::usage(format!(
                "name one bundle by its manifest, {}, or '-' to read that from standard input",
                reads.forms()
            ))),
            all => Err(Error::usage(format!(
                "one bundle is read, and {} are named",
                all.len()
            ))),
        }
    }

    /// What is named, as soon as it is known.
    pub(crate) async fn named(self) -> Result<Named, Error> {
        match self {
            Self::Named(named) => Ok(named),
            Self::Input(reads) => reads.found_in(&read_stdin().await?),
        }
    }

    /// The same, where only bundles are read.
    pub(crate) async fn at(self) -> Result<At, Error> {
        match self.named().await? {
            Named::Bundle(at) => Ok(at),
            Named::Image(image) => Err(Error::usage(format!("{} is no bundle", image.id))),
        }
    }

    /// The same, where only bundles in S3 are read.
    pub(crate) async fn place(self) -> Result<Place, Error> {
        match self.at().await? {
            At::S3(place) => Ok(place),
            At::File(path) => {
                let what = format!("'{}' is not in S3", escape(&path.display().to_string()));
                Err(Error::usage(what))
            }
        }
    }
}

impl Reads {
    fn forms(self) -> String {
        let mut forms = vec!["s3://BUCKET/PREFIX/NAME.manifest.xml"];
        if self.files {
            forms.insert(0, "a file");
        }
        if self.images {
            forms.push("or one image that was made of one");
        }
        forms.join(", ")
    }

    fn parse(self, word: &OsStr) -> Result<Named, Error> {
        let text = word.to_string_lossy();
        if text.is_empty() {
            return Err(Error::usage("MANIFEST is empty"));
        }
        if text.starts_with(SCHEME) {
            return place(&text);
        }
        if self.images && is_like_image(&text) {
            let image = Reference::parse(&text, &[IdKind::Image]);
            return image.map(Named::Image).map_err(Error::usage);
        }
        let path = Path::new(word);
        match as_location(path) {
            Some(there) if self.files => {
                let shown = escape(&text);
                let error = Error::new(Kind::Usage, format!("there is no file '{shown}'"));
                Err(error.hint(format!("did you mean {there}?")))
            }
            Some(there) => Ok(Named::Bundle(At::S3(there))),
            None if self.files => Ok(Named::Bundle(At::File(PathBuf::from(word)))),
            None => Err(self.refuse(&text)),
        }
    }

    fn refuse(self, text: &str) -> Error {
        let shown = escape(text);
        let error = match self.images {
            true => {
                format!("'{shown}' is neither s3://BUCKET/PREFIX/NAME.manifest.xml nor an image")
            }
            false => format!("'{shown}' is no s3://BUCKET/PREFIX/NAME.manifest.xml"),
        };
        let error = Error::usage(error);
        match self.instead {
            Some(instead) => error.hint(instead),
            None => error,
        }
    }

    /// The only bundle that a text names.
    fn found_in(self, text: &str) -> Result<Named, Error> {
        let wrong = |what: String| Error::new(Kind::Usage, what);
        let mut found = text.lines().filter_map(|line| self.word_of(line));
        let Some(word) = found.next() else {
            let forms = self.forms();
            let what = format!("standard input held no address of a manifest, {forms}");
            return Err(wrong(what));
        };
        if let Some(second) = found.find(|other| *other != word) {
            return Err(wrong(format!(
                "standard input names '{}' and '{}', and one bundle is read at a time",
                escape(&word),
                escape(&second)
            )));
        }
        self.parse(OsStr::new(&word))
            .map_err(|error| wrong(format!("standard input: {error}")))
    }

    /// The reference on a line: all of it, a field of an object, or the first word that is one. Keys
    /// and paths may hold blanks, so the whole is tried first.
    fn word_of(self, line: &str) -> Option<String> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        if line.starts_with(SCHEME) && manifest_place(line).is_ok() {
            return Some(line.to_owned());
        }
        if line.starts_with('{')
            && let Ok(object) = serde_json::from_str::<serde_json::Value>(line)
        {
            let fields = ["image", "manifest"].into_iter();
            let mut texts = fields.filter_map(|field| object[field].as_str());
            return texts.find(|text| self.is_like(text)).map(str::to_owned);
        }
        if self.is_like(line) && Path::new(line).is_file() {
            return Some(line.to_owned());
        }
        let mut words = line.split_whitespace();
        words.find(|word| self.is_like(word)).map(str::to_owned)
    }

    fn is_like(self, word: &str) -> bool {
        word.starts_with(SCHEME)
            || (self.images && is_like_image(word))
            || (self.files && is_like_manifest(word))
            || as_location(Path::new(word)).is_some()
    }
}

fn is_like_image(word: &str) -> bool {
    word.starts_with("ami-") || word.starts_with("arn:")
}

fn is_like_manifest(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or_default();
    name.len() > ENDING.len() && name.ends_with(ENDING)
}

fn place(text: &str) -> Result<Named, Error> {
    let place = manifest_place(text).map_err(Error::usage)?;
    Ok(Named::Bundle(At::S3(place)))
}

/// The place that `BUCKET/KEY` names, as AWS writes where an image lies, if that is no path here: there
/// is neither such a file nor its first directory.
fn as_location(path: &Path) -> Option<Place> {
    let text = path.to_str()?;
    let (first, _) = text.split_once('/')?;
    if text.starts_with(['/', '.', '~']) || Path::new(first).exists() {
        return None;
    }
    manifest_place(&format!("{SCHEME}{text}")).ok()
}

/// A thread reads it: a blocking read cannot be given up when the tool is asked to stop, and the
/// runtime would wait for threads of its own.
async fn read_stdin() -> Result<String, Error> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut text = Vec::new();
        let stdin = std::io::stdin().lock();
        let read = stdin.take(MOST).read_to_end(&mut text);
        // Nobody may be listening any more, which is as good an end.
        let _ = sender.send(read.map(|_| text));
    });
    let lost = |_| Error::failed("standard input is lost");
    let read = receiver.await.map_err(lost)?;
    let text = read.map_err(|error| {
        let what = format!("cannot read standard input: {error}");
        Error::failed(what)
    })?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::{At, Named, Reads};

    const PLACE: &str = "s3://bucket/web/image.manifest.xml";

    fn found(reads: Reads, text: &str) -> Result<String, String> {
        match reads.found_in(text) {
            Ok(Named::Bundle(At::S3(place))) => Ok(place.to_string()),
            Ok(Named::Bundle(At::File(path))) => Ok(path.display().to_string()),
            Ok(Named::Image(image)) => Ok(image.id.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }

    const ALL: Reads = Reads {
        files: true,
        images: true,
        instead: None,
    };

    #[test]
    fn every_form_that_tools_print() {
        for text in [
            format!("{PLACE}\n"),
            format!("\n# made by hand\n  {PLACE}  \n"),
            format!("MANIFEST  NAME\n{PLACE}  image\n"),
            format!("MANIFEST\t{PLACE}\tself"),
            format!(r#"{{"image":null,"manifest":"{PLACE}"}}"#),
            format!("{PLACE}\n{PLACE}\n"),
            "bucket/web/image.manifest.xml\n".to_owned(),
        ] {
            let place = found(Reads::default(), &text).expect(&text);
            assert_eq!(place, PLACE, "{text}");
        }
        let blank = "s3://bucket/a b/image.manifest.xml";
        assert_eq!(found(ALL, blank).as_deref(), Ok(blank));
    }

    #[test]
    fn files_and_images_where_they_are_read() {
        let both = format!(r#"{{"image":"ami-12345678","manifest":"{PLACE}"}}"#);
        assert_eq!(found(ALL, &both).as_deref(), Ok("ami-12345678"));
        assert_eq!(found(Reads::default(), &both).as_deref(), Ok(PLACE));
        let file = "MANIFEST  SIZE\n/tmp/web.manifest.xml  1\n";
        assert_eq!(found(ALL, file).as_deref(), Ok("/tmp/web.manifest.xml"));
        let table = format!("IMAGE_ID  MANIFEST\nami-12345678  {PLACE}\n");
        assert_eq!(found(ALL, &table).as_deref(), Ok("ami-12345678"));
        assert_eq!(found(Reads::default(), &table).as_deref(), Ok(PLACE));
    }

    #[test]
    fn what_holds_no_address_or_two() {
        for (text, why) in [
            ("", "held no address"),
            ("# s3://bucket/image.manifest.xml", "held no address"),
            ("/tmp/image.manifest.xml", "held no address"),
            (
                r#"{"manifest":"/tmp/image.manifest.xml"}"#,
                "held no address",
            ),
            ("s3://bucket/image.tar", "named by its manifest"),
            (
                "s3://bucket/a.manifest.xml\ns3://bucket/b.manifest.xml",
                "one bundle is read at a time",
            ),
        ] {
            let error = found(Reads::default(), text).expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
