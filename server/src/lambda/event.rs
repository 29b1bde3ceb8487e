use std::borrow::Cow;

use data_encoding::BASE64;
use jiter::{Jiter, JiterError, JiterErrorType, Peek};
use memchr::memmem;

use super::unanswered::Unanswered;
use super::work::Work;
use crate::inference::HEADER;
use crate::inflate::{Coding, Fault, LARGEST_RATIO, Unzipped};
use crate::rest::Refusal;

/// Lambda's limit of a synchronous invocation, in both directions.
pub(super) const LARGEST_BODY: usize = 6_291_456;

/// Form of an event, by its source.
#[derive(Debug, PartialEq)]
pub(super) enum Event {
    /// A function URL, an HTTP API or a REST API: the answer is a proxy response.
    Http(HttpEvent),
    /// A direct invocation: the event is the body itself, and so is the answer.
    Direct,
}

/// Parts of an HTTP event that count.
#[derive(Debug, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "facts of an event that have nothing to do with each other")]
pub(super) struct HttpEvent {
    /// Method and path; `None` where the event is of no known format.
    pub request_line: Option<(String, String)>,
    /// True if a version check sent it, which is neither captured nor counted. A client cannot write this by HTTP.
    pub is_check: bool,
    /// True if a load balancer sent it that has lists of values for headers, in both directions.
    pub has_lists_only: bool,
    /// True if a half of a surrogate pair is in it, which no string can hold.
    pub is_no_text: bool,
    /// Header with the lengths of JSON and tensors, as the client wrote it.
    pub json_length: Option<String>,
    /// Compression of the body.
    pub encoding: Option<String>,
    /// Type of the body.
    pub content_type: Option<String>,
    body: Option<String>,
    is_base64: bool,
}

impl Event {
    /// Finds how an event came.
    pub(super) fn read(event: &[u8]) -> Self {
        // An event by HTTP has this member: most direct ones need not be read to know that they are none.
        if memmem::find(event, b"\"requestContext\"").is_none() {
            return Self::Direct;
        }
        match HttpEvent::read(event) {
            Ok(found) => found.map_or(Self::Direct, Self::Http),
            // A client's bytes that are no UTF-8 do not come so far, but these do, as `\uD800`.
            Err(error) if is_no_text(&error) => Self::Http(HttpEvent { is_no_text: true, ..HttpEvent::default() }),
            Err(_) => Self::Direct,
        }
    }
}

impl HttpEvent {
    /// Reads an event; `None` where it did not come by HTTP.
    fn read(event: &[u8]) -> Result<Option<Self>, JiterError> {
        let mut jiter = Jiter::new(event).with_allow_inf_nan();
        let (mut context, mut line) = (None, [const { None }; 3]);
        let (mut has_headers, mut has_lists, mut is_outcome) = (false, false, false);
        let mut found = Self::default();
        members(&mut jiter, member, |jiter, member| {
            match member {
                Member::Context => context = Some(Context::read(jiter)?),
                Member::Line(index) => line[index] = string(jiter)?,
                Member::Body => found.body = string(jiter)?,
                Member::IsBase64 => found.is_base64 = is_true(jiter)?,
                Member::Headers => {
                    has_headers = true;
                    found.read_headers(jiter)?;
                }
                Member::HeaderLists => {
                    has_lists = true;
                    found.read_headers(jiter)?;
                }
                Member::Outcome => {
                    is_outcome = true;
                    jiter.next_skip()?;
                }
                Member::Other => jiter.next_skip()?,
            }
            Ok(())
        })?;
        let Some(context) = context.filter(|_| !is_outcome) else {
            return Ok(None);
        };
        found.has_lists_only = has_lists && !has_headers;
        found.is_check = context.is_check;
        let [raw_path, path, method] = line;
        found.request_line = if context.is_payload_2 { context.method.zip(raw_path) } else { method.zip(path) };
        Ok(Some(found))
    }

