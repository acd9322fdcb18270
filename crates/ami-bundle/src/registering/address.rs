//! The address of a manifest: the operand, or what another program has printed.

use std::ffi::OsString;
use std::io::Read;

use ami_core::error::{Error, Kind};
use ami_core::escape::escape;
use ami_core::s3::Place;
use ami_registration::manifest_place;

/// What addresses begin with.
const SCHEME: &str = "s3://";
/// Bytes of standard input that are read at most: what holds one address is no longer.
const MOST: u64 = 1 << 20;

/// The only operand.
#[derive(Debug)]
pub(super) enum Operand {
    /// The manifest's place.
    Place(Place),
    /// Standard input tells it.
    Input,
}

impl Operand {
    /// Reads the operand.
    pub(super) fn read(operands: &[OsString]) -> Result<Self, Error> {
        match operands {
            [word] if word == "-" => Ok(Self::Input),
            [word] => {
                let place = manifest_place(&word.to_string_lossy());
                place.map(Self::Place).map_err(Error::usage)
            }
            [] => Err(Error::usage(
                "name the manifest of a bundle in S3, or '-' to read its address from standard input",
            )),
            all => Err(Error::usage(format!(
                "one MANIFEST is read, and {} are named",
                all.len()
            ))),
        }
    }

    /// The place, as soon as it is known.
    pub(super) async fn place(self) -> Result<Place, Error> {
        match self {
            Self::Place(place) => Ok(place),
            Self::Input => found_in(&read_stdin().await?),
        }
    }
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

/// The only address in that text.
fn found_in(text: &str) -> Result<Place, Error> {
    let wrong = |what: String| Error::new(Kind::Usage, what);
    let mut found = text.lines().filter_map(address);
    let Some(word) = found.next() else {
        return Err(wrong(format!(
            "standard input held no address of a manifest in S3, {SCHEME}BUCKET/PREFIX/NAME.manifest.xml"
        )));
    };
    if let Some(second) = found.find(|other| *other != word) {
        return Err(wrong(format!(
            "standard input names '{}' and '{}', and one bundle is registered at a time",
            escape(&word),
            escape(&second)
        )));
    }
    manifest_place(&word).map_err(|why| wrong(format!("standard input: {why}")))
}

/// The address that a line holds: all of it, a field of an object, or the first word that is one. Keys
/// may hold blanks, so the whole is tried first.
fn address(line: &str) -> Option<String> {
    let line = line.trim();
    if line.starts_with('#') {
        return None;
    }
    if line.starts_with(SCHEME) && manifest_place(line).is_ok() {
        return Some(line.to_owned());
    }
    if line.starts_with('{')
        && let Ok(object) = serde_json::from_str::<serde_json::Value>(line)
    {
        let manifest = object["manifest"].as_str();
        return manifest
            .filter(|text| text.starts_with(SCHEME))
            .map(str::to_owned);
    }
    let mut words = line.split_whitespace();
    words
        .find(|word| word.starts_with(SCHEME))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::found_in;

    const PLACE: &str = "s3://bucket/web/image.manifest.xml";

    #[test]
    fn every_form_that_tools_print() {
        for text in [
            format!("{PLACE}\n"),
            format!("\n# made by hand\n  {PLACE}  \n"),
            format!("MANIFEST  NAME\n{PLACE}  image\n"),
            format!("MANIFEST\t{PLACE}\tself"),
            format!(r#"{{"image":null,"manifest":"{PLACE}"}}"#),
            format!("{PLACE}\n{PLACE}\n"),
        ] {
            let place = found_in(&text).expect(&text);
            assert_eq!(place.to_string(), PLACE, "{text}");
        }
        let blank = "s3://bucket/a b/image.manifest.xml";
        assert_eq!(found_in(blank).expect("a place").to_string(), blank);
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
                "one bundle is registered at a time",
            ),
        ] {
            let error = found_in(text).expect_err(text).to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
