//! Content codings (RFC 9110 section 8.4): text is compressed for clients that accept it, quickly rather than tightly.

use std::io::{self, Write};

use bytes::Bytes;
use http::header::ACCEPT_ENCODING;
use http::{HeaderMap, HeaderValue};

/// Shorter bodies are not worth it.
const SHORTEST: usize = 1_024;
/// Longer ones are compressed off the asynchronous threads: this much takes about a millisecond.
const LONG: usize = 128 << 10;

/// A coding that this server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Zstd,
    Brotli,
    Gzip,
}

impl Coding {
    /// The better ones first: of those that a client likes as much, the first is taken.
    const ALL: [Self; 3] = [Self::Zstd, Self::Brotli, Self::Gzip];

    /// Its name in `Content-Encoding`, and at the end of the tags of what it encodes.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// What a client accepts for a body; `None`: as it is.
    pub(crate) fn of(request: &HeaderMap, content_type: &HeaderValue, length: usize) -> Option<Self> {
        if length < SHORTEST || !is_text(content_type) {
            return None;
        }
        let values = request.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        let accepted: Vec<(&str, f32)> = values.flat_map(|value| value.split(',')).filter_map(weighed).collect();
        let weight = |name: &str| accepted.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, q)| *q);
        let others = weight("*").unwrap_or(0.0);
        let of = |coding: Self| weight(coding.name()).unwrap_or(others);
        let identity = weight("identity").unwrap_or(0.0);
        let best = Self::ALL.into_iter().rev().max_by(|a, b| of(*a).total_cmp(&of(*b)))?;
        (of(best) > 0.0 && of(best) >= identity).then_some(best)
    }

    /// The body in this coding.
    pub(crate) async fn encode(self, body: Bytes) -> io::Result<Bytes> {
        if body.len() <= LONG {
            return self.compress(&body).map(Bytes::from);
        }
        let compressed = tokio::task::spawn_blocking(move || self.compress(&body)).await;
        compressed.map_err(io::Error::other)?.map(Bytes::from)
    }

    fn compress(self, body: &[u8]) -> io::Result<Vec<u8>> {
        let out = Vec::with_capacity(body.len() / 4);
        match self {
            Self::Zstd => zstd::bulk::compress(body, 1),
            Self::Brotli => {
                let mut writer = brotli::CompressorWriter::new(out, 16 << 10, 3, 20);
                writer.write_all(body)?;
                writer.flush()?;
                Ok(writer.into_inner())
            }
            Self::Gzip => {
                let mut writer = flate2::write::GzEncoder::new(out, flate2::Compression::new(2));
                writer.write_all(body)?;
                writer.finish()
            }
        }
    }
}

fn is_text(content_type: &HeaderValue) -> bool {
    let Ok(text) = content_type.to_str() else { return false };
    let text = text.split(';').next().unwrap_or_default().trim();
    text.starts_with("text/") || ["application/json", "application/x-ndjson"].contains(&text)
}

/// A coding with its weight; `None` when that is no number from 0 to 1.
fn weighed(item: &str) -> Option<(&str, f32)> {
    let (name, rest) = item.split_once(';').unwrap_or((item, "q=1"));
    let weight = rest.trim().strip_prefix(['q', 'Q'])?.trim_start().strip_prefix('=')?.trim().parse::<f32>().ok()?;
    (0.0..=1.0).contains(&weight).then_some((name.trim(), weight))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn chosen(accept: &[&str]) -> Option<&'static str> {
        let headers = accept.iter().map(|value| (ACCEPT_ENCODING, value.parse().unwrap())).collect();
        Coding::of(&headers, &HeaderValue::from_static("application/json"), 4_096).map(Coding::name)
    }

    #[test]
    fn the_clients_weights_decide_and_then_ours() {
        for (accept, wanted) in [
            (&[][..], None),
            (&[""], None),
            (&["identity"], None),
            (&["gzip"], Some("gzip")),
            (&["GZIP;q=1.0"], Some("gzip")),
            (&["gzip, deflate, br, zstd"], Some("zstd")),
            (&["gzip, deflate", "br"], Some("br")),
            (&["br;q=0.5, gzip;q=0.8"], Some("gzip")),
            (&["zstd;q=0, *"], Some("br")),
            (&["*;q=0"], None),
            (&["identity, gzip;q=0.5"], None),
            (&["deflate, compress"], None),
            (&["gzip;q=2", "br;q=x"], None),
        ] {
            assert_eq!(chosen(accept), wanted, "{accept:?}");
        }
    }

    #[test]
    fn short_bodies_and_files_stay_as_they_are() {
        let all: HeaderMap = [(ACCEPT_ENCODING, HeaderValue::from_static("gzip"))].into_iter().collect();
        let of = |content_type, length| Coding::of(&all, &HeaderValue::from_static(content_type), length);
        assert_eq!(of("application/json", SHORTEST - 1), None);
        assert_eq!(of("application/pdf", 1 << 20), None);
        assert_eq!(of("text/csv; charset=utf-8", SHORTEST), Some(Coding::Gzip));
        assert_eq!(of("application/x-ndjson", SHORTEST), Some(Coding::Gzip));
    }

    #[tokio::test]
    async fn what_was_encoded_decodes() {
        for length in [0, SHORTEST, LONG, LONG + 1, 3 << 20] {
            let body: Vec<u8> = (0..length).map(|i| b"{\"loan\":12}"[i % 11]).collect();
            for coding in Coding::ALL {
                let encoded = coding.encode(Bytes::from(body.clone())).await.unwrap();
                assert!(length == 0 || encoded.len() < length / 4, "{coding:?} {length} {}", encoded.len());
                let mut decoded = Vec::new();
                match coding {
                    Coding::Zstd => zstd::stream::copy_decode(&encoded[..], &mut decoded).unwrap(),
                    Coding::Brotli => drop(brotli::Decompressor::new(&encoded[..], 4_096).read_to_end(&mut decoded)),
                    Coding::Gzip => drop(flate2::read::GzDecoder::new(&encoded[..]).read_to_end(&mut decoded)),
                }
                assert!(decoded == body, "{coding:?} {length}");
            }
        }
    }
}
