//! Rows as parameters of a statement that is written as text: its text is the same for any number of rows, and there
//! may be more rows than a statement takes parameters for.

use sea_orm::sea_query::Value;
use serde_json::Value as Json;

use super::{Database, Dialect};
use crate::ids::RecordId;

/// The values of one column of a [`RowList`], by type.
pub enum ListColumn {
    Ints(Vec<i32>),
    BigInts(Vec<i64>),
    /// Integers other than 0, or null.
    NullableBigInts(Vec<Option<i64>>),
    Flags(Vec<bool>),
    Texts(Vec<String>),
    /// Texts in JSON, for a column that stores JSON.
    Documents(Vec<String>),
    /// The same, or null.
    NullableDocuments(Vec<Option<String>>),
}

/// A list of rows as a table in a statement: `unnest($1, $2) AS k(a, b)` on `PostgreSQL`, with an array for each
/// column, and `json_each($1) AS k` on `SQLite`, with JSON for all of them.
pub struct RowList<const N: usize> {
    /// The table with its alias, for a FROM clause.
    pub table: String,
    /// The names of the columns, as given.
    pub names: [&'static str; N],
    /// The columns, as expressions.
    pub columns: [String; N],
}

impl Dialect {
    /// Adds a list of rows, given by its columns, to the values of a statement; its parameters follow those that
    /// `values` holds already. All columns have the same number of values.
    pub fn row_list<const N: usize>(
        self,
        alias: &str,
        columns: [(&'static str, ListColumn); N],
        values: &mut Vec<Value>,
    ) -> RowList<N> {
        let names = columns.each_ref().map(|(name, _)| *name);
        let first = values.len() + 1;
        match self.0 {
            Database::Postgres => {
                let parameters: Vec<String> = (first..first + N).map(|number| format!("${number}")).collect();
                let table = format!("unnest({}) AS {alias}({})", parameters.join(", "), names.join(", "));
                let columns = columns.map(|(name, column)| {
                    let expression = match column {
                        // Arrays hold no nulls here.
                        ListColumn::NullableBigInts(_) => format!("nullif({alias}.{name}, 0)"),
                        ListColumn::Documents(_) => format!("{alias}.{name}::jsonb"),
                        ListColumn::NullableDocuments(_) => format!("nullif({alias}.{name}, '')::jsonb"),
                        _ => format!("{alias}.{name}"),
                    };
                    values.push(column.array());
                    expression
                });
                RowList { table, names, columns }
            }
            Database::Sqlite => {
                values.push(json_rows(columns.map(|(_, column)| column)).into());
                let columns = std::array::from_fn(|index| format!("{alias}.value ->> {index}"));
                RowList { table: format!("json_each(${first}) AS {alias}"), names, columns }
            }
        }
    }
}

impl ListColumn {
    /// A column of IDs.
    pub fn ids<I: RecordId>(ids: impl IntoIterator<Item = I>) -> Self {
        Self::BigInts(ids.into_iter().map(Into::into).collect())
    }

    /// A column of IDs, or null.
    pub fn nullable_ids<I: RecordId>(ids: impl IntoIterator<Item = Option<I>>) -> Self {
        Self::NullableBigInts(ids.into_iter().map(|id| id.map(Into::into)).collect())
    }

    fn array(self) -> Value {
        match self {
            Self::Ints(values) => values.into(),
            Self::BigInts(values) => values.into(),
            Self::NullableBigInts(values) => {
                values.into_iter().map(Option::unwrap_or_default).collect::<Vec<i64>>().into()
            }
            Self::Flags(values) => values.into(),
            Self::Texts(values) | Self::Documents(values) => values.into(),
            Self::NullableDocuments(values) => {
                values.into_iter().map(Option::unwrap_or_default).collect::<Vec<String>>().into()
            }
        }
    }

    fn cells(self) -> Vec<Json> {
        match self {
            Self::Ints(values) => values.into_iter().map(Json::from).collect(),
            Self::BigInts(values) => values.into_iter().map(Json::from).collect(),
            Self::NullableBigInts(values) => values.into_iter().map(Json::from).collect(),
            Self::Flags(values) => values.into_iter().map(Json::from).collect(),
            Self::Texts(values) | Self::Documents(values) => values.into_iter().map(Json::from).collect(),
            Self::NullableDocuments(values) => values.into_iter().map(Json::from).collect(),
        }
    }
}

/// The rows as a JSON array of arrays.
fn json_rows<const N: usize>(columns: [ListColumn; N]) -> String {
    let mut columns = columns.map(|column| column.cells().into_iter());
    let rows = std::iter::from_fn(|| {
        let row: Vec<Json> = columns.iter_mut().filter_map(Iterator::next).collect();
        (!row.is_empty()).then_some(Json::Array(row))
    });
    rows.collect::<Json>().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(dialect: Dialect) -> (RowList<4>, Vec<Value>) {
        let mut values = vec![7.into()];
        let columns = [
            ("id", ListColumn::BigInts(vec![1, 2])),
            ("parent", ListColumn::NullableBigInts(vec![None, Some(3)])),
            ("text", ListColumn::Texts(vec!["a\"".to_owned(), "b".to_owned()])),
            ("changes", ListColumn::Documents(vec!["[]".to_owned(), "[1]".to_owned()])),
        ];
        let list = dialect.row_list("k", columns, &mut values);
        (list, values)
    }

    #[test]
    fn a_column_is_an_array_on_postgresql() {
        let (list, values) = list(Dialect::POSTGRES);
        assert_eq!(list.table, "unnest($2, $3, $4, $5) AS k(id, parent, text, changes)");
        assert_eq!(list.names, ["id", "parent", "text", "changes"]);
        assert_eq!(list.columns, ["k.id", "nullif(k.parent, 0)", "k.text", "k.changes::jsonb"]);
        let texts = |texts: [&str; 2]| texts.map(str::to_owned).to_vec();
        let expected: [Value; 5] = [
            7.into(),
            vec![1_i64, 2].into(),
            vec![0_i64, 3].into(),
            texts(["a\"", "b"]).into(),
            texts(["[]", "[1]"]).into(),
        ];
        assert_eq!(values, expected);
    }

    #[test]
    fn a_list_is_one_parameter_on_sqlite() {
        let (list, values) = list(Dialect::SQLITE);
        assert_eq!(list.table, "json_each($2) AS k");
        assert_eq!(list.names, ["id", "parent", "text", "changes"]);
        assert_eq!(list.columns, ["k.value ->> 0", "k.value ->> 1", "k.value ->> 2", "k.value ->> 3"]);
        assert_eq!(values, [7.into(), r#"[[1,null,"a\"","[]"],[2,3,"b","[1]"]]"#.into()]);
    }

    #[test]
    fn a_list_may_be_empty() {
        let mut values = Vec::new();
        let list = Dialect::SQLITE.row_list("k", [("id", ListColumn::Ints(Vec::new()))], &mut values);
        assert_eq!((list.table.as_str(), values), ("json_each($1) AS k", vec!["[]".into()]));
    }
}
