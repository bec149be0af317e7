//! Structured logs, on standard error.

use std::io::IsTerminal;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// Begins to log what `filter` lets pass.
pub(crate) fn begin(format: LogFormat, filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter)
        .with_context(|| format!("the log filter `{filter}` is not understood"))?;
    let on_terminal = std::io::stderr().is_terminal();
    let as_json = match format {
        LogFormat::Auto => !on_terminal,
        LogFormat::Text => false,
        LogFormat::Json => true,
    };
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(on_terminal)
        .with_target(false);
    if as_json {
        lines.json().flatten_event(true).init();
    } else {
        lines.init();
    }
    Ok(())
}
