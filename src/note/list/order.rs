//! The order of a list of notes.

use std::sync::Arc;

use async_graphql::{Enum, InputObject};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::ActiveEnum;
use sea_orm::sea_query::Expr;
use sha2::{Digest, Sha256};

use super::sort_key::{self, NullOrder};
use crate::error::{Error, Result};
use crate::graphql::pagination::{Cursor, CursorValue, Direction, SortKey, SortOrder};
use crate::store::ColumnSet;
use crate::store::db::SortHint;
use crate::store::entity::note;

/// Maximum number of fields in an order.
const MAX_FIELDS: usize = 3;

/// Ascending or descending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Enum)]
pub enum OrderDirection {
    /// Smallest, or oldest, first.
    #[default]
    Asc,
    /// Largest, or newest, first.
    Desc,
}

/// Where notes without a value in a field are placed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Enum)]
pub enum NullsPlacement {
    /// Before all others.
    First,
    /// After all others.
    #[default]
    Last,
}

/// A field that notes can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum NoteOrderField {
    /// When the note was created.
    CreatedOn,
    /// When the note, its assignees or its messages last changed.
    UpdatedOn,
    /// The time of the reminder; may be null.
    Reminder,
    /// Whether the note is open or closed: open notes come before closed ones.
    Status,
    /// The subject: its first 100 characters, compared by code points and without regard to case; may be null.
    Subject,
    /// Whether the note is marked as important: notes that are not come first.
    Priority,
    /// Whether the note is pinned to the overview: notes that are not come first.
    ShowOnOverview,
    /// How well the note matches the `search` of the list; this order is refused without one. Each word or phrase of
    /// the search scores 10 in the subject, 3 in the details, and 1 in each message that contains it. DESC puts the
    /// best matches first; ASC reverses the list. Only the newest 10,000 matching notes are ranked, fewer for a search
    /// of many words; older ones score 0. If there are more notes than one statement examines, only the newest are
    /// listed.
    Relevance,
}

/// A field to order by. The ID always decides last, in the direction of the last field, so every order is total and
/// pages never overlap. If the last field is STATUS, PRIORITY, `SHOW_ON_OVERVIEW` or RELEVANCE, and `CREATED_ON` is not
/// among the fields, the creation time decides before the ID, in the same direction. After STATUS both decide in the
/// opposite direction: ASC lists the open notes first, and the newest of them first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, InputObject)]
pub struct NoteOrder {
    /// The field to compare.
    pub field: NoteOrderField,
    /// The direction; ASC when absent or null.
    #[graphql(default_with = "Some(OrderDirection::default())")]
    pub direction: Option<OrderDirection>,
    /// Where notes without a value in this field are placed, in either direction; LAST when absent or null.
    #[graphql(default_with = "Some(NullsPlacement::default())")]
    pub nulls: Option<NullsPlacement>,
}

impl From<OrderDirection> for Direction {
    fn from(direction: OrderDirection) -> Self {
        match direction {
            OrderDirection::Asc => Self::Ascending,
            OrderDirection::Desc => Self::Descending,
        }
    }
}

/// A note in a list.
#[derive(Clone, Debug)]
pub struct RankedNote {
    pub note: Arc<note::Model>,
    /// How well the note matches, in a list ordered by relevance; otherwise 0.
    pub score: i64,
}

impl From<note::Model> for RankedNote {
    fn from(note: note::Model) -> Self {
        Self { note: Arc::new(note), score: 0 }
    }
}

/// The column that holds a note's score in the statements of lists ordered by relevance.
pub const SCORE: &str = "score";

/// The order of a list of notes, newest first by default.
#[derive(Clone, Debug)]
pub struct NoteSortOrder {
    fields: Vec<NoteOrderField>,
    pub ordering: SortOrder,
}

