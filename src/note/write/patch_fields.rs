//! The fields of a patch, and the changes that they make to a note.

use async_graphql::{ID, InputObject, MaybeUndefined};
use sea_orm::Set;

use super::lock::References;
use crate::error::Result;
use crate::event::{Audience, ChangeContext, NewEvent};
use crate::graphql::context::DataSource;
use crate::graphql::global_id::NodeId;
use crate::graphql::scalars::DateTime;
use crate::graphql::user_errors::{ErrorCode, UserError, UserErrors};
use crate::note::enums::{NoteReferenceType, NoteStatus};
use crate::note::field::NoteField;
use crate::note::text::{BODY, NAME, SUBJECT, TAGS, distinct};
use crate::quota::note_bytes;
use crate::search::{IndexedTexts, Part};
use crate::store::entity::event::{EventType, FieldChange};
use crate::store::entity::note::{self, Tags};
use crate::store::provenance;
use crate::text::casefold::casefold;

/// The changes of a note. An absent field keeps its value, and a value sets it. Null clears a field, or is refused with
/// `NULL_NOT_ALLOWED` if the field cannot be null. No field has a default.
#[derive(InputObject)]
pub struct NotePatch {
    /// The customer that the note is about.
    customer_id: MaybeUndefined<ID>,
    /// The type of the note.
    type_id: MaybeUndefined<ID>,
    /// The subject: at most 1,000 characters.
    subject: MaybeUndefined<String>,
    /// The text: at most 250,000 characters.
    details: MaybeUndefined<String>,
    /// Whether the note is open or closed: closing sets `closedOn`, reopening clears it.
    status: MaybeUndefined<NoteStatus>,
    /// The time of the reminder.
    reminder: MaybeUndefined<DateTime>,
    /// The kind of record that the note is about.
    reference_type: MaybeUndefined<NoteReferenceType>,
    /// The record that the note is about, by its ID in the other system: at most 255 characters.
    reference_id: MaybeUndefined<ID>,
    /// Whether the note is visible only to its author, its assignees and viewers with the CONFIDENTIAL scope; only
    /// these can set it to true.
    confidential: MaybeUndefined<bool>,
    /// Whether the note is marked as important.
    priority: MaybeUndefined<bool>,
    /// Whether the note is pinned to the customer's overview.
    show_on_overview: MaybeUndefined<bool>,
    /// All tags: at most 100, of at most 200 characters each; null is an empty list. Cannot be combined with `addTags`
    /// or `removeTags`.
    tags: MaybeUndefined<Vec<String>>,
    /// Tags to append, if the note does not have them yet: at most 100, and the note may have at most 100 tags in the
    /// end.
    add_tags: MaybeUndefined<Vec<String>>,
    /// Tags to remove, if the note has them: at most 100.
    remove_tags: MaybeUndefined<Vec<String>>,
}

/// A parsed patch.
#[derive(Default)]
pub struct ParsedPatch {
    /// The fields that the patch sets, except tags.
    fields: Vec<NoteField>,
    /// A row that holds the values of these fields.
    values: note::Model,
    /// All tags of the note.
    tags: Option<Vec<String>>,
    add_tags: Vec<String>,
    remove_tags: Vec<String>,
}

