use std::fmt::Write;
use std::io;
use std::net::TcpStream;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use super::connection::{Connection, Response};
use super::function::Fault;

const PATH_PREFIX: &str = "/2018-06-01/runtime";
const INVOCATION_ID: &str = "lambda-runtime-invocation-id";

/// Client of Lambda's Runtime API. It keeps one connection, and no call has a timeout: the next event may be hours away.
///
/// AWS's `lambda_runtime` hands an event over only as what serde made of it, and takes an answer only as what serde makes
/// text of. Here both are bytes.
///
/// See <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.
pub(super) struct RuntimeApi {
    connection: Connection,
    address: String,
}

/// One event, to be answered.
pub(super) struct Invocation {
    pub event: Vec<u8>,
    pub request_id: String,
    /// X-Ray's header.
    pub trace_id: Option<String>,
    /// Time at which Lambda ends the invocation.
    pub deadline: Option<Instant>,
    /// The invocation id, so that Lambda can refuse the answer of an invocation that timed out.
    echoed: Option<String>,
}

/// Without the Runtime API the process has nothing to do.
#[derive(Debug, thiserror::Error)]
pub(super) enum RuntimeApiError {
    #[error("the Runtime API cannot be asked: {0}")]
    Unreachable(#[from] io::Error),
    #[error("the Runtime API answered {what} with status {status}")]
    Status { what: &'static str, status: u16 },
    #[error("the Runtime API gave an event without a request id")]
    NoRequestId,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorReport<'a> {
    error_type: &'a str,
    error_message: &'a str,
    stack_trace: [&'a str; 0],
}

impl RuntimeApi {
    /// Names the host and port of the Runtime API, without connecting to it.
    ///
    /// # Errors
    ///
    /// It is no address.
    pub(super) fn new(address: &str) -> Result<Self, String> {
        let port = address.rsplit_once(':').and_then(|(host, port)| (!host.is_empty()).then(|| port.parse::<u16>()));
        if !matches!(port, Some(Ok(1..))) || address.contains(|sign: char| sign.is_whitespace() || sign.is_control()) {
            return Err(format!("AWS_LAMBDA_RUNTIME_API is '{address}', no address: it must be HOST:PORT"));
        }
        Ok(Self { connection: Connection::new(address), address: address.to_owned() })
    }

    /// Waits for the next event.
    pub(super) fn next(&mut self) -> Result<Invocation, RuntimeApiError> {
        let response = self.call("the next event", "GET", "/invocation/next", &[], &[])?;
        let text = |name: &str| response.header(name).and_then(|value| String::from_utf8(value.to_vec()).ok());
        Ok(Invocation {
            request_id: text("lambda-runtime-aws-request-id").ok_or(RuntimeApiError::NoRequestId)?,
            trace_id: text("lambda-runtime-trace-id"),
            deadline: text("lambda-runtime-deadline-ms").and_then(|text| deadline(&text, SystemTime::now())),
            echoed: text(INVOCATION_ID),
            event: response.body,
        })
    }

    /// Posts the answer to an event.
    pub(super) fn answer(&mut self, invocation: &Invocation, answer: &[u8]) -> Result<(), RuntimeApiError> {
        self.post(invocation, "response", None, answer)
    }

    /// Says that an event has no answer.
    pub(super) fn fail(&mut self, invocation: &Invocation, fault: &Fault) -> Result<(), RuntimeApiError> {
        let (error_type, report) = report("FunctionFailedError", &fault.to_string());
        self.post(invocation, "error", Some(error_type), &report)
    }

    /// Says why the function cannot start.
    pub(super) fn report_start(&mut self, problem: &str) -> Result<(), RuntimeApiError> {
        let (error_type, report) = report("Runtime.ModelError", problem);
        self.call("the start's error", "POST", "/init/error", &[error_type], &report).map(drop)
    }

    /// Returns the connection, over which a signal handler can say why the function cannot start, and the request for a
    /// sentence; none where the Runtime API cannot be reached.
    pub(super) fn telling(&mut self) -> Option<(&TcpStream, impl Fn(&str) -> Vec<u8>)> {
        let address = &self.address;
        let request = move |problem: &str| {
            let (error_type, report) = report("Runtime.ModelError", problem);
            [head(address, "POST", "/init/error", &[error_type], report.len()).into_bytes(), report].concat()
        };
        Some((self.connection.stream().ok()?, request))
    }

    fn post(
        &mut self,
        invocation: &Invocation,
        what: &'static str,
        header: Option<Header<'_>>,
        body: &[u8],
    ) -> Result<(), RuntimeApiError> {
        let echoed = invocation.echoed.iter().map(|id| (INVOCATION_ID, id.as_str()));
        let headers: Vec<_> = header.into_iter().chain(echoed).collect();
        let path = format!("/invocation/{}/{what}", invocation.request_id);
        match self.call(what, "POST", &path, &headers, body) {
            // The answer is too large, or that of an invocation which timed out: Lambda tells the caller, and has the
            // next event for this process.
            Err(RuntimeApiError::Status { status: 400..=499, .. }) => Ok(()),
            other => other.map(drop),
        }
    }

    fn call(
        &mut self,
        what: &'static str,
        method: &str,
        path: &str,
        headers: &[Header<'_>],
        body: &[u8],
    ) -> Result<Response, RuntimeApiError> {
        let response = self.connection.call(head(&self.address, method, path, headers, body.len()), body)?;
        match response.status {
            200..=299 => Ok(response),
            status => Err(RuntimeApiError::Status { what, status }),
        }
    }
}

type Header<'a> = (&'static str, &'a str);

fn head(address: &str, method: &str, path: &str, headers: &[Header<'_>], length: usize) -> String {
    let mut head = format!("{method} {PATH_PREFIX}{path} HTTP/1.1\r\nHost: {address}\r\n");
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    if method == "POST" {
        let _ = write!(head, "Content-Type: application/json\r\nContent-Length: {length}\r\n");
    }
    head + "\r\n"
}

/// Reads when an invocation ends: milliseconds of the clock, which is looked at once only.
fn deadline(text: &str, now: SystemTime) -> Option<Instant> {
    let end = UNIX_EPOCH.checked_add(Duration::from_millis(text.parse().ok()?))?;
    Instant::now().checked_add(end.duration_since(now).unwrap_or_default())
}

fn report(error_type: &'static str, message: &str) -> (Header<'static>, Vec<u8>) {
    let report = ErrorReport { error_type, error_message: message, stack_trace: [] };
    let header = ("lambda-runtime-function-error-type", error_type);
    (header, serde_json::to_vec(&report).expect("three strings are JSON"))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::thread::{self, JoinHandle};

    use super::*;

    const EVENT: &str = "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 7\r\nLambda-Runtime-Invocation-Id: of-7\r\n\
        Transfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n";
    const ACCEPTED: &str = "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}";
    const TOO_LARGE: &str = "HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n";
    const BROKEN: &str = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n";

    /// Gives these responses over one connection; the thread returns the requests.
    fn serve(responses: &'static [&'static str]) -> (RuntimeApi, JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it listens").to_string();
        let server = thread::spawn(move || {
            let (stream, _) = listener.accept().expect("a connection");
            let mut stream = BufReader::new(stream);
            let answer = |response: &&str| {
                let request = read(&mut stream);
                stream.get_mut().write_all(response.as_bytes()).expect("the client reads");
                request
            };
            responses.iter().map(answer).collect()
        });
        (RuntimeApi::new(&address).expect("an address"), server)
    }

    fn read(stream: &mut BufReader<TcpStream>) -> String {
        let mut request = String::new();
        while !request.ends_with("\r\n\r\n") {
            stream.read_line(&mut request).expect("a line");
        }
        request.make_ascii_lowercase();
        let length = request.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
        let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a number"))];
        stream.read_exact(&mut body).expect("the body");
        request + std::str::from_utf8(&body).expect("text")
    }

    #[test]
    fn an_event_in_chunks_is_answered_over_the_same_connection_with_the_id_of_its_invocation() {
        let (mut api, server) = serve(&[EVENT, ACCEPTED]);
        let invocation = api.next().expect("an event");
        assert_eq!((&invocation.event[..], &invocation.request_id[..]), (&b"{\"a\":1}"[..], "7"));
        api.answer(&invocation, b"[nan]").expect("it is accepted");
        let requests = server.join().expect("two requests");
        assert!(requests[0].starts_with("get /2018-06-01/runtime/invocation/next http/1.1\r\n"));
        assert!(requests[1].starts_with("post /2018-06-01/runtime/invocation/7/response http/1.1\r\n"));
        assert!(requests[1].contains("lambda-runtime-invocation-id: of-7\r\n"));
        assert!(requests[1].ends_with("\r\n\r\n[nan]"));
    }

    #[test]
    fn a_deadline_is_as_far_as_the_clock_says() {
        let (now, before) = (UNIX_EPOCH + Duration::from_secs(100), Instant::now());
        assert!(deadline("160000", now).is_some_and(|end| end >= before + Duration::from_mins(1)));
        assert!(deadline("90000", now).is_some_and(|end| end <= Instant::now()));
        assert_eq!([deadline("", now), deadline("soon", now)], [None; 2]);
    }

    #[test]
    fn an_answer_that_lambda_refuses_does_not_end_the_process_and_a_broken_runtime_api_does() {
        let (mut api, server) = serve(&[EVENT, TOO_LARGE, BROKEN]);
        let invocation = api.next().expect("an event");
        assert!(api.answer(&invocation, &[]).is_ok());
        let error = api.answer(&invocation, &[]).expect_err("it ends");
        assert_eq!(error.to_string(), "the Runtime API answered response with status 500");
        server.join().expect("three requests");
    }

    #[test]
    fn a_start_that_fails_names_its_error_in_a_header() {
        let (mut api, server) = serve(&[ACCEPTED]);
        api.report_start("no model").expect("it is accepted");
        let requests = server.join().expect("a request");
        assert!(requests[0].starts_with("post /2018-06-01/runtime/init/error http/1.1\r\n"));
        assert!(requests[0].contains("lambda-runtime-function-error-type: runtime.modelerror\r\n"));
        assert!(requests[0].contains("\"errorMessage\":\"no model\""));
    }
}
