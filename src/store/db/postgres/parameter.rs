//! Statement parameters, as the protocol encodes them.

use std::error::Error;

use bytes::BytesMut;
use sea_orm::Value;
use sea_orm::sea_query::{ArrayType, OptionEnum};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// The type that a value is declared and sent as.
pub fn type_of(value: &Value) -> Type {
    match value {
        Value::Bool(_) => Type::BOOL,
        Value::TinyInt(_) => Type::CHAR,
        Value::SmallInt(_) | Value::TinyUnsigned(_) => Type::INT2,
        Value::Int(_) | Value::SmallUnsigned(_) => Type::INT4,
        Value::BigInt(_) | Value::Unsigned(_) | Value::BigUnsigned(_) => Type::INT8,
        Value::Float(_) => Type::FLOAT4,
        Value::Double(_) => Type::FLOAT8,
        Value::Bytes(_) => Type::BYTEA,
        Value::Json(_) => Type::JSONB,
        Value::ChronoDate(_) => Type::DATE,
        Value::ChronoTime(_) => Type::TIME,
        Value::ChronoDateTime(_) => Type::TIMESTAMP,
        Value::ChronoDateTimeUtc(_) | Value::ChronoDateTimeLocal(_) | Value::ChronoDateTimeWithTimeZone(_) => {
            Type::TIMESTAMPTZ
        }
        Value::Array(kind, _) => array_of(kind),
        // String, Enum and Char; other variants belong to disabled features.
        _ => Type::TEXT,
    }
}

fn array_of(kind: &ArrayType) -> Type {
    match kind {
        ArrayType::Bool => Type::BOOL_ARRAY,
        ArrayType::TinyInt => Type::CHAR_ARRAY,
        ArrayType::SmallInt | ArrayType::TinyUnsigned => Type::INT2_ARRAY,
        ArrayType::Int | ArrayType::SmallUnsigned => Type::INT4_ARRAY,
        ArrayType::BigInt | ArrayType::Unsigned | ArrayType::BigUnsigned => Type::INT8_ARRAY,
        ArrayType::Float => Type::FLOAT4_ARRAY,
        ArrayType::Double => Type::FLOAT8_ARRAY,
        ArrayType::Bytes => Type::BYTEA_ARRAY,
        ArrayType::Json => Type::JSONB_ARRAY,
        ArrayType::ChronoDate => Type::DATE_ARRAY,
        ArrayType::ChronoTime => Type::TIME_ARRAY,
        ArrayType::ChronoDateTime => Type::TIMESTAMP_ARRAY,
        ArrayType::ChronoDateTimeUtc | ArrayType::ChronoDateTimeLocal | ArrayType::ChronoDateTimeWithTimeZone => {
            Type::TIMESTAMPTZ_ARRAY
        }
        _ => Type::TEXT_ARRAY,
    }
}

/// A value for a statement that was prepared with its type.
#[derive(Debug)]
pub struct Parameter<'v>(pub &'v Value);

impl ToSql for Parameter<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self.0 {
            Value::Bool(value) => value.to_sql(kind, out),
            Value::TinyInt(value) => value.to_sql(kind, out),
            Value::SmallInt(value) => value.to_sql(kind, out),
            Value::Int(value) => value.to_sql(kind, out),
            Value::BigInt(value) => value.to_sql(kind, out),
            Value::TinyUnsigned(value) => value.map(i16::from).to_sql(kind, out),
            Value::SmallUnsigned(value) => value.map(i32::from).to_sql(kind, out),
            Value::Unsigned(value) => value.map(i64::from).to_sql(kind, out),
            Value::BigUnsigned(value) => value.map(i64::try_from).transpose()?.to_sql(kind, out),
            Value::Float(value) => value.to_sql(kind, out),
            Value::Double(value) => value.to_sql(kind, out),
            Value::String(value) => value.as_deref().to_sql(kind, out),
            Value::Char(value) => value.map(String::from).to_sql(kind, out),
            Value::Enum(OptionEnum::Some(value)) => value.value.as_ref().to_sql(kind, out),
            Value::Enum(OptionEnum::None(_)) => Ok(IsNull::Yes),
            Value::Bytes(value) => value.as_deref().to_sql(kind, out),
            Value::Json(value) => value.as_deref().to_sql(kind, out),
            Value::ChronoDate(value) => value.to_sql(kind, out),
            Value::ChronoTime(value) => value.to_sql(kind, out),
            Value::ChronoDateTime(value) => value.to_sql(kind, out),
            Value::ChronoDateTimeUtc(value) => value.to_sql(kind, out),
            Value::ChronoDateTimeLocal(value) => value.to_sql(kind, out),
            Value::ChronoDateTimeWithTimeZone(value) => value.to_sql(kind, out),
            Value::Array(_, values) => match values.as_deref() {
                Some(values) => values.iter().map(Parameter).collect::<Vec<_>>().to_sql(kind, out),
                None => Ok(IsNull::Yes),
            },
            other => Err(format!("unsupported parameter value: {other:?}").into()),
        }
    }

    /// The type is always that of [`type_of`], which the statement was prepared with.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