impl ParsedPatch {
    pub fn new(patch: NotePatch, errors: &mut UserErrors, references: &mut References) -> Self {
        // Destructured completely, so that a new field does not compile until it is handled.
        let NotePatch {
            customer_id,
            type_id,
            subject,
            details,
            status,
            reminder,
            reference_type,
            reference_id,
            confidential,
            priority,
            show_on_overview,
            tags,
            add_tags,
            remove_tags,
        } = patch;
        let some_tags = !add_tags.is_undefined() || !remove_tags.is_undefined();
        if !tags.is_undefined() && some_tags {
            let message = "`tags` replaces all tags; use either `tags`, or `addTags` and `removeTags`.";
            errors.add(ErrorCode::Invalid, &path("tags"), message);
        }
        let text = |field: NoteField, text: MaybeUndefined<String>, max: usize, errors: &mut UserErrors| {
            if let MaybeUndefined::Value(text) = &text {
                errors.check_text(&path(field.spec().name), text, max);
            }
            Option::<Option<String>>::from(text)
        };
        let mut parsed = Self {
            tags: Option::<Option<Vec<String>>>::from(tags)
                .map(|tags| errors.tags(&path("tags"), tags.unwrap_or_default())),
            add_tags: not_null("addTags", add_tags, errors)
                .map_or_else(Vec::new, |tags| errors.tags(&path("addTags"), tags)),
            remove_tags: not_null("removeTags", remove_tags, errors)
                .map(distinct)
                .filter(|tags| errors.check_count(&path("removeTags"), tags.len(), TAGS))
                .unwrap_or_default(),
            ..Self::default()
        };
        macro_rules! set {
            ($field:ident, $column:ident, $value:expr) => {
                if let Some(value) = $value {
                    parsed.values.$column = value;
                    parsed.fields.push(NoteField::$field);
                }
            };
        }
        let customer_id = link(NoteField::CustomerId, customer_id, errors, references);
        set!(CustomerId, customer_id, Option::<Option<_>>::from(customer_id));
        let type_id = link(NoteField::TypeId, type_id, errors, references);
        set!(TypeId, type_id, Option::<Option<_>>::from(type_id));
        set!(Subject, subject, text(NoteField::Subject, subject, SUBJECT, errors));
        parsed.values.subject_folded = parsed.values.subject.as_deref().map(casefold);
        set!(Details, details, text(NoteField::Details, details, BODY, errors));
        set!(Status, status, not_null("status", status, errors).map(Into::into));
        set!(Reminder, reminder, Option::<Option<_>>::from(reminder.map_value(|time| time.0)));
        set!(ReferenceType, reference_type, Option::<Option<_>>::from(reference_type.map_value(Into::into)));
        let reference_id = reference_id.map_value(|id| id.0);
        set!(ReferenceId, reference_id, text(NoteField::ReferenceId, reference_id, NAME, errors));
        set!(Confidential, confidential, not_null("confidential", confidential, errors));
        set!(Priority, priority, not_null("priority", priority, errors));
        set!(ShowOnOverview, show_on_overview, not_null("showOnOverview", show_on_overview, errors));
        parsed
    }

    /// Tokenizes the texts that the patch sets, for the search index; none if there are `errors`, as nothing is written
    /// then.
    pub async fn texts(&self, reader: &DataSource, errors: &UserErrors) -> Result<IndexedTexts> {
        if !errors.0.is_empty() {
            return Ok(IndexedTexts::default());
        }
        let texts = [&self.values.subject, &self.values.details].into_iter().flatten();
        IndexedTexts::before(reader, texts.map(String::as_str)).await
    }

    /// Whether the patch makes the note confidential.
    pub fn hides(&self, note: &note::Model) -> bool {
        self.fields.contains(&NoteField::Confidential) && self.values.confidential && !note.confidential
    }

    /// The note after the patch, but for what follows from the change: `closedOn`, the version and the like.
    fn apply(&self, note: &note::Model) -> note::Model {
        let mut note = note.clone();
        for field in &self.fields {
            field.spec().copy(&self.values, &mut note);
        }
        if let Some(tags) = self.tags_of(&note) {
            note.tags = tags;
        }
        note
    }

    /// The note's tags after the patch; `None` if the patch leaves them alone.
    fn tags_of(&self, note: &note::Model) -> Option<Tags> {
        if self.tags.is_none() && self.add_tags.is_empty() && self.remove_tags.is_empty() {
            return None;
        }
        let mut tags = self.tags.clone().unwrap_or_else(|| note.tags.0.clone());
        tags.retain(|tag| !self.remove_tags.contains(tag));
        for tag in &self.add_tags {
            if !tags.contains(tag) {
                tags.push(tag.clone());
            }
        }
        Some(Tags(tags))
    }
}

fn path(field: &'static str) -> [&'static str; 3] {
    ["input", "patch", field]
}

