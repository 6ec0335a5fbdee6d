//! The GraphQL type `NoteType`, and its loader.

use std::sync::Arc;

use breadth::{Loader, field, field_ref, object};
use hashbrown::HashMap;

use crate::error::Result;
use crate::graphql::context::DataSource;
use crate::graphql::global_id::GlobalId;
use crate::graphql::scalars::BigInt;
use crate::ids::NoteTypeId;
use crate::store::entity::note_type;
use crate::store::statement_template::TemplateName;
use crate::store::{AccessScope, ColumnSet};

/// The GraphQL object of a note type's row.
#[derive(Clone)]
pub struct NoteType(pub Arc<note_type::Model>);

object! {
    /// A category of notes, defined and named by the company.
    NoteType implements "Node" {
        /// The global ID of the type.
        id = field(|kind: &NoteType| GlobalId(kind.0.id));
        /// The key of the type within its company.
        database_id = field(|kind: &NoteType| BigInt::from(kind.0.id)).reads(&["id"]);
        /// The name of the type, unique within the company.
        name = field_ref(|kind: &NoteType| &kind.0.name);
    }
}

/// Loads all types of the viewer's company, by name.
///
/// # Errors
/// When the database fails.
pub async fn all(reader: &DataSource) -> Result<Vec<NoteType>> {
    let mut types = reader.access.note_types().all(reader.db.read()).await?;
    // Sorted here, because the databases order texts differently.
    types.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(types.into_iter().map(|note_type| NoteType(Arc::new(note_type))).collect())
}

/// Loads note types by key.
pub struct NoteTypeById;

impl Loader for NoteTypeById {
    type Key = NoteTypeId;
    type Value = Arc<note_type::Model>;
    type Source = DataSource;
    type Error = crate::error::Error;

    async fn load(reader: &DataSource, keys: &[NoteTypeId]) -> Result<HashMap<NoteTypeId, Self::Value>> {
        let (columns, dialect) = (ColumnSet::<note_type::Entity>::ALL, reader.db.dialect());
        let find = |access: AccessScope, keys: &[i64]| {
            let keys = dialect.one_of((note_type::Entity, note_type::Column::Id), keys.iter().copied());
            columns.matching(access.visible_note_types().add(keys))
        };
        let types = columns.rows(reader.statement(TemplateName::NoteTypes, keys, find), reader.db.read()).await?;
        Ok(types.into_iter().map(|note_type| (note_type.id, Arc::new(note_type))).collect())
    }
}
