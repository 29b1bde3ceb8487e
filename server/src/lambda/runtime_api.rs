use std::net::TcpStream;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use ureq::Agent;
use ureq::http::{HeaderMap, HeaderValue, Method, Request, Uri};

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
    agent: Agent,
    address: String,
    /// URI that the paths of the Runtime API follow.
    base: String,
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
    echoed: Option<HeaderValue>,
}

/// Without the Runtime API the process has nothing to do.
#[derive(Debug, thiserror::Error)]
pub(super) enum RuntimeApiError {
    #[error("the Runtime API cannot be asked: {0}")]
    Unreachable(#[from] ureq::Error),
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
    pub(super) fn new(address: &str) -> Result<Self, String> {
        let base = format!("http://{address}{PATH_PREFIX}");
        base.parse::<Uri>().map_err(|error| format!("AWS_LAMBDA_RUNTIME_API is '{address}', no address: {error}"))?;
        // The variables of the environment that name a proxy are for other hosts than this one.
        let config = Agent::config_builder().proxy(None).max_redirects(0).http_status_as_error(false).build();
        Ok(Self { agent: config.new_agent(), address: address.to_owned(), base })
    }

    /// Waits for the next event.
    pub(super) fn next(&self) -> Result<Invocation, RuntimeApiError> {
        let (headers, event) = self.call("the next event", Method::GET, "/invocation/next", &[], Vec::new())?;
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Invocation {
            event,
            request_id: text("lambda-runtime-aws-request-id").ok_or(RuntimeApiError::NoRequestId)?,
            trace_id: text("lambda-runtime-trace-id"),
            deadline: text("lambda-runtime-deadline-ms").and_then(|text| deadline(&text, SystemTime::now())),
            echoed: headers.get(INVOCATION_ID).cloned(),
        })
    }

    /// Posts the answer to an event.
    pub(super) fn answer(&self, invocation: &Invocation, answer: Vec<u8>) -> Result<(), RuntimeApiError> {
        self.post(invocation, "response", &[], answer)
    }

    /// Says that an event has no answer.
    pub(super) fn fail(&self, invocation: &Invocation, fault: &Fault) -> Result<(), RuntimeApiError> {
        let (error_type, report) = report("FunctionFailedError", &fault.to_string());
        self.post(invocation, "error", &[error_type], report)
    }

    /// Says why the function cannot start.
    pub(super) fn report_start(&self, problem: &str) -> Result<(), RuntimeApiError> {
        let (error_type, report) = report("Runtime.ModelError", problem);
        self.call("the start's error", Method::POST, "/init/error", &[error_type], report).map(drop)
    }

    /// Returns a connection over which a signal handler can say why the function cannot start, and the request for a
    /// sentence; none where the Runtime API cannot be reached.
    pub(super) fn telling(&self) -> Option<(TcpStream, impl Fn(&str) -> Vec<u8>)> {
        let connection = TcpStream::connect(&self.address).ok()?;
        Some((connection, |problem: &str| {
            let ((name, value), report) = report("Runtime.ModelError", problem);
            let head = format!(
                "POST {PATH_PREFIX}/init/error HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n{name}: {}\r\n\
                 Content-Length: {}\r\nConnection: close\r\n\r\n",
                self.address,
                value.to_str().unwrap_or_default(),
                report.len()
            );
            [head.into_bytes(), report].concat()
        }))
    }

    fn post(
        &self,
        invocation: &Invocation,
        what: &'static str,
        headers: &[(&'static str, HeaderValue)],
        body: Vec<u8>,
    ) -> Result<(), RuntimeApiError> {
        let echoed = invocation.echoed.iter().map(|id| (INVOCATION_ID, id.clone()));
        let headers: Vec<_> = headers.iter().cloned().chain(echoed).collect();
        let path = format!("/invocation/{}/{what}", invocation.request_id);
        match self.call(what, Method::POST, &path, &headers, body) {
            // The answer is too large, or that of an invocation which timed out: Lambda tells the caller, and has the
            // next event for this process.
            Err(RuntimeApiError::Status { status: 400..=499, .. }) => Ok(()),
            other => other.map(drop),
        }
    }

    fn call(
        &self,
        what: &'static str,
        method: Method,
        path: &str,
        headers: &[(&'static str, HeaderValue)],
        body: Vec<u8>,
    ) -> Result<(HeaderMap, Vec<u8>), RuntimeApiError> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let response = self.agent.run(request.body(body).map_err(ureq::Error::from)?)?;
        let (parts, body) = response.into_parts();
        let body = body.into_with_config().limit(u64::MAX).read_to_vec()?;
        if !parts.status.is_success() {
            return Err(RuntimeApiError::Status { what, status: parts.status.as_u16() });
        }
        Ok((parts.headers, body))
    }
}

/// Reads when an invocation ends: milliseconds of the clock, which is looked at once only.
fn deadline(text: &str, now: SystemTime) -> Option<Instant> {
    let end = UNIX_EPOCH.checked_add(Duration::from_millis(text.parse().ok()?))?;
    Instant::now().checked_add(end.duration_since(now).unwrap_or_default())
}

fn report(error_type: &'static str, message: &str) -> ((&'static str, HeaderValue), Vec<u8>) {
    let report = ErrorReport { error_type, error_message: message, stack_trace: [] };
    let header = ("lambda-runtime-function-error-type", HeaderValue::from_static(error_type));
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
        let (api, server) = serve(&[EVENT, ACCEPTED]);
        let invocation = api.next().expect("an event");
        assert_eq!((&invocation.event[..], &invocation.request_id[..]), (&b"{\"a\":1}"[..], "7"));
        api.answer(&invocation, b"[nan]".to_vec()).expect("it is accepted");
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
        let (api, server) = serve(&[EVENT, TOO_LARGE, BROKEN]);
        let invocation = api.next().expect("an event");
        assert!(api.answer(&invocation, Vec::new()).is_ok());
        let error = api.answer(&invocation, Vec::new()).expect_err("it ends");
        assert_eq!(error.to_string(), "the Runtime API answered response with status 500");
        server.join().expect("three requests");
    }

    #[test]
    fn a_start_that_fails_names_its_error_in_a_header() {
        let (api, server) = serve(&[ACCEPTED]);
        api.report_start("no model").expect("it is accepted");
        let requests = server.join().expect("a request");
        assert!(requests[0].starts_with("post /2018-06-01/runtime/init/error http/1.1\r\n"));
        assert!(requests[0].contains("lambda-runtime-function-error-type: runtime.modelerror\r\n"));
        assert!(requests[0].contains("\"errorMessage\":\"no model\""));
    }
}
