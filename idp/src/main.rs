//! The program: arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    idp::cli::run(idp::cli::Cli::parse())
}
