//! Which notes a list holds.

use async_graphql::{ID, InputObject, MaybeUndefined};
use sea_orm::sea_query::{Expr, ExprTrait, IntoColumnRef, Query};
use sea_orm::{ActiveEnum, ColumnTrait, Condition, DatabaseBackend};

use super::object::{NoteReferenceType, NoteStatus};
use crate::db::{one_of, one_of_texts};
use crate::entity::{Sight, assignment, note};
use crate::error::{Error, Result};
use crate::id::Kind;

/// The most values that a list in a filter may have.
const MAX_VALUES: usize = 100;

/// Compares an ID. An empty value is unequal to every ID.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
#[graphql(name = "IDFilter")]
pub struct IdFilter {
    /// Is this one.
    eq: MaybeUndefined<ID>,
    /// Is not this one; is empty, perhaps.
    neq: MaybeUndefined<ID>,
    /// Is one of these, at most 100; `[]` matches nothing.
    #[graphql(name = "in")]
    is_in: MaybeUndefined<Vec<ID>>,
    /// Is none of these, at most 100; is empty, perhaps.
    not_in: MaybeUndefined<Vec<ID>>,
    /// Is empty, or is not.
    is_null: MaybeUndefined<bool>,
}

/// Compares a status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct NoteStatusFilter {
    /// Is this one.
    eq: MaybeUndefined<NoteStatus>,
    /// Is not this one.
    neq: MaybeUndefined<NoteStatus>,
    /// Is one of these; `[]` matches nothing.
    #[graphql(name = "in")]
    is_in: MaybeUndefined<Vec<NoteStatus>>,
    /// Is none of these.
    not_in: MaybeUndefined<Vec<NoteStatus>>,
}

/// Compares the kind of record a note is about. An empty one is unequal to every kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct NoteReferenceTypeFilter {
    /// Is this one.
    eq: MaybeUndefined<NoteReferenceType>,
    /// Is not this one; is empty, perhaps.
    neq: MaybeUndefined<NoteReferenceType>,
    /// Is one of these; `[]` matches nothing.
    #[graphql(name = "in")]
    is_in: MaybeUndefined<Vec<NoteReferenceType>>,
    /// Is none of these; is empty, perhaps.
    not_in: MaybeUndefined<Vec<NoteReferenceType>>,
    /// Is empty, or is not.
    is_null: MaybeUndefined<bool>,
}

/// Looks at who is assigned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct AssigneesFilter {
    /// At least one of these users, at most 100; `[]` matches nothing.
    any: MaybeUndefined<Vec<ID>>,
    /// All of these users, at most 100.
    all: MaybeUndefined<Vec<ID>>,
    /// None of these users, at most 100.
    none: MaybeUndefined<Vec<ID>>,
    /// Nobody is assigned, or somebody is.
    is_empty: MaybeUndefined<bool>,
    /// The viewer is assigned, or is not.
    includes_viewer: MaybeUndefined<bool>,
}

/// Which notes. The fields of one object are joined with AND; a field that is absent or null sets no condition. Within
/// a comparison null is refused: to look for what is empty, use `isNull`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct NoteFilter {
    /// The note itself.
    id: Option<IdFilter>,
    /// The customer it is about.
    customer_id: Option<IdFilter>,
    /// The author.
    user_id: Option<IdFilter>,
    /// The type.
    type_id: Option<IdFilter>,
    /// The kind of record it is about.
    reference_type: Option<NoteReferenceTypeFilter>,
    /// The record it is about, by the ID that the other system knows it by.
    reference_id: Option<IdFilter>,
    /// Open or closed.
    status: Option<NoteStatusFilter>,
    /// Marked as important, or not.
    priority: Option<bool>,
    /// Confidential, or not.
    confidential: Option<bool>,
    /// Pinned to the overview of the customer, or not.
    show_on_overview: Option<bool>,
    /// Who is assigned.
    assignees: Option<AssigneesFilter>,
}

/// Turns filters into conditions for one viewer on one database.
#[derive(Clone, Copy)]
pub struct Conditions {
    pub sight: Sight,
    pub backend: DatabaseBackend,
}

