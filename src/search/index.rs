//! Writing the index: always in the transaction of the change that it follows.
//!
//! Each token carries its company, so that the lists that the databases keep of who has a token are those of one
//! company. The company's number ends where the first [`SEPARATOR`] stands, which is in no token.

use std::collections::HashMap;
use std::fmt::Write;

use sea_orm::sea_query::{ArrayType, Value};
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, Statement};
use serde_json::json;

use super::query::Phrase;
use super::token::tokens;
use crate::entity::{message, note};

/// Of each text, so many tokens are indexed. `PostgreSQL` takes positions up to 16,383 and a megabyte in all, which
/// this many tokens of the greatest length come near to.
const MAX_TOKENS: usize = 10_000;
/// Of each token of a text, so many positions are indexed: as many as `PostgreSQL` keeps, less one.
const MAX_POSITIONS: usize = 255;
/// Rows that are written at once.
const ROWS: usize = 500;

const SEPARATOR: char = '_';
/// Stands where a token is that has too many positions; nobody can look for it.
const GAP: &str = "_";

/// Where in a note words are found. The order is that of their weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    Subject,
    Details,
    Message,
}

impl Field {
    /// As it is stored.
    pub fn number(self) -> i32 {
        match self {
            Self::Subject => 1,
            Self::Details => 2,
            Self::Message => 3,
        }
    }

    /// What a word is worth here, among those that say how well a note matches.
    pub fn weight(self) -> i32 {
        match self {
            Self::Subject => 10,
            Self::Details => 3,
            Self::Message => 1,
        }
    }

    pub fn of(number: i32) -> Self {
        match number {
            1 => Self::Subject,
            2 => Self::Details,
            _ => Self::Message,
        }
    }
}

/// A part of a note, and what it says.
#[derive(Clone, Copy, Debug)]
pub struct Part<'t> {
    pub note_id: i64,
    pub field: Field,
    /// Of a message; 0 in other fields.
    pub position: i32,
    pub text: &'t str,
}

impl<'t> Part<'t> {
    pub fn subject(note: &'t note::Model) -> Self {
        Self { note_id: note.id, field: Field::Subject, position: 0, text: note.subject.as_deref().unwrap_or_default() }
    }

    pub fn details(note: &'t note::Model) -> Self {
        Self { note_id: note.id, field: Field::Details, position: 0, text: note.details.as_deref().unwrap_or_default() }
    }

    pub fn message(message: &'t message::Model) -> Self {
        let message::Model { note_id, position, message: text, .. } = message;
        Self { note_id: *note_id, field: Field::Message, position: *position, text }
    }
}

/// All parts of notes and messages.
pub fn parts<'t>(
    notes: impl IntoIterator<Item = &'t note::Model>,
    messages: impl IntoIterator<Item = &'t message::Model>,
) -> Vec<Part<'t>> {
    let notes = notes.into_iter().flat_map(|note| [Part::subject(note), Part::details(note)]);
    notes.chain(messages.into_iter().map(Part::message)).collect()
}

