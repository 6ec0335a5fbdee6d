//! Reads the body of a POST: JSON only, up to a size limit.

use std::error::Error;
use std::io;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt;

use crate::http::error::HttpError;
use crate::http::server::connection_cpu::ConnectionCpu;
use crate::http::server::timeout_stream::OVERFRAMED;

/// Refuses all media types except JSON. Pages of other origins can send forms and plain text without a CORS preflight,
/// and must not reach the API that way.
pub fn check_media_type(headers: &HeaderMap) -> Result<(), HttpError> {
    let Some(sent) = headers.get(header::CONTENT_TYPE) else {
        return Err(HttpError::media_type("`Content-Type` is missing; send application/json."));
    };
    let sent = String::from_utf8_lossy(sent.as_bytes());
    let mut parts = sent.split(';').map(str::trim);
    let charset = |part: &str| {
        part.split_once('=')
            .filter(|(name, _)| name.eq_ignore_ascii_case("charset"))
            .map(|(_, v)| v.trim_matches('"').to_ascii_lowercase())
    };
    if !parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json")) {
        let sent: String = sent.chars().take(100).collect();
        return Err(HttpError::media_type(format!("`Content-Type` is {sent}; send application/json.")));
    }
    if let Some(other) = parts.filter_map(charset).find(|charset| charset != "utf-8" && charset != "utf8") {
        let other: String = other.chars().take(50).collect();
        return Err(HttpError::media_type(format!("The body is encoded in {other}; send UTF-8.")));
    }
    match headers.get(header::CONTENT_ENCODING) {
        Some(encoding) if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") => {
            Err(HttpError::media_type("The body is compressed; send it uncompressed."))
        }
        _ => Ok(()),
    }
}

/// Refuses a body whose announced length exceeds `limit`, in bytes.
pub fn check_length(headers: &HeaderMap, limit: usize) -> Result<(), HttpError> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) { Err(HttpError::too_large(limit)) } else { Ok(()) }
}

/// Number of frames that are charged at a time, and points for each. The frames of a usual body are larger, so it is
/// charged for its bytes alone.
const FRAMES: u64 = 256;
const FRAME: u64 = 3;
/// CPU time in microseconds that is charged at a time, as much in points. A usual body takes less.
const TIME: u64 = 1_000;

/// Maximum size of an allocation for the body, in bytes.
const STEP: usize = 64 << 10;

/// Reads at most `limit` bytes. Memory is reserved as bytes arrive, not by the announced length: `hold` is called
/// before each allocation.
///
/// `pay` is called with points for what reading takes on the front threads besides the bytes: for the number of frames, as
/// a chunked body can consist of many small ones, or for the time that the connection has taken meanwhile, if that is more,
/// as each byte can arrive by itself.
pub async fn read(
    mut body: Body,
    limit: usize,
    cpu: &ConnectionCpu,
    mut hold: impl FnMut(u64) -> Result<(), HttpError>,
    mut pay: impl FnMut(u64) -> Result<(), HttpError>,
) -> Result<Bytes, HttpError> {
    let (begun, mut paid) = (cpu.total(), 0);
    let announced = body.size_hint().exact().and_then(|bytes| usize::try_from(bytes).ok());
    let (mut pieces, mut bytes, mut frames) = (Vec::<Vec<u8>>::new(), 0, 0_u64);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken(&error))?;
        frames += 1;
        let took = cpu.total().saturating_sub(begun).as_micros();
        let of_time = u64::try_from(took).unwrap_or(u64::MAX) / TIME * TIME;
        let due = (frames / FRAMES * FRAMES * FRAME).max(of_time);
        if due > paid {
            pay(due - paid)?;
            paid = due;
        }
        let Ok(data) = frame.into_data() else { continue };
        if data.len() > limit - bytes {
            return Err(HttpError::too_large(limit));
        }
        // Copy the data, as each frame keeps the whole read buffer alive.
        let mut rest = &data[..];
        while !rest.is_empty() {
            let room = pieces.last().map_or(0, |piece| piece.capacity() - piece.len());
            let (now, later) = rest.split_at(room.min(rest.len()));
            if let Some(piece) = pieces.last_mut() {
                piece.extend_from_slice(now);
                bytes += now.len();
            }
            rest = later;
            if !rest.is_empty() {
                let left = announced.map_or(STEP, |announced| announced.saturating_sub(bytes));
                // A limit below the step bounds the allocation.
                let step = left.max(rest.len()).min(STEP).min(limit - bytes);
                hold(step as u64)?;
                pieces.push(Vec::with_capacity(step));
            }
        }
    }
    let whole = match pieces.len() {
        0 | 1 => pieces.pop().unwrap_or_default(),
        // This needs twice the memory, but only briefly: nothing awaits here.
        _ => pieces.concat(),
    };
    Ok(whole.into_boxed_slice().into())
}

