//! Patterns of paths, as users write them.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::Error;
use crate::error::Because;

/// A pattern of paths in the image.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    glob: Vec<u8>,
    only_directories: bool,
}

impl Pattern {
    /// Reads one; the words of an error fit after the pattern.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, String> {
        let only_directories = text.ends_with(b"/");
        let body = text.strip_suffix(b"/").unwrap_or(text);
        let glob = match body.strip_prefix(b"/") {
            // An exclamation mark at the front would turn its meaning.
            Some(rest @ [b'!', ..]) => [b"\\", rest].concat(),
            Some(rest) => rest.to_vec(),
            None => [b"**/", body].concat(),
        };
        if body.is_empty() {
            return Err("names nothing".to_owned());
        }
        fast_glob::validate(&glob).map_err(|error| error.to_string())?;
        Ok(Self {
            glob,
            only_directories,
        })
    }

    /// Does it match this path, written without a slash before it?
    pub(crate) fn matches(&self, path: &[u8], is_directory: bool) -> bool {
        (is_directory || !self.only_directories) && fast_glob::glob_match(&self.glob, path)
    }

    /// Can it match something below this directory? In doubt it can.
    pub(crate) fn leads_below(&self, directory: &[u8]) -> bool {
        let mut parts = parts(&self.glob).into_iter();
        for name in directory.split(|byte| *byte == b'/') {
            match parts.next() {
                None => return false,
                // It goes to any depth, or has several ways within braces.
                Some(part) if memchr::memmem::find(part, b"**").is_some() => return true,
                Some(part) if part.contains(&b'{') && part.contains(&b'/') => return true,
                Some(part) if fast_glob::glob_match(part, name) => {}
                Some(_) => return false,
            }
        }
        parts.next().is_some()
    }
}

/// A pattern parted at its slashes, but for those within braces and brackets.
fn parts(glob: &[u8]) -> Vec<&[u8]> {
    let (mut braces, mut in_brackets, mut escaped) = (0_u32, false, false);
    let is_border = |byte: &u8| {
        if std::mem::take(&mut escaped) {
            return false;
        }
        match byte {
            b'\\' => escaped = true,
            b'[' => in_brackets = true,
            b']' => in_brackets = false,
            b'{' if !in_brackets => braces += 1,
            b'}' if !in_brackets => braces = braces.saturating_sub(1),
            _ => {}
        }
        *byte == b'/' && braces == 0 && !in_brackets
    };
    glob.split(is_border).collect()
}

/// Reads patterns from a file, one a line.
pub(crate) fn read(path: &Path) -> Result<Vec<Pattern>, Error> {
    let text = std::fs::read(path).because(|| path.display().to_string());
    let text = text.map_err(|error| Error::order(error.to_string()))?;
    let lines = text.split(|byte| *byte == b'\n').enumerate();
    let mut patterns = Vec::new();
    for (number, line) in lines {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.trim_ascii().is_empty() || line.starts_with(b"#") {
            continue;
        }
        let wrong = |why| {
            let (path, number) = (path.display(), number + 1);
            Error::order(format!("{path}: line {number}: the pattern {why}"))
        };
        patterns.push(Pattern::parse(line).map_err(wrong)?);
    }
    Ok(patterns)
}

/// Reads the patterns of an option.
pub(crate) fn of_words(words: &[String]) -> Result<Vec<Pattern>, Error> {
    let read = |word: &String| {
        Pattern::parse(Path::new(word).as_os_str().as_bytes())
            .map_err(|why| Error::order(format!("the pattern {word:?} {why}")))
    };
    words.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    fn matches(pattern: &str, path: &str) -> bool {
        let pattern = Pattern::parse(pattern.as_bytes()).expect("a pattern");
        pattern.matches(path.as_bytes(), false)
    }

    #[test]
    fn patterns_begin_at_the_top_or_anywhere() {
        assert!(matches("*.o", "a/b/c.o"));
        assert!(matches("*.o", "c.o"));
        assert!(matches("*.o", "a/.c.o"));
        assert!(!matches("/*.o", "a/c.o"));
        assert!(matches("/a/**/c.o", "a/x/y/c.o"));
        assert!(matches("cache/x", "a/cache/x"));
        assert!(!matches("cache/x", "a/acache/x"));
        assert!(matches("/!a", "!a"));
        assert!(!matches("/!a", "b"));
        assert!(matches("!a", "x/!a"));
        assert!(!matches("/a/", "a"));
        assert!(Pattern::parse(b"/").is_err());
        assert!(Pattern::parse(b"[a").is_err());
    }

    #[test]
    fn patterns_lead_to_what_they_name() {
        let leads = |pattern: &str, directory: &str| {
            let pattern = Pattern::parse(pattern.as_bytes()).expect("a pattern");
            pattern.leads_below(directory.as_bytes())
        };
        for (pattern, directory) in [
            ("/root/.aws/config", "root/.aws"),
            ("/root/*/config", "root/.aws"),
            ("/root/.[a-b]ws/{x,config}", "root/.aws"),
            ("/{root,home/*}/.aws/config", "home/a/.aws"),
            ("/**/.aws/config", "root/.aws"),
            ("/root/**", "root/.aws/sso"),
            (".aws/config", "root/.aws"),
            ("config", "root/.aws"),
            (r"/a/\[b/c", "a/[b"),
        ] {
            assert!(leads(pattern, directory), "{pattern} {directory}");
        }
        for (pattern, directory) in [
            ("/root/.aws/config", "root/.aws/config"),
            ("/root/.aws/config", "root/.a"),
            ("/root/.aws/config", "root/.aws/sso"),
            ("/root/*", "root/.aws"),
            ("/home/*/.aws/config", "root/.aws"),
            ("/srv/*/config", "root/.aws"),
        ] {
            assert!(!leads(pattern, directory), "{pattern} {directory}");
        }
    }
}
