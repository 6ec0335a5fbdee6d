//! `notePatch`.

use std::collections::HashSet;
use std::slice;
use std::sync::Arc;

use async_graphql::{ID, InputObject};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QuerySelect};

use super::change::{References, hold_note};
use super::field::NoteField;
use super::object::Note;
use super::patch_fields::{Diff, NotePatch, Wanted};
use crate::context::ContextExt;
use crate::db::{Transaction, one_of, update_rows};
use crate::engine::{Context, lent, local, object};
use crate::entity::token::Scope;
use crate::entity::{Sight, assignment, note};
use crate::error::Result;
use crate::event::{Happened, Moment};
use crate::quota::Usage;
use crate::search::{self, Part, Texts};
use crate::user_error::{Problems, UserError};

/// A note to change, and the changes.
#[derive(InputObject)]
pub struct NotePatchInput {
    /// The ID of the note.
    id: ID,
    /// The changes.
    patch: NotePatch,
    /// Change the note only if it is still at this version; without it, the last change of a field wins.
    expected_version: Option<i32>,
}

/// The result of `notePatch`. After `VERSION_CONFLICT`, `note` is the current state, so that the client can merge and
/// try again.
#[derive(Clone, Default)]
pub struct NotePatchPayload {
    note: Option<Note>,
    changed_fields: Vec<NoteField>,
    user_errors: Vec<UserError>,
}

object! {
    /// The result of `notePatch`. After `VERSION_CONFLICT`, `note` is the current state, so that the client can merge
    /// and try again.
    NotePatchPayload {
        /// The current state of the note.
        note = local(|payload: &NotePatchPayload| payload.note.clone());
        /// The fields whose values changed; a patch that changes none keeps version and `updatedOn`.
        changed_fields = lent(|payload: &NotePatchPayload| &payload.changed_fields);
        /// Errors that the user can fix. If there are any, nothing was changed.
        user_errors = local(|payload: &NotePatchPayload| payload.user_errors.clone());
    }
}

pub async fn patch(ctx: &Context<'_>, input: NotePatchInput) -> Result<NotePatchPayload> {
    let viewer = ctx.viewer(Scope::Write)?;
    let NotePatchInput { id, patch, expected_version } = input;
    let mut problems = Problems::default();
    let mut references = References::default();
    let wanted = Wanted::new(patch, &mut problems, &mut references);
    let texts = if problems.0.is_empty() { wanted.texts(ctx.reader()).await? } else { Texts::default() };

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
    let moment = Moment::new(viewer, app);
    let may_hide = !may_hide(&transaction, sight, &wanted, slice::from_ref(&note)).await?.is_empty();
    let diff = Diff::new(&note, &wanted, may_hide, &mut problems, &moment);
    if !problems.0.is_empty() {
        transaction.rollback().await?;
        return Ok(NotePatchPayload { user_errors: problems.0, ..Default::default() });
    }
    if let Some(expected) = expected_version.filter(|expected| *expected != note.version) {
        transaction.rollback().await?;
        let conflict = UserError::version_conflict(expected, note.version);
        let note = Some(Note(Arc::new(note)));
        return Ok(NotePatchPayload { note, changed_fields: Vec::new(), user_errors: vec![conflict] });
    }
    if let Some(refused) = save(&transaction, &moment, slice::from_ref(&diff), &texts).await? {
        transaction.rollback().await?;
        return Ok(NotePatchPayload { user_errors: vec![refused], ..Default::default() });
    }
    transaction.commit().await?;

    let Diff { note, fields, .. } = diff;
    Ok(NotePatchPayload { note: Some(Note(Arc::new(note))), changed_fields: fields, user_errors: Vec::new() })
}

/// If the patch makes notes confidential: those of the notes for which the viewer may do that. Others could hide a note
/// from themselves, and from everyone who can undo it.
pub async fn may_hide(
    transaction: &Transaction,
    sight: Sight,
    wanted: &Wanted,
    notes: impl IntoIterator<Item = &note::Model>,
) -> Result<HashSet<i64>> {
    let hidden = notes.into_iter().filter(|note| wanted.hides(note));
    let (own, others): (Vec<&note::Model>, Vec<&note::Model>) =
        hidden.partition(|note| sight.confidential || note.user_id == Some(sight.user_id));
    let mut may_hide: HashSet<i64> = own.into_iter().map(|note| note.id).collect();
    if !others.is_empty() {
        let keys = others.into_iter().map(|note| note.id);
        let assigned: Vec<i64> = sight
            .assignments()
            .select_only()
            .column(assignment::Column::NoteId)
            .filter(assignment::Column::UserId.eq(sight.user_id))
            .filter(one_of(transaction.get_database_backend(), (assignment::Entity, assignment::Column::NoteId), keys))
            .into_tuple()
            .all(transaction)
            .await?;
        may_hide.extend(assigned);
    }
    Ok(may_hide)
}

/// Writes the changes of patches, and appends their events to the log; a patch that changes nothing leaves no trace. If
/// that exceeds the company's quota, nothing is written, and the error is returned.
pub async fn save(
    transaction: &Transaction,
    moment: &Moment<'_>,
    diffs: &[Diff],
    known: &Texts,
) -> Result<Option<UserError>> {
    let key = [note::Column::CompanyId, note::Column::Id];
    let changed = || diffs.iter().filter(|diff| !diff.fields.is_empty());
    let events: Vec<Happened> = changed().map(Diff::happened).collect();
    let growth = Usage::of_bytes(changed().map(|diff| diff.growth).sum());
    if let Some(refused) = moment.refusal(transaction, &events, growth).await? {
        return Ok(Some(refused));
    }
    update_rows::<note::Entity>(transaction, key, changed().map(|diff| (&diff.note, &diff.columns)).collect()).await?;
    let texts: Vec<Part> = diffs.iter().flat_map(Diff::texts).collect();
    search::replace(transaction, moment.viewer.company_id, &texts, known).await?;
    moment.append(transaction, events, growth).await?;
    Ok(None)
}
