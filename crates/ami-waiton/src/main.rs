//! The program; see the library.

fn main() -> std::process::ExitCode {
    ami_waiton::main(std::env::args_os().skip(1).collect())
}
