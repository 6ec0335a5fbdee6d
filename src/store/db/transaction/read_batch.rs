use std::mem::take;

use sea_orm::{DatabaseBackend, DbErr, FromQueryResult, Statement, StatementBuilder};

use crate::store::db::dialect::Dialect;
use crate::store::db::rows::Row;

/// Reads that do not depend on each other's answers. They run in the order in which they were added, each on a snapshot
/// that is not older than that of the one before it; on `PostgreSQL` they are sent in one round trip.
///
/// A transaction can begin with them: see [`Db::begin_with`](crate::store::db::Db::begin_with).
#[derive(Debug)]
pub struct ReadBatch {
    backend: DatabaseBackend,
    statements: Vec<Statement>,
}

/// The place of one read's answer in [`Answers`].
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Answer(usize);

/// The rows that the reads of a [`ReadBatch`] have returned.
#[derive(Debug)]
pub struct Answers(Vec<Vec<Row>>);

impl ReadBatch {
    pub(in crate::store::db) fn new(backend: DatabaseBackend) -> Self {
        Self { backend, statements: Vec::new() }
    }

    pub fn dialect(&self) -> Dialect {
        Dialect::of_backend(self.backend)
    }

    /// Adds a read.
    pub fn add(&mut self, statement: &impl StatementBuilder) -> Answer {
        self.add_raw(self.backend.build(statement))
    }

    /// Adds a read that is written as text.
    pub fn add_raw(&mut self, statement: Statement) -> Answer {
        self.statements.push(statement);
        Answer(self.statements.len() - 1)
    }

    pub(in crate::store::db) fn into_statements(self) -> Vec<Statement> {
        self.statements
    }
}

impl Answers {
    pub(in crate::store::db) fn new(rows: Vec<Vec<Row>>) -> Self {
        Self(rows)
    }

    /// Takes the rows of a read; a second time there are none.
    pub fn take(&mut self, answer: Answer) -> Vec<Row> {
        self.0.get_mut(answer.0).map(take).unwrap_or_default()
    }

    /// Takes the rows of a read of whole rows of a table.
    ///
    /// # Errors
    /// If a value has not the type of its column.
    pub fn take_models<M: FromQueryResult>(&mut self, answer: Answer) -> Result<Vec<M>, DbErr> {
        Row::results(self.take(answer))?.iter().map(|row| M::from_query_result(row, "")).collect()
    }
}
