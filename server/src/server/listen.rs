use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::task::AbortHandle;

use super::grpc::Grpc;
use super::preface::{Begun, begun};
use super::repolled::Repolled;
use super::rest;
use super::state::State;
use super::streams::Streams;
use super::tls::Tls;
use super::unread::Unread;
use super::workers::EXCESS_CONNECTIONS;

/// Time limit of a TLS handshake, and until a client begins.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time between two requests of a connection, headers included: longer than load balancers of AWS keep one, so
/// that they never use a connection which this server is about to close.
const IDLE_CONNECTION_TIMEOUT: Duration = Duration::from_mins(2);
/// Pause between two pings of a gRPC connection: without them a half-open one would stay for ever.
const PING_INTERVAL: Duration = Duration::from_mins(1);
/// Time that a client of gRPC that has connected may take to begin when the port closes.
const LATE_START_TIMEOUT: Duration = Duration::from_secs(1);
/// Pause before a connection is accepted again after an error.
const ACCEPT_RETRY_PAUSE: Duration = Duration::from_millis(50);
/// Pause between two lines of the log about connections that cannot be accepted.
const WARNING_INTERVAL: Duration = Duration::from_secs(10);
/// Time limit of a connection that is one too many.
const EXCESS_CONNECTION_TIMEOUT: Duration = Duration::from_secs(5);
/// Requests at once on a gRPC connection: the least that HTTP/2 recommends.
const MOST_STREAMS: u32 = 100;

/// Times at which connections end that have had time to answer.
#[derive(Clone)]
pub(super) struct Ends {
    /// Becomes true when the port closes.
    pub stop: watch::Receiver<bool>,
    /// Age at which a connection ends after its requests, and its client makes a new one.
    pub age: Option<Duration>,
}

type Reached = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Ends {
    /// Returns when a connection must take no further request.
    fn reached(mut self) -> Reached {
        Box::pin(async move {
            let aged = async {
                match self.age {
                    Some(age) => tokio::time::sleep(age).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = aged => {}
                _ = self.stop.wait_for(|stop| *stop) => {}
            }
        })
    }
}

/// The interface of a port.
#[derive(Clone)]
pub(super) enum Interface {
    Rest(Arc<State>),
    Grpc(Grpc),
}

impl Interface {
    fn state(&self) -> &State {
        match self {
            Self::Rest(state) => state,
            Self::Grpc(grpc) => grpc.state(),
        }
    }
}

/// Opens a port.
pub(super) async fn open(address: Option<IpAddr>, port: u16) -> Result<TcpListener, String> {
    let bind = |address: IpAddr| TcpListener::bind(SocketAddr::new(address, port));
    let opened = match address {
        Some(address) => bind(address).await,
        None => match bind(Ipv6Addr::UNSPECIFIED.into()).await {
            // A machine without IPv6.
            Err(error) if error.kind() != io::ErrorKind::AddrInUse => bind(Ipv4Addr::UNSPECIFIED.into()).await,
            opened => opened,
        },
    };
    opened.map_err(|error| format!("cannot listen on port {port}: {error}"))
}

/// Serves the connections of a port until `stop` says so; then closes the port, and returns when the last connection
/// has its answers.
pub(super) async fn serve(listener: TcpListener, interface: Interface, tls: Option<Arc<Tls>>, mut ends: Ends) {
    let (open, mut all_closed) = mpsc::channel::<()>(1);
    let mut probes = VecDeque::new();
    let mut warned = None;
    loop {
        let accepted = tokio::select! {
            // Connections made before the port closes are served.
            biased;
            accepted = listener.accept() => accepted,
            _ = ends.stop.wait_for(|stop| *stop) => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let place = Arc::clone(&interface.state().connections).try_acquire_owned().ok();
                let only_probes = place.is_none();
                let guards = (open.clone(), place);
                let connection = connection(stream, interface.clone(), tls.clone(), ends.clone(), guards);
                if only_probes {
                    let task = tokio::spawn(tokio::time::timeout(EXCESS_CONNECTION_TIMEOUT, connection));
                    probes.push_back(task.abort_handle());
                    if probes.len() > EXCESS_CONNECTIONS {
                        probes.pop_front().inspect(AbortHandle::abort);
                    }
                } else {
                    tokio::spawn(connection);
                }
            }
            Err(error) => {
                // Too many open files, or a client that has gone already.
                if warned.is_none_or(|warned: Instant| warned.elapsed() >= WARNING_INTERVAL) {
                    warned = Some(Instant::now());
                    tracing::warn!(%error, "cannot accept a connection");
                }
                if *ends.stop.borrow() {
                    break;
                }
                tokio::time::sleep(ACCEPT_RETRY_PAUSE).await;
            }
        }
    }
    drop(listener);
    drop(open);
    // Nothing is ever sent: it returns when the last connection has dropped its end.
    all_closed.recv().await;
}

/// Serves one connection, and drops the guards when it is closed. Without a place among those that may be open it answers
/// probes only.
async fn connection(
    stream: TcpStream,
    interface: Interface,
    tls: Option<Arc<Tls>>,
    ends: Ends,
    guards: (mpsc::Sender<()>, Option<OwnedSemaphorePermit>),
) {
    let only_probes = guards.1.is_none();
    let _ = stream.set_nodelay(true);
    let _counted = interface.state().concurrency.clone();
    let Some(tls) = tls else {
        return serve_http(stream, interface, ends, only_probes).await;
    };
    let acceptor = match interface {
        Interface::Rest(_) => tls.rest(),
        Interface::Grpc(_) => tls.grpc(),
    };
    match tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => serve_http(stream, interface, ends, only_probes).await,
        Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
        Err(_) => tracing::debug!("TLS handshake not finished in time"),
    }
}

