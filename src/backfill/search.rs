use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::ids::NoteId;
use crate::search;
use crate::store::db::{Dialect, Transaction};
use crate::store::entity::derived::Key;
use crate::store::entity::{message, note};

/// Notes per batch, with their threads. Others wait for the transaction, so it should take a few hundred milliseconds
/// at most.
const BATCH: u64 = 500;

pub async fn batch(transaction: &Transaction, after: Option<Key>) -> Result<Option<Key>, DbErr> {
    let mut select = note::Entity::find()
        .order_by_asc(note::Column::CompanyId)
        .order_by_asc(note::Column::Id)
        .limit(BATCH)
        .lock_exclusive();
    if let Some((company, id)) = after {
        let key = Expr::tuple([Expr::col(note::Column::CompanyId), Expr::col(note::Column::Id)]);
        select = select.filter(key.gt(Expr::tuple([Expr::val(company), Expr::val(id)])));
    }
    let notes = select.all(transaction).await?;
    for of_company in notes.chunk_by(|one, other| one.company_id == other.company_id) {
        let company_id = of_company[0].company_id;
        let ids: Vec<NoteId> = of_company.iter().map(|note| note.id).collect();
        let keys = Dialect::of(transaction).one_of(message::Column::NoteId, ids.iter().copied());
        let messages = message::Entity::find().filter(message::Column::CompanyId.eq(company_id)).filter(keys);
        let messages = messages.all(transaction).await?;
        search::remove_notes(transaction, company_id, &ids).await?;
        search::add(transaction, company_id, &search::parts(of_company, &messages), &search::IndexedTexts::default())
            .await?;
    }
    Ok(notes.last().map(|note| (note.company_id, note.id.into())))
}
