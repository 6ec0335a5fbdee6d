use std::collections::BTreeSet;

use sea_orm::sea_query::{Expr, ExprTrait, LockType};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect};

use super::words::{self, KnownWords};
use crate::ids::{CompanyId, CustomerId, RecordId, UserId};
use crate::store::db::{Dialect, ListColumn, Transaction};
use crate::store::entity::derived::Key;
use crate::store::entity::{customer, user};

/// An entity of people who are found by words.
pub trait Searchable: EntityTrait {
    type Id: RecordId;
    const ID: Self::Column;
    const COMPANY: Self::Column;
    /// The table of their words, and its column with the person's key.
    const WORD_TABLE: &'static str;
    const WORD_ID: &'static str;

    fn key(row: &Self::Model) -> (CompanyId, Self::Id);
    /// The words of a person. Texts that are `known` are not tokenized again.
    fn words(row: &Self::Model, known: &KnownWords) -> BTreeSet<String>;
}

impl Searchable for customer::Entity {
    type Id = CustomerId;

    const ID: customer::Column = customer::Column::Id;
    const COMPANY: customer::Column = customer::Column::CompanyId;
    const WORD_TABLE: &'static str = "customer_word";
    const WORD_ID: &'static str = "customer_id";

    fn key(row: &customer::Model) -> (CompanyId, CustomerId) {
        (row.company_id, row.id)
    }

    fn words(row: &customer::Model, known: &KnownWords) -> BTreeSet<String> {
        words::of_customer(row, known)
    }
}

impl Searchable for user::Entity {
    type Id = UserId;

    const ID: user::Column = user::Column::Id;
    const COMPANY: user::Column = user::Column::CompanyId;
    const WORD_TABLE: &'static str = "user_word";
    const WORD_ID: &'static str = "user_id";

    fn key(row: &user::Model) -> (CompanyId, UserId) {
        (row.company_id, row.id)
    }

    fn words(row: &user::Model, known: &KnownWords) -> BTreeSet<String> {
        words::of_user(row, known)
    }
}

/// Maximum number of people per statement.
const ROWS: usize = 2_000;

/// Writes the words of new people.
///
/// # Errors
/// When a statement fails.
pub async fn add<E: Searchable>(
    connection: &impl ConnectionTrait,
    people: &[E::Model],
    known: &KnownWords,
) -> Result<(), DbErr> {
    let dialect = Dialect::of(connection);
    for some in people.chunks(ROWS) {
        let rows = some.iter().flat_map(|row| {
            let (company, id) = E::key(row);
            E::words(row, known).into_iter().map(move |word| (company, word, id))
        });
        let (mut companies, mut words, mut ids) = (Vec::new(), Vec::new(), Vec::new());
        for (company, word, id) in rows {
            companies.push(company);
            words.push(word);
            ids.push(id);
        }
        let columns = [
            ("company_id", ListColumn::ids(companies)),
            ("word", ListColumn::Texts(words)),
            (E::WORD_ID, ListColumn::ids(ids)),
        ];
        let mut values = Vec::new();
        let rows = dialect.row_list("k", columns, &mut values);
        let (names, columns) = (rows.names.join(", "), rows.columns.join(", "));
        let sql = format!("INSERT INTO {} ({names}) SELECT {columns} FROM {}", E::WORD_TABLE, rows.table);
        connection.execute_raw(dialect.statement(sql, values)).await?;
    }
    Ok(())
}

/// Replaces the words of people; the caller has locked their rows.
///
/// # Errors
/// When a statement fails.
pub async fn replace<E: Searchable>(
    connection: &impl ConnectionTrait,
    people: &[E::Model],
    known: &KnownWords,
) -> Result<(), DbErr> {
    let dialect = Dialect::of(connection);
    for some in people.chunks(ROWS) {
        let (companies, ids): (Vec<CompanyId>, Vec<E::Id>) = some.iter().map(E::key).unzip();
        let columns = [("company_id", ListColumn::ids(companies)), (E::WORD_ID, ListColumn::ids(ids))];
        let mut values = Vec::new();
        let keys = dialect.row_list("k", columns, &mut values);
        let (names, columns) = (keys.names.join(", "), keys.columns.join(", "));
        let sql = format!("DELETE FROM {} WHERE ({names}) IN (SELECT {columns} FROM {})", E::WORD_TABLE, keys.table);
        connection.execute_raw(dialect.statement(sql, values)).await?;
    }
    add::<E>(connection, people, known).await
}

/// Rebuilds the words of the next people after this key, and returns the key of the last one; `None` if there are no
/// more.
pub async fn batch<E>(transaction: &Transaction, after: Option<Key>) -> Result<Option<Key>, DbErr>
where
    E: Searchable,
    E::Model: FromQueryResult + Sized + Send + Sync,
{
    let mut select = E::find().order_by_asc(E::COMPANY).order_by_asc(E::ID).limit(ROWS as u64);
    if let Some((company, id)) = after {
        let key = Expr::tuple([Expr::col(E::COMPANY), Expr::col(E::ID)]);
        select = select.filter(key.gt(Expr::tuple([Expr::val(company), Expr::val(id)])));
    }
    // Locked like for an update, so that transactions that link to them need not wait.
    let people = select.lock(LockType::NoKeyUpdate).all(transaction).await?;
    let Some(last) = people.last() else { return Ok(None) };
    let (company, id) = E::key(last);
    replace::<E>(transaction, &people, &KnownWords::default()).await?;
    Ok(Some((company, id.into())))
}
