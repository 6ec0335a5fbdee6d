//! Filters: the conditions that select the notes of a list.
//!
//! Conditions are two-valued: a comparison with a null column is false, and its negation is true. Conditions on tables
//! with many rows per note are subqueries, so that each note appears once in a list.

mod comparator;
mod condition;
mod note_filter;
mod operator;
mod plan;
mod related;
mod subject;

pub use note_filter::NoteFilter;
pub use plan::FilterPlan;
