//! Values on their way to `PostgreSQL` and back.

use notegraph::store::db::RowQueries;
use sea_orm::prelude::{Date, DateTimeUtc};
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement, Value};
use serde_json::json;

use testkit::{App, Database, Engine};

fn ask<const N: usize>(sql: &str, values: [Value; N]) -> Statement {
    Statement::from_sql_and_values(DatabaseBackend::Postgres, sql, values)
}

async fn start() -> Option<App> {
    Some(App::start_on(&Engine::postgres()?).await)
}

#[tokio::test]
async fn values_round_trip() {
    let Some(app) = start().await else { return };
    let db = app.db().read();
    let time: DateTimeUtc = "2026-02-03T04:05:06.789012Z".parse().unwrap();
    let date: Date = "1987-06-05".parse().unwrap();
    let (text, bytes) = ("ä\u{1f600}' \\".to_owned(), vec![0_u8, 255, 7]);
    let sent: [Value; 12] = [
        true.into(),
        i32::MIN.into(),
        i64::MAX.into(),
        text.clone().into(),
        bytes.clone().into(),
        json!({ "a": [1, null] }).into(),
        date.into(),
        time.into(),
        1.5_f64.into(),
        vec![1_i64, -2].into(),
        vec!["x".to_owned(), String::new()].into(),
        Option::<String>::None.into(),
    ];
    let places: Vec<String> = (1..=sent.len()).map(|place| format!("${place}")).collect();
    // The names have another order than the columns, and the last two are equal.
    let names = ["m", "l", "k", "j", "i", "h", "g", "f", "e", "d", "a", "a"];
    let columns: Vec<String> = places.iter().zip(names).map(|(place, name)| format!("{place} AS {name}")).collect();
    let statement = ask(&format!("SELECT {}", columns.join(", ")), sent);
    let row = db.query_one_raw(statement.clone()).await.unwrap().unwrap();
    assert!(row.try_get_by_index::<bool>(0).unwrap() && row.try_get::<bool>("", "m").unwrap());
    assert_eq!(row.try_get_by_index::<i32>(1).unwrap(), i32::MIN);
    assert_eq!(row.try_get::<i64>("", "k").unwrap(), i64::MAX);
    assert_eq!(row.try_get_by_index::<String>(3).unwrap(), text);
    assert_eq!(row.try_get_by_index::<Vec<u8>>(4).unwrap(), bytes);
    assert_eq!(row.try_get_by_index::<serde_json::Value>(5).unwrap(), json!({ "a": [1, null] }));
    assert_eq!(row.try_get_by_index::<Date>(6).unwrap(), date);
    assert_eq!(row.try_get_by_index::<DateTimeUtc>(7).unwrap(), time);
    assert!((row.try_get_by_index::<f64>(8).unwrap() - 1.5).abs() < f64::EPSILON);
    assert_eq!(row.try_get_by_index::<Vec<i64>>(9).unwrap(), [1, -2]);
    assert_eq!(row.try_get_by_index::<Vec<String>>(10).unwrap(), ["x", ""]);
    assert_eq!(row.try_get_by_index::<Option<String>>(11).unwrap(), None);
    // The same values, read by position only.
    let row = db.row_raw(statement).await.unwrap().unwrap();
    assert_eq!((row.get::<bool>(0).unwrap(), row.get::<i32>(1).unwrap()), (true, i32::MIN));
    assert_eq!((row.get::<i64>(2).unwrap(), row.get::<String>(3).unwrap()), (i64::MAX, text));
    assert_eq!((row.get::<Date>(6).unwrap(), row.get::<DateTimeUtc>(7).unwrap()), (date, time));
    assert_eq!(row.get::<Option<String>>(11).unwrap(), None);
    assert!(row.get::<String>(11).is_err() && row.get::<i32>(2).is_err(), "of another type");
}

/// A statement is prepared for the types of its values: the same text with other types is another statement.
#[tokio::test]
async fn one_statement_accepts_values_of_several_types() {
    let Some(app) = start().await else { return };
    let transaction = app.db().begin().await.unwrap();
    let kind = "SELECT CAST(pg_typeof($1) AS text)";
    for _ in 0..3 {
        for (value, expected) in [
            (Value::from(1_i64), "bigint"),
            (Value::from("x"), "text"),
            (Value::from(Option::<i32>::None), "integer"),
            (Value::from(vec![1_i64]), "bigint[]"),
        ] {
            let row = transaction.row_raw(ask(kind, [value])).await.unwrap().unwrap();
            assert_eq!(row.get::<String>(0).unwrap(), expected);
        }
    }
    transaction.rollback().await.unwrap();
}

/// A statement is prepared again after its table has changed: at most the first query fails.
#[tokio::test]
async fn statements_are_prepared_again_after_a_schema_change() {
    let Some(postgres) = Engine::postgres() else { return };
    let database = Database::migrated(&postgres).await;
    let db = database.open().await;
    let door = db.schema_connection();
    door.execute_unprepared("CREATE TABLE changing (one integer)").await.unwrap();
    door.execute_unprepared("INSERT INTO changing VALUES (1)").await.unwrap();
    let transaction = db.begin().await.unwrap();
    let all = || ask("SELECT * FROM changing", []);
    assert_eq!(transaction.query_all_raw(all()).await.unwrap().len(), 1);
    transaction.commit().await.unwrap();
    door.execute_unprepared("ALTER TABLE changing ADD COLUMN two integer").await.unwrap();
    let mut failed = 0;
    for _ in 0..100 {
        failed += i32::from(db.read().query_all_raw(all()).await.is_err());
    }
    assert!(failed <= 1, "{failed} times");
    db.close().await.unwrap();
}

/// An inner transaction can be rolled back without the outer one, also by dropping it.
#[tokio::test]
async fn transactions_nest() {
    let app = App::start().await;
    let name = |name: &str| format!("INSERT INTO id_names (name) VALUES ('{name}')");
    app.db().schema_connection().execute_unprepared("CREATE TABLE id_names (name text)").await.unwrap();
    let outer = app.db().begin().await.unwrap();
    outer.execute_unprepared(&name("outer")).await.unwrap();
    let dropped = outer.begin().await.unwrap();
    dropped.execute_unprepared(&name("dropped")).await.unwrap();
    drop(dropped);
    let kept = outer.begin().await.unwrap();
    kept.execute_unprepared(&name("kept")).await.unwrap();
    let inner = kept.begin().await.unwrap();
    inner.execute_unprepared(&name("inner")).await.unwrap();
    inner.rollback().await.unwrap();
    kept.commit().await.unwrap();
    outer.commit().await.unwrap();
    let sql = "SELECT name FROM id_names ORDER BY name";
    let rows = app.db().read().query_all_raw(Statement::from_string(app.db().backend(), sql)).await.unwrap();
    let names: Vec<String> = rows.iter().map(|row| row.try_get("", "name").unwrap()).collect();
    assert_eq!(names, ["kept", "outer"]);
}
