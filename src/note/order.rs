//! In which order a list shows notes.

use std::fmt::Write;

use async_graphql::{Enum, InputObject};

use crate::entity::{Columns, note};
use crate::error::{Error, Result};
use crate::page::{Cursor, Direction, Ordering, Term};

/// The most fields that an order may have.
const MAX_FIELDS: usize = 3;

/// Ascending or descending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum OrderDirection {
    /// Smallest, or oldest, first.
    Asc,
    /// Largest, or newest, first.
    Desc,
}

/// What notes can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum NoteOrderField {
    /// When the note was made.
    CreatedOn,
    /// When the note, its assignees or its messages last changed.
    UpdatedOn,
}

/// One field of an order. The ID always decides last, in the direction of the first field, so every order is total and
/// pages never overlap.
#[derive(Clone, Debug, PartialEq, Eq, Hash, InputObject)]
pub struct NoteOrder {
    /// What to compare.
    pub field: NoteOrderField,
    /// Which way.
    #[graphql(default_with = "OrderDirection::Asc")]
    pub direction: OrderDirection,
}

impl From<OrderDirection> for Direction {
    fn from(direction: OrderDirection) -> Self {
        match direction {
            OrderDirection::Asc => Self::Ascending,
            OrderDirection::Desc => Self::Descending,
        }
    }
}

/// The order of a list of notes, newest first where none is asked for.
#[derive(Clone, Debug)]
pub struct NoteOrdering {
    fields: Vec<NoteOrderField>,
    pub ordering: Ordering,
}

impl NoteOrdering {
    /// # Errors
    /// INVALID, where there are too many fields or one stands twice.
    pub fn new(order_by: Option<&[NoteOrder]>) -> Result<Self> {
        let newest = [NoteOrder { field: NoteOrderField::CreatedOn, direction: OrderDirection::Desc }];
        let order_by = order_by.filter(|fields| !fields.is_empty()).unwrap_or(&newest);
        if order_by.len() > MAX_FIELDS {
            return Err(Error::Invalid(format!(
                "`orderBy` has {} fields; at most {MAX_FIELDS} are taken.",
                order_by.len()
            )));
        }
        let mut ordering = Ordering { name: "note".to_owned(), terms: Vec::new() };
        let mut fields = Vec::new();
        for &NoteOrder { field, direction } in order_by {
            if fields.contains(&field) {
                return Err(Error::Invalid("`orderBy` has the same field twice.".to_owned()));
            }
            let (name, column) = match field {
                NoteOrderField::CreatedOn => ("createdOn", note::Column::CreatedOn),
                NoteOrderField::UpdatedOn => ("updatedOn", note::Column::UpdatedOn),
            };
            let sign = if direction == OrderDirection::Asc { '+' } else { '-' };
            let _ = write!(ordering.name, " {name}{sign}");
            ordering.terms.push(Term::time((note::Entity, column), direction.into()));
            fields.push(field);
        }
        let id_direction = order_by.first().map_or(Direction::Descending, |first| first.direction.into());
        ordering.terms.push(Term::integer((note::Entity, note::Column::Id), id_direction));
        Ok(Self { fields, ordering })
    }

    /// What [`NoteOrdering::cursor`] reads.
    pub fn columns(&self) -> Columns<note::Entity> {
        let names = self.fields.iter().map(|field| match field {
            NoteOrderField::CreatedOn => "created_on",
            NoteOrderField::UpdatedOn => "updated_on",
        });
        names.filter_map(Columns::of).fold(Columns::NONE, Columns::and)
    }

    pub fn cursor(&self, note: &note::Model) -> String {
        let mut values: Vec<i64> = self
            .fields
            .iter()
            .map(|field| match field {
                NoteOrderField::CreatedOn => note.created_on.timestamp_micros(),
                NoteOrderField::UpdatedOn => note.updated_on.timestamp_micros(),
            })
            .collect();
        values.push(note.id);
        Cursor(values).encode(&self.ordering.name)
    }
}
