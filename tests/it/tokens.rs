//! Tokens: whom they authenticate, and until when.

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use notegraph::auth::{NewToken, Secret, Tokens, Viewer, create_token};
use notegraph::clock::Clock;
use notegraph::ids::{CompanyId, UserId};
use notegraph::store::entity::token::{self, Scope, Scopes};
use notegraph::store::entity::user::UserStatus;
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel, Set, Statement};

use testkit::{App, Catalog, User};

async fn make(app: &App, user: &User, expires_on: Option<DateTime<Utc>>) -> (token::Model, Secret) {
    let new = NewToken {
        company_id: user.company_id,
        user_id: user.id,
        name: "a laptop".to_owned(),
        scopes: vec![Scope::Read, Scope::Write],
        expires_on,
    };
    let transaction = app.db().begin().await.unwrap();
    let made = create_token(&transaction, app.clock(), new).await.unwrap();
    transaction.commit().await.unwrap();
    made
}

async fn viewer(app: &App, clock: &Clock, token: &str) -> Option<Viewer> {
    Tokens::new(app.db().clone(), clock.clone()).authenticate(token).await.unwrap()
}

#[tokio::test]
async fn a_token_authenticates_its_user_with_its_scopes() {
    let app = App::start().await;
    let (acme, other) = (app.company("Acme").await, app.company("Other").await);
    let (ann, bob) = (acme.user("ann").await, other.user("bob").await);
    let (row, anns) = make(&app, &ann, None).await;
    let (_, bobs) = make(&app, &bob, None).await;

    let seen = viewer(&app, app.clock(), anns.reveal()).await.unwrap();
    assert_eq!((seen.company_id, seen.user_id), (ann.company_id, ann.id));
    assert_eq!(seen.scopes, [Scope::Read, Scope::Write]);
    assert_eq!(row.scopes, Scopes(seen.scopes));
    assert_eq!(viewer(&app, app.clock(), bobs.reveal()).await.unwrap().company_id, bob.company_id);
    // 256 bits in base64, and different each time.
    assert_eq!(anns.reveal().rsplit_once('_').unwrap().1.len().max(43), anns.reveal().len() - "ng_1_".len());
    assert_ne!(make(&app, &ann, None).await.1.reveal(), anns.reveal());
}

#[tokio::test]
async fn malformed_tokens_are_refused() {
    let app = App::start().await;
    let ann = app.company("Acme").await.user("ann").await;
    let (_, secret) = make(&app, &ann, None).await;
    let good = secret.reveal();
    let (head, tail) = good.split_at(good.len() - 1);
    let bad = [
        String::new(),
        "ng".to_owned(),
        "ng_".to_owned(),
        "ng__".to_owned(),
        "ng_1_".to_owned(),
        "ng_99999999999999999999_x".to_owned(),
        format!("ng_{}_unknown", ann.company_id),
        format!("{head}{}", if tail == "A" { "B" } else { "A" }),
        format!("{good}="),
        format!(" {good}"),
        good.to_uppercase(),
        good.trim_start_matches("ng_").to_owned(),
    ];
    for token in bad {
        assert!(viewer(&app, app.clock(), &token).await.is_none(), "`{token}`");
    }
    assert!(viewer(&app, app.clock(), good).await.is_some());
}

/// The company in a token only tells where to look it up: if it is replaced, the token is invalid.
#[tokio::test]
async fn a_token_of_another_company_is_refused() {
    let app = App::start().await;
    let (acme, other) = (app.company("Acme").await, app.company("Other").await);
    let (_, secret) = make(&app, &acme.user("ann").await, None).await;
    make(&app, &other.user("ann").await, None).await;
    let tail = secret.reveal().strip_prefix(&format!("ng_{}_", acme.id)).unwrap();
    for company in [other.id, CompanyId(0), CompanyId(-1), CompanyId(999)] {
        assert!(viewer(&app, app.clock(), &format!("ng_{company}_{tail}")).await.is_none());
    }
    // Another spelling of the same number does not match the hash.
    assert!(viewer(&app, app.clock(), &format!("ng_0{}_{tail}", acme.id)).await.is_none());
}

#[tokio::test]
async fn a_token_expires() {
    let app = App::start().await;
    let ann = app.company("Acme").await.user("ann").await;
    let end: DateTime<Utc> = "2026-03-03T00:00:00Z".parse().unwrap();
    let (_, secret) = make(&app, &ann, Some(end)).await;
    // The first reading of a stepping clock is one second after its start.
    let at = |offset: i64| Clock::stepping(end + TimeDelta::seconds(offset - 1));
    assert!(viewer(&app, &at(-1), secret.reveal()).await.is_some());
    assert!(viewer(&app, &at(0), secret.reveal()).await.is_none());
    assert!(viewer(&app, &at(1), secret.reveal()).await.is_none());
}

