//! What runs on a machine that is being bundled from elsewhere, and what it speaks.
//!
//! * [`protocol`]: what the tool and the program on the node say to each other. The tool knows nothing
//!   else of this crate.
//! * `program` (with the feature of that name): the program. It is small and static, has neither the
//!   AWS SDK nor a runtime, and is given neither AWS keys nor the private key of the bundle. The key of
//!   the bundle's contents is made in it and leaves it encrypted only.
//!
//! Invariant: when the connection ends, for whatever reason, the program ends too, and takes back what
//! it has made: its directory, and what it has sent unless that has become a bundle by its manifest. So
//! the program is who puts the manifest.

#[cfg(all(target_os = "linux", feature = "program"))]
pub mod program;
pub mod protocol;
