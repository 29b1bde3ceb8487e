use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper::header::{HeaderMap, HeaderName, HeaderValue};

use super::failure::Cause;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");
/// The longest id that is taken from a client.
const LONGEST_REQUEST_ID: usize = 128;
/// Bytes of version 0 of `traceparent`, and of the part that later versions have in common with it.
const TRACE_PARENT_LENGTH: usize = 55;

/// Ids by which a request is found in the logs of all that had to do with it.
#[derive(Clone, Debug)]
pub(super) struct RequestIds {
    /// The client's, or one that was made here.
    request: HeaderValue,
    /// Value of `traceparent`: of this server's span; where none is made, as the client sent it, which W3C Trace Context allows.
    trace_parent: Option<HeaderValue>,
}

impl RequestIds {
    /// Reads them of a request. What is malformed, too long or given twice counts as missing.
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let request = only(headers, &REQUEST_ID).filter(|value| is_request_id(value.as_bytes()));
        let trace_parent = only(headers, &TRACE_PARENT).filter(|value| is_trace_parent(value.as_bytes()));
        Self { request: request.cloned().unwrap_or_else(made), trace_parent: trace_parent.cloned() }
    }

    /// Returns the id of the request.
    pub(super) fn request(&self) -> &str {
        self.request.to_str().unwrap_or_default()
    }

    /// Returns the id of the trace, in hexadecimal digits, where there is one.
    pub(super) fn trace(&self) -> Option<&str> {
        self.trace_parent.as_ref()?.to_str().ok()?.get(3..35)
    }

    /// The request's `traceparent`.
    #[cfg(feature = "otlp")]
    pub(super) fn trace_parent(&self) -> Option<&str> {
        self.trace_parent.as_ref()?.to_str().ok()
    }

    /// Names a span of this server in place of the client's.
    #[cfg(feature = "otlp")]
    pub(super) fn set_trace_parent(&mut self, trace_parent: &str) {
        self.trace_parent = HeaderValue::from_str(trace_parent).ok();
    }

    /// Says in the log why a request failed.
    pub(super) fn log(&self, cause: &Cause) {
        tracing::error!(%cause, request_id = self.request(), trace_id = self.trace(), "a request failed");
    }

    /// Gives them to the client.
    pub(super) fn add_to(self, headers: &mut HeaderMap) {
        headers.insert(REQUEST_ID, self.request);
        if let Some(trace_parent) = self.trace_parent {
            headers.insert(TRACE_PARENT, trace_parent);
        }
    }
}

fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

fn is_request_id(id: &[u8]) -> bool {
    (1..=LONGEST_REQUEST_ID).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}

/// Tells whether a header is `VERSION-TRACE-PARENT-FLAGS` of <https://www.w3.org/TR/trace-context/>.
fn is_trace_parent(header: &[u8]) -> bool {
    let Some((known, more)) = header.split_at_checked(TRACE_PARENT_LENGTH) else { return false };
    let parts: Vec<&[u8]> = known.split(|&byte| byte == b'-').collect();
    let [version, trace, parent, flags] = parts[..] else { return false };
    let is_hex = |part: &[u8]| part.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let has_id = |part: &[u8]| part.iter().any(|&byte| byte != b'0');
    [version, trace, parent, flags].map(<[u8]>::len) == [2, 32, 16, 2]
        && parts.iter().all(|part| is_hex(part))
        && has_id(trace)
        && has_id(parent)
        && version != b"ff"
        && (more.is_empty() || version != b"00" && more[0] == b'-' && header.len() <= LONGEST_REQUEST_ID)
}

/// Makes an id of 128 bits: no other process makes the same, and to ask the system for each would take longer.
fn made() -> HeaderValue {
    static KEYS: LazyLock<[RandomState; 2]> = LazyLock::new(|| [RandomState::new(), RandomState::new()]);
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let [high, low] = [&KEYS[0], &KEYS[1]].map(|keys| keys.hash_one(count));
    HeaderValue::try_from(format!("{high:016x}{low:016x}")).expect("hexadecimal digits")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn headers(given: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        headers
    }

    #[test]
    fn what_the_client_sends_comes_back() {
        let ids = RequestIds::read(&headers(&[("x-request-id", "a/b=1"), ("traceparent", PARENT)]));
        assert_eq!((ids.request(), ids.trace()), ("a/b=1", Some("4bf92f3577b34da6a3ce929d0e0e4736")));
        let mut answer = headers(&[]);
        ids.add_to(&mut answer);
        assert_eq!(answer, headers(&[("x-request-id", "a/b=1"), ("traceparent", PARENT)]));
    }

    #[test]
    fn an_id_is_made_where_none_came_or_none_can_be_logged() {
        let long = "a".repeat(LONGEST_REQUEST_ID + 1);
        let twice = [("x-request-id", "a"), ("x-request-id", "a")];
        let wrong: [&[_]; 5] = [
            &[],
            &[("x-request-id", "")],
            &[("x-request-id", "a b")],
            &[("x-request-id", "é")],
            &[("x-request-id", &long)],
        ];
        let made: HashSet<String> = wrong
            .into_iter()
            .chain([&twice[..]])
            .map(|given| RequestIds::read(&headers(given)).request().to_owned())
            .collect();
        assert_eq!(made.len(), 6);
        assert!(made.iter().all(|id| id.len() == 32 && id.bytes().all(|digit| digit.is_ascii_hexdigit())), "{made:?}");
        assert_eq!(RequestIds::read(&headers(&[("x-request-id", &long[1..])])).request(), &long[1..]);
    }

    #[test]
    fn a_trace_is_what_the_standard_says() {
        let trace = |parent: &str| RequestIds::read(&headers(&[("traceparent", parent)])).trace().map(str::to_owned);
        let later = PARENT.replacen("00", "cc", 1);
        for right in [PARENT, &later, &format!("{later}-what-the-future-brings")] {
            assert_eq!(trace(right).as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"), "{right}");
        }
        for wrong in [
            "",
            &PARENT[..54],
            &PARENT.to_uppercase(),
            &PARENT.replacen("00", "ff", 1),
            &PARENT.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            &PARENT.replace("00f067aa0ba902b7", &"0".repeat(16)),
            &PARENT.replace('-', "_"),
            &format!("{PARENT}-"),
            &format!("{later}."),
            &format!("{later}-{}", "a".repeat(LONGEST_REQUEST_ID)),
        ] {
            assert_eq!(trace(wrong), None, "{wrong}");
        }
        assert!(RequestIds::read(&headers(&[("traceparent", PARENT), ("traceparent", PARENT)])).trace().is_none());
    }

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(line)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_line_about_a_failure_carries_them() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber =
            tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(subscriber, || {
            let ids = RequestIds::read(&headers(&[("x-request-id", "a\"b"), ("traceparent", PARENT)]));
            ids.log(&Cause("LiteRT failed".to_owned()));
        });
        let line: serde_json::Value = serde_json::from_slice(&lines.0.lock().unwrap()).unwrap();
        let found = ["message", "cause", "request_id", "trace_id"].map(|name| line[name].as_str().unwrap().to_owned());
        assert_eq!(found, ["a request failed", "LiteRT failed", "a\"b", "4bf92f3577b34da6a3ce929d0e0e4736"]);
    }
}
