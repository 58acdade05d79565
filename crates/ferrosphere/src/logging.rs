//! The log: to standard error, never with secrets.

use std::io::IsTerminal;
use std::panic;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

/// Libraries whose finer log shows headers, and with them cookies and session keys.
const TALKATIVE: [&str; 4] = ["h2=info", "hyper=info", "hyper_util=info", "rustls=info"];

/// Starts logging what `filter` lets through. Panics go to the log too, as one line.
pub fn start(filter: &str) -> anyhow::Result<()> {
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let subscriber = tracing_subscriber::fmt().with_env_filter(parse(filter)?).with_writer(std::io::stderr);
    subscriber.with_ansi(colour).init();
    panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
    Ok(())
}

fn parse(filter: &str) -> anyhow::Result<EnvFilter> {
    let mut parsed = EnvFilter::try_new(filter)
        .with_context(|| format!("{filter:?} is not a log filter: try info, debug or info,server=debug"))?;
    if parsed.max_level_hint().is_some_and(|level| level > tracing::Level::INFO) {
        for directive in TALKATIVE {
            parsed = parsed.add_directive(directive.parse().context("a built-in log filter is wrong")?);
        }
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_filter_is_explained() {
        let error = parse("server=loud").expect_err("no such level");
        assert!(format!("{error:#}").contains("is not a log filter"));
    }

    #[test]
    fn even_the_finest_log_keeps_headers_out() {
        let filter = parse("trace,h2=trace").expect("a filter").to_string();
        assert!(filter.contains("h2=info") && !filter.contains("h2=trace"), "{filter}");
        assert_eq!(parse("warn").expect("a filter").to_string(), "warn");
    }
}
