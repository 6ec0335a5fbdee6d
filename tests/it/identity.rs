//! JSON web tokens of an identity provider: which tokens are accepted, and which are not.

mod provider;
mod refused;
mod tls;

use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use jsonwebtoken::Algorithm;
use notegraph::auth::{CompanyOf, IdentityProviderSettings, KeyRefreshPolicy, Mapping, UserField};
use notegraph::http::{HttpSettings, router};
use notegraph::ids::UserId;
use notegraph::schema;
use notegraph::store::entity::token::Scope;
use notegraph::store::entity::user::{self, UserStatus};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};
use serde_json::{Value, json};
use tower::ServiceExt;

pub use self::provider::Pair;
use self::provider::Provider;
use testkit::{App, User};

const ISSUER: &str = "https://idp.example/realms/notes";
const AUDIENCE: &str = "notegraph";
/// A Unix time after the start of the test clock, which is 1772442000.
const LATER: i64 = 1_772_500_000;
const VIEWER: &str = "{ viewer { scopes user { id username } company { name } } }";

/// Requests the keys again whenever a token names an unknown key.
const EAGER: KeyRefreshPolicy = KeyRefreshPolicy { max_age: Duration::from_mins(10), retry_interval: Duration::ZERO };

fn settings(source: &str, refresh: KeyRefreshPolicy) -> IdentityProviderSettings {
    IdentityProviderSettings {
        source: source.parse().unwrap(),
        refresh,
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        algorithms: vec![notegraph::auth::Algorithm::RS256, notegraph::auth::Algorithm::ES256],
        mapping: Mapping {
            company: CompanyOf::Claimed("org".parse().unwrap()),
            user: "sub".parse().unwrap(),
            user_field: UserField::ExternalKey,
            scopes: "scope".parse().unwrap(),
            scope_names: vec!["notes:read=READ".parse().unwrap(), "notes:write=WRITE".parse().unwrap()],
        },
    }
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "exp": LATER, "iat": 1_772_442_000, "sub": "idp|7", "org": "Acme",
        "scope": "openid notes:read",
    })
}

