//! Counts of notes, grouped by the values of a field.

use async_graphql::Enum;
use breadth::{EnumType, field_ref, object};
use sea_orm::Condition;
use sea_orm::sea_query::{
    Asterisk, ColumnRef, Expr, ExprTrait, IntoColumnRef, IntoIden, IntoTableRef, JoinType, NullOrdering, Order, Query,
    SelectStatement,
};

use super::candidates::CandidateQuery;
use super::filter::NoteFilter;
use super::note_list::{NoteList, NoteListArgs};
use crate::error::{Error, Result};
use crate::graphql::context::DataSource;
use crate::graphql::global_id::NodeId;
use crate::graphql::pagination::CountPrecision;
use crate::ids::{CompanyId, NoteTypeId, UserId};
use crate::note::enums::{NoteReferenceType, NoteStatus};
use crate::store::db::{Row, RowQueries};
use crate::store::entity::{assignment, note, note_tag, note_type, user};

/// Maximum number of values in the result.
const MAX_VALUES: u64 = 1_000;

/// A field that notes can be counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum NoteGroupKey {
    /// Whether the note is open or closed.
    Status,
    /// The type of the note.
    Type,
    /// The kind of record that the note is about.
    ReferenceType,
    /// The author of the note.
    User,
    /// Each assigned user: a note with two assignees counts for both.
    Assignee,
    /// Each tag: a note with two tags counts for both.
    Tag,
    /// Whether the note is marked as important.
    Priority,
}

/// A value of an enum or a flag, in its own type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Typed {
    status: Option<NoteStatus>,
    reference_type: Option<NoteReferenceType>,
    priority: Option<bool>,
}

/// The number of notes with one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteCount {
    key: Option<String>,
    typed: Typed,
    label: Option<String>,
    count: u64,
    precision: CountPrecision,
}

object! {
    /// The number of notes with one value.
    NoteCount {
        /// The value as text: the name of an enum value, the ID of a record, a tag, `true` or `false`; null for the
        /// notes without a value.
        key = field_ref(|counted: &NoteCount| &counted.key);
        /// The status, if notes are counted by STATUS; otherwise null.
        status = field_ref(|counted: &NoteCount| &counted.typed.status);
        /// The kind of record that the notes are about, if notes are counted by REFERENCE_TYPE; otherwise null, and
        /// null for the notes without one.
        reference_type = field_ref(|counted: &NoteCount| &counted.typed.reference_type);
        /// Whether the notes are marked as important, if notes are counted by PRIORITY; otherwise null.
        priority = field_ref(|counted: &NoteCount| &counted.typed.priority);
        /// A name for people: the name of the type or the user, or the tag; null if the value has no name besides its
        /// key.
        label = field_ref(|counted: &NoteCount| &counted.label);
        /// The number of notes.
        count = field_ref(|counted: &NoteCount| &counted.count);
        /// Whether all notes were counted, or only the newest, as many as one statement examines.
        precision = field_ref(|counted: &NoteCount| &counted.precision);
    }
}

/// Counts notes by their values, the largest count first, at most 1,000 values, in one statement.
///
/// # Errors
/// INVALID if the filter or the search is wrong; when the database fails.
pub async fn counts(
    reader: &DataSource,
    group_by: NoteGroupKey,
    filter: Option<&NoteFilter>,
    search: Option<&str>,
) -> Result<Vec<NoteCount>> {
    let args = NoteListArgs { filter: filter.cloned(), search: search.map(str::to_owned), ..NoteListArgs::default() };
    let mut list = NoteList::new(&args, reader)?;
    list.through_updates(reader.db.dialect());
    let notes = list.found(reader.db.dialect());
    let most = notes.most_of(group_by.weight());
    let select = statement(reader.access.company_id, group_by, &notes, most);
    let rows = reader.db.read().rows(&select).await?;
    rows.iter().map(|row| read(group_by, row)).collect()
}

impl NoteGroupKey {
    /// The additional weight per note: for some fields, related rows are read.
    fn weight(self) -> u64 {
        if matches!(self, Self::Assignee | Self::Tag) { 4 } else { 0 }
    }
}

