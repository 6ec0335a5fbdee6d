//! What a person can put right in a change.

use async_graphql::Enum;

use crate::control_characters;
use crate::engine::{leaf, leaf_enum, lent, object};
use crate::scalar::Json;

/// What is wrong, for programs to tell apart. Values may be added: clients keep a fallback branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ErrorCode {
    /// There is no such record for this viewer.
    NotFound,
    /// The viewer sees the record, but may not do this with it.
    Forbidden,
    /// A value is needed here.
    Required,
    /// This field cannot be cleared; leave it out to keep it.
    NullNotAllowed,
    /// The value is not of the form that this field takes.
    Invalid,
    /// The text is longer than this field holds.
    TooLong,
    /// The list has more values than this field holds.
    TooMany,
    /// There is no such customer, user or note type for this viewer.
    ReferenceNotFound,
    /// Somebody else has changed the note since the version that was expected.
    VersionConflict,
    /// Another record has this value, which only one can have; or the record has another value, which it keeps.
    Taken,
    /// The key was used with another input; take a new one for each change.
    IdempotencyKeyReused,
    /// The same change is being made under the same key just now; ask again in a moment.
    IdempotencyInProgress,
    /// Notes are linked to the record; `params` has their `count`.
    InUse,
    /// The company holds as much as it may; `params` says `of` what (notes or bytes) and the `limit`.
    QuotaExceeded,
}
leaf_enum!(ErrorCode);

/// A problem, its place and its words.
#[derive(Clone, Debug)]
pub struct UserError {
    pub code: ErrorCode,
    pub message: String,
    pub path: Option<Vec<String>>,
    pub params: Option<Json>,
}

object! {
    /// A problem that the caller, or the person in front of the screen, can put right. In the `userErrors` of a payload
    /// it says that nothing has been changed.
    UserError {
        /// What is wrong, for programs.
        code = leaf(|error: &UserError| error.code);
        /// What is wrong and what would be right, for people.
        message = lent(|error: &UserError| &error.message);
        /// Where it is wrong: the names from the argument inwards, list positions as numbers from 0.
        path = lent(|error: &UserError| &error.path);
        /// The figures in the message, by name: to write it in another language.
        params = lent(|error: &UserError| &error.params);
    }
}

impl UserError {
    pub fn new(code: ErrorCode, path: &[&str], message: impl Into<String>) -> Self {
        let path = path.iter().map(|&name| name.to_owned()).collect();
        Self { code, message: message.into(), path: Some(path), params: None }
    }

    #[must_use]
    pub fn with(mut self, params: serde_json::Value) -> Self {
        self.params = Some(Json(params));
        self
    }

    /// There is no such note for this viewer: the same words whether it never was, is gone, or is another's.
    pub fn no_note(field: &str, id: &str) -> Self {
        let message = format!("There is no note {}.", crate::id::quote(id));
        Self::new(ErrorCode::NotFound, &["input", field], message)
    }

    pub fn too_many(path: &[&str], count: usize, max: usize, message: impl Into<String>) -> Self {
        Self::new(ErrorCode::TooMany, path, message).with(serde_json::json!({ "count": count, "max": max }))
    }

    pub fn version_conflict(expected: i32, current: i32) -> Self {
        let message =
            format!("The note is at version {current} by now, not {expected}: look at what changed, and try again.");
        Self::new(ErrorCode::VersionConflict, &["input", "expectedVersion"], message)
            .with(serde_json::json!({ "expectedVersion": expected, "currentVersion": current }))
    }
}

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

    /// A name fits its field: a text of one line, that changes nothing around it where it is shown.
    pub fn name(&mut self, path: &[&str], text: &str, max: usize) {
        self.text(path, text, max);
        // NUL has been told.
        if let Some(character) = control_characters::first(text).filter(|_| !text.contains('\0')) {
            let character = u32::from(character);
            let message = format!("This text holds U+{character:04X}; control characters are not taken here.");
            self.add(ErrorCode::Invalid, path, message);
        }
    }

    /// A list is not too long. One that is deserves no look at its values: there may be hundreds of thousands, each
    /// with a complaint of its own.
    pub fn many(&mut self, path: &[&str], count: usize, max: usize) -> bool {
        if count > max {
            let message = format!("This list has {count} values; at most {max} are taken.");
            self.0.push(UserError::too_many(path, count, max, message));
        }
        count <= max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_of_visible_text() {
        let codes = |text: &str| {
            let mut problems = Problems::default();
            problems.name(&["name"], text, 10);
            problems.0.iter().map(|error| error.code).collect::<Vec<_>>()
        };
        assert_eq!(codes("Zoë 手帳"), []);
        for text in ["a\nb", "\x1b[2K", "a\u{9b}", "a\u{2028}", "\u{202e}a", "a\u{2066}", "a\u{7f}", "a\0\t"] {
            assert_eq!(codes(text), [ErrorCode::Invalid], "{text:?}");
        }
        assert_eq!(codes("a line\nthat is long"), [ErrorCode::TooLong, ErrorCode::Invalid]);
    }
}
