//! Mutations of many notes at once, with a result for each note.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use async_graphql::{Enum, ID};
use breadth::{field_ref, inline, object};

use super::lock::RequestedNotes;
use crate::error::Result;
use crate::graphql::global_id::NodeId;
use crate::graphql::user_errors::{ErrorCode, UserError, UserErrors};
use crate::ids::NoteId;
use crate::note::object::Note;
use crate::note::text::NOTES;
use crate::store::AccessScope;
use crate::store::db::{Answers, ReadBatch, Transaction};
use crate::store::entity::note;

/// What to do if some of several notes cannot be changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub enum BatchErrorPolicy {
    /// If one note cannot be changed, none is. `userErrors` of the payload contains all errors as well.
    #[default]
    RejectAll,
    /// Notes that can be changed are changed; the errors of the others are only in their own results.
    SkipFailed,
}

/// The result for one of several notes.
#[derive(Clone)]
pub struct NoteBatchResult {
    note_id: ID,
    note: Option<Note>,
    user_errors: Vec<UserError>,
}

object! {
    /// The result for one of several notes.
    NoteBatchResult {
        /// The ID of the note; the text that was sent, if that is not the ID of a note.
        note_id = field_ref(|result: &NoteBatchResult| &result.note_id);
        /// The current state of the note, changed or not; null if it does not exist, or no longer exists, for this
        /// viewer.
        note = inline(|result: &NoteBatchResult| result.note.clone());
        /// The errors of this note; their path is that of its ID. Empty if only an error of another note, or of the
        /// input as a whole, kept it from being changed.
        user_errors = inline(|result: &NoteBatchResult| result.user_errors.clone());
    }
}

/// The path of the IDs in the input.
const IDS: [&str; 2] = ["input", "ids"];

/// The notes of such a mutation, which the first reads of its transaction load and lock.
pub struct RequestedBatch {
    policy: BatchErrorPolicy,
    /// The IDs in the order of the input; with the client's error message if one is malformed.
    asked: Vec<(ID, Result<NoteId, String>)>,
    notes: RequestedNotes,
}

impl RequestedBatch {
    /// Adds the read of the notes. Too many IDs are an error, and none of them is read.
    pub fn ask(
        reads: &mut ReadBatch,
        access: AccessScope,
        ids: Vec<ID>,
        policy: BatchErrorPolicy,
        errors: &mut UserErrors,
    ) -> Self {
        let ids = if errors.check_count(&IDS, ids.len(), NOTES) { ids } else { Vec::new() };
        let asked: Vec<_> = ids.into_iter().map(|id| (id.clone(), NoteId::parse(&id))).collect();
        let keys: BTreeSet<NoteId> = asked.iter().filter_map(|(_, key)| key.as_ref().ok()).copied().collect();
        Self { policy, asked, notes: RequestedNotes::ask(reads, access, keys.into_iter().collect()) }
    }

    /// The keys of the notes, each once, whether the viewer sees them or not.
    pub fn keys(&self) -> &[NoteId] {
        self.notes.keys()
    }

    /// The locked notes.
    pub async fn batch(
        self,
        transaction: &Transaction,
        access: AccessScope,
        answers: &mut Answers,
    ) -> Result<NoteBatch> {
        let Self { policy, asked, notes: requested } = self;
        let notes = requested.notes(transaction, access, answers).await?;
        let notes: BTreeMap<NoteId, note::Model> = notes.into_iter().map(|note| (note.id, note)).collect();
        let gone = requested.keys().iter().filter(|key| !notes.contains_key(key));
        let failed = gone.map(|key| (*key, vec![UserError::no_note("ids", &key.global_id())])).collect();
        Ok(NoteBatch { policy, asked, notes, failed })
    }
}

/// The notes of such a mutation, locked until its transaction ends.
pub struct NoteBatch {
    policy: BatchErrorPolicy,
    /// The IDs in the order of the input; with the client's error message if one is malformed.
    asked: Vec<(ID, Result<NoteId, String>)>,
    /// The notes that the viewer sees, by key, in their current state.
    pub notes: BTreeMap<NoteId, note::Model>,
    /// The errors of notes, by key; [`NoteBatch::into_results`] sets their paths.
    failed: HashMap<NoteId, Vec<UserError>>,
}

impl NoteBatch {
    /// Records that a note cannot be changed.
    pub fn fail(&mut self, key: NoteId, errors: UserErrors) {
        self.failed.insert(key, errors.0);
    }

    /// Whether nothing may be changed, because of an error in the input as a whole or in one of the notes.
    pub fn is_refused(&self, errors: &UserErrors) -> bool {
        let some_failed = !self.failed.is_empty() || self.asked.iter().any(|(_, key)| key.is_err());
        !errors.0.is_empty() || (self.policy == BatchErrorPolicy::RejectAll && some_failed)
    }

    /// The result of each note, and the errors that kept all of them from being changed.
    pub fn into_results(self, errors: UserErrors) -> (Vec<NoteBatchResult>, Vec<UserError>) {
        let notes: HashMap<NoteId, Arc<note::Model>> =
            self.notes.into_iter().map(|(key, note)| (key, Arc::new(note))).collect();
        let result = |(index, (id, key)): (usize, (ID, Result<NoteId, String>))| {
            let mut user_errors = match &key {
                Ok(key) => self.failed.get(key).cloned().unwrap_or_default(),
                Err(message) => vec![UserError::new(ErrorCode::Invalid, &IDS, message.as_str())],
            };
            for error in &mut user_errors {
                error.path = Some([IDS[0].to_owned(), IDS[1].to_owned(), index.to_string()].into());
            }
            let note = key.as_ref().ok().and_then(|key| notes.get(key)).map(|note| Note(Arc::clone(note)));
            NoteBatchResult { note_id: key.map_or(id, NodeId::global_id), note, user_errors }
        };
        let results: Vec<NoteBatchResult> = self.asked.into_iter().enumerate().map(result).collect();
        let mut user_errors = errors.0;
        if self.policy == BatchErrorPolicy::RejectAll {
            user_errors.extend(results.iter().flat_map(|result| result.user_errors.iter().cloned()));
        }
        (results, user_errors)
    }
}
