//! The vocabulary of operations: what responses have shown so far, and a few recurring texts.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use super::operation::Operation;
use crate::oracle::random::Random;

/// Maximum number of remembered IDs of each type, and of cursors.
const MOST: usize = 60;
/// Maximum number of remembered lists to continue.
const LISTS: usize = 8;
const TEXTS: [&str; 12] =
    ["call", "back", "Berlin", "invoice", "Straße", "éclair", "50%", "late", "again", "日本語", "O'Neil", "vip"];
const TAGS: [&str; 5] = ["vip", "VIP", "late", "é", "50%"];

/// The IDs and words that one client knows.
#[derive(Default)]
pub struct Words {
    /// IDs by type name.
    pub ids: BTreeMap<String, VecDeque<String>>,
    /// IDs of deleted notes.
    gone: VecDeque<String>,
    cursors: VecDeque<String>,
    /// Requested lists, with the cursors that they returned.
    lists: VecDeque<(Operation, Vec<String>)>,
    /// The mark in some texts of the client's own company, and that of another company, if companies have marks.
    mark: Option<&'static str>,
    other_mark: Option<&'static str>,
}

fn remember<T: PartialEq>(list: &mut VecDeque<T>, item: T, most: usize) {
    if !list.contains(&item) {
        list.push_back(item);
    }
    if list.len() > most {
        list.pop_front();
    }
}

impl Words {
    pub fn of_company(mark: &'static str, other_mark: &'static str) -> Self {
        Self { mark: Some(mark), other_mark: Some(other_mark), ..Self::default() }
    }

    /// Remembers what an operation has shown.
    pub fn learn(&mut self, operation: &Operation, data: &Value) {
        let mut cursors = Vec::new();
        self.walk("", data, &mut cursors);
        if operation.is_change {
            // The event of the change itself has another cursor later: the log was not complete behind it yet.
            cursors.clear();
        }
        for cursor in &cursors {
            remember(&mut self.cursors, cursor.clone(), MOST);
        }
        if operation.is_list() && !cursors.is_empty() {
            self.lists.push_back((operation.clone(), cursors));
            if self.lists.len() > LISTS {
                self.lists.pop_front();
            }
        }
    }

    fn walk(&mut self, name: &str, value: &Value, cursors: &mut Vec<String>) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(name, value)| self.walk(name, value, cursors)),
            Value::Array(items) => items.iter().for_each(|item| self.walk(name, item, cursors)),
            Value::String(text) if name.ends_with("ursor") => cursors.push(text.clone()),
            Value::String(text) if name.starts_with("deletedNoteId") => {
                self.ids.entry("Note".to_owned()).or_default().retain(|id| id != text);
                remember(&mut self.gone, text.clone(), LISTS);
            }
            Value::String(text) => {
                let Some((kind, key)) = text.split_once(':') else { return };
                let is_id =
                    kind.starts_with(char::is_uppercase) && key.split(':').all(|key| key.parse::<i64>().is_ok());
                if is_id && kind.chars().all(char::is_alphabetic) && !self.gone.contains(text) {
                    remember(self.ids.entry(kind.to_owned()).or_default(), text.clone(), MOST);
                }
                if kind == "NoteEvent" {
                    remember(self.ids.entry(kind.to_owned()).or_default(), text.clone(), MOST);
                }
            }
            _ => {}
        }
    }

    /// An earlier list, with one of its cursors.
    pub fn list(&self, random: &mut Random) -> Option<(Operation, String)> {
        if self.lists.is_empty() {
            return None;
        }
        let (operation, cursors) = &self.lists[random.below(self.lists.len())];
        Some((operation.clone(), random.one(cursors).clone()))
    }

    /// An ID of this type, with or without the type name. Sometimes it is of a deleted note, or of nothing.
    pub fn id(&self, kind: Option<&str>, random: &mut Random) -> Value {
        let Some(kind) = kind else { return json!(format!("R{}", random.below(4))) };
        if random.percent(2) {
            return json!(if random.percent(50) { "999999" } else { "x" });
        }
        if kind == "Note" && random.percent(4) && !self.gone.is_empty() {
            return json!(self.gone[random.below(self.gone.len())]);
        }
        let kinds: Vec<&String> = self.ids.keys().collect();
        let any = kind == "Node";
        let known = if any { self.ids.get(*random.one(&kinds)) } else { self.ids.get(kind) };
        let known = known.filter(|known| !known.is_empty());
        let id = known.map_or("1", |known| known[random.below(known.len())].as_str());
        let bare = id.split_once(':').map_or(id, |(_, bare)| bare);
        json!(if !any && random.percent(25) { bare } else { id })
    }

    pub fn cursor(&self, random: &mut Random) -> Value {
        if self.cursors.is_empty() || random.percent(3) {
            return json!("x");
        }
        json!(self.cursors[random.below(self.cursors.len())])
    }

    /// A text for the field or argument of this name.
    pub fn text(&self, about: &str, random: &mut Random) -> Value {
        json!(match about {
            "search" => self.search(random),
            "tags" | "addTags" | "removeTags" | "hasAny" | "hasAll" | "hasNone" => (*random.one(&TAGS)).to_owned(),
            "externalKey" => format!("key {}", random.below(12)),
            "username" => format!("user {}", random.below(12)),
            "name" => format!("type {}", random.below(12)),
            "idempotencyKey" => format!("once {}", random.below(60)),
            "contains" | "startsWith" => random.one(&TEXTS).chars().take(1 + random.below(3)).collect(),
            _ => self.phrase(random),
        })
    }

    pub fn phrase(&self, random: &mut Random) -> String {
        let mut words: Vec<&str> = (0..=random.below(4)).map(|_| *random.one(&TEXTS)).collect();
        words.extend(self.mark.filter(|_| random.percent(30)));
        words.join(" ")
    }

    fn search(&self, random: &mut Random) -> String {
        let mut words = Vec::new();
        for _ in 0..=random.below(2) {
            let word = *random.one(&TEXTS);
            words.push(match random.below(10) {
                0 => format!("-{word}"),
                1 => format!("\"{word} {}\"", random.one(&TEXTS)),
                2 => word.chars().take(2).collect(),
                _ => word.to_owned(),
            });
        }
        words.extend(self.mark.filter(|_| random.percent(20)).map(str::to_owned));
        words.extend(self.other_mark.filter(|_| random.percent(10)).map(str::to_owned));
        words.join(" ")
    }

    pub fn tag(random: &mut Random) -> String {
        (*random.one(&TAGS)).to_owned()
    }
}
