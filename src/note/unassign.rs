//! `noteUnassign`.

use std::sync::Arc;

use async_graphql::{ID, InputObject};

use super::assignments::take_away;
use super::change::{References, hold_note, still_seen};
use super::object::Note;
use crate::context::ContextExt;
use crate::engine::{Context, lent, local, object};
use crate::entity::token::Scope;
use crate::error::Result;
use crate::event::Moment;
use crate::id::Kind;
use crate::user_error::{Problems, UserError};

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
        note = local(|payload: &NoteUnassignPayload| payload.note.clone());
        /// The users who were unassigned.
        removed_user_ids = lent(|payload: &NoteUnassignPayload| &payload.removed_user_ids);
        /// The users who were not assigned.
        not_assigned_user_ids = lent(|payload: &NoteUnassignPayload| &payload.not_assigned_user_ids);
        /// Errors that the user can fix. If there are any, nobody was unassigned.
        user_errors = local(|payload: &NoteUnassignPayload| payload.user_errors.clone());
    }
}

pub async fn unassign(ctx: &Context<'_>, input: NoteUnassignInput) -> Result<NoteUnassignPayload> {
    let viewer = ctx.viewer(Scope::Write)?;
    let NoteUnassignInput { id, user_ids } = input;
    let mut problems = Problems::default();
    // A user who is not assigned is reported, whether the user exists or not, so users are not looked up.
    let users = References::default().users(&mut problems, &["input", "userIds"], &user_ids);

    let app = ctx.app();
    let sight = ctx.sight();
    let transaction = app.db.begin().await?;
    let mut note = match hold_note(&transaction, sight, "id", &id).await? {
        Ok(note) if problems.0.is_empty() => note,
        refused => {
            transaction.rollback().await?;
            problems.0.extend(refused.err());
            return Ok(NoteUnassignPayload { user_errors: problems.0, ..Default::default() });
        }
    };
    let removed = match take_away(&transaction, &Moment::new(viewer, app), &mut [&mut note], &users).await? {
        Ok(removed) => removed,
        Err(refused) => {
            transaction.rollback().await?;
            return Ok(NoteUnassignPayload { user_errors: vec![refused], ..Default::default() });
        }
    };
    let removed: Vec<i64> = removed.into_iter().map(|(_, user)| user).collect();
    let visible = still_seen(&transaction, sight, [&note], &removed).await?.contains(&note.id);
    transaction.commit().await?;

    let absent = users.into_iter().filter(|user| !removed.contains(user));
    Ok(NoteUnassignPayload {
        not_assigned_user_ids: absent.map(|user| Kind::User.id(user)).collect(),
        note: visible.then(|| Note(Arc::new(note))),
        removed_user_ids: removed.into_iter().map(|user| Kind::User.id(user)).collect(),
        user_errors: Vec::new(),
    })
}
