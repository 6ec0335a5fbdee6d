//! GraphQL over HTTP: methods, media types, statuses, limits, and how errors look.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Request, request};
use futures_util::stream;
use http_body_util::BodyExt;
use notegraph::http::{HttpSettings, router};
use notegraph::schema;
use notegraph::store::entity::token::Scope;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tower::ServiceExt;

use testkit::{App, Client, Response};

const JSON: &str = "application/json; charset=utf-8";
const GRAPHQL_RESPONSE: &str = "application/graphql-response+json; charset=utf-8";
const TYPENAME: &str = r#"{"query": "{ __typename }"}"#;

async fn reader(app: &App) -> Client {
    app.company("Acme").await.user("ann").await.token(&[Scope::Read]).await
}

fn post(client: &Client) -> request::Builder {
    Request::post("/graphql")
        .header("authorization", format!("Bearer {}", client.token()))
        .header("content-type", "application/json")
}

fn get(client: &Client, query: &str) -> Request<Body> {
    let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("query", query).finish();
    let request = Request::get(format!("/graphql?{query}"));
    request.header("authorization", format!("Bearer {}", client.token())).body(Body::empty()).unwrap()
}

async fn send(client: &Client, accept: &str, body: &str) -> Response {
    client.send(post(client).header("accept", accept).body(Body::from(body.to_owned())).unwrap()).await
}

/// Sends a request to the same server with other settings.
async fn send_with(app: &App, settings: &HttpSettings, request: Request<Body>) -> (u16, Value) {
    let router = router(app.context().clone(), schema::build(), settings);
    let (head, body) = router.oneshot(request).await.unwrap().into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (head.status.as_u16(), serde_json::from_slice(&bytes).unwrap_or_default())
}

/// A body that never arrives, and a flag that tells whether anybody polled it.
fn watched() -> (Body, Arc<AtomicBool>) {
    let looked = Arc::new(AtomicBool::new(false));
    let body = Body::from_stream(stream::poll_fn({
        let looked = Arc::clone(&looked);
        move |_| {
            looked.store(true, Ordering::Relaxed);
            Poll::<Option<Result<Bytes, std::io::Error>>>::Pending
        }
    }));
    (body, looked)
}

#[tokio::test]
async fn the_response_has_the_accepted_media_type() {
    let app = App::start().await;
    let client = reader(&app).await;
    for (accept, expected) in [
        ("application/graphql-response+json", GRAPHQL_RESPONSE),
        ("application/json", JSON),
        ("*/*", JSON),
        ("", JSON),
        ("application/graphql-response+json, application/json;q=0.9", GRAPHQL_RESPONSE),
    ] {
        let answer = send(&client, accept, TYPENAME).await;
        assert_eq!((answer.status, &answer.headers["content-type"]), (200, &expected.parse().unwrap()), "{accept}");
        assert_eq!(answer.body, json!({ "data": { "__typename": "Query" } }));
    }
    let refused = send(&client, "text/html", TYPENAME).await;
    assert_eq!((refused.status, refused.codes()), (406, vec!["NOT_ACCEPTABLE"]));
}

#[tokio::test]
async fn document_errors_are_400_for_graphql_response_clients() {
    let app = App::start().await;
    let client = reader(&app).await;
    let deep = "{ a ".repeat(4000);
    for (query, variables, code) in [
        ("{", json!({}), "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", json!({}), "GRAPHQL_VALIDATION_FAILED"),
        ("query ($id: ID!) { note(id: $id) { id } }", json!({ "id": null }), "GRAPHQL_VALIDATION_FAILED"),
        (deep.as_str(), json!({}), "TOO_COMPLEX"),
    ] {
        let body = json!({ "query": query, "variables": variables }).to_string();
        for (accept, status) in [("application/json", 200), ("application/graphql-response+json", 400)] {
            let answer = send(&client, accept, &body).await;
            assert_eq!((answer.status, answer.codes()[0]), (status, code), "{}", answer.body);
            assert!(answer.codes().iter().all(|other| *other == code), "{}", answer.body);
            assert!(answer.body.get("data").is_none(), "{}", answer.body);
        }
    }
}

#[tokio::test]
async fn invalid_requests_are_400_for_all_clients() {
    let app = App::start().await;
    let client = reader(&app).await;
    for body in [
        "",
        "{ \"not a JSON",
        "[]",
        r#"[{"query": "{ __typename }"}]"#,
        r#"{"qeury": "{ __typename }"}"#,
        r#"{"query": 0}"#,
        r#"{"query": "{ __typename }", "operationName": {}}"#,
        r#"{"query": "{ __typename }", "variables": []}"#,
        r#"{"query": "{ __typename }", "extensions": "text"}"#,
    ] {
        for accept in ["application/json", "application/graphql-response+json"] {
            let answer = send(&client, accept, body).await;
            assert_eq!((answer.status, answer.codes()), (400, vec!["BAD_REQUEST"]), "{body}");
        }
    }
}

