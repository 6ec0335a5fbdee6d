use sea_orm::{ActiveModelTrait, DbErr, EntityTrait, IntoActiveModel, Iterable, ModelTrait};

use crate::store::db::Transaction;

/// Parameters per statement. `SQLite` allows 32,766 and `PostgreSQL` 65,535. Ten thousand would insert 1.3 times as
/// fast, but the allocator would keep their memory while the server is idle.
const PARAMETERS: usize = 1_000;

/// Inserts all rows, several per statement.
pub async fn insert<M>(transaction: &Transaction, rows: Vec<M>) -> Result<(), DbErr>
where
    M: ModelTrait + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel>,
    <M::Entity as EntityTrait>::ActiveModel: Send,
{
    let a_time = PARAMETERS / <M::Entity as EntityTrait>::Column::iter().count();
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        // A row that was read counts as unchanged in all columns; a new one must set them all.
        let some = rows.by_ref().take(a_time).map(|row| row.into_active_model().reset_all());
        M::Entity::insert_many(some).exec_without_returning(transaction).await?;
    }
    Ok(())
}
