//! A disk that comes from another part of the same program, such as the contents of a bundle.

use std::fmt;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use ami_blocks::block::bytes;
use ami_blocks::disk::Stream;
use ami_blocks::upload;
use ami_core::app::Context;
use ami_core::error::Error;
use ami_disk::Format;

use crate::looking::look_at_table;
use crate::machine::Evidence;
use crate::opened::Opened;
use crate::pipes::{Head, first_block};
use crate::run::until_stopped;
use crate::size;
use crate::volumes::Volumes;

/// Whether a disk has a driver, which whoever gives it finds out while it is read: it is only asked for
/// when all of it was.
pub type Driver = Arc<AtomicBool>;

/// A disk of known size that is read once, from its start to its end.
///
/// Who gives it answers for it: as soon as something is found to be wrong, reading must fail. A disk
/// whose reading has ended well is registered.
pub struct Given {
    from: Box<dyn Read + Send>,
    name: String,
    size: u64,
    evidence: Evidence,
    ena: Option<Driver>,
}

impl Given {
    /// A disk of `size` bytes; messages call it by that name. One that ends earlier is refused as cut
    /// off. It is read on threads of their own, so that reading may wait.
    pub fn new(from: impl Read + Send + 'static, name: impl Into<String>, size: u64) -> Self {
        Self {
            from: Box::new(from),
            name: name.into(),
            size,
            evidence: Evidence::default(),
            ena: None,
        }
    }

    /// Adds what is known of the machine that it is for. What is not, its partitions tell.
    #[must_use]
    pub fn with_evidence(mut self, evidence: Evidence) -> Self {
        self.evidence = evidence;
        self
    }

    /// Leaves it to the disk whether the image is for the Elastic Network Adapter, as far as no option
    /// says so.
    #[must_use]
    pub fn with_ena(mut self, driver: Driver) -> Self {
        self.ena = Some(driver);
        self
    }

    /// Looks at its first block. `None` when the tool was asked to stop meanwhile.
    pub(crate) async fn open(
        self,
        context: &Context,
        volumes: &Volumes,
    ) -> Result<Option<Opened>, Error> {
        let Self {
            from,
            name,
            size,
            evidence,
            ena,
        } = self;
        let gibibytes = size::of_disk(size)
            .map_err(|why| refuse(&name, format!("cannot become a volume: it {why}")))?;
        volumes.check_size(gibibytes, &name)?;
        let Some(read) = until_stopped(context, first_block(from)).await else {
            return Ok(None);
        };
        let (from, bytes) =
            read.map_err(|error| refuse(&name, format!("cannot be read: {error}")))?;
        let head = Head { bytes, size };
        let evidence = complete(evidence, &head).map_err(|what| refuse(&name, what))?;
        let stream = Stream::new(from, name.clone()).after(head.bytes);
        Ok(Some(Opened {
            source: upload::Source::Stream(stream),
            name,
            evidence,
            least: size,
            size: volumes.size.unwrap_or(gibibytes),
            journal: None,
            ena,
        }))
    }
}

fn refuse(name: &str, what: String) -> Error {
    Error::failed(what).of(name)
}

/// What is known of a disk that begins so. What was said of it counts more than its partitions.
fn complete(said: Evidence, head: &Head) -> Result<Evidence, String> {
    let format = Format::of(head).map_err(|why| why.to_string())?;
    if !format.is_raw() {
        return Err(format!("is {}, not a raw disk", format.name()));
    }
    let looked = look_at_table(head).map_err(|why| why.to_string())?;
    if looked.least > head.size {
        return Err(format!(
            "has {}, but its partitions or its file system need {}; was it cut off?",
            bytes(head.size),
            bytes(looked.least)
        ));
    }
    let seen = looked.evidence;
    Ok(Evidence {
        architecture: said.architecture.or(seen.architecture),
        boot_mode: said.boot_mode.or(seen.boot_mode),
        was_looked_at: said.was_looked_at || seen.was_looked_at,
        why_not: said.why_not.or(seen.why_not),
        is_strange: said.is_strange || seen.is_strange,
    })
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Given({})", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::complete;
    use crate::machine::{Evidence, Told};
    use crate::pipes::Head;

    const MIB: u64 = 1 << 20;

    /// A disk whose only partition, of Linux, has so many sectors behind the first.
    fn disk(sectors: u32, size: u64) -> Head {
        let mut bytes = vec![0; 512];
        bytes[446 + 4] = 0x83;
        bytes[446 + 8..446 + 12].copy_from_slice(&1u32.to_le_bytes());
        bytes[446 + 12..446 + 16].copy_from_slice(&sectors.to_le_bytes());
        bytes[510..].copy_from_slice(&[0x55, 0xaa]);
        Head { bytes, size }
    }

    #[test]
    fn what_is_said_is_completed_by_what_is_seen() {
        let said = || Evidence {
            architecture: Some(Told {
                word: "x86_64".to_owned(),
                because: "its manifest says so".to_owned(),
            }),
            ..Evidence::default()
        };
        let known = complete(said(), &disk(100, MIB)).expect("a disk");
        assert!(known.was_looked_at);
        assert_eq!(known.architecture.expect("said").word, "x86_64");
        let cut = complete(said(), &disk(4096, MIB)).expect_err("cut off");
        assert!(cut.contains("was it cut off?"), "{cut}");
        let packed = Head {
            bytes: vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0],
            size: MIB,
        };
        let packed = complete(said(), &packed).expect_err("packed");
        assert!(packed.contains("not a raw disk"), "{packed}");
    }
}
