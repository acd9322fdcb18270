//! Processors, in EC2's words.

use std::fmt;

/// A processor architecture that EC2 has images for (EC2 API Reference, RegisterImage,
/// Architecture). Those of Macs are not told from the others by what is on a Linux disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Architecture {
    /// Intel and AMD, 32 bits.
    I386,
    /// Intel and AMD, 64 bits.
    X86_64,
    /// ARM, 64 bits.
    Arm64,
}

impl Architecture {
    /// As EC2 writes it: `i386`, `x86_64`, `arm64`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::I386 => "i386",
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
