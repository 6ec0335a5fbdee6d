//! Stored documents, which requests name by an id: registered by clients (automatic persisted queries), or listed by
//! the operator.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{HeaderMap, Request};
use http_body_util::BodyExt;
use notegraph::http::{DocumentsMode, HttpSettings, PersistedDocumentSettings, TrustedDocuments, router};
use notegraph::schema;
use notegraph::schema::query_limits::QueryLimits;
use notegraph::store::entity::token::Scope;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use testkit::process::{Process, post, program};
use testkit::{App, Client, ENDLESS};
use tokio::process::Command;
use tower::ServiceExt;

use crate::hostile::bombs::{Hostile, documents};

const SCOPES: &str = "query Scopes { viewer { scopes } }";
const COUNT: &str = "query Count($first: Int) { notes(first: $first) { totalCount } }";
const CREATE: &str = r#"mutation Create { noteCreate(input: { subject: "new" }) { note { id } } }"#;
const JSON: &str = "application/json";
const GRAPHQL_RESPONSE: &str = "application/graphql-response+json";

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Answer {
    #[track_caller]
    fn data(&self) -> &Value {
        assert!(self.body["errors"].is_null(), "{}", self.body);
        &self.body["data"]
    }

    #[track_caller]
    fn assert_refused(&self, status: u16, code: &str, message: &str) {
        let error = &self.body["errors"][0];
        assert_eq!((self.status, error["extensions"]["code"].as_str()), (status, Some(code)), "{}", self.body);
        assert!(error["message"].as_str().unwrap().contains(message), "{}", self.body);
        assert!(self.body.get("data").is_none(), "{}", self.body);
    }
}

/// A server with some mode for documents.
struct Server {
    router: Router,
    _keep: App,
}

impl Server {
    fn start(app: &App, mode: DocumentsMode, manifests: &[&Value]) -> Self {
        let folder = TempDir::new().unwrap();
        let files: Vec<PathBuf> = (0..manifests.len()).map(|n| folder.path().join(format!("{n}.json"))).collect();
        for (file, manifest) in files.iter().zip(manifests) {
            std::fs::write(file, manifest.to_string()).unwrap();
        }
        let schema = schema::build();
        let trusted = Arc::new(TrustedDocuments::read(&files, &schema, &QueryLimits::default()).unwrap());
        let stored = PersistedDocumentSettings { mode, trusted };
        let settings =
            HttpSettings { stored, token_rate_limit: ENDLESS, address_rate_limit: ENDLESS, ..HttpSettings::default() };
        Self { router: router(app.context().clone(), schema, &settings), _keep: app.clone() }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let (head, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer { status: head.status.as_u16(), headers: head.headers, body: serde_json::from_slice(&bytes).unwrap() }
    }

    async fn post_as(&self, client: &Client, accept: &str, body: &Value) -> Answer {
        let request = Self::posting(client).header("accept", accept);
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    async fn post_text(&self, client: &Client, body: String) -> Answer {
        self.send(Self::posting(client).body(Body::from(body)).unwrap()).await
    }

    fn posting(client: &Client) -> Builder {
        Request::post("/graphql")
            .header("authorization", format!("Bearer {}", client.token()))
            .header("content-type", JSON)
    }

    async fn post(&self, client: &Client, body: &Value) -> Answer {
        self.post_as(client, JSON, body).await
    }

    /// Sends the members of an object as query parameters of a GET request.
    async fn get(&self, client: &Client, parameters: &Value) -> Answer {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in parameters.as_object().unwrap() {
            query.append_pair(name, &value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        }
        let request = Request::get(format!("/graphql?{}", query.finish()))
            .header("authorization", format!("Bearer {}", client.token()));
        self.send(request.body(Body::empty()).unwrap()).await
    }
}

async fn writer(app: &App, company: &str) -> Client {
    app.company(company).await.user("ann").await.token(&[Scope::Write]).await
}

fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

fn extension(hash: &str) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } })
}

/// A request with the hash of a text only, and one with the text as well.
fn hashed(text: &str) -> (Value, Value) {
    let extensions = extension(&sha256(text));
    (json!({ "extensions": extensions }), json!({ "query": text, "extensions": extensions }))
}

