//! What may be written into a note: the bounds of each field.

use std::hash::Hash;

use indexmap::IndexSet;

use crate::user_error::{ErrorCode, Problems};

/// The most characters of a subject.
pub const SUBJECT: usize = 1_000;
/// The most characters of the details of a note, or of a message. Imported ones may be longer.
pub const BODY: usize = 250_000;
/// The most characters of a tag.
pub const TAG: usize = 200;
/// The most tags of a note.
pub const TAGS: usize = 100;
/// The most characters of an ID of another system, of a file name, or of a media type.
pub const NAME: usize = 255;
/// The most users that one change assigns or unassigns.
pub const USERS: usize = 100;
/// The most notes that one change or one preview takes.
pub const NOTES: usize = 100;

impl Problems {
    /// Tags fit, and none is empty. Gives them back without repetitions.
    pub fn tags(&mut self, path: &[&str], tags: Vec<String>) -> Vec<String> {
        let mut kept = IndexSet::new();
        let mut places = Vec::new();
        for (index, tag) in tags.into_iter().enumerate() {
            if kept.insert(tag) {
                places.push(index);
            }
        }
        if self.many(path, kept.len(), TAGS) {
            for (index, tag) in places.into_iter().zip(&kept) {
                let index = index.to_string();
                let path = [path, &[index.as_str()]].concat();
                self.text(&path, tag, TAG);
                if tag.trim().is_empty() {
                    self.add(ErrorCode::Invalid, &path, "A tag has at least one character that can be seen.");
                }
            }
        }
        kept.into_iter().collect()
    }
}

/// Without repetitions, in the order given.
pub fn distinct<T: Eq + Hash>(values: impl IntoIterator<Item = T>) -> Vec<T> {
    values.into_iter().collect::<IndexSet<T>>().into_iter().collect()
}
