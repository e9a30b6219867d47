//! A body that is sent page by page, compressed for clients that accept it.

use std::io::Write as _;

use axum::{
    BoxError,
    body::Bytes,
    http::{HeaderMap, header},
};
use flate2::{Compression, write::GzEncoder};
use futures::{Stream, TryStreamExt as _, stream};

/// Whether the client accepts gzip (RFC 9110 §12.5.3).
pub(super) fn is_accepted(headers: &HeaderMap) -> bool {
    let codings = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut named = None;
    let mut any = false;
    for coding in codings.flat_map(|value| value.split(',')) {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let weight = weight.trim().to_ascii_lowercase().strip_prefix("q=").and_then(|q| q.trim().parse().ok());
        let accepted = weight.unwrap_or(1.0) > 0.0_f32;
        match name.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => named = Some(accepted),
            "*" => any = accepted,
            _ => {}
        }
    }
    named.unwrap_or(any)
}

/// Compresses each page so that the client can read it before the next one comes. A failure breaks the stream off
/// before its end, so that no client takes it for complete.
pub(super) fn compressed(
    pages: impl Stream<Item = Result<Bytes, BoxError>> + Send + 'static,
) -> impl Stream<Item = Result<Bytes, BoxError>> + Send {
    let zip = GzEncoder::new(Vec::new(), Compression::fast());
    stream::try_unfold((Box::pin(pages), Some(zip)), async |(mut pages, zip)| {
        let Some(mut zip) = zip else { return Ok(None) };
        let Some(page) = pages.try_next().await? else {
            return Ok(Some((Bytes::from(zip.finish()?), (pages, None))));
        };
        zip.write_all(&page)?;
        zip.flush()?;
        let sent = std::mem::take(zip.get_mut());
        Ok(Some((Bytes::from(sent), (pages, Some(zip)))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        let accepted = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, value.parse().unwrap());
            is_accepted(&headers)
        };
        for value in ["gzip", "deflate, GZIP", "br;q=1.0, gzip;q=0.5", "*", "gzip ; q=1"] {
            assert!(accepted(value), "{value}");
        }
        for value in ["", "identity", "br", "gzip;q=0", "*;q=0", "gzip;q=0.000, *"] {
            assert!(!accepted(value), "{value}");
        }
        assert!(!is_accepted(&HeaderMap::new()));
    }
}
