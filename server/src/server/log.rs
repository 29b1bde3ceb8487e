use std::panic::PanicHookInfo;

use clap::ValueEnum;
use tracing::Level;

/// The least severe level that is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
}

/// Writes log lines as JSON to standard output. Standard error is LiteRT's.
pub(super) fn start(level: LogLevel) {
    let level = match level {
        LogLevel::Error => Level::ERROR,
        LogLevel::Warn => Level::WARN,
        LogLevel::Info => Level::INFO,
        LogLevel::Debug => Level::DEBUG,
    };
    tracing_subscriber::fmt().json().flatten_event(true).with_target(false).with_max_level(level).init();
    std::panic::set_hook(Box::new(panicked));
}

fn panicked(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(place, cause = panic.payload_as_str().unwrap_or("?"), "panic");
}
