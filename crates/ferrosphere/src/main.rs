//! The `ferrosphere` binary: command line, settings, assembly. The only place that knows every crate.

mod announce;
mod certificate;
mod cli;
mod connection;
mod directpath;
mod env_file;
mod logging;
mod methods;
mod serve;
mod settings;
mod vmci;
mod world;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};

#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(arguments) => serve::serve(arguments.into_settings()),
        Command::Methods { markdown } => methods::print(markdown),
        Command::Directpath(arguments) => return directpath::run(&arguments),
        Command::Vmci { command } => vmci::run(command),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If even standard error is gone, the exit status has to do.
            let _ = writeln!(std::io::stderr(), "ferrosphere: {error:#}");
            ExitCode::FAILURE
        }
    }
}
