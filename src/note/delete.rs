//! `noteDelete`.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, SimpleObject};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::change::hold_note;
use super::deletion::{DeletionReport, report};
use super::object::Note;
use super::user_error::UserError;
use crate::context::ContextExt;
use crate::entity::event::EventType;
use crate::entity::token::Scope;
use crate::entity::{assignment, message, note};
use crate::error::Result;
use crate::event::Moment;
use crate::id::Kind;

/// A note to be deleted.
#[derive(InputObject)]
pub struct NoteDeleteInput {
    /// The note.
    id: ID,
    /// Delete it only if it is still at this version.
    expected_version: Option<i32>,
}

/// What became of it. After `VERSION_CONFLICT` `note` is the current state.
#[derive(Clone, Default, SimpleObject)]
pub struct NoteDeletePayload {
    /// The note that is gone.
    deleted_note_id: Option<ID>,
    /// The note that is still there, after `VERSION_CONFLICT`.
    note: Option<Note>,
    /// What was deleted with it, and what has lost its link to it.
    report: Option<DeletionReport>,
    /// What has to be put right; then nothing was deleted.
    user_errors: Vec<UserError>,
}

pub async fn delete(ctx: &Context<'_>, input: NoteDeleteInput) -> Result<NoteDeletePayload> {
    let viewer = ctx.viewer(Scope::Write)?;
    let NoteDeleteInput { id, expected_version } = input;
    let app = ctx.app();
    let sight = ctx.sight();
    let transaction = app.db.begin().await?;
    let note = match hold_note(&transaction, sight, "id", &id).await? {
        Ok(note) => note,
        Err(refused) => {
            transaction.rollback().await?;
            return Ok(NoteDeletePayload { user_errors: vec![refused], ..Default::default() });
        }
    };
    let report = report(&transaction, sight, std::slice::from_ref(&note)).await?;
    message::Entity::delete_many()
        .filter(message::Column::CompanyId.eq(note.company_id))
        .filter(message::Column::NoteId.eq(note.id))
        .exec(&transaction)
        .await?;
    assignment::Entity::delete_many()
        .filter(assignment::Column::CompanyId.eq(note.company_id))
        .filter(assignment::Column::NoteId.eq(note.id))
        .exec(&transaction)
        .await?;
    let expected = expected_version.unwrap_or(note.version);
    let deleted = note::Entity::delete_many()
        .filter(note::Column::CompanyId.eq(note.company_id))
        .filter(note::Column::Id.eq(note.id))
        .filter(note::Column::Version.eq(expected))
        .exec(&transaction)
        .await?;
    if deleted.rows_affected == 0 {
        transaction.rollback().await?;
        let conflict = UserError::version_conflict(expected, note.version);
        return Ok(NoteDeletePayload {
            note: Some(Note(Arc::new(note))),
            user_errors: vec![conflict],
            ..Default::default()
        });
    }
    let moment = Moment::new(viewer, &app.clock);
    moment.append(&transaction, EventType::Deleted, note.id, None, Vec::new()).await?;
    transaction.commit().await?;

    Ok(NoteDeletePayload {
        deleted_note_id: Some(Kind::Note.id(note.id)),
        note: None,
        report: Some(report),
        user_errors: Vec::new(),
    })
}
