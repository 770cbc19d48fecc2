//! Frames of HTTP/2 (RFC 9113), written by hand.

use std::time::Duration;

use continuity_tests::harness::{Access, Failure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::wire;

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;
pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;
/// Error codes.
pub(super) const FLOW_CONTROL_ERROR: u32 = 3;
pub(super) const CALM_DOWN: u32 = 11;

pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short payload").to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// An integer of HPACK in the lower `bits` of a byte that begins with `first` (RFC 7541 section 5.1).
fn integer(first: u8, bits: u32, mut value: usize, out: &mut Vec<u8>) {
    let most = (1_usize << bits) - 1;
    if value < most {
        out.push(first | u8::try_from(value).expect("it fits"));
        return;
    }
    out.push(first | u8::try_from(most).expect("it fits"));
    value -= most;
    while value >= 128 {
        out.push(u8::try_from(value % 128).expect("it fits") | 128);
        value /= 128;
    }
    out.push(u8::try_from(value).expect("it fits"));
}

/// A field with a name of its own, not indexed unless said.
pub(super) fn field(name: &str, value: &str, indexed: bool, out: &mut Vec<u8>) {
    out.push(if indexed { 0x40 } else { 0 });
    for text in [name, value] {
        integer(0, 7, text.len(), out);
        out.extend_from_slice(text.as_bytes());
    }
}

/// The head of a GET.
pub(super) fn head(path: &str, token: &str) -> Vec<u8> {
    let mut block = vec![0x82, 0x87]; // GET, https
    field(":path", path, false, &mut block);
    field(":authority", "localhost", false, &mut block);
    if !token.is_empty() {
        field("authorization", &format!("Bearer {token}"), false, &mut block);
    }
    block
}

/// A whole request.
pub(super) fn request(stream: u32, path: &str, token: &str) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, stream, &head(path, token))
}

/// A connection that said hello, with this initial window for what the replica sends.
pub(super) async fn hello(access: &Access, window: u32) -> Result<TlsStream<TcpStream>, Failure> {
    let mut stream = wire::connect(access, "h2").await?;
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    let mut settings = vec![0, 4];
    settings.extend_from_slice(&window.to_be_bytes());
    bytes.extend(frame(SETTINGS, 0, 0, &settings));
    stream.write_all(&bytes).await?;
    Ok(stream)
}

/// A frame that came.
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) stream: u32,
    pub(super) payload: Vec<u8>,
}

impl Frame {
    /// The four bytes at this place as a number.
    pub(super) fn number(&self, at: usize) -> u32 {
        let bytes = self.payload.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        u32::from_be_bytes(bytes.unwrap_or_default())
    }
}

/// The next frame; `None` at the end.
pub(super) async fn next(stream: &mut (impl AsyncReadExt + Unpin)) -> Option<Frame> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.ok()?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let mut payload = vec![0; length.try_into().ok()?];
    stream.read_exact(&mut payload).await.ok()?;
    Some(Frame { kind: head[3], stream: u32::from_be_bytes([head[5], head[6], head[7], head[8]]), payload })
}

/// Reads until the replica closes; the error code with which it said so, if it did.
pub(super) async fn goaway(stream: &mut (impl AsyncReadExt + Unpin), limit: Duration) -> Result<Option<u32>, Failure> {
    let reading = async {
        let mut code = None;
        while let Some(frame) = next(stream).await {
            if frame.kind == GOAWAY {
                code = Some(frame.number(4));
            }
        }
        code
    };
    Ok(tokio::time::timeout(limit, reading).await.map_err(|_| format!("not closed within {limit:?}"))?)
}
