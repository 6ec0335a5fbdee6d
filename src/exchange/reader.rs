//! Reads typed values from a [`RawObject`] and collects warnings.
//!
//! Strict methods reject the record; they are for values that a note cannot do without. Lenient methods leave the field
//! empty with a warning, as the original is kept next to the row anyway.

use chrono::{DateTime, NaiveDate, Utc};

use super::value;
use crate::ids::RecordId;
use crate::json::object::RawObject;
use crate::text::control_characters;
use crate::text::quote::quote;

/// Why a record is rejected: a message for the operator.
pub type Reject = String;

/// Reads one object; `path` is its place in the record (`messages[3].`), for messages.
pub struct ObjectReader<'a> {
    pub object: &'a RawObject,
    pub path: String,
    pub warnings: &'a mut Vec<String>,
}

impl<'a> ObjectReader<'a> {
    /// A reader for an object nested in this one.
    pub fn inner<'b>(&'b mut self, object: &'b RawObject, name: &str) -> ObjectReader<'b> {
        ObjectReader { object, path: format!("{}{name}.", self.path), warnings: self.warnings }
    }

    pub fn warn(&mut self, key: &str, what: &str) {
        self.warnings.push(format!("{}{key} {what}", self.path));
    }

    pub fn reject(&self, key: &str, what: &str) -> Reject {
        format!("{}{key} is {}, not {what}", self.path, self.object.get(key).map_or("nothing".into(), shown))
    }

