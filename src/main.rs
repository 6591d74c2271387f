//! The `viaduct` binary: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    viaduct::cli::main()
}
