//! Random searches over random notes, against the plain evaluator. `NOTEGRAPH_SEARCH_SEED` chooses others.

use std::collections::HashMap;
use std::fmt::Write;

use notegraph::entity::note::NoteStatus;
use notegraph::entity::token::Scope;
use serde_json::{Value, json};

use super::evaluate::Plain;
use crate::oracle::random::Random;
use crate::support::{App, Client, Company};

const SEARCHES: usize = 1_000;
/// Searches that one document asks.
const TOGETHER: usize = 10;

const WORDS: [&str; 30] = [
    "invoice",
    "Invoice",
    "late",
    "LATE",
    "too",
    "inv",
    "Straße",
    "STRASSE",
    "café",
    "CAFE\u{301}",
    "über",
    "o'clock",
    "a-b",
    "snake_case",
    "7",
    "42",
    "ＡＢＣ",
    "abc",
    "手机号",
    "手机",
    "手",
    "機手机",
    "ありがとう",
    "りが",
    "한국어",
    "국어",
    "σίσυφος",
    "iPhone手机2",
    "привет",
    "x",
];
const BETWEEN: [&str; 8] = [" ", " ", " ", ", ", "\n", " - ", "'s ", " \u{e000}"];

/// What is known of a note.
struct Known {
    id: i64,
    texts: Vec<String>,
    customer: Option<i64>,
    status: NoteStatus,
    visible: bool,
}

fn text(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..random.below(7) {
        text += *random.one(&WORDS);
        text += *random.one(&BETWEEN);
    }
    text
}

async fn notes(company: &Company, random: &mut Random, customers: &[i64], author: i64) -> Vec<Known> {
    let mut known = Vec::new();
    for _ in 0..60 {
        let (subject, details) = (text(random), text(random));
        let (subject, details) = (random.perhaps(subject), random.perhaps(details));
        let status = if random.percent(50) { NoteStatus::Open } else { NoteStatus::Closed };
        let customer = *random.one(customers);
        let customer = random.perhaps(customer);
        let (confidential, own) = (random.percent(15), random.percent(30));
        let row = company.note(|note| {
            (note.subject, note.details) = (subject.clone(), details.clone());
            (note.status, note.customer_id, note.confidential) = (status, customer, confidential);
            note.user_id = own.then_some(author);
        });
        let id = row.await.id;
        let mut texts = vec![subject.unwrap_or_default(), details.unwrap_or_default()];
        for _ in 0..random.below(4) {
            let message = text(random);
            company.message(id, |row| row.message.clone_from(&message)).await;
            texts.push(message);
        }
        known.push(Known { id, texts, customer, status, visible: !confidential || own });
    }
    // Newest first.
    known.reverse();
    known
}

/// A search as people write it, and as it is meant.
fn search(random: &mut Random) -> (String, Plain) {
    let mut pieces = Vec::new();
    let mut written = String::new();
    for _ in 0..random.below(4) {
        let excluded = random.percent(20);
        let quoted = random.percent(25);
        let mut text = (*random.one(&WORDS)).to_owned();
        if quoted {
            for _ in 0..random.below(3) {
                text = format!("{text} {}", random.one(&WORDS));
            }
        }
        if random.percent(15) {
            text = text.chars().take(2).collect();
        }
        if random.percent(4) {
            "?!".clone_into(&mut text);
        }
        written += if written.is_empty() { "" } else { " " };
        written += if excluded { "-" } else { "" };
        if quoted {
            write!(written, "\"{text}\"").unwrap();
        } else {
            written += &text;
        }
        pieces.push((text, excluded, quoted));
    }
    (written, Plain::new(&pieces))
}

fn ids(nodes: &Value) -> Vec<i64> {
    let id = |node: &Value| node["databaseId"].as_str().unwrap().parse().unwrap();
    nodes.as_array().unwrap().iter().map(id).collect()
}

struct Case {
    written: String,
    plain: Plain,
    filter: Value,
    size: usize,
    page: usize,
}

