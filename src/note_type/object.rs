//! The GraphQL type `NoteType`, and its loader.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::context::Reader;
use crate::db::one_of;
use crate::engine::{Question, leaf, lent, object};
use crate::entity::{Columns, note_type};
use crate::error::Result;
use crate::id::{GlobalId, Kind};
use crate::scalar::BigInt;

/// The GraphQL object of a note type's row.
#[derive(Clone)]
pub struct NoteType(pub Arc<note_type::Model>);

object! {
    /// A category of notes, defined and named by the company.
    NoteType implements "Node" {
        /// The global ID of the type.
        id = leaf(|kind: &NoteType| GlobalId(Kind::NoteType, kind.0.id));
        /// The key of the type within its company.
        database_id = leaf(|kind: &NoteType| BigInt(kind.0.id)).reads(&["id"]);
        /// The name of the type, unique within the company.
        name = lent(|kind: &NoteType| &kind.0.name);
    }
}

/// Loads all types of the viewer's company, by name.
///
/// # Errors
/// When the database fails.
pub async fn all(reader: &Reader) -> Result<Vec<NoteType>> {
    let mut types = reader.sight.note_types().all(reader.db.read()).await?;
    // Sorted here, because the databases order texts differently.
    types.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(types.into_iter().map(|note_type| NoteType(Arc::new(note_type))).collect())
}

/// Loads note types by key.
pub struct NoteTypeById;

impl Question for NoteTypeById {
    type Key = i64;
    type Answer = Arc<note_type::Model>;
    type Source = Reader;
    type Error = crate::error::Error;

    async fn ask(reader: &Reader, keys: &[i64]) -> Result<HashMap<i64, Self::Answer>> {
        let keys = one_of(reader.db.backend(), (note_type::Entity, note_type::Column::Id), keys.iter().copied());
        let condition = reader.sight.sees_note_type().add(keys);
        let types = Columns::<note_type::Entity>::ALL.matching(condition, reader.db.read()).await?;
        Ok(types.into_iter().map(|note_type| (note_type.id, Arc::new(note_type))).collect())
    }
}
