//! The queries Q1, Q2 and Q3.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State as Ask};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use bench_data::{Assignment, Message, Note, postgres as postgres_statements, sqlite as sqlite_statements};

use crate::State;
use crate::answer::{Assignee, Data, Id, Labelled, Listed, ListedCustomer, Name, Nodes, NoteField, NotesField};
use crate::answer::{Scalars, Users, Whole, WholeCustomer};
use crate::asked::{self, Refusal};

/// The distinct keys, sorted, without `None`.
pub fn distinct(keys: impl Iterator<Item = Option<i64>>) -> Vec<i64> {
    let mut keys: Vec<i64> = keys.flatten().collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn by_note<T>(rows: Vec<T>, note: impl Fn(&T) -> i64) -> HashMap<i64, Vec<T>> {
    let mut groups: HashMap<i64, Vec<T>> = HashMap::new();
    for row in rows {
        groups.entry(note(&row)).or_default().push(row);
    }
    groups
}

fn people<'a>(
    notes: &'a [Note],
    assignments: &'a [Assignment],
    messages: &'a [Message],
) -> impl Iterator<Item = Option<i64>> + 'a {
    let authors = notes.iter().flat_map(|note| [note.user_id, note.updated_by_id]);
    let assignees = assignments.iter().flat_map(|row| [Some(row.user_id), row.assigned_by_id]);
    authors.chain(assignees).chain(messages.iter().map(|row| row.posted_by_id))
}

macro_rules! handlers {
    ($module:ident, $database:ty, $statements:ident) => {
        pub mod $module {
            use $statements as db;

            use super::*;

            pub async fn authenticate(state: &State<$database>, headers: &HeaderMap) -> Result<(), Refusal> {
                if state.authenticate {
                    let found = db::token_holder(&state.read, state.company, &asked::hash(headers)?).await;
                    found.map_err(asked::failed)?.ok_or_else(asked::refused)?;
                }
                Ok(())
            }

            pub async fn note(
                Ask(state): Ask<State<$database>>,
                Path(id): Path<i64>,
                headers: HeaderMap,
            ) -> Result<Response, Refusal> {
                authenticate(&state, &headers).await?;
                let (pool, company) = (&state.read, state.company);
                let note = db::note(pool, company, id).await.map_err(asked::failed)?.ok_or_else(asked::missing)?;
                let key = [note.id];
                let (type_keys, customer_keys) =
                    (distinct([note.type_id].into_iter()), distinct([note.customer_id].into_iter()));
                // All statements of one level run concurrently.
                let (types, company_row, customers, assignments, messages) = tokio::try_join!(
                    db::note_types(pool, company, &type_keys),
                    db::company(pool, company),
                    db::customers(pool, company, &customer_keys),
                    db::assignments(pool, company, &key),
                    db::messages(pool, company, &key, 100),
                )
                .map_err(asked::failed)?;
                let notes = [note];
                let users = distinct(people(&notes, &assignments, &messages));
                let users = Users::new(db::users(pool, company, &users).await.map_err(asked::failed)?);
                let company_row = company_row.ok_or_else(asked::missing)?;
                let [note] = &notes;
                let whole = Whole {
                    scalars: Scalars::new(note),
                    r#type: types.first().map(|row| Labelled::new("NoteType", row)),
                    company: Labelled::new("Company", &company_row),
                    customer: customers.first().map(WholeCustomer::new),
                    user: users.author(note.user_id),
                    updated_by: users.person(note.updated_by_id),
                    assignees: assignments.iter().map(|row| users.whole_assignee(row)).collect(),
                    messages: Nodes { nodes: messages.iter().map(|row| users.whole_message(row)).collect() },
                };
                Ok(Json(Data { data: NoteField { note: whole } }).into_response())
            }

            pub async fn newest_open(
                Ask(state): Ask<State<$database>>,
                headers: HeaderMap,
            ) -> Result<Response, Refusal> {
                authenticate(&state, &headers).await?;
                let (pool, company) = (&state.read, state.company);
                let notes = db::newest_open(pool, company, 50).await.map_err(asked::failed)?;
                let keys: Vec<i64> = notes.iter().map(|note| note.id).collect();
                let customers = distinct(notes.iter().map(|note| note.customer_id));
                let (customers, assignments, messages) = tokio::try_join!(
                    db::customers(pool, company, &customers),
                    db::assignments(pool, company, &keys),
                    db::messages(pool, company, &keys, 10),
                )
                .map_err(asked::failed)?;
                let authors = notes.iter().map(|note| note.user_id);
                let assignees = assignments.iter().map(|row| Some(row.user_id));
                let users = distinct(authors.chain(assignees).chain(messages.iter().map(|row| row.posted_by_id)));
                let users = Users::new(db::users(pool, company, &users).await.map_err(asked::failed)?);
                let customers: HashMap<i64, _> = customers.into_iter().map(|row| (row.id, row)).collect();
                let assignments = by_note(assignments, |row| row.note_id);
                let messages = by_note(messages, |row| row.note_id);
                let nodes = notes
                    .iter()
                    .map(|note| Listed {
                        id: Id("Note", note.id),
                        subject: note.subject.as_deref(),
                        details: note.details.as_deref(),
                        status: Name(&note.status),
                        priority: note.priority,
                        tags: &note.tags,
                        created_on: note.created_on,
                        updated_on: note.updated_on,
                        customer: note.customer_id.and_then(|id| customers.get(&id)).map(ListedCustomer::new),
                        user: users.person(note.user_id),
                        assignees: (assignments.get(&note.id).into_iter().flatten())
                            .map(|row| Assignee { user: users.person(Some(row.user_id)) })
                            .collect(),
                        messages: Nodes {
                            nodes: (messages.get(&note.id).into_iter().flatten())
                                .map(|row| users.listed_message(row))
                                .collect(),
                        },
                    })
                    .collect();
                Ok(Json(Data { data: NotesField { notes: Nodes { nodes } } }).into_response())
            }

            pub async fn of_customer(
                Ask(state): Ask<State<$database>>,
                Path(customer): Path<i64>,
                headers: HeaderMap,
            ) -> Result<Response, Refusal> {
                authenticate(&state, &headers).await?;
                let notes = db::of_customer(&state.read, state.company, customer, 20).await.map_err(asked::failed)?;
                let nodes = notes.iter().map(Scalars::new).collect();
                Ok(Json(Data { data: NotesField { notes: Nodes { nodes } } }).into_response())
            }
        }
    };
}

handlers!(postgres, sqlx::Postgres, postgres_statements);
handlers!(sqlite, sqlx::Sqlite, sqlite_statements);
