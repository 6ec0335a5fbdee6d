//! The tags of notes, one per row. The database keeps them in sync with the lists in the notes.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;

use crate::ids::{CompanyId, NoteId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "note_tag")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub company_id: CompanyId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub note_id: NoteId,
    /// Position in the list, from 1, with gaps where a tag is repeated.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    #[sea_orm(column_type = "Text")]
    pub tag: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Number of characters of a tag that are indexed. Imported tags may be longer.
const INDEXED: usize = 200;

/// The indexed prefix of the tag, spelled as in the index.
pub fn beginning() -> Expr {
    Expr::cust(r#"substr("note_tag"."tag", 1, 200)"#)
}

/// The indexed prefix of a tag.
pub fn cut(tag: &str) -> &str {
    tag.char_indices().nth(INDEXED).map_or(tag, |(end, _)| &tag[..end])
}