impl Case {
    fn random(random: &mut Random, customers: &[i64]) -> Self {
        let (written, plain) = search(random);
        let filter = match random.below(4) {
            0 => json!({ "status": { "eq": "OPEN" } }),
            1 => json!({ "customerId": { "eq": random.one(customers).to_string() } }),
            _ => Value::Null,
        };
        Self { written, plain, filter, size: 1 + random.below(9), page: 1 + random.below(4) }
    }

    fn found<'k>(&self, known: &'k [Known]) -> Vec<&'k Known> {
        let passes = |note: &&Known| {
            let filter = &self.filter;
            let customer = filter["customerId"]["eq"].as_str().map(|id| id.parse().unwrap());
            note.visible
                && (filter["status"].is_null() || note.status == NoteStatus::Open)
                && (customer.is_none() || note.customer == customer)
        };
        let texts = |note: &&Known| self.plain.finds(&note.texts.iter().map(String::as_str).collect::<Vec<_>>());
        known.iter().filter(passes).filter(texts).collect()
    }
}

async fn ask(ann: &Client, cases: &[Case]) -> Value {
    let mut document = String::from("query(");
    let mut variables = serde_json::Map::new();
    for (at, case) in cases.iter().enumerate() {
        write!(document, "$s{at}: String, $f{at}: NoteFilter, ").unwrap();
        variables.insert(format!("s{at}"), json!(case.written));
        variables.insert(format!("f{at}"), case.filter.clone());
    }
    document += ") {";
    for (at, case) in cases.iter().enumerate() {
        let (size, page) = (case.size, case.page);
        let args = format!("search: $s{at}, filter: $f{at}");
        write!(
            document,
            "all{at}: notes({args}, first: 100) {{ totalCount edges {{ cursor node {{ databaseId }} searchHit {{ field snippet }} }} }}
             page{at}: notes({args}, first: {size}, page: {page}) {{ pageCount pageInfo {{ hasNextPage }} nodes {{ databaseId }} }}
             counts{at}: noteCounts(groupBy: STATUS, {args}) {{ count }}
             last{at}: notes({args}, last: {size}) {{ pageInfo {{ hasPreviousPage }} nodes {{ databaseId }} }}
             of{at}: customers {{ nodes {{ databaseId notes({args}, first: {size}) {{ totalCount nodes {{ databaseId }} }} }} }}"
        )
        .unwrap();
    }
    document += "}";
    ann.query_with(&document, Value::Object(variables)).await.data().clone()
}

