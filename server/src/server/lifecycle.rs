use std::ffi::OsString;
use std::sync::Arc;
use std::time::Instant;

use clap::Parser;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::capture::Capture;
use super::catalogue::{Catalogue, StartError};
use super::cors::Cors;
use super::flags::Flags;
use super::grpc::Grpc;
use super::listen::{self, Ends, Interface};
use super::metrics::Metrics;
use super::model_config::{self, ModelConfig};
use super::state::State;
use super::threads::{Threads, processors};
use super::tls::Tls;
use super::traces::Traces;
use super::{log, memory, workers};

/// Serves what the command line says until SIGTERM, SIGINT or SIGHUP, then until all requests are answered.
///
/// # Arguments
///
/// * `arguments`: of the command line, with the program's name. Where they are wrong or ask for help, the process ends.
///
/// # Errors
///
/// A sentence where the server cannot start.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Result<(), String> {
    let flags = Flags::parse_from(arguments);
    log::start(flags.log_level);
    Threads::of(&flags, processors()).warn(&flags);
    let threads = flags.io_threads.unwrap_or_else(processors);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name("io")
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start threads: {error}"))?;
    let ended = runtime.block_on(serve(flags));
    if let Err(problem) = &ended {
        tracing::error!(problem, "the server does not start");
    }
    // A computation whose client has gone is not waited for.
    runtime.shutdown_background();
    ended
}

async fn serve(flags: Flags) -> Result<(), String> {
    // Handle signals first: the first process of a container has no signal handler but its own.
    let mut signals = Signals::new().map_err(|error| format!("cannot handle signals: {error}"))?;
    let tls = match flags.tls() {
        Some(source) => tokio::select! {
            tls = Tls::read(source) => Some(tls.map_err(|error| error.to_string())?),
            () = signals.next() => {
                tracing::info!("stopped while the certificate is read");
                return Ok(());
            }
        },
        None => None,
    };
    let models = model_config::models(&flags).map_err(|error| error.to_string())?;
    let cors = Cors::new(&flags)?;
    let metrics = Metrics::new();
    let flags = Arc::new(flags);
    let before = memory::in_use();
    let loading = tokio::task::spawn_blocking({
        let flags = Arc::clone(&flags);
        move || state(&models, &flags, metrics, cors)
    });
    let state = tokio::select! {
        loaded = loading => loaded.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?,
        () = signals.next() => {
            tracing::info!("stopped while loading");
            return Ok(());
        }
    };
    let state = Arc::new(state);
    let first = memory::in_use().saturating_sub(before);

    let grpc = Grpc::new(Arc::clone(&state));
    let (stop, stopped) = watch::channel(false);
    let mut ports = JoinSet::new();
    let interfaces =
        [(flags.port, Interface::Grpc(grpc.clone())), (flags.rest_api_port, Interface::Rest(Arc::clone(&state)))];
    let mut listeners = Vec::new();
    for (port, interface) in interfaces.into_iter().filter(|(port, _)| *port != 0) {
        listeners.push((listen::open(flags.address, port).await?, interface));
    }
    if listeners.is_empty() {
        return Err("--port and --rest_api_port are both 0: there is nothing to serve".to_owned());
    }
    let ends = Ends { stop: stopped, age: flags.max_connection_age_in_seconds };
    for (listener, interface) in listeners {
        ports.spawn(listen::serve(listener, interface, tls.clone(), ends.clone()));
    }
    tracing::info!(port = flags.port, rest_api_port = flags.rest_api_port, tls = tls.is_some(), "serving");
    if let Some(tls) = tls {
        tokio::spawn(tls.watch());
    }
    tokio::spawn({
        let state = Arc::clone(&state);
        async move { state.budget.give_back(|| state.is_crowded()).await }
    });
    std::thread::spawn({
        let (state, flags) = (Arc::clone(&state), Arc::clone(&flags));
        move || workers::grow(&state.catalogue, &flags, first)
    });

    signals.next().await;
    tracing::info!("draining: readiness is withdrawn");
    state.drain();
    grpc.health().withdraw();
    tokio::select! {
        () = tokio::time::sleep(flags.drain_delay_in_seconds) => {}
        () = signals.next() => {}
    }
    tracing::info!("draining: the ports close");
    let _ = stop.send(true);
    grpc.health().end_watches();
    let closed = Instant::now();
    let seen = state.capture.as_ref().map_or(0, |capture| capture.dropped());
    let all = async { while ports.join_next().await.is_some() {} };
    if tokio::time::timeout(flags.drain_timeout_in_seconds, all).await.is_ok() {
        tracing::info!("ended: every request is answered");
    } else {
        tracing::warn!("ended: connections were still open after the time to drain");
    }
    let left = flags.drain_timeout_in_seconds.saturating_sub(closed.elapsed());
    let capture = async {
        if let Some(capture) = &state.capture {
            capture.finish(left, seen).await;
        }
    };
    let traces = async {
        if let Some(traces) = &state.traces {
            traces.finish(left).await;
        }
    };
    tokio::join!(capture, traces);
    Ok(())
}

/// Loads the models, and starts what sends captured requests and spans.
fn state(models: &[ModelConfig], flags: &Flags, metrics: Metrics, cors: Option<Cors>) -> Result<State, StartError> {
    let catalogue = Catalogue::load(models, flags, &metrics)?;
    let start = |settings| {
        let descriptions = catalogue.all().map(|servable| &*servable.description);
        Capture::start(settings, descriptions, metrics.capture()).map_err(StartError::Capture)
    };
    let capture = flags.capture().map(start).transpose()?;
    let start = |settings: &_| {
        let models = catalogue.all().map(|servable| servable.description.model.as_str());
        Traces::start(settings, models, &metrics).map_err(StartError::Traces)
    };
    let traces = flags.traces().as_ref().map(start).transpose()?;
    Ok(State::new(catalogue, metrics, flags, (capture, traces), cors))
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}
