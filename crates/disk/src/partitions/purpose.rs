//! What the types of partitions mean.
//!
//! Sources: UAPI Group, Discoverable Partitions Specification (roots, `/usr`, verity and those that
//! are mounted elsewhere); UEFI Specification, 5.3.3; the rest as `sfdisk --list-types` names them.

use uguid::{Guid, guid};

use super::TypeId;
use crate::Architecture;
use crate::Architecture::{Arm64, I386, X86_64};

/// What a partition is for, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The EFI system partition.
    EfiSystem,
    /// Where GRUB puts its core on a GPT.
    BiosBoot,
    /// What PowerPC firmware starts.
    Prep,
    /// The root of the architecture, or of one that EC2 has not (UAPI Group, Discoverable
    /// Partitions Specification).
    Root(Option<Architecture>),
    /// `/usr`, of the architecture or of one that EC2 has not.
    Usr(Option<Architecture>),
    /// Hashes or signatures that verify a root or `/usr`.
    Verity,
    /// `/boot`, the extended boot loader partition.
    Boot,
    /// `/home`, `/srv`, `/var`, `/var/tmp`: a file system that is not the root.
    Mount(&'static str),
    /// Any Linux file system.
    Linux,
    /// Swap space.
    Swap,
    /// A physical volume of LVM.
    Lvm,
    /// A member of a RAID array of Linux.
    Raid,
    /// An encrypted volume.
    Luks,
    /// A member of a ZFS pool.
    Zfs,
    /// A file system that Windows and others read: FAT, NTFS or exFAT.
    Data,
    /// Something else of Windows.
    Windows,
    /// Something else.
    Other,
}

/// Types of a GPT. Of architectures that EC2 has not only the roots are here: to say what they are.
const GPT: [(Guid, Purpose); 53] = [
    (
        guid!("c12a7328-f81f-11d2-ba4b-00a0c93ec93b"),
        Purpose::EfiSystem,
    ),
    (
        guid!("21686148-6449-6e6f-744e-656564454649"),
        Purpose::BiosBoot,
    ),
    (guid!("9e1a2d38-c612-4316-aa26-8b49521e5a8b"), Purpose::Prep),
    (guid!("bc13c2ff-59e6-4262-a352-b275fd6f7172"), Purpose::Boot),
    (
        guid!("0fc63daf-8483-4772-8e79-3d69d8477de4"),
        Purpose::Linux,
    ),
    (guid!("0657fd6d-a4ab-43c4-84e5-0933c84b4f4f"), Purpose::Swap),
    (guid!("e6d6d379-f507-44c2-a23c-238f2a3df928"), Purpose::Lvm),
    (guid!("a19d880f-05fc-4d3b-a006-743f0f84911e"), Purpose::Raid),
    (guid!("ca7d7ccb-63ed-4c53-861c-1742536059cc"), Purpose::Luks),
    (
        guid!("933ac7e1-2eb4-4f13-b844-0e14e2aef915"),
        Purpose::Mount("/home"),
    ),
    (
        guid!("3b8f8425-20e0-4f3b-907f-1a25a76f98e8"),
        Purpose::Mount("/srv"),
    ),
    (
        guid!("4d21b016-b534-45c2-a9fb-5c16e091fd2d"),
        Purpose::Mount("/var"),
    ),
    (
        guid!("7ec6f557-3bc5-4aca-b293-16ef5df639d1"),
        Purpose::Mount("/var/tmp"),
    ),
    (guid!("ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"), Purpose::Data),
    (
        guid!("e3c9e316-0b5c-4db8-817d-f92df00215ae"),
        Purpose::Windows,
    ),
    (
        guid!("5808c8aa-7e8f-42e0-85d2-e1e90434cfb3"),
        Purpose::Windows,
    ),
    (
        guid!("af9b60a0-1431-4f62-bc68-3311714a69ad"),
        Purpose::Windows,
    ),
    (
        guid!("de94bba4-06d1-4d40-a16a-bfd50179d6ac"),
        Purpose::Windows,
    ),
    (
        guid!("e75caf8f-f680-4cee-afa3-b001e56efc2d"),
        Purpose::Windows,
    ),
    (guid!("6a898cc3-1dd2-11b2-99a6-080020736631"), Purpose::Zfs),
    (
        guid!("44479540-f297-41b2-9af7-d131d5f0458a"),
        Purpose::Root(Some(I386)),
    ),
    (
        guid!("75250d76-8cc6-458e-bd66-bd47cc81a812"),
        Purpose::Usr(Some(I386)),
    ),
    (
        guid!("4f68bce3-e8cd-4db1-96e7-fbcaf984b709"),
        Purpose::Root(Some(X86_64)),
    ),
    (
        guid!("8484680c-9521-48c6-9c11-b0720656f69e"),
        Purpose::Usr(Some(X86_64)),
    ),
    (
        guid!("b921b045-1df0-41c3-af44-4c6f280d3fae"),
        Purpose::Root(Some(Arm64)),
    ),
    (
        guid!("b0e01050-ee5f-4390-949a-9101b17104e9"),
        Purpose::Usr(Some(Arm64)),
    ),
    (
        guid!("6523f8ae-3eb1-4e2a-a05a-18b695ae656f"),
        Purpose::Root(None),
    ),
    (
        guid!("d27f46ed-2919-4cb8-bd25-9531f3c16534"),
        Purpose::Root(None),
    ),
    (
        guid!("69dad710-2ce4-4e3c-b16c-21a1d49abed3"),
        Purpose::Root(None),
    ),
    (
        guid!("993d8d3d-f80e-4225-855a-9daf8ed7ea97"),
        Purpose::Root(None),
    ),
    (
        guid!("77055800-792c-4f94-b39a-98c91b762bb6"),
        Purpose::Root(None),
    ),
    (
        guid!("37c58c8a-d913-4156-a25f-48b1b64e07f0"),
        Purpose::Root(None),
    ),
    (
        guid!("700bda43-7a34-4507-b179-eeb93d7a7ca3"),
        Purpose::Root(None),
    ),
    (
        guid!("1de3f1ef-fa98-47b5-8dcd-4a860a654d78"),
        Purpose::Root(None),
    ),
    (
        guid!("912ade1d-a839-4913-8964-a10eee08fbd2"),
        Purpose::Root(None),
    ),
    (
        guid!("c31c45e6-3f39-412e-80fb-4809c4980599"),
        Purpose::Root(None),
    ),
    (
        guid!("60d5a7fe-8e7d-435c-b714-3dd8162144e1"),
        Purpose::Root(None),
    ),
    (
        guid!("72ec70a6-cf74-40e6-bd49-4bda08e8f224"),
        Purpose::Root(None),
    ),
    (
        guid!("08a7acea-624c-4a20-91e8-6e0fa67d23f9"),
        Purpose::Root(None),
    ),
    (
        guid!("5eead9a9-fe09-4a1e-a1d7-520d00531306"),
        Purpose::Root(None),
    ),
    (
        guid!("c50cdd70-3862-4cc3-90e1-809a8c93ee2c"),
        Purpose::Root(None),
    ),
    (
        guid!("d13c5d3b-b5d1-422a-b29f-9454fdc89d76"),
        Purpose::Verity,
    ),
    (
        guid!("2c7357ed-ebd2-46d9-aec1-23d437ec2bf5"),
        Purpose::Verity,
    ),
    (
        guid!("df3300ce-d69f-4c92-978c-9bfb0f38d820"),
        Purpose::Verity,
    ),
    (
        guid!("8f461b0d-14ee-4e81-9aa9-049b6fb97abd"),
        Purpose::Verity,
    ),
    (
        guid!("77ff5f63-e7b6-4633-acf4-1565b864c0e6"),
        Purpose::Verity,
    ),
    (
        guid!("6e11a4e7-fbca-4ded-b9e9-e1a512bb664e"),
        Purpose::Verity,
    ),
    (
        guid!("5996fc05-109c-48de-808b-23fa0830b676"),
        Purpose::Verity,
    ),
    (
        guid!("41092b05-9fc8-4523-994f-2def0408b176"),
        Purpose::Verity,
    ),
    (
        guid!("6db69de6-29f4-4758-a7a5-962190f00ce3"),
        Purpose::Verity,
    ),
    (
        guid!("974a71c0-de41-43c3-be5d-5c5ccd1ad2c0"),
        Purpose::Verity,
    ),
    (
        guid!("e7bb33fb-06cf-4e81-8273-e543b413e2e2"),
        Purpose::Verity,
    ),
    (
        guid!("c23ce4ff-44bd-4b00-b2d4-b41b3419e02a"),
        Purpose::Verity,
    ),
];

