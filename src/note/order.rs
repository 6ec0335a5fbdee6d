//! In which order a list shows notes.

use async_graphql::{Enum, InputObject};
use sea_orm::ActiveEnum;
use sea_orm::sea_query::Expr;

use super::key::{self, Nothing};
use crate::entity::{Columns, note};
use crate::error::{Error, Result};
use crate::page::{Cursor, Direction, Ordering, Place, Term};

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

/// Where notes stand that have no value in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum NullsPlacement {
    /// Before all others.
    First,
    /// After all others.
    Last,
}

/// What notes can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum NoteOrderField {
    /// When the note was made.
    CreatedOn,
    /// When the note, its assignees or its messages last changed.
    UpdatedOn,
    /// When to be reminded of it; may be empty.
    Reminder,
    /// Open notes are before closed ones.
    Status,
    /// The headline: its first 100 characters, by their code points, whatever their case; may be empty.
    Subject,
    /// Notes that are not marked as important are before those that are.
    Priority,
    /// Notes that are not pinned to the overview are before those that are.
    ShowOnOverview,
}

/// One field of an order. The ID always decides last, in the direction of the last field, so every order is total and
/// pages never overlap.
#[derive(Clone, Debug, PartialEq, Eq, Hash, InputObject)]
pub struct NoteOrder {
    /// What to compare.
    pub field: NoteOrderField,
    /// Which way.
    #[graphql(default_with = "OrderDirection::Asc")]
    pub direction: OrderDirection,
    /// Where notes stand that have no value in this field, whichever the direction.
    #[graphql(default_with = "NullsPlacement::Last")]
    pub nulls: NullsPlacement,
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
        let newest = [NoteOrder {
            field: NoteOrderField::CreatedOn,
            direction: OrderDirection::Desc,
            nulls: NullsPlacement::Last,
        }];
        let order_by = order_by.filter(|fields| !fields.is_empty()).unwrap_or(&newest);
        if order_by.len() > MAX_FIELDS {
            return Err(Error::Invalid(format!(
                "`orderBy` has {} fields; at most {MAX_FIELDS} are taken.",
                order_by.len()
            )));
        }
        let mut ordering = Ordering { name: "note".to_owned(), terms: Vec::new(), sorted: false };
        let mut fields = Vec::new();
        for order in order_by {
            if fields.contains(&order.field) {
                return Err(Error::Invalid("`orderBy` has the same field twice.".to_owned()));
            }
            fields.push(order.field);
            ordering.name += &order.name();
            ordering.terms.push(order.term());
        }
        let direction = order_by.last().map_or(Direction::Descending, |last| last.direction.into());
        ordering.terms.push(Term::integer((note::Entity, note::Column::Id), direction));
        Ok(Self { fields, ordering })
    }

    /// What [`NoteOrdering::cursor`] reads.
    pub fn columns(&self) -> Columns<note::Entity> {
        let names = self.fields.iter().map(|field| match field {
            NoteOrderField::CreatedOn => "created_on",
            NoteOrderField::UpdatedOn => "updated_on",
            NoteOrderField::Reminder => "reminder",
            NoteOrderField::Status => "status",
            NoteOrderField::Subject => "subject_folded",
            NoteOrderField::Priority => "priority",
            NoteOrderField::ShowOnOverview => "show_on_overview",
        });
        names.filter_map(Columns::of).fold(Columns::NONE, Columns::and)
    }

    /// Whether the notes of each customer, author, type and status have an index in this order.
    pub fn is_by_time(&self) -> bool {
        matches!(self.fields.first(), Some(NoteOrderField::CreatedOn | NoteOrderField::UpdatedOn))
    }

    pub fn cursor(&self, note: &note::Model) -> String {
        let mut places: Vec<Place> = self.fields.iter().map(|field| field.place(note)).collect();
        places.push(note.id.into());
        Cursor(places).encode(&self.ordering.name)
    }
}

impl NoteOrder {
    /// What stands for it in cursors.
    fn name(&self) -> String {
        let (name, may_be_empty) = match self.field {
            NoteOrderField::CreatedOn => ("createdOn", false),
            NoteOrderField::UpdatedOn => ("updatedOn", false),
            NoteOrderField::Reminder => ("reminder", true),
            NoteOrderField::Status => ("status", false),
            NoteOrderField::Subject => ("subject", true),
            NoteOrderField::Priority => ("priority", false),
            NoteOrderField::ShowOnOverview => ("showOnOverview", false),
        };
        let sign = if self.direction == OrderDirection::Asc { '+' } else { '-' };
        let nulls = if may_be_empty && self.nulls == NullsPlacement::First { "0" } else { "" };
        format!(" {name}{sign}{nulls}")
    }

    fn term(&self) -> Term {
        let direction: Direction = self.direction.into();
        // As if they were the smallest or the largest value.
        let nothing = match (self.direction, self.nulls) {
            (OrderDirection::Asc, NullsPlacement::First) | (OrderDirection::Desc, NullsPlacement::Last) => Nothing::Low,
            _ => Nothing::High,
        };
        let flag = |column| {
            let value: fn(&Place) -> Option<Expr> = |place| match place.integer()? {
                0 => Some(Expr::val(false)),
                1 => Some(Expr::val(true)),
                _ => None,
            };
            Term::new(Expr::col((note::Entity, column)), direction, value)
        };
        match self.field {
            NoteOrderField::CreatedOn => Term::time((note::Entity, note::Column::CreatedOn), direction),
            NoteOrderField::UpdatedOn => Term::time((note::Entity, note::Column::UpdatedOn), direction),
            NoteOrderField::Reminder => Term::new(
                key::reminder(nothing),
                direction,
                match nothing {
                    Nothing::Low => |place| key::reminder_at(place, Nothing::Low),
                    Nothing::High => |place| key::reminder_at(place, Nothing::High),
                },
            ),
            // Stored as text, of which "closed" is before "open".
            NoteOrderField::Status => {
                Term::new(Expr::col((note::Entity, note::Column::Status)), direction.reversed(), |place| {
                    let status = match place.integer()? {
                        0 => note::NoteStatus::Open,
                        1 => note::NoteStatus::Closed,
                        _ => return None,
                    };
                    Some(Expr::val(status.to_value()))
                })
            }
            NoteOrderField::Subject => Term::new(
                key::subject(nothing),
                direction,
                match nothing {
                    Nothing::Low => |place| key::subject_at(place, Nothing::Low),
                    Nothing::High => |place| key::subject_at(place, Nothing::High),
                },
            ),
            NoteOrderField::Priority => flag(note::Column::Priority),
            NoteOrderField::ShowOnOverview => flag(note::Column::ShowOnOverview),
        }
    }
}

impl NoteOrderField {
    /// The value of a note, as cursors hold it.
    fn place(self, note: &note::Model) -> Place {
        match self {
            Self::CreatedOn => note.created_on.timestamp_micros().into(),
            Self::UpdatedOn => note.updated_on.timestamp_micros().into(),
            Self::Reminder => note.reminder.map_or(Place::Nothing, |time| time.timestamp_micros().into()),
            Self::Status => i64::from(note.status == note::NoteStatus::Closed).into(),
            Self::Subject => {
                note.subject_folded.as_deref().map_or(Place::Nothing, |text| Place::Text(key::cut(text).to_owned()))
            }
            Self::Priority => i64::from(note.priority).into(),
            Self::ShowOnOverview => i64::from(note.show_on_overview).into(),
        }
    }
}
