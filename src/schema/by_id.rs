//! The arguments of fields that find records by their IDs.

use async_graphql::{ID, InputObject};

/// The argument of a field that finds a record.
#[derive(InputObject)]
pub struct ById {
    pub id: ID,
}

/// The argument of a field that finds records.
#[derive(InputObject)]
pub struct ByIds {
    pub ids: Vec<ID>,
}