#[tokio::test]
async fn a_registered_document_is_requested_by_its_hash() {
    let app = App::start().await;
    let client = writer(&app, "Acme").await;
    let server = Server::start(&app, DocumentsMode::Allow, &[]);
    let (hash, both) = hashed(SCOPES);
    for (accept, status) in [(JSON, 200), (GRAPHQL_RESPONSE, 400)] {
        let unknown = server.post_as(&client, accept, &hash).await;
        unknown.assert_refused(status, "PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound");
        assert_eq!(unknown.headers["cache-control"], "no-store");
    }
    server.get(&client, &hash).await.assert_refused(200, "PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound");
    let expected = json!({ "viewer": { "scopes": ["WRITE"] } });
    assert_eq!(server.post(&client, &both).await.data(), &expected);
    for accept in [JSON, GRAPHQL_RESPONSE] {
        assert_eq!(server.post_as(&client, accept, &hash).await.data(), &expected);
    }
    assert_eq!(server.get(&client, &hash).await.data(), &expected);
    let by_id = json!({ "documentId": format!("sha256:{}", sha256(SCOPES)) });
    assert_eq!(server.post(&client, &by_id).await.data(), &expected);
    // With variables, and registered by a GET request.
    let (mut hash, mut both) = hashed(COUNT);
    for request in [&mut hash, &mut both] {
        request["variables"] = json!({ "first": 5 });
        request["operationName"] = json!("Count");
    }
    assert_eq!(server.get(&client, &both).await.data(), &json!({ "notes": { "totalCount": 0 } }));
    assert_eq!(server.post(&client, &hash).await.data(), &json!({ "notes": { "totalCount": 0 } }));
    // Another company cannot use it.
    let other = writer(&app, "Other").await;
    server.post(&other, &hash).await.assert_refused(200, "PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound");
}

#[tokio::test]
async fn get_by_hash_changes_nothing() {
    let app = App::start().await;
    let client = writer(&app, "Acme").await;
    let server = Server::start(&app, DocumentsMode::Allow, &[&json!({ "create": CREATE })]);
    let (hash, both) = hashed(&CREATE.replace("new", "newer"));
    server.get(&client, &both).await.assert_refused(405, "METHOD_NOT_ALLOWED", "use POST");
    server.post(&client, &both).await.data();
    for named in [hash, json!({ "documentId": "create" })] {
        let refused = server.get(&client, &named).await;
        refused.assert_refused(405, "METHOD_NOT_ALLOWED", "use POST");
        assert_eq!(refused.headers["allow"], "POST");
        server.post(&client, &named).await.data();
    }
    assert_eq!(client.query("{ notes { totalCount } }").await["notes"]["totalCount"], 3);
}

#[tokio::test]
async fn only_valid_documents_with_the_right_hash_are_stored() {
    let app = App::start().await;
    let client = writer(&app, "Acme").await;
    let server = Server::start(&app, DocumentsMode::Allow, &[]);
    for (text, code) in [("{ nothing }", "GRAPHQL_VALIDATION_FAILED"), ("{", "GRAPHQL_PARSE_FAILED")] {
        let (hash, both) = hashed(text);
        server.post(&client, &both).await.assert_refused(200, code, "");
        server.post(&client, &hash).await.assert_refused(200, "PERSISTED_QUERY_NOT_FOUND", "");
    }
    let wrong = json!({ "query": COUNT, "extensions": extension(&sha256(SCOPES)) });
    server.post(&client, &wrong).await.assert_refused(400, "BAD_REQUEST", "The id of another document");
    let wrong = json!({ "query": COUNT, "documentId": "count" });
    server.post(&client, &wrong).await.assert_refused(400, "BAD_REQUEST", "The id of another document");
    for text in [SCOPES, COUNT] {
        server.post(&client, &hashed(text).0).await.assert_refused(200, "PERSISTED_QUERY_NOT_FOUND", "");
    }
    let (_, mut other) = hashed(SCOPES);
    other["extensions"]["persistedQuery"]["version"] = json!(2);
    server.post(&client, &other).await.assert_refused(400, "BAD_REQUEST", "`extensions.persistedQuery.version`");
    let two = json!({ "documentId": "a", "extensions": extension("b") });
    server.post(&client, &two).await.assert_refused(400, "BAD_REQUEST", "name different documents");
    let nothing = json!({ "variables": {} });
    server.post(&client, &nothing).await.assert_refused(400, "BAD_REQUEST", "`query` is missing");
    for empty in [json!({ "documentId": "" }), json!({ "query": SCOPES, "documentId": "" })] {
        for answer in [server.post(&client, &empty).await, server.get(&client, &empty).await] {
            answer.assert_refused(400, "BAD_REQUEST", "`documentId` is empty");
        }
    }
}

