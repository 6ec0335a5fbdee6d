//! The GraphQL type `Note`.

use std::sync::{Arc, LazyLock};

use async_graphql::ID;
use breadth::{field, field_in_context, field_ref, object, relation, required};

use super::enums::{NoteReferenceType, NoteStatus};
use super::load::by_key::{AssigneesOf, MessagesOf};
use super::message::object::NoteMessage;
use super::message::page;
use super::message::range::MessageRange;
use crate::company::{Company, CompanyById};
use crate::customer::{Customer, CustomerById};
use crate::event::{History, HistoryField};
use crate::graphql::context::ContextExt;
use crate::graphql::global_id::GlobalId;
use crate::graphql::scalars::{BigInt, DateTime};
use crate::note_type::{NoteType, NoteTypeById};
use crate::store::entity::note;
use crate::store::entity::token::Scope;
use crate::store::selected_columns::{FieldColumns, ObjectTable};
use crate::user::{NoteAssignee, User, UserById};

/// The GraphQL object of a note's row.
#[derive(Clone)]
pub struct Note(pub Arc<note::Model>);

impl ObjectTable for note::Entity {
    fn field_columns() -> &'static FieldColumns<Self> {
        static COLUMNS: LazyLock<FieldColumns<note::Entity>> =
            LazyLock::new(|| FieldColumns::of::<Note>(&["company_id", "id"]));
        &COLUMNS
    }
}

object! {
    /// A note about a customer, with the people responsible for it and the messages they exchange.
    Note implements "Node" {
        /// The global ID of the note.
        id = field(|note: &Note| GlobalId(note.0.id));
        /// The key of the note within its company.
        database_id = field(|note: &Note| BigInt::from(note.0.id)).reads(&["id"]);
        /// Increases by one with each change of a field or an assignment; send it back as `expectedVersion` to avoid
        /// lost updates. A new message does not change it, so that comments do not break an open form.
        version = field(|note: &Note| note.0.version);
        /// The company that the note belongs to.
        company_id = field(|note: &Note| GlobalId(note.0.company_id));
        /// The company that the note belongs to.
        company = required::<_, CompanyById, _>(|note: &Note| note.0.company_id, Company).reads(&["company_id"]);
        /// The type of the note.
        r#type =
            relation::<_, NoteTypeById, _>(|note: &Note| note.0.type_id, |found| found.map(NoteType)).reads(&["type_id"]);
        /// The subject of the note.
        subject = field_ref(|note: &Note| &note.0.subject);
        /// The text of the note.
        details = field_ref(|note: &Note| &note.0.details);
        /// Whether the note is open or closed.
        status = field(|note: &Note| NoteStatus::from(note.0.status));
        /// Whether the note is marked as important.
        priority = field(|note: &Note| note.0.priority);
        /// Whether the note is visible only to its author, its assignees and viewers with the CONFIDENTIAL scope.
        confidential = field(|note: &Note| note.0.confidential);
        /// Whether the note is pinned to the customer's overview.
        show_on_overview = field(|note: &Note| note.0.show_on_overview);
        /// The time of the reminder.
        reminder = field(|note: &Note| note.0.reminder.map(DateTime));
        /// The tags of the note, in the order given.
        tags = field_ref(|note: &Note| &note.0.tags.0);
        /// The kind of record that the note is about.
        reference_type = field(|note: &Note| note.0.reference_type.map(NoteReferenceType::from));
        /// The record that the note is about, by its ID in the other system.
        reference_id = field(|note: &Note| note.0.reference_id.clone().map(ID));
        /// The customer that the note is about.
        customer_id = field(|note: &Note| note.0.customer_id.map(GlobalId));
        /// The customer that the note is about.
        customer = relation::<_, CustomerById, _>(|note: &Note| note.0.customer_id, |found| found.map(Customer))
            .reads(&["customer_id"]);
        /// The author of the note.
        user_id = field(|note: &Note| note.0.user_id.map(GlobalId));
        /// The author of the note.
        user = relation::<_, UserById, _>(|note: &Note| note.0.user_id, |found| found.map(User)).reads(&["user_id"]);
        /// The users responsible for the note, in the order in which they were assigned.
        assignees = relation::<_, AssigneesOf, _>(
            |note: &Note| Some(note.0.id),
            |found| found.unwrap_or_default().into_iter().map(NoteAssignee).collect::<Vec<_>>(),
        )
        .reads(&["id"]);
        /// The messages in the thread of the note, oldest first by default. A page holds 1 to 100 messages, 20 by
        /// default.
        messages = page::messages(|note: &Note| (note.0.id, note.0.message_count))
            .reads(&["id", "message_count"]);
        /// The number of messages.
        message_count = field(|note: &Note| note.0.message_count);
        /// The newest message.
        last_message = relation::<_, MessagesOf, _>(
            |note: &Note| {
                let last = note.0.message_count;
                (last > 0).then_some(MessageRange { note_id: note.0.id, low: last, high: last })
            },
            |found| found.and_then(|messages| messages.into_iter().next()).map(NoteMessage),
        )
        .reads(&["id", "message_count"]);
        /// What happened to the note, newest first. A page holds 1 to 100 events, 20 by default.
        history = History::history_field(|note: &Note| note.0.id).reads(&["id"]);
        /// When the note was created.
        created_on = field(|note: &Note| DateTime(note.0.created_on));
        /// When the note, its assignees or its messages last changed.
        updated_on = field(|note: &Note| DateTime(note.0.updated_on));
        /// The user who last changed the note; null if nobody has, or if an import does not say.
        updated_by = relation::<_, UserById, _>(|note: &Note| note.0.updated_by_id, |found| found.map(User))
            .reads(&["updated_by_id"]);
        /// When the note was closed; null while it is open, and if an import does not say.
        closed_on = field(|note: &Note| note.0.closed_on.map(DateTime));
        /// Whether the viewer may change the note: every viewer who sees it and has the WRITE scope may.
        viewer_can_update = field_in_context(|ctx| ctx.viewer_has(Scope::Write)).reads(&[]);
        /// Whether the viewer may delete the note: every viewer who sees it and has the WRITE scope may.
        viewer_can_delete = field_in_context(|ctx| ctx.viewer_has(Scope::Write)).reads(&[]);
    }
}
