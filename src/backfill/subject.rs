use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement, Value,
};

use crate::store::db::Transaction;
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
    let notes: Vec<(i64, i64, Option<String>)> = select.into_tuple().all(transaction).await?;
    let Some(&(company, id, _)) = notes.last() else { return Ok(None) };
    let folded = notes.into_iter().filter_map(|(company, id, subject)| Some((company, id, casefold(&subject?))));
    write(transaction, folded.collect()).await?;
    Ok(Some((company, id)))
}

async fn write(transaction: &Transaction, folded: Vec<(i64, i64, String)>) -> Result<(), DbErr> {
    let backend = transaction.get_database_backend();
    let (sql, values): (_, Vec<Value>) = if backend == DatabaseBackend::Postgres {
        let (mut companies, mut ids, mut texts) = (Vec::new(), Vec::new(), Vec::new());
        for (company, id, text) in folded {
            companies.push(company);
            ids.push(id);
            texts.push(text);
        }
        let sql = "UPDATE note SET subject_folded = k.folded FROM unnest($1, $2, $3) AS k(company_id, id, folded) \
                   WHERE note.company_id = k.company_id AND note.id = k.id";
        (sql, vec![companies.into(), ids.into(), texts.into()])
    } else {
        let sql = "UPDATE note SET subject_folded = k.value ->> 2 FROM json_each(?) AS k \
                   WHERE note.company_id = k.value ->> 0 AND note.id = k.value ->> 1";
        (sql, vec![serde_json::json!(folded).to_string().into()])
    };
    transaction.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await.map(drop)
}
