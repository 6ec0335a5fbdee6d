//! Requests that another site's web page makes a browser send: they change nothing.

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request};
use notegraph::store::entity::token::Scope;
use serde_json::json;

use testkit::{App, Client, Response};

const CREATE: &str = r#"mutation { noteCreate(input: { subject: "by somebody else" }) { note { id } } }"#;
const EVIL: &str = "https://evil.example";

async fn writer(app: &App) -> Client {
    app.company("Acme").await.user("ann").await.token(&[Scope::Write]).await
}

/// Sends the token, too, which browsers do not add by themselves.
async fn post(client: &Client, origin: Option<&str>, content_type: Option<&str>, body: &str) -> Response {
    let mut request = Request::post("/graphql")
        .header("host", "notes.example.com")
        .header("authorization", format!("Bearer {}", client.token()));
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    client.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn assert_nothing_was_made(client: &Client) {
    assert_eq!(client.query("{ notes { totalCount } }").await["notes"]["totalCount"], 0);
}

/// Pages may send these content types to any server without a preflight request.
#[tokio::test]
async fn content_types_without_a_preflight_change_nothing() {
    let app = App::start().await;
    let client = writer(&app).await;
    let body = json!({ "query": CREATE }).to_string();
    let form = format!("query={}", url::form_urlencoded::byte_serialize(CREATE.as_bytes()).collect::<String>());
    let part = format!("--x\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n{body}\r\n--x--\r\n");
    for content_type in [
        None,
        Some(""),
        Some("text/plain"),
        Some("TEXT/PLAIN; charset=utf-8"),
        Some("text/plain; application/json"),
        Some("text/plain, application/json"),
        Some("application/json, text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("application/x-www-form-urlencoded; charset=application/json"),
        Some("multipart/form-data"),
        Some("multipart/form-data; boundary=x"),
        Some("multipart/form-data; boundary=application/json"),
    ] {
        for body in [&body, &form, &part] {
            for origin in [None, Some("https://notes.example.com")] {
                let refused = post(&client, origin, content_type, body).await;
                assert_eq!(
                    (refused.status, refused.codes()),
                    (415, vec!["UNSUPPORTED_MEDIA_TYPE"]),
                    "{content_type:?}"
                );
            }
            for origin in [EVIL, "null"] {
                let refused = post(&client, Some(origin), content_type, body).await;
                assert_eq!((refused.status, refused.codes()), (403, vec!["FORBIDDEN_ORIGIN"]), "{content_type:?}");
            }
        }
    }
    let refused = post(&client, Some(EVIL), Some("application/json"), &body).await;
    assert_eq!((refused.status, refused.codes()), (403, vec!["FORBIDDEN_ORIGIN"]));
    assert_nothing_was_made(&client).await;
}

#[tokio::test]
async fn no_get_request_changes_anything() {
    let app = App::start().await;
    let client = writer(&app).await;
    let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("query", CREATE).finish();
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::PATCH, Method::DELETE] {
        let request = Request::builder().method(method.clone()).uri(format!("/graphql?{query}"));
        let request = request.header("authorization", format!("Bearer {}", client.token()));
        assert_eq!(client.send(request.body(Body::empty()).unwrap()).await.status, 405, "{method}");
    }
    // Parameters in the URL are ignored if there is a body.
    let both = Request::post(format!("/graphql?{query}"))
        .header("authorization", format!("Bearer {}", client.token()))
        .header("content-type", "application/json")
        .body(Body::from(r#"{"query": "{ __typename }"}"#));
    assert_eq!(client.send(both.unwrap()).await.data(), &json!({ "__typename": "Query" }));
    assert_nothing_was_made(&client).await;
}

/// A browser adds nothing by itself that authenticates a request.
#[tokio::test]
async fn browsers_hold_no_credentials() {
    let app = App::start().await;
    let client = writer(&app).await;
    let with = |name: &str, value: String| {
        let request = Request::post("/graphql").header("content-type", "application/json").header(name, value);
        client.send(request.body(Body::from(json!({ "query": CREATE }).to_string())).unwrap())
    };
    for (name, value) in [
        ("cookie", format!("token={0}; authorization=Bearer {0}", client.token())),
        ("authorization", format!("Basic {}", client.token())),
        ("x-token", client.token().to_owned()),
    ] {
        let refused = with(name, value).await;
        assert_eq!((refused.status, &refused.headers["www-authenticate"]), (401, &"Bearer".parse().unwrap()), "{name}");
        assert!(!refused.headers.contains_key("set-cookie"));
    }
    let in_address = format!("/graphql?query=%7B__typename%7D&access_token={0}&token={0}", client.token());
    assert_eq!(client.send(Request::get(in_address).body(Body::empty()).unwrap()).await.status, 401);
    assert_nothing_was_made(&client).await;
}

fn assert_guarded(path: &str, headers: &HeaderMap) {
    let header = |name: &str| headers.get(name).unwrap_or_else(|| panic!("{path} has no {name}")).to_str().unwrap();
    assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
    assert_eq!(header("x-frame-options"), "DENY", "{path}");
    assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
    assert_eq!(header("cross-origin-resource-policy"), "same-origin", "{path}");
    assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{path}");
    let policy = header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
    assert!(!headers.contains_key("access-control-allow-origin"), "{path}");
    assert!(!headers.contains_key("server") && !headers.contains_key("x-powered-by"), "{path}");
}

#[tokio::test]
async fn responses_forbid_framing_sniffing_and_storing() {
    let app = App::start().await;
    let client = writer(&app).await;
    for path in
        ["/", "/graphql", "/graphql?query=%7B__typename%7D", "/livez", "/readyz", "/nothing", "/playground/no.js"]
    {
        let answer = client.send(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_guarded(path, &answer.headers);
        let caching = if path == "/" { "no-cache" } else { "no-store" };
        assert_eq!(answer.headers["cache-control"], caching, "{path}");
    }
    let done = client.query("{ __typename }").await;
    assert_eq!((done.status, &done.headers["cache-control"]), (200, &"no-store".parse().unwrap()));
    assert_guarded("an answer", &done.headers);
    for refused in [
        post(&client, Some(EVIL), Some("application/json"), "{}").await,
        post(&client, None, Some("text/plain"), "{}").await,
        post(&client, None, Some("application/json"), "{").await,
    ] {
        assert!(refused.status >= 400);
        assert_eq!(refused.headers["cache-control"], "no-store");
        assert_guarded("a refusal", &refused.headers);
    }
}
