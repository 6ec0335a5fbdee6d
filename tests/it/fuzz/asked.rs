use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use notegraph::http::{DocumentsMode, HttpSettings, PersistedDocumentSettings, TrustedDocuments, router};
use notegraph::schema::query_limits::QueryLimits;
use notegraph::schema::{self, Schema};
use notegraph::store::entity::token::Scope;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use testkit::{App, Client, ENDLESS};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

use super::fuzz;

/// Documents whose responses tell which of them was executed.
const DOCUMENTS: [&str; 4] =
    ["{ d0: __typename }", "query B { d1: __typename }", "{ d2: __typename }", "query D { d3: __typename }"];
/// The ids of the first two documents, which are trusted.
const IDS: [&str; 2] = ["a", "9e107d9d372bb6826bd81d3542a419d6"];

pub fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// Two clients of different companies; the second sends only ids.
pub struct Clients {
    // Dropped before the runtime, which its drop needs.
    app: App,
    client: Client,
    other: Client,
    runtime: Runtime,
}

impl Clients {
    pub fn start() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let (app, client, other) = runtime.block_on(async {
            let app = App::start().await;
            let client = app.company("Acme").await.user("ann").await.token(&[Scope::Write]).await;
            let other = app.company("Other").await.user("bob").await.token(&[Scope::Write]).await;
            (app, client, other)
        });
        Self { app, client, other, runtime }
    }

    /// A server with this documents mode.
    pub fn server(&self, schema: &Schema, mode: DocumentsMode, trusted: &Arc<TrustedDocuments>) -> Router {
        let stored = PersistedDocumentSettings { mode, trusted: Arc::clone(trusted) };
        let settings =
            HttpSettings { stored, token_rate_limit: ENDLESS, address_rate_limit: ENDLESS, ..HttpSettings::default() };
        router(self.app.context().clone(), schema.clone(), &settings)
    }

    /// One server for each mode; all trust the first two documents.
    fn servers(&self) -> [(DocumentsMode, Router); 3] {
        let (schema, folder) = (schema::build(), TempDir::new().unwrap());
        let file = folder.path().join("documents.json");
        std::fs::write(&file, json!({ IDS[0]: DOCUMENTS[0], IDS[1]: DOCUMENTS[1] }).to_string()).unwrap();
        let trusted = Arc::new(TrustedDocuments::read(&[file], &schema, &QueryLimits::default()).unwrap());
        MODES.map(|mode| (mode, self.server(&schema, mode, &trusted)))
    }

    fn send(&self, router: &Router, request: Request<Body>) -> Result<Value, String> {
        let (status, text) = self.runtime.block_on(async {
            let (head, body) = router.clone().oneshot(request).await.unwrap().into_parts();
            let bytes = body.collect().await.unwrap().to_bytes();
            (head.status.as_u16(), String::from_utf8_lossy(&bytes).into_owned())
        });
        let answer: Value = serde_json::from_str(&text).map_err(|error| format!("{status}: {error}: {text}"))?;
        let is_told = answer["errors"].as_array().is_none_or(|errors| {
            errors.iter().all(|error| CODES.contains(&error["extensions"]["code"].as_str().unwrap_or_default()))
        });
        if [200, 400].contains(&status) && is_told && text.len() < 4_096 {
            Ok(answer)
        } else {
            Err(format!("{status}: {text:.1000}"))
        }
    }

    fn post(&self, router: &Router, client: &Client, body: String) -> Result<Value, String> {
        let request = Request::post("/graphql").header("content-type", "application/json");
        let request = request.header("authorization", format!("Bearer {}", client.token()));
        self.send(router, request.body(Body::from(body)).unwrap())
    }

    fn get(&self, router: &Router, client: &Client, query: &str) -> Result<Value, String> {
        let request = Request::get(format!("/graphql?{query}"));
        // Not every text is a valid URI.
        let request = request.header("authorization", format!("Bearer {}", client.token())).body(Body::empty());
        request.map_or(Ok(Value::Null), |request| self.send(router, request))
    }

    pub fn by_id(&self, router: &Router, id: &str) -> Result<Value, String> {
        self.post(router, &self.client, json!({ "documentId": id }).to_string())
    }
}

/// All allowed error codes: whatever the request, the fault is the client's.
const CODES: [&str; 6] = [
    "BAD_REQUEST",
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "PERSISTED_QUERY_NOT_FOUND",
    "PERSISTED_QUERY_NOT_SUPPORTED",
    "PERSISTED_QUERY_ONLY",
];

const MODES: [DocumentsMode; 3] = [DocumentsMode::Off, DocumentsMode::Allow, DocumentsMode::Only];

