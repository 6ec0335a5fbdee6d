//! A client that queries two servers: one with another company, and one that has never had it.

use std::collections::BTreeSet;

use notegraph::store::entity::token::Scope;
use serde_json::Value;
use testkit::{App, Client, Company, Contents, Response};

use super::company::fill;
use super::coverage::Coverage;
use super::opaque::Opaque;
use super::selection::whole;
use super::twins::{Twins, assert_alike, lasting, start_ids_behind};
use crate::hostile::places::Place;
use crate::oracle::Contract;

/// The mark in each text of the other company, and in none of the stranger's.
pub const CANARY: &str = "canaryxq";
/// The keys of the stranger's own records; there is one record of each kind for each key.
pub const OWN: std::ops::RangeInclusive<i64> = 1..=30;
/// The keys that records of both companies have.
const SHARED: std::ops::RangeInclusive<i64> = 1..=3;
/// A key that only the other company has.
pub const THEIRS: i64 = 777_001;
/// A key that no record ever had.
pub const NEVER: i64 = 888_001;

pub struct Stranger {
    pub contract: Contract,
    pub twins: Twins,
    opaque: Opaque,
    /// The clients on the server with the other company and on the one without.
    clients: [Client; 2],
    pub other: Company,
    pub coverage: Coverage,
    /// Texts of the other company that the stranger has sent to the server.
    told: BTreeSet<String>,
    pub asked: usize,
}

impl Stranger {
    /// Creates a stranger with these scopes, in a company of its own.
    pub async fn new(scopes: &[Scope]) -> Self {
        let twins = Twins { with: App::start().await, without: App::start().await };
        let mut clients = Vec::new();
        for app in [&twins.with, &twins.without] {
            let mine = app.company("mine").await;
            fill(app, &mine, "mine", OWN).await;
            let user = mine.user("stranger").await;
            clients.push(user.token(scopes).await);
        }
        let other = twins.with.company(&format!("{CANARY} company")).await;
        fill(&twins.with, &other, CANARY, SHARED.chain([THEIRS, THEIRS + 1])).await;
        let mut stranger = Self {
            contract: Contract::read(),
            twins,
            opaque: Opaque::default(),
            clients: clients.try_into().ok().unwrap(),
            other,
            coverage: Coverage::default(),
            told: BTreeSet::new(),
            asked: 0,
        };
        for app in [&stranger.twins.with, &stranger.twins.without] {
            start_ids_behind(app, NEVER).await;
        }
        // With the same times and IDs on both servers.
        stranger.twins.level().await;
        stranger.change_mine().await;
        stranger.change_theirs().await;
        stranger.twins.level().await;
        stranger
    }

    /// Makes changes as the stranger, so that there are events of each kind of values.
    async fn change_mine(&mut self) {
        let patch = |text: &str| {
            let details = text.repeat(600);
            format!(r#"notePatch(input: {{ id: 4, patch: {{ details: "{details}" }} }}) {{ changedFields }}"#)
        };
        let post = r#"noteMessagePost(input: { noteId: 4, message: "mine" }) { message { id } }"#;
        let [one, other] = [patch("mine "), patch("own ")];
        for client in &self.clients {
            client.query(&format!("mutation {{ {post} {one} again: {other} }}")).await.data();
        }
    }

    /// Makes changes as the other company, so that it has events and idempotency keys.
    async fn change_theirs(&mut self) {
        let client = self.insider().await;
        let change = format!(
            r#"mutation {{ noteCreate(input: {{ subject: "{CANARY} made", idempotencyKey: "{CANARY} once" }}) {{ note {{ id }} }}
               notePatch(input: {{ id: 1, patch: {{ subject: "{CANARY} patched" }} }}) {{ changedFields }} }}"#
        );
        client.query(&change).await.data();
    }

    /// Creates a user of the other company, and returns a client with the ADMIN scope.
    pub async fn insider(&self) -> Client {
        let user = self.other.user(&format!("{CANARY} insider")).await;
        user.token(&[Scope::Admin]).await
    }

    /// All rows of the other company.
    pub async fn theirs(&self) -> Contents {
        Contents::read(&self.twins.with).await.of_company(self.other.id)
    }

    /// Sends a request to both servers. Asserts that they respond alike and show nothing of the other company.
    pub async fn ask(&mut self, document: &str, variables: Value) -> Response {
        let [with, without] = &self.clients;
        self.twins.settle().await;
        let (with, without) = tokio::join!(
            with.query_with(document, variables.clone()),
            without.query_with(document, self.opaque.translated(&variables))
        );
        let alike = self.opaque.without_tokens(&lasting(&with), &lasting(&without));
        assert_alike(&alike.0, &alike.1, || format!("{document}\n{variables:#}"));
        let mut told = self.told.clone();
        tell(&variables, &mut told);
        if document.starts_with("mutation") {
            self.told.clone_from(&told);
        }
        let mut shown = format!("{:?} {}", with.headers, with.text).to_lowercase();
        // Replace longer texts first, because shorter ones may be parts of them.
        let mut told: Vec<String> = told.into_iter().collect();
        told.sort_by_key(|text| std::cmp::Reverse(text.len()));
        for text in told {
            shown = shown.replace(&text.to_lowercase(), "TOLD");
        }
        assert!(!shown.contains(CANARY), "{document}\n{variables:#}\n{shown}");
        self.coverage.add(&self.contract, document, &variables, &with.body["data"]);
        self.asked += 1;
        with
    }

    /// Requests a place with these values, selecting all fields of the response down to a depth.
    pub async fn ask_place(&mut self, place: &Place<'_>, values: &[Value], depth: usize) -> Response {
        let selection = whole(&self.contract, place.gives(), depth);
        let (document, variables) = place.asking(values, &selection);
        self.ask(&document, variables).await
    }
}

/// Collects the texts of the other company in these variables.
fn tell(variables: &Value, told: &mut BTreeSet<String>) {
    match variables {
        Value::String(text) if text.contains(CANARY) => drop(told.insert(text.clone())),
        Value::Array(items) => items.iter().for_each(|item| tell(item, told)),
        Value::Object(fields) => fields.values().for_each(|value| tell(value, told)),
        _ => {}
    }
}