/// Manifests of GraphQL Code Generator, of Relay, and of Apollo.
fn manifests() -> [Value; 3] {
    let apollo = json!({
        "format": "apollo-persisted-query-manifest",
        "version": 1,
        "operations": [{ "id": sha256(CREATE), "name": "Create", "type": "mutation", "body": CREATE }],
    });
    [json!({ "0c4a5f": SCOPES }), json!({ "9e107d9d372bb6826bd81d3542a419d6": COUNT }), apollo]
}

#[tokio::test]
async fn documents_of_manifests_are_requested_by_id() {
    let app = App::start().await;
    let client = writer(&app, "Acme").await;
    let [codegen, relay, apollo] = manifests();
    for mode in [DocumentsMode::Allow, DocumentsMode::Only] {
        let server = Server::start(&app, mode, &[&codegen, &relay, &apollo]);
        let relay = "9e107d9d372bb6826bd81d3542a419d6";
        for (named, field) in [
            (json!({ "documentId": "0c4a5f" }), "viewer"),
            (json!({ "documentId": "0c4a5f", "operationName": "Scopes" }), "viewer"),
            (json!({ "doc_id": relay, "query": null, "variables": { "first": 5 } }), "notes"),
            (json!({ "id": relay, "query": "" }), "notes"),
            (json!({ "documentId": format!("sha256:{}", sha256(COUNT)) }), "notes"),
            (json!({ "documentId": sha256(COUNT).to_uppercase() }), "notes"),
            (json!({ "query": COUNT, "documentId": format!("sha256:{}", sha256(COUNT).to_uppercase()) }), "notes"),
            (hashed(SCOPES).0, "viewer"),
            (hashed(SCOPES).1, "viewer"),
            (hashed(CREATE).0, "noteCreate"),
        ] {
            let answer = server.post(&client, &named).await;
            assert!(answer.data()[field].is_object(), "{named}: {}", answer.body);
        }
        assert!(server.get(&client, &json!({ "documentId": "0c4a5f" })).await.data()["viewer"].is_object());
        let wrong = json!({ "documentId": "0c4a5f", "variables": { "first": "five" } });
        server.post(&client, &wrong).await.data();
        let wrong = json!({ "id": relay, "variables": { "first": "five" } });
        server.post(&client, &wrong).await.assert_refused(200, "GRAPHQL_VALIDATION_FAILED", "$first");
        let unknown = json!({ "documentId": "other" });
        server.post(&client, &unknown).await.assert_refused(200, "PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound");
        let unknown = server.post_as(&client, GRAPHQL_RESPONSE, &unknown).await;
        unknown.assert_refused(400, "PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound");
    }
}

