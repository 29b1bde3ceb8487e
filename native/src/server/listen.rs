use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::grpc::Grpc;
use super::rest;
use super::state::State;
use super::tls::Tls;

/// Of a TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Between two requests of a connection, headers included: longer than load balancers of AWS keep one, so that they
/// never use a connection which this server is about to close.
const IDLE: Duration = Duration::from_mins(2);
/// Between two pings of a gRPC connection: without them a half-open one would stay for ever.
const PING: Duration = Duration::from_mins(1);
/// Before a connection is accepted again after an error.
const PAUSE: Duration = Duration::from_millis(50);

/// What a port speaks.
#[derive(Clone)]
pub(super) enum Interface {
    Rest(Arc<State>),
    Grpc(Grpc),
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
pub(super) async fn serve(
    listener: TcpListener,
    interface: Interface,
    tls: Option<Arc<Tls>>,
    mut stop: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            // Who has connected before the port closes is served.
            biased;
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = connection(stream, interface.clone(), tls.clone(), graceful.watcher());
                tokio::spawn(connection);
            }
            Err(error) => {
                // Too many open files, or a client that has gone already.
                tracing::warn!(%error, "cannot accept a connection");
                if *stop.borrow() {
                    break;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    graceful.shutdown().await;
}

async fn connection(stream: TcpStream, interface: Interface, tls: Option<Arc<Tls>>, watcher: Watcher) {
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        return speak(stream, interface, watcher).await;
    };
    let acceptor = match interface {
        Interface::Rest(_) => tls.rest(),
        Interface::Grpc(_) => tls.grpc(),
    };
    match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => speak(stream, interface, watcher).await,
        Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
        Err(_) => tracing::debug!("TLS handshake not finished in time"),
    }
}

async fn speak(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, interface: Interface, watcher: Watcher) {
    let io = TokioIo::new(stream);
    let ended = match interface {
        Interface::Rest(state) => {
            let service = service_fn(move |request| rest::answer(Arc::clone(&state), request));
            let mut builder = hyper::server::conn::http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(IDLE);
            watcher.watch(builder.serve_connection(io, service)).await
        }
        Interface::Grpc(grpc) => {
            let service = service_fn(move |request| grpc.answer(request));
            let mut builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            builder
                .timer(TokioTimer::new())
                .keep_alive_interval(PING)
                .adaptive_window(true)
                .max_concurrent_streams(1024);
            watcher.watch(builder.serve_connection(io, service)).await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
    }
}
