use std::collections::HashSet;

use sea_orm::sea_query::{Expr, ExprTrait, Query, TableRef, Value, ValueTuple};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, Iterable, QueryFilter,
};

/// Updates existing rows of one company in one statement. Each pair is a row with its new values, and the columns to
/// write. A column that is set in one pair is written in every row, so the caller holds locks on the rows and passes
/// complete new values. `key` names the columns of the company and the ID.
///
/// # Errors
/// If the statement fails.
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
    // A single row needs no table of values, which makes its statement shorter to plan.
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
    // Both databases name the columns of a VALUES list `column1`, `column2` and so on.
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

/// The value of a column in a complete row.
fn value<A: ActiveModelTrait>(row: &A, column: <A::Entity as EntityTrait>::Column) -> Value {
    row.get(column).into_value().unwrap_or_else(|| unreachable!("a row has a value in each column"))
}
