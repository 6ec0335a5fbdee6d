//! What most tests of mutations start from. A file adds its own requests in an `impl Fixture`.

use std::future::Future;

use notegraph::store::entity::event;
use notegraph::store::entity::token::Scope;
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::{Value, json};
use testkit::{App, Client, Company, Contents, User};

/// A server with a company, its users, and a client of the first of them.
pub struct Fixture {
    pub app: App,
    pub company: Company,
    pub users: Vec<User>,
    pub client: Client,
}

impl Fixture {
    /// The user `ann`, who may read and write.
    pub async fn new() -> Self {
        Self::with(&["ann"], &[Scope::Read, Scope::Write]).await
    }

    /// These users; the client has the first one's token with these scopes.
    pub async fn with(usernames: &[&str], scopes: &[Scope]) -> Self {
        Self::on(App::start().await, usernames, scopes).await
    }

    /// The same on a server with other settings.
    pub async fn on(app: App, usernames: &[&str], scopes: &[Scope]) -> Self {
        let company = app.company("Acme").await;
        let mut users = Vec::new();
        for username in usernames {
            users.push(company.user(username).await);
        }
        let client = users[0].token(scopes).await;
        Self { app, company, users, client }
    }

    /// Sends a mutation under the alias `change`, and returns its payload.
    pub async fn change(&self, document: &str, input: Value) -> Value {
        self.client.query_with(document, json!({ "input": input })).await["change"].clone()
    }

    /// Awaits the payload of a change that is refused, and asserts that nothing was changed.
    pub async fn unchanged(&self, payload: impl Future<Output = Value>) -> Value {
        let before = Contents::read(&self.app).await;
        let payload = payload.await;
        assert_eq!(Contents::read(&self.app).await, before, "{payload:#}");
        payload
    }

    /// The event log, oldest first.
    pub async fn events(&self) -> Vec<event::Model> {
        event::Entity::find().order_by_asc(event::Column::Id).all(self.app.db().read()).await.unwrap()
    }
}
