//! Conditions on the notes of a customer, an author or an assignee.

use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition};

use crate::people::ListParent;
use crate::store::AccessScope;
use crate::store::entity::{assignment, note};

/// How the notes of lists are related to the records that the lists belong to. The lists of one kind are loaded
/// together, by the keys of their parents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParentKind {
    Customer,
    Author,
    Assignee,
}

impl ParentKind {
    /// The kind of a parent, and its key.
    pub fn of(parent: ListParent) -> (Self, i64) {
        match parent {
            ListParent::Customer(id) => (Self::Customer, id.into()),
            ListParent::Author(id) => (Self::Author, id.into()),
            ListParent::Assignee(id) => (Self::Assignee, id.into()),
        }
    }

    /// The parent of this kind with this key.
    pub fn parent(self, key: i64) -> ListParent {
        match self {
            Self::Customer => ListParent::Customer(key.into()),
            Self::Author => ListParent::Author(key.into()),
            Self::Assignee => ListParent::Assignee(key.into()),
        }
    }
}

/// Joins notes to the assignments that a statement reads: those to the user whose key is in the column `key`. It is a
/// CROSS JOIN because `SQLite` has no table statistics, and would otherwise scan the company's notes until it has found
/// enough of a user's few.
pub fn join_assigned(from_assignments: &mut SelectStatement, access: AccessScope, key: (&'static str, &'static str)) {
    let column = |column: assignment::Column| Expr::col((assignment::Entity, column));
    from_assignments
        .join(JoinType::CrossJoin, note::Entity, Condition::all())
        .and_where(assignment::Column::CompanyId.eq(access.company_id))
        .and_where(column(assignment::Column::UserId).equals(key))
        .and_where(column(assignment::Column::NoteId).equals((note::Entity, note::Column::Id)));
}

/// The condition that a note belongs to the parent whose key is in the column `key`.
pub fn belongs(parent_kind: ParentKind, access: AccessScope, key: (&'static str, &'static str)) -> Expr {
    let column = |column: note::Column| Expr::col((note::Entity, column));
    match parent_kind {
        ParentKind::Customer => column(note::Column::CustomerId).equals(key),
        ParentKind::Author => column(note::Column::UserId).equals(key),
        ParentKind::Assignee => column(note::Column::Id).in_subquery(
            Query::select()
                .column(assignment::Column::NoteId)
                .from(assignment::Entity)
                .and_where(assignment::Column::CompanyId.eq(access.company_id))
                .and_where(Expr::col((assignment::Entity, assignment::Column::UserId)).equals(key))
                .take(),
        ),
    }
}
