use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// Bytes of the preface that each client of HTTP/2 sends first.
const PREFACE_BYTES: usize = 24;

/// A connection of HTTP/2 whose client has begun: until then hyper waits for ever.
pub(super) struct Begun<S> {
    preface: [u8; PREFACE_BYTES],
    /// Number of bytes of the preface that were given.
    given: usize,
    stream: S,
}

/// Waits for the client's first bytes, which the connection gives once more.
pub(super) async fn begun<S: AsyncRead + Unpin>(mut stream: S) -> io::Result<Begun<S>> {
    let mut preface = [0; PREFACE_BYTES];
    stream.read_exact(&mut preface).await?;
    Ok(Begun { preface, given: 0, stream })
}

impl<S: AsyncRead + Unpin> AsyncRead for Begun<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let left = &self.preface[self.given..];
        if left.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let size = left.len().min(buffer.remaining());
        buffer.put_slice(&left[..size]);
        self.given += size;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Begun<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_gives_all_that_its_client_sent() {
        let sent: Vec<u8> = (0..100).collect();
        let mut begun = begun(sent.as_slice()).await.unwrap();
        let (mut first, mut rest) = ([0; 10], Vec::new());
        begun.read_exact(&mut first).await.unwrap();
        begun.read_to_end(&mut rest).await.unwrap();
        assert_eq!([&first[..], &rest].concat(), sent);
    }

    #[tokio::test]
    async fn a_client_that_leaves_before_it_begins_has_no_connection() {
        assert!(begun(&b"PRI * HTTP/2.0"[..]).await.is_err());
    }
}
