//! Stored data stays bounded: the size of texts in events, the retention of events, and the storage quota of a company.

mod events;
mod quota;
mod retention;

use notegraph::quota::{QuotaLimits, StorageUsage, message_bytes, note_bytes, read_usage};
use notegraph::store::entity::token::Scope;
use notegraph::store::entity::{message, note};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use testkit::App;

use crate::fixture::Fixture;

/// Starts with limits on what the company may store. All its rows are created through the API, so that all are counted.
async fn start(limits: QuotaLimits) -> Fixture {
    Fixture::on(App::start_with_quota(limits).await, &["ann"], &[Scope::Admin]).await
}

impl Fixture {
    /// Sends a mutation and returns its payload.
    async fn mutate(&self, field: &str, input_type: &str, input: Value, selection: &str) -> Value {
        let document = format!("mutation($input: {input_type}) {{ change: {field}(input: $input) {{ {selection} }} }}");
        self.change(&document, input).await
    }

    async fn create_with_subject(&self, subject: &str) -> Value {
        let selection = "note { id } userErrors { code message path params }";
        self.mutate("noteCreate", "NoteCreateInput!", json!({ "subject": subject }), selection).await
    }

    async fn create_notes(&self, count: usize) -> Vec<Value> {
        let mut ids = Vec::new();
        for n in 0..count {
            ids.push(self.create_with_subject(&format!("Note {n}")).await["note"]["id"].clone());
        }
        ids
    }

    async fn patch_many(&self, ids: &[Value], patch: Value) -> Value {
        let selection = "changedCount userErrors { code params }";
        self.mutate("notesPatch", "NotesPatchInput!", json!({ "ids": ids, "patch": patch }), selection).await
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
