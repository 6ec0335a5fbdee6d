use std::collections::HashSet;

use sea_orm::sea_query::{Expr, ExprTrait, Query, TableRef, Value, ValueTuple};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, Iterable, QueryFilter,
};

/// Writes rows that are there, in one statement: of each the columns that are set in the second of the pair, to the
/// values of the first. What is set in one row is written in all of them: the caller holds the rows, and gives the
/// first as they will be. `key` are the company and the ID; the rows are of one company.
///
/// # Errors
/// When the statement fails.
pub async fn update_rows<E>(
    connection: &impl ConnectionTrait,
    key: [E::Column; 2],
    rows: Vec<(&E::Model, &E::ActiveModel)>,
) -> Result<(), DbErr>
where
    E: EntityTrait,
    E::Model: Clone + IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
{
    let [company, id] = key;
    // One row needs no table of values: its statement is the shorter one to plan.
    if let [(model, columns)] = rows[..] {
        let row = model.clone().into_active_model();
        let mut update = E::update_many().set(columns.clone());
        for column in key {
            update = update.filter(column.eq(value(&row, column)));
        }
        return update.exec(connection).await.map(drop);
    }
    let set = |column: &E::Column| rows.iter().any(|(_, columns)| columns.get(*column).is_set());
    let columns: Vec<E::Column> = E::Column::iter().filter(set).collect();
    let mut companies = HashSet::new();
    let mut values = Vec::with_capacity(rows.len());
    for (model, _) in &rows {
        let row = (*model).clone().into_active_model();
        companies.insert(value(&row, company));
        let cells = std::iter::once(id).chain(columns.iter().copied()).map(|column| value(&row, column));
        values.push(ValueTuple::Many(cells.collect()));
    }
    let Some(of_company) = companies.into_iter().next() else { return Ok(()) };
    // Both databases call the columns of a list of values so.
    let nth = |n: usize| Expr::col(("v", format!("column{n}")));
    let mut update = Query::update();
    update
        .table(E::default())
        .values(columns.into_iter().enumerate().map(|(index, column)| (column, nth(index + 2))))
        .from(TableRef::ValuesList(values, "v".into()))
        .and_where(company.eq(of_company))
        .and_where(Expr::col((E::default(), id)).eq(nth(1)));
    connection.execute(&update).await.map(drop)
}

/// The value of a column of a whole row.
fn value<A: ActiveModelTrait>(row: &A, column: <A::Entity as EntityTrait>::Column) -> Value {
    row.get(column).into_value().unwrap_or_else(|| unreachable!("a row has a value in each column"))
}
