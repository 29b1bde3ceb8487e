//! Values of flags.

use std::time::Duration;

use hyper::header::HeaderName;

/// The text of a flag that stands for all origins.
pub(super) const EVERY_ORIGIN: &str = "*";
/// The longest that browsers keep the answer to a preflight request, and AWS allows.
const LONGEST_MAX_AGE: u32 = 86_400;

/// Reads an integer above 0.
pub(super) fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("a positive integer is expected".to_owned()),
    }
}

/// Reads milliseconds: an integer above 0.
pub(super) fn milliseconds(text: &str) -> Result<Duration, String> {
    positive(text).map(|number| Duration::from_millis(number as u64))
}

/// Reads seconds, which may have decimals.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| "a number of seconds is expected".to_owned())?;
    Duration::try_from_secs_f64(number).map_err(|error| error.to_string())
}

/// Reads seconds: an integer above 0.
pub(super) fn whole_seconds(text: &str) -> Result<Duration, String> {
    positive(text).map(|number| Duration::from_secs(number as u64))
}

/// Reads a path that starts with /.
pub(super) fn absolute_path(text: &str) -> Result<String, String> {
    if text.starts_with('/') { Ok(text.to_owned()) } else { Err("a path that starts with / is expected".to_owned()) }
}

/// Reads an origin as browsers send it, or `*`: any other text would never be equal to what they send.
pub(super) fn origin(text: &str) -> Result<String, String> {
    let expected = || {
        "* or an origin as browsers send it is expected: http:// or https://, a host in lower case, and a port unless \
         it is the scheme's; no path"
            .to_owned()
    };
    if text == EVERY_ORIGIN {
        return Ok(text.to_owned());
    }
    let (scheme, authority) = text.split_once("://").ok_or_else(expected)?;
    let usual_port = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return Err(expected()),
    };
    let ends_host = |at: usize| !authority[at..].contains(']');
    let (host, port) = match authority.rfind(':').filter(|&at| ends_host(at)) {
        Some(at) => (&authority[..at], Some(&authority[at + 1..])),
        None => (authority, None),
    };
    let is_name = |host: &str| {
        !host.is_empty() && host.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_'))
    };
    let is_address = |host: &str| {
        let inner = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        inner.is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok_and(|address| address.to_string() == inner))
    };
    let is_port = |port: &str| {
        port.parse::<u16>().is_ok_and(|number| number != 0 && number != usual_port && number.to_string() == port)
    };
    let is_right = (is_name(host) || is_address(host)) && port.is_none_or(is_port);
    if is_right { Ok(text.to_owned()) } else { Err(expected()) }
}

/// Reads the name of a header.
pub(super) fn header(text: &str) -> Result<HeaderName, String> {
    text.parse().map_err(|_| "the name of a header is expected".to_owned())
}

/// Reads a number of seconds.
pub(super) fn max_age(text: &str) -> Result<u32, String> {
    let number = text.parse().ok().filter(|number| *number <= LONGEST_MAX_AGE);
    number.ok_or_else(|| format!("a whole number of seconds from 0 to {LONGEST_MAX_AGE} is expected"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_taken_as_browsers_send_it() {
        for right in ["*", "https://a.example.com", "http://localhost:3000", "http://127.0.0.1", "http://[::1]:8080"] {
            assert_eq!(origin(right).as_deref(), Ok(right));
        }
        for wrong in [
            "",
            "null",
            "example.com",
            "https://",
            "https://a/",
            "https://a/path",
            "https://a?b",
            "https://A.example.com",
            "HTTPS://a",
            "ftp://a",
            "https://*.example.com",
            "https://user@a",
            "https://a:443",
            "http://a:80",
            "https://a:0",
            "https://a:",
            "https://a:065",
            "https://a:70000",
            "https://a:+1",
            "https://[::1",
            "https://[0:0::1]",
            "https://é.example",
            "https://a\r\nb: c",
            " https://a",
        ] {
            assert!(origin(wrong).is_err(), "{wrong:?}");
        }
    }
}
