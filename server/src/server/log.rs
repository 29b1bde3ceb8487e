use std::io::Write;
use std::panic::PanicHookInfo;

use clap::ValueEnum;
use serde::Serialize;
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
    let lines = tracing_subscriber::fmt().json().flatten_event(true).with_target(false).with_max_level(level);
    lines.log_internal_errors(false).with_writer(Output::default).init();
    std::panic::set_hook(Box::new(panicked));
}

/// Writes a line that no level leaves out.
pub(super) fn write(line: &impl Serialize) {
    let mut text = serde_json::to_vec(line).expect("names and numbers");
    text.push(b'\n');
    let _ = Output.write(&text);
}

fn panicked(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(place, cause = panic.payload_as_str().unwrap_or("?"), "panic");
}

/// Standard output, which may be a pipe that nobody reads any more or a disk that is full: nobody could be told that the
/// log cannot be written, and a panic on account of it would be logged, too.
#[derive(Default)]
struct Output;

impl Write for Output {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let _ = std::io::stdout().write_all(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let _ = std::io::stdout().flush();
        Ok(())
    }
}
