//! The keys of these bundles. They are nobody's: whoever can read them opens a copy of this machine's
//! own files.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::MANIFEST;

/// Key and vector of what is encrypted by AES-128, in hexadecimal digits as openssl takes them.
pub struct Cipher {
    key: String,
    iv: String,
}

impl Cipher {
    /// Writes them as the files `key` and `iv`.
    pub fn write(&self, directory: &Path) -> Result<(), String> {
        for (name, digits) in [("key", &self.key), ("iv", &self.iv)] {
            let path = directory.join(name);
            let written = fs::write(&path, digits);
            written.map_err(|error| format!("{}: {error}", path.display()))?;
        }
        Ok(())
    }
}

/// Makes the pair `pk.pem` and `cert.pem` if it is not there, and the key of the peer's bundles.
pub fn make(directory: &Path) -> Result<(), String> {
    let cipher = Cipher {
        key: "000102030405060708090a0b0c0d0e0f".to_owned(),
        iv: "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff".to_owned(),
    };
    cipher.write(directory)?;
    if ["pk.pem", "cert.pem"]
        .iter()
        .all(|name| directory.join(name).is_file())
    {
        return Ok(());
    }
    let mut openssl = Command::new("openssl");
    openssl
        .current_dir(directory)
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes"]);
    openssl.args(["-days", "3650", "-subj", "/CN=bench"]);
    openssl.args(["-keyout", "pk.pem", "-out", "cert.pem"]);
    said(&mut openssl).map(|_| ())
}

/// What a manifest of ours is told to have been encrypted with. It is openssl that says so, as it
/// shares nothing with what has encrypted.
pub fn of_manifest(directory: &Path, manifest: &Path) -> Result<Cipher, String> {
    let text = fs::read_to_string(manifest);
    let text = text.map_err(|error| format!("{}: {error}", manifest.display()))?;
    let open = |field: &str| {
        let digits = element(&text, field);
        let secret = digits
            .and_then(bytes)
            .ok_or_else(|| format!("{MANIFEST}: {field} is missing"))?;
        decrypt(directory, &secret)
    };
    Ok(Cipher {
        key: open("user_encrypted_key")?,
        iv: open("user_encrypted_iv")?,
    })
}

/// Decrypts by the private key.
fn decrypt(directory: &Path, secret: &[u8]) -> Result<String, String> {
    let path = directory.join("secret");
    fs::write(&path, secret).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut openssl = Command::new("openssl");
    openssl.current_dir(directory);
    said(openssl.args(["pkeyutl", "-decrypt", "-inkey", "pk.pem", "-in", "secret"]))
}

/// What is printed by a command that has to succeed.
fn said(command: &mut Command) -> Result<String, String> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("openssl: {error}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned()),
        false => {
            let why = String::from_utf8_lossy(&output.stderr);
            Err(format!("openssl: {}", why.trim_end()))
        }
    }
}

/// The text of the first element of a name, which may have attributes.
fn element<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (_, element) = text.split_once(&format!("<{name}"))?;
    let (_, inside) = element.split_once('>')?;
    Some(inside.split_once("</")?.0)
}

/// The bytes that hexadecimal digits stand for.
fn bytes(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{bytes, element};

    #[test]
    fn digits_are_bytes() {
        assert_eq!(bytes("00ff10"), Some(vec![0, 255, 16]));
        assert_eq!(bytes("0x"), None);
    }

    #[test]
    fn an_element_may_have_attributes() {
        for text in ["<a><b>c</b></a>", "<a><b x='1'>c</b></a>"] {
            assert_eq!(element(text, "b"), Some("c"), "{text}");
        }
        assert_eq!(element("<a>c</a>", "b"), None);
    }
}