/// Parses the ID that a patch links the note to; a malformed one is an error, and leaves the link alone.
fn link<I: NodeId>(
    field: NoteField,
    id: MaybeUndefined<ID>,
    errors: &mut UserErrors,
    references: &mut References,
) -> MaybeUndefined<I> {
    match id {
        MaybeUndefined::Undefined => MaybeUndefined::Undefined,
        MaybeUndefined::Null => MaybeUndefined::Null,
        MaybeUndefined::Value(id) => references
            .add(errors, &path(field.spec().name), &id)
            .map_or(MaybeUndefined::Undefined, MaybeUndefined::Value),
    }
}

fn not_null<T>(field: &'static str, value: MaybeUndefined<T>, errors: &mut UserErrors) -> Option<T> {
    if value.is_null() {
        let message = format!("`{field}` cannot be cleared; leave it out to keep it.");
        errors.add(ErrorCode::NullNotAllowed, &path(field), message);
    }
    value.take()
}

/// The difference that a patch makes to a note.
pub struct Diff {
    /// The note after the patch.
    pub note: note::Model,
    /// The columns to write.
    pub columns: note::ActiveModel,
    /// The changed fields, for the client.
    pub fields: Vec<NoteField>,
    /// The changed fields with their values, for the event log.
    changes: Vec<FieldChange>,
    /// The growth of the note in bytes.
    pub growth: i64,
    /// The type of the event.
    kind: EventType,
    audience: Audience,
}

impl Diff {
    /// `may_hide`: whether the viewer may make this note confidential.
    pub fn new(
        old: &note::Model,
        patch: &ParsedPatch,
        may_hide: bool,
        errors: &mut UserErrors,
        context: &ChangeContext<'_>,
    ) -> Self {
        let note = patch.apply(old);
        let count = note.tags.0.len();
        if patch.tags.is_none() && count > old.tags.0.len() && count > TAGS {
            let message = format!("The note would have {count} tags; at most {TAGS} are allowed.");
            errors.0.push(UserError::too_many(&path("addTags"), count, TAGS, message));
        }
        if patch.hides(old) && !may_hide {
            let message =
                "Only the author, an assignee, or a viewer with the CONFIDENTIAL scope can make a note confidential.";
            errors.add(ErrorCode::Forbidden, &path("confidential"), message);
        }
        let fields = NoteField::changed(old, &note);
        let changes = fields.iter().map(|field| field.spec().change(old, &note)).collect();
        let audience = Audience::changed(old, &note);
        let (columns, kind) = (note::ActiveModel::default(), EventType::Updated);
        let mut diff = Self { note, columns, fields, changes, growth: 0, kind, audience };
        for field in &diff.fields {
            field.spec().write(&diff.note, &mut diff.columns);
        }
        if diff.note.status != old.status {
            let closed = diff.note.status == note::NoteStatus::Closed;
            diff.kind = if closed { EventType::Closed } else { EventType::Reopened };
            diff.note.closed_on = closed.then_some(context.time);
            diff.columns.closed_on = Set(diff.note.closed_on);
        }
        if !diff.fields.is_empty() {
            diff.touch(old, context);
            diff.growth = note_bytes(&diff.note) - note_bytes(old);
        }
        diff
    }

    /// The changed texts, for the search index.
    pub fn texts(&self) -> impl Iterator<Item = Part<'_>> {
        let subject = self.columns.subject.is_set().then(|| Part::subject(&self.note));
        subject.into_iter().chain(self.columns.details.is_set().then(|| Part::details(&self.note)))
    }

    /// The event of the change.
    pub fn new_event(&self) -> NewEvent {
        NewEvent::new(self.kind, self.note.id, None, &self.changes, self.audience.clone())
    }

    fn touch(&mut self, old: &note::Model, context: &ChangeContext<'_>) {
        self.note.version = old.version + 1;
        self.note.updated_on = context.time;
        self.note.updated_by_id = Some(context.viewer.user_id);
        // The original value that an import has kept of a field is no longer true.
        let keys: Vec<&str> = self.fields.iter().flat_map(|field| field.spec().keys).copied().collect();
        self.note.source = provenance::forget(self.note.source.take(), &keys);
        self.columns.source = Set(self.note.source.clone());
        self.columns.version = Set(self.note.version);
        self.columns.updated_on = Set(self.note.updated_on);
        self.columns.updated_by_id = Set(self.note.updated_by_id);
    }
}
