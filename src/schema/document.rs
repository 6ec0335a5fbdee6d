//! Documents that fit the schema, and what is kept with them.

use async_graphql::parser::types::OperationDefinition;

use super::{Mutation, Query};
use crate::document::{Checked, Operation, OperationKind};
use crate::engine::{Object, Plans};
use crate::projection::Mentioned;

/// A plan takes some ten times the memory of this many bytes of text: as much as what else is made of a text.
const BYTES_OF_A_FIELD: usize = 8;
/// How many fields the plans of a document may have, however short it is.
const LEAST_FIELDS: usize = 64;

/// A document that fits the schema, and what follows from it alone.
pub struct Document {
    pub checked: Checked,
    pub mentioned: Mentioned,
    /// Those of each operation, in the order of the document.
    plans: Vec<Option<Plans>>,
}

impl Document {
    pub(super) fn new(checked: Checked, text: &str) -> Self {
        let operations = checked.operations();
        let fields = (LEAST_FIELDS + text.len() / BYTES_OF_A_FIELD) / operations.len().max(1);
        let plans = operations.iter().map(|operation| {
            let root = match operation.kind {
                OperationKind::Query => Query::object(),
                OperationKind::Mutation => Mutation::object(),
                OperationKind::Subscription => return None,
            };
            Some(Plans::new(root, checked.definition(operation)?, &checked.document.fragments, fields))
        });
        Self { plans: plans.collect(), mentioned: Mentioned::in_document(&checked.document), checked }
    }

    /// What the operation selects, and its plans; none for a subscription.
    pub(super) fn planned(&self, operation: &Operation) -> Option<(&OperationDefinition, &Plans)> {
        Some((self.checked.definition(operation)?, self.plans.get(operation.number)?.as_ref()?))
    }
}
