//! The note types that records name, found or created.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};

use super::ids::IdAllocator;
use super::rows::insert;
use crate::exchange::note::ImportedNote;
use crate::exchange::reader::Reject;
use crate::ids::{CompanyId, NoteTypeId};
use crate::store::entity::note_type;

/// All note types of the company.
#[derive(Default)]
pub struct Types {
    by_id: HashMap<NoteTypeId, note_type::Model>,
    by_name: HashMap<String, NoteTypeId>,
}

impl Types {
    pub async fn load(connection: &impl ConnectionTrait, company_id: CompanyId) -> Result<Self, DbErr> {
        let rows =
            note_type::Entity::find().filter(note_type::Column::CompanyId.eq(company_id)).all(connection).await?;
        let mut types = Self::default();
        for row in rows {
            types.add(row);
        }
        Ok(types)
    }

    fn add(&mut self, row: note_type::Model) {
        self.by_name.insert(row.name.clone(), row.id);
        self.by_id.insert(row.id, row);
    }

    pub fn by_id(&self, id: Option<NoteTypeId>) -> Option<&note_type::Model> {
        self.by_id.get(&id?)
    }

    fn by_name(&self, name: &str) -> Option<&note_type::Model> {
        self.by_id(self.by_name.get(name).copied())
    }

    /// Creates the types that these notes name and that do not exist; returns how many.
    pub async fn make(
        &mut self,
        connection: &impl ConnectionTrait,
        company_id: CompanyId,
        notes: impl Iterator<Item = &ImportedNote>,
        ids: &mut IdAllocator,
    ) -> Result<u64, DbErr> {
        let mut made = Vec::new();
        for note in notes {
            let Some(name) = note.type_name.as_deref().filter(|name| self.by_name(name).is_none()) else { continue };
            // An id that an import generated is taken, but says nothing about the id of the record.
            let given = note.type_id.filter(|id| !self.by_id.contains_key(id));
            if note.type_id.is_some_and(|id| self.by_id.get(&id).is_some_and(|row| !row.from_import)) {
                continue;
            }
            let id = match given {
                Some(id) => id,
                None => ids.next(connection, company_id, 1).await?.pop().unwrap_or_default(),
            };
            let row = note_type::Model { company_id, id, name: name.to_owned(), from_import: given.is_none() };
            self.add(row.clone());
            made.push(row);
        }
        let count = made.len() as u64;
        if let Some(largest) = made.iter().map(|row| row.id).max() {
            ids.reserve(connection, company_id, largest).await?;
            insert::<note_type::Entity, _>(connection, made).await?;
        }
        Ok(count)
    }

    /// Returns the type of a note; warns if the type has another id here.
    ///
    /// # Errors
    /// When the id has another name here.
    pub fn of(&self, note: &ImportedNote, warnings: &mut Vec<String>) -> Result<Option<&note_type::Model>, Reject> {
        let numbered = self.by_id(note.type_id).filter(|row| !row.from_import);
        match (note.type_name.as_deref(), note.type_id) {
            (None, None) => Ok(None),
            (None, Some(id)) => {
                if numbered.is_none() {
                    warnings.push(format!("note type {id} has no name: left empty"));
                }
                Ok(numbered)
            }
            (Some(name), id) => {
                if let Some(row) = numbered.filter(|row| row.name != name) {
                    return Err(format!("note type {} is named {:?} here, not {name:?}", row.id, row.name));
                }
                let row = self.by_name(name);
                if let (Some(row), Some(id)) = (row, id.filter(|_| numbered.is_none())) {
                    warnings.push(format!("note type {id} ({name:?}) is {} here", row.id));
                }
                Ok(row)
            }
        }
    }
}
