//! Collects the option tables of all tools, so that a new tool is known here without an edit.
//!
//! A tool's `spec.rs` depends on `ami_cli` alone. Compiling that one file into this crate spares
//! it the rest of the tool, and with it the AWS SDK.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let manifest = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let crates = manifest.join("../crates").canonicalize()?;
    let mut names = Vec::new();
    for entry in fs::read_dir(&crates)? {
        let name = entry?.file_name().into_string();
        names.push(name.map_err(|name| format!("{} is not text", name.display()))?);
    }
    // By its directory's name a crate is a tool's, or one that tools share.
    names.retain(|name| name == "ami" || name.starts_with("ami-"));
    names.sort();
    // The lock file changes when a crate is added or taken away. Watching `crates/` itself would
    // compile this crate anew after every edit of any tool.
    watch(&manifest.join("../Cargo.lock"));
    let mut modules = String::new();
    let mut table = String::new();
    for name in &names {
        let spec = crates.join(name).join("src/spec.rs");
        if spec.exists() {
            watch(&spec);
            add(name, &spec, &mut modules, &mut table)?;
        } else {
            // A table that comes later is announced by a `mod` line in one of these.
            for root in ["src/lib.rs", "src/main.rs"] {
                let root = crates.join(name).join(root);
                root.exists().then(|| watch(&root));
            }
        }
    }
    let out = PathBuf::from(env::var("OUT_DIR")?).join("tables.rs");
    let tools =
        format!("{modules}\n/// All tools, by name.\npub static TOOLS: &[Tool] = &[\n{table}];\n");
    fs::write(out, tools)?;
    Ok(())
}

/// Adds the module of one table, and its line in the list.
fn add(name: &str, spec: &Path, modules: &mut String, table: &mut String) -> std::fmt::Result {
    let module = name.replace('-', "_");
    writeln!(
        modules,
        "#[allow(dead_code, reason = \"the tool's own code reads the rest\")]\n\
         #[path = {spec:?}]\npub mod {module};"
    )?;
    writeln!(
        table,
        "    Tool {{ package: {name:?}, spec: &{module}::SPEC }},"
    )
}

fn watch(path: &Path) {
    println!("cargo::rerun-if-changed={}", path.display());
}
