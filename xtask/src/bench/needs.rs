//! What rows need that not every machine has.

use super::igzip;
use super::rows::{Row, World};
use crate::host;

impl Row {
    /// Why it cannot be measured here; nothing where it can.
    pub fn missing(&self) -> Option<&'static str> {
        let of_world = self.world.missing();
        of_world.or_else(|| self.tool.igzip.then(igzip::missing).flatten())
    }
}

impl World {
    /// Why commands cannot be run in it here.
    fn missing(&self) -> Option<&'static str> {
        match self {
            Self::FileSystem(_) if !host::is_root() => Some("needs root"),
            Self::FileSystem(_) if !host::has("busybox") => Some("needs busybox (busybox-static)"),
            Self::FileSystem(_) if !host::has("mkfs.ext4") => Some("needs mkfs.ext4 (e2fsprogs)"),
            Self::Bundling | Self::Bundled if !host::has("openssl") => Some("needs openssl"),
            _ => None,
        }
    }
}
