use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;

use httparse::{EMPTY_HEADER, Status, parse_chunk_size};

/// Largest head of a response: Lambda's headers have a few kilobytes at most.
const MAX_HEAD_BYTES: u64 = 256 << 10;
const MAX_HEADERS: usize = 128;
/// Largest body that is sent in one piece with its head.
const JOINED_BYTES: usize = 16 << 10;
/// Capacity made for a body before its bytes are there.
const MAX_CAPACITY: u64 = 8 << 20;

/// One connection to a server that speaks HTTP/1.1, with one call at a time. It is opened again where the server has
/// closed it, and no call has a timeout.
///
/// It is part of a function's start, which a client for all of HTTP would make longer.
///
/// See <https://www.rfc-editor.org/rfc/rfc9112>.
pub(super) struct Connection {
    address: String,
    stream: Option<BufReader<TcpStream>>,
}

/// A response, whatever its status.
pub(super) struct Response {
    pub status: u16,
    pub body: Vec<u8>,
    headers: Vec<(String, Vec<u8>)>,
    /// The server ends the connection after it.
    is_last: bool,
}

impl Response {
    /// Returns the value of the first header of a name.
    pub(super) fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_slice())
    }

    fn says(&self, name: &str, word: &str) -> bool {
        let value = self.header(name).and_then(|value| std::str::from_utf8(value).ok()).unwrap_or_default();
        value.split(',').any(|part| part.trim().eq_ignore_ascii_case(word))
    }
}

impl Connection {
    /// Names a server, without connecting to it.
    pub(super) fn new(address: &str) -> Self {
        Self { address: address.to_owned(), stream: None }
    }

    /// Returns the open stream.
    ///
    /// # Errors
    ///
    /// The server cannot be reached.
    pub(super) fn stream(&mut self) -> io::Result<&TcpStream> {
        Ok(self.open()?.get_ref())
    }

    /// Sends a request and returns its response.
    ///
    /// # Arguments
    ///
    /// * `head`: the request line and the headers, with the empty line.
    ///
    /// # Errors
    ///
    /// The server cannot be reached, ends the connection before the response does, or sends something else.
    pub(super) fn call(&mut self, head: String, body: &[u8]) -> io::Result<Response> {
        let stream = self.open()?;
        let sent = send(stream.get_mut(), head.into_bytes(), body);
        // A server may refuse a body before it has read all of it.
        let response = read_response(stream).map_err(|error| sent.err().unwrap_or(error));
        if !response.as_ref().is_ok_and(|response| !response.is_last) {
            self.stream = None;
        }
        response
    }

    fn open(&mut self) -> io::Result<&mut BufReader<TcpStream>> {
        let open = if let Some(stream) = self.stream.take().filter(is_idle) {
            stream
        } else {
            let stream = TcpStream::connect(&self.address)?;
            stream.set_nodelay(true)?;
            BufReader::new(stream)
        };
        Ok(self.stream.insert(open))
    }
}

/// Tells whether the server has neither closed a connection nor sent anything on it unasked.
fn is_idle(stream: &BufReader<TcpStream>) -> bool {
    let waits = |socket: &TcpStream| {
        socket.set_nonblocking(true)?;
        let peeked = socket.peek(&mut [0]);
        socket.set_nonblocking(false)?;
        peeked
    };
    stream.buffer().is_empty() && waits(stream.get_ref()).is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

fn send(stream: &mut TcpStream, mut head: Vec<u8>, body: &[u8]) -> io::Result<()> {
    if body.len() > JOINED_BYTES {
        stream.write_all(&head)?;
        return stream.write_all(body);
    }
    head.extend_from_slice(body);
    stream.write_all(&head)
}

fn read_response(stream: &mut impl BufRead) -> io::Result<Response> {
    loop {
        let mut response = read_head(stream)?;
        if response.status >= 200 {
            response.is_last |= read_body(stream, &mut response)?;
            return Ok(response);
        }
    }
}

fn read_head(stream: &mut impl BufRead) -> io::Result<Response> {
    let mut text = Vec::new();
    let mut limited = stream.take(MAX_HEAD_BYTES);
    // Lines end by a line feed, and most servers send a carriage return before it.
    while !text.ends_with(b"\n\r\n") && !text.ends_with(b"\n\n") {
        if limited.read_until(b'\n', &mut text)? == 0 {
            return Err(if limited.limit() == 0 { invalid("a head that is too long") } else { ended() });
        }
    }
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Response::new(&mut headers);
    match parsed.parse(&text) {
        Ok(Status::Complete(_)) => {}
        Ok(Status::Partial) => return Err(invalid("half a head")),
        Err(error) => return Err(invalid(&error.to_string())),
    }
    let headers = parsed.headers.iter().map(|header| (header.name.to_owned(), header.value.to_vec())).collect();
    let mut response = Response { status: parsed.code.unwrap_or_default(), body: Vec::new(), headers, is_last: false };
    response.is_last = response.says("connection", "close") || parsed.version == Some(0);
    Ok(response)
}

/// Reads the body that the head announces, and returns whether it ends with the connection.
fn read_body(stream: &mut impl BufRead, response: &mut Response) -> io::Result<bool> {
    if matches!(response.status, 204 | 304) {
        return Ok(false);
    }
    if response.says("transfer-encoding", "chunked") {
        while let size @ 1.. = read_chunk_size(stream)? {
            read_bytes(stream, size, &mut response.body)?;
            skip_line(stream)?;
        }
        while skip_line(stream)? > 0 {}
        return Ok(false);
    }
    let Some(length) = response.header("content-length") else {
        stream.read_to_end(&mut response.body)?;
        return Ok(true);
    };
    let length = std::str::from_utf8(length).ok().and_then(|text| text.parse().ok());
    read_bytes(stream, length.ok_or_else(|| invalid("a length that is no number"))?, &mut response.body)?;
    Ok(false)
}

fn read_bytes(stream: &mut impl BufRead, size: u64, body: &mut Vec<u8>) -> io::Result<()> {
    body.reserve(usize::try_from(size.min(MAX_CAPACITY)).unwrap_or_default());
    let read = stream.take(size).read_to_end(body)?;
    if read as u64 == size { Ok(()) } else { Err(ended()) }
}

fn read_chunk_size(stream: &mut impl BufRead) -> io::Result<u64> {
    let mut line = Vec::new();
    stream.take(MAX_HEAD_BYTES).read_until(b'\n', &mut line)?;
    match parse_chunk_size(&line) {
        Ok(Status::Complete((_, size))) => Ok(size),
        Ok(Status::Partial) => Err(ended()),
        Err(_) => Err(invalid("a chunk without a size")),
    }
}

/// Reads a line, and returns how many bytes it has without its end.
fn skip_line(stream: &mut impl BufRead) -> io::Result<usize> {
    let mut line = Vec::new();
    stream.take(MAX_HEAD_BYTES).read_until(b'\n', &mut line)?;
    let line = line.strip_suffix(b"\n").ok_or_else(ended)?;
    Ok(line.strip_suffix(b"\r").unwrap_or(line).len())
}

fn ended() -> io::Error {
    io::Error::new(ErrorKind::UnexpectedEof, "the connection ended before the response")
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("the response is no HTTP/1.1: {what}"))
}