#[tokio::test]
async fn post_accepts_only_json() {
    let app = App::start().await;
    let client = reader(&app).await;
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        let request = Request::post("/graphql")
            .header("authorization", format!("Bearer {}", client.token()))
            .header("content-type", content_type);
        let answer = client.send(request.body(Body::from(TYPENAME)).unwrap()).await;
        assert_eq!((answer.status, answer.codes()), (415, vec!["UNSUPPORTED_MEDIA_TYPE"]), "{content_type}");
    }
}

#[tokio::test]
async fn get_executes_queries_only() {
    let app = App::start().await;
    let client = reader(&app).await;
    assert_eq!(client.send(get(&client, "{ __typename }")).await.data(), &json!({ "__typename": "Query" }));
    let refused = client.send(get(&client, "mutation { __typename }")).await;
    assert_eq!((refused.status, refused.codes()), (405, vec!["METHOD_NOT_ALLOWED"]));
    assert_eq!(refused.headers["allow"], "POST");
    // The schema has no subscriptions.
    let refused = client.send(get(&client, "subscription { __typename }")).await;
    assert_eq!((refused.status, refused.codes()), (200, vec!["GRAPHQL_VALIDATION_FAILED"]));
    let request =
        Request::get("/graphql?query=query+A+%7Ba:__typename%7D+mutation+B+%7Bb:__typename%7D&operationName=A");
    let request = request.header("authorization", format!("Bearer {}", client.token()));
    assert_eq!(client.send(request.body(Body::empty()).unwrap()).await.data(), &json!({ "a": "Query" }));
    let put = client.send(Request::put("/graphql").body(Body::empty()).unwrap()).await;
    assert_eq!((put.status, put.codes()), (405, vec!["METHOD_NOT_ALLOWED"]));
    assert_eq!(put.headers["allow"], "GET, POST");
}

