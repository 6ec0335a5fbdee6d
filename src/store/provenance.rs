//! Original values of an imported record that the columns cannot hold, stored next to the row as JSON text.
//!
//! The text is an object of the keys whose value the columns would format differently, each with the original value.
//! Under `-` it lists the keys that the columns would write and the record did not have. Keys of the record that begin
//! with `-` are stored with another `-` in front.

use std::collections::HashSet;

use crate::json::object::{JsonFields, RawObject, compact, quoted, same};

/// The key of the list of absent keys.
const ABSENT: &str = "-";

/// Returns what to store next to a row. `object` is the record, and `fields` are what the columns alone would write;
/// `None` if they reproduce the record. Only the keys in `absence` are stored as absent.
pub fn provenance(object: &RawObject, fields: &JsonFields, absence: &[&str]) -> Option<String> {
    let mut kept = RawObject::default();
    for (key, original) in object.iter() {
        let written = fields.iter().find(|(field, _)| field == key);
        if written.is_none_or(|(_, text)| !same(text, original)) {
            kept.put(&stored(key), compact(original));
        }
    }
    let absent: Vec<_> =
        fields.iter().map(|(key, _)| key.as_ref()).filter(|key| absence.contains(key) && !object.says(key)).collect();
    put_absent(&mut kept, &absent);
    (!kept.is_empty()).then(|| kept.text())
}

/// Returns the fields with their original values. `honour` decides for each original value (and, with `None`, for each
/// absent key) whether it is still valid for the row.
pub fn overlay(fields: JsonFields, source: Option<&str>, honour: impl Fn(&str, Option<&str>) -> bool) -> JsonFields {
    let Some(mut kept) = source.and_then(|text| RawObject::parse(text).ok()) else { return fields };
    let absent = absent(&mut kept);
    let mut said = JsonFields::with_capacity(fields.len() + 1);
    for (key, text) in fields {
        if absent.iter().any(|absent| *absent == key) && honour(&key, None) {
            continue;
        }
        let original = kept.take(&stored(&key)).filter(|original| honour(&key, Some(original)));
        said.push((key, original.unwrap_or(text)));
    }
    for (key, original) in kept.iter() {
        let key = key.strip_prefix(ABSENT).unwrap_or(key);
        if honour(key, Some(original)) {
            said.push((key.to_owned().into(), original.to_owned()));
        }
    }
    said
}

/// Removes `fields` from `source`, as they have changed. Every writer that changes a row which may be imported must
/// call this. Fields are named as in the exchange format (`customer_id`, `tags`). Dependent keys are removed as well:
/// the nested customer with `customer_id`, `type_id` with `type`, `closed_on` with `status`.
pub fn forget(source: Option<String>, fields: &[&str]) -> Option<String> {
    let source = source?;
    let mut kept = RawObject::parse(&source).ok()?;
    let mut gone: HashSet<&str> = fields.iter().copied().collect();
    for field in fields {
        gone.extend(match *field {
            "customer_id" => Some("customer"),
            "user_id" => Some("user"),
            "type" => Some("type_id"),
            "status" => Some("closed_on"),
            _ => None,
        });
    }
    let mut absent = absent(&mut kept);
    absent.retain(|key| !gone.contains(key.as_str()));
    // A single pass, as a record may have tens of thousands of keys.
    let stored: HashSet<String> = gone.into_iter().map(stored).collect();
    kept.retain(|key| !stored.contains(key));
    put_absent(&mut kept, &absent);
    (!kept.is_empty()).then(|| kept.text())
}

/// Merges `new`, the original values of another record, into `old`. `object` is that record; only the keys it has are
/// replaced.
pub fn merge(old: Option<String>, new: Option<String>, object: &RawObject) -> Option<String> {
    let said: Vec<_> = object.iter().map(|(key, _)| key).collect();
    let mut kept = forget(old, &said).and_then(|text| RawObject::parse(&text).ok()).unwrap_or_default();
    let mut new = new.and_then(|text| RawObject::parse(&text).ok()).unwrap_or_default();
    new.take(ABSENT);
    for (key, original) in new.iter() {
        kept.put(key, original.to_owned());
    }
    (!kept.is_empty()).then(|| kept.text())
}

fn stored(key: &str) -> String {
    if key.starts_with(ABSENT) { format!("{ABSENT}{key}") } else { key.to_owned() }
}

fn absent(kept: &mut RawObject) -> Vec<String> {
    kept.take(ABSENT).and_then(|list| serde_json::from_str(&list).ok()).unwrap_or_default()
}

fn put_absent<S: AsRef<str>>(kept: &mut RawObject, keys: &[S]) {
    if !keys.is_empty() {
        let list: Vec<_> = keys.iter().map(|key| quoted(key.as_ref())).collect();
        kept.put(ABSENT, format!("[{}]", list.join(",")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::object::join;

    fn fields() -> JsonFields {
        vec![("id".into(), "1".into()), ("tags".into(), "null".into()), ("type".into(), r#""Bug""#.into())]
    }

    fn round(record: &str) -> (Option<String>, String) {
        let kept = provenance(&RawObject::parse(record).unwrap(), &fields(), &["id", "tags", "type"]);
        let said = join(&overlay(fields(), kept.as_deref(), |_, _| true));
        (kept, said)
    }

    #[test]
    fn provenance_omits_what_the_columns_hold() {
        assert_eq!(round(r#"{"type":"\u0042ug","id":1,"tags":null}"#).0, None);
    }

    #[test]
    fn differing_originals_are_exported() {
        let record = r#"{"id":1,"tags":[],"-":2,"--":3,"new":1.50}"#;
        let (kept, said) = round(record);
        assert_eq!(kept.as_deref(), Some(r#"{"tags":[],"--":2,"---":3,"new":1.50,"-":["type"]}"#));
        assert_eq!(said, record);
    }

    #[test]
    fn a_change_forgets_the_original() {
        let kept = Some(r#"{"tags":[],"customer":null,"-":["type","reminder"]}"#.to_owned());
        assert_eq!(forget(kept.clone(), &["tags", "reminder"]).as_deref(), Some(r#"{"customer":null,"-":["type"]}"#));
        assert_eq!(forget(kept, &["tags", "customer_id", "type", "reminder"]), None);
        assert_eq!(forget(None, &["tags"]), None);
    }
}
