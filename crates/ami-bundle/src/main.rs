//! The program; see the library.

fn main() -> std::process::ExitCode {
    ami_bundle::main(std::env::args_os().skip(1).collect())
}