    fn read_headers(&mut self, jiter: &mut Jiter<'_>) -> Result<(), JiterError> {
        members(jiter, header, |jiter, header| {
            let place = match header {
                Header::JsonLength => &mut self.json_length,
                Header::Encoding => &mut self.encoding,
                Header::ContentType => &mut self.content_type,
                Header::Other => return jiter.next_skip(),
            };
            let value = first_string(jiter)?;
            *place = place.take().or(value);
            Ok(())
        })
    }

    /// Tells whether the body came as text, in which bytes of tensors do not survive.
    pub(super) fn is_text(&self) -> bool {
        !self.is_base64
    }

    /// Returns the body of the request, unzipped.
    pub(super) fn body(&self, work: &mut Work) -> Result<Cow<'_, [u8]>, Unanswered> {
        let body = self.received()?;
        work.sent(body.len());
        let coding = Coding::read(self.encoding.as_deref().unwrap_or_default()).map_err(Refusal::bad_request)?;
        // A REST API can unzip bodies itself. Whether it removes the header then, AWS does not say.
        let Some(coding) = coding.filter(|coding| coding.begins(&body)) else { return Ok(body) };
        work.uncompressed();
        coding.inflate(&body, LARGEST_BODY, 0, |_| work.go_on()).map(Cow::Owned).map_err(|unzipped| match unzipped {
            Unzipped::Ended(unanswered) => unanswered,
            Unzipped::Fault(Fault::TooLarge | Fault::Ratio) => Refusal::too_large(format!(
                "the body unzips to more than {LARGEST_BODY} bytes, or to more than {LARGEST_RATIO} times its size; send fewer rows"
            ))
            .into(),
            Unzipped::Fault(Fault::Wrong(error)) => {
                Refusal::bad_request(format!("the body is not {}: {error}", coding.name())).into()
            }
        })
    }

    /// Returns the body as it came.
    fn received(&self) -> Result<Cow<'_, [u8]>, Refusal> {
        let Some(body) = &self.body else {
            return Ok(Cow::Borrowed(b""));
        };
        if !self.is_base64 {
            return fitting(body.len()).map(|()| Cow::Borrowed(body.as_bytes()));
        }
        if body.len() / 4 * 3 > LARGEST_BODY {
            return Err(Refusal::too_large(format!("the body has more than {LARGEST_BODY} bytes; send fewer rows")));
        }
        let decoded = BASE64
            .decode(body.as_bytes())
            .map_err(|_| Refusal::bad_request("the body is not valid base64, although the event says so"))?;
        fitting(decoded.len())?;
        Ok(Cow::Owned(decoded))
    }
}

/// The parts of the member `requestContext` that count.
#[derive(Default)]
struct Context {
    is_check: bool,
    /// The event has the payload format 2.0, otherwise 1.0.
    is_payload_2: bool,
    /// In the format 2.0.
    method: Option<String>,
}

impl Context {
    fn read(jiter: &mut Jiter<'_>) -> Result<Self, JiterError> {
        let mut found = Self::default();
        members(jiter, str::to_owned, |jiter, name| {
            match &name[..] {
                "versionCheck" => found.is_check = is_true(jiter)?,
                "http" => {
                    found.is_payload_2 = jiter.peek()? == Peek::Object;
                    members(
                        jiter,
                        |name| name == "method",
                        |jiter, is_method| {
                            if is_method {
                                found.method = string(jiter)?;
                                return Ok(());
                            }
                            jiter.next_skip()
                        },
                    )?;
                }
                _ => jiter.next_skip()?,
            }
            Ok(())
        })?;
        Ok(found)
    }
}

enum Member {
    Context,
    /// Part of the request line: raw path, path, method.
    Line(usize),
    Body,
    IsBase64,
    Headers,
    HeaderLists,
    /// Member of an asynchronous invocation, which Lambda sends to a destination.
    Outcome,
    Other,
}