fn broken(error: &(dyn Error + 'static)) -> HttpError {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref().is_some_and(|error: &io::Error| error.kind() == OVERFRAMED) {
            let message = "The framing of the chunks takes more bytes than the body, plus 64 KiB; send larger chunks.";
            return HttpError::bad_request(message);
        }
        cause = error.source();
    }
    HttpError::bad_request("The body is incomplete or malformed.")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn sent(headers: &[(HeaderName, &str)]) -> Option<String> {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        check_media_type(&headers).err().map(|error| error.message)
    }

    #[test]
    fn json_in_utf_8_passes() {
        for value in ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=\"UTF-8\""] {
            assert_eq!(sent(&[(header::CONTENT_TYPE, value)]), None, "{value}");
        }
        assert_eq!(sent(&[(header::CONTENT_TYPE, "application/json"), (header::CONTENT_ENCODING, "identity")]), None);
    }

    #[test]
    fn other_media_types_are_refused() {
        assert!(sent(&[]).is_some_and(|message| message.contains("missing")));
        for value in [
            "text/plain",
            "text/plain; x=application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/graphql",
            "application/json-patch+json",
            "",
        ] {
            assert!(sent(&[(header::CONTENT_TYPE, value)]).is_some(), "{value}");
        }
        let latin = sent(&[(header::CONTENT_TYPE, "application/json; charset=iso-8859-1")]);
        assert!(latin.is_some_and(|message| message.contains("iso-8859-1")));
        let gzip = sent(&[(header::CONTENT_TYPE, "application/json"), (header::CONTENT_ENCODING, "gzip")]);
        assert!(gzip.is_some_and(|message| message.contains("compressed")));
    }

    /// A body of `bytes` bytes, either with a known length or in frames of `frame` bytes.
    fn framed(bytes: usize, frame: usize, is_known: bool) -> Body {
        if is_known {
            return Body::from(vec![b'x'; bytes]);
        }
        let frames: Vec<_> =
            vec![b'x'; bytes].chunks(frame).map(|frame| Ok::<_, std::io::Error>(frame.to_vec())).collect();
        Body::from_stream(futures_util::stream::iter(frames))
    }

    #[tokio::test]
    async fn memory_is_reserved_for_received_bytes() {
        for (bytes, frame, is_known, held) in [
            (0, 1, false, vec![]),
            (500, 500, true, vec![500]),
            (500, 1, false, vec![STEP as u64]),
            (STEP, 1_000, false, vec![STEP as u64]),
            (STEP + 1, 1_000, false, vec![STEP as u64; 2]),
            (2 * STEP + 500, 0, true, vec![STEP as u64, STEP as u64, 500]),
        ] {
            let mut asked = Vec::new();
            let hold = |bytes| {
                asked.push(bytes);
                Ok(())
            };
            let cpu = ConnectionCpu::default();
            let read = read(framed(bytes, frame, is_known), 3 * STEP, &cpu, hold, |_| Ok(())).await.unwrap();
            assert_eq!(read, vec![b'x'; bytes]);
            assert_eq!(asked, held, "{bytes} in frames of {frame}");
        }
        let cpu = ConnectionCpu::default();
        let none = read(framed(1, 1, false), 1, &cpu, |_| Err(HttpError::stopping()), |_| Ok(())).await;
        assert_eq!(none.unwrap_err().code, HttpError::stopping().code);
        // One byte above the limit is refused, in whichever frame it arrives.
        for frame in [1, 7, 100] {
            let read = async |limit| read(framed(100, frame, false), limit, &cpu, |_| Ok(()), |_| Ok(())).await;
            assert_eq!(read(99).await.unwrap_err().code, "BODY_TOO_LARGE");
            assert_eq!(read(100).await.unwrap().len(), 100);
        }
    }

    #[tokio::test]
    async fn frames_are_charged() {
        let cpu = ConnectionCpu::default();
        for (bytes, frame, paid) in [(255, 1, 0), (256, 1, 1), (2_000, 1, 7), (2_000, 100, 0)] {
            let mut points = 0;
            let pay = |more: u64| {
                points += more;
                Ok(())
            };
            read(framed(bytes, frame, false), bytes, &cpu, |_| Ok(()), pay).await.unwrap();
            assert_eq!(points, paid * FRAMES * FRAME, "{bytes} in frames of {frame}");
        }
        let none = read(framed(256, 1, false), 256, &cpu, |_| Ok(()), |_| Err(HttpError::stopping())).await;
        assert_eq!(none.unwrap_err().code, HttpError::stopping().code);
    }

    #[tokio::test]
    async fn time_is_paid_for_where_it_is_more_than_the_frames() {
        for (micros, paid) in [(3, 768), (30, 7_000)] {
            let (cpu, mut points) = (ConnectionCpu::default(), 0);
            cpu.add(std::time::Duration::from_secs(1));
            let polled = cpu.clone();
            let frames = (0..256).map(move |_| {
                polled.add(std::time::Duration::from_micros(micros));
                Ok::<_, std::io::Error>("x")
            });
            let body = Body::from_stream(futures_util::stream::iter(frames));
            let pay = |more: u64| {
                points += more;
                Ok(())
            };
            read(body, 256, &cpu, |_| Ok(()), pay).await.unwrap();
            assert_eq!(points, paid);
        }
    }
}
