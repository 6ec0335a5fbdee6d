//! Plans of operations: which fields each node has, and in which wave each relation is loaded. A plan depends on nothing
//! but the document and the variables that its `@skip` and `@include` name, so it is [kept](plan_cache) with the document.

mod arguments;
mod plan;
mod plan_cache;
mod plan_size;

pub use plan::{Plan, PlannedField, PlannedFieldKind, PlannedRelation, ROOT};
pub use plan_cache::{PlanCache, Planning};
pub use plan_size::Count;
