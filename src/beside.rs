//! Records that came along with a note.
//!
//! A note that is asked for alone is read together with the records that it is linked to, as a statement with joins
//! takes half the time of one for each of them. What came along waits here until the engine asks for it. Lists do
//! without: there the same few people would come along with every row.
//!
//! Only queries look for notes by key, so nothing that waits here is older than a change of the same operation.

use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::hash_map::Entry;
use hashbrown::{HashMap, HashSet};
use sea_orm::sea_query::{Expr, ExprTrait, IntoColumnRef, JoinType, SelectStatement};
use sea_orm::{Condition, DbErr, EntityTrait};

use crate::db::Row;
use crate::entity::{Columns, Table, company, customer, note_type, user};

/// What came along in an operation.
#[derive(Default)]
pub struct Beside {
    notes: Mutex<HashSet<i64>>,
    pub companies: Waiting<company::Entity>,
    pub customers: Waiting<customer::Entity>,
    pub note_types: Waiting<note_type::Entity>,
    pub users: Waiting<user::Entity>,
}

impl Beside {
    /// A note is asked for alone.
    pub fn set_alone(&self, note: i64) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).insert(note);
    }

    pub fn is_alone(&self, note: i64) -> bool {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).contains(&note)
    }
}

/// Rows of a table, by key.
pub struct Waiting<E: EntityTrait>(Mutex<HashMap<i64, Arc<E::Model>>>);

impl<E: EntityTrait> Default for Waiting<E> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<E: EntityTrait> Waiting<E> {
    /// The rows of these keys that are here, and the other keys.
    pub fn split(&self, keys: &[i64]) -> (HashMap<i64, Arc<E::Model>>, Vec<i64>) {
        let rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = HashMap::new();
        let mut others = Vec::new();
        for &key in keys {
            match rows.get(&key) {
                Some(row) => drop(found.insert(key, Arc::clone(row))),
                None => others.push(key),
            }
        }
        (found, others)
    }
}

/// A table that is joined to the one that a statement reads.
pub struct Joined<E> {
    columns: Columns<E>,
    /// Where its columns begin.
    place: usize,
}

impl<E: Table> Joined<E> {
    /// Adds the row whose key is in the column `key`; `place` counts the columns that are selected.
    pub fn new(
        select: &mut SelectStatement,
        place: &mut usize,
        columns: Columns<E>,
        name: &'static str,
        on: Condition,
    ) -> Self {
        select.join_as(JoinType::LeftJoin, E::default(), name, on);
        columns.select_from(name, select);
        let joined = Self { columns, place: *place };
        *place += columns.count();
        joined
    }

    /// Keeps what came along with a row, of which `key` tells whether it is linked to any.
    ///
    /// # Errors
    /// When a value is not of the type of its column.
    pub fn keep(&self, row: &Row, key: Option<i64>, waiting: &Waiting<E>) -> Result<(), DbErr> {
        let Some(key) = key else { return Ok(()) };
        let mut rows = waiting.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Vacant(entry) = rows.entry(key) {
            entry.insert(Arc::new(self.columns.read(row, self.place)?));
        }
        Ok(())
    }
}

/// The row of the table called `name` in the statement that belongs to the company and has the ID in `key`.
pub fn on(name: &'static str, company_id: i64, key: impl IntoColumnRef) -> Condition {
    Condition::all().add(Expr::col((name, "company_id")).eq(company_id)).add(Expr::col((name, "id")).equals(key))
}
