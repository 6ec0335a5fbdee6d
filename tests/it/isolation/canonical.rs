//! Removes the differences between companies from responses: new IDs and times are numbered in the order of their first
//! appearance, and the company's own mark gets a common name.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::opaque;

/// Length of the search hash in the sort name of a cursor.
const HASH: usize = 12;

/// Canonical form of the responses to one company.
pub struct Canonical {
    mark: &'static str,
    /// The IDs that the server assigns. No other numbers are as large, except the microseconds in cursors.
    made: Range<i64>,
    /// Times from here on are times of changes.
    start: DateTime<Utc>,
    pub ids: BTreeMap<i64, usize>,
    times: BTreeMap<i64, usize>,
    events: BTreeMap<String, usize>,
}

fn numbered(known: &mut BTreeMap<i64, usize>, value: i64) -> usize {
    let next = known.len();
    *known.entry(value).or_insert(next)
}

impl Canonical {
    pub fn new(mark: &'static str, first_id: i64, start: DateTime<Utc>) -> Self {
        Self {
            mark,
            made: first_id..1_000 * first_id,
            start,
            ids: BTreeMap::new(),
            times: BTreeMap::new(),
            events: BTreeMap::new(),
        }
    }

    pub fn of(&mut self, value: &Value) -> Value {
        self.named("", value)
    }

    fn named(&mut self, name: &str, value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                fields.iter().map(|(name, value)| (name.clone(), self.named(name, value))).collect()
            }
            Value::Array(items) => items.iter().map(|item| self.named(name, item)).collect(),
            Value::String(_) if name == "requestId" => Value::Null,
            Value::String(text) => self.text(name, text).into(),
            // In a cursor, numbers are times or IDs.
            Value::Number(number) => match number.as_i64() {
                Some(time) if time >= self.start.timestamp_micros() => format!("@{}", self.time(time)).into(),
                Some(id) if self.made.contains(&id) => format!("#{}", self.id(id)).into(),
                _ => value.clone(),
            },
            other => other.clone(),
        }
    }

    fn id(&mut self, id: i64) -> usize {
        numbered(&mut self.ids, id)
    }

    fn time(&mut self, microseconds: i64) -> usize {
        numbered(&mut self.times, microseconds)
    }

    fn text(&mut self, name: &str, text: &str) -> String {
        let text = &opaque::hide_cursors(text);
        if text.starts_with(opaque::EVENT) {
            let next = self.events.len();
            return format!("{}{}", opaque::EVENT, self.events.entry(text.clone()).or_insert(next));
        }
        if (name.ends_with("Cursor") || name == "cursor")
            && let Ok(bytes) = URL_SAFE_NO_PAD.decode(text)
            && let Ok(cursor) = serde_json::from_slice::<Value>(&bytes)
        {
            return self.named("cursor", &cursor).to_string();
        }
        // The sort name in a cursor contains a hash of the search, which may contain the mark.
        if name == "cursor"
            && let Some((before, rest)) = text.split_once("relevance-")
        {
            return format!("{before}relevance{}", &rest[HASH..]);
        }
        if let Ok(time) = text.parse::<DateTime<Utc>>()
            && time >= self.start
        {
            return format!("@{}", self.time(time.timestamp_micros()));
        }
        let text = text.replace(self.mark, "MARK");
        let mut out = String::new();
        for part in text.split_inclusive(|character: char| !character.is_ascii_digit()) {
            let digits = part.trim_end_matches(|character: char| !character.is_ascii_digit());
            match digits.parse::<i64>() {
                Ok(id) if self.made.contains(&id) => {
                    let _ = write!(out, "#{}{}", self.id(id), &part[digits.len()..]);
                }
                _ => out += part,
            }
        }
        out
    }
}
