//! Limits of one address and of one token: concurrent operations, and a budget.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use futures_util::future::join_all;
use http_body_util::BodyExt;
use notegraph::http::{ConnectionInfo, HttpSettings, RateLimit, TrustedProxies, router};
use notegraph::schema;
use notegraph::store::db::Transaction;
use notegraph::store::entity::token::Scope;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tower::ServiceExt;

use testkit::{App, Client, ENDLESS};

/// Estimated points of a request before it is parsed. Each field adds 100 points, each value 1.
const REQUEST: u64 = 1_000;
const TYPENAME: &str = "{ __typename }";
const CREATE: &str = r#"mutation { noteCreate(input: { subject: "new" }) { note { id } } }"#;

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Answer {
    fn code(&self) -> &str {
        self.body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
    }

    #[track_caller]
    fn assert_limited(&self, who: &str) {
        assert_eq!((self.status, self.code()), (429, "RATE_LIMITED"), "{}", self.body);
        assert!(self.body.get("data").is_none(), "{}", self.body);
        let message = self.body["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains(who), "{message}");
        let seconds: u64 = self.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!(seconds >= 1, "{seconds}");
    }
}

fn server(app: &App, settings: &HttpSettings) -> Router {
    router(app.context().clone(), schema::build(), settings)
}

/// Sends a request from an address, with the `X-Forwarded-For` lines of proxies.
async fn ask(server: &Router, token: &str, document: &str, from: &str, forwarded: &[&str]) -> Answer {
    let mut request = Request::post("/graphql")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .header("x-graphql-cost", "1");
    for line in forwarded {
        request = request.header("x-forwarded-for", *line);
    }
    let mut request = request.body(Body::from(json!({ "query": document }).to_string())).unwrap();
    let peer: IpAddr = from.parse().unwrap();
    request.extensions_mut().insert(ConnectionInfo { peer, stopping: false });
    let (head, body) = server.clone().oneshot(request).await.unwrap().into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Answer { status: head.status.as_u16(), headers: head.headers, body: serde_json::from_slice(&bytes).unwrap() }
}

/// Blocks all writes of notes until the transaction ends. On `PostgreSQL` it takes one of the four connections of a
/// test, as does each change that waits for it.
async fn block(app: &App) -> Transaction {
    let lock = app.db().begin().await.unwrap();
    if app.db().backend() == sea_orm::DatabaseBackend::Postgres {
        lock.execute_unprepared("LOCK TABLE note IN EXCLUSIVE MODE").await.unwrap();
    }
    lock
}

async fn writer(app: &App, name: &str) -> Client {
    app.company(name).await.user("ann").await.token(&[Scope::Write]).await
}

async fn notes(client: &Client) -> u64 {
    client.query("{ notes { totalCount } }").await["notes"]["totalCount"].as_u64().unwrap()
}

#[tokio::test]
async fn concurrent_operations_of_a_token_are_limited() {
    let app = App::start().await;
    let (ann, bob) = (writer(&app, "Acme").await, writer(&app, "Other").await);
    let token_rate_limit = RateLimit { operations: 2, ..ENDLESS };
    let server = server(&app, &HttpSettings { token_rate_limit, ..HttpSettings::default() });
    let lock = block(&app).await;
    let answered = AtomicUsize::new(0);
    let changes = join_all((0..10).map(async |_| {
        let answer = ask(&server, ann.token(), CREATE, "192.0.2.1", &[]).await;
        answered.fetch_add(1, Ordering::Relaxed);
        answer
    }));
    let release = async {
        // Refused operations are answered at once; the others wait for this transaction.
        while answered.load(Ordering::Relaxed) < 8 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(ask(&server, bob.token(), TYPENAME, "192.0.2.1", &[]).await.status, 200, "another token");
        lock.commit().await.unwrap();
    };
    let (answers, ()) = tokio::join!(changes, release);
    let (done, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!((done.len(), refused.len()), (2, 8));
    for answer in refused {
        answer.assert_limited("token");
    }
    assert_eq!(notes(&ann).await, 2);
    assert_eq!(ask(&server, ann.token(), TYPENAME, "192.0.2.1", &[]).await.status, 200, "they have ended");
}

/// A client that hangs up frees no permit: its operation counts until it is done.
#[tokio::test]
async fn mutations_of_disconnected_clients_do_not_queue_without_bound() {
    let app = App::start().await;
    let ann = writer(&app, "Acme").await;
    let token_rate_limit = RateLimit { operations: 2, ..ENDLESS };
    let server = server(&app, &HttpSettings { token_rate_limit, ..HttpSettings::default() });
    let lock = block(&app).await;
    let mut begun = 0;
    for _ in 0..10 {
        let change = ask(&server, ann.token(), CREATE, "192.0.2.1", &[]);
        // Long enough for a change to begin, or to be refused.
        match tokio::time::timeout(Duration::from_secs(1), change).await {
            Ok(answer) => answer.assert_limited("token"),
            Err(_) => begun += 1,
        }
    }
    assert_eq!(begun, 2);
    lock.commit().await.unwrap();
    for _ in 0..500 {
        if notes(&ann).await == 2 {
            assert_eq!(ask(&server, ann.token(), CREATE, "192.0.2.1", &[]).await.status, 200);
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("a change was lost");
}

/// An operation is charged its estimate while it runs, and its actual cost afterwards.
#[tokio::test]
async fn a_budget_is_charged_the_actual_use() {
    let app = App::start().await;
    let (ann, bob) = (writer(&app, "Acme").await, writer(&app, "Other").await);
    let list = "{ notes(first: 100) { nodes { id subject } } }";
    let bytes = json!({ "query": list }).to_string().len() as u64;
    let estimate = REQUEST + bytes + 4 * 100 + 1 + 100 * 3;
    // The refill is too slow to matter during the test.
    let budget = 20 * estimate;
    let token_rate_limit = RateLimit { operations: 9, budget, refill: 1 };
    let server = server(&app, &HttpSettings { token_rate_limit, ..HttpSettings::default() });
    let mut spent = 0;
    let refused = loop {
        let answer = ask(&server, ann.token(), list, "192.0.2.1", &[]).await;
        if answer.status != 200 {
            break answer;
        }
        let cost = &answer.body["extensions"]["cost"];
        assert_eq!(cost["estimated"]["points"], estimate);
        let used = cost["actual"]["points"].as_u64().unwrap();
        assert!(cost["actual"]["databaseMicroseconds"].as_u64().unwrap() <= used);
        assert!(cost["actual"]["answerBytes"].as_u64().unwrap() > 0, "{cost}");
        spent += used.max(100).min(budget);
        assert!(spent <= 2 * budget, "{spent}");
    };
    refused.assert_limited("token");
    assert!(spent + estimate > budget, "{spent} of {budget} were used");
    // The rest may suffice to parse a request, but not to run its operation.
    let lists = ask(&server, ann.token(), &list.replace("subject", "subject details"), "192.0.2.1", &[]).await;
    lists.assert_limited("token");
    assert_eq!(ask(&server, bob.token(), list, "192.0.2.1", &[]).await.status, 200, "another token");
}

/// Regression test: such an operation was refused forever, each time with the advice to retry in a second.
#[tokio::test]
async fn a_cost_above_the_budget_takes_all_of_it() {
    let app = App::start().await;
    let ann = writer(&app, "Acme").await;
    let bytes = json!({ "query": CREATE }).to_string().len() as u64;
    let token_rate_limit = RateLimit { operations: 9, budget: REQUEST + bytes + 100, refill: 1 };
    let server = server(&app, &HttpSettings { token_rate_limit, ..HttpSettings::default() });
    let answer = ask(&server, ann.token(), CREATE, "192.0.2.1", &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let estimate = answer.body["extensions"]["cost"]["estimated"]["points"].as_u64().unwrap();
    assert!(estimate > token_rate_limit.budget, "{estimate}");
    ask(&server, ann.token(), CREATE, "192.0.2.1", &[]).await.assert_limited("token");
    assert_eq!(notes(&ann).await, 1);
}

/// A waiting operation has been charged its estimate, so others of its token cannot spend it meanwhile.
#[tokio::test]
async fn an_estimate_is_charged_before_anything_runs() {
    let app = App::start().await;
    let ann = writer(&app, "Acme").await;
    let bytes = json!({ "query": CREATE }).to_string().len() as u64;
    let estimate = REQUEST + bytes + 3 * 100 + 3;
    let token_rate_limit = RateLimit { operations: 9, budget: estimate + REQUEST, refill: 1 };
    let server = server(&app, &HttpSettings { token_rate_limit, ..HttpSettings::default() });
    let lock = block(&app).await;
    let change = ask(&server, ann.token(), CREATE, "192.0.2.1", &[]);
    let meanwhile = async {
        // The change begins, and waits for the lock.
        tokio::time::sleep(Duration::from_millis(500)).await;
        ask(&server, ann.token(), CREATE, "192.0.2.1", &[]).await.assert_limited("token");
        lock.commit().await.unwrap();
    };
    let (change, ()) = tokio::join!(change, meanwhile);
    assert_eq!(change.status, 200, "{}", change.body);
    assert_eq!(notes(&ann).await, 1);
}

/// Guessing tokens spends the budget of the address. After that, requests are refused without a database access.
#[tokio::test]
async fn an_address_is_limited_across_its_tokens() {
    let app = App::start().await;
    let ann = writer(&app, "Acme").await;
    // Enough for three guesses.
    let address_rate_limit = RateLimit { operations: 9, budget: 30 * REQUEST, refill: 1 };
    let server = server(&app, &HttpSettings { address_rate_limit, ..HttpSettings::default() });
    for guess in ["ng_1_a", "ng_1_b", "ng_1_c"] {
        assert_eq!(ask(&server, guess, TYPENAME, "192.0.2.1", &[]).await.status, 401);
    }
    let recording = app.record();
    for token in ["ng_1_d", ann.token()] {
        ask(&server, token, TYPENAME, "192.0.2.1", &[]).await.assert_limited("address");
    }
    assert_eq!(recording.statements().len(), 0);
    assert_eq!(ask(&server, ann.token(), TYPENAME, "192.0.2.2", &[]).await.status, 200);
    ask(&server, ann.token(), TYPENAME, "::ffff:192.0.2.1", &[]).await.assert_limited("address");
    // An IPv6 subscriber has a whole /64 network, whose addresses share one budget.
    for last in 1..=2 {
        let answer = ask(&server, "ng_1_e", TYPENAME, &format!("2001:db8:0:1::{last}"), &[]).await;
        assert_eq!(answer.status, 401, "{last}");
    }
    ask(&server, "ng_1_f", TYPENAME, "2001:db8:0:1::4", &[]).await;
    ask(&server, ann.token(), TYPENAME, "2001:db8:0:1::3", &[]).await.assert_limited("address");
}

/// An invalid token costs a database lookup that nobody pays for later.
#[tokio::test]
async fn an_invalid_token_costs_ten_times_as_much() {
    let app = App::start().await;
    let address_rate_limit = RateLimit { operations: 9, budget: 50 * REQUEST, refill: 1 };
    let server = server(&app, &HttpSettings { address_rate_limit, ..HttpSettings::default() });
    for guess in 0..5 {
        assert_eq!(ask(&server, &format!("ng_1_{guess}"), TYPENAME, "192.0.2.1", &[]).await.status, 401);
    }
    let refused = ask(&server, "ng_1_x", TYPENAME, "192.0.2.1", &[]).await;
    refused.assert_limited("address");
    assert_eq!(refused.headers["connection"], "close");
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_forwarded_address_counts() {
    let app = App::start().await;
    let ann = writer(&app, "Acme").await;
    let address_rate_limit = RateLimit { operations: 9, budget: REQUEST, refill: 1 };
    let trusted_proxies = TrustedProxies::new(vec!["10.0.0.0/24".parse().unwrap()]);
    let server = server(&app, &HttpSettings { address_rate_limit, trusted_proxies, ..HttpSettings::default() });
    for client in ["192.0.2.1", "192.0.2.2"] {
        assert_eq!(ask(&server, "ng_1_a", TYPENAME, "10.0.0.1", &[client]).await.status, 401);
        // Addresses that the client makes up are ignored.
        let forged = format!("203.0.113.77, {client}");
        ask(&server, ann.token(), TYPENAME, "10.0.0.2", &[&forged]).await.assert_limited("address");
    }
    // A proxy that is not listed is not trusted.
    assert_eq!(ask(&server, "ng_1_a", TYPENAME, "10.0.1.1", &["192.0.2.3"]).await.status, 401);
    ask(&server, ann.token(), TYPENAME, "10.0.1.1", &["192.0.2.4"]).await.assert_limited("address");
}
