//! Lists of notes by the time of their update, where its order is a table beside the notes.

use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Query, SelectStatement};
use sea_orm::{Condition, Iterable};

use crate::store::db::Dialect;
use crate::store::entity::{note, note_update};

/// Lets a statement read the notes through the table of their updates, if there is one: a subquery takes the place of
/// the table `note`, with the same columns, but with the time and the ID of the update. So the index of the updates
/// answers conditions on both, and gives the order; all other indexes find notes as before.
pub fn read_through_updates(notes: &mut SelectStatement, dialect: Dialect) {
    if !dialect.has_note_updates() {
        return;
    }
    let of_update = |column: note_update::Column| Expr::col((note_update::Entity, column));
    let mut updated = Query::select();
    for column in note::Column::iter() {
        match column {
            note::Column::Id => updated.expr_as(of_update(note_update::Column::NoteId), column),
            note::Column::UpdatedOn => updated.expr_as(of_update(note_update::Column::UpdatedOn), column),
            _ => updated.column((note::Entity, column)),
        };
    }
    let on = Condition::all()
        .add(of_update(note_update::Column::CompanyId).equals((note::Entity, note::Column::CompanyId)))
        .add(of_update(note_update::Column::NoteId).equals((note::Entity, note::Column::Id)));
    updated.from(note_update::Entity).join(JoinType::InnerJoin, note::Entity, on);
    notes.from_clear().from_subquery(updated, note::Entity);
}
