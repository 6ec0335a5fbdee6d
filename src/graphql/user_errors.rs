//! Errors of mutations that the user can fix.

use async_graphql::Enum;
use breadth::{field, field_ref, leaf_enum, object};

use crate::graphql::scalars::Json;
use crate::quota::ExceededQuota;
use crate::text::control_characters;
use crate::text::quote::quote;

/// The kind of an error, for programs. Values may be added, so clients need a fallback branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ErrorCode {
    /// The record does not exist for this viewer.
    NotFound,
    /// The viewer sees the record, but may not do this with it.
    Forbidden,
    /// A value is required here.
    Required,
    /// This field cannot be cleared; leave it out to keep its value.
    NullNotAllowed,
    /// The value does not have the format of this field.
    Invalid,
    /// The text is longer than this field allows.
    TooLong,
    /// The list has more values than this field allows.
    TooMany,
    /// The customer, user or note type does not exist for this viewer.
    ReferenceNotFound,
    /// Somebody else has changed the note since the expected version.
    VersionConflict,
    /// Another record has this value, which must be unique; or the record has another value, which cannot be changed.
    Taken,
    /// The key was used with another input; use a new key for each change.
    IdempotencyKeyReused,
    /// The same change is being made under the same key at the moment; try again shortly.
    IdempotencyInProgress,
    /// Notes are linked to the record; `params` has their `count`.
    InUse,
    /// The company has reached a limit; `params` says `of` what (notes or bytes) and the `limit`.
    QuotaExceeded,
}
leaf_enum!(ErrorCode);

/// An error, its location and its message.
#[derive(Clone, Debug)]
pub struct UserError {
    pub code: ErrorCode,
    pub message: String,
    pub path: Option<Vec<String>>,
    pub params: Option<Json>,
}

object! {
    /// An error that the client or its user can fix. If `userErrors` of a payload holds any, nothing has been changed.
    UserError {
        /// The kind of the error, for programs.
        code = field(|error: &UserError| error.code);
        /// What is wrong and how to fix it, for people.
        message = field_ref(|error: &UserError| &error.message);
        /// The location of the error: the names from the argument inwards, with list positions as numbers from 0.
        path = field_ref(|error: &UserError| &error.path);
        /// The values in the message by name, for showing it in another language.
        params = field_ref(|error: &UserError| &error.params);
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

    /// The error for a note that does not exist for this viewer. The message is the same whether the note never
    /// existed, was deleted, or is not visible.
    pub fn no_note(field: &str, id: &str) -> Self {
        let message = format!("There is no note {}.", quote(id));
        Self::new(ErrorCode::NotFound, &["input", field], message)
    }

    pub fn too_many(path: &[&str], count: usize, max: usize, message: impl Into<String>) -> Self {
        Self::new(ErrorCode::TooMany, path, message).with(serde_json::json!({ "count": count, "max": max }))
    }

    pub fn version_conflict(expected: i32, current: i32) -> Self {
        let message =
            format!("The note has version {current} now, not {expected}; check what has changed, and try again.");
        Self::new(ErrorCode::VersionConflict, &["input", "expectedVersion"], message)
            .with(serde_json::json!({ "expectedVersion": expected, "currentVersion": current }))
    }
}

/// The error does not tell how much the company stores, as that includes notes that the viewer may not see.
impl From<ExceededQuota> for UserError {
    fn from(exceeded: ExceededQuota) -> Self {
        let ExceededQuota { what, limit } = exceeded;
        Self::new(ErrorCode::QuotaExceeded, &["input"], exceeded.to_string())
            .with(serde_json::json!({ "of": what, "limit": limit }))
    }
}

/// Collects the errors of an input.
#[derive(Default)]
pub struct UserErrors(pub Vec<UserError>);

impl UserErrors {
    pub fn add(&mut self, code: ErrorCode, path: &[&str], message: impl Into<String>) {
        self.0.push(UserError::new(code, path, message));
    }

    /// Checks that a text fits its field.
    pub fn check_text(&mut self, path: &[&str], text: &str, max: usize) {
        let length = text.chars().count();
        if length > max {
            let message = format!("This text has {length} characters; at most {max} are allowed.");
            let error = UserError::new(ErrorCode::TooLong, path, message);
            self.0.push(error.with(serde_json::json!({ "length": length, "max": max })));
        }
        if text.contains('\0') {
            self.add(ErrorCode::Invalid, path, "This text contains a NUL character (U+0000), which cannot be stored.");
        }
    }

    /// Checks that a name fits its field: one line, without characters that affect the text around it.
    pub fn check_name(&mut self, path: &[&str], text: &str, max: usize) {
        self.check_text(path, text, max);
        // NUL has already been reported.
        if let Some(character) = control_characters::first(text).filter(|_| !text.contains('\0')) {
            let character = u32::from(character);
            let message = format!("This text contains U+{character:04X}; control characters are not allowed here.");
            self.add(ErrorCode::Invalid, path, message);
        }
    }

    /// Checks the length of a list, and returns whether its values are to be checked. The values of a list that is too
    /// long are not checked: there may be hundreds of thousands, each with an error.
    pub fn check_count(&mut self, path: &[&str], count: usize, max: usize) -> bool {
        if count > max {
            let message = format!("This list has {count} values; at most {max} are allowed.");
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
            let mut errors = UserErrors::default();
            errors.check_name(&["name"], text, 10);
            errors.0.iter().map(|error| error.code).collect::<Vec<_>>()
        };
        assert_eq!(codes("Zoë 手帳"), []);
        for text in ["a\nb", "\x1b[2K", "a\u{9b}", "a\u{2028}", "\u{202e}a", "a\u{2066}", "a\u{7f}", "a\0\t"] {
            assert_eq!(codes(text), [ErrorCode::Invalid], "{text:?}");
        }
        assert_eq!(codes("a line\nthat is long"), [ErrorCode::TooLong, ErrorCode::Invalid]);
    }
}
