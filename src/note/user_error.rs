//! What a person can put right in a change.

use async_graphql::{Enum, SimpleObject};

use crate::scalar::Json;

/// What is wrong, for programs to tell apart. Values may be added: clients keep a fallback branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ErrorCode {
    /// There is no such note for this viewer.
    NotFound,
    /// The viewer sees the note, but may not do this with it.
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
}

/// A problem that the caller, or the person in front of the screen, can put right. Where there is one, nothing has
/// been changed.
#[derive(Clone, Debug, SimpleObject)]
pub struct UserError {
    /// What is wrong, for programs.
    pub code: ErrorCode,
    /// What is wrong and what would be right, for people.
    pub message: String,
    /// Where it is wrong: the names from the argument inwards, list positions as numbers from 0.
    pub path: Option<Vec<String>>,
    /// The figures in the message, by name: to write it in another language.
    pub params: Option<Json>,
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

    pub fn version_conflict(expected: i32, current: i32) -> Self {
        let message =
            format!("The note is at version {current} by now, not {expected}: look at what changed, and try again.");
        Self::new(ErrorCode::VersionConflict, &["input", "expectedVersion"], message)
            .with(serde_json::json!({ "expectedVersion": expected, "currentVersion": current }))
    }
}