#[tokio::test]
async fn without_a_token_the_body_is_not_read() {
    let app = App::start().await;
    let client = reader(&app).await;
    for authorization in [None, Some("Bearer"), Some("Bearer ng_1_unknown"), Some("Basic YTpi"), Some("nonsense")] {
        let (body, looked) = watched();
        let mut request = Request::post("/graphql").header("content-type", "application/json");
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let refused = client.send(request.body(body).unwrap()).await;
        assert_eq!((refused.status, refused.codes()), (401, vec!["UNAUTHENTICATED"]), "{authorization:?}");
        assert_eq!(refused.headers["www-authenticate"], "Bearer");
        assert!(!looked.load(Ordering::Relaxed), "{authorization:?}");
    }
    let lower = Request::post("/graphql").header("authorization", format!("bearer {}", client.token()));
    let lower = lower.header("content-type", "application/json").body(Body::from(TYPENAME)).unwrap();
    assert_eq!(client.send(lower).await.status, 200);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_and_not_read_if_announced() {
    let app = App::start().await;
    let client = reader(&app).await;
    let settings = HttpSettings { body_limit: 100, ..HttpSettings::default() };
    let (body, looked) = watched();
    let announced = post(&client).header("content-length", "101").body(body).unwrap();
    let (status, answer) = send_with(&app, &settings, announced).await;
    assert_eq!((status, &answer["errors"][0]["extensions"]["code"]), (413, &json!("BODY_TOO_LARGE")));
    assert!(!looked.load(Ordering::Relaxed));

    for (length, expected) in [(100, 200), (101, 413)] {
        let body = format!("{TYPENAME:length$}");
        let chunks: Vec<std::io::Result<Vec<u8>>> = body.as_bytes().chunks(7).map(|chunk| Ok(chunk.to_vec())).collect();
        let chunks = Body::from_stream(stream::iter(chunks));
        let (status, _) = send_with(&app, &settings, post(&client).body(chunks).unwrap()).await;
        assert_eq!(status, expected, "{length}");
    }
}

/// A body is read up to the limit, and no further.
#[tokio::test]
async fn no_more_of_a_body_than_the_limit_is_read() {
    let app = App::start().await;
    let client = reader(&app).await;
    let read = Arc::new(AtomicUsize::new(0));
    let chunks = (0..1600).map({
        let read = Arc::clone(&read);
        move |_| {
            read.fetch_add(0x10000, Ordering::Relaxed);
            Ok::<_, std::io::Error>(vec![b'x'; 0x10000])
        }
    });
    let body = Body::from_stream(stream::iter(chunks));
    let (status, _) = send_with(&app, &HttpSettings::default(), post(&client).body(body).unwrap()).await;
    let read = read.load(Ordering::Relaxed);
    assert!(status == 413 && read <= (2 << 20) + 0x10000, "{status} {read}");
}

#[tokio::test]
async fn a_body_that_never_arrives_times_out() {
    let app = App::start().await;
    let client = reader(&app).await;
    let settings = HttpSettings { request_timeout: Duration::from_millis(300), ..HttpSettings::default() };
    let (body, looked) = watched();
    let (status, answer) = send_with(&app, &settings, post(&client).body(body).unwrap()).await;
    assert_eq!((status, &answer["errors"][0]["extensions"]["code"]), (408, &json!("TIMEOUT")));
    assert!(looked.load(Ordering::Relaxed));
}

/// A change is interrupted neither by the timeout nor by a client that disconnects.
#[tokio::test]
async fn a_mutation_completes_without_its_client() {
    let app = App::start().await;
    let writer = app.company("Acme").await.user("ann").await.token(&[Scope::Read, Scope::Write]).await;
    let create = |subject: &str| {
        let document = format!("mutation {{ noteCreate(input: {{ subject: {subject:?} }}) {{ note {{ id }} }} }}");
        post(&writer).body(Body::from(json!({ "query": document }).to_string())).unwrap()
    };
    // Blocks all other writes while it is open.
    let lock = app.db().begin().await.unwrap();
    if app.db().backend() == sea_orm::DatabaseBackend::Postgres {
        lock.execute_unprepared("LOCK TABLE note IN EXCLUSIVE MODE").await.unwrap();
    }
    let settings = HttpSettings { request_timeout: Duration::from_millis(300), ..HttpSettings::default() };
    let (status, answer) = send_with(&app, &settings, create("late")).await;
    assert_eq!((status, &answer["errors"][0]["extensions"]["code"]), (503, &json!("TIMEOUT")));
    let hung_up = tokio::time::timeout(Duration::from_millis(300), writer.send(create("gone"))).await;
    assert!(hung_up.is_err());
    lock.commit().await.unwrap();

    for _ in 0..500 {
        let notes = writer.query("{ notes { nodes { subject } } }").await;
        if notes["notes"]["nodes"].as_array().unwrap().len() == 2 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("a change was lost");
}

#[tokio::test]
async fn database_failures_reach_clients_only_as_a_code() {
    let app = App::start().await;
    let client = reader(&app).await;
    let door = app.db().schema_connection();
    door.execute_unprepared("ALTER TABLE message RENAME TO elsewhere").await.unwrap();
    door.execute_unprepared("ALTER TABLE note RENAME TO nowhere").await.unwrap();
    let failed = client.query("{ notes { nodes { id } } }").await;
    assert_eq!((failed.status, failed.codes()), (200, vec!["INTERNAL"]));
    let text = failed.body.to_string().to_lowercase();
    for leak in ["select", "table", "sql", "relation", "company_id"] {
        assert!(!text.contains(leak), "{text}");
    }

    app.db().clone().close().await.unwrap();
    let unavailable = client.query("{ __typename }").await;
    assert_eq!((unavailable.status, unavailable.codes()), (503, vec!["UNAVAILABLE"]));
    assert_eq!(unavailable.headers["retry-after"], "1");
    let health = |path: &str| client.send(Request::get(path).body(Body::empty()).unwrap());
    assert_eq!(health("/livez").await.status, 200);
    assert_eq!(health("/readyz").await.status, 503);
}

#[tokio::test]
async fn errors_are_few_short_and_named() {
    let app = App::start().await;
    let client = reader(&app).await;
    let many: Vec<String> = (0..100).map(|i| format!("a{i}")).collect();
    let many = many.join(" ");
    let answer = client.query(&format!("{{ {many} }}")).await;
    assert_eq!(answer.errors().len(), 10);
    assert_eq!(answer.body["extensions"]["errorsLeftOut"], 90);
    let long = client.query(&format!("{{ {} }}", "a".repeat(5000))).await;
    let message = long.errors()[0]["message"].as_str().unwrap();
    assert!(message.contains(&"a".repeat(58)) && !message.contains(&"a".repeat(60)), "{message}");

    let id = answer.headers["x-request-id"].to_str().unwrap();
    assert_eq!(id.len(), 16);
    assert!(answer.errors().iter().all(|error| error["extensions"]["requestId"] == id));
    let named =
        |id: &str| client.send(Request::get("/graphql").header("x-request-id", id).body(Body::empty()).unwrap());
    let kept = named("front-end:42").await;
    assert_eq!(kept.headers["x-request-id"], "front-end:42");
    assert_eq!(kept.errors()[0]["extensions"]["requestId"], "front-end:42");
    assert_eq!(named("an id \"with\" spaces").await.headers["x-request-id"].len(), 16);
    assert_eq!(named(&"a".repeat(65)).await.headers["x-request-id"].len(), 16);
}

#[tokio::test]
async fn responses_are_neither_cached_nor_sniffed() {
    let app = App::start().await;
    let client = reader(&app).await;
    for path in ["/graphql", "/livez", "/readyz", "/nothing"] {
        let answer = client.send(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.headers["cache-control"], "no-store", "{path}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{path}");
        assert!(answer.headers.contains_key("x-request-id"), "{path}");
    }
}
