//! The settings file: ami-crate's settings by the same words, as options.

use std::ffi::OsString;
use std::path::PathBuf;

use ami_cli::parse::{Request, parse};
use ami_core::error::{Error, Kind};
use ami_core::escape::escape;
use serde::Deserialize;

use crate::spec::SPEC;

/// The verb that has such a file.
const VERB: &str = "node";

/// What the file says.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Settings {
    image_name: Option<String>,
    image_description: Option<String>,
    s3_bucket: Option<String>,
    s3_path: Option<String>,
    user_id: Option<String>,
    private_key_source: Option<Source>,
    certificate_source: Option<Source>,
    ec2_certificate_source: Option<Source>,
}

/// A file, by its path or as ami-crate has it: `{ local-file = "pk.pem" }`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Source {
    Path(String),
    Table(Local),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Local {
    local_file: String,
}

impl Source {
    fn path(self) -> String {
        match self {
            Self::Path(path) | Self::Table(Local { local_file: path }) => path,
        }
    }
}

/// The words of a command line, with options that a settings file says and nobody has typed.
///
/// # Errors
/// The file cannot be read, or says something else.
pub(crate) fn with_settings(mut words: Vec<OsString>) -> Result<Vec<OsString>, Error> {
    // What is wrong with the words, or asked for besides, is told by whoever reads them next.
    let Ok(Request::Run(args)) = parse(&SPEC, words.clone()) else {
        return Ok(words);
    };
    if args.verb() != Some(VERB) {
        return Ok(words);
    }
    let path = args.value("settings", |text| Ok::<_, String>(PathBuf::from(text)));
    let Some(path) = path? else {
        return Ok(words);
    };
    let wrong = |what: String| Error::new(Kind::Usage, what).of(path.display());
    let text = std::fs::read_to_string(&path)
        .map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let settings: Settings = toml::from_str(&text).map_err(|error| {
        let line = error.span().map(|span| {
            let before = text.get(..span.start).unwrap_or_default();
            format!("line {}: ", before.matches('\n').count() + 1)
        });
        let line = line.unwrap_or_default();
        wrong(format!("{line}{}", escape(error.message())))
    })?;
    // Behind all other options: a word before may be called as the verb is.
    let end = words.iter().position(|word| word == "--");
    let at = end.unwrap_or(words.len());
    let is_typed = |option: &str| args.flag(option);
    let options = settings.options().map_err(wrong)?;
    for (option, value) in options.into_iter().rev() {
        let other = ["name", "random-name-prefix"];
        let is_named = other.contains(&option) && other.iter().any(|other| is_typed(other));
        if !is_typed(option) && !is_named {
            words.insert(at, format!("--{option}={value}").into());
        }
    }
    Ok(words)
}

impl Settings {
    fn options(self) -> Result<Vec<(&'static str, String)>, String> {
        let to = match (self.s3_bucket, self.s3_path) {
            (Some(bucket), path) => {
                let path = path.unwrap_or_default();
                Some(format!("s3://{bucket}/{}", path.trim_matches('/')))
            }
            (None, Some(_)) => return Err("s3-path is said, and no s3-bucket".to_owned()),
            (None, None) => None,
        };
        // It was the name of the files and of the image; a file's has no slash.
        let prefix = self.image_name.as_ref().map(|name| name.replace('/', "-"));
        let all = [
            ("name", self.image_name),
            ("prefix", prefix),
            ("description", self.image_description),
            ("to", to),
            ("user", self.user_id),
            ("privatekey", self.private_key_source.map(Source::path)),
            ("cert", self.certificate_source.map(Source::path)),
            ("ec2cert", self.ec2_certificate_source.map(Source::path)),
        ];
        let said = all.into_iter();
        Ok(said
            .filter_map(|(option, value)| Some((option, value?)))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::with_settings;

    const FILE: &str = r#"
image-name = "web/1"
image-description = "A web server"
s3-bucket = "bucket"
s3-path = "images/web"
user-id = "1234-5678-9012"
private-key-source = { local-file = "pk.pem" }
certificate-source = "cert.pem"
"#;

    fn expanded(text: &str, words: &[&str]) -> Result<Vec<String>, String> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("written");
        let mut all: Vec<OsString> = words.iter().map(OsString::from).collect();
        let end = words.iter().position(|word| *word == "--");
        let end = end.unwrap_or(words.len());
        all.splice(end..end, ["--settings".into(), file.path().into()]);
        let words = with_settings(all).map_err(|error| error.to_string())?;
        let words = words.iter().map(|word| word.to_string_lossy().into_owned());
        let mut words: Vec<_> = words.collect();
        let at = words.iter().position(|word| word == "--settings");
        let at = at.expect("the option");
        words.drain(at..at + 2);
        Ok(words)
    }

    #[test]
    fn what_ami_crate_was_told() {
        let words = expanded(FILE, &["node", "web1"]).expect("settings");
        assert_eq!(
            words,
            [
                "node",
                "web1",
                "--name=web/1",
                "--prefix=web-1",
                "--description=A web server",
                "--to=s3://bucket/images/web",
                "--user=1234-5678-9012",
                "--privatekey=pk.pem",
                "--cert=cert.pem",
            ]
        );
    }

    #[test]
    fn what_is_typed_counts_more() {
        let words = expanded(FILE, &["node", "-N", "AMI", "-k", "other.pem", "web1"]);
        let words = words.expect("settings");
        assert!(!words.iter().any(|word| word.starts_with("--name=")));
        assert!(!words.iter().any(|word| word.starts_with("--privatekey=")));
        assert!(words.contains(&"--prefix=web-1".to_owned()));
    }

    #[test]
    fn a_profile_may_be_called_as_the_verb() {
        let words = expanded(
            "image-name = \"x\"",
            &["--profile", "node", "node", "--", "web1"],
        );
        let all = [
            "--profile",
            "node",
            "node",
            "--name=x",
            "--prefix=x",
            "--",
            "web1",
        ];
        assert_eq!(words.expect("settings"), all);
    }

    #[test]
    fn what_it_does_not_know_is_wrong() {
        for (text, why) in [
            ("image-nmae = \"x\"", "image-nmae"),
            ("\nimage-name = 3", "line 2"),
            ("s3-path = \"x\"", "no s3-bucket"),
            ("image-name", "line 1"),
        ] {
            let error = expanded(text, &["node", "web1"]).expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