impl Conditions {
    /// # Errors
    /// INVALID, where the filter has a null, a list that is too long, or an ID that is none.
    pub fn of(self, filter: &NoteFilter) -> Result<Condition> {
        // Taken apart completely, so that a new field does not compile until it has its condition.
        let NoteFilter {
            id,
            customer_id,
            user_id,
            type_id,
            reference_type,
            reference_id,
            status,
            priority,
            confidential,
            show_on_overview,
            assignees,
        } = filter;
        let mut all = Condition::all();
        for (name, column, kind, filter) in [
            ("id", note::Column::Id, Kind::Note, id),
            ("customerId", note::Column::CustomerId, Kind::Customer, customer_id),
            ("userId", note::Column::UserId, Kind::User, user_id),
            ("typeId", note::Column::TypeId, Kind::NoteType, type_id),
        ] {
            if let Some(filter) = filter {
                all = all.add(self.links(name, column, kind, filter)?);
            }
        }
        if let Some(filter) = reference_id {
            all = all.add(self.raw_ids("referenceId", filter)?);
        }
        if let Some(NoteReferenceTypeFilter { eq, neq, is_in, not_in, is_null }) = reference_type {
            let text = |value: &NoteReferenceType| note::ReferenceType::from(*value).to_value();
            let operators = operators("referenceType", eq, neq, is_in, not_in, *is_null, |v| Ok(text(v)))?;
            all = all.add(self.texts(note::Column::ReferenceType, operators));
        }
        if let Some(NoteStatusFilter { eq, neq, is_in, not_in }) = status {
            let text = |value: &NoteStatus| note::NoteStatus::from(*value).to_value();
            let operators = operators("status", eq, neq, is_in, not_in, MaybeUndefined::Undefined, |v| Ok(text(v)))?;
            all = all.add(self.texts(note::Column::Status, operators));
        }
        for (column, flag) in [
            (note::Column::Priority, priority),
            (note::Column::Confidential, confidential),
            (note::Column::ShowOnOverview, show_on_overview),
        ] {
            all = all.add_option(flag.map(|flag| column.eq(flag)));
        }
        if let Some(filter) = assignees {
            all = all.add(self.assignees(filter)?);
        }
        Ok(all)
    }

    fn links(self, name: &str, column: note::Column, kind: Kind, filter: &IdFilter) -> Result<Condition> {
        let IdFilter { eq, neq, is_in, not_in, is_null } = filter;
        let operators = operators(name, eq, neq, is_in, not_in, *is_null, |id| kind.key(id))?;
        Ok(compare(column, operators, |keys| one_of(self.backend, (note::Entity, column).into_column_ref(), keys)))
    }

    fn raw_ids(self, name: &str, filter: &IdFilter) -> Result<Condition> {
        let IdFilter { eq, neq, is_in, not_in, is_null } = filter;
        let raw = |id: &ID| {
            if id.contains('\0') {
                return Err(Error::Invalid(format!("`{name}` holds a NUL character, which no ID has.")));
            }
            Ok(id.to_string())
        };
        Ok(self.texts(note::Column::ReferenceId, operators(name, eq, neq, is_in, not_in, *is_null, raw)?))
    }

    fn texts(self, column: note::Column, operators: Operators<String>) -> Condition {
        compare(column, operators, |keys| one_of_texts(self.backend, (note::Entity, column).into_column_ref(), keys))
    }

    fn assignees(self, filter: &AssigneesFilter) -> Result<Condition> {
        let AssigneesFilter { any, all, none, is_empty, includes_viewer } = filter;
        let users = |name: &str, ids: &MaybeUndefined<Vec<ID>>| {
            list(&format!("assignees.{name}"), ids, |id| Kind::User.key(id))
        };
        let mut condition = Condition::all();
        if let Some(any) = users("any", any)? {
            condition = condition.add(self.assigned(any));
        }
        for user in users("all", all)?.into_iter().flatten() {
            condition = condition.add(self.assigned(vec![user]));
        }
        if let Some(none) = users("none", none)? {
            condition = condition.add(self.assigned(none).not());
        }
        if let Some(empty) = operator("assignees.isEmpty", is_empty)? {
            let somebody = Expr::exists(
                Query::select()
                    .expr(Expr::val(1))
                    .from(assignment::Entity)
                    .and_where(assignment::Column::CompanyId.eq(self.sight.company_id))
                    .and_where(
                        Expr::col((assignment::Entity, assignment::Column::NoteId))
                            .equals((note::Entity, note::Column::Id)),
                    )
                    .take(),
            );
            // Compared with true, as SQLite 3.51 turns a bare EXISTS into a join whose rows an OFFSET counts one by
            // one: numbered pages would skip a note of three assignees as if it were three.
            condition = condition.add(if *empty { somebody.not() } else { somebody.eq(true) });
        }
        if let Some(included) = operator("assignees.includesViewer", includes_viewer)? {
            let viewer = self.assigned(vec![self.sight.user_id]);
            condition = condition.add(if *included { viewer } else { viewer.not() });
        }
        Ok(condition)
    }

