use sea_orm::{ActiveModelTrait, ColumnTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect};

use super::Backfill;
use crate::store::db::{Db, Transaction};
use crate::store::entity::derived::{self, Key};

/// Returns the names of derivations that are not complete in their current version.
///
/// # Errors
/// When the database fails.
pub async fn pending(db: &Db) -> Result<Vec<&'static str>, DbErr> {
    let made = derived::Entity::find().filter(derived::Column::Done.eq(true)).all(db.read()).await?;
    let is_made = |what: &Backfill| made.iter().any(|row| row.name == what.name() && row.version == what.version());
    Ok(Backfill::ALL.iter().filter(|what| !is_made(what)).map(|what| what.name()).collect())
}

/// Completes pending derivations and returns their names. Each batch is a transaction that also stores the progress, so
/// an interrupted run resumes there, and concurrent runs take turns.
///
/// # Errors
/// When the database fails.
pub async fn catch_up(db: &Db) -> Result<Vec<&'static str>, DbErr> {
    let names = pending(db).await?;
    for what in Backfill::ALL.into_iter().filter(|what| names.contains(&what.name())) {
        while !step(db, what).await? {}
    }
    Ok(names)
}

/// Runs one batch; returns true if it was the last.
async fn step(db: &Db, what: Backfill) -> Result<bool, DbErr> {
    let transaction = db.begin().await?;
    let mut row = locked(&transaction, what).await?;
    if !row.done {
        let after = row.after_company_id.zip(row.after_id);
        let last: Option<Key> = what.batch(&transaction, after).await?;
        row.done = last.is_none();
        (row.after_company_id, row.after_id) = last.unzip();
        row.clone().into_active_model().reset_all().update(&transaction).await?;
    }
    transaction.commit().await?;
    Ok(row.done)
}

/// Loads the progress, or starts anew if there is none of this version. The row is locked until the transaction ends;
/// `SQLite` has only one writer at a time anyway.
async fn locked(transaction: &Transaction, what: Backfill) -> Result<derived::Model, DbErr> {
    let fresh = derived::Model {
        name: what.name().to_owned(),
        version: what.version(),
        done: false,
        after_company_id: None,
        after_id: None,
    };
    derived::Entity::insert(fresh.clone().into_active_model())
        .on_conflict_do_nothing_on([derived::Column::Name])
        .exec_without_returning(transaction)
        .await?;
    let found = derived::Entity::find_by_id(what.name()).lock_exclusive().one(transaction).await?;
    Ok(found.filter(|row| row.version == what.version()).unwrap_or(fresh))
}
