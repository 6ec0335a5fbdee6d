//! The limits of a note's fields.

use std::hash::Hash;

use indexmap::IndexSet;

use crate::graphql::user_errors::{ErrorCode, UserErrors};

/// Maximum length of a subject, in characters.
pub const SUBJECT: usize = 1_000;
/// Maximum length of a note's details, and of a message, in characters. Imported ones may be longer.
pub const BODY: usize = 250_000;
/// Maximum length of a tag, in characters.
pub const TAG: usize = 200;
/// Maximum number of tags of a note.
pub const TAGS: usize = 100;
/// Maximum length of an ID of another system, of a file name, and of a media type, in characters.
pub const NAME: usize = 255;
/// Maximum number of users that one mutation assigns or unassigns.
pub const USERS: usize = 100;
/// Maximum number of notes in one mutation or preview.
pub const NOTES: usize = 100;

impl UserErrors {
    /// Checks that the tags are within the limits and not blank. Returns them without duplicates.
    pub fn tags(&mut self, path: &[&str], tags: Vec<String>) -> Vec<String> {
        let mut kept = IndexSet::new();
        let mut places = Vec::new();
        for (index, tag) in tags.into_iter().enumerate() {
            if kept.insert(tag) {
                places.push(index);
            }
        }
        if self.check_count(path, kept.len(), TAGS) {
            for (index, tag) in places.into_iter().zip(&kept) {
                let index = index.to_string();
                let path = [path, &[index.as_str()]].concat();
                self.check_text(&path, tag, TAG);
                if tag.trim().is_empty() {
                    self.add(ErrorCode::Invalid, &path, "A tag must have at least one visible character.");
                }
            }
        }
        kept.into_iter().collect()
    }
}

/// Removes duplicates, and keeps the order.
pub fn distinct<T: Eq + Hash>(values: impl IntoIterator<Item = T>) -> Vec<T> {
    values.into_iter().collect::<IndexSet<T>>().into_iter().collect()
}
