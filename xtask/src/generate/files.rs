//! The files that are made whole: manual pages, completions and wrappers.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use ami_cli::{bash, fish, man, zsh};

use super::date;
use crate::tables::TOOLS;
use crate::workspace::Workspace;

/// One file as it should be.
pub struct File {
    /// Where it lies.
    pub path: PathBuf,
    /// What it holds.
    text: String,
    /// Who may run it.
    mode: u32,
}

impl File {
    /// Writes the file unless it is as it should be; says whether it had to.
    pub fn write(&self) -> Result<bool, String> {
        if self.differs() == Some(false) {
            return Ok(false);
        }
        let failed = |error| format!("{}: {error}", self.path.display());
        if let Some(directory) = self.path.parent() {
            fs::create_dir_all(directory).map_err(failed)?;
        }
        fs::write(&self.path, &self.text).map_err(failed)?;
        fs::set_permissions(&self.path, fs::Permissions::from_mode(self.mode)).map_err(failed)?;
        Ok(true)
    }

    /// Is what lies there something else? `None` when nothing does.
    pub fn differs(&self) -> Option<bool> {
        let mode = fs::metadata(&self.path).ok()?.permissions().mode();
        let runs = |mode: u32| mode & 0o100 != 0;
        let same = fs::read(&self.path).is_ok_and(|bytes| bytes == self.text.as_bytes());
        Some(!same || runs(mode) != runs(self.mode))
    }
}

/// All of them.
pub fn all(workspace: &Workspace) -> Result<Vec<File>, String> {
    let date = date::of_manuals(std::env::var("SOURCE_DATE_EPOCH").ok().as_deref())?;
    let mut files = wrappers(workspace)?;
    let made = workspace.target.join("gen");
    for tool in TOOLS {
        let name = tool.spec.name;
        files.push(File {
            path: made.join(format!("man/man1/{name}.1")),
            text: man::render(tool.spec, env!("CARGO_PKG_VERSION"), &date),
            mode: 0o644,
        });
        // Each shell looks for a command's script under a name of its own form.
        for (path, text) in [
            (format!("bash/{name}"), bash::render(tool.spec)),
            (format!("zsh/_{name}"), zsh::render(tool.spec)),
            (format!("fish/{name}.fish"), fish::render(tool.spec)),
        ] {
            files.push(File {
                path: made.join("completions").join(path),
                text,
                mode: 0o644,
            });
        }
    }
    Ok(files)
}

/// The wrappers, one for each tool.
pub fn wrappers(workspace: &Workspace) -> Result<Vec<File>, String> {
    let directory = workspace.wrappers();
    let template = directory.join("wrap-for-bin.sh");
    let template = fs::read_to_string(&template)
        .map_err(|error| format!("{}: {error}", template.display()))?;
    let wrapper = |name: &str| {
        Ok(File {
            path: directory.join(name),
            text: fill(&template, &workspace.root, name)?,
            mode: 0o755,
        })
    };
    TOOLS.iter().map(|tool| wrapper(tool.spec.name)).collect()
}

/// A wrapper's text.
fn fill(template: &str, root: &Path, name: &str) -> Result<String, String> {
    let root = root
        .to_str()
        .ok_or_else(|| format!("{}: the path is not text", root.display()))?;
    Ok(template
        .replace("@ROOT@", &quoted(root))
        .replace("@PROGRAM@", &quoted(name)))
}

/// A word that a shell reads back as it is.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::fill;

    #[test]
    fn a_shell_reads_back_the_path_whatever_is_in_it() {
        let root = Path::new("/src/it's $HOME/`a` \\b");
        let script = fill("printf %s @ROOT@/x,@PROGRAM@", root, "ami-x").expect("text");
        let output = Command::new("sh")
            .args(["-c", &script])
            .output()
            .expect("sh runs");
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            format!("{}/x,ami-x", root.display())
        );
    }
}
