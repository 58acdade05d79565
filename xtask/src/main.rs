//! The project's own commands, run as `cargo xtask COMMAND`.
//!
//! `ci` is the whole proof of a change and what `.ci/run` calls. Each of its steps is a module of its own; a step either
//! proves what its name says or fails, it never passes because something was missing.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a task runner talks to a person")]

mod bench;
mod cargo;
mod ci;
mod clients;
mod coverage;
mod http;
mod interop;
mod layers;
mod run;
mod schema;
mod soak;
mod workspace;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own commands", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run every proof in order and stop at the first that fails
    Ci {
        /// Run only this step (repeat for several)
        #[arg(long, value_name = "STEP", value_enum)]
        only: Vec<ci::Step>,
    },
    /// Build the binary and let real clients drive it
    Interop {
        /// Run the slow suite instead: vim_rs over VI/JSON, which takes about ten minutes to build
        #[arg(long)]
        slow: bool,
        /// Test the release build instead of the debug one
        #[arg(long)]
        release: bool,
        /// Arguments for pytest, or with --slow for the tests of vim_rs, after `--`
        #[arg(last = true, value_name = "ARGS")]
        arguments: Vec<String>,
    },
    /// Load the binary with many clients for a long time, and watch its memory and descriptors
    Soak(soak::Options),
    /// Measure the release build beside vcsim, and write docs/bench.json, its picture and docs/performance.md
    Bench(bench::Options),
    /// Write docs/coverage.md, the table of implemented methods
    Coverage,
}

fn main() -> ExitCode {
    match run_command() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nfailed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run_command() -> Result<()> {
    match Arguments::parse().command {
        Command::Ci { only } => ci::run(&only),
        Command::Interop { slow, release, arguments } => {
            let suite = if slow { interop::Suite::Slow } else { interop::Suite::Fast };
            interop::test(suite, cargo::Profile::of(release), &arguments)
        }
        Command::Soak(options) => soak::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Coverage => coverage::write(),
    }
}
