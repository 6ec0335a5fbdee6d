//! Several writes as one statement.

use std::fmt::Write;
use std::mem::take;

use sea_orm::sea_query::Values;
use sea_orm::{DatabaseBackend, Statement, Value};

use crate::store::db::dialect::MOST_PARAMETERS;

/// Merges writes that do not depend on each other into one statement of `PostgreSQL`, all but the last as common table
/// expressions: `WITH w1 AS (..), w2 AS (..) ..`. All of them see the same snapshot and run in any order; foreign keys are
/// checked when all have run.
///
/// A statement that has common table expressions itself stays as it is, and so do the writes before and after it,
/// as groups of their own: `PostgreSQL` writes in the outermost ones only. A group ends where a statement would get too many
/// parameters.
///
/// Equal sequences of statements give equal texts, so that a connection prepares each kind of change once.
pub fn merged(writes: Vec<Statement>) -> Vec<Statement> {
    let mut all = Vec::new();
    let mut group = Vec::new();
    let mut parameters = 0;
    for write in writes {
        let count = values(&write).len();
        let is_alone = write.sql.trim_start().get(..4).is_some_and(|word| word.eq_ignore_ascii_case("WITH"));
        if is_alone || parameters + count > MOST_PARAMETERS {
            all.extend(one(take(&mut group)));
            parameters = 0;
        }
        if is_alone {
            all.push(write);
        } else {
            parameters += count;
            group.push(write);
        }
    }
    all.extend(one(group));
    all
}

fn values(statement: &Statement) -> &[Value] {
    statement.values.as_ref().map_or(&[], |values| &values.0)
}

fn one(mut group: Vec<Statement>) -> Option<Statement> {
    let last = group.pop()?;
    if group.is_empty() {
        return Some(last);
    }
    let (mut sql, mut parameters) = (String::from("WITH "), Vec::new());
    for (index, write) in group.into_iter().enumerate() {
        if index > 0 {
            sql.push_str(", ");
        }
        // Writing to a String does not fail.
        let _ = write!(sql, "w{} AS (", index + 1);
        append(write, &mut sql, &mut parameters);
        sql.push(')');
    }
    sql.push(' ');
    append(last, &mut sql, &mut parameters);
    Some(Statement { sql, values: Some(Values(parameters)), db_backend: DatabaseBackend::Postgres })
}

/// Appends a statement, with its parameters numbered after those before them.
fn append(statement: Statement, sql: &mut String, parameters: &mut Vec<Value>) {
    let before = parameters.len();
    let mut rest = statement.sql.as_str();
    while let Some(at) = rest.find(['$', '\'', '"']) {
        let (text, found) = rest.split_at(at);
        sql.push_str(text);
        if let Some(number) = found.strip_prefix('$') {
            let digits = number.len() - number.trim_start_matches(|char: char| char.is_ascii_digit()).len();
            let (number, after) = number.split_at(digits);
            // Our statements have no other dollar signs.
            let number: usize = number.parse().unwrap_or_default();
            let _ = write!(sql, "${}", before + number);
            rest = after;
        } else {
            // A quoted name or text; a doubled quote in it ends one and begins the next.
            let quote = &found[..1];
            let end = found[1..].find(quote).map_or(found.len(), |end| end + 2);
            sql.push_str(&found[..end]);
            rest = &found[end..];
        }
    }
    sql.push_str(rest);
    parameters.extend(statement.values.into_iter().flat_map(|values| values.0));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(sql: &str, values: impl IntoIterator<Item = i64>) -> Statement {
        Statement::from_sql_and_values(DatabaseBackend::Postgres, sql, values.into_iter().map(Value::from))
    }

    fn shown(writes: Vec<Statement>) -> Vec<(String, usize)> {
        merged(writes).into_iter().map(|one| (one.sql.clone(), values(&one).len())).collect()
    }

    #[test]
    fn parameters_are_numbered_anew() {
        let writes = vec![
            write("UPDATE a SET x = $2, y = $1, z = '$1 ''$1' WHERE \"$1\" = $2", [1, 2]),
            write("DELETE FROM b", []),
            write("INSERT INTO c VALUES ($1, $12)", 0..12),
        ];
        let sql = "WITH w1 AS (UPDATE a SET x = $2, y = $1, z = '$1 ''$1' WHERE \"$1\" = $2), w2 AS (DELETE FROM b) \
                   INSERT INTO c VALUES ($3, $14)";
        assert_eq!(shown(writes), [(sql.to_owned(), 14)]);
    }

    #[test]
    fn what_cannot_be_merged_keeps_its_place() {
        let writes = || ["DELETE FROM a", "DELETE FROM b", "WITH x AS (SELECT 1) DELETE FROM c", "DELETE FROM d"];
        let expected = ["WITH w1 AS (DELETE FROM a) DELETE FROM b", writes()[2], writes()[3]];
        assert_eq!(shown(writes().map(|sql| write(sql, [])).to_vec()), expected.map(|sql| (sql.to_owned(), 0)));
        assert_eq!(shown(Vec::new()), []);
        let many = || write("DELETE FROM a", 0..i64::try_from(MOST_PARAMETERS).unwrap() / 2);
        assert_eq!(shown(vec![many(), many(), many()]).len(), 2);
    }
}
