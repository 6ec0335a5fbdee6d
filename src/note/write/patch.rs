//! `notePatch`.

use std::collections::HashSet;
use std::slice;
use std::sync::Arc;

use async_graphql::{ID, InputObject};
use breadth::{Context, field_ref, inline, object};
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect};

use super::lock::{References, RequestedNote};
use super::patch_fields::{Diff, NotePatch, ParsedPatch};
use crate::error::Result;
use crate::event::{ChangeContext, NewEvent};
use crate::graphql::context::ContextExt;
use crate::graphql::user_errors::{UserError, UserErrors};
use crate::ids::NoteId;
use crate::note::field::NoteField;
use crate::note::object::Note;
use crate::quota::StorageUsage;
use crate::search::{self, IndexedTexts, Part};
use crate::store::AccessScope;
use crate::store::db::{Dialect, Transaction, update_rows};
use crate::store::entity::token::Scope;
use crate::store::entity::{assignment, note};

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
        note = inline(|payload: &NotePatchPayload| payload.note.clone());
        /// The fields whose values changed; a patch that changes none keeps version and `updatedOn`.
        changed_fields = field_ref(|payload: &NotePatchPayload| &payload.changed_fields);
        /// Errors that the user can fix. If there are any, nothing was changed.
        user_errors = inline(|payload: &NotePatchPayload| payload.user_errors.clone());
    }
}

pub async fn patch(ctx: &Context<'_>, input: NotePatchInput) -> Result<NotePatchPayload> {
    let viewer = ctx.viewer(Scope::Write)?;
    let NotePatchInput { id, patch, expected_version } = input;
    let mut errors = UserErrors::default();
    let mut references = References::default();
    let patch = ParsedPatch::new(patch, &mut errors, &mut references);
    let texts = patch.texts(ctx.data_source(), &errors).await?;

    let app = ctx.app();
    let access = ctx.access();
    let mut reads = app.db.reads();
    let note = RequestedNote::ask(&mut reads, access, "id", &id);
    let references = references.ask(&mut reads, access);
    let (transaction, mut answers) = app.db.begin_with(reads).await?;
    references.check(&mut answers, &mut errors)?;
    let note = match note.note(&transaction, access, &mut answers).await? {
        Ok(note) => note,
        Err(refused) => {
            transaction.rollback().await?;
            errors.0.push(refused);
            return Ok(NotePatchPayload { user_errors: errors.0, ..Default::default() });
        }
    };
    let context = ChangeContext::new(viewer, app);
    let may_hide = !may_hide(&transaction, access, &patch, slice::from_ref(&note)).await?.is_empty();
    let diff = Diff::new(&note, &patch, may_hide, &mut errors, &context);
    if !errors.0.is_empty() {
        transaction.rollback().await?;
        return Ok(NotePatchPayload { user_errors: errors.0, ..Default::default() });
    }
    if let Some(expected) = expected_version.filter(|expected| *expected != note.version) {
        transaction.rollback().await?;
        let conflict = UserError::version_conflict(expected, note.version);
        let note = Some(Note(Arc::new(note)));
        return Ok(NotePatchPayload { note, changed_fields: Vec::new(), user_errors: vec![conflict] });
    }
    if let Some(refused) = save(&transaction, &context, slice::from_ref(&diff), &texts).await? {
        transaction.rollback().await?;
        return Ok(NotePatchPayload { user_errors: vec![refused], ..Default::default() });
    }
    transaction.commit_if(!diff.fields.is_empty()).await?;

    let Diff { note, fields, .. } = diff;
    Ok(NotePatchPayload { note: Some(Note(Arc::new(note))), changed_fields: fields, user_errors: Vec::new() })
}

/// If the patch makes notes confidential: those of the notes for which the viewer may do that. Others could hide a note
/// from themselves, and from everyone who can undo it.
pub async fn may_hide(
    transaction: &Transaction,
    access: AccessScope,
    patch: &ParsedPatch,
    notes: impl IntoIterator<Item = &note::Model>,
) -> Result<HashSet<NoteId>> {
    let hidden = notes.into_iter().filter(|note| patch.hides(note));
    let (own, others): (Vec<&note::Model>, Vec<&note::Model>) =
        hidden.partition(|note| access.confidential || note.user_id == Some(access.user_id));
    let mut may_hide: HashSet<NoteId> = own.into_iter().map(|note| note.id).collect();
    if !others.is_empty() {
        let keys = others.into_iter().map(|note| note.id);
        let assigned: Vec<NoteId> = access
            .assignments()
            .select_only()
            .column(assignment::Column::NoteId)
            .filter(assignment::Column::UserId.eq(access.user_id))
            .filter(Dialect::of(transaction).one_of((assignment::Entity, assignment::Column::NoteId), keys))
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
    context: &ChangeContext<'_>,
    diffs: &[Diff],
    known: &IndexedTexts,
) -> Result<Option<UserError>> {
    let key = [note::Column::CompanyId, note::Column::Id];
    let changed = || diffs.iter().filter(|diff| !diff.fields.is_empty());
    let events: Vec<NewEvent> = changed().map(Diff::new_event).collect();
    let growth = StorageUsage::of_bytes(changed().map(|diff| diff.growth).sum());
    if let Some(refused) = context.refusal(transaction, &events, growth).await? {
        return Ok(Some(refused));
    }
    let writes = transaction.writes();
    update_rows::<note::Entity>(&writes, key, changed().map(|diff| (&diff.note, &diff.columns)).collect()).await?;
    let texts: Vec<Part> = diffs.iter().flat_map(Diff::texts).collect();
    search::replace_later(&writes, context.pending_words, context.viewer.company_id, &texts, known).await?;
    context.append(&writes, events, growth).await?;
    Ok(None)
}
