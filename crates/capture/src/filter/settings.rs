//! Settings of well-known programs, in which a secret may stand or not, and what tells.

use memchr::memmem::find;

/// What tells that there is a secret.
enum Sign {
    /// One of these words, in any case, with a value behind it on its line.
    Value(&'static [&'static str]),
    /// One of these texts.
    Text(&'static [&'static str]),
    /// An address with a user and a password.
    Login,
    /// An option of curl that has a password or a token.
    Curl,
}
use Sign::{Curl, Login, Text, Value};

const DOCKER: Sign = Text(&["\"auth\"", "\"identitytoken\"", "\"registrytoken\""]);
const PASSWORD: Sign = Value(&["password"]);
const TOKEN: Sign = Value(&["token", "password"]);

/// Names of files. One with a slash is the end of a path.
const SETTINGS: [(&str, Sign); 45] = [
    (".npmrc", Value(&["_authToken", "_auth", "_password"])),
    ("npmrc", Value(&["_authToken", "_auth", "_password"])),
    (".yarnrc", Value(&["_authToken", "_auth", "_password"])),
    (".yarnrc.yml", Value(&["npmAuthToken", "npmAuthIdent"])),
    (".pypirc", TOKEN),
    (".docker/config.json", DOCKER),
    (".config/helm/registry/config.json", DOCKER),
    ("var/lib/kubelet/config.json", DOCKER),
    (".dockerconfigjson", DOCKER),
    (
        "auth.json",
        Text(&[
            "\"auths\"",
            "\"http-basic\"",
            "github-oauth\"",
            "gitlab-oauth\"",
            "gitlab-token\"",
        ]),
    ),
    (".config/helm/repositories.yaml", PASSWORD),
    (".my.cnf", PASSWORD),
    (".pg_service.conf", PASSWORD),
    (".wgetrc", PASSWORD),
    ("wgetrc", PASSWORD),
    (".curlrc", Curl),
    (".m2/settings.xml", Text(&["<password>", "<passphrase>"])),
    (
        ".gradle/gradle.properties",
        Value(&["password", "token", "secret", "apikey"]),
    ),
    ("credentials.sbt", Text(&["Credentials("])),
    ("NuGet.Config", Text(&["Password\""])),
    ("pip.conf", Login),
    ("pip.ini", Login),
    (".condarc", Login),
    (".gemrc", Login),
    (".bundle/config", Login),
    (".gitconfig", Login),
    (".config/git/config", Login),
    (".git/config", Login),
    (".hgrc", PASSWORD),
    (".msmtprc", PASSWORD),
    ("msmtprc", PASSWORD),
    ("ssmtp.conf", Value(&["AuthPass"])),
    (".fetchmailrc", Value(&["password", "pass"])),
    (".mbsyncrc", Value(&["pass"])),
    (".offlineimaprc", Value(&["remotepass"])),
    (".muttrc", Value(&["imap_pass", "smtp_pass"])),
    (".config/glab-cli/config.yml", TOKEN),
    (".config/hcloud/cli.toml", TOKEN),
    (".config/linode-cli", TOKEN),
    (".config/scw/config.yaml", Value(&["secret_key"])),
    ("ngrok.yml", Value(&["authtoken", "api_key"])),
    (".databrickscfg", TOKEN),
    (".snowsql/config", PASSWORD),
    (".edgerc", Value(&["client_secret"])),
    ("gitlab-runner/config.toml", TOKEN),
];

/// Are these such settings, and with a secret in them?
pub(super) fn hold_secret(path: &[u8], name: &[u8], head: &[u8]) -> bool {
    let named = |known: &str| match known.contains('/') {
        true => path
            .strip_suffix(known.as_bytes())
            .is_some_and(|rest| rest.is_empty() || rest.ends_with(b"/")),
        false => name == known.as_bytes(),
    };
    let mut known = SETTINGS.iter().filter(|(known, _)| named(known));
    known.any(|(_, sign)| match sign {
        Text(texts) => texts
            .iter()
            .any(|text| find(head, text.as_bytes()).is_some()),
        Value(words) => lines(head).any(|line| words.iter().any(|word| has_value(line, word))),
        Login => lines(head).any(has_login),
        Curl => lines(head).any(is_secret_of_curl),
    })
}

/// Lines that are no comments.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines.filter(|line| !line.starts_with(b"#") && !line.starts_with(b";"))
}

/// Is there a value behind this word, and not the name of a variable?
fn has_value(line: &[u8], word: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    let word = word.to_ascii_lowercase();
    memchr::memmem::find_iter(&lower, word.as_bytes()).any(|at| {
        let rest = &lower[at + word.len()..];
        let value = trim(rest, |byte| {
            byte.is_ascii_whitespace() || matches!(byte, b'=' | b':' | b'"' | b'\'')
        });
        value.len() < rest.len() && !value.is_empty() && !value.starts_with(b"$")
    })
}

