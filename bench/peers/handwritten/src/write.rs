//! The mutations M1 and M2.

use axum::Json;
use axum::extract::{Path, State as Ask};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use bench_data::{NewNote, Patch, postgres as postgres_statements, sqlite as sqlite_statements};
use chrono::{SubsecRound, Utc};

use crate::State;
use crate::answer::{Assignee, Changed, CreateField, Created, Data, Id, Labelled, ListedCustomer, Name, Nodes};
use crate::answer::{PatchAnswer, PatchField, PatchedNote, Users, changed_fields};
use crate::asked::{self, Refusal};
use crate::read::{self, distinct};

macro_rules! handlers {
    ($module:ident, $database:ty, $statements:ident) => {
        pub mod $module {
            use $statements as db;

            use super::*;

            pub async fn create(
                Ask(state): Ask<State<$database>>,
                headers: HeaderMap,
                Json(new): Json<NewNote>,
            ) -> Result<Response, Refusal> {
                read::$module::authenticate(&state, &headers).await?;
                let (pool, company) = (&state.read, state.company);
                let time = Utc::now().trunc_subsecs(6);
                let (note, assignments) =
                    db::create(&state.write, company, state.actor, time, new).await.map_err(asked::failed)?;
                let users = distinct(assignments.iter().map(|row| Some(row.user_id)).chain([note.user_id]));
                let (types, customers) =
                    (distinct([note.type_id].into_iter()), distinct([note.customer_id].into_iter()));
                let (types, customers, users) = tokio::try_join!(
                    db::note_types(pool, company, &types),
                    db::customers(pool, company, &customers),
                    db::users(pool, company, &users),
                )
                .map_err(asked::failed)?;
                let users = Users::new(users);
                let created = Created {
                    id: Id("Note", note.id),
                    version: note.version,
                    subject: note.subject.as_deref(),
                    details: note.details.as_deref(),
                    status: Name(&note.status),
                    tags: &note.tags,
                    created_on: note.created_on,
                    updated_on: note.updated_on,
                    r#type: types.first().map(|row| Labelled::new("NoteType", row)),
                    customer: customers.first().map(ListedCustomer::new),
                    user: users.person(note.user_id),
                    assignees: (assignments.iter())
                        .map(|row| Assignee { user: users.person(Some(row.user_id)) })
                        .collect(),
                    // A new note has no messages: its count says so, so nothing is read.
                    messages: Nodes { nodes: Vec::new() },
                };
                let changed = Changed { note: created, user_errors: [] };
                Ok(Json(Data { data: CreateField { note_create: changed } }).into_response())
            }

            pub async fn patch(
                Ask(state): Ask<State<$database>>,
                Path(id): Path<i64>,
                headers: HeaderMap,
                Json(patch): Json<Patch>,
            ) -> Result<Response, Refusal> {
                read::$module::authenticate(&state, &headers).await?;
                let time = Utc::now().trunc_subsecs(6);
                let patched = db::patch(&state.write, state.company, state.actor, time, id, patch).await;
                let patched = patched.map_err(asked::failed)?.ok_or_else(asked::missing)?;
                let note = PatchedNote {
                    id: Id("Note", id),
                    version: patched.note.version,
                    subject: patched.note.subject.as_deref(),
                    priority: patched.note.priority,
                    updated_on: patched.note.updated_on,
                };
                let changed_fields = changed_fields(&patched.changes);
                let answer = PatchAnswer { note, changed_fields, user_errors: [] };
                Ok(Json(Data { data: PatchField { note_patch: answer } }).into_response())
            }
        }
    };
}

handlers!(postgres, sqlx::Postgres, postgres_statements);
handlers!(sqlite, sqlx::Sqlite, sqlite_statements);