impl NoteSortOrder {
    /// `search` is the search text of the list, if there is one.
    ///
    /// # Errors
    /// INVALID if there are too many fields, a field occurs twice, or the list is ordered by relevance without a
    /// search.
    pub fn new(order_by: Option<&[NoteOrder]>, search: Option<&str>) -> Result<Self> {
        let newest = [NoteOrder {
            field: NoteOrderField::CreatedOn,
            direction: Some(OrderDirection::Desc),
            nulls: Some(NullsPlacement::Last),
        }];
        let order_by = order_by.filter(|fields| !fields.is_empty()).unwrap_or(&newest);
        if order_by.len() > MAX_FIELDS {
            return Err(Error::Invalid(format!(
                "`orderBy` has {} fields; at most {MAX_FIELDS} are allowed.",
                order_by.len()
            )));
        }
        let mut ordering = SortOrder { name: "note".to_owned(), keys: Vec::new(), sort_hint: SortHint::default() };
        let mut fields = Vec::new();
        for order in order_by {
            if fields.contains(&order.field) {
                return Err(Error::Invalid("`orderBy` has the same field twice.".to_owned()));
            }
            fields.push(order.field);
            ordering.name += &order.name();
            if order.field == NoteOrderField::Relevance {
                ordering.name += &fingerprint(search)?;
            }
            ordering.keys.push(order.term());
        }
        let last = order_by.last().copied().unwrap_or(newest[0]);
        let direction = last.direction_of_ties();
        if last.field.has_few_values() && !fields.contains(&NoteOrderField::CreatedOn) {
            fields.push(NoteOrderField::CreatedOn);
            ordering.keys.push(SortKey::time((note::Entity, note::Column::CreatedOn), direction));
        }
        ordering.keys.push(SortKey::integer((note::Entity, note::Column::Id), direction));
        Ok(Self { fields, ordering })
    }

    /// The columns that [`NoteSortOrder::cursor`] reads.
    pub fn columns(&self) -> ColumnSet<note::Entity> {
        let names = self.fields.iter().filter_map(|field| field.spec().column);
        names.filter_map(ColumnSet::of).fold(ColumnSet::NONE, ColumnSet::and)
    }

    /// Whether there is an index in this order on the notes of each customer, author, type and status.
    pub fn is_by_creation(&self) -> bool {
        self.fields.first() == Some(&NoteOrderField::CreatedOn)
    }

    /// Whether the list is read from the index of the times of update: no other index has this order.
    pub fn is_by_update(&self) -> bool {
        self.fields.first() == Some(&NoteOrderField::UpdatedOn)
    }

    pub fn is_by_relevance(&self) -> bool {
        self.fields.contains(&NoteOrderField::Relevance)
    }

    pub fn cursor(&self, row: &RankedNote) -> String {
        let mut places: Vec<CursorValue> = self.fields.iter().map(|field| field.place(row)).collect();
        places.push(row.note.id.into());
        Cursor(places).encode(&self.ordering.name)
    }
}

/// Identifies the search in the cursors of an order by relevance, because another search gives other scores.
///
/// # Errors
/// INVALID if there is no search.
fn fingerprint(search: Option<&str>) -> Result<String> {
    let Some(search) = search else {
        return Err(Error::Invalid("RELEVANCE requires a `search` that is not blank.".to_owned()));
    };
    Ok(URL_SAFE_NO_PAD.encode(&Sha256::digest(search)[..9]))
}

impl NoteOrder {
    fn direction(self) -> OrderDirection {
        self.direction.unwrap_or_default()
    }

    /// The direction in which creation time and ID decide between notes with equal values. Open notes come first in
    /// ascending order, and the newest of them first.
    fn direction_of_ties(self) -> Direction {
        let direction: Direction = self.direction().into();
        if self.field == NoteOrderField::Status { direction.reversed() } else { direction }
    }

    fn nulls(self) -> NullsPlacement {
        self.nulls.unwrap_or_default()
    }

    /// The part of the order's name in cursors that stands for this field.
    fn name(self) -> String {
        let OrderSpec { name, is_nullable, .. } = self.field.spec();
        let sign = if self.direction() == OrderDirection::Asc { '+' } else { '-' };
        let nulls = if is_nullable && self.nulls() == NullsPlacement::First { "0" } else { "" };
        format!(" {name}{sign}{nulls}")
    }

