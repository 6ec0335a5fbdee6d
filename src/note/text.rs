//! What may be written into a note: the bounds of each field.

use super::user_error::{ErrorCode, UserError};

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

/// Collects what is wrong with an input, each with its place.
#[derive(Default)]
pub struct Problems(pub Vec<UserError>);

impl Problems {
    pub fn add(&mut self, code: ErrorCode, path: &[&str], message: impl Into<String>) {
        self.0.push(UserError::new(code, path, message));
    }

    /// A text fits its field.
    pub fn text(&mut self, path: &[&str], text: &str, max: usize) {
        let length = text.chars().count();
        if length > max {
            let message = format!("This text has {length} characters; at most {max} are taken.");
            let error = UserError::new(ErrorCode::TooLong, path, message);
            self.0.push(error.with(serde_json::json!({ "length": length, "max": max })));
        }
        if text.contains('\0') {
            self.add(ErrorCode::Invalid, path, "This text holds a NUL character (U+0000), which cannot be stored.");
        }
    }

    /// A list is not too long.
    pub fn many(&mut self, path: &[&str], count: usize, max: usize) {
        if count > max {
            let message = format!("This list has {count} values; at most {max} are taken.");
            let error = UserError::new(ErrorCode::TooMany, path, message);
            self.0.push(error.with(serde_json::json!({ "count": count, "max": max })));
        }
    }

    /// Tags fit, and none is empty.
    pub fn tags(&mut self, path: &[&str], tags: &[String]) {
        self.many(path, tags.len(), TAGS);
        for (index, tag) in tags.iter().enumerate() {
            let index = index.to_string();
            let path = [path, &[index.as_str()]].concat();
            self.text(&path, tag, TAG);
            if tag.trim().is_empty() {
                self.add(ErrorCode::Invalid, &path, "A tag has at least one character that can be seen.");
            }
        }
    }
}

/// Without repetitions, in the order given.
pub fn distinct<T: PartialEq>(values: Vec<T>) -> Vec<T> {
    let mut kept = Vec::with_capacity(values.len());
    for value in values {
        if !kept.contains(&value) {
            kept.push(value);
        }
    }
    kept
}
