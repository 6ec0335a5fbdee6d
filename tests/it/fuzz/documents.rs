use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Asked, blames_the_client, fuzz};
use crate::oracle::random::Random;
use crate::oracle::{Contract, Style, Words, document};

/// An edit of a document, at two of its positions.
#[derive(Clone, Copy, Debug)]
enum Edit {
    Remove,
    Repeat,
    Swap,
    Insert,
}

type Edits = Vec<(Edit, prop::sample::Index, prop::sample::Index)>;

fn edits() -> impl Strategy<Value = Edits> {
    let edit = prop::sample::select(vec![Edit::Remove, Edit::Repeat, Edit::Swap, Edit::Insert]);
    vec((edit, any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..6)
}

/// Splits a document into its words and its other characters.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut in_word = false;
    for char in text.chars() {
        let belongs = char.is_alphanumeric() || char == '_';
        match pieces.last_mut() {
            Some(last) if belongs && in_word => last.push(char),
            _ => pieces.push(char.into()),
        }
        in_word = belongs;
    }
    pieces
}

fn apply(edits: &Edits, text: &str) -> String {
    let mut pieces = pieces(text);
    for (edit, first, second) in edits {
        if pieces.is_empty() {
            break;
        }
        let (first, second) = (first.index(pieces.len()), second.index(pieces.len()));
        match edit {
            Edit::Remove => drop(pieces.remove(first)),
            Edit::Repeat => pieces.insert(first, pieces[first].clone()),
            Edit::Swap => pieces.swap(first, second),
            Edit::Insert => pieces.insert(first, pieces[second].clone()),
        }
    }
    pieces.concat()
}

/// Values for documents, some of which exist.
fn words(asked: &Asked) -> Words {
    let ids = |kind: &str| (kind.to_owned(), (1..4).map(|key| format!("{kind}:{key}")).collect());
    let kinds = ["Company", "Customer", "User", "NoteType", "Note", "NoteMessage"];
    let page = asked.ask("{ notes(first: 1) { pageInfo { endCursor } } }", json!({}));
    let cursor = page["notes"]["pageInfo"]["endCursor"].as_str().unwrap().to_owned();
    Words { ids: kinds.map(ids).into_iter().collect::<BTreeMap<_, _>>(), cursors: vec![cursor, "x".to_owned()] }
}

/// Documents of the schema, and documents that are almost valid.
#[test]
fn any_document_is_answered() {
    let asked = Asked::start();
    let contract = Contract::read();
    let words = words(&asked);
    let codes = [
        "GRAPHQL_PARSE_FAILED",
        "GRAPHQL_VALIDATION_FAILED",
        "TOO_COMPLEX",
        "INVALID",
        "BAD_CURSOR",
        "BAD_REQUEST",
        "FORBIDDEN",
    ];
    fuzz("documents", 200, &(any::<u64>(), edits()), |(seed, edits)| {
        let mut random = Random::new(*seed);
        let style = Style { merge: true, wrong: true, plain: false };
        let document = document(&contract, &words, style, &mut random);
        let answer = asked.ask(&apply(edits, &document.text()), Value::Object(document.sent()));
        blames_the_client(&answer, &codes)
    });
}

/// A plan that is kept with its document gives the same response as a new one, whatever variables it depends on.
#[test]
fn a_cached_plan_equals_a_new_one() {
    let asked = Asked::start();
    let (contract, words) = (Contract::read(), words(&asked));
    let choices = vec(any::<u64>(), 1..3);
    fuzz("plans", 100, &(any::<u64>(), choices), |(seed, choices)| {
        let style = Style { merge: true, wrong: false, plain: false };
        let document = document(&contract, &words, style, &mut Random::new(*seed));
        let text = document.text();
        for choice in choices {
            let mut variables = document.sent();
            for (bit, flag) in variables.values_mut().filter(|value| value.is_boolean()).enumerate() {
                *flag = Value::Bool(choice >> (bit % 64) & 1 == 1);
            }
            let kept = asked.ask(&text, Value::Object(variables.clone()));
            // Another text is another document, with its own plan.
            let fresh = asked.ask(&format!("{text}\n# {choice}"), Value::Object(variables));
            if kept.body["data"] != fresh.body["data"] || kept.codes() != fresh.codes() {
                return Err(format!("{:.1000}\n{:.1000}", kept.text, fresh.text));
            }
        }
        Ok(())
    });
}
