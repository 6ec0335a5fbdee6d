//! Note types: the names a company sorts its notes by.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{Description, ID, Object};
use sea_orm::QueryFilter;

use crate::db::{Db, one_of};
use crate::entity::{Sight, note_type};
use crate::error::Result;
use crate::id::Kind;
use crate::loader::Question;
use crate::scalar::BigInt;

/// What sort of note a note is, by a name of the company's own.
#[derive(Clone, Description)]
pub struct NoteType(pub Arc<note_type::Model>);

#[Object(use_type_description)]
impl NoteType {
    /// Names this type among all records.
    pub async fn id(&self) -> ID {
        Kind::NoteType.id(self.0.id)
    }

    /// The key of the type within its company.
    async fn database_id(&self) -> BigInt {
        BigInt(self.0.id)
    }

    /// Its name, unique within the company.
    async fn name(&self) -> &str {
        &self.0.name
    }
}

/// All types of the viewer's company, by name.
///
/// # Errors
/// When the database fails.
pub async fn all(db: &Db, sight: Sight) -> Result<Vec<NoteType>> {
    let mut types = sight.note_types().all(db.read()).await?;
    // Sorted here, as the databases disagree on the order of texts.
    types.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(types.into_iter().map(|note_type| NoteType(Arc::new(note_type))).collect())
}

/// Note types by key.
pub struct NoteTypeById;

impl Question for NoteTypeById {
    type Key = i64;
    type Answer = Arc<note_type::Model>;

    async fn ask(db: &Db, sight: Sight, keys: &[i64]) -> Result<HashMap<i64, Self::Answer>> {
        let keys = one_of(db.backend(), (note_type::Entity, note_type::Column::Id), keys.iter().copied());
        let types = sight.note_types().filter(keys).all(db.read()).await?;
        Ok(types.into_iter().map(|note_type| (note_type.id, Arc::new(note_type))).collect())
    }
}
