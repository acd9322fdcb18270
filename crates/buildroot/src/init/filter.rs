//! System calls that a build is not given: parts of the kernel that no package needs and that do
//! not know namespaces, or that errors have often been found in.

use libc::{
    BPF_ABS, BPF_JEQ, BPF_JGE, BPF_JMP, BPF_JSET, BPF_K, BPF_LD, BPF_RET, BPF_W, SECCOMP_RET_ALLOW,
    SECCOMP_RET_ERRNO, sock_filter,
};

/// The numbers of one way to call this kernel.
struct Calls {
    /// As the kernel names it to filters (`AUDIT_ARCH_…`).
    architecture: u32,
    /// Calls from this number on are of another way, with numbers of its own.
    limit: Option<u32>,
    forbidden: &'static [u32],
    /// clone and unshare, whose first argument says which namespaces are made.
    with_namespaces: [u32; 2],
}

/// In a user namespace of its own root would have every capability again, over what else is in it.
const NEW_USERS: u32 = libc::CLONE_NEWUSER.cast_unsigned();

// In this order: add_key, request_key, keyctl, kexec_load, perf_event_open, open_by_handle_at,
// init_module, delete_module, finit_module, kexec_file_load, bpf, userfaultfd, io_uring_setup,
// io_uring_enter, io_uring_register, clone3 (Linux, syscall tables). A filter cannot look into the
// last one's argument; without it libraries use clone.
#[cfg(target_arch = "x86_64")]
const CALLS: &[Calls] = &[
    Calls {
        architecture: 0xc000_003e,
        limit: Some(0x4000_0000),
        forbidden: &[
            248, 249, 250, 246, 298, 304, 175, 176, 313, 320, 321, 323, 425, 426, 427, 435,
        ],
        with_namespaces: [56, 272],
    },
    Calls {
        architecture: 0x4000_0003,
        limit: None,
        forbidden: &[
            286, 287, 288, 283, 336, 342, 128, 129, 350, 357, 374, 425, 426, 427, 435,
        ],
        with_namespaces: [120, 310],
    },
];
#[cfg(target_arch = "aarch64")]
const CALLS: &[Calls] = &[
    Calls {
        architecture: 0xc000_00b7,
        limit: None,
        forbidden: &[
            217, 218, 219, 104, 241, 265, 105, 106, 273, 294, 280, 282, 425, 426, 427, 435,
        ],
        with_namespaces: [220, 97],
    },
    Calls {
        architecture: 0x4000_0028,
        limit: None,
        forbidden: &[
            309, 310, 311, 347, 364, 371, 128, 129, 379, 401, 386, 388, 425, 426, 427, 435,
        ],
        with_namespaces: [120, 337],
    },
];
// Capabilities are bounded all the same.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const CALLS: &[Calls] = &[];

/// Where the kernel shows the number of the call, and the way it was called (`seccomp_data`).
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;

/// Where it shows the lower half of the first argument.
const ARGUMENT: u32 = if cfg!(target_endian = "little") {
    16
} else {
    20
};

/// The filter: what is not forbidden is let through. Programs see a kernel without these calls.
pub(crate) fn program() -> Vec<sock_filter> {
    let mut program = vec![load(ARCHITECTURE)];
    for calls in CALLS {
        let block = block(calls);
        // The block is short: the tables above are all that is in it.
        let past = u8::try_from(block.len()).unwrap_or(u8::MAX);
        program.push(jump(BPF_JEQ, calls.architecture, 0, past));
        program.extend(block);
    }
    program.push(answer(SECCOMP_RET_ALLOW));
    program
}

fn block(calls: &Calls) -> Vec<sock_filter> {
    let refuse = answer(SECCOMP_RET_ERRNO | libc::ENOSYS.cast_unsigned());
    let mut block = vec![load(NUMBER)];
    if let Some(limit) = calls.limit {
        block.extend([jump(BPF_JGE, limit, 0, 1), refuse]);
    }
    for number in calls.forbidden {
        block.extend([jump(BPF_JEQ, *number, 0, 1), refuse]);
    }
    let [clone, unshare] = calls.with_namespaces;
    block.extend([
        jump(BPF_JEQ, clone, 1, 0),
        jump(BPF_JEQ, unshare, 0, 3),
        load(ARGUMENT),
        jump(BPF_JSET, NEW_USERS, 0, 1),
        answer(SECCOMP_RET_ERRNO | libc::EPERM.cast_unsigned()),
        answer(SECCOMP_RET_ALLOW),
    ]);
    block
}

fn load(offset: u32) -> sock_filter {
    instruction(BPF_LD | BPF_W | BPF_ABS, offset, 0, 0)
}

fn jump(test: u32, value: u32, yes: u8, no: u8) -> sock_filter {
    instruction(BPF_JMP | test | BPF_K, value, yes, no)
}

fn answer(value: u32) -> sock_filter {
    instruction(BPF_RET | BPF_K, value, 0, 0)
}

fn instruction(code: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    // Codes have 16 bits.
    let code = code as u16;
    sock_filter { code, jt, jf, k }
}

#[cfg(test)]
mod tests {
    use super::{CALLS, program};

    #[test]
    fn jumps_fit() {
        for calls in CALLS {
            assert!(super::block(calls).len() <= usize::from(u8::MAX));
        }
        assert!(program().len() < 4096);
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn numbers_are_those_of_the_calls() {
        let native = CALLS[0].forbidden;
        for (at, number) in [
            (0, libc::SYS_add_key),
            (2, libc::SYS_keyctl),
            (5, libc::SYS_open_by_handle_at),
            (10, libc::SYS_bpf),
            (12, libc::SYS_io_uring_setup),
            (15, libc::SYS_clone3),
        ] {
            assert_eq!(i64::from(native[at]), number);
        }
        let calls = CALLS[0].with_namespaces.map(i64::from);
        assert_eq!(calls, [libc::SYS_clone, libc::SYS_unshare]);
    }
}
