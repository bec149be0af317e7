//! Bodies that come compressed: decoded step by step as they arrive, and never beyond what may come out.

use std::fmt;
use std::io::{self, Write};

use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use bytes::BytesMut;
use flate2::write::MultiGzDecoder;
use zstd::stream::raw::{DParameter, Decoder as ZstdDecoder, InBuffer, Operation, OutBuffer};

use crate::problem::{Problem, Refusal};

/// What a step puts out at the most.
const STEP_BYTES: usize = 64 << 10;
/// The window of zstd that RFC 9659 allows: 8 MiB.
const WINDOW_LOG_MAX: u32 = 23;

/// Decodes the body of one request.
pub(crate) struct Decoder(Coding);

enum Coding {
    Gzip(MultiGzDecoder<Vec<u8>>),
    Zstd { decoder: ZstdDecoder<'static>, out: Vec<u8>, is_whole: bool },
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.0 {
            Coding::Gzip(_) => "gzip",
            Coding::Zstd { .. } => "zstd",
        };
        f.debug_tuple("Decoder").field(&name).finish()
    }
}

impl Decoder {
    /// One for what the request's headers name; nothing where the body comes as it is.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let mut named = headers.get_all(CONTENT_ENCODING).iter();
        let Some(name) = named.next() else { return Ok(None) };
        let name = name.to_str().unwrap_or("").trim().to_ascii_lowercase();
        if named.next().is_some() || name.contains(',') {
            return Err(Problem::coding("expected one content encoding, found several"));
        }
        match name.as_str() {
            "identity" => Ok(None),
            "gzip" | "x-gzip" => Ok(Some(Self(Coding::Gzip(MultiGzDecoder::new(Vec::new()))))),
            "zstd" => {
                let decoder = ZstdDecoder::new().and_then(|mut decoder| {
                    decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))?;
                    Ok(decoder)
                });
                let (decoder, out) = (decoder?, vec![0; STEP_BYTES]);
                Ok(Some(Self(Coding::Zstd { decoder, out, is_whole: false })))
            }
            other => {
                let detail =
                    format!("expected the content encoding `gzip` or `zstd`, found `{other}`");
                Err(Problem::coding(detail))
            }
        }
    }

    /// Decodes some of `input` to the end of `decoded`, and says how much of it, and whether there may be more
    /// to come even of nothing.
    pub(crate) fn step(
        &mut self,
        input: &[u8],
        decoded: &mut BytesMut,
    ) -> Result<(usize, bool), Problem> {
        match &mut self.0 {
            Coding::Gzip(decoder) => {
                let read = decoder.write(input).map_err(bad)?;
                if read == 0 && !input.is_empty() {
                    return Err(bad("it does not go on"));
                }
                decoded.extend_from_slice(decoder.get_ref());
                decoder.get_mut().clear();
                Ok((read, false))
            }
            Coding::Zstd { decoder, out, is_whole } => {
                let mut input = InBuffer::around(input);
                let mut output = OutBuffer::around(&mut out[..]);
                let expected = decoder.run(&mut input, &mut output).map_err(bad)?;
                *is_whole = expected == 0;
                let (read, written) = (input.pos(), output.pos());
                decoded.extend_from_slice(&out[..written]);
                Ok((read, written == STEP_BYTES && expected > 0))
            }
        }
    }

    /// What is left, once all has arrived; refuses what was cut.
    pub(crate) fn finish(self, decoded: &mut BytesMut) -> Result<(), Problem> {
        match self.0 {
            Coding::Gzip(decoder) => {
                decoded.extend_from_slice(&decoder.finish().map_err(bad)?);
                Ok(())
            }
            Coding::Zstd { is_whole: true, .. } => Ok(()),
            Coding::Zstd { .. } => Err(bad(io::Error::from(io::ErrorKind::UnexpectedEof))),
        }
    }
}

fn bad(why: impl fmt::Display) -> Problem {
    Problem::new(Refusal::Malformed, format!("the body does not decode by its encoding: {why}"))
}

/// Refuses text that is not in UTF-8, which JSON is.
pub(crate) fn check_charset(headers: &HeaderMap) -> Result<(), Problem> {
    let named = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let charsets = named.split(';').skip(1).filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    });
    for charset in charsets {
        if !charset.eq_ignore_ascii_case("utf-8") {
            let detail = format!("expected the charset `utf-8`, found `{charset}`");
            return Err(Problem::coding(detail));
        }
    }
    Ok(())
}
