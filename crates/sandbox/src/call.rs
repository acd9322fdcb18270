//! `ami-sandbox call`: one call of EC2 from the command line.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};

use ami_sandbox::{CallError, Client};

/// What is to be called, and by whom.
#[derive(Debug)]
pub struct Call {
    client: Client,
    action: String,
    params: Vec<(String, String)>,
}

impl Call {
    /// Reads the words after `call`, and the environment.
    pub fn parse(words: &[OsString]) -> Result<Self, String> {
        let (region, action, params) = split(words)?;
        let endpoint = variable("AWS_ENDPOINT_URL")?;
        let mut client = Client::on_loopback(&endpoint).ok_or_else(|| {
            format!(
                "AWS_ENDPOINT_URL: '{endpoint}' is not plain HTTP to 127.0.0.0/8, ::1 or localhost"
            )
        })?;
        client.access_key = variable("AWS_ACCESS_KEY_ID")?;
        client.secret_key = variable("AWS_SECRET_ACCESS_KEY")?;
        let region = region.map_or_else(|| variable("AWS_REGION"), Ok);
        client.region = region.or_else(|_| variable("AWS_DEFAULT_REGION"))?;
        Ok(Call {
            client,
            action,
            params,
        })
    }

    /// Makes the call and prints the answer.
    pub fn run(&self) -> Result<(), CallError> {
        let answer = self.client.call(&self.action, &self.params)?;
        writeln!(io::stdout().lock(), "{answer}").map_err(CallError::Broken)
    }
}

/// A region, when there is one, an action, and its parameters.
type Words = (Option<String>, String, Vec<(String, String)>);

fn split(words: &[OsString]) -> Result<Words, String> {
    let mut words = words.iter().map(|word| {
        let text = word.to_str().map(str::to_owned);
        text.ok_or_else(|| format!("'{}' is not text", word.display()))
    });
    let (mut region, mut action) = (None, words.next().transpose()?);
    if let Some(option) = action
        .as_deref()
        .filter(|word| word.starts_with("--region"))
    {
        let given = match option.strip_prefix("--region=") {
            Some(value) => Some(value.to_owned()),
            None if option == "--region" => words.next().transpose()?,
            None => return Err(format!("unexpected '{option}'")),
        };
        let value = given.filter(|value| !value.is_empty() && !value.starts_with('-'));
        region = Some(value.ok_or("--region needs a value")?);
        action = words.next().transpose()?;
    }
    let action = action.ok_or("call needs an action")?;
    if action.starts_with('-') || action.contains('=') {
        return Err(format!("unexpected '{action}' in place of an action"));
    }
    let params = words.map(|word| pair(&word?)).collect::<Result<_, _>>()?;
    Ok((region, action, params))
}

fn pair(word: &str) -> Result<(String, String), String> {
    let pair = word.split_once('=').filter(|(key, _)| !key.is_empty());
    let (key, value) = pair.ok_or_else(|| format!("'{word}' is not KEY=VALUE"))?;
    Ok((key.to_owned(), value.to_owned()))
}

/// A variable that is set to something.
fn variable(name: &str) -> Result<String, String> {
    let value = env::var(name).ok().filter(|value| !value.is_empty());
    value.ok_or_else(|| format!("{name} is not set"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> Result<Words, String> {
        let words: Vec<OsString> = words.split_whitespace().map(OsString::from).collect();
        split(&words)
    }

    #[test]
    fn words_are_a_region_an_action_and_parameters() {
        let params = vec![
            ("A.1".to_owned(), "b=c".to_owned()),
            ("D".to_owned(), String::new()),
        ];
        for (region, words) in [
            (None, "Do A.1=b=c D="),
            (Some("eu-west-1"), "--region eu-west-1 Do A.1=b=c D="),
            (Some("eu-west-1"), "--region=eu-west-1 Do A.1=b=c D="),
        ] {
            let expected = (region.map(str::to_owned), "Do".to_owned(), params.clone());
            assert_eq!(read(words), Ok(expected));
        }
    }

    #[test]
    fn other_words_are_refused() {
        for words in [
            "",
            "--region",
            "--region eu-west-1",
            "--region= Do",
            "--region --verbose Do",
            "--regions eu-west-1 Do",
            "--verbose Do",
            "A=b",
            "Do A",
            "Do =b",
            "Do --region",
        ] {
            assert!(read(words).is_err(), "{words}");
        }
    }
}
