//! Converts rows to those of `SeaORM`.

use std::collections::BTreeMap;
use std::error::Error;

use sea_orm::sea_query::ArrayType;
use sea_orm::{
    DatabaseBackend, DbErr, ExecResult, MockDatabase, MockDatabaseTrait, MockExecResult, QueryResult, Statement, Value,
};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Kind, Type};

/// Returns the value at an index; `None` if it is null.
///
/// # Errors
/// If the column has another type.
pub fn cell<'r, T: FromSql<'r>>(row: &'r Row, place: usize) -> Result<Option<T>, DbErr> {
    row.try_get(place).map_err(super::error::query)
}

/// Converts rows to those that `SeaORM` accepts from other drivers: maps from column name to value.
///
/// # Errors
/// If a value does not match its column's type.
pub fn results(rows: &[Row]) -> Result<Vec<QueryResult>, DbErr> {
    let rows = rows.iter().map(by_name).collect::<Result<Vec<_>, _>>()?;
    MockDatabase::new(DatabaseBackend::Postgres).append_query_results([rows]).query(0, nothing())
}

/// Converts the number of affected rows to `SeaORM`'s result.
///
/// # Errors
/// None known.
pub fn changed(rows_affected: u64) -> Result<ExecResult, DbErr> {
    let changed = MockExecResult { last_insert_id: 0, rows_affected };
    MockDatabase::new(DatabaseBackend::Postgres).append_exec_results([changed]).execute(0, nothing())
}

/// A placeholder: the mock does not look at the statement.
fn nothing() -> Statement {
    Statement::from_string(DatabaseBackend::Postgres, "")
}

fn by_name(row: &Row) -> Result<BTreeMap<String, Value>, DbErr> {
    let mut values = BTreeMap::new();
    for (place, column) in row.columns().iter().enumerate() {
        let value = value(row, place, column.type_())?;
        // SeaORM takes indexes in the order of the names, so these names sort first; no real column has one.
        values.insert(format!("\0{place:05}"), value.clone());
        values.insert(column.name().to_owned(), value);
    }
    Ok(values)
}

fn value(row: &Row, place: usize, kind: &Type) -> Result<Value, DbErr> {
    Ok(match *kind {
        Type::BOOL => Value::Bool(cell(row, place)?),
        Type::CHAR => Value::TinyInt(cell(row, place)?),
        Type::INT2 => Value::SmallInt(cell(row, place)?),
        Type::INT4 => Value::Int(cell(row, place)?),
        Type::INT8 => Value::BigInt(cell(row, place)?),
        Type::OID => Value::BigInt(cell::<u32>(row, place)?.map(i64::from)),
        Type::FLOAT4 => Value::Float(cell(row, place)?),
        Type::FLOAT8 => Value::Double(cell(row, place)?),
        Type::BYTEA => Value::Bytes(cell(row, place)?),
        Type::JSON | Type::JSONB => Value::Json(cell::<serde_json::Value>(row, place)?.map(Box::new)),
        Type::DATE => Value::ChronoDate(cell(row, place)?),
        Type::TIME => Value::ChronoTime(cell(row, place)?),
        Type::TIMESTAMP => Value::ChronoDateTime(cell(row, place)?),
        Type::TIMESTAMPTZ => Value::ChronoDateTimeUtc(cell(row, place)?),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN => Value::String(cell(row, place)?),
        Type::BOOL_ARRAY => array(ArrayType::Bool, cell::<Vec<bool>>(row, place)?),
        Type::INT2_ARRAY => array(ArrayType::SmallInt, cell::<Vec<i16>>(row, place)?),
        Type::INT4_ARRAY => array(ArrayType::Int, cell::<Vec<i32>>(row, place)?),
        Type::INT8_ARRAY => array(ArrayType::BigInt, cell::<Vec<i64>>(row, place)?),
        Type::TEXT_ARRAY | Type::VARCHAR_ARRAY | Type::NAME_ARRAY => {
            array(ArrayType::String, cell::<Vec<String>>(row, place)?)
        }
        _ => match kind.kind() {
            Kind::Enum(_) => Value::String(cell(row, place)?),
            Kind::Domain(of) => self::value(row, place, of)?,
            _ => Value::Bytes(cell::<Unread>(row, place)?.map(|Unread(bytes)| bytes)),
        },
    })
}

fn array<T: Into<Value>>(kind: ArrayType, values: Option<Vec<T>>) -> Value {
    Value::Array(kind, values.map(|values| Box::new(values.into_iter().map(Into::into).collect())))
}

/// The raw bytes of a value of a type that nothing reads.
struct Unread(Vec<u8>);

impl<'r> FromSql<'r> for Unread {
    fn from_sql(_: &Type, bytes: &'r [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(bytes.to_vec()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