enum Header {
    JsonLength,
    Encoding,
    ContentType,
    Other,
}

fn member(name: &str) -> Member {
    match name {
        "requestContext" => Member::Context,
        "rawPath" => Member::Line(0),
        "path" => Member::Line(1),
        "httpMethod" => Member::Line(2),
        "body" => Member::Body,
        "isBase64Encoded" => Member::IsBase64,
        "headers" => Member::Headers,
        "multiValueHeaders" => Member::HeaderLists,
        "requestPayload" => Member::Outcome,
        _ => Member::Other,
    }
}

fn is_no_text(error: &JiterError) -> bool {
    use jiter::JsonErrorType::{LoneLeadingSurrogateInHexEscape, UnexpectedEndOfHexEscape};

    matches!(error.error_type, JiterErrorType::JsonError(LoneLeadingSurrogateInHexEscape | UnexpectedEndOfHexEscape))
}

fn header(name: &str) -> Header {
    if name.eq_ignore_ascii_case(HEADER) {
        Header::JsonLength
    } else if name.eq_ignore_ascii_case("content-encoding") {
        Header::Encoding
    } else if name.eq_ignore_ascii_case("content-type") {
        Header::ContentType
    } else {
        Header::Other
    }
}

/// Reads the members of an object, each by what its name says; passes over any other value.
pub(super) fn members<'j, N>(
    jiter: &mut Jiter<'j>,
    name: impl Fn(&str) -> N,
    mut read: impl FnMut(&mut Jiter<'j>, N) -> Result<(), JiterError>,
) -> Result<(), JiterError> {
    if jiter.peek()? != Peek::Object {
        return jiter.next_skip();
    }
    let mut next = jiter.known_object()?.map(&name);
    while let Some(found) = next {
        read(jiter, found)?;
        next = jiter.next_key()?.map(&name);
    }
    Ok(())
}

/// Reads a string; passes over any other value.
pub(super) fn string(jiter: &mut Jiter<'_>) -> Result<Option<String>, JiterError> {
    match jiter.peek()? {
        Peek::String => jiter.known_str().map(|text| Some(text.to_owned())),
        other => jiter.known_skip(other).map(|()| None),
    }
}

/// Reads a string, or the first one of a list, as multi-value headers are.
fn first_string(jiter: &mut Jiter<'_>) -> Result<Option<String>, JiterError> {
    if jiter.peek()? == Peek::Array { first(jiter, string) } else { string(jiter) }
}