#[cfg(test)]
mod tests {
    use std::net::{Shutdown, TcpListener};
    use std::thread::{self, JoinHandle};

    use super::*;

    fn response(text: &str) -> io::Result<Response> {
        read_response(&mut text.as_bytes())
    }

    fn body(text: &str) -> String {
        let response = response(text).expect("a response");
        String::from_utf8(response.body).expect("text")
    }

    /// Answers one request on each of as many connections as there are responses.
    fn serve(responses: &'static [&'static str]) -> (Connection, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it listens").to_string();
        let server = thread::spawn(move || {
            for response in responses {
                let (mut stream, _) = listener.accept().expect("a connection");
                let _ = stream.read(&mut [0; 1024]).expect("a request");
                stream.write_all(response.as_bytes()).expect("the client reads");
                // Closed with bytes that nobody has read, it would take back the response.
                stream.shutdown(Shutdown::Write).expect("it is open");
                io::copy(&mut stream, &mut io::sink()).expect("the client ends");
            }
        });
        (Connection::new(&address), server)
    }

    /// Waits until the client's side knows that the server has closed its own.
    fn wait_for_end(connection: &Connection) {
        if let Some(stream) = &connection.stream {
            assert_eq!(stream.get_ref().peek(&mut [0]).expect("an open socket"), 0);
        }
    }

    fn get() -> String {
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned()
    }

    #[test]
    fn a_body_has_the_bytes_that_its_head_announces() {
        assert_eq!(body("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc"), "ab");
        assert_eq!(
            body(
                "HTTP/1.1 200 OK\r\nTRANSFER-ENCODING: Chunked\r\n\r\n3;a=b\r\nabc\r\n1\r\nd\r\n0\r\nTrailer: x\r\n\r\n"
            ),
            "abcd"
        );
        assert_eq!(body("HTTP/1.1 200 OK\n\nuntil the end"), "until the end");
        assert_eq!(body("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"), "a");
        assert_eq!(body("HTTP/1.1 204 No Content\r\n\r\nof the next"), "");
    }

    #[test]
    fn a_response_that_is_cut_or_none_is_an_error() {
        let whole = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        for length in 0..whole.len() {
            let error = response(&whole[..length]).err().expect("an error");
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{length}: {error}");
        }
        let long = format!("HTTP/1.1 200 OK\r\nA: {}\r\n\r\n", "x".repeat(300 << 10));
        for text in [
            "SSH-2.0-x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            long.as_str(),
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        ] {
            assert_eq!(response(text).err().expect("an error").kind(), ErrorKind::InvalidData);
        }
        let announced = "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\na";
        assert_eq!(response(announced).err().expect("an error").kind(), ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_connection_that_the_server_has_closed_is_opened_again() {
        const CLOSED: &str = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
        const SAID: &str = "HTTP/1.1 200 OK\r\nConnection: keep-alive, Close\r\nContent-Length: 1\r\n\r\nb";
        let (mut connection, server) = serve(&[CLOSED, SAID, "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nc", CLOSED]);
        for expected in [b"a", b"b", b"c", b"a"] {
            assert_eq!(connection.call(get(), b"").expect("a response").body, expected);
            wait_for_end(&connection);
        }
        drop(connection);
        server.join().expect("four connections");
    }

    #[test]
    fn a_response_that_comes_before_a_large_body_was_read_is_taken() {
        let (mut connection, server) = serve(&["HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n"]);
        assert_eq!(connection.call(get(), &vec![0; 16 << 20]).expect("a response").status, 413);
        drop(connection);
        server.join().expect("one connection");
    }

    #[test]
    fn what_nobody_has_asked_for_is_no_response() {
        const TWICE: &str =
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
        let (mut connection, server) = serve(&[TWICE, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb"]);
        for expected in [b"a", b"b"] {
            assert_eq!(connection.call(get(), b"").expect("a response").body, expected);
        }
        drop(connection);
        server.join().expect("two connections");
    }
}