    /// The notes that one of these users is assigned to: an `IN`, so that a user's few notes are found from the
    /// assignments, not by asking each note of the company.
    fn assigned(self, users: Vec<i64>) -> Expr {
        Expr::col((note::Entity, note::Column::Id)).in_subquery(
            Query::select()
                .column(assignment::Column::NoteId)
                .from(assignment::Entity)
                .and_where(assignment::Column::CompanyId.eq(self.sight.company_id))
                .and_where(one_of(self.backend, (assignment::Entity, assignment::Column::UserId), users))
                .take(),
        )
    }
}

/// The operators that a comparison holds, their values ready for the database.
struct Operators<V> {
    eq: Option<V>,
    neq: Option<V>,
    is_in: Option<Vec<V>>,
    not_in: Option<Vec<V>>,
    is_null: Option<bool>,
}

fn operators<T, V>(
    name: &str,
    eq: &MaybeUndefined<T>,
    neq: &MaybeUndefined<T>,
    is_in: &MaybeUndefined<Vec<T>>,
    not_in: &MaybeUndefined<Vec<T>>,
    is_null: MaybeUndefined<bool>,
    value: impl Fn(&T) -> Result<V>,
) -> Result<Operators<V>> {
    Ok(Operators {
        eq: operator(&format!("{name}.eq"), eq)?.map(&value).transpose()?,
        neq: operator(&format!("{name}.neq"), neq)?.map(&value).transpose()?,
        is_in: list(&format!("{name}.in"), is_in, &value)?,
        not_in: list(&format!("{name}.notIn"), not_in, &value)?,
        is_null: operator(&format!("{name}.isNull"), &is_null)?.copied(),
    })
}

/// Conditions that are true or false for every row, also where the column is empty: `neq` and `notIn` hold there.
fn compare<V: Into<sea_orm::Value>>(
    column: note::Column,
    operators: Operators<V>,
    one_of: impl Fn(Vec<V>) -> Expr,
) -> Condition {
    let or_empty = |condition: Expr| Condition::any().add(condition).add(column.is_null());
    let Operators { eq, neq, is_in, not_in, is_null } = operators;
    Condition::all()
        .add_option(eq.map(|value| column.eq(value)))
        .add_option(neq.map(|value| or_empty(column.ne(value))))
        .add_option(is_in.map(&one_of))
        .add_option(not_in.map(|values| or_empty(one_of(values).not())))
        .add_option(is_null.map(|empty| if empty { column.is_null() } else { column.is_not_null() }))
}

fn operator<'a, T>(name: &str, value: &'a MaybeUndefined<T>) -> Result<Option<&'a T>> {
    match value {
        MaybeUndefined::Undefined => Ok(None),
        MaybeUndefined::Value(value) => Ok(Some(value)),
        MaybeUndefined::Null => Err(Error::Invalid(format!(
            "`{name}` is null, which compares with nothing: leave it out, or use `isNull` to find what is empty."
        ))),
    }
}

fn list<T, V>(name: &str, values: &MaybeUndefined<Vec<T>>, value: impl Fn(&T) -> Result<V>) -> Result<Option<Vec<V>>> {
    let Some(values) = operator(name, values)? else { return Ok(None) };
    if values.len() > MAX_VALUES {
        let count = values.len();
        return Err(Error::Invalid(format!("`{name}` has {count} values; at most {MAX_VALUES} are taken.")));
    }
    values.iter().map(value).collect::<Result<_>>().map(Some)
}
