//! The common options of a call, read from the table's values.

use std::time::Duration;

use ami_cli::args::Args;

use crate::environment::variable;
use crate::error::Error;
use crate::region::Region;
use crate::time::parse_duration;

/// How long a thing just made may be unknown to EC2, where the user says nothing else.
const GRACE: Duration = Duration::from_secs(60);

/// What the common options say.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `-r`.
    pub region: Option<Region>,
    /// `--profile`.
    pub profile: Option<String>,
    /// `--endpoint-url`.
    pub endpoint_url: Option<String>,
    /// What one result is printed as.
    pub format: Format,
    /// `--bare`: references never say their region.
    pub bare: bool,
    /// How much stands on standard error.
    pub talk: Talk,
    /// How long a thing just made may be unknown to EC2, and how long a lost result is looked for.
    pub grace: Duration,
}

/// What one result is printed as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A reference a line.
    References,
    /// An aligned table with a header.
    Columns,
    /// A JSON object a line.
    Json,
}

/// How much stands on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Talk {
    /// Errors.
    Quiet,
    /// Hints too, and progress on a terminal.
    Normal,
    /// Each API call too.
    Verbose,
}

impl Settings {
    /// Reads the common options and what the environment says beside them.
    ///
    /// # Errors
    /// The first value that is wrong.
    pub fn read(args: &Args) -> Result<Self, Error> {
        let format = match (args.flag("columns"), args.flag("json")) {
            (true, _) => Format::Columns,
            (_, true) => Format::Json,
            _ => Format::References,
        };
        let talk = match (args.flag("quiet"), args.flag("verbose")) {
            (true, _) => Talk::Quiet,
            (_, true) => Talk::Verbose,
            _ => Talk::Normal,
        };
        Ok(Self {
            region: args.value("region", str::parse)?,
            profile: args.value("profile", profile)?,
            endpoint_url: args.value("endpoint-url", endpoint_url)?,
            format,
            bare: args.flag("bare"),
            talk,
            grace: grace()?,
        })
    }

    /// The options that another command must be given to act in the same place as this one.
    pub fn as_options(&self) -> Vec<String> {
        let region = self.region.as_ref().map(|region| ["-r", region.as_str()]);
        let profile = self.profile.as_deref().map(|name| ["--profile", name]);
        let url = self
            .endpoint_url
            .as_deref()
            .map(|url| ["--endpoint-url", url]);
        [region, profile, url]
            .into_iter()
            .flatten()
            .flatten()
            .map(str::to_owned)
            .collect()
    }
}

fn profile(text: &str) -> Result<String, &'static str> {
    if text.is_empty() {
        Err("a profile has a name")
    } else {
        Ok(text.to_owned())
    }
}

/// Checks the shape only: a host after `http://` or `https://`. The SDK takes any text, and fails
/// at each call as if the network did.
pub(crate) fn endpoint_url(text: &str) -> Result<String, String> {
    if text.contains('@') {
        // It may hold a password, so it is not shown.
        return Err("an endpoint's URL holds no '@', and no user or password before it".to_owned());
    }
    let uri = text.parse::<http::Uri>().ok();
    let authority = uri.as_ref().and_then(http::Uri::authority);
    let is_http = uri
        .as_ref()
        .is_some_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")));
    // A colon after the host, where no bracket of an IPv6 address follows, begins a port.
    let is_whole = authority.is_some_and(|authority| {
        let has_colon = authority.as_str().rfind(':') > authority.as_str().rfind(']');
        !authority.host().is_empty() && (!has_colon || authority.port_u16().is_some())
    });
    if is_http && is_whole {
        return Ok(text.to_owned());
    }
    Err(format!(
        "'{}' is no URL like https://host:port",
        crate::escape::escape(text)
    ))
}

fn grace() -> Result<Duration, Error> {
    match variable("AMI_TOOLS_GRACE")? {
        Some(text) => parse_duration(&text)
            .map_err(|why| Error::usage(format!("AMI_TOOLS_GRACE in the environment: {why}"))),
        None => Ok(GRACE),
    }
}

#[cfg(test)]
mod tests {
    use super::endpoint_url;

    #[test]
    fn endpoints_are_urls() {
        for good in [
            "http://127.0.0.1:5000",
            "https://ec2.example.com/path",
            "http://[::1]:80",
        ] {
            assert!(endpoint_url(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "127.0.0.1:5000",
            "ftp://x",
            "http://",
            "https://:80",
            "http://a b",
            "http://a:99999",
            "http://a:x",
            "http://u:p@h",
            "http://[::1",
            "http://%zz",
            "http://#",
            "http://a\\b",
        ] {
            assert!(endpoint_url(bad).is_err(), "{bad}");
        }
    }
}
