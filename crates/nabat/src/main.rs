//! The `nabat` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    nabat::cli::run()
}
