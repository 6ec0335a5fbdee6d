//! `Note.history`.

use std::sync::Arc;

use async_graphql::InputObject;
use breadth::{Args, FieldDefinition, relation_with_args};

use super::connection::NoteEventConnection;
use super::load::{HistoryKey, HistoryOf};
use crate::event::{History, HistoryField};
use crate::graphql::pagination::PageArgs;
use crate::ids::NoteId;

/// The arguments of `Note.history`.
#[derive(InputObject)]
pub struct NoteHistoryArgs {
    /// The page size when paging forwards, to older events.
    first: Option<i32>,
    /// Only events older than this cursor.
    after: Option<String>,
    /// The page size when paging backwards.
    last: Option<i32>,
    /// Only events newer than this cursor.
    before: Option<String>,
}

impl HistoryField for History {
    /// The field `Note.history`; null if it fails, so that the note keeps its other fields.
    fn history_field<R: 'static>(note: impl Fn(&R) -> NoteId + Send + Sync + 'static) -> FieldDefinition {
        relation_with_args::<R, Args<NoteHistoryArgs>, HistoryOf, _, _>(
            move |row, Args(args), _| {
                let NoteHistoryArgs { first, after, last, before } = args;
                let args =
                    PageArgs { first: *first, after: after.clone(), last: *last, before: before.clone(), page: None };
                Ok((Some(HistoryKey { note_id: note(row), args: Arc::new(args) }), ()))
            },
            |(), page| {
                Ok(page.map(|page| {
                    let info = page.info(|event| event.cursor.clone());
                    NoteEventConnection::new(page.rows, info)
                }))
            },
        )
    }
}
