//! Stored data stays bounded: the size of texts in events, the retention of events, and the storage quota of a company.

mod events;
mod quota;
mod retention;

use notegraph::quota::{QuotaLimits, StorageUsage, message_bytes, note_bytes, read_usage};
use notegraph::store::entity::token::Scope;
use notegraph::store::entity::{event, message, note};
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::{Value, json};

use testkit::{App, Client, Company, User};

/// A company whose rows are all created through the API, so that all of them are counted.
struct Desk {
    app: App,
    company: Company,
    ann: User,
    client: Client,
}

impl Desk {
    async fn new() -> Self {
        Self::with(QuotaLimits::default()).await
    }

    async fn with(limits: QuotaLimits) -> Self {
        let app = App::start_with_quota(limits).await;
        let company = app.company("Acme").await;
        let ann = company.user("ann").await;
        let client = ann.token(&[Scope::Admin]).await;
        Self { app, company, ann, client }
    }

    /// Sends a mutation and returns its payload.
    async fn change(&self, field: &str, input_type: &str, input: Value, selection: &str) -> Value {
        let document = format!("mutation($input: {input_type}) {{ change: {field}(input: $input) {{ {selection} }} }}");
        self.client.query_with(&document, json!({ "input": input })).await["change"].clone()
    }

    async fn create(&self, subject: &str) -> Value {
        let selection = "note { id } userErrors { code message path params }";
        self.change("noteCreate", "NoteCreateInput!", json!({ "subject": subject }), selection).await
    }

    async fn notes(&self, count: usize) -> Vec<Value> {
        let mut ids = Vec::new();
        for n in 0..count {
            ids.push(self.create(&format!("Note {n}")).await["note"]["id"].clone());
        }
        ids
    }

    async fn patch_many(&self, ids: &[Value], patch: Value) -> Value {
        let selection = "changedCount userErrors { code params }";
        self.change("notesPatch", "NotesPatchInput!", json!({ "ids": ids, "patch": patch }), selection).await
    }

    async fn events(&self) -> Vec<event::Model> {
        event::Entity::find().order_by_asc(event::Column::Id).all(self.app.db().read()).await.unwrap()
    }

    async fn usage(&self) -> StorageUsage {
        read_usage(self.app.db().read(), self.company.id).await.unwrap().0
    }

    /// Computes the usage anew from the stored rows.
    async fn counted_anew(&self) -> StorageUsage {
        let db = self.app.db().read();
        let notes = note::Entity::find().all(db).await.unwrap();
        let messages = message::Entity::find().all(db).await.unwrap();
        let bytes = notes.iter().map(note_bytes).chain(messages.iter().map(message_bytes));
        let events = self.events().await.into_iter().map(|event| i64::from(event.bytes));
        StorageUsage { notes: i64::try_from(notes.len()).unwrap(), bytes: bytes.chain(events).sum() }
    }
}
