//! Cross-origin resource sharing (CORS): which web pages of other origins may read answers.
//!
//! What a client sends is only compared: each header of an answer comes from the flags.

use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, ORIGIN, VARY,
};
use hyper::{Method, StatusCode};

use super::flag_values::EVERY_ORIGIN;
use super::flags::Flags;
use super::response::{Response, respond};

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST");
const EXPOSED: HeaderValue = HeaderValue::from_static("inference-header-content-length, retry-after, x-request-id");
const REFUSED: &str = r#"{"error": "no permission for this origin: name it in --cors_allow_origins"}"#;

/// Permission for web pages of other origins.
#[derive(Debug)]
pub(super) struct Cors {
    /// The origins, or `*` alone.
    origins: Vec<HeaderValue>,
    headers: HeaderValue,
    max_age: HeaderValue,
}

/// The permission for one request: the origin to name, if any.
#[derive(Clone, Copy)]
pub(super) struct Permission<'c> {
    cors: &'c Cors,
    origin: Option<&'c HeaderValue>,
}

impl Cors {
    /// Returns the permission that the flags give; `None` where no page of another origin has one.
    ///
    /// # Errors
    ///
    /// A sentence about `*` beside other origins.
    pub(super) fn new(flags: &Flags) -> Result<Option<Self>, String> {
        let origins = &flags.cors_allow_origins;
        if origins.is_empty() {
            return Ok(None);
        }
        if origins.len() > 1 && origins.iter().any(|origin| origin == EVERY_ORIGIN) {
            return Err("--cors_allow_origins: * stands for every origin: leave the others out, or *".to_owned());
        }
        let names: Vec<&str> = flags.cors_allow_headers.iter().map(HeaderName::as_str).collect();
        let headers = if names.is_empty() { CONTENT_TYPE.as_str().to_owned() } else { names.join(", ") };
        let value = |text: &str| HeaderValue::from_str(text).map_err(|error| error.to_string());
        Ok(Some(Self {
            origins: origins.iter().map(|origin| value(origin)).collect::<Result<_, _>>()?,
            headers: value(&headers)?,
            max_age: flags.cors_max_age_in_seconds.into(),
        }))
    }

    /// Returns the permission for a request.
    pub(super) fn permission(&self, request: &HeaderMap) -> Permission<'_> {
        let mut sent = request.get_all(ORIGIN).iter();
        let only = sent.next().filter(|_| sent.next().is_none());
        let origin =
            only.and_then(|sent| self.origins.iter().find(|origin| *origin == EVERY_ORIGIN || *origin == sent));
        Permission { cors: self, origin }
    }
}

impl Permission<'_> {
    /// Adds the permission to an answer, or to a refusal: the page could not read that either.
    pub(super) fn add_to(self, headers: &mut HeaderMap) {
        if !self.cors.origins.iter().any(|origin| origin == EVERY_ORIGIN) {
            headers.append(VARY, ORIGIN.into());
        }
        if let Some(origin) = self.origin {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }

    /// Answers a preflight request. `add_to` adds the origin.
    pub(super) fn preflight(self) -> Response {
        let mut response = match self.origin {
            Some(_) => respond(StatusCode::NO_CONTENT, "text/plain", ""),
            None => respond(StatusCode::FORBIDDEN, "application/json", REFUSED),
        };
        let headers = response.headers_mut();
        for name in [ACCESS_CONTROL_REQUEST_METHOD, ACCESS_CONTROL_REQUEST_HEADERS] {
            headers.append(VARY, name.into());
        }
        if self.origin.is_some() {
            headers.remove(CONTENT_TYPE);
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, self.cors.headers.clone());
            headers.insert(ACCESS_CONTROL_MAX_AGE, self.cors.max_age.clone());
        }
        response
    }
}

/// Tells whether a browser asks for permission before its request.
pub(super) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS && headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn cors(flags: &[&str]) -> Result<Option<Cors>, String> {
        let model = ["model_server", "--model_base_path=/m", "--model_version=1"];
        let flags = Flags::try_parse_from([&model[..], flags].concat()).map_err(|error| error.to_string())?;
        Cors::new(&flags)
    }

    fn sent(origins: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for origin in origins {
            headers.append(ORIGIN, HeaderValue::from_bytes(origin).unwrap());
        }
        headers
    }

    #[test]
    fn nobody_has_permission_by_default() {
        assert!(cors(&[]).unwrap().is_none());
        assert!(cors(&["--cors_allow_headers=a"]).unwrap_err().contains("--cors_allow_origins"));
        assert!(cors(&["--cors_max_age_in_seconds=5"]).unwrap_err().contains("--cors_allow_origins"));
    }

    #[test]
    fn flags_that_cannot_be_meant_are_refused() {
        for wrong in [
            &["--cors_allow_origins="][..],
            &["--cors_allow_origins=https://a,"],
            &["--cors_allow_origins=*,https://a"],
            &["--cors_allow_origins=https://a", "--cors_allow_headers=a b"],
            &["--cors_allow_origins=https://a", "--cors_allow_headers=a\r\nb"],
            &["--cors_allow_origins=https://a", "--cors_max_age_in_seconds=86401"],
            &["--cors_allow_origins=https://a", "--cors_max_age_in_seconds=-1"],
        ] {
            assert!(cors(wrong).is_err(), "{wrong:?}");
        }
        assert!(cors(&["--cors_allow_origins=https://a", "--cors_max_age_in_seconds=86400"]).is_ok());
    }

    #[test]
    fn only_an_origin_that_is_equal_and_alone_has_permission() {
        let cors = cors(&["--cors_allow_origins=https://a.example,https://b.example"]).unwrap().unwrap();
        let allowed = |origins: &[&[u8]]| {
            let mut answer = HeaderMap::new();
            cors.permission(&sent(origins)).add_to(&mut answer);
            assert_eq!(answer[VARY], "origin");
            answer.get(ACCESS_CONTROL_ALLOW_ORIGIN).cloned()
        };
        assert_eq!(allowed(&[b"https://b.example"]).unwrap(), "https://b.example");
        let long = "https://a.example".repeat(1000);
        for other in [
            &b"https://c.example"[..],
            b"https://a.example.evil",
            b"https://a.exampl",
            b"null",
            b"*",
            b"\xff",
            b"",
            long.as_bytes(),
        ] {
            assert_eq!(allowed(&[other]), None);
        }
        assert_eq!(allowed(&[]), None);
        assert_eq!(allowed(&[b"https://a.example", b"https://b.example"]), None);
    }

    #[test]
    fn every_origin_needs_no_answer_of_its_own() {
        let cors = cors(&["--cors_allow_origins=*"]).unwrap().unwrap();
        let mut answer = HeaderMap::new();
        cors.permission(&sent(&[b"https://any.example"])).add_to(&mut answer);
        assert_eq!((answer[ACCESS_CONTROL_ALLOW_ORIGIN].as_bytes(), answer.get(VARY)), (&b"*"[..], None));
    }
}