    /// The text of a value that is present and not null.
    pub fn raw(&self, key: &str) -> Option<&'a str> {
        self.object.get(key).filter(|text| *text != "null")
    }

    /// # Errors
    /// When the value is not a text.
    pub fn text(&mut self, key: &str) -> Result<Option<String>, Reject> {
        let Some(raw) = self.raw(key) else { return Ok(None) };
        let text = string(raw).map_err(|error| match error {
            NoText::OtherValue => self.reject(key, "a text"),
            NoText::Broken(reason) => format!("{}{key}: {reason}", self.path),
        })?;
        Ok(Some(self.clean(key, text)))
    }

    /// Reads a text that must be one of `values`, or empty.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn choice<T>(&mut self, key: &str, values: &[(&str, T)]) -> Result<Option<T>, Reject>
    where
        T: Copy,
    {
        let Some(text) = self.text(key)?.filter(|text| !text.is_empty()) else { return Ok(None) };
        let found = values.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
        found.map(Some).ok_or_else(|| {
            let names: Vec<_> = values.iter().map(|(name, _)| *name).collect();
            self.reject(key, &format!("one of {}", names.join(", ")))
        })
    }

    /// Reads an id: a positive integer.
    ///
    /// # Errors
    /// When the value is not one.
    pub fn id<I: RecordId>(&self, key: &str) -> Result<Option<I>, Reject> {
        let Some(raw) = self.raw(key) else { return Ok(None) };
        id(raw).map(Some).ok_or_else(|| self.reject(key, "an id, a whole number from 1 to 4611686018427387904"))
    }

    /// # Errors
    /// When the value is neither true nor false.
    pub fn decision(&self, key: &str) -> Result<bool, Reject> {
        match self.raw(key) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(self.reject(key, "true or false")),
        }
    }

    /// # Errors
    /// When a text is malformed, so that not even the original could be kept.
    pub fn lenient_text(&mut self, key: &str) -> Result<Option<String>, Reject> {
        let Some(raw) = self.raw(key) else { return Ok(None) };
        match string(raw) {
            Ok(text) => Ok(Some(self.clean(key, text))),
            Err(NoText::Broken(reason)) => Err(format!("{}{key}: {reason}", self.path)),
            // Other systems write their keys as numbers.
            Err(NoText::OtherValue) if raw.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
                Ok(Some(raw.to_owned()))
            }
            Err(NoText::OtherValue) => {
                self.warn(key, &format!("is {}, not a text: left empty", shown(raw)));
                Ok(None)
            }
        }
    }

    /// Reads a name or another single line of text. A text with control characters is left empty, as it would be
    /// displayed as something else.
    ///
    /// # Errors
    /// As for [`ObjectReader::lenient_text`].
    pub fn line(&mut self, key: &str) -> Result<Option<String>, Reject> {
        let text = self.lenient_text(key)?;
        Ok(self.one_line(key, text))
    }

    /// Leaves out a text that contains a control character, with a warning that names it.
    pub fn one_line(&mut self, key: &str, text: Option<String>) -> Option<String> {
        let text = text?;
        let Some(character) = control_characters::first(&text) else { return Some(text) };
        self.warn(key, &format!("contains the control character U+{:04X}: left empty", u32::from(character)));
        None
    }

    /// Reads a text with `parse`; `what` describes valid texts. An empty text counts as absent.
    ///
    /// # Errors
    /// As for [`ObjectReader::lenient_text`].
    pub fn parsed<T>(&mut self, key: &str, what: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Reject> {
        let Some(text) = self.lenient_text(key)?.filter(|text| !text.is_empty()) else { return Ok(None) };
        let value = parse(&text);
        if value.is_none() {
            self.warn(key, &format!("is {}, not {what}: left empty", quote(&text)));
        }
        Ok(value)
    }

    /// # Errors
    /// As for [`ObjectReader::lenient_text`].
    pub fn time(&mut self, key: &str) -> Result<Option<DateTime<Utc>>, Reject> {
        self.parsed(key, "a time such as 2024-10-06T20:35:16Z", value::parse_time)
    }

    /// # Errors
    /// As for [`ObjectReader::lenient_text`].
    pub fn date(&mut self, key: &str) -> Result<Option<NaiveDate>, Reject> {
        self.parsed(key, "a date such as 2024-10-06", value::parse_date)
    }

    /// Reads true or false leniently.
    pub fn yes(&mut self, key: &str) -> Option<bool> {
        let raw = self.raw(key)?;
        let text = string(raw).unwrap_or_else(|_| raw.to_owned());
        let value = value::parse_yes(&text);
        if value.is_none() && !text.is_empty() {
            self.warn(key, &format!("is {}, neither true nor false: left empty", quote(&text)));
        }
        value
    }

    /// Replaces NUL characters, which `PostgreSQL` does not accept in texts.
    pub fn clean(&mut self, key: &str, text: String) -> String {
        if !text.contains('\0') {
            return text;
        }
        self.warn(key, "contains NUL characters: replaced by U+FFFD");
        text.replace('\0', "\u{FFFD}")
    }
}

pub enum NoText {
    OtherValue,
    /// Contains half a surrogate pair, which no encoding can represent.
    Broken(String),
}

/// # Errors
/// When the JSON is not a string, or a malformed one.
pub fn string(raw: &str) -> Result<String, NoText> {
    if !raw.starts_with('"') {
        return Err(NoText::OtherValue);
    }
    serde_json::from_str(raw).map_err(|error| NoText::Broken(format!("not a valid text ({})", explain(&error))))
}

/// The largest id that an import accepts. New ids continue after the largest one, so there must be room above it.
const LARGEST_ID: i64 = 1 << 62;

/// A positive integer in its canonical spelling.
pub fn id<I: RecordId>(raw: &str) -> Option<I> {
    raw.parse().ok().filter(|id: &i64| (1..=LARGEST_ID).contains(id)).map(I::from)
}

/// Describes a JSON error, with the position if it is on the first line; the line within the record is left out, as
/// messages count the lines of the file.
pub fn explain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or(&text);
    if error.line() == 1 { format!("{what} at character {}", error.column()) } else { what.to_owned() }
}

/// A value as it was written, cut short.
fn shown(raw: &str) -> String {
    let short: String = raw.chars().take(50).collect();
    if short.len() < raw.len() { short + "..." } else { short }
}
