//! `noteAssign`.

use std::sync::Arc;

use async_graphql::{ID, InputObject};
use breadth::{Context, field_ref, inline, object};

use super::assignments::{RequestedAssignments, assign_users};
use crate::error::Result;
use crate::event::ChangeContext;
use crate::graphql::context::ContextExt;
use crate::graphql::global_id::NodeId;
use crate::graphql::user_errors::{UserError, UserErrors};
use crate::note::object::Note;
use crate::note::write::lock::{References, RequestedNote};
use crate::store::entity::token::Scope;
use crate::user::NoteAssignee;

/// Users to assign to a note.
#[derive(InputObject)]
pub struct NoteAssignInput {
    /// The ID of the note.
    id: ID,
    /// The IDs of the users: at most 100.
    user_ids: Vec<ID>,
}

/// The result of `noteAssign`. Assigning a user twice is no error and keeps the first assignment.
#[derive(Clone, Default)]
pub struct NoteAssignPayload {
    note: Option<Note>,
    added: Vec<NoteAssignee>,
    already_assigned_user_ids: Vec<ID>,
    user_errors: Vec<UserError>,
}

object! {
    /// The result of `noteAssign`. Assigning a user twice is no error and keeps the first assignment.
    NoteAssignPayload {
        /// The note, with its current assignees.
        note = inline(|payload: &NoteAssignPayload| payload.note.clone());
        /// The new assignments.
        added = inline(|payload: &NoteAssignPayload| payload.added.clone());
        /// The users who were assigned already.
        already_assigned_user_ids = field_ref(|payload: &NoteAssignPayload| &payload.already_assigned_user_ids);
        /// Errors that the user can fix. If there are any, nobody was assigned.
        user_errors = inline(|payload: &NoteAssignPayload| payload.user_errors.clone());
    }
}

pub async fn assign(ctx: &Context<'_>, input: NoteAssignInput) -> Result<NoteAssignPayload> {
    let viewer = ctx.viewer(Scope::Write)?;
    let NoteAssignInput { id, user_ids } = input;
    let mut errors = UserErrors::default();
    let mut references = References::default();
    let users = references.users(&mut errors, &["input", "userIds"], &user_ids);

    let app = ctx.app();
    let access = ctx.access();
    let mut reads = app.db.reads();
    let note = RequestedNote::ask(&mut reads, access, "id", &id);
    let references = references.ask(&mut reads, access);
    let assigned = RequestedAssignments::ask(&mut reads, access, note.key().as_slice(), &users);
    let (transaction, mut answers) = app.db.begin_with(reads).await?;
    references.check(&mut answers, &mut errors)?;
    let mut note = match note.note(&transaction, access, &mut answers).await? {
        Ok(note) if errors.0.is_empty() => note,
        refused => {
            transaction.rollback().await?;
            errors.0.extend(refused.err());
            return Ok(NoteAssignPayload { user_errors: errors.0, ..Default::default() });
        }
    };
    let assigned = assigned.assigned(&mut answers)?;
    let context = ChangeContext::new(viewer, app);
    let added = match assign_users(&transaction, &context, &mut [&mut note], &users, &assigned).await? {
        Ok(added) => added,
        Err(refused) => {
            transaction.rollback().await?;
            return Ok(NoteAssignPayload { user_errors: vec![refused], ..Default::default() });
        }
    };
    transaction.commit_if(!added.is_empty()).await?;

    let already = users.into_iter().filter(|user| added.iter().all(|row| row.user_id != *user));
    Ok(NoteAssignPayload {
        note: Some(Note(Arc::new(note))),
        already_assigned_user_ids: already.map(NodeId::global_id).collect(),
        added: added.into_iter().map(|row| NoteAssignee(Arc::new(row))).collect(),
        user_errors: Vec::new(),
    })
}
