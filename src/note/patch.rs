//! `notePatch`.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, SimpleObject};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::change::{References, hold_note};
use super::object::Note;
use super::patch_fields::{Diff, NotePatch, Wanted};
use super::text::Problems;
use super::user_error::{ErrorCode, UserError};
use crate::context::ContextExt;
use crate::entity::event::EventType;
use crate::entity::token::Scope;
use crate::entity::{Sight, assignment, note};
use crate::error::Result;
use crate::event::Moment;

/// A note to be changed, and how.
#[derive(InputObject)]
pub struct NotePatchInput {
    /// The note.
    id: ID,
    /// What to change.
    patch: NotePatch,
    /// Change it only if it is still at this version; without it, the last change of a field wins.
    expected_version: Option<i32>,
}

/// What became of it. After `VERSION_CONFLICT` `note` is the current state, so that the client can merge and try again.
#[derive(Clone, Default, SimpleObject)]
pub struct NotePatchPayload {
    /// The note as it is now.
    note: Option<Note>,
    /// The fields that have another value than before; a patch that changes none leaves version and `updatedOn` alone.
    changed_fields: Vec<&'static str>,
    /// What has to be put right; then nothing was changed.
    user_errors: Vec<UserError>,
}

pub async fn patch(ctx: &Context<'_>, input: NotePatchInput) -> Result<NotePatchPayload> {
    let viewer = ctx.viewer(Scope::Write)?;
    let NotePatchInput { id, patch, expected_version } = input;
    let mut problems = Problems::default();
    let mut references = References::default();
    let wanted = Wanted::new(patch, &mut problems, &mut references);

    let app = ctx.app();
    let sight = ctx.sight();
    let transaction = app.db.begin().await?;
    let held = hold_note(&transaction, sight, "id", &id).await?;
    references.check(&transaction, sight, &mut problems).await?;
    let note = match held {
        Ok(note) => note,
        Err(refused) => {
            transaction.rollback().await?;
            problems.0.push(refused);
            return Ok(NotePatchPayload { user_errors: problems.0, ..Default::default() });
        }
    };
    let moment = Moment::new(viewer, &app.clock);
    let diff = Diff::new(&note, wanted, &mut problems, &moment);
    if diff.makes_confidential && !may_make_confidential(&transaction, sight, &note).await? {
        let message =
            "Only the author, an assignee, or a viewer with the CONFIDENTIAL scope can make a note confidential.";
        problems.add(ErrorCode::Forbidden, &["input", "patch", "confidential"], message);
    }
    if !problems.0.is_empty() {
        transaction.rollback().await?;
        return Ok(NotePatchPayload { user_errors: problems.0, ..Default::default() });
    }

    let expected = expected_version.unwrap_or(note.version);
    let matched = if diff.changes.is_empty() {
        expected == note.version
    } else {
        let updated = note::Entity::update_many()
            .set(diff.columns)
            .filter(note::Column::CompanyId.eq(note.company_id))
            .filter(note::Column::Id.eq(note.id))
            .filter(note::Column::Version.eq(expected))
            .exec(&transaction)
            .await?;
        updated.rows_affected > 0
    };
    if !matched {
        transaction.rollback().await?;
        let conflict = UserError::version_conflict(expected, note.version);
        return Ok(NotePatchPayload {
            note: Some(Note(Arc::new(note))),
            changed_fields: Vec::new(),
            user_errors: vec![conflict],
        });
    }
    let changed_fields = diff.fields;
    if !diff.changes.is_empty() {
        let kind = match (note.status, diff.note.status) {
            (note::NoteStatus::Open, note::NoteStatus::Closed) => EventType::Closed,
            (note::NoteStatus::Closed, note::NoteStatus::Open) => EventType::Reopened,
            _ => EventType::Updated,
        };
        moment.append(&transaction, kind, note.id, None, diff.changes).await?;
    }
    transaction.commit().await?;

    Ok(NotePatchPayload { note: Some(Note(Arc::new(diff.note))), changed_fields, user_errors: Vec::new() })
}

/// Others could hide a note from themselves, and from everyone who can undo it.
async fn may_make_confidential(
    transaction: &sea_orm::DatabaseTransaction,
    sight: Sight,
    note: &note::Model,
) -> Result<bool> {
    if sight.confidential || note.user_id == Some(sight.user_id) {
        return Ok(true);
    }
    let key = (sight.company_id, note.id, sight.user_id);
    Ok(assignment::Entity::find_by_id(key).one(transaction).await?.is_some())
}