/// The parameters that name a document; each may be absent.
#[derive(Clone, Debug)]
struct Names {
    query: Option<String>,
    document_id: Option<String>,
    doc_id: Option<String>,
    id: Option<String>,
    extensions: Option<Value>,
}

fn id() -> impl Strategy<Value = String> {
    let hash = prop::sample::select(DOCUMENTS.to_vec()).prop_map(sha256);
    let hash = (hash, any::<bool>(), any::<bool>()).prop_map(|(hash, prefixed, capital)| {
        let hash = if capital { hash.to_uppercase() } else { hash };
        if prefixed { format!("sha256:{hash}") } else { hash }
    });
    let odd = prop::sample::select(vec!["", "A", "sha256:", "null", "é", "{ d0: __typename }"]).prop_map(str::to_owned);
    prop_oneof![
        6 => hash,
        4 => prop::sample::select(IDS.to_vec()).prop_map(str::to_owned),
        1 => odd,
        1 => Just("a".repeat(300)),
        1 => Just(format!("sha256:{}", "g".repeat(64))),
        1 => any::<String>(),
    ]
}

fn extensions() -> impl Strategy<Value = Value> {
    let hashed = |hash: String| json!({ "persistedQuery": { "version": 1, "sha256Hash": hash }, "other": [1] });
    let malformed = vec![
        json!({}),
        json!({ "persistedQuery": null }),
        json!({ "persistedQuery": 5 }),
        json!({ "persistedQuery": { "version": 2, "sha256Hash": sha256(DOCUMENTS[0]) } }),
        json!({ "persistedQuery": { "version": 1 } }),
        json!({ "persistedQuery": { "version": "1", "sha256Hash": [] } }),
    ];
    prop_oneof![4 => id().prop_map(hashed), 1 => prop::sample::select(malformed)]
}

fn names() -> impl Strategy<Value = Names> {
    let texts = DOCUMENTS.into_iter().chain(["", "{", "{ nothing }", "{ d0: __typename } "]).collect::<Vec<_>>();
    let text = prop::sample::select(texts).prop_map(str::to_owned);
    let rarely = || prop::option::weighted(0.2, id());
    let names = (prop::option::of(text), prop::option::of(id()), rarely(), rarely(), prop::option::of(extensions()));
    names.prop_map(|(query, document_id, doc_id, id, extensions)| Names { query, document_id, doc_id, id, extensions })
}

impl Names {
    fn parameters(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let texts =
            [("query", &self.query), ("documentId", &self.document_id), ("doc_id", &self.doc_id), ("id", &self.id)];
        texts.into_iter().filter_map(|(name, text)| Some((name, text.as_ref()?)))
    }

    fn body(&self) -> String {
        let mut body: serde_json::Map<_, _> =
            self.parameters().map(|(name, text)| (name.to_owned(), text.as_str().into())).collect();
        body.extend(self.extensions.clone().map(|extensions| ("extensions".to_owned(), extensions)));
        Value::Object(body).to_string()
    }

    fn address(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.parameters());
        query.extend_pairs(self.extensions.as_ref().map(|extensions| ("extensions", extensions.to_string())));
        query.finish()
    }

    /// The ids that must be those of the document. If there is a text, Relay's parameters have no meaning.
    fn ids(&self) -> Vec<&str> {
        let hash = self.extensions.as_ref().and_then(|extensions| extensions["persistedQuery"]["sha256Hash"].as_str());
        let relay = self.doc_id.as_deref().or(self.id.as_deref()).filter(|_| self.text().is_none());
        [self.document_id.as_deref(), hash, relay].into_iter().flatten().collect()
    }

    fn text(&self) -> Option<&str> {
        self.query.as_deref().filter(|text| !text.is_empty())
    }

    /// Whether these parameters permit the execution of a document.
    fn allow(&self, number: usize, mode: DocumentsMode) -> bool {
        let document = DOCUMENTS[number];
        let of_text = self.text().is_none_or(|text| text.trim() == document);
        let is_named = |id: &&str| {
            let hash = id.strip_prefix("sha256:").unwrap_or(id).to_lowercase();
            hash == sha256(document) || IDS.get(number) == Some(id)
        };
        match mode {
            DocumentsMode::Off => of_text && self.text().is_some(),
            DocumentsMode::Allow => {
                of_text && self.ids().iter().all(is_named) && (self.text().is_some() || !self.ids().is_empty())
            }
            DocumentsMode::Only => number < 2 && of_text && !self.ids().is_empty() && self.ids().iter().all(is_named),
        }
    }
}

