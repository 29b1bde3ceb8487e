use serde::Serialize;
use ureq::Agent;
use ureq::http::{HeaderMap, HeaderValue, Method, Request, Uri};

use super::function::Fault;

const PREFIX: &str = "/2018-06-01/runtime";
const INVOCATION_ID: &str = "lambda-runtime-invocation-id";

/// Client of Lambda's Runtime API. It keeps one connection, and no call has a timeout: the next event may be hours away.
///
/// AWS's `lambda_runtime` hands an event over only as what serde made of it, and takes an answer only as what serde makes
/// text of. Here both are bytes.
///
/// See <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.
pub(super) struct RuntimeApi {
    agent: Agent,
    /// URI that the paths of the Runtime API follow.
    base: String,
}

/// One event, to be answered.
pub(super) struct Invocation {
    pub event: Vec<u8>,
    pub request_id: String,
    /// X-Ray's header.
    pub trace_id: Option<String>,
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
        let base = format!("http://{address}{PREFIX}");
        base.parse::<Uri>().map_err(|error| format!("AWS_LAMBDA_RUNTIME_API is '{address}', no address: {error}"))?;
        // The variables of the environment that name a proxy are for other hosts than this one.
        let config = Agent::config_builder().proxy(None).max_redirects(0).http_status_as_error(false).build();
        Ok(Self { agent: config.new_agent(), base })
    }

    /// Waits for the next event.
    pub(super) fn next(&self) -> Result<Invocation, RuntimeApiError> {
        let (headers, event) = self.call("the next event", Method::GET, "/invocation/next", &[], Vec::new())?;
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Invocation {
            event,
            request_id: text("lambda-runtime-aws-request-id").ok_or(RuntimeApiError::NoRequestId)?,
            trace_id: text("lambda-runtime-trace-id"),
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

fn report(error_type: &'static str, message: &str) -> ((&'static str, HeaderValue), Vec<u8>) {
    let report = ErrorReport { error_type, error_message: message, stack_trace: [] };
    let header = ("lambda-runtime-function-error-type", HeaderValue::from_static(error_type));
    (header, serde_json::to_vec(&report).expect("three strings are JSON"))
}
