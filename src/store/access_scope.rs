use sea_orm::sea_query::{Expr, ExprTrait, IntoColumnRef, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, Select};

use super::entity::{assignment, company, customer, message, note, note_type, user};
use crate::ids::{CompanyId, UserId};

/// The rows that a viewer may see. Only this type decides which rows exist for a viewer.
///
/// Rows of other companies do not exist. A confidential note exists for its author, its assignees and those who may see
/// all confidential notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessScope {
    pub company_id: CompanyId,
    pub user_id: UserId,
    /// Whether the viewer may see the confidential notes of others.
    pub confidential: bool,
}

impl AccessScope {
    pub fn company(&self) -> Select<company::Entity> {
        company::Entity::find().filter(company::Column::Id.eq(self.company_id))
    }

    pub fn customers(&self) -> Select<customer::Entity> {
        customer::Entity::find().filter(self.visible_customers())
    }

    /// The condition that [`AccessScope::customers`] sets.
    pub fn visible_customers(&self) -> Condition {
        Condition::all().add(customer::Column::CompanyId.eq(self.company_id))
    }

    pub fn users(&self) -> Select<user::Entity> {
        user::Entity::find().filter(self.visible_users())
    }

    /// The condition that [`AccessScope::users`] sets.
    pub fn visible_users(&self) -> Condition {
        Condition::all().add(user::Column::CompanyId.eq(self.company_id))
    }

    pub fn note_types(&self) -> Select<note_type::Entity> {
        note_type::Entity::find().filter(self.visible_note_types())
    }

    /// The condition that [`AccessScope::note_types`] sets.
    pub fn visible_note_types(&self) -> Condition {
        Condition::all().add(note_type::Column::CompanyId.eq(self.company_id))
    }

    pub fn notes(&self) -> Select<note::Entity> {
        note::Entity::find().filter(self.visible_notes())
    }

    /// The condition that [`AccessScope::notes`] sets on the table `note`, for statements that are built by hand.
    pub fn visible_notes(&self) -> Condition {
        let own_company = Condition::all().add(note::Column::CompanyId.eq(self.company_id));
        if self.confidential {
            return own_company;
        }
        own_company.add(
            Condition::any()
                .add(note::Column::Confidential.eq(false))
                .add(note::Column::UserId.eq(self.user_id))
                .add(Expr::exists(self.own_assignment())),
        )
    }

    /// Messages of visible notes.
    pub fn messages(&self) -> Select<message::Entity> {
        message::Entity::find()
            .filter(message::Column::CompanyId.eq(self.company_id))
            .filter(self.note_is_visible((message::Entity, message::Column::NoteId)))
    }

    /// Assignments of notes that the caller has found through [`AccessScope::notes`].
    pub fn assignments(&self) -> Select<assignment::Entity> {
        assignment::Entity::find().filter(self.company_assignments())
    }

    /// The condition that [`AccessScope::assignments`] sets.
    pub fn company_assignments(&self) -> Condition {
        Condition::all().add(assignment::Column::CompanyId.eq(self.company_id))
    }

    /// Assignments of visible notes.
    pub fn visible_assignments(&self) -> Select<assignment::Entity> {
        self.assignments().filter(self.note_is_visible((assignment::Entity, assignment::Column::NoteId)))
    }

    /// The condition that the note whose key is in this column is visible.
    fn note_is_visible(&self, key: impl IntoColumnRef) -> Expr {
        let note = Query::select()
            .expr(Expr::val(1))
            .from(note::Entity)
            .cond_where(self.visible_notes())
            .and_where(Expr::col((note::Entity, note::Column::Id)).equals(key))
            .take();
        Expr::exists(note)
    }

    fn own_assignment(&self) -> SelectStatement {
        Query::select()
            .expr(Expr::val(1))
            .from(assignment::Entity)
            .and_where(assignment::Column::CompanyId.eq(self.company_id))
            .and_where(assignment::Column::UserId.eq(self.user_id))
            .and_where(
                Expr::col((assignment::Entity, assignment::Column::NoteId)).equals((note::Entity, note::Column::Id)),
            )
            .take()
    }
}