#[tokio::test]
async fn random_searches_find_what_the_plain_evaluator_finds() {
    let seed = std::env::var("NOTEGRAPH_SEARCH_SEED").map_or(1, |seed| seed.parse().unwrap());
    let mut random = Random::new(seed);
    let app = App::start().await;
    let (acme, other) = (app.company("Acme").await, app.company("Other").await);
    let user = acme.user("ann").await;
    let ann = user.token(&[Scope::Read]).await;
    let customers = [acme.customer("Cara").await.id, acme.customer("Dan").await.id];
    let theirs = other.customer("Eve").await.id;
    notes(&other, &mut random, &[theirs], other.user("bob").await.id).await;
    let known = notes(&acme, &mut random, &customers, user.id).await;

    let mut lists = 0;
    let mut found_some = 0;
    let mut walks: Vec<(Case, HashMap<i64, String>)> = Vec::new();
    for _ in 0..SEARCHES / TOGETHER {
        let cases: Vec<Case> = (0..TOGETHER).map(|_| Case::random(&mut random, &customers)).collect();
        let answer = ask(&ann, &cases).await;
        for (at, case) in cases.into_iter().enumerate() {
            let context =
                format!("seed {seed}: {:?} {} of {} page {}", case.written, case.filter, case.size, case.page);
            let found = case.found(&known);
            let expected: Vec<i64> = found.iter().map(|note| note.id).collect();
            found_some += usize::from(!found.is_empty() && found.len() < known.len() / 2);

            let all = &answer[format!("all{at}")];
            let edges = all["edges"].as_array().unwrap();
            let listed: Vec<i64> = edges.iter().flat_map(|edge| ids(&json!([edge["node"]]))).collect();
            assert_eq!(listed, expected, "{context}");
            assert_eq!(all["totalCount"], expected.len(), "{context}");
            for (edge, note) in edges.iter().zip(&found) {
                assert_hit(&case.plain, note, &edge["searchHit"], &context);
            }

            let page = &answer[format!("page{at}")];
            let skipped = (case.page - 1) * case.size;
            let rest = expected.get(skipped..).unwrap_or_default();
            assert_eq!(ids(&page["nodes"]), rest[..case.size.min(rest.len())], "{context}");
            assert_eq!(page["pageInfo"]["hasNextPage"], rest.len() > case.size, "{context}");
            assert_eq!(page["pageCount"], expected.len().div_ceil(case.size), "{context}");

            let counts = answer[format!("counts{at}")].as_array().unwrap();
            let counted: u64 = counts.iter().map(|count| count["count"].as_u64().unwrap()).sum();
            assert_eq!(counted, expected.len() as u64, "{context}");

            let last = &answer[format!("last{at}")];
            let start = expected.len().saturating_sub(case.size);
            assert_eq!(ids(&last["nodes"]), expected[start..], "{context}");
            assert_eq!(last["pageInfo"]["hasPreviousPage"], start > 0, "{context}");

            for customer in answer[format!("of{at}")]["nodes"].as_array().unwrap() {
                let id = ids(&json!([customer]))[0];
                let of_customer: Vec<i64> =
                    found.iter().filter(|note| note.customer == Some(id)).map(|note| note.id).collect();
                assert_eq!(customer["notes"]["totalCount"], of_customer.len(), "{context}");
                let first = &of_customer[..case.size.min(of_customer.len())];
                assert_eq!(ids(&customer["notes"]["nodes"]), first, "{context}");
            }
            lists += 5;
            if expected.len() > 2 && walks.len() < 200 {
                let cursor = |edge: &Value| edge["cursor"].as_str().unwrap().to_owned();
                walks.push((case, listed.into_iter().zip(edges.iter().map(cursor)).collect()));
            }
        }
    }
    assert!(lists >= 5_000, "{lists}");
    assert!(found_some > SEARCHES / 4, "most searches find nothing or everything: {found_some}");
    for (case, cursors) in &walks {
        assert_pages(&ann, case, cursors, &known).await;
    }
}

/// After and before each cursor stands what stands there in the whole list.
async fn assert_pages(ann: &Client, case: &Case, cursors: &HashMap<i64, String>, known: &[Known]) {
    let expected: Vec<i64> = case.found(known).iter().map(|note| note.id).collect();
    let document = "query($s: String, $f: NoteFilter, $c: String) {
        after: notes(search: $s, filter: $f, first: 3, after: $c) { nodes { databaseId } }
        before: notes(search: $s, filter: $f, last: 3, before: $c) { nodes { databaseId } } }";
    for (at, id) in expected.iter().enumerate().step_by(3) {
        let variables = json!({ "s": case.written, "f": case.filter, "c": cursors[id] });
        let answer = ann.query_with(document, variables).await;
        let after = &expected[at + 1..];
        assert_eq!(ids(&answer["after"]["nodes"]), after[..after.len().min(3)], "{}", case.written);
        assert_eq!(ids(&answer["before"]["nodes"]), expected[at.saturating_sub(3)..at], "{}", case.written);
    }
}

/// The hit is of the part that holds most, and its snippet shows marked words of it.
fn assert_hit(plain: &Plain, note: &Known, hit: &Value, context: &str) {
    if !plain.wants_something() {
        assert!(hit.is_null(), "{context}");
        return;
    }
    let most = note.texts.iter().map(|text| plain.hits(text)).max().unwrap();
    let best = note.texts.iter().position(|text| plain.hits(text) == most).unwrap();
    let field = ["SUBJECT", "DETAILS"].get(best).unwrap_or(&"MESSAGE");
    assert_eq!(hit["field"], *field, "{context}: {:?}", note.texts);
    let snippet = hit["snippet"].as_str().unwrap();
    let marked = |text: &str| {
        text.split('\u{e000}').skip(1).map(|rest| rest.split_once('\u{e001}').unwrap().0.to_owned()).collect::<Vec<_>>()
    };
    let words = marked(snippet);
    assert!(
        !words.is_empty() && words.iter().all(|word| note.texts[best].contains(word.as_str())),
        "{context}: {snippet:?}"
    );
}
