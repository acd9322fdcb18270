//! The program; see the library.

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    ami_bundle_node::program::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    std::process::ExitCode::FAILURE
}