async fn serve_http(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    interface: Interface,
    ends: Ends,
    only_probes: bool,
) {
    let unread = Unread::default();
    let overdue = unread.clone();
    let ended = match interface {
        Interface::Rest(state) => {
            let (opened, age, ahead) = (Instant::now(), ends.age, state.read_ahead);
            let begun = Arc::new(AtomicBool::new(false));
            let silent = silent(Arc::clone(&begun));
            let service = service_fn(move |request| {
                begun.store(true, Ordering::Relaxed);
                // To close it without an answer could meet the client's next request.
                let last = only_probes || age.is_some_and(|age| opened.elapsed() >= age);
                let (state, unread) = (Arc::clone(&state), unread.clone());
                async move {
                    let answer = rest::answer(&state, request, last, only_probes).await;
                    Ok::<_, Infallible>(answer.map(|body| Full::new(unread.add(body))))
                }
            });
            let mut builder = hyper::server::conn::http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(IDLE_CONNECTION_TIMEOUT).max_buf_size(ahead);
            let connection = builder.serve_connection(TokioIo::new(stream), service);
            let ends = Ends { age: None, ..ends };
            Repolled::new(Until::new(connection, ends, Box::pin(either(silent, overdue.overdue())))).await
        }
        Interface::Grpc(grpc) => {
            let Some(stream) = in_time(stream, ends.stop.clone()).await else {
                return tracing::debug!("no client of gRPC has begun in time");
            };
            let (streams, ahead) = (Streams::of_a_connection(), grpc.state().read_ahead as u32);
            let service = service_fn(move |request| {
                // Here, not in the call's own task: many could bring their headers before the first task has its turn.
                let admitted = grpc.admit(&request, &streams).map(|share| (request, share));
                let (grpc, unread) = (grpc.clone(), unread.clone());
                async move {
                    let _counted = grpc.state().concurrency.clone();
                    Ok::<_, Infallible>(match admitted {
                        Ok(admitted) => grpc.answer(admitted, unread, only_probes).await,
                        Err(failure) => Grpc::refuse(failure),
                    })
                }
            });
            let mut builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            builder.timer(TokioTimer::new()).keep_alive_interval(PING_INTERVAL).max_concurrent_streams(MOST_STREAMS);
            builder.initial_stream_window_size(ahead).initial_connection_window_size(ahead);
            Until::new(builder.serve_connection(TokioIo::new(stream), service), ends, Box::pin(overdue.overdue())).await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
    }
}

/// Waits for a client of gRPC to begin, but not for long: nothing would end its connection, and the server's end would wait
/// for it.
async fn in_time<S: AsyncRead + Unpin>(stream: S, mut stop: watch::Receiver<bool>) -> Option<Begun<S>> {
    let late = async {
        let _ = stop.wait_for(|stop| *stop).await;
        tokio::time::sleep(LATE_START_TIMEOUT).await;
    };
    tokio::select! {
        begun = tokio::time::timeout(HANDSHAKE_TIMEOUT, begun(stream)) => begun.ok()?.ok(),
        () = late => None,
    }
}

/// Returns when a client of REST has not begun in time: those that are silent would keep others out for [`IDLE_CONNECTION_TIMEOUT`].
async fn silent(begun: Arc<AtomicBool>) {
    tokio::time::sleep(HANDSHAKE_TIMEOUT).await;
    if begun.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
}

async fn either(one: impl Future<Output = ()>, other: impl Future<Output = ()>) {
    tokio::select! {
        () = one => {}
        () = other => {}
    }
}

/// A connection that ends after its requests once it is old enough or the port closes, and at once when its client does
/// not begin or does not read.
struct Until<C> {
    connection: Pin<Box<C>>,
    reached: Option<Reached>,
    overdue: Reached,
}

impl<C: GracefulConnection> Until<C> {
    fn new(connection: C, ends: Ends, overdue: Reached) -> Self {
        Self { connection: Box::pin(connection), reached: Some(ends.reached()), overdue }
    }
}

impl<C: GracefulConnection> Future for Until<C> {
    type Output = Result<(), C::Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.reached.as_mut().is_some_and(|reached| reached.as_mut().poll(context).is_ready()) {
            self.reached = None;
            self.connection.as_mut().graceful_shutdown();
        }
        if self.overdue.as_mut().poll(context).is_ready() {
            tracing::debug!("connection ended: its client does not begin, or does not read");
            return Poll::Ready(Ok(()));
        }
        self.connection.as_mut().poll(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_client_of_rest_has_ten_seconds_for_its_first_header_only() {
        let begun = |begun| tokio::time::timeout(IDLE_CONNECTION_TIMEOUT, silent(Arc::new(AtomicBool::new(begun))));
        assert!(begun(false).await.is_ok());
        assert!(begun(true).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_of_grpc_that_does_not_begin_is_not_waited_for() {
        let (_stop, stopped) = watch::channel(false);
        let (_client, server) = tokio::io::duplex(64);
        assert!(in_time(server, stopped).await.is_none());
    }
}