/// Indexes parts that are new.
///
/// # Errors
/// When a statement fails.
pub async fn add(connection: &impl ConnectionTrait, company_id: i64, parts: &[Part<'_>]) -> Result<(), DbErr> {
    let with_words: Vec<Part> = parts.iter().copied().filter(has_words).collect();
    for some in with_words.chunks(ROWS) {
        match connection.get_database_backend() {
            DatabaseBackend::Postgres => add_postgres(connection, company_id, some).await?,
            _ => add_sqlite(connection, company_id, some).await?,
        }
    }
    Ok(())
}

fn has_words(part: &Part<'_>) -> bool {
    tokens(part.text).next().is_some()
}

/// Indexes parts that may be indexed already with other texts.
///
/// # Errors
/// When a statement fails.
pub async fn replace(connection: &impl ConnectionTrait, company_id: i64, parts: &[Part<'_>]) -> Result<(), DbErr> {
    let is_postgres = connection.get_database_backend() == DatabaseBackend::Postgres;
    // PostgreSQL writes over what is there.
    let gone = parts.iter().copied().filter(|part| !is_postgres || !has_words(part)).collect::<Vec<Part>>();
    for some in gone.chunks(ROWS) {
        let keys = if is_postgres {
            Keys { sql: "SELECT * FROM unnest($2, $3, $4)", values: columns(some).into() }
        } else {
            let key = |part: &Part<'_>| json!([part.note_id, part.field.number(), part.position]);
            let rows: serde_json::Value = some.iter().map(key).collect();
            let sql = "SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)";
            Keys { sql, values: vec![rows.to_string().into()] }
        };
        remove(connection, company_id, "(note_id, field, position)", keys).await?;
    }
    add(connection, company_id, parts).await
}

/// Takes all parts of notes out of the index.
///
/// # Errors
/// When a statement fails.
pub async fn remove_notes(connection: &impl ConnectionTrait, company_id: i64, notes: &[i64]) -> Result<(), DbErr> {
    let keys = if connection.get_database_backend() == DatabaseBackend::Postgres {
        Keys { sql: "SELECT * FROM unnest($2)", values: vec![bigints(notes.iter().copied())] }
    } else {
        Keys { sql: "SELECT value FROM json_each(?)", values: vec![json!(notes).to_string().into()] }
    };
    remove(connection, company_id, "note_id", keys).await
}

/// Rows of keys.
struct Keys {
    sql: &'static str,
    values: Vec<Value>,
}

async fn remove(connection: &impl ConnectionTrait, company_id: i64, columns: &str, keys: Keys) -> Result<(), DbErr> {
    let backend = connection.get_database_backend();
    let Keys { sql, values } = keys;
    let values: Vec<Value> = std::iter::once(company_id.into()).chain(values).collect();
    let company = if backend == DatabaseBackend::Postgres { "$1" } else { "?" };
    let which = format!("company_id = {company} AND {columns} IN ({sql})");
    if backend == DatabaseBackend::Sqlite {
        let sql = format!("DELETE FROM search_word WHERE rowid IN (SELECT id FROM search_part WHERE {which})");
        connection.execute_raw(Statement::from_sql_and_values(backend, sql, values.clone())).await?;
    }
    let sql = format!("DELETE FROM search_part WHERE {which}");
    connection.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await.map(drop)
}

/// The keys of parts, column by column.
fn columns(parts: &[Part<'_>]) -> [Value; 3] {
    [
        bigints(parts.iter().map(|part| part.note_id)),
        parts.iter().map(|part| part.field.number()).collect::<Vec<i32>>().into(),
        parts.iter().map(|part| part.position).collect::<Vec<i32>>().into(),
    ]
}

fn bigints(values: impl Iterator<Item = i64>) -> Value {
    Value::Array(ArrayType::BigInt, Some(Box::new(values.map(Value::from).collect())))
}

async fn add_postgres(connection: &impl ConnectionTrait, company_id: i64, parts: &[Part<'_>]) -> Result<(), DbErr> {
    let sql = "INSERT INTO search_part (company_id, note_id, field, position, words) \
               SELECT $1, note_id, field, position, words::tsvector \
               FROM unnest($2, $3, $4, $5) AS part(note_id, field, position, words) \
               ON CONFLICT (company_id, note_id, field, position) DO UPDATE SET words = EXCLUDED.words";
    let words: Vec<String> = parts.iter().map(|part| vector(company_id, part.text)).collect();
    let values = std::iter::once(company_id.into()).chain(columns(parts)).chain([words.into()]);
    let statement = Statement::from_sql_and_values(DatabaseBackend::Postgres, sql, values);
    connection.execute_raw(statement).await.map(drop)
}

async fn add_sqlite(connection: &impl ConnectionTrait, company_id: i64, parts: &[Part<'_>]) -> Result<(), DbErr> {
    let backend = DatabaseBackend::Sqlite;
    let rows: serde_json::Value =
        parts.iter().map(|part| json!([part.note_id, part.field.number(), part.position, line(part.text)])).collect();
    let rows = rows.to_string();
    let sql = "INSERT INTO search_part (company_id, note_id, field, position, words) \
               SELECT ?, value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?)";
    let values = [company_id.into(), rows.as_str().into()];
    connection.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    let sql = "INSERT INTO search_word (rowid, words) \
               SELECT part.id, replace(rtrim(part.words), ' ', ?) FROM json_each(?) AS new CROSS JOIN search_part AS part \
               WHERE part.company_id = ? AND part.note_id = new.value ->> 0 AND part.field = new.value ->> 1 \
               AND part.position = new.value ->> 2";
    let values = [format!(" {company_id}{SEPARATOR}").into(), rows.into(), company_id.into()];
    connection.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await.map(drop)
}

/// The tokens of a text that are indexed, those with too many positions left out.
fn indexed(text: &str) -> impl Iterator<Item = Option<String>> {
    let mut positions: HashMap<String, usize> = HashMap::new();
    tokens(text).take(MAX_TOKENS).map(move |token| {
        let count = positions.entry(token.word.clone()).or_default();
        *count += 1;
        (*count <= MAX_POSITIONS).then_some(token.word)
    })
}

/// The tokens of a text between blanks, one at either end, as `SQLite` has them.
fn line(text: &str) -> String {
    let mut line = String::from(" ");
    for word in indexed(text) {
        line.push_str(word.as_deref().unwrap_or(GAP));
        line.push(' ');
    }
    line
}

/// The tokens of a text with their positions, in the input form of `PostgreSQL`'s `tsvector`. Tokens hold neither quotes
/// nor backslashes.
fn vector(company_id: i64, text: &str) -> String {
    let mut words: HashMap<String, String> = HashMap::new();
    for (position, word) in (1..).zip(indexed(text)) {
        let Some(word) = word else { continue };
        let positions = words.entry(word).or_default();
        if !positions.is_empty() {
            positions.push(',');
        }
        positions.push_str(&i32::to_string(&position));
    }
    let mut vector = String::new();
    for (word, positions) in words {
        // Writing to a String does not fail.
        let _ = write!(vector, "'{company_id}{SEPARATOR}{word}':{positions} ");
    }
    vector
}

impl Phrase {
    /// In the input form of `PostgreSQL`'s `tsquery`.
    pub fn tsquery(&self, company_id: i64) -> String {
        let words: Vec<String> = self.words.iter().map(|word| format!("'{company_id}{SEPARATOR}{word}'")).collect();
        words.join(" <-> ") + if self.prefix { ":*" } else { "" }
    }

    /// In the query language of `SQLite`'s `FTS5`.
    pub fn fts5(&self, company_id: i64) -> String {
        let words: Vec<String> = self.words.iter().map(|word| format!("{company_id}{SEPARATOR}{word}")).collect();
        format!("\"{}\"{}", words.join(" "), if self.prefix { " *" } else { "" })
    }

    /// What a [`line()`] of words holds.
    pub fn needle(&self) -> String {
        format!(" {}{}", self.words.join(" "), if self.prefix { "" } else { " " })
    }
}
