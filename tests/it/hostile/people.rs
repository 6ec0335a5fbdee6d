//! Hostile texts as names of people and as searches for people.

use std::collections::BTreeSet;

use notegraph::search::{Shape, tokens};
use notegraph::store::entity::token::Scope;
use serde_json::{Value, json};
use testkit::{App, Contents};

use super::TOGETHER;
use super::places::{Place, places};
use super::strings::texts;
use crate::oracle::Contract;

/// Maximum number of words in a search.
const MOST: usize = 20;

/// The words of a text, with adjacent groups of digits as one number, and whether the last word may continue.
fn words(text: &str) -> (Vec<String>, bool) {
    let mut words: Vec<String> = Vec::new();
    // The end of the preceding number.
    let (mut number, mut goes_on) = (None, false);
    for token in tokens(text) {
        let is_number = token.word.chars().all(|char| char.is_ascii_digit());
        let between = number.map(|end| &text[end..token.range.start]).filter(|_| is_number);
        if between.is_some_and(|between| between.chars().all(|char| char.is_whitespace() || "+-‐‑–/.()".contains(char)))
        {
            words.last_mut().unwrap().push_str(&token.word);
        } else {
            words.push(token.word);
        }
        number = is_number.then_some(token.range.end);
        goes_on = token.shape == Shape::Last;
    }
    (words, goes_on)
}

/// The words by which a person of this name is found.
fn found_by(name: &str) -> BTreeSet<String> {
    tokens(name).map(|token| token.word).chain(words(name).0).collect()
}

/// Whether a search finds a person with these words; `None` if it is refused.
fn finds(search: &str, known: &BTreeSet<String>) -> Option<bool> {
    if search.trim().is_empty() {
        return Some(true);
    }
    let (mut wanted, goes_on) = words(search);
    if wanted.len() > MOST {
        return None;
    }
    if goes_on {
        wanted.pop();
    }
    Some(!wanted.is_empty() && wanted.iter().all(|word| known.iter().any(|known| known.starts_with(word))))
}

fn assert_list(place: &Place<'_>, text: &str, list: &Value, people: &[(String, BTreeSet<String>)]) {
    let found = people.iter().filter(|(_, known)| finds(text, known).unwrap());
    let found: BTreeSet<&str> = found.map(|(id, _)| id.as_str()).collect();
    let what = format!("{}: {text:?} {list}", place.name);
    assert_eq!(list["totalCount"], found.len(), "{what}");
    let nodes: BTreeSet<&str> =
        list["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap()).collect();
    assert!(nodes.len() == found.len().min(20) && nodes.is_subset(&found), "{what}");
}

#[tokio::test]
async fn hostile_texts_match_people_literally() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let ann = acme.user("ann").await;
    let texts = texts();
    let (mut users, mut customers) = (vec![(format!("User:{}", ann.id), found_by("ann"))], Vec::new());
    for (number, text) in texts.iter().filter(|text| !text.contains('\0') && text.len() <= 1_000).enumerate() {
        let username = format!("zz{number}");
        let user = acme.user_with(&username, |user| {
            (user.first_name, user.last_name) = (None, Some(text.clone()));
            user.full_name.clone_from(text);
        });
        let known = found_by(text).into_iter().chain(found_by(&username)).collect();
        users.push((format!("User:{}", user.await.id), known));
        let customer = acme.customer_with(text, |_| {}).await;
        customers.push((format!("Customer:{}", customer.id), found_by(text)));
    }
    let client = ann.token(&[Scope::Read]).await;
    let before = Contents::read(&app).await;
    let contract = Contract::read();
    let mut asked = 0;
    for (list, people) in [("Query.customers(search)", &customers), ("Query.users(search)", &users)] {
        let places = places(&contract);
        let place = places.iter().find(|place| place.name == list).unwrap();
        let is_refused = |text: &&String| finds(text, &BTreeSet::new()).is_none();
        let (refused, answered): (Vec<&String>, Vec<&String>) = texts.iter().partition(is_refused);
        for (number, texts) in answered.chunks(TOGETHER).enumerate() {
            let values: Vec<Value> = texts.iter().map(|text| json!(text)).collect();
            let response = if number.is_multiple_of(2) {
                client.query(&place.writing(&values)).await
            } else {
                let (document, variables) = place.asking(&values, place.selection());
                client.query_with(&document, variables).await
            };
            for (at, text) in texts.iter().enumerate() {
                assert_list(place, text, place.answer(response.data(), at), people);
                asked += 1;
            }
        }
        for text in refused {
            let (document, variables) = place.document(&[text]);
            assert_eq!(client.query_with(&document, variables).await.codes(), ["INVALID"], "{list}: {text:?}");
            asked += 1;
        }
    }
    assert_eq!(asked, 2 * texts.len());
    assert!(before == Contents::read(&app).await, "a question changes nothing");
}
