use std::time::{Instant, SystemTime};

use bytes::Bytes;
use hyper::body::Frame;
use hyper::header::HeaderMap;
use hyper::{Method, Request};
use serde::Serialize;
use tonic::Code;

use super::log;
use super::metrics::status_name;
use super::request_ids::RequestIds;
use super::response::Response;
use crate::captured_request::timestamp;
use crate::rest::sentence::printable;

/// Most characters to log of a path that a client sent.
const MOST_SHOWN: usize = 500;

/// A request of which one line is logged when this is dropped: with its answer, or without one where its client has gone.
pub(super) struct Access {
    start: Instant,
    ids: RequestIds,
    asked: Asked,
    status: Option<Answered>,
    bytes: usize,
}

/// Request as the log names it.
#[derive(Clone, Serialize)]
#[serde(untagged)]
enum Asked {
    Rest { method: String, path: String },
    Grpc { rpc: String },
}

#[derive(Clone, Copy, Serialize)]
#[serde(untagged)]
enum Answered {
    Http(u16),
    Grpc(&'static str),
}

#[derive(Serialize)]
struct Line<'a> {
    timestamp: String,
    level: &'static str,
    message: &'static str,
    #[serde(flatten)]
    asked: &'a Asked,
    status: Option<Answered>,
    bytes: usize,
    milliseconds: f64,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
}

impl Access {
    /// Begins with a request over REST.
    pub(super) fn rest<B>(request: &Request<B>, ids: &RequestIds) -> Self {
        // A query is no part of any path of ours, and may hold what no log should.
        let path = printable(request.uri().path(), MOST_SHOWN);
        Self::new(Asked::Rest { method: printable(request.method().as_str(), MOST_SHOWN), path }, ids)
    }

    /// Begins with a request over gRPC.
    pub(super) fn grpc<B>(request: &Request<B>, ids: &RequestIds) -> Self {
        let rpc = printable(request.uri().path().trim_start_matches('/'), MOST_SHOWN);
        Self::new(Asked::Grpc { rpc }, ids)
    }

    fn new(asked: Asked, ids: &RequestIds) -> Self {
        Self { start: Instant::now(), ids: ids.clone(), asked, status: None, bytes: 0 }
    }

    /// Ends with an answer over REST.
    pub(super) fn answered(mut self, answer: &Response) {
        self.status = Some(Answered::Http(answer.status().as_u16()));
        let is_head = matches!(&self.asked, Asked::Rest { method, .. } if method == Method::HEAD.as_str());
        self.bytes = if is_head { 0 } else { answer.body().len() };
    }

    /// Takes the status of an answer over gRPC, where its headers or trailers have it.
    pub(super) fn ended(&mut self, headers: &HeaderMap) {
        if let Some(status) = headers.get("grpc-status") {
            self.status = Some(Answered::Grpc(status_name(Code::from_bytes(status.as_bytes()))));
        }
    }

    /// Counts a part of an answer over gRPC.
    pub(super) fn passed(&mut self, frame: &Frame<Bytes>) {
        self.bytes += frame.data_ref().map_or(0, Bytes::len);
        if let Some(trailers) = frame.trailers_ref() {
            self.ended(trailers);
        }
    }

    fn line(&self, now: SystemTime) -> Line<'_> {
        Line {
            timestamp: timestamp(now),
            level: "INFO",
            message: "request",
            asked: &self.asked,
            status: self.status,
            bytes: self.bytes,
            milliseconds: self.start.elapsed().as_micros() as f64 / 1e3,
            request_id: self.ids.request(),
            trace_id: self.ids.trace(),
        }
    }
}

impl Drop for Access {
    fn drop(&mut self) {
        log::write(&self.line(SystemTime::now()));
    }
}
