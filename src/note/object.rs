//! What a note shows.

use std::sync::Arc;

use async_graphql::{Enum, ID};

use super::load::{AssigneesOf, MessageRange, MessagesOf};
use super::message::NoteMessage;
use super::message_page;
use crate::company::{Company, CompanyById};
use crate::context::ContextExt;
use crate::customer::{Customer, CustomerById};
use crate::engine::{leaf, leaf_enum, leaf_in, lent, link, object, promised};
use crate::entity::note;
use crate::entity::token::Scope;
use crate::id::{GlobalId, Kind};
use crate::note_type::{NoteType, NoteTypeById};
use crate::scalar::{BigInt, DateTime};
use crate::user::{NoteAssignee, User, UserById};

/// Whether a note still needs attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "note::NoteStatus")]
pub enum NoteStatus {
    /// Needs attention.
    Open,
    /// Is done with.
    Closed,
}
leaf_enum!(NoteStatus);

/// The kind of record a note is about. Values may be added: clients keep a fallback branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "note::ReferenceType")]
pub enum NoteReferenceType {
    /// A business.
    Business,
    /// A customer.
    Customer,
    /// A membership card.
    MembershipCard,
    /// An order.
    Order,
    /// Points that were earned.
    PointEarned,
    /// A subscription.
    Subscription,
    /// A transaction.
    Transaction,
    /// A reservation.
    Reservation,
    /// An appointment.
    Appointment,
    /// An event.
    Event,
}
leaf_enum!(NoteReferenceType);

/// The row of a note, as the schema shows it.
#[derive(Clone)]
pub struct Note(pub Arc<note::Model>);

object! {
    /// A note about a customer, with the people responsible for it and the messages they exchange.
    Note implements "Node" {
        /// Names this note among all records.
        id = leaf(|note: &Note| GlobalId(Kind::Note, note.0.id));
        /// The key of the note within its company.
        database_id = leaf(|note: &Note| BigInt(note.0.id)).reads(&["id"]);
        /// Grows by one with each change of a field or an assignment; send it back as `expectedVersion` to avoid lost
        /// updates. A message leaves it as it is, so that comments do not break an open form.
        version = leaf(|note: &Note| note.0.version);
        /// The company it belongs to.
        company_id = leaf(|note: &Note| GlobalId(Kind::Company, note.0.company_id));
        /// The company it belongs to.
        company = promised::<_, CompanyById, _>(|note: &Note| note.0.company_id, Company).reads(&["company_id"]);
        /// What sort of note it is.
        r#type =
            link::<_, NoteTypeById, _>(|note: &Note| note.0.type_id, |found| found.map(NoteType)).reads(&["type_id"]);
        /// The headline.
        subject = lent(|note: &Note| &note.0.subject);
        /// The text.
        details = lent(|note: &Note| &note.0.details);
        /// Open or closed.
        status = leaf(|note: &Note| NoteStatus::from(note.0.status));
        /// Marked as important.
        priority = leaf(|note: &Note| note.0.priority);
        /// Visible only to its author, its assignees and viewers with the CONFIDENTIAL scope.
        confidential = leaf(|note: &Note| note.0.confidential);
        /// Pinned to the overview of the customer.
        show_on_overview = leaf(|note: &Note| note.0.show_on_overview);
        /// When to be reminded of it.
        reminder = leaf(|note: &Note| note.0.reminder.map(DateTime));
        /// Words to find it by, in the order given.
        tags = lent(|note: &Note| &note.0.tags.0);
        /// The kind of record it is about.
        reference_type = leaf(|note: &Note| note.0.reference_type.map(NoteReferenceType::from));
        /// The record it is about, by the ID that the other system knows it by.
        reference_id = leaf(|note: &Note| note.0.reference_id.clone().map(ID));
        /// The customer it is about.
        customer_id = leaf(|note: &Note| note.0.customer_id.map(|id| GlobalId(Kind::Customer, id)));
        /// The customer it is about.
        customer = link::<_, CustomerById, _>(|note: &Note| note.0.customer_id, |found| found.map(Customer))
            .reads(&["customer_id"]);
        /// The author.
        user_id = leaf(|note: &Note| note.0.user_id.map(|id| GlobalId(Kind::User, id)));
        /// The author.
        user = link::<_, UserById, _>(|note: &Note| note.0.user_id, |found| found.map(User)).reads(&["user_id"]);
        /// The users responsible for it, in the order in which they were assigned.
        assignees = link::<_, AssigneesOf, _>(
            |note: &Note| Some(note.0.id),
            |found| found.unwrap_or_default().into_iter().map(NoteAssignee).collect::<Vec<_>>(),
        )
        .reads(&["id"]);
        /// The thread: what was said about it, oldest first unless asked otherwise. 1 to 100 a page, 20 when absent.
        messages = message_page::messages().reads(&["id", "message_count"]);
        /// How many messages it has.
        message_count = leaf(|note: &Note| note.0.message_count);
        /// The newest message.
        last_message = link::<_, MessagesOf, _>(
            |note: &Note| {
                let last = note.0.message_count;
                (last > 0).then_some(MessageRange { note_id: note.0.id, low: last, high: last })
            },
            |found| found.and_then(|messages| messages.into_iter().next()).map(NoteMessage),
        )
        .reads(&["id", "message_count"]);
        /// When it was made.
        created_on = leaf(|note: &Note| DateTime(note.0.created_on));
        /// When it, its assignees or its messages last changed.
        updated_on = leaf(|note: &Note| DateTime(note.0.updated_on));
        /// Who changed it last; null where nobody has, or an import does not tell.
        updated_by = link::<_, UserById, _>(|note: &Note| note.0.updated_by_id, |found| found.map(User))
            .reads(&["updated_by_id"]);
        /// When it was closed; null while it is open, and where an import does not tell.
        closed_on = leaf(|note: &Note| note.0.closed_on.map(DateTime));
        /// Whether the viewer may change it: who sees a note and has the WRITE scope.
        viewer_can_update = leaf_in(|ctx| ctx.viewer_has(Scope::Write)).reads(&[]);
        /// Whether the viewer may delete it: who sees a note and has the WRITE scope.
        viewer_can_delete = leaf_in(|ctx| ctx.viewer_has(Scope::Write)).reads(&[]);
    }
}
