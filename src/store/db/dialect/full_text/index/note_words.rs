use std::collections::{BTreeMap, BTreeSet};

use super::part::IndexedPart;
use crate::ids::NoteId;
use crate::store::db::dialect::full_text::word::MAX_WORDS;

/// The words of notes, by key; `None` if a note has more than [`MAX_WORDS`].
#[derive(Debug, Default, PartialEq, Eq)]
pub struct NoteWords(pub(super) BTreeMap<NoteId, Option<BTreeSet<String>>>);

impl NoteWords {
    pub fn of(parts: &[IndexedPart]) -> Self {
        let mut words = Self::default();
        for part in parts {
            words.add(part.note_id, part.text.words.as_ref().map(|words| words.iter().cloned()));
        }
        words
    }

    /// Adds words to those of a note; `None` stands for too many.
    pub fn add(&mut self, note_id: NoteId, words: Option<impl IntoIterator<Item = String>>) {
        let Some(words) = words else {
            self.0.insert(note_id, None);
            return;
        };
        let of_note = self.0.entry(note_id).or_insert_with(|| Some(BTreeSet::new()));
        if let Some(known) = of_note {
            known.extend(words);
            if known.len() > MAX_WORDS {
                *of_note = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_with_too_many_words_has_none() {
        let words = |range: std::ops::Range<usize>| Some(range.map(|word| word.to_string()));
        let mut notes = NoteWords::default();
        notes.add(NoteId(1), words(0..2));
        notes.add(NoteId(1), words(1..3));
        notes.add(NoteId(2), words(0..MAX_WORDS));
        notes.add(NoteId(3), words(0..MAX_WORDS));
        notes.add(NoteId(3), words(1..MAX_WORDS + 1));
        notes.add(NoteId(3), words(0..1));
        let count = |note_id| notes.0[&NoteId(note_id)].as_ref().map(BTreeSet::len);
        assert_eq!([1, 2, 3].map(count), [Some(3), Some(MAX_WORDS), None]);
    }
}