/// The document that a response belongs to.
fn executed(answer: &Value) -> Option<usize> {
    (0..DOCUMENTS.len()).find(|number| answer["data"][format!("d{number}")] == "Query")
}

/// A text with an id is accepted only if it is the document of that id, and an id alone only for its document;
/// parameters in a URL give the same result as in a body.
#[test]
fn any_request_identifies_one_document_or_none() {
    let clients = Clients::start();
    let servers = clients.servers();
    fuzz("asked", 500, &names(), |names| {
        for (mode, router) in &servers {
            let answer = clients.post(router, &clients.client, names.body())?;
            let other = clients.get(router, &clients.client, &names.address())?;
            let code = |answer: &Value| answer["errors"][0]["extensions"]["code"].clone();
            if (executed(&answer), code(&answer)) != (executed(&other), code(&other)) {
                return Err(format!("{mode:?}: {answer} by POST, {other} by GET"));
            }
            if let Some(number) = executed(&answer)
                && !names.allow(number, *mode)
            {
                return Err(format!("{mode:?}: {answer}"));
            }
            // Another company cannot use the documents that are registered here.
            let by_id = Names { query: None, ..names.clone() };
            let other = clients.post(router, &clients.other, by_id.body())?;
            if executed(&other).is_some_and(|number| number >= IDS.len()) {
                return Err(format!("{mode:?}: {other} for another company"));
            }
        }
        Ok(())
    });
    // Correct requests are accepted.
    let nobody = Names { query: None, document_id: None, doc_id: None, id: None, extensions: None };
    for (number, document) in DOCUMENTS.into_iter().enumerate() {
        let [off, allow, only] = MODES;
        let text = Some(document.to_owned());
        let extensions = Some(json!({ "persistedQuery": { "version": 1, "sha256Hash": sha256(document) } }));
        let by_id = IDS.get(number).map(|id| (*id).to_owned());
        let is_trusted = by_id.is_some();
        for (names, modes) in [
            (Names { query: text.clone(), ..nobody.clone() }, [Some(off), Some(allow), None]),
            (
                Names { query: text, extensions: extensions.clone(), ..nobody.clone() },
                [Some(off), Some(allow), is_trusted.then_some(only)],
            ),
            (Names { extensions, ..nobody.clone() }, [None, Some(allow), is_trusted.then_some(only)]),
            (
                Names { document_id: by_id, ..nobody.clone() },
                [None, is_trusted.then_some(allow), is_trusted.then_some(only)],
            ),
        ] {
            for (mode, router) in &servers {
                let answer = clients.post(router, &clients.client, names.body()).unwrap();
                let expected = modes.contains(&Some(*mode)).then_some(number);
                assert_eq!(executed(&answer), expected, "{mode:?} {names:?}: {answer}");
            }
        }
    }
}

/// JSON that resembles a request, and parts of query strings.
fn soup() -> impl Strategy<Value = String> {
    let known = vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\",
        "\\ud800",
        "\\u0000",
        "null",
        "1",
        "1e999",
        "true",
        " ",
        "&",
        "=",
        "%",
        "%22",
        "+",
        "query",
        "\"query\":",
        "\"documentId\":",
        "\"doc_id\":",
        "\"id\":",
        "\"variables\":",
        "\"operationName\":",
        "\"extensions\":",
        "{\"persistedQuery\":{\"version\":1,\"sha256Hash\":\"a\"}}",
        "\"persistedQuery\":",
        "\"$serde_json::private::RawValue\":",
        "\"{ d0: __typename }\"",
        "\"a\"",
        "\"\"",
        "documentId=a",
        "query=%7B__typename%7D",
        "variables=%7B%7D",
        "extensions=%7B%22persistedQuery%22:5%7D",
        "\u{feff}",
        "é",
    ];
    let token = prop_oneof![12 => prop::sample::select(known).prop_map(str::to_owned), 1 => any::<String>()];
    let run = (token, prop_oneof![30 => Just(1usize), 1 => 2..200usize]);
    let soup =
        vec(run, 0..30).prop_map(|runs| runs.into_iter().map(|(token, times)| token.repeat(times)).collect::<String>());
    (any::<bool>(), soup).prop_map(|(whole, soup)| if whole { format!("{{{soup}}}") } else { soup })
}

#[test]
fn any_bytes_are_parsed_or_refused() {
    let clients = Clients::start();
    let servers = clients.servers();
    fuzz("requests", 500, &soup(), |soup| {
        for (_, router) in &servers {
            clients.post(router, &clients.client, soup.clone())?;
            clients.get(router, &clients.client, soup)?;
        }
        Ok(())
    });
}
