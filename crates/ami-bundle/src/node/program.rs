//! The program that goes to the node.

use std::path::{Path, PathBuf};

use ami_core::error::{Error, Kind};

use super::install::PROGRAM;

/// Where packages put it, from the directory of the tools.
const PLACES: [&str; 3] = ["", "../libexec/ami-tools", "../lib/ami-tools"];
/// Processors by their number in an ELF file (elf.h) and as kernels call them.
const PROCESSORS: [(u16, &[&str]); 3] = [
    (62, &["x86_64"]),
    (183, &["aarch64", "arm64"]),
    // A 64-bit kernel runs it as well.
    (3, &["i386", "i486", "i586", "i686", "x86_64"]),
];

/// The program.
pub(super) struct Program {
    pub(super) bytes: Vec<u8>,
}

impl Program {
    /// Says what is missing where there is none for any processor: a node that is made for its bundle is
    /// not made in vain.
    pub(super) fn look(path: Option<&Path>) -> Result<(), Error> {
        if let Some(path) = path {
            let wrong = |what: String| Error::new(Kind::Usage, what).of(path.display());
            let opened = std::fs::File::open(path);
            return opened
                .map(drop)
                .map_err(|error| wrong(format!("cannot be read: {error}")));
        }
        let machines = PROCESSORS.iter().flat_map(|(_, machines)| machines.iter());
        let mut found = machines.map(|machine| find(machine));
        let first = found.next().unwrap_or_else(|| find(""));
        match first.is_ok() || found.any(|found| found.is_ok()) {
            true => Ok(()),
            false => first.map(drop),
        }
    }

    /// Reads it, for a node with that processor.
    pub(super) fn read(path: Option<&Path>, machine: &str) -> Result<Self, Error> {
        let path = match path {
            Some(path) => path.to_owned(),
            None => find(machine)?,
        };
        let wrong = |what: String| Error::new(Kind::Usage, what).of(path.display());
        let bytes =
            std::fs::read(&path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
        let number =
            processor(&bytes).ok_or_else(|| wrong("is no program for Linux".to_owned()))?;
        let known = PROCESSORS.iter().find(|(known, _)| *known == number);
        let names = known.map_or(&[] as &[&str], |(_, names)| names);
        if !names.contains(&machine) {
            let its = names.first().unwrap_or(&"another processor");
            let what = format!("is a program for {its}, and the node is {machine}");
            return Err(wrong(what).hint(format!(
                "name one that was built for {machine} with --node-program"
            )));
        }
        Ok(Self { bytes })
    }
}

fn find(machine: &str) -> Result<PathBuf, Error> {
    let own = std::env::current_exe().and_then(|path| path.canonicalize());
    let own = own.map_err(|error| Error::failed(format!("where this program is: {error}")))?;
    let beside = own.parent().unwrap_or(Path::new("/"));
    let names = [format!("{PROGRAM}.{machine}"), PROGRAM.to_owned()];
    let mut paths = names
        .iter()
        .flat_map(|name| PLACES.map(|place| beside.join(place).join(name)));
    paths.find(|path| path.is_file()).ok_or_else(|| {
        let what = format!("{PROGRAM} is not installed: not in {}", beside.display());
        Error::failed(what).hint("name it with --node-program")
    })
}

/// The number of the processor of an ELF file, whose bytes are in the order of those that EC2 has.
fn processor(bytes: &[u8]) -> Option<u16> {
    let is_elf = bytes.starts_with(b"\x7fELF") && bytes.get(5) == Some(&1);
    let number = bytes.get(18..20)?;
    is_elf.then(|| u16::from_le_bytes([number[0], number[1]]))
}

#[cfg(test)]
mod tests {
    use super::Program;

    #[test]
    fn a_foreign_processor_is_named() {
        let own = std::env::current_exe().expect("a test");
        let machine = std::env::consts::ARCH;
        assert!(Program::read(Some(&own), machine).is_ok());
        let error = Program::read(Some(&own), "riscv64").err().expect("foreign");
        let text = error.to_string();
        assert!(
            text.contains(&format!("for {machine}, and the node is riscv64")),
            "{text}"
        );
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let error = Program::read(Some(manifest.as_ref()), machine).err();
        let text = error.expect("no program").to_string();
        assert!(text.contains("is no program for Linux"), "{text}");
    }
}