/// The statement: the values with their counts among `notes`, and their names.
fn statement(company_id: CompanyId, group_by: NoteGroupKey, candidates: &CandidateQuery, most: u64) -> SelectStatement {
    let mut notes = candidates.fitting(candidates.newest(most));
    let mut more = candidates.newest(1);
    more.clear_selects().expr(Expr::cust("1")).offset(most);
    let of_note = |column| (note::Entity, column).into_column_ref();
    let key = match group_by {
        NoteGroupKey::Status => of_note(note::Column::Status),
        NoteGroupKey::Type => of_note(note::Column::TypeId),
        NoteGroupKey::ReferenceType => of_note(note::Column::ReferenceType),
        NoteGroupKey::User => of_note(note::Column::UserId),
        NoteGroupKey::Priority => of_note(note::Column::Priority),
        NoteGroupKey::Assignee => each(&mut notes, company_id, assignment::Entity, assignment::Column::UserId),
        NoteGroupKey::Tag => each(&mut notes, company_id, note_tag::Entity, note_tag::Column::Tag),
    };
    notes
        .expr_as(Expr::col(key.clone()), "key")
        .expr_as(Expr::col(Asterisk).count(), "total")
        .add_group_by([Expr::col(key)]);
    let mut all = Query::select();
    all.columns([("k", "key"), ("k", "total")]).expr_as(Expr::exists(more), "more").from_subquery(notes, "k");
    match group_by {
        NoteGroupKey::Type => named(&mut all, company_id, note_type::Entity, note_type::Column::Name),
        NoteGroupKey::User | NoteGroupKey::Assignee => {
            named(&mut all, company_id, user::Entity, user::Column::FullName);
        }
        _ => {}
    }
    all.order_by(("k", "total"), Order::Desc)
        .order_by_with_nulls(("k", "key"), Order::Asc, NullOrdering::Last)
        .limit(MAX_VALUES)
        .take()
}

/// Left-joins the rows of a table that belong to each note, and returns the column to count by. The table gets an alias
/// of its own, because the condition on the notes may name it too.
fn each(
    notes: &mut SelectStatement,
    company_id: CompanyId,
    table: impl IntoTableRef,
    column: impl IntoIden,
) -> ColumnRef {
    let on = Condition::all()
        .add(Expr::col(("each", "company_id")).eq(company_id))
        .add(Expr::col(("each", "note_id")).equals((note::Entity, note::Column::Id)));
    notes.join_as(JoinType::LeftJoin, table, "each", on);
    ("each", column).into_column_ref()
}

/// Joins the names of records, looked up once per value and not per note.
fn named<T: IntoIden + IntoTableRef + Copy>(
    all: &mut SelectStatement,
    company_id: CompanyId,
    table: T,
    name: impl IntoIden,
) {
    let on = Condition::all()
        .add(Expr::col((table, "company_id")).eq(company_id))
        .add(Expr::col((table, "id")).equals(("k", "key")));
    all.expr_as(Expr::col((table, name)), "label").left_join(table, on);
}

/// The indexes of the columns that [`statement`] selects.
const KEY: usize = 0;
const TOTAL: usize = 1;
const MORE: usize = 2;
const LABEL: usize = 3;

fn read(group_by: NoteGroupKey, row: &Row) -> Result<NoteCount> {
    let total: i64 = row.get(TOTAL)?;
    let mut typed = Typed::default();
    let key = match group_by {
        NoteGroupKey::Status => {
            let status: note::NoteStatus = row.get(KEY)?;
            typed.status = Some(status.into());
            typed.status.map(name)
        }
        NoteGroupKey::ReferenceType => {
            let kind: Option<note::ReferenceType> = row.get(KEY)?;
            typed.reference_type = kind.map(Into::into);
            typed.reference_type.map(name)
        }
        NoteGroupKey::Type => row.get::<Option<NoteTypeId>>(KEY)?.map(|id| id.global_id().0),
        NoteGroupKey::User | NoteGroupKey::Assignee => row.get::<Option<UserId>>(KEY)?.map(|id| id.global_id().0),
        NoteGroupKey::Tag => row.get(KEY)?,
        NoteGroupKey::Priority => {
            typed.priority = Some(row.get::<bool>(KEY)?);
            typed.priority.map(|priority| priority.to_string())
        }
    };
    let label = match group_by {
        NoteGroupKey::Type | NoteGroupKey::User | NoteGroupKey::Assignee => row.get(LABEL)?,
        NoteGroupKey::Tag => key.clone(),
        NoteGroupKey::Status | NoteGroupKey::ReferenceType | NoteGroupKey::Priority => None,
    };
    let precision = if row.get(MORE)? { CountPrecision::AtLeast } else { CountPrecision::Exact };
    Ok(NoteCount { key, typed, label, count: u64::try_from(total).map_err(Error::internal)?, precision })
}

/// The name of an enum value in the schema.
fn name<E: EnumType>(value: E) -> String {
    let item = E::items().iter().find(|item| item.value == value);
    item.map_or_else(String::new, |item| item.name.to_owned())
}
