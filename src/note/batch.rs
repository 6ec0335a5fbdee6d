//! Many notes to be changed at once, and what becomes of each.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use async_graphql::{Enum, ID};

use super::change::hold_notes;
use super::object::Note;
use super::text::NOTES;
use crate::db::Transaction;
use crate::engine::{lent, local, object};
use crate::entity::{Sight, note};
use crate::error::Result;
use crate::id::Kind;
use crate::user_error::{ErrorCode, Problems, UserError};

/// What to do where some of many notes cannot be changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub enum BatchErrorPolicy {
    /// If one cannot be changed, none is. What is wrong stands in `userErrors` of the payload as well.
    #[default]
    RejectAll,
    /// Those that can be changed are changed; what is wrong with the others stands in their results alone.
    SkipFailed,
}

/// What became of one of many notes.
#[derive(Clone)]
pub struct NoteBatchResult {
    note_id: ID,
    note: Option<Note>,
    user_errors: Vec<UserError>,
}

object! {
    /// What became of one of many notes.
    NoteBatchResult {
        /// The ID of the note; the text that was sent, where that is not the ID of a note.
        note_id = lent(|result: &NoteBatchResult| &result.note_id);
        /// The note as it is now, changed or not; null where there is none, or none any more, for this viewer.
        note = local(|result: &NoteBatchResult| result.note.clone());
        /// Why it was not changed; the place is that of its ID. None where only the failure of another note, or of the
        /// input as a whole, kept it from being changed.
        user_errors = local(|result: &NoteBatchResult| result.user_errors.clone());
    }
}

/// Where the IDs stand in the input.
const IDS: [&str; 2] = ["input", "ids"];

/// The notes of a change of many, held until its transaction ends.
pub struct Batch {
    policy: BatchErrorPolicy,
    /// In the order asked; with the sentence for the client, where an ID is none.
    asked: Vec<(ID, Result<i64, String>)>,
    /// Those that the viewer sees, by key, as they are now.
    pub notes: BTreeMap<i64, note::Model>,
    /// What is wrong with a note; its place is set when it is told.
    failed: HashMap<i64, Vec<UserError>>,
}

impl Batch {
    pub async fn hold(
        transaction: &Transaction,
        sight: Sight,
        ids: Vec<ID>,
        policy: BatchErrorPolicy,
        problems: &mut Problems,
    ) -> Result<Self> {
        let ids = if problems.many(&IDS, ids.len(), NOTES) { ids } else { Vec::new() };
        let asked: Vec<_> = ids.into_iter().map(|id| (id.clone(), Kind::Note.parse(&id))).collect();
        let keys: BTreeSet<i64> = asked.iter().filter_map(|(_, key)| key.as_ref().ok()).copied().collect();
        let keys: Vec<i64> = keys.into_iter().collect();
        let notes = hold_notes(transaction, sight, &keys).await?;
        let notes: BTreeMap<i64, note::Model> = notes.into_iter().map(|note| (note.id, note)).collect();
        let gone = keys.into_iter().filter(|key| !notes.contains_key(key));
        let failed = gone.map(|key| (key, vec![UserError::no_note("ids", &Kind::Note.id(key))])).collect();
        Ok(Self { policy, asked, notes, failed })
    }

    /// A note cannot be changed.
    pub fn fail(&mut self, key: i64, problems: Problems) {
        self.failed.insert(key, problems.0);
    }

    /// Whether nothing may be changed, for what is wrong with the input as a whole or with one of the notes.
    pub fn is_refused(&self, problems: &Problems) -> bool {
        let some_failed = !self.failed.is_empty() || self.asked.iter().any(|(_, key)| key.is_err());
        !problems.0.is_empty() || (self.policy == BatchErrorPolicy::RejectAll && some_failed)
    }

    /// What became of each, and what kept all of them from being changed.
    pub fn tell(self, problems: Problems) -> (Vec<NoteBatchResult>, Vec<UserError>) {
        let notes: HashMap<i64, Arc<note::Model>> =
            self.notes.into_iter().map(|(key, note)| (key, Arc::new(note))).collect();
        let result = |(index, (id, key)): (usize, (ID, Result<i64, String>))| {
            let mut user_errors = match &key {
                Ok(key) => self.failed.get(key).cloned().unwrap_or_default(),
                Err(message) => vec![UserError::new(ErrorCode::Invalid, &IDS, message.as_str())],
            };
            for error in &mut user_errors {
                error.path = Some([IDS[0].to_owned(), IDS[1].to_owned(), index.to_string()].into());
            }
            let note = key.as_ref().ok().and_then(|key| notes.get(key)).map(|note| Note(Arc::clone(note)));
            NoteBatchResult { note_id: key.map_or(id, |key| Kind::Note.id(key)), note, user_errors }
        };
        let results: Vec<NoteBatchResult> = self.asked.into_iter().enumerate().map(result).collect();
        let mut user_errors = problems.0;
        if self.policy == BatchErrorPolicy::RejectAll {
            user_errors.extend(results.iter().flat_map(|result| result.user_errors.iter().cloned()));
        }
        (results, user_errors)
    }
}
