use std::collections::BTreeMap;
use std::sync::Arc;

use notegraph::http::{DocumentsMode, TrustedDocuments};
use notegraph::schema;
use notegraph::schema::query_limits::QueryLimits;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::asked::{Clients, sha256};
use super::fuzz;

/// Number of valid documents; the response to each contains its number.
const VALID: usize = 4;

fn document(number: usize) -> String {
    format!("query Q {{ d{number}: __typename }}")
}

/// An entry of a manifest: an id and its document.
type Entry = (String, Value);

fn entry() -> impl Strategy<Value = Entry> {
    let known = vec!["a", "b", "A", "9e107d9d372bb6826bd81d3542a419d6", "", "a\u{1}", "format", "operations"];
    let hash = (0..VALID).prop_map(|number| sha256(&document(number)));
    let hash = (hash, any::<bool>(), any::<bool>()).prop_map(|(hash, prefixed, capital)| {
        let hash = if capital { hash.to_uppercase() } else { hash };
        if prefixed { format!("sha256:{hash}") } else { hash }
    });
    let id = prop_oneof![
        8 => prop::sample::select(known).prop_map(str::to_owned),
        4 => hash,
        2 => "[a-z0-9]{1,8}",
        1 => Just("x".repeat(257)),
    ];
    let odd = vec![json!("{"), json!("{ nothing }"), json!(""), json!(null), json!({ "body": 5 })];
    let text = prop_oneof![20 => (0..VALID).prop_map(|number| document(number).into()), 1 => prop::sample::select(odd)];
    (id, text)
}

/// A manifest in one of its formats, or almost, with its entries.
fn manifest() -> impl Strategy<Value = (String, Vec<Entry>)> {
    let format = prop::sample::select(vec!["apollo-persisted-query-manifest", "other"]);
    (vec(entry(), 0..5), any::<bool>(), format, 0..3, any::<bool>(), any::<Option<(prop::sample::Index, char)>>())
        .prop_map(|(entries, is_apollo, format, version, is_marked, fault)| {
            let mut text = if is_apollo {
                let operations = entries.iter().map(|(id, text)| json!({ "id": id, "name": "Q", "body": text }));
                json!({ "format": format, "version": version, "operations": operations.collect::<Vec<_>>() })
                    .to_string()
            } else {
                // A JSON object, which may have duplicate keys.
                let members = entries.iter().map(|(id, text)| format!("{}: {text}", json!(id)));
                format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
            };
            if is_marked {
                text.insert(0, '\u{feff}');
            }
            if let Some((place, other)) = fault.filter(|(_, other)| u32::from(*other) % 4 == 0) {
                let place = place.index(text.len());
                let place = (0..=place).rev().find(|place| text.is_char_boundary(*place)).unwrap_or_default();
                text.insert(place, other);
            }
            (text, entries)
        })
}

/// A manifest is read, or refused with a short message that names the file.
#[test]
fn any_manifest_is_read_or_refused() {
    let (schema, bounds, folder) = (schema::build(), QueryLimits::default(), TempDir::new().unwrap());
    let file = folder.path().join("manifest.json");
    fuzz("manifests", 500, &manifest(), |(text, _)| {
        std::fs::write(&file, text).unwrap();
        match TrustedDocuments::read(std::slice::from_ref(&file), &schema, &bounds) {
            Ok(trusted) if trusted.len() <= VALID => Ok(()),
            Ok(trusted) => Err(format!("{} documents", trusted.len())),
            Err(message) if message.contains("manifest.json") && message.len() < 1_000 => Ok(()),
            Err(message) => Err(message),
        }
    });
}

#[test]
fn each_id_of_a_manifest_finds_its_document() {
    let (schema, bounds, folder) = (schema::build(), QueryLimits::default(), TempDir::new().unwrap());
    let clients = Clients::start();
    let valid = vec((prop::sample::select(vec!["a", "b", "c", "H"]), 0..VALID), 1..5);
    fuzz("ids of manifests", 200, &valid, |entries| {
        let files: Vec<_> = (0..entries.len()).map(|number| folder.path().join(format!("{number}.json"))).collect();
        let id =
            |id: &str, number: usize| if id == "H" { sha256(&document(number)).to_uppercase() } else { id.to_owned() };
        for (file, (name, number)) in files.iter().zip(entries) {
            std::fs::write(file, json!({ id(name, *number): document(*number) }).to_string()).unwrap();
        }
        let ids: BTreeMap<String, usize> = entries.iter().map(|(name, number)| (id(name, *number), *number)).collect();
        let is_clear = entries.iter().all(|(name, number)| ids[&id(name, *number)] == *number);
        let trusted = match TrustedDocuments::read(&files, &schema, &bounds) {
            Ok(trusted) if is_clear => trusted,
            Err(message) if !is_clear && message.contains("has the same id as another one") => return Ok(()),
            other => return Err(format!("{other:?}")),
        };
        let server = clients.server(&schema, DocumentsMode::Only, &Arc::new(trusted));
        for (id, number) in ids {
            let answer = clients.by_id(&server, &id)?;
            if answer["data"][format!("d{number}")] != "Query" {
                return Err(format!("{id}: {answer}"));
            }
        }
        Ok(())
    });
}
