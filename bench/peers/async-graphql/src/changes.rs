//! `noteCreate` and `notePatch`.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use bench_data::{NewNote, Patch, postgres as db};
use chrono::{SubsecRound, Utc};

use crate::Viewer;
use crate::objects::Note;
use crate::query::key;

pub struct Mutation;

#[derive(InputObject)]
struct NoteCreateInput {
    customer_id: ID,
    type_id: ID,
    subject: String,
    details: String,
    tags: Vec<String>,
    assignee_ids: Vec<ID>,
}

#[derive(InputObject)]
struct NotePatch {
    subject: String,
    priority: bool,
}

#[derive(InputObject)]
struct NotePatchInput {
    id: ID,
    patch: NotePatch,
}

/// A user error. This peer reports problems as errors of the request, so the list is always empty.
#[derive(SimpleObject)]
struct UserError {
    message: String,
}

#[derive(SimpleObject)]
struct NoteCreatePayload {
    note: Note,
    user_errors: Vec<UserError>,
}

/// The fields that a patch can change in this peer.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
enum NoteField {
    Subject,
    Priority,
}

#[derive(SimpleObject)]
struct NotePatchPayload {
    note: Note,
    changed_fields: Vec<NoteField>,
    user_errors: Vec<UserError>,
}

#[Object]
impl Mutation {
    async fn note_create(&self, ctx: &Context<'_>, input: NoteCreateInput) -> Result<NoteCreatePayload> {
        let Viewer { pool, company, actor } = ctx.data_unchecked::<Viewer>();
        let new = NewNote {
            customer_id: key(&input.customer_id)?,
            type_id: key(&input.type_id)?,
            subject: input.subject,
            details: input.details,
            tags: input.tags,
            assignee_ids: input.assignee_ids.iter().map(key).collect::<Result<_>>()?,
        };
        let (note, _) = db::create(pool, *company, *actor, Utc::now().trunc_subsecs(6), new).await?;
        Ok(NoteCreatePayload { note: Note(note), user_errors: Vec::new() })
    }

    async fn note_patch(&self, ctx: &Context<'_>, input: NotePatchInput) -> Result<NotePatchPayload> {
        let Viewer { pool, company, actor } = ctx.data_unchecked::<Viewer>();
        let patch = Patch { subject: input.patch.subject, priority: input.patch.priority };
        let id = key(&input.id)?;
        let patched = db::patch(pool, *company, *actor, Utc::now().trunc_subsecs(6), id, patch).await?;
        let patched = patched.ok_or("no such note")?;
        let changed = |field: &str| if field == "subject" { NoteField::Subject } else { NoteField::Priority };
        let changed_fields = patched.changes.iter().map(|change| changed(change.field)).collect();
        Ok(NotePatchPayload { note: Note(patched.note), changed_fields, user_errors: Vec::new() })
    }
}