#[tokio::test]
async fn in_mode_only_nothing_else_is_examined() {
    let app = App::start().await;
    let client = writer(&app, "Acme").await;
    let server = Server::start(&app, DocumentsMode::Only, &[&manifests()[0]]);
    let other = "{ notes { totalCount } }";
    for asked in [
        json!({ "query": SCOPES }),
        json!({ "query": "{ __typename }" }),
        json!({ "query": "{ __schema { queryType { name } } }" }),
        json!({ "query": "" }),
        json!({ "query": SCOPES, "id": "0c4a5f" }),
        hashed(other).1,
        json!({ "query": other, "documentId": "other" }),
    ] {
        for (accept, status) in [(JSON, 200), (GRAPHQL_RESPONSE, 400)] {
            let refused = server.post_as(&client, accept, &asked).await;
            refused.assert_refused(status, "PERSISTED_QUERY_ONLY", "send the id of one");
        }
        server.get(&client, &asked).await.assert_refused(200, "PERSISTED_QUERY_ONLY", "send the id of one");
    }
    // Another text under the hash of a listed document.
    let forged = json!({ "query": other, "extensions": extension(&sha256(SCOPES)) });
    server.post(&client, &forged).await.assert_refused(400, "BAD_REQUEST", "The id of another document");
    server.post(&client, &hashed(other).0).await.assert_refused(200, "PERSISTED_QUERY_NOT_FOUND", "");
    for Hostile { name, document, variables } in documents() {
        if document.len() > 1 << 20 {
            continue;
        }
        let refused = server.post(&client, &json!({ "query": document, "variables": variables })).await;
        assert_eq!(refused.body["errors"][0]["extensions"]["code"], "PERSISTED_QUERY_ONLY", "{name}: {}", refused.body);
    }
    // The variables, which would be refused, are not read either.
    let nested = format!("{}1{}", "[".repeat(101), "]".repeat(101));
    for (named, code) in [
        (r#""query": "{ __typename }""#, "PERSISTED_QUERY_ONLY"),
        (r#""documentId": "other""#, "PERSISTED_QUERY_NOT_FOUND"),
        (r#""documentId": "0c4a5f""#, "BAD_REQUEST"),
    ] {
        let refused = server.post_text(&client, format!(r#"{{ {named}, "variables": {{ "a": {nested} }} }}"#)).await;
        assert_eq!(refused.body["errors"][0]["extensions"]["code"], code, "{named}: {}", refused.body);
    }
}

#[tokio::test]
async fn in_mode_off_clients_are_told_to_send_texts() {
    let app = App::start().await;
    let client = writer(&app, "Acme").await;
    let server = Server::start(&app, DocumentsMode::Off, &[]);
    let (hash, both) = hashed(SCOPES);
    for _ in 0..2 {
        let refused = server.post(&client, &hash).await;
        refused.assert_refused(200, "PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported");
        server.post(&client, &both).await.data();
    }
    for malformed in [json!({ "version": 2 }), json!({ "version": 1, "sha256Hash": "" }), json!("on")] {
        let extensions = json!({ "persistedQuery": malformed });
        for answer in [
            server.post(&client, &json!({ "extensions": extensions })).await,
            server.get(&client, &json!({ "extensions": extensions })).await,
        ] {
            answer.assert_refused(200, "PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported");
        }
        let both = json!({ "query": SCOPES, "documentId": "", "extensions": extensions });
        server.post(&client, &both).await.data();
        server.get(&client, &both).await.data();
    }
}

#[tokio::test]
async fn manifests_are_read_at_the_start_or_refused_with_a_reason() {
    let app = App::start().await;
    let client = writer(&app, "Acme").await;
    let folder = TempDir::new().unwrap();
    let write = |name: &str, manifest: &Value| {
        let file = folder.path().join(name);
        std::fs::write(&file, manifest.to_string()).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let [codegen, relay, _] = manifests();
    let (codegen, relay) = (write("persisted-documents.json", &codegen), write("relay.json", &relay));
    let process =
        Process::serve(app.database_url(), &["--documents", &codegen, &relay, "--documents-mode", "only"]).await;
    let answer = process.exchange(&post(client.token(), r#"{"documentId": "0c4a5f"}"#)).await;
    assert!(answer.contains(r#""scopes":["WRITE"]"#), "{answer}");
    let answer = process.exchange(&post(client.token(), &json!({ "query": SCOPES }).to_string())).await;
    assert!(answer.contains("PERSISTED_QUERY_ONLY"), "{answer}");
    process.terminate().await;
    let (_, log) = process.ended().await;
    assert!(log.contains("read the trusted documents"), "{log}");

    let wrong = write("wrong.json", &json!({ "a7": "query A {\n  nots { id }\n}" }));
    let version = write("version.json", &json!({ "format": "apollo-persisted-query-manifest", "operations": [] }));
    for (arguments, told) in [
        (&["--documents", &codegen, &wrong][..], "wrong.json: the document \"a7\" cannot be used: Cannot query field"),
        (&["--documents", &wrong], "(line 2, column 3)"),
        (&["--documents", &version], "version.json has an unknown version"),
        (&["--documents", "/nothing/here.json"], "cannot read the documents in /nothing/here.json"),
        (&["--documents-mode", "only"], "--documents"),
    ] {
        let mut command = Command::new(program());
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(arguments).env_clear();
        let ended = command.env("DATABASE_URL", app.database_url()).kill_on_drop(true).output().await.unwrap();
        let message = String::from_utf8_lossy(&ended.stderr);
        assert!(!ended.status.success() && message.contains(told), "{arguments:?}: {message}");
    }
}
