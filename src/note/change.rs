//! What all changes have in common: finding the note, and the records that it is to be linked to.

use std::collections::HashSet;

use async_graphql::ID;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect, Select};

use super::text::{Problems, USERS, distinct};
use super::user_error::{ErrorCode, UserError};
use crate::db::one_of;
use crate::entity::{Sight, customer, note, note_type, user};
use crate::error::Result;
use crate::id::{Kind, quote};

/// A note that the viewer sees, held until the transaction ends: others who change it wait. (`SQLite` has one writer at
/// a time anyway.)
pub async fn hold_note(
    transaction: &DatabaseTransaction,
    sight: Sight,
    field: &str,
    id: &ID,
) -> Result<Result<note::Model, UserError>> {
    let key = match Kind::Note.parse(id) {
        Ok(key) => key,
        Err(message) => return Ok(Err(UserError::new(ErrorCode::Invalid, &["input", field], message))),
    };
    let found = sight.notes().filter(note::Column::Id.eq(key)).lock_exclusive().one(transaction).await?;
    // Whoever had to wait for the lock was let in by what was true before; look again whether the note is still to be
    // seen, where that hangs on an assignment.
    let found = match found {
        Some(note) if note.confidential && !sight.confidential => {
            sight.notes().filter(note::Column::Id.eq(key)).one(transaction).await?
        }
        found => found,
    };
    Ok(found.ok_or_else(|| UserError::no_note(field, id)))
}

/// Links that an input asks for, to be looked up together.
#[derive(Default)]
pub struct References(Vec<(Kind, i64, Vec<String>)>);

impl References {
    /// Takes note of a link; an ID that is none is a problem at once.
    pub fn add(&mut self, problems: &mut Problems, kind: Kind, path: &[&str], id: &ID) -> Option<i64> {
        match kind.parse(id) {
            Ok(key) => {
                self.0.push((kind, key, path.iter().map(|&name| name.to_owned()).collect()));
                Some(key)
            }
            Err(message) => {
                problems.add(ErrorCode::Invalid, path, message);
                None
            }
        }
    }

    /// Takes note of a list of users, each once.
    pub fn users(&mut self, problems: &mut Problems, path: &[&str], ids: &[ID]) -> Vec<i64> {
        if !problems.many(path, ids.len(), USERS) {
            return Vec::new();
        }
        let user = |(index, id): (usize, &ID)| {
            let index = index.to_string();
            self.add(problems, Kind::User, &[path, &[index.as_str()]].concat(), id)
        };
        distinct(ids.iter().enumerate().filter_map(user))
    }

    /// Looks the links up: whatever does not exist for the viewer is a problem.
    pub async fn check(self, transaction: &DatabaseTransaction, sight: Sight, problems: &mut Problems) -> Result<()> {
        let keys = |kind: Kind| self.0.iter().filter(move |link| link.0 == kind).map(|link| link.1).collect::<Vec<_>>();
        let mut found: HashSet<(Kind, i64)> = HashSet::new();
        let customers = existing(transaction, sight.customers(), customer::Column::Id, keys(Kind::Customer)).await?;
        found.extend(customers.into_iter().map(|key| (Kind::Customer, key)));
        let users = existing(transaction, sight.users(), user::Column::Id, keys(Kind::User)).await?;
        found.extend(users.into_iter().map(|key| (Kind::User, key)));
        let types = existing(transaction, sight.note_types(), note_type::Column::Id, keys(Kind::NoteType)).await?;
        found.extend(types.into_iter().map(|key| (Kind::NoteType, key)));
        for (kind, key, path) in self.0 {
            if !found.contains(&(kind, key)) {
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                let message = format!("There is no {} {}.", kind.name(), quote(&kind.id(key)));
                problems.add(ErrorCode::ReferenceNotFound, &path, message);
            }
        }
        Ok(())
    }
}

async fn existing<E: EntityTrait>(
    transaction: &DatabaseTransaction,
    records: Select<E>,
    id: E::Column,
    keys: Vec<i64>,
) -> Result<Vec<i64>> {
    if keys.is_empty() {
        return Ok(keys);
    }
    let backend = sea_orm::ConnectionTrait::get_database_backend(transaction);
    let keys = one_of(backend, (E::default(), id), keys);
    Ok(records.select_only().column(id).filter(keys).into_tuple().all(transaction).await?)
}
