//! The embedded playground.

use std::io::Read;

use axum::body::Body;
use axum::http::{HeaderMap, Request};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::support::App;

async fn get(app: &App, path: &str, accept_encoding: &str) -> (u16, HeaderMap, Vec<u8>) {
    let request = Request::get(path).header("accept-encoding", accept_encoding).body(Body::empty()).unwrap();
    let (head, body) = app.router().oneshot(request).await.unwrap().into_parts();
    (head.status.as_u16(), head.headers, body.collect().await.unwrap().to_bytes().to_vec())
}

#[tokio::test]
async fn the_page_and_all_it_names_are_served_under_a_strict_policy() {
    let app = App::start().await;
    let (status, headers, page) = get(&app, "/", "identity").await;
    assert_eq!((status, &headers["content-type"]), (200, &"text/html; charset=utf-8".parse().unwrap()));
    assert_eq!(headers["cache-control"], "no-cache");
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("http"), "{policy}");

    let page = String::from_utf8(page).unwrap();
    let named: Vec<&str> = page.split('"').filter(|text| text.starts_with("/playground/")).collect();
    assert!(named.len() >= 2, "{page}");
    assert!(!page.contains("http://") && !page.contains("https://"), "{page}");
    for path in named {
        let (status, headers, _) = get(&app, path, "gzip").await;
        assert_eq!(status, 200, "{path}");
        // The name of an asset changes with its contents.
        let caching = if path.contains("/assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
        assert_eq!(headers["cache-control"], caching, "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff");
    }
}

/// The fragment is removed before anything else is loaded: a token must not stay in the address meanwhile.
#[tokio::test]
async fn the_first_script_takes_the_fragment_out_of_the_address() {
    let app = App::start().await;
    let page = String::from_utf8(get(&app, "/", "identity").await.2).unwrap();
    let first = page.split("<script ").nth(1).unwrap();
    assert!(first.starts_with("src=\"/playground/fragment.js\""), "{page}");
    let script = String::from_utf8(get(&app, "/playground/fragment.js", "identity").await.2).unwrap();
    assert!(script.contains("history.replaceState"), "{script}");
}

#[tokio::test]
async fn compressed_and_plain_are_the_same() {
    let app = App::start().await;
    let (_, headers, packed) = get(&app, "/", "gzip, br").await;
    assert_eq!(headers["content-encoding"], "gzip");
    assert_eq!(headers["vary"], "accept-encoding");
    let (_, headers, plain) = get(&app, "/", "br").await;
    assert!(!headers.contains_key("content-encoding"));
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain);
}

#[tokio::test]
async fn there_is_no_way_out_of_its_folder() {
    let app = App::start().await;
    for path in [
        "/playground/../Cargo.toml",
        "/playground/%2e%2e/package.json",
        "/playground//etc/passwd",
        "/playground/nothing.js",
    ] {
        assert_eq!(get(&app, path, "gzip").await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn head_tells_the_length_and_sends_nothing() {
    let app = App::start().await;
    for coding in ["gzip", "identity"] {
        let (_, _, body) = get(&app, "/", coding).await;
        let request = Request::head("/").header("accept-encoding", coding).body(Body::empty()).unwrap();
        let (head, none) = app.router().oneshot(request).await.unwrap().into_parts();
        assert_eq!((head.status.as_u16(), none.collect().await.unwrap().to_bytes().len()), (200, 0));
        assert_eq!(head.headers["content-length"], body.len().to_string(), "{coding}");
    }
}

/// A client that reads slowly holds the shared bytes of the file, not a copy.
#[tokio::test]
async fn all_who_ask_for_a_file_get_the_same_bytes() {
    let app = App::start().await;
    for coding in ["gzip", "identity"] {
        let ask = async || {
            let request = Request::get("/").header("accept-encoding", coding).body(Body::empty()).unwrap();
            let mut body = app.router().oneshot(request).await.unwrap().into_body();
            body.frame().await.unwrap().unwrap().into_data().unwrap().as_ptr()
        };
        assert_eq!(ask().await, ask().await, "{coding}");
    }
}
