//! The environment that a sandbox announces: `NAME=value` lines up to a line `READY`.

use std::ffi::OsStr;
use std::io;

/// Without these a command would reach AWS itself, or the greeting and the demo have nothing to
/// name.
const NEEDED: [&str; 5] = [
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "INSTANCE_1",
    "INSTANCE_2",
];

/// How the name of an image's variable begins.
const IMAGE: &str = "IMAGE_";

/// Variables with their values.
#[derive(Debug)]
pub struct Environment(Vec<(String, String)>);

impl Environment {
    /// Reads up to the line `READY`.
    pub fn read(lines: impl Iterator<Item = io::Result<String>>) -> Result<Self, String> {
        let mut variables = Vec::new();
        for line in lines {
            let line = line.map_err(|error| error.to_string())?;
            if line == "READY" {
                return Self(variables).complete();
            }
            let variable = line
                .split_once('=')
                .filter(|(name, _)| is_name(name))
                .ok_or_else(|| format!("unexpected line '{}'", line.escape_debug()))?;
            variables.push((variable.0.to_owned(), variable.1.to_owned()));
        }
        Err("ended before it was ready".to_owned())
    }

    fn complete(self) -> Result<Self, String> {
        let missing = |name: &&&str| self.get(name).is_empty();
        match NEEDED.iter().find(missing) {
            Some(name) => Err(format!("did not say {name}")),
            None => Ok(self),
        }
    }

    /// The value of a variable; empty when it was not announced.
    pub fn get(&self, name: &str) -> &str {
        let variable = self.0.iter().find(|(known, _)| known == name);
        variable.map_or("", |(_, value)| value)
    }

    /// What a command is given: all but the images. There may be thousands of them, and every
    /// program that is started would copy them.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.all().filter(|(name, _)| !name.starts_with(IMAGE))
    }

    /// The images in their order.
    pub fn images(&self) -> impl Iterator<Item = &str> {
        let images = self.all().filter(|(name, _)| name.starts_with(IMAGE));
        images.map(|(_, id)| id)
    }

    fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

/// Would this inherited variable lead a command past the sandbox?
///
/// Any of AWS's own may: a profile, a session token, an endpoint of one service. A proxy for plain
/// HTTP would be asked to reach this machine's loopback, and cannot.
pub fn leads_elsewhere(name: &OsStr) -> bool {
    name.to_string_lossy().starts_with("AWS_")
        || ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]
            .iter()
            .any(|proxy| name == *proxy)
}

fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|c| c.is_ascii_uppercase())
        && letters.all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::{Environment, leads_elsewhere};

    const NEEDED: &str = "\
AWS_ENDPOINT_URL=http://127.0.0.1:1/?a=b
AWS_ACCESS_KEY_ID=key
AWS_SECRET_ACCESS_KEY=secret
INSTANCE_1=i-1
INSTANCE_2=i-2
";

    fn read(text: &str) -> Result<Environment, String> {
        Environment::read(&mut text.lines().map(|line| Ok(line.to_owned())))
    }

    #[test]
    fn lines_up_to_ready_are_variables() {
        let announced = format!("{NEEDED}EMPTY=\nREADY\nmore");
        let environment = read(&announced).expect("complete");
        assert_eq!(environment.variables().count(), 6);
        assert_eq!(
            environment.get("AWS_ENDPOINT_URL"),
            "http://127.0.0.1:1/?a=b"
        );
        assert_eq!(environment.get("INSTANCE_2"), "i-2");
        assert_eq!(environment.get("EMPTY"), "");
        assert!(environment.variables().any(|(name, _)| name == "EMPTY"));
    }

    #[test]
    fn images_are_named_but_not_passed_on() {
        let announced = format!("{NEEDED}IMAGE_1=ami-1\nIMAGE_2=ami-2\nREADY\n");
        let environment = read(&announced).expect("complete");
        assert_eq!(environment.variables().count(), 5);
        assert!(environment.images().eq(["ami-1", "ami-2"]));
    }

    #[test]
    fn other_lines_and_a_missing_end_are_errors() {
        let error = |text: &str| read(text).map(|_| ()).expect_err(text);
        assert_eq!(error(NEEDED), "ended before it was ready");
        assert_eq!(error(""), "ended before it was ready");
        for line in ["panicked at", "a=b", "=b", "1A=b", "A-B=c"] {
            let expected = format!("unexpected line '{line}'");
            assert_eq!(error(&format!("{line}\nREADY")), expected);
        }
    }

    #[test]
    fn what_is_needed_must_be_there() {
        for line in NEEDED.lines() {
            let (name, _) = line.split_once('=').expect("a variable");
            for replacement in [String::new(), format!("{name}=\n")] {
                let announced = NEEDED.replace(&format!("{line}\n"), &replacement) + "READY";
                let error = read(&announced).expect_err("incomplete");
                assert_eq!(error, format!("did not say {name}"));
            }
        }
    }

    #[test]
    fn what_leads_to_a_real_account_is_known() {
        for name in [
            "AWS_PROFILE",
            "AWS_REGION",
            "AWS_SESSION_TOKEN",
            "AWS_CREDENTIAL_FILE",
            "AWS_ENDPOINT_URL_EC2",
            "http_proxy",
        ] {
            assert!(leads_elsewhere(OsStr::new(name)), "{name}");
        }
        for name in ["PATH", "HOME", "AMI_TOOLS_GRACE", "HTTPS_PROXY"] {
            assert!(!leads_elsewhere(OsStr::new(name)), "{name}");
        }
    }
}