impl Purpose {
    /// What the type means.
    pub(super) fn of(type_id: TypeId) -> Self {
        match type_id {
            TypeId::Gpt(guid) => GPT
                .iter()
                .find(|(known, _)| *known == guid)
                .map_or(Self::Other, |(_, purpose)| *purpose),
            TypeId::Mbr(byte) => of_mbr(byte),
        }
    }
}

fn of_mbr(byte: u8) -> Purpose {
    match byte {
        0x01 | 0x04 | 0x06 | 0x07 | 0x0b | 0x0c | 0x0e => Purpose::Data,
        0x27 | 0x42 => Purpose::Windows,
        0x41 => Purpose::Prep,
        0x82 => Purpose::Swap,
        0x83 => Purpose::Linux,
        0x8e => Purpose::Lvm,
        0xe8 => Purpose::Luks,
        0xea => Purpose::Boot,
        0xef => Purpose::EfiSystem,
        0xfd => Purpose::Raid,
        _ => Purpose::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::{GPT, Purpose, TypeId};
    use crate::Architecture;

    #[test]
    fn no_type_means_two_things() {
        for (at, (guid, _)) in GPT.iter().enumerate() {
            assert!(GPT[..at].iter().all(|(other, _)| other != guid), "{guid}");
        }
    }

    #[test]
    fn known_types() {
        let of = |text: &str| Purpose::of(TypeId::Gpt(text.parse().expect("a GUID")));
        let root = of("4f68bce3-e8cd-4db1-96e7-fbcaf984b709");
        assert_eq!(root, Purpose::Root(Some(Architecture::X86_64)));
        let root = of("B921B045-1DF0-41C3-AF44-4C6F280D3FAE");
        assert_eq!(root, Purpose::Root(Some(Architecture::Arm64)));
        let efi = of("c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
        assert_eq!(efi, Purpose::EfiSystem);
        assert_eq!(of("00000000-0000-0000-0000-000000000001"), Purpose::Other);
        assert_eq!(Purpose::of(TypeId::Mbr(0x83)), Purpose::Linux);
    }
}
