//! The steps of `cargo xtask ci`, in the order in which they run: cheap answers first.

use crate::{bench, cargo, coverage, interop, layers, schema};
use anyhow::{Context, Result};
use clap::ValueEnum;
use std::time::Instant;

/// One proof.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Step {
    /// Formatting
    Fmt,
    /// Which crate may import which
    Layers,
    /// The committed facts of the API against the package they come from
    Schema,
    /// Lints, warnings are errors
    Clippy,
    /// All Rust tests
    Test,
    /// The API documentation builds without warnings
    Docs,
    /// docs/coverage.md says what the binary says
    Coverage,
    /// Real clients against the binary
    Interop,
    /// The benchmark in small, without judging speed; allocations and instructions of hot paths are judged
    Bench,
}

impl Step {
    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    fn run(self) -> Result<()> {
        match self {
            Self::Fmt => cargo::fmt(),
            Self::Layers => layers::check(),
            Self::Schema => schema::check(),
            Self::Clippy => cargo::clippy(),
            Self::Test => cargo::test(),
            Self::Docs => cargo::docs(),
            Self::Coverage => coverage::check(),
            Self::Interop => interop::test(interop::Suite::Fast, cargo::Profile::Debug, &[]),
            Self::Bench => bench::run(&bench::Options::short()),
        }
    }
}

/// Run the named steps, or all of them.
///
/// What a runner says about itself comes last: the time of a step stands in the header of the next one, and nothing
/// follows the summary of the last.
pub fn run(only: &[Step]) -> Result<()> {
    let steps: Vec<Step> =
        Step::value_variants().iter().copied().filter(|step| only.is_empty() || only.contains(step)).collect();
    let mut before = String::new();
    for (index, step) in steps.iter().enumerate() {
        println!("\n==> {} ({}/{}{before})", step.name(), index + 1, steps.len());
        let start = Instant::now();
        step.run().with_context(|| {
            let name = step.name();
            format!("step `{name}` failed; repeat it alone with `cargo xtask ci --only {name}`")
        })?;
        before = format!("; {} took {:.1} s", step.name(), start.elapsed().as_secs_f64());
    }
    Ok(())
}
