//! The IDs and cursors of events, which hold hidden numbers: two servers with the same events show other ones.

use std::collections::HashMap;

use serde_json::Value;

/// What the ID of an event begins with, and the length of what follows.
pub const EVENT: &str = "NoteEvent:";
const EVENT_LENGTH: usize = 22;
/// The same of a cursor.
const CURSOR: &str = "e.";
const CURSOR_LENGTH: usize = 64;

/// The IDs and cursors of one server, with those of the other server for the same event.
#[derive(Default)]
pub struct Opaque {
    forth: HashMap<String, String>,
    back: HashMap<String, String>,
}

/// The places of such tokens in a text.
fn tokens<'t>(text: &'t str, prefix: &str, length: usize) -> Vec<&'t str> {
    let mut found = Vec::new();
    for (start, _) in text.match_indices(prefix) {
        let end = start + prefix.len() + length;
        let Some(rest) = text.get(start + prefix.len()..end) else { continue };
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let ends = !text.as_bytes().get(end).copied().is_some_and(fits);
        if ends && rest.bytes().all(fits) {
            found.push(&text[start..end]);
        }
    }
    found
}

pub fn hide_cursors(text: &str) -> String {
    let mut hidden = text.to_owned();
    for token in tokens(text, CURSOR, CURSOR_LENGTH) {
        hidden = hidden.replace(token, "CURSOR");
    }
    hidden
}

impl Opaque {
    /// Replaces the tokens of both texts, and remembers which ones are of the same event: if the texts are equal then,
    /// they show the same events.
    pub fn without_tokens(&mut self, one: &str, other: &str) -> (String, String) {
        let cursors = [one, other].map(|text| tokens(text, CURSOR, CURSOR_LENGTH));
        if cursors[0].len() == cursors[1].len() {
            let pairs = cursors[0].iter().zip(&cursors[1]);
            self.forth.extend(pairs.map(|(one, other)| ((*one).to_owned(), (*other).to_owned())));
        }
        let [mut one, mut other] = [one, other].map(hide_cursors);
        let ids = [&one, &other]
            .map(|text| tokens(text, EVENT, EVENT_LENGTH).into_iter().map(str::to_owned).collect::<Vec<String>>());
        for (id, same) in ids[0].iter().zip(&ids[1]) {
            let forth = self.forth.entry(id.clone()).or_insert_with(|| same.clone());
            let back = self.back.entry(same.clone()).or_insert_with(|| id.clone());
            if forth == same && back == id {
                let known = format!("EVENT {id}");
                one = one.replace(id.as_str(), &known.replace(EVENT, ""));
                other = other.replace(same.as_str(), &known.replace(EVENT, ""));
            }
        }
        (one, other)
    }

    /// The variables for the other server.
    pub fn translated(&self, variables: &Value) -> Value {
        match variables {
            Value::String(text) => self.forth.get(text).unwrap_or(text).clone().into(),
            Value::Array(items) => items.iter().map(|item| self.translated(item)).collect(),
            Value::Object(fields) => {
                fields.iter().map(|(name, value)| (name.clone(), self.translated(value))).collect()
            }
            other => other.clone(),
        }
    }
}
