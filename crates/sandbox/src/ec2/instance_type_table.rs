//! The instance types that exist here, with the numbers of the EC2 instance types guide.

/// A type.
pub(crate) struct Type {
    pub(crate) name: &'static str,
    pub(crate) architectures: &'static [&'static str],
    pub(crate) cpus: u32,
    pub(crate) threads: u32,
    pub(crate) memory: u32,
    pub(crate) network: &'static str,
    pub(crate) boot: &'static [&'static str],
    /// The gigabytes of its local disk.
    pub(crate) disk: Option<u32>,
}

impl Type {
    pub(crate) fn is_xen(&self) -> bool {
        self.name.starts_with("m3.")
    }

    pub(crate) fn is_burstable(&self) -> bool {
        self.name.starts_with('t')
    }

    /// Whether images of an architecture run on it.
    pub(crate) fn runs(&self, architecture: &str) -> bool {
        self.architectures.contains(&architecture)
    }

    pub(crate) fn is_arm(&self) -> bool {
        self.architectures.contains(&"arm64")
    }
}

const X86: &[&str] = &["x86_64"];
const ARM: &[&str] = &["arm64"];
const BOTH: &[&str] = &["legacy-bios", "uefi"];

const fn nitro(name: &'static str, cpus: u32, memory: u32, network: &'static str) -> Type {
    Type {
        name,
        architectures: X86,
        cpus,
        threads: 2,
        memory,
        network,
        boot: BOTH,
        disk: None,
    }
}

const fn graviton(name: &'static str, cpus: u32, memory: u32, network: &'static str) -> Type {
    Type {
        architectures: ARM,
        threads: 1,
        boot: &["uefi"],
        ..nitro(name, cpus, memory, network)
    }
}

pub(crate) const TYPES: [Type; 12] = [
    nitro("c5.large", 2, 4096, "Up to 10 Gigabit"),
    nitro("c6i.large", 2, 4096, "Up to 12.5 Gigabit"),
    Type {
        threads: 1,
        boot: &["legacy-bios"],
        disk: Some(4),
        ..nitro("m3.medium", 1, 3840, "Moderate")
    },
    nitro("m5.large", 2, 8192, "Up to 10 Gigabit"),
    nitro("m6i.large", 2, 8192, "Up to 12.5 Gigabit"),
    graviton("m7g.large", 2, 8192, "Up to 12.5 Gigabit"),
    graviton("m7g.medium", 1, 4096, "Up to 12.5 Gigabit"),
    nitro("t3.medium", 2, 4096, "Up to 5 Gigabit"),
    nitro("t3.micro", 2, 1024, "Up to 5 Gigabit"),
    nitro("t3.nano", 2, 512, "Up to 5 Gigabit"),
    nitro("t3.small", 2, 2048, "Up to 5 Gigabit"),
    graviton("t4g.small", 2, 2048, "Up to 5 Gigabit"),
];
