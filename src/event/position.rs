use crate::store::entity::event;

/// A position in the event log: behind the event with this number, in the place of this transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    pub transaction: i64,
    pub id: i64,
}

impl Position {
    pub fn of(event: &event::Model) -> Self {
        Self { transaction: event.transaction_id, id: event.id.0 }
    }
}
