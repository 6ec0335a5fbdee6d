//! `noteUnassign`.

use std::sync::Arc;

use async_graphql::{ID, InputObject};
use breadth::{Context, field_ref, inline, object};

use super::assignments::{RequestedAssignments, unassign_users};
use crate::error::Result;
use crate::event::ChangeContext;
use crate::graphql::context::ContextExt;
use crate::graphql::global_id::NodeId;
use crate::graphql::user_errors::{UserError, UserErrors};
use crate::ids::UserId;
use crate::note::object::Note;
use crate::note::write::lock::{References, RequestedNote, still_visible};
use crate::store::entity::token::Scope;

/// Users to unassign from a note.
#[derive(InputObject)]
pub struct NoteUnassignInput {
    /// The ID of the note.
    id: ID,
    /// The IDs of the users: at most 100.
    user_ids: Vec<ID>,
}

/// The result of `noteUnassign`.
#[derive(Clone, Default)]
pub struct NoteUnassignPayload {
    note: Option<Note>,
    removed_user_ids: Vec<ID>,
    not_assigned_user_ids: Vec<ID>,
    user_errors: Vec<UserError>,
}

object! {
    /// The result of `noteUnassign`.
    NoteUnassignPayload {
        /// The note, with its current assignees; null if the viewer was one of the users and no longer sees the note.
        note = inline(|payload: &NoteUnassignPayload| payload.note.clone());
        /// The users who were unassigned.
        removed_user_ids = field_ref(|payload: &NoteUnassignPayload| &payload.removed_user_ids);
        /// The users who were not assigned.
        not_assigned_user_ids = field_ref(|payload: &NoteUnassignPayload| &payload.not_assigned_user_ids);
        /// Errors that the user can fix. If there are any, nobody was unassigned.
        user_errors = inline(|payload: &NoteUnassignPayload| payload.user_errors.clone());
    }
}

pub async fn unassign(ctx: &Context<'_>, input: NoteUnassignInput) -> Result<NoteUnassignPayload> {
    let viewer = ctx.viewer(Scope::Write)?;
    let NoteUnassignInput { id, user_ids } = input;
    let mut errors = UserErrors::default();
    // A user who is not assigned is reported, whether the user exists or not, so users are not looked up.
    let users = References::default().users(&mut errors, &["input", "userIds"], &user_ids);

    let app = ctx.app();
    let access = ctx.access();
    let mut reads = app.db.reads();
    let note = RequestedNote::ask(&mut reads, access, "id", &id);
    let assigned = RequestedAssignments::ask(&mut reads, access, note.key().as_slice(), &users);
    let (transaction, mut answers) = app.db.begin_with(reads).await?;
    let mut note = match note.note(&transaction, access, &mut answers).await? {
        Ok(note) if errors.0.is_empty() => note,
        refused => {
            transaction.rollback().await?;
            errors.0.extend(refused.err());
            return Ok(NoteUnassignPayload { user_errors: errors.0, ..Default::default() });
        }
    };
    let assigned = assigned.assigned(&mut answers)?;
    let context = ChangeContext::new(viewer, app);
    let removed = match unassign_users(&transaction, &context, &mut [&mut note], &users, &assigned).await? {
        Ok(removed) => removed,
        Err(refused) => {
            transaction.rollback().await?;
            return Ok(NoteUnassignPayload { user_errors: vec![refused], ..Default::default() });
        }
    };
    let removed: Vec<UserId> = removed.into_iter().map(|(_, user)| user).collect();
    let visible = still_visible(&transaction, access, [&note], &removed).await?.contains(&note.id);
    transaction.commit_if(!removed.is_empty()).await?;

    let absent = users.into_iter().filter(|user| !removed.contains(user));
    Ok(NoteUnassignPayload {
        not_assigned_user_ids: absent.map(NodeId::global_id).collect(),
        note: visible.then(|| Note(Arc::new(note))),
        removed_user_ids: removed.into_iter().map(NodeId::global_id).collect(),
        user_errors: Vec::new(),
    })
}
