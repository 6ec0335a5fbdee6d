use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, Query, TableRef, Value, ValueTuple};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, IntoActiveModel, Iterable,
    QueryFilter,
};

/// Maximum number of columns whose values a statement of `SQLite` tells apart by the row's ID.
const FEW: usize = 4;

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
    let is_set = |column: &E::Column| rows.iter().any(|(_, columns)| columns.get(*column).is_set());
    let rows: Vec<E::ActiveModel> = rows.iter().map(|(model, _)| (*model).clone().into_active_model()).collect();
    let Some(first) = rows.first() else { return Ok(()) };
    let ids: Vec<Value> = rows.iter().map(|row| value(row, id)).collect();
    let mut update = Query::update();
    update.table(E::default()).and_where(company.eq(value(first, company)));
    let mut different = Vec::new();
    for column in E::Column::iter().filter(is_set) {
        let mut values: Vec<Value> = rows.iter().map(|row| value(row, column)).collect();
        values.dedup();
        // A value that all rows get is sent once: a batch may give a hundred rows the same long text.
        match <[Value; 1]>::try_from(values) {
            Ok([value]) => {
                update.value(column, Expr::val(value));
            }
            Err(_) => different.push(column),
        }
    }
    let own_id = || Expr::col((E::default(), id));
    if different.is_empty() || (connection.get_database_backend() == DatabaseBackend::Sqlite && different.len() <= FEW)
    {
        // With a table of values, SQLite would store each row's new values in a temporary table first.
        for column in different {
            let case = ids.iter().zip(&rows).fold(CaseStatement::new(), |case, (id, row)| {
                case.case(own_id().eq(id.clone()), Expr::val(value(row, column)))
            });
            update.value(column, case);
        }
        return connection.execute(update.and_where(own_id().is_in(ids))).await.map(drop);
    }
    let row = |(id, row): (Value, &E::ActiveModel)| {
        let cells = different.iter().map(|column| value(row, *column));
        ValueTuple::Many(std::iter::once(id).chain(cells).collect())
    };
    let values = ids.into_iter().zip(&rows).map(row).collect();
    // Both databases name the columns of a VALUES list `column1`, `column2` and so on.
    let nth = |n: usize| Expr::col(("v", format!("column{n}")));
    update
        .values(different.iter().enumerate().map(|(index, column)| (*column, nth(index + 2))))
        .from(TableRef::ValuesList(values, "v".into()))
        .and_where(own_id().eq(nth(1)));
    connection.execute(&update).await.map(drop)
}

/// The value of a column in a complete row.
fn value<A: ActiveModelTrait>(row: &A, column: <A::Entity as EntityTrait>::Column) -> Value {
    row.get(column).into_value().unwrap_or_else(|| unreachable!("a row has a value in each column"))
}
