//! The GraphQL types `NoteEvent` and `FieldChange`.

use std::sync::Arc;

use async_graphql::Enum;
use breadth::{field, field_ref, inline, leaf_enum, object, relation};

use crate::event::SeenEvent;
use crate::graphql::global_id::GlobalId;
use crate::graphql::scalars::{DateTime, Json};
use crate::note::load::by_key::{MessageById, NoteById};
use crate::note::message::object::NoteMessage;
use crate::note::object::Note;
use crate::store::entity::event::{self, EventType};
use crate::user::{User, UserById};

/// What happened to a note. Values may be added: clients keep a fallback branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum NoteEventType {
    /// The note was created.
    Created,
    /// Fields of the note changed, its status not among them.
    Updated,
    /// The note was closed; other fields may have changed with it.
    Closed,
    /// The note was opened again; other fields may have changed with it.
    Reopened,
    /// Users were assigned.
    Assigned,
    /// Users were unassigned.
    Unassigned,
    /// A message was posted.
    MessagePosted,
    /// The note was deleted.
    Deleted,
    /// The viewer lost sight of the note: drop it. The event tells nothing else, and no later one of the note follows.
    Hidden,
}
leaf_enum!(NoteEventType);

impl NoteEventType {
    /// The type in the event log; none of what only some viewers see.
    pub fn stored(self) -> Option<EventType> {
        Some(match self {
            Self::Created => EventType::Created,
            Self::Updated => EventType::Updated,
            Self::Closed => EventType::Closed,
            Self::Reopened => EventType::Reopened,
            Self::Assigned => EventType::Assigned,
            Self::Unassigned => EventType::Unassigned,
            Self::MessagePosted => EventType::MessagePosted,
            Self::Deleted => EventType::Deleted,
            Self::Hidden => return None,
        })
    }

    fn of(event: &SeenEvent) -> Self {
        if event.is_hidden {
            return Self::Hidden;
        }
        match event.row().kind {
            EventType::Created => Self::Created,
            EventType::Updated => Self::Updated,
            EventType::Closed => Self::Closed,
            EventType::Reopened => Self::Reopened,
            EventType::Assigned => Self::Assigned,
            EventType::Unassigned => Self::Unassigned,
            EventType::MessagePosted => Self::MessagePosted,
            EventType::Deleted => Self::Deleted,
        }
    }
}

/// The GraphQL object of an event, as its viewer sees it.
#[derive(Clone)]
pub struct NoteEvent(pub Arc<SeenEvent>);

object! {
    /// One entry of the event log: something that happened to a note.
    NoteEvent implements "Node" {
        /// The global ID of the event.
        id = field(|event: &NoteEvent| event.0.handle);
        /// The position in the feed: pass it as `after` to `noteEvents` to go on from here, or to `history`.
        cursor = field_ref(|event: &NoteEvent| &event.0.cursor);
        /// What happened.
        r#type = field(|event: &NoteEvent| NoteEventType::of(&event.0));
        /// The note that it happened to.
        note_id = field(|event: &NoteEvent| GlobalId(event.0.row().note_id));
        /// The note as it is now; null if it was deleted, or is hidden from the viewer.
        note = relation::<_, NoteById, _>(
            |event: &NoteEvent| (!event.0.is_hidden).then(|| event.0.row().note_id),
            |found| found.map(Note),
        );
        /// The message that was posted; null for other events, and if it does not exist any more.
        message = relation::<_, MessageById, _>(
            |event: &NoteEvent| event.0.row().message_id.filter(|_| !event.0.is_hidden),
            |found| found.map(NoteMessage),
        );
        /// The user who did it; null for an import, and of HIDDEN.
        actor = relation::<_, UserById, _>(
            |event: &NoteEvent| event.0.row().actor_id.filter(|_| !event.0.is_hidden),
            |found| found.map(User),
        );
        /// When it happened. All events of a mutation have the same time.
        created_on = field(|event: &NoteEvent| DateTime(event.0.row().created_on));
        /// The fields that changed, with their values before and after. Empty for CREATED, `MESSAGE_POSTED`, DELETED and
        /// HIDDEN, and for what happened while the viewer could not see the note.
        changes = inline(|event: &NoteEvent| event.0.changes().into_iter().map(FieldChange::from).collect::<Vec<_>>());
    }
}

/// The GraphQL object of a changed field.
#[derive(Clone)]
pub struct FieldChange(Arc<event::FieldChange>);

impl From<event::FieldChange> for FieldChange {
    fn from(change: event::FieldChange) -> Self {
        Self(Arc::new(change))
    }
}

fn value(value: &serde_json::Value) -> Option<Json> {
    (!value.is_null()).then(|| Json(value.clone()))
}

object! {
    /// A field that changed.
    FieldChange {
        /// The name of the field of the note, such as `subject`, or `assignees`.
        field = field_ref(|change: &FieldChange| &change.0.field);
        /// The value before: a text of at most 1,000 characters, a boolean, a list, the name of an enum value, a global
        /// ID, or null. Null as well if the viewer could not see the note then. Of `assignees`, the users who were
        /// unassigned.
        old_value = field(|change: &FieldChange| value(&change.0.old));
        /// The value after, likewise. Of `assignees`, the users who were assigned.
        new_value = field(|change: &FieldChange| value(&change.0.new));
        /// The length of the whole old value if `oldValue` was cut: characters of a text, or texts of a list.
        old_length = field(|change: &FieldChange| change.0.old_length);
        /// The length of the whole new value if `newValue` was cut.
        new_length = field(|change: &FieldChange| change.0.new_length);
    }
}
