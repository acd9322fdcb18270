//! The classic credential file, named by `AWS_CREDENTIAL_FILE`.
//!
//! It holds `aws_access_key_id=`, `aws_secret_access_key=` and, if wished, `region=` lines; or the
//! older tools' `AWSAccessKeyId=` and `AWSSecretKey=`.

use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use aws_credential_types::Credentials;

use super::keys::is_plain;
use crate::error::Error;
use crate::escape::shell_word;
use crate::region::{NotARegion, Region};

/// What the file says.
#[derive(Clone)]
pub(super) struct File {
    key_id: String,
    secret: String,
    pub(super) region: Option<Region>,
}

/// The secret must not reach a log by way of `{:?}`.
impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File")
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

impl File {
    /// The file that the environment names, if it names one.
    pub(super) fn from_environment() -> Result<Option<Self>, Error> {
        match std::env::var_os("AWS_CREDENTIAL_FILE") {
            Some(path) if !path.is_empty() => Self::load(Path::new(&path)).map(Some),
            _ => Ok(None),
        }
    }

    pub(super) fn keys(&self) -> Credentials {
        Credentials::new(&self.key_id, &self.secret, None, None, "ClassicFile")
    }

    fn load(path: &Path) -> Result<Self, Error> {
        let shown = path.display().to_string();
        let wrong =
            |why: String| Error::usage(format!("{shown}: {why} (named by AWS_CREDENTIAL_FILE)"));
        // Opening what is no file, a pipe say, may take for ever.
        if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(wrong("it is no regular file".to_owned()));
        }
        // The open file is asked, not the path, which could be another file a moment later.
        let file =
            fs::File::open(path).map_err(|error| wrong(format!("cannot read it: {error}")))?;
        let metadata = file
            .metadata()
            .map_err(|error| wrong(format!("cannot read it: {error}")))?;
        if !metadata.is_file() {
            return Err(wrong("it is no regular file".to_owned()));
        }
        if metadata.mode() & 0o077 != 0 {
            let command = format!("chmod 600 {}", shell_word(&shown));
            return Err(
                wrong("others can read the keys in it".to_owned()).hint(format!("run: {command}"))
            );
        }
        let text = std::io::read_to_string(file)
            .map_err(|error| wrong(format!("cannot read it: {error}")))?;
        parse(&text).map_err(wrong)
    }
}

/// Errors name lines and keys, never values: a value may be the secret.
fn parse(text: &str) -> Result<File, String> {
    let (mut key_id, mut secret, mut region) = (None, None, None);
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let number = number + 1;
        let (key, value) = line
            .split_once('=')
            .ok_or_else(|| format!("line {number} is no KEY=VALUE"))?;
        let value = value.trim().to_owned();
        let slot = match key.trim().to_ascii_lowercase().as_str() {
            "aws_access_key_id" | "awsaccesskeyid" => &mut key_id,
            "aws_secret_access_key" | "awssecretkey" => &mut secret,
            "region" => &mut region,
            _ => {
                return Err(format!(
                    "line {number} has another key than aws_access_key_id, aws_secret_access_key and region"
                ));
            }
        };
        if value.is_empty() {
            return Err(format!("line {number} has no value"));
        }
        if !is_plain(&value) {
            return Err(format!(
                "line {number} holds a blank or a control character"
            ));
        }
        *slot = Some(value);
    }
    let region = region
        .map(|region| region.parse())
        .transpose()
        .map_err(|why: NotARegion| why.to_string())?;
    Ok(File {
        key_id: key_id.ok_or("it has no aws_access_key_id")?,
        secret: secret.ok_or("it has no aws_secret_access_key")?,
        region,
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn both_spellings() {
        for text in [
            "aws_access_key_id=AKIA1\naws_secret_access_key=s/e+c=\nregion=us-west-1\n",
            "# old\nAWSAccessKeyId=AKIA1\nAWSSecretKey = s/e+c=\n\nregion=us-west-1",
        ] {
            let file = parse(text).expect(text);
            assert_eq!((&*file.key_id, &*file.secret), ("AKIA1", "s/e+c="));
            assert_eq!(file.region.expect("region").as_str(), "us-west-1");
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_the_secret() {
        for text in [
            "aws_secret_access_key=SECRET",
            "aws_access_key_id=AKIA1\nSECRET",
            "aws_access_key_id=AKIA1\naws_secret_access_kye=SECRET",
            "aws_access_key_id=\naws_secret_access_key=SECRET",
        ] {
            let error = parse(text).map(|_| ()).expect_err(text);
            assert!(!error.contains("SECRET"), "{error}");
        }
    }

    #[test]
    fn debugging_shows_no_secret() {
        let file = parse("aws_access_key_id=AKIA1\naws_secret_access_key=SECRET").expect("good");
        assert!(!format!("{file:?} {:?}", file.keys()).contains("SECRET"));
    }
}