fn trim(text: &[u8], skip: impl Fn(u8) -> bool) -> &[u8] {
    let start = text.iter().take_while(|byte| skip(**byte)).count();
    &text[start..]
}

/// Is there an address with a password (RFC 3986, 3.2.1), or with a token for a user's name?
fn has_login(line: &[u8]) -> bool {
    memchr::memmem::find_iter(line, b"://").any(|at| {
        let is_end = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'/' | b'"' | b'\'' | b'#');
        let rest = &line[at + 3..];
        let end = rest.iter().position(is_end).unwrap_or(rest.len());
        let user = memchr::memrchr(b'@', &rest[..end]).map(|at| &rest[..at]);
        user.is_some_and(|user| {
            // Names of users that everybody has are nothing to know: git@, a variable.
            const TOKEN: usize = 20;
            !user.starts_with(b"$") && (user.contains(&b':') || user.len() >= TOKEN)
        })
    })
}

/// Options of curl(1), long and short, that have a secret in any case.
const CURL: [&str; 11] = [
    "user",
    "u",
    "proxy-user",
    "U",
    "oauth2-bearer",
    "pass",
    "proxy-pass",
    "tlspassword",
    "proxy-tlspassword",
    "cookie",
    "b",
];
/// Headers that say who it is, in lower case.
const HEADERS: [&str; 4] = ["authorization", "token", "cookie", "key"];

fn is_secret_of_curl(line: &[u8]) -> bool {
    let line = trim(line, |byte| byte == b'-');
    let is_name = |b: &&u8| b.is_ascii_alphanumeric() || **b == b'-';
    let length = line.iter().take_while(is_name).count();
    let (option, value) = line.split_at(length);
    let value = trim(value, |byte| {
        byte.is_ascii_whitespace() || matches!(byte, b'=' | b':' | b'"')
    });
    let is = |names: &[&str]| names.iter().any(|name| name.as_bytes() == option);
    let value = value.to_ascii_lowercase();
    if is(&["header", "H", "proxy-header"]) {
        let header = value.split(|byte| *byte == b':').next().unwrap_or_default();
        return HEADERS
            .iter()
            .any(|word| find(header, word.as_bytes()).is_some());
    }
    let with_password = is(&["cert", "E", "proxy-cert"]) && value.contains(&b':');
    !value.is_empty() && (is(&CURL) || with_password || has_login(&value))
}

#[cfg(test)]
mod tests {
    use super::hold_secret;

    fn holds(path: &str, text: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        hold_secret(path.as_bytes(), name.as_bytes(), text.as_bytes())
    }

    #[test]
    fn settings_with_a_secret_are_told_from_others() {
        for (path, text) in [
            ("root/.curlrc", "user-agent = x\nuser = \"a:b\"\n"),
            ("root/.curlrc", "--proxy-user a:b\n"),
            ("root/.curlrc", "-u a:b\n"),
            ("root/.curlrc", "header = \"Authorization: Bearer x\"\n"),
            ("root/.curlrc", "-H \"X-Vault-Token: x\"\n"),
            ("root/.curlrc", "cert = /a.pem:secret\n"),
            ("root/.curlrc", "proxy = http://a:b@proxy:3128\n"),
            (
                "etc/pip.conf",
                "index-url = https://a:b@pypi.example.com/simple\n",
            ),
            (
                "root/.git/config",
                "\turl = https://x:ghp_0123456789@example.com/a.git\n",
            ),
            (
                "root/.gitconfig",
                "[url \"https://glpat0123456789abcdefgh@example.com\"]\n",
            ),
            ("root/.npmrc", "//r/:_authToken=npm_abc\n"),
            ("root/.gradle/gradle.properties", "mavenPassword=x\n"),
            ("root/.my.cnf", "[client]\npassword = x\n"),
            ("root/.fetchmailrc", "poll x user \"a\" password \"b\"\n"),
        ] {
            assert!(holds(path, text), "{path}: {text}");
        }
        for (path, text) in [
            (
                "root/.curlrc",
                "user-agent = \"mine\"\nurl = https://example.com\n",
            ),
            (
                "root/.curlrc",
                "# user = a:b\ncert = /a.pem\nheader = \"Accept: */*\"\n",
            ),
            (
                "etc/pip.conf",
                "# ask admin@example.com\nindex-url = https://pypi.example.com\n",
            ),
            (
                "etc/pip.conf",
                "; https://a:b@example.com\nindex-url = https://${U}:${P}@x/\n",
            ),
            (
                "root/.git/config",
                "url = ssh://git@example.com/a.git\nemail = a@example.com\n",
            ),
            (
                "root/.npmrc",
                "//r/:_authToken=${NPM_TOKEN}\nalways-auth=true\n",
            ),
            ("root/.pypirc", "username = __token__\n"),
            ("root/.my.cnf", "[client]\npassword\n#password=x\n"),
            ("root/x.conf", "password = x\n"),
        ] {
            assert!(!holds(path, text), "{path}: {text}");
        }
    }
}