fn with(changes: &Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn server(app: &App, identity: IdentityProviderSettings) -> Router {
    let settings = HttpSettings { identity: Some(identity), ..HttpSettings::default() };
    router(app.context().clone(), schema::build(), &settings)
}

/// The status and the whole response. All requests have the same ID, so that responses are comparable.
async fn ask(server: &Router, token: &str, document: &str) -> (u16, Value) {
    let request = Request::post("/graphql")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .header("x-request-id", "same")
        .body(Body::from(json!({ "query": document }).to_string()))
        .unwrap();
    let (head, body) = server.clone().oneshot(request).await.unwrap().into_parts();
    let headers: Vec<_> =
        head.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    let bytes = body.collect().await.unwrap().to_bytes();
    (head.status.as_u16(), json!({ "headers": headers, "body": serde_json::from_slice::<Value>(&bytes).unwrap() }))
}

async fn status(server: &Router, token: &str) -> u16 {
    ask(server, token, VIEWER).await.0
}

async fn ann(app: &App) -> User {
    app.company("Acme").await.user_with("ann", |user| user.external_key = Some("idp|7".to_owned())).await
}

#[tokio::test]
async fn a_token_of_the_provider_authenticates_its_user() {
    let app = App::start().await;
    ann(&app).await;
    for algorithm in [Algorithm::RS256, Algorithm::ES256] {
        let pair = Pair::new(algorithm, "one");
        let provider = Provider::start(&[&pair]).await;
        let server = server(&app, settings(&provider.address, KeyRefreshPolicy::default()));
        let (status, answer) = ask(&server, &pair.sign(&pair.header(), &claims()), VIEWER).await;
        assert_eq!(status, 200, "{answer}");
        let viewer = &answer["body"]["data"]["viewer"];
        assert_eq!((&viewer["user"]["username"], &viewer["company"]["name"]), (&json!("ann"), &json!("Acme")));
        assert_eq!(viewer["scopes"], json!(["READ"]));
        // Operations outside the token's scopes are refused as with any other token.
        let create = r#"mutation { noteCreate(input: { subject: "x" }) { note { id } } }"#;
        let (_, answer) = ask(&server, &pair.sign(&pair.header(), &claims()), create).await;
        assert_eq!(answer["body"]["errors"][0]["extensions"]["code"], "FORBIDDEN", "{answer}");
        let write = with(&json!({ "scope": ["notes:write"] }));
        let (_, answer) = ask(&server, &pair.sign(&pair.header(), &write), create).await;
        assert!(answer["body"]["data"]["noteCreate"]["note"]["id"].is_string(), "{answer}");
        assert_eq!(provider.asked(), 1);
    }
}

#[tokio::test]
async fn claims_are_mapped_by_the_settings() {
    let app = App::start().await;
    ann(&app).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    let pair = Pair::new(Algorithm::EdDSA, "one");
    write(&file, &[&pair]);
    let mut settings = settings(file.to_str().unwrap(), KeyRefreshPolicy::default());
    settings.algorithms = vec![notegraph::auth::Algorithm::EdDSA];
    settings.mapping = Mapping {
        company: CompanyOf::Named("Acme".to_owned()),
        user: "preferred_username".parse().unwrap(),
        user_field: UserField::Username,
        scopes: "/realm_access/roles".parse().unwrap(),
        scope_names: vec!["boss=ADMIN".parse().unwrap()],
    };
    let server = server(&app, settings);
    let token =
        with(&json!({ "preferred_username": "ann", "realm_access": { "roles": ["boss"] }, "aud": ["x", AUDIENCE] }));
    let mut header = pair.header();
    header.typ = Some("at+jwt".to_owned());
    header.kid = None;
    let (status, answer) = ask(&server, &pair.sign(&header, &token), VIEWER).await;
    assert_eq!((status, &answer["body"]["data"]["viewer"]["scopes"]), (200, &json!(["ADMIN"])), "{answer}");
    // Opaque tokens keep working alongside.
    let opaque = app.company("Other").await.user("bob").await.token(&[Scope::Read]).await;
    assert_eq!(self::status(&server, opaque.token()).await, 200);
}

fn write(file: &Path, keys: &[&Pair]) {
    let keys: Vec<_> = keys.iter().map(|pair| &pair.public).collect();
    std::fs::write(file, json!({ "keys": keys }).to_string()).unwrap();
}

#[tokio::test]
async fn without_a_provider_web_tokens_are_refused() {
    let app = App::start().await;
    ann(&app).await;
    let pair = Pair::new(Algorithm::ES256, "one");
    assert_eq!(status(&app.router(), &pair.sign(&pair.header(), &claims())).await, 401);
}

#[tokio::test]
async fn new_keys_are_fetched_and_old_ones_stay_while_the_provider_is_down() {
    let app = App::start().await;
    ann(&app).await;
    let (first, second, third) =
        (Pair::new(Algorithm::ES256, "1"), Pair::new(Algorithm::ES256, "2"), Pair::new(Algorithm::ES256, "3"));
    let token = |pair: &Pair| pair.sign(&pair.header(), &claims());
    let provider = Provider::start(&[&first]).await;
    let server = server(&app, settings(&provider.address, EAGER));
    assert_eq!(status(&server, &token(&first)).await, 200);
    assert_eq!((status(&server, &token(&first)).await, provider.asked()), (200, 1), "kept");
    assert_eq!((status(&server, &token(&second)).await, provider.asked()), (401, 2));
    provider.publish(&[&first, &second]);
    assert_eq!((status(&server, &token(&second)).await, provider.asked()), (200, 3), "asked for again");

    provider.publish(&[&third]);
    provider.go(false);
    assert_eq!(status(&server, &token(&third)).await, 401);
    for pair in [&first, &second] {
        assert_eq!(status(&server, &token(pair)).await, 200, "stale keys hold");
    }
    provider.go(true);
    assert_eq!(status(&server, &token(&third)).await, 200);
    assert_eq!(status(&server, &token(&first)).await, 401, "what the provider took back is gone");
}

/// Tokens with made-up key ids do not cause a request to the provider each.
#[tokio::test]
async fn unknown_keys_do_not_flood_the_provider() {
    let app = App::start().await;
    ann(&app).await;
    let pair = Pair::new(Algorithm::ES256, "one");
    let provider = Provider::start(&[&pair]).await;
    let refresh = KeyRefreshPolicy { retry_interval: Duration::from_hours(1), ..KeyRefreshPolicy::default() };
    let server = server(&app, settings(&provider.address, refresh));
    let attempts = (0..50).map(async |n| {
        let mut header = pair.header();
        header.kid = Some(format!("unknown {n}"));
        status(&server, &pair.sign(&header, &claims())).await
    });
    assert!(futures_util::future::join_all(attempts).await.iter().all(|status| *status == 401));
    assert_eq!(provider.asked(), 1);
}

/// A client that names a new key and hangs up at once does not keep the keys from being read.
#[tokio::test]
async fn a_disconnecting_client_does_not_cancel_the_key_refresh() {
    let app = App::start().await;
    ann(&app).await;
    let pair = Pair::new(Algorithm::ES256, "one");
    let token = pair.sign(&pair.header(), &claims());
    let provider = Provider::start(&[&pair]).await;
    let refresh = KeyRefreshPolicy { retry_interval: Duration::from_hours(1), ..KeyRefreshPolicy::default() };
    let server = server(&app, settings(&provider.address, refresh));
    let silent = provider.silence.lock().await;
    let mut gone = Box::pin(status(&server, &token));
    while provider.asked() == 0 {
        assert!(futures_util::poll!(&mut gone).is_pending());
        tokio::task::yield_now().await;
    }
    drop(gone);
    drop(silent);
    assert_eq!((status(&server, &token).await, provider.asked()), (200, 1));
}

#[tokio::test]
async fn old_keys_are_refreshed_while_they_stay_valid() {
    let app = App::start().await;
    ann(&app).await;
    let pair = Pair::new(Algorithm::ES256, "one");
    let token = pair.sign(&pair.header(), &claims());
    let provider = Provider::start(&[&pair]).await;
    let refresh = KeyRefreshPolicy { max_age: Duration::ZERO, retry_interval: Duration::ZERO };
    let server = server(&app, settings(&provider.address, refresh));
    assert_eq!(status(&server, &token).await, 200);
    provider.publish(&[]);
    let other = Pair::new(Algorithm::ES256, "other");
    provider.publish(&[&other]);
    for _ in 0..500 {
        if status(&server, &token).await == 401 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("a key that was taken back holds for ever");
}

#[tokio::test]
async fn missing_keys_are_unavailable_and_not_unauthenticated() {
    let app = App::start().await;
    ann(&app).await;
    let pair = Pair::new(Algorithm::ES256, "one");
    let provider = Provider::start(&[&pair]).await;
    provider.go(false);
    let server = server(&app, settings(&provider.address, EAGER));
    let token = pair.sign(&pair.header(), &claims());
    let (status, answer) = ask(&server, &token, VIEWER).await;
    assert_eq!((status, &answer["body"]["errors"][0]["extensions"]["code"]), (503, &json!("UNAVAILABLE")));
    provider.go(true);
    assert_eq!(self::status(&server, &token).await, 200);
}

#[tokio::test]
async fn a_file_is_read_again_when_it_changes() {
    let app = App::start().await;
    ann(&app).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    let (first, second) = (Pair::new(Algorithm::ES256, "1"), Pair::new(Algorithm::RS256, "2"));
    write(&file, &[&first]);
    let server = server(&app, settings(file.to_str().unwrap(), EAGER));
    assert_eq!(status(&server, &first.sign(&first.header(), &claims())).await, 200);
    write(&file, &[&second]);
    assert_eq!(status(&server, &second.sign(&second.header(), &claims())).await, 200);
    assert_eq!(status(&server, &first.sign(&first.header(), &claims())).await, 401);
}

/// As with an opaque token, deactivation leaves no grace period to a user who has left.
#[tokio::test]
async fn deactivating_takes_effect_at_once_and_namesakes_are_not_guessed() {
    let app = App::start().await;
    let user = ann(&app).await;
    let pair = Pair::new(Algorithm::ES256, "one");
    let provider = Provider::start(&[&pair]).await;
    let mut settings = settings(&provider.address, KeyRefreshPolicy::default());
    settings.mapping.user_field = UserField::Username;
    let server = server(&app, settings);
    let token = pair.sign(&pair.header(), &with(&json!({ "sub": "ann" })));
    assert_eq!(status(&server, &token).await, 200);
    let recording = app.record();
    assert_eq!(status(&server, &token).await, 200);
    app.assert_no_table_scans(&recording.statements()).await;
    let namesake = app.insert(user::Model { id: UserId(user.id.0 + 1), external_key: None, ..(*user).clone() }).await;
    assert_eq!(status(&server, &token).await, 401, "nobody guesses which of them it is");
    user::Entity::delete_by_id((namesake.company_id, namesake.id)).exec(app.db().schema_connection()).await.unwrap();
    assert_eq!(status(&server, &token).await, 200);
    let transaction = app.db().begin().await.unwrap();
    let mut row = (*user).clone().into_active_model();
    row.status = Set(UserStatus::Inactive);
    row.update(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(status(&server, &token).await, 401);
}
