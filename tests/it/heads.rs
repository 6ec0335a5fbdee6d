//! Request heads: headers that must not be repeated, and the maximum size of a head.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Request};
use notegraph::http::{
    ConnectionInfo, ConnectionLimits, HttpSettings, RateLimit, ServerTimeouts, TrustedProxies, router, serve, service,
};
use notegraph::scheduling::runtime::OperationRuntime;
use notegraph::schema;
use notegraph::store::entity::token::Scope;
use tokio::net::TcpListener;
use tower::ServiceExt;

use testkit::{App, Client, ENDLESS};

use crate::socket::{exchange, listen};

async fn reader(app: &App) -> Client {
    app.company("Acme").await.user("ann").await.token(&[Scope::Read]).await
}

/// The HTTP library checks body lengths before the server sees the request (RFC 9112, section 6.3). Whatever it accepts
/// has one unambiguous length.
#[tokio::test]
async fn the_length_of_a_body_is_given_once() {
    let app = App::start().await;
    let client = reader(&app).await;
    let address = listen(&app, &HttpSettings::default()).await;
    let body = r#"{"query": "{ __typename }"}"#;
    let (length, chunks) = (body.len(), format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len()));
    let send = async |lines: &str, body: &str| {
        let token = client.token();
        let head = format!("POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n");
        let next = "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        exchange(address, format!("{head}Content-Type: application/json\r\n{lines}\r\n\r\n{body}{next}").as_bytes())
            .await
    };
    let is_refused = |answer: &str| answer.starts_with("HTTP/1.1 400 ") && answer.matches("HTTP/1.1 ").count() == 1;
    for lines in [
        format!("Content-Length: {length}\r\nContent-Length: {}", length + 1),
        format!("Content-Length: {length}, {length}"),
        format!("Content-Length: +{length}"),
        format!("Content-Length: {length} {length}"),
        "Content-Length:".to_owned(),
        "Content-Length: -1".to_owned(),
        "Content-Length: 99999999999999999999".to_owned(),
        "Transfer-Encoding: chunked, identity".to_owned(),
        "Transfer-Encoding: chunked, chunked".to_owned(),
    ] {
        for body in [body, &chunks] {
            let answer = send(&lines, body).await;
            assert!(is_refused(&answer), "{lines}: {answer}");
        }
    }
    // Identical lines count as one (RFC 9110, section 8.6).
    let answer = send(&format!("Content-Length: {length}\r\nContent-Length: {length}"), body).await;
    assert!(answer.matches("HTTP/1.1 200 ").count() == 2 && answer.contains("__typename"), "{answer}");
    // Chunked encoding overrides a length, and the server reads nothing after the body.
    for lines in [
        format!("Content-Length: {length}\r\nTransfer-Encoding: chunked"),
        format!("Transfer-Encoding: chunked\r\nContent-Length: {length}"),
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\nContent-Length: 6".to_owned(),
    ] {
        let answer = send(&lines, &chunks).await;
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("__typename"), "{lines}: {answer}");
        assert!(
            answer.matches("HTTP/1.1 ").count() == 1 && answer.contains("\r\nconnection: close\r\n"),
            "{lines}: {answer}"
        );
    }
}

