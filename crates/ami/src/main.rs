//! The program; see the library.

fn main() -> std::process::ExitCode {
    ami::main(std::env::args_os().collect())
}
