//! gRPC server reflection, by which tools such as grpcurl learn the services and their messages.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::{Body, Frame, Incoming};
use tokio::time::{Sleep, sleep_until};
use tonic::body::Body as Answer;
use tonic::codegen::BoxFuture;
use tonic_reflection::server::Builder;
use tower_service::Service;

/// The version that clients ask for first.
pub(super) const V1: &str = "grpc.reflection.v1.ServerReflection";
/// The version of clients that were made before 2023.
pub(super) const V1_ALPHA: &str = "grpc.reflection.v1alpha.ServerReflection";

/// The longest request, in bytes: a name.
const LONGEST_REQUEST_BYTES: usize = 1 << 10;

/// The descriptors that the build made of our .proto files.
const SERVICES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/services.bin"));

type Method = Box<dyn Fn(Request<Limited>) -> BoxFuture<Response<Answer>, Infallible> + Send + Sync>;

/// Reflection service in both versions.
pub(super) struct Reflection {
    v1: Method,
    v1_alpha: Method,
}

impl Reflection {
    /// Describes every service of this server.
    pub(super) fn new() -> Self {
        let builder = || Builder::configure().register_encoded_file_descriptor_set(SERVICES);
        let expected = "descriptors that the build made";
        Self {
            v1: method(builder().build_v1().expect(expected).max_decoding_message_size(LONGEST_REQUEST_BYTES)),
            v1_alpha: method(
                builder().build_v1alpha().expect(expected).max_decoding_message_size(LONGEST_REQUEST_BYTES),
            ),
        }
    }

    /// Answers a call, whose client may ask until `deadline`.
    pub(super) async fn answer(&self, request: Request<Incoming>, deadline: Instant) -> Response<Answer> {
        let is_v1 = request.uri().path().split('/').nth(1) == Some(V1);
        let method = if is_v1 { &self.v1 } else { &self.v1_alpha };
        let Ok(response) = method(request.map(|body| Limited::new(body, deadline))).await;
        response
    }
}

fn method<S>(service: S) -> Method
where
    S: Service<
            Request<Limited>,
            Response = Response<Answer>,
            Error = Infallible,
            Future = BoxFuture<Response<Answer>, Infallible>,
        > + Clone
        + Send
        + Sync
        + 'static,
{
    Box::new(move |request| service.clone().call(request))
}

/// The messages of a call until its deadline. A client that says nothing more would otherwise keep its call open for ever.
struct Limited {
    body: Incoming,
    end: Pin<Box<Sleep>>,
}

impl Limited {
    fn new(body: Incoming, deadline: Instant) -> Self {
        Self { body, end: Box::pin(sleep_until(deadline.into())) }
    }
}

impl Body for Limited {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        if self.end.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        Pin::new(&mut self.body).poll_frame(context)
    }
}
