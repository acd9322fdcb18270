//! `amichroot`: what building in a disk needs privilege for. It is started by `ami-chroot`.

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    ami_buildroot::helper::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    ExitCode::from(125)
}
