use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::ids::{CompanyId, NoteId};
use crate::store::db::{Dialect, ListColumn, RowList, Transaction};
use crate::store::entity::derived::Key;
use crate::store::entity::note::{self, Column};
use crate::text::casefold::casefold;

/// Notes per batch. Others wait for the transaction, so it should take a few hundred milliseconds at most.
const BATCH: u64 = 2_000;

pub async fn batch(transaction: &Transaction, after: Option<Key>) -> Result<Option<Key>, DbErr> {
    let mut select = note::Entity::find()
        .select_only()
        .columns([Column::CompanyId, Column::Id, Column::Subject])
        .order_by_asc(Column::CompanyId)
        .order_by_asc(Column::Id)
        .limit(BATCH)
        .lock_exclusive();
    if let Some((company, id)) = after {
        let key = Expr::tuple([Expr::col(Column::CompanyId), Expr::col(Column::Id)]);
        select = select.filter(key.gt(Expr::tuple([Expr::val(company), Expr::val(id)])));
    }
    let notes: Vec<(CompanyId, NoteId, Option<String>)> = select.into_tuple().all(transaction).await?;
    let Some(&(company, id, _)) = notes.last() else { return Ok(None) };
    let folded = notes.into_iter().filter_map(|(company, id, subject)| Some((company, id, casefold(&subject?))));
    write(transaction, folded.collect()).await?;
    Ok(Some((company, id.into())))
}

async fn write(transaction: &Transaction, folded: Vec<(CompanyId, NoteId, String)>) -> Result<(), DbErr> {
    let (mut companies, mut ids, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for (company, id, text) in folded {
        companies.push(company);
        ids.push(id);
        texts.push(text);
    }
    let columns = [
        ("company_id", ListColumn::ids(companies)),
        ("id", ListColumn::ids(ids)),
        ("folded", ListColumn::Texts(texts)),
    ];
    let (dialect, mut values) = (Dialect::of(transaction), Vec::new());
    let RowList { table, columns: [company_id, id, folded], .. } = dialect.row_list("k", columns, &mut values);
    let sql = format!(
        "UPDATE note SET subject_folded = {folded} FROM {table} WHERE note.company_id = {company_id} AND note.id = {id}"
    );
    transaction.execute_raw(dialect.statement(sql, values)).await.map(drop)
}