/// Reads the first element of a list, and passes over the others.
pub(super) fn first(
    jiter: &mut Jiter<'_>,
    read: fn(&mut Jiter<'_>) -> Result<Option<String>, JiterError>,
) -> Result<Option<String>, JiterError> {
    let mut next = jiter.known_array()?;
    let first = if next.is_some() { read(jiter)? } else { None };
    while next.is_some() {
        next = jiter.array_step()?;
        if let Some(other) = next {
            jiter.known_skip(other)?;
        }
    }
    Ok(first)
}

fn is_true(jiter: &mut Jiter<'_>) -> Result<bool, JiterError> {
    match jiter.peek()? {
        peek @ (Peek::True | Peek::False) => jiter.known_bool(peek),
        other => jiter.known_skip(other).map(|()| false),
    }
}

fn fitting(size: usize) -> Result<(), Refusal> {
    if size <= LARGEST_BODY {
        return Ok(());
    }
    Err(Refusal::too_large(format!("the body has {size} bytes, at most {LARGEST_BODY} are allowed; send fewer rows")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http(event: &str) -> HttpEvent {
        match Event::read(event.as_bytes()) {
            Event::Http(event) => event,
            Event::Direct => panic!("came by HTTP: {event}"),
        }
    }

    fn received(event: &HttpEvent) -> Result<Vec<u8>, Refusal> {
        match event.body(&mut Work::until(None)) {
            Ok(body) => Ok(body.into_owned()),
            Err(Unanswered::Refused(refusal)) => Err(refusal),
            Err(Unanswered::Failed(failure)) => panic!("{failure:?}"),
        }
    }

    #[test]
    fn payload_2_has_method_and_path_in_other_places_than_payload_1() {
        let line = Some(("POST".to_owned(), "/a".to_owned()));
        let second = http(r#"{"rawPath": "/a", "path": "/b", "requestContext": {"http": {"method": "POST"}}}"#);
        assert_eq!(second.request_line, line);
        let first = http(r#"{"path": "/a", "httpMethod": "POST", "requestContext": {"stage": "prod"}}"#);
        assert_eq!(first.request_line, line);
    }

    #[test]
    fn a_version_check_says_so_in_the_context_only() {
        assert!(http(r#"{"requestContext": {"http": {}, "versionCheck": true}}"#).is_check);
        for event in [
            r#"{"requestContext": {"http": {"versionCheck": true}}, "versionCheck": true}"#,
            r#"{"requestContext": {"versionCheck": 1}}"#,
            r#"{"requestContext": {}, "body": "{\"versionCheck\": true}"}"#,
        ] {
            assert!(!http(event).is_check);
        }
    }

    #[test]
    fn an_event_of_no_known_format_has_no_request_line() {
        for context in ["null", "\"x\"", "{}", r#"{"http": {}}"#, r#"{"http": 1}"#] {
            assert_eq!(http(&format!(r#"{{"requestContext": {context}}}"#)).request_line, None);
        }
    }

    #[test]
    fn an_event_without_the_context_is_direct_even_if_it_has_the_word() {
        for event in ["null", "[]", r#"{"data": "\"requestContext\""}"#, r#"{"data": {"requestContext": 1}}"#, "{"] {
            assert_eq!(Event::read(event.as_bytes()), Event::Direct);
        }
    }

    #[test]
    fn an_event_with_half_a_surrogate_pair_came_by_http_and_is_no_text() {
        for half in [r"\ud800", r"\udc00", r"\ud800a", r"\ud800\n", r"\ud800\ud800"] {
            assert!(http(&format!(r#"{{"requestContext": {{"http": {{}}}}, "body": "{half}"}}"#)).is_no_text, "{half}");
        }
        assert!(!http(r#"{"requestContext": {}, "body": "\ud83d\ude00"}"#).is_no_text);
        assert_eq!(Event::read(br#"{"requestContext": {}, "body": "#), Event::Direct);
    }

    #[test]
    fn a_body_is_text_or_base64() {
        let body = |members: &str| {
            let event = http(&format!(r#"{{"requestContext": {{}}, {members}}}"#));
            received(&event).map_err(|refusal| (refusal.status, refusal.message.into_owned()))
        };
        assert_eq!(body(r#""body": "{}""#), Ok(b"{}".to_vec()));
        assert_eq!(body(r#""body": "e30=", "isBase64Encoded": true"#), Ok(b"{}".to_vec()));
        assert_eq!(body(r#""body": null"#), Ok(Vec::new()));
        assert_eq!(body(r#""body": 5"#), Ok(Vec::new()));
        let problem = body(r#""body": "e30", "isBase64Encoded": true"#);
        assert_eq!(problem, Err((400, "the body is not valid base64, although the event says so".to_owned())));
    }

    #[test]
    fn a_body_that_lambda_could_not_have_brought_is_refused() {
        let text = " ".repeat(LARGEST_BODY + 1);
        let event = http(&format!(r#"{{"requestContext": {{}}, "body": "{text}"}}"#));
        assert_eq!(received(&event).map_err(|refusal| refusal.status), Err(413));
        let text = "A".repeat(LARGEST_BODY / 3 * 4 + 8);
        let event = http(&format!(r#"{{"requestContext": {{}}, "body": "{text}", "isBase64Encoded": true}}"#));
        assert_eq!(received(&event).map_err(|refusal| refusal.status), Err(413));
    }
}
