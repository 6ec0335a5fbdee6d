//! The playground: a page at `/` and its files, embedded in the binary.

use std::collections::HashMap;
use std::io::Read;
use std::sync::{Arc, LazyLock};

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
use include_dir::{Dir, include_dir};
use tokio::sync::OnceCell;

use crate::http::state::GraphqlState;
use crate::scheduling::runtime::OperationRuntime;

/// Each file is compressed with gzip and has `.gz` appended to its name.
static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/web/playground/dist");

/// The page may only run scripts of this server and call its API. Inline styles are allowed, as the editor writes them.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; \
     img-src 'self' data:; font-src 'self' data:; worker-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'",
);

/// The files by the paths under which they are served.
static SERVED: LazyLock<HashMap<String, File>> = LazyLock::new(|| {
    let (mut files, mut folders) = (HashMap::new(), vec![&FILES]);
    while let Some(folder) = folders.pop() {
        folders.extend(folder.dirs());
        for file in folder.files() {
            if let Some(path) = file.path().to_str().and_then(|path| path.strip_suffix(".gz")) {
                files.insert(path.to_owned(), File { packed: file.contents(), plain: OnceCell::new() });
            }
        }
    }
    files
});

/// A file in both forms. Requests share the bytes; the first client that does not accept gzip triggers the
/// decompression.
struct File {
    packed: &'static [u8],
    plain: OnceCell<Bytes>,
}

impl File {
    /// Decompresses the file once, on the work runtime. Concurrent requests wait for it, and share the bytes.
    async fn plain(&'static self, runtime: &OperationRuntime) -> Result<Bytes, std::io::Error> {
        let unpack = || {
            let mut plain = Vec::with_capacity(usize::try_from(self.plain_length()).unwrap_or_default());
            GzDecoder::new(self.packed).read_to_end(&mut plain).map(|_| Bytes::from(plain))
        };
        let unpacked = async || runtime.spawn_blocking(unpack).await.map_err(std::io::Error::other)?;
        self.plain.get_or_try_init(unpacked).await.cloned()
    }

    /// The decompressed length, read from the gzip trailer (RFC 1952, section 2.3.1).
    fn plain_length(&self) -> u64 {
        self.packed.last_chunk().map_or(0, |length| u32::from_le_bytes(*length).into())
    }
}

pub async fn page(State(state): State<Arc<GraphqlState>>, method: Method, headers: HeaderMap) -> Response {
    serve("index.html", &state.runtime, &method, &headers).await
}

pub async fn asset(
    State(state): State<Arc<GraphqlState>>,
    Path(path): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    serve(&path, &state.runtime, &method, &headers).await
}

async fn serve(path: &str, runtime: &OperationRuntime, method: &Method, headers: &HeaderMap) -> Response {
    let Some(file) = SERVED.get(path) else {
        return (StatusCode::NOT_FOUND, "There is no such file.\n").into_response();
    };
    let takes_gzip = takes_gzip(headers);
    let length = if takes_gzip { file.packed.len() as u64 } else { file.plain_length() };
    let body = if *method == Method::HEAD {
        Body::empty()
    } else if takes_gzip {
        Body::from(Bytes::from_static(file.packed))
    } else {
        match file.plain(runtime).await {
            Ok(plain) => Body::from(plain),
            Err(error) => {
                tracing::error!(path, cause = %error, "cannot decompress an embedded file");
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
        }
    };
    let mut response = Response::new(body);
    // The name of an asset changes with its content; that of the page does not.
    let hashed = path.starts_with("assets/");
    let caching = if hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = response.headers_mut();
    if takes_gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    headers.insert(header::CONTENT_LENGTH, length.into());
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    response
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("ttf") => "font/ttf",
        Some("woff2") => "font/woff2",
        Some("md") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let accept = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut gzip = None;
    let mut any = false;
    for coding in accept.flat_map(|line| line.split(',')) {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let wanted = !parts.any(|part| part.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0)));
        if name.eq_ignore_ascii_case("gzip") {
            gzip = Some(wanted);
        } else if name == "*" {
            any = wanted;
        }
    }
    gzip.unwrap_or(any)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_if_accepted() {
        let takes =
            |accept: &str| takes_gzip(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, accept.parse().unwrap())]));
        assert!(takes("gzip") && takes("br, GZIP;q=0.5") && takes("*"));
        assert!(!takes("br") && !takes("gzip;q=0") && !takes("gzip;q=0.0, *") && !takes("*;q=0"));
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn every_embedded_file_has_a_type_of_its_own() {
        assert!(SERVED.contains_key("index.html") && SERVED.len() > 10);
        for path in SERVED.keys() {
            assert_ne!(content_type(path), "application/octet-stream", "{path}");
        }
    }

    #[tokio::test]
    async fn a_file_is_decompressed_once() {
        let runtime = OperationRuntime::current();
        for (path, file) in SERVED.iter() {
            let first = file.plain(&runtime).await.unwrap();
            assert_eq!(first.len() as u64, file.plain_length(), "{path}: HEAD says so, and asks for nothing");
            assert_eq!(first.as_ptr(), file.plain(&runtime).await.unwrap().as_ptr(), "{path}: the same bytes");
        }
    }
}
