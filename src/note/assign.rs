//! `noteAssign`.

use std::sync::Arc;

use async_graphql::{ID, InputObject};

use super::assignments::add;
use super::change::{References, hold_note};
use super::object::Note;
use crate::context::ContextExt;
use crate::engine::{Context, lent, local, object};
use crate::entity::token::Scope;
use crate::error::Result;
use crate::event::Moment;
use crate::id::Kind;
use crate::user::NoteAssignee;
use crate::user_error::{Problems, UserError};

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
        note = local(|payload: &NoteAssignPayload| payload.note.clone());
        /// The new assignments.
        added = local(|payload: &NoteAssignPayload| payload.added.clone());
        /// The users who were assigned already.
        already_assigned_user_ids = lent(|payload: &NoteAssignPayload| &payload.already_assigned_user_ids);
        /// Errors that the user can fix. If there are any, nobody was assigned.
        user_errors = local(|payload: &NoteAssignPayload| payload.user_errors.clone());
    }
}

pub async fn assign(ctx: &Context<'_>, input: NoteAssignInput) -> Result<NoteAssignPayload> {
    let viewer = ctx.viewer(Scope::Write)?;
    let NoteAssignInput { id, user_ids } = input;
    let mut problems = Problems::default();
    let mut references = References::default();
    let users = references.users(&mut problems, &["input", "userIds"], &user_ids);

    let app = ctx.app();
    let transaction = app.db.begin().await?;
    let held = hold_note(&transaction, ctx.sight(), "id", &id).await?;
    references.check(&transaction, ctx.sight(), &mut problems).await?;
    let mut note = match held {
        Ok(note) if problems.0.is_empty() => note,
        refused => {
            transaction.rollback().await?;
            problems.0.extend(refused.err());
            return Ok(NoteAssignPayload { user_errors: problems.0, ..Default::default() });
        }
    };
    let added = match add(&transaction, &Moment::new(viewer, app), &mut [&mut note], &users).await? {
        Ok(added) => added,
        Err(refused) => {
            transaction.rollback().await?;
            return Ok(NoteAssignPayload { user_errors: vec![refused], ..Default::default() });
        }
    };
    transaction.commit().await?;

    let already = users.into_iter().filter(|user| added.iter().all(|row| row.user_id != *user));
    Ok(NoteAssignPayload {
        note: Some(Note(Arc::new(note))),
        already_assigned_user_ids: already.map(|user| Kind::User.id(user)).collect(),
        added: added.into_iter().map(|row| NoteAssignee(Arc::new(row))).collect(),
        user_errors: Vec::new(),
    })
}