#[tokio::test]
async fn revoking_and_deactivating_take_effect_at_once() {
    let app = App::start().await;
    let ann = app.company("Acme").await.user("ann").await;
    let (row, revoked) = make(&app, &ann, None).await;
    let (_, kept) = make(&app, &ann, None).await;

    let transaction = app.db().begin().await.unwrap();
    let mut row = row.into_active_model();
    row.revoked_on = Set(Some(app.clock().now()));
    row.update(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert!(viewer(&app, app.clock(), revoked.reveal()).await.is_none());
    assert!(viewer(&app, app.clock(), kept.reveal()).await.is_some());

    let transaction = app.db().begin().await.unwrap();
    let mut user = (*ann).clone().into_active_model();
    user.status = Set(UserStatus::Inactive);
    user.update(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert!(viewer(&app, app.clock(), kept.reveal()).await.is_none());
}

/// On one thread, all of them arrive before the first lookup begins.
#[tokio::test]
async fn concurrent_requests_are_authenticated_by_one_statement() {
    let app = App::start().await;
    let mut made = Vec::new();
    for name in ["Acme", "Other", "Third"] {
        let company = app.company(name).await;
        for user in ["ann", "bob", "cem"] {
            let user = company.user(user).await;
            made.push((company.id, user.id, make(&app, &user, None).await.1));
        }
    }
    let tokens = Tokens::new(app.db().clone(), app.clock().clone());
    for (different, statements) in [(1, 1), (2, 1), (3, 1), (8, 1), (9, 2)] {
        let recording = app.record();
        let asked = (0..100).map(|number| &made[number % different]).collect::<Vec<_>>();
        let seen = join_all(asked.iter().map(|(.., secret)| tokens.authenticate(secret.reveal()))).await;
        for (seen, (company, user, _)) in seen.into_iter().zip(asked) {
            let seen = seen.unwrap().unwrap();
            assert_eq!((seen.company_id, seen.user_id), (*company, *user));
        }
        assert_eq!(recording.statements().len(), statements, "{different} tokens");
    }
    // An invalid token next to a valid one: each gets its own result.
    let (good, bad) = (made[0].2.reveal(), "ng_1_none");
    let [one, other] = [good, bad].map(|token| tokens.authenticate(token));
    let (one, other) = futures_util::join!(one, other);
    assert!(one.unwrap().is_some() && other.unwrap().is_none());
    // A client that hangs up does not affect the others.
    let mut gone = Box::pin(tokens.authenticate(good));
    assert!(futures_util::poll!(&mut gone).is_pending());
    let stays = tokens.authenticate(good);
    drop(gone);
    assert!(stays.await.unwrap().is_some());
}

#[tokio::test]
async fn a_token_needs_an_existing_user() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let new = NewToken {
        company_id: acme.id,
        user_id: UserId(999),
        name: "nobody's".to_owned(),
        scopes: vec![Scope::Read],
        expires_on: None,
    };
    let transaction = app.db().begin().await.unwrap();
    assert!(create_token(&transaction, app.clock(), new).await.is_err());
}

/// The database holds no token in plain text, so a backup of it gives nobody access.
#[tokio::test]
async fn only_the_hash_is_stored() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let (_, secret) = make(&app, &acme.user("ann").await, None).await;
    let bits = secret.reveal().splitn(3, '_').nth(2).unwrap();

    assert_eq!(token::Entity::find().one(app.db().read()).await.unwrap().unwrap().hash.len(), 32);
    assert_eq!(columns_that_hold(&app, bits).await, [""; 0]);
    // The check does find a token that is stored in plain text.
    acme.note(|note| note.details = Some(format!("my token is {}", secret.reveal()))).await;
    assert_eq!(columns_that_hold(&app, bits).await, ["note.details"]);
}

async fn columns_that_hold(app: &App, needle: &str) -> Vec<String> {
    let hex = needle.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let mut holding = Vec::new();
    for (table, content) in Catalog::read(app.db()).await.tables {
        for column in content.columns.keys() {
            let sql =
                format!(r#"SELECT CAST("{column}" AS text) AS value FROM "{table}" WHERE "{column}" IS NOT NULL"#);
            let rows = app.db().read().query_all_raw(Statement::from_string(app.db().backend(), sql)).await.unwrap();
            let holds = rows.iter().any(|row| {
                // SQLite returns the raw bytes, PostgreSQL their hexadecimal form.
                let value = row.try_get("", "value").map(String::into_bytes).or_else(|_| row.try_get("", "value"));
                let value = String::from_utf8_lossy(&value.unwrap()).into_owned();
                value.contains(needle) || value.contains(&hex)
            });
            if holds {
                holding.push(format!("{table}.{column}"));
            }
        }
    }
    holding
}

/// Every request begins with this lookup.
#[tokio::test]
async fn a_token_is_found_through_an_index() {
    let app = App::start().await;
    let ann = app.company("Acme").await.user("ann").await;
    let (_, secret) = make(&app, &ann, None).await;
    let recording = app.record();
    viewer(&app, app.clock(), secret.reveal()).await.unwrap();
    let statements = recording.statements();
    assert_eq!((statements.len(), recording.count()), (1, 0), "{statements:#?}");
    app.assert_no_table_scans(&statements).await;
    app.assert_no_sorts(&statements).await;
}