#[tokio::test]
async fn the_refusal_of_a_repeated_header_names_it() {
    let app = App::start().await;
    let client = reader(&app).await;
    let good = [
        ("authorization", format!("Bearer {}", client.token())),
        ("content-type", "application/json".to_owned()),
        ("content-length", "24".to_owned()),
        ("origin", "http://x".to_owned()),
        ("host", "x".to_owned()),
        ("content-encoding", "identity".to_owned()),
        ("x-request-id", "one".to_owned()),
    ];
    for (twice, _) in &good {
        // Add a different value before or after the good one, or repeat the good one.
        for other in [("other", 0), ("other", 1), ("", 2)] {
            let mut request = Request::post("/graphql").body(Body::from(r#"{"query":"{__typename}"}"#)).unwrap();
            for (name, value) in &good {
                let value: HeaderValue = value.parse().unwrap();
                let mut values = vec![value.clone()];
                if name == twice {
                    let another = if other.1 == 2 { value } else { HeaderValue::from_static(other.0) };
                    values.insert(other.1.min(1), another);
                }
                for value in values {
                    request.headers_mut().append(HeaderName::from_static(name), value);
                }
            }
            let answer = client.send(request).await;
            assert_eq!((answer.status, answer.codes()), (400, vec!["BAD_REQUEST"]), "{twice}: {}", answer.text);
            let message = answer.errors()[0]["message"].as_str().unwrap();
            assert!(message.contains(&format!("`{twice}`")), "{twice}: {message}");
            assert_eq!(answer.headers["connection"], "close");
        }
    }
    // List headers may come in several lines.
    let request = Request::post("/graphql")
        .header("authorization", format!("Bearer {}", client.token()))
        .header("content-type", "application/json")
        .header("accept", "text/html")
        .header("accept", "application/json");
    assert_eq!(client.send(request.body(Body::from(r#"{"query":"{__typename}"}"#)).unwrap()).await.status, 200);
    // The check applies everywhere, not only where a token is needed.
    let request = Request::get("/livez").header("host", "a").header("host", "b").body(Body::empty()).unwrap();
    assert_eq!(client.send(request).await.status, 400);
}

#[tokio::test]
async fn a_request_over_a_connection_names_one_host() {
    let app = App::start().await;
    let address = listen(&app, &HttpSettings::default()).await;
    for (lines, status) in [
        ("Host: x\r\nConnection: close\r\n", "200"),
        ("Host:\r\nConnection: close\r\n", "200"),
        ("", "400"),
        ("Host: x\r\nHost: y\r\n", "400"),
        ("Host: x\r\nhost: x\r\n", "400"),
        ("Host: a b\r\n", "400"),
        ("Host: user@x\r\n", "400"),
    ] {
        let answer = exchange(address, format!("GET /livez HTTP/1.1\r\n{lines}\r\n").as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{lines}: {answer}");
    }
    let answer = exchange(address, b"GET /livez HTTP/1.0\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.0 200 "), "{answer}");
}

/// Regression test: the server kept 390 KB of each of 900 unfinished heads in memory.
#[tokio::test]
async fn a_head_has_24_kib() {
    let app = App::start().await;
    let client = reader(&app).await;
    let address = listen(&app, &HttpSettings::default()).await;
    let head = |bytes: usize, end: &str| {
        format!("GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: {}{end}", "a".repeat(bytes))
    };
    assert!(exchange(address, head(22_000, "\r\n\r\n").as_bytes()).await.starts_with("HTTP/1.1 200 "));
    for end in ["", "\r\n\r\n"] {
        let answer = exchange(address, head(390_000, end).as_bytes()).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(100_000));
    let answer = exchange(address, long.as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    // A body may be larger than the read buffer.
    let body = format!("{{\"query\":\"{{__typename}} #{}\"}}", "a".repeat(100_000));
    let post = testkit::process::post(client.token(), &body);
    assert!(exchange(address, &post).await.contains("Query"));
}

/// Every request is charged to the budget of its address; only health checks are never refused.
#[tokio::test]
async fn files_and_404s_are_charged_to_the_address() {
    let app = App::start().await;
    let client = reader(&app).await;
    // Enough for ten requests and the bytes of small files.
    let address_rate_limit = RateLimit { operations: 9, budget: 10_500, refill: 1 };
    let settings = HttpSettings { address_rate_limit, token_rate_limit: ENDLESS, ..HttpSettings::default() };
    let router = router(app.context().clone(), schema::build(), &settings);
    let ask = async |method: &str, path: &str, from: &str| {
        let mut request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectionInfo { peer: from.parse().unwrap(), stopping: false });
        router.clone().oneshot(request).await.unwrap().status().as_u16()
    };
    for (index, (method, path, status)) in [
        ("GET", "/nothing", 404),
        ("GET", "/playground/nothing.js", 404),
        ("HEAD", "/", 200),
        ("DELETE", "/graphql", 405),
        ("OPTIONS", "/graphql", 405),
        ("GET", "/", 200),
    ]
    .into_iter()
    .enumerate()
    {
        let from = format!("192.0.2.{index}");
        for _ in 0..10 {
            assert_eq!(ask(method, path, &from).await, status, "{method} {path}");
        }
        assert_eq!(ask(method, path, &from).await, 429, "{method} {path}");
        assert_eq!(ask("GET", "/graphql", &from).await, 429, "the same budget");
        assert_eq!((ask("GET", "/livez", &from).await, ask("GET", "/readyz", &from).await), (200, 200));
    }
    // A large file costs more than a small one.
    let asset = {
        let page = client.send(Request::get("/").body(Body::empty()).unwrap()).await.text;
        page.split('"')
            .find(|text| text.starts_with("/playground/assets/index-") && text.rsplit('.').next() == Some("js"))
            .unwrap()
            .to_owned()
    };
    let mut served = 0;
    while ask("GET", &asset, "198.51.100.1").await == 200 {
        served += 1;
    }
    assert!(served < 10, "{asset}: {served}");
    assert_eq!(ask("GET", "/livez", "198.51.100.1").await, 200);
}

/// The limit does not apply to a trusted proxy, which opens the connections of many clients.
#[tokio::test]
async fn connections_are_charged_to_the_address() {
    let app = App::start().await;
    let address_rate_limit = RateLimit { operations: 9, budget: 5_000, refill: 1 };
    let settings = HttpSettings { address_rate_limit, ..HttpSettings::default() };
    let address = listen(&app, &settings).await;
    let get = b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let mut answered = 0;
    while exchange(address, get).await.starts_with("HTTP/1.1 200 ") {
        answered += 1;
    }
    assert!((1..=6).contains(&answered), "{answered}");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let trusted_proxies = TrustedProxies::new(vec!["127.0.0.1".parse().unwrap()]);
    let settings = HttpSettings { trusted_proxies: trusted_proxies.clone(), ..settings };
    let service = service(app.context().clone(), schema::build(), &settings, OperationRuntime::current());
    let admission = ConnectionLimits { trusted_proxies, ..ConnectionLimits::default() };
    tokio::spawn(serve(listener, service, std::future::pending(), ServerTimeouts::default(), admission));
    for last in 0..20 {
        let get =
            format!("GET /nothing HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.{last}\r\nConnection: close\r\n\r\n");
        assert!(exchange(address, get.as_bytes()).await.starts_with("HTTP/1.1 404 "), "{last}");
    }
}
