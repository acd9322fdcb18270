//! What processor a program, a kernel or a boot loader is made for, by its header.

use crate::Architecture;
use crate::fields::{has, le16, le32};

/// How much of a file has to be read to tell: PE headers stand behind a stub for DOS.
pub(super) const HEAD: usize = 4096;

/// A processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Machine {
    /// One that EC2 has.
    Known(Architecture),
    /// One that EC2 has not.
    Foreign(&'static str),
}

use Architecture::{Arm64, I386, X86_64};
use Machine::{Foreign, Known};

/// Reads the header; none if it is none that is known, as of a script.
pub(super) fn of(head: &[u8]) -> Option<Machine> {
    elf(head).or_else(|| pe(head)).or_else(|| kernel(head))
}

/// System V ABI, "ELF Header": `e_machine`, in the byte order that `EI_DATA` tells.
fn elf(head: &[u8]) -> Option<Machine> {
    if !has(head, 0, b"\x7fELF") || head.len() < 20 {
        return None;
    }
    let machine = match head[5] {
        2 => le16(head, 18).swap_bytes(),
        _ => le16(head, 18),
    };
    Some(match machine {
        3 => Known(I386),
        62 => Known(X86_64),
        183 => Known(Arm64),
        8 => Foreign("MIPS"),
        20 | 21 => Foreign("PowerPC"),
        22 => Foreign("S/390"),
        40 => Foreign("32-bit ARM"),
        50 => Foreign("Itanium"),
        243 => Foreign("RISC-V"),
        258 => Foreign("LoongArch"),
        _ => Foreign("an unknown processor"),
    })
}

/// Microsoft PE Format, "Machine Types" and, for those of UEFI, its specification, 2.1.1.
fn pe(head: &[u8]) -> Option<Machine> {
    let at = le32(head, 0x3c) as usize;
    if !has(head, 0, b"MZ") || !has(head, at, b"PE\0\0") {
        return None;
    }
    match le16(head, at + 4) {
        0x014c => Some(Known(I386)),
        0x8664 => Some(Known(X86_64)),
        0xaa64 => Some(Known(Arm64)),
        0x01c0 | 0x01c2 | 0x01c4 => Some(Foreign("32-bit ARM")),
        0x0200 => Some(Foreign("Itanium")),
        0x5032 | 0x5064 => Some(Foreign("RISC-V")),
        0x6232 | 0x6264 => Some(Foreign("LoongArch")),
        // Such as EFI byte code, which runs on all.
        _ => None,
    }
}

/// Kernels that a firmware cannot start: Linux, Documentation/arch/x86/boot.rst (`HdrS`; bit 0 of
/// `xloadflags`, since version 2.12, says 64 bits) and arm64/booting.rst (`ARM\x64`).
fn kernel(head: &[u8]) -> Option<Machine> {
    if has(head, 0x202, b"HdrS") {
        let has_flags = le16(head, 0x206) >= 0x020c;
        let is_64 = has_flags && le16(head, 0x236) & 1 != 0;
        return Some(Known(if is_64 { X86_64 } else { I386 }));
    }
    has(head, 56, b"ARM\x64").then_some(Known(Arm64))
}

#[cfg(test)]
mod tests {
    use super::{Arm64, Foreign, I386, Known, X86_64, of};

    #[test]
    fn headers() {
        let elf = |order: u8, machine: [u8; 2]| {
            let mut head = vec![0; 64];
            head[..4].copy_from_slice(b"\x7fELF");
            head[5] = order;
            head[18..20].copy_from_slice(&machine);
            of(&head)
        };
        assert_eq!(elf(1, [62, 0]), Some(Known(X86_64)));
        assert_eq!(elf(1, [183, 0]), Some(Known(Arm64)));
        assert_eq!(elf(1, [3, 0]), Some(Known(I386)));
        assert_eq!(elf(2, [0, 22]), Some(Foreign("S/390")));
        let pe = |machine: u16| {
            let mut head = vec![0; 256];
            head[..2].copy_from_slice(b"MZ");
            head[0x3c] = 128;
            head[128..132].copy_from_slice(b"PE\0\0");
            head[132..134].copy_from_slice(&machine.to_le_bytes());
            of(&head)
        };
        assert_eq!(pe(0x8664), Some(Known(X86_64)));
        assert_eq!(pe(0xaa64), Some(Known(Arm64)));
        assert_eq!(pe(0x0ebc), None);
        let mut kernel = vec![0; 0x240];
        kernel[0x202..0x208].copy_from_slice(b"HdrS\x0f\x02");
        assert_eq!(of(&kernel), Some(Known(I386)));
        kernel[0x236] = 1;
        assert_eq!(of(&kernel), Some(Known(X86_64)));
        assert_eq!(of(b"#!/bin/sh\n"), None);
        assert_eq!(of(b"MZ"), None);
    }
}
