//! The enums of the type `Note`.

use async_graphql::Enum;
use breadth::leaf_enum;

use crate::store::entity::note;

/// Whether a note still needs attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "note::NoteStatus")]
pub enum NoteStatus {
    /// The note needs attention.
    Open,
    /// The note is done.
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