    fn term(self) -> SortKey {
        let direction: Direction = self.direction().into();
        // Nulls sort as if they were the smallest or the largest value.
        let nulls = match (self.direction(), self.nulls()) {
            (OrderDirection::Asc, NullsPlacement::First) | (OrderDirection::Desc, NullsPlacement::Last) => {
                NullOrder::Low
            }
            _ => NullOrder::High,
        };
        let flag = |column| {
            let value: fn(&CursorValue) -> Option<Expr> = |place| match place.integer()? {
                0 => Some(Expr::val(false)),
                1 => Some(Expr::val(true)),
                _ => None,
            };
            SortKey::new(Expr::col((note::Entity, column)), direction, value)
        };
        match self.field {
            NoteOrderField::CreatedOn => SortKey::time((note::Entity, note::Column::CreatedOn), direction),
            NoteOrderField::UpdatedOn => SortKey::time((note::Entity, note::Column::UpdatedOn), direction),
            NoteOrderField::Reminder => SortKey::new(
                sort_key::reminder(nulls),
                direction,
                match nulls {
                    NullOrder::Low => |place| sort_key::reminder_at(place, NullOrder::Low),
                    NullOrder::High => |place| sort_key::reminder_at(place, NullOrder::High),
                },
            ),
            // Stored as text, where "closed" sorts before "open".
            NoteOrderField::Status => {
                SortKey::new(Expr::col((note::Entity, note::Column::Status)), direction.reversed(), |place| {
                    let status = match place.integer()? {
                        0 => note::NoteStatus::Open,
                        1 => note::NoteStatus::Closed,
                        _ => return None,
                    };
                    Some(Expr::val(status.to_value()))
                })
            }
            NoteOrderField::Subject => SortKey::new(
                sort_key::subject(nulls),
                direction,
                match nulls {
                    NullOrder::Low => |place| sort_key::subject_at(place, NullOrder::Low),
                    NullOrder::High => |place| sort_key::subject_at(place, NullOrder::High),
                },
            ),
            NoteOrderField::Priority => flag(note::Column::Priority),
            NoteOrderField::ShowOnOverview => flag(note::Column::ShowOnOverview),
            NoteOrderField::Relevance => SortKey::integer(SCORE, direction),
        }
    }
}

/// A field to sort by, apart from its sort key.
struct OrderSpec {
    /// The name in cursors.
    name: &'static str,
    /// The column that a cursor reads, if any.
    column: Option<&'static str>,
    is_nullable: bool,
}

impl NoteOrderField {
    /// Whether so many notes share a value that their creation time decides between them before their ID does.
    fn has_few_values(self) -> bool {
        matches!(self, Self::Status | Self::Priority | Self::ShowOnOverview | Self::Relevance)
    }

    fn spec(self) -> OrderSpec {
        let (name, column, is_nullable) = match self {
            Self::CreatedOn => ("createdOn", Some("created_on"), false),
            Self::UpdatedOn => ("updatedOn", Some("updated_on"), false),
            Self::Reminder => ("reminder", Some("reminder"), true),
            Self::Status => ("status", Some("status"), false),
            Self::Subject => ("subject", Some("subject_folded"), true),
            Self::Priority => ("priority", Some("priority"), false),
            Self::ShowOnOverview => ("showOnOverview", Some("show_on_overview"), false),
            Self::Relevance => ("relevance", None, false),
        };
        OrderSpec { name, column, is_nullable }
    }

    /// The value of a note in this field, as cursors hold it.
    fn place(self, RankedNote { note, score }: &RankedNote) -> CursorValue {
        match self {
            Self::CreatedOn => note.created_on.timestamp_micros().into(),
            Self::UpdatedOn => note.updated_on.timestamp_micros().into(),
            Self::Reminder => note.reminder.map_or(CursorValue::Null, |time| time.timestamp_micros().into()),
            Self::Status => i64::from(note.status == note::NoteStatus::Closed).into(),
            Self::Subject => note
                .subject_folded
                .as_deref()
                .map_or(CursorValue::Null, |text| CursorValue::Text(sort_key::subject_prefix(text).to_owned())),
            Self::Priority => i64::from(note.priority).into(),
            Self::ShowOnOverview => i64::from(note.show_on_overview).into(),
            Self::Relevance => (*score).into(),
        }
    }
}
