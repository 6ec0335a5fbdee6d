//! Invalid and unknown IDs wherever the schema takes an ID: each is refused with a specific error code, finds nothing
//! and changes nothing.

use notegraph::store::entity::token::Scope;
use serde_json::{Value, json};
use testkit::{App, Client, Contents, Response};

use super::places::{Place, ids};
use super::{codes, one_of_each};
use crate::oracle::Contract;

/// Texts that are not a valid ID of any type.
const NO_IDS: [&str; 48] = [
    "",
    " ",
    "\t",
    "1 ",
    " 1",
    "1\n",
    "01",
    "+1",
    "-1",
    "0",
    "-0",
    "1.0",
    "1e0",
    "0x1",
    "1_0",
    "1,2",
    "１",
    "²",
    "١",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551617",
    "4294967297.0",
    "Note",
    "Note:",
    ":1",
    ":",
    "Note:1:2",
    "Note:Note:1",
    "Note:1 ",
    "Note: 1",
    "Note:-1",
    "Note:01",
    "note:1",
    "NOTE:1",
    "Note：1",
    "Note/1",
    "Nope:1",
    "Token:1",
    "Event:1",
    "\0",
    "1\0",
    "Note:1\0",
    "\u{1f600}",
    "Note:\u{1f600}",
    "\u{feff}1",
    "1' OR '1'='1",
    "Tm90ZTox",
];

/// Well-formed IDs of records that do not exist.
const ABSENT: [&str; 9] = [
    "9223372036854775807",
    "999999999",
    "Note:999999999",
    "Customer:999999999",
    "User:999999999",
    "NoteType:999999999",
    "NoteMessage:999999999",
    "Company:999999999",
    "Company:9223372036854775807",
];

async fn ask(client: &Client, place: &Place<'_>, value: Value, in_words: bool) -> Response {
    if in_words {
        return client.query(&place.writing(&[value])).await;
    }
    let (document, variables) = place.asking(&[value], place.selection());
    client.query_with(&document, variables).await
}

/// The codes of all errors, at the top level and in the payload.
fn told(place: &Place<'_>, response: &Response) -> Vec<String> {
    let mut told: Vec<String> = response.codes().into_iter().map(str::to_owned).collect();
    if place.is_change() && told.is_empty() {
        let problems = place.answer(response.data(), 0)["userErrors"].as_array().unwrap();
        told.extend(problems.iter().map(|problem| problem["code"].as_str().unwrap().to_owned()));
    }
    told
}

#[tokio::test]
async fn invalid_ids_are_refused_everywhere() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let client = one_of_each(&acme).await.token(&[Scope::Admin]).await;
    let before = Contents::read(&app).await;
    let contract = Contract::read();
    let long = "9".repeat(5_000);
    let mut asked = 0;
    for (number, place) in ids(&contract).iter().enumerate() {
        for (at, id) in NO_IDS.into_iter().chain([long.as_str()]).enumerate() {
            let response = ask(&client, place, json!(id), (number + at).is_multiple_of(2)).await;
            let told = told(place, &response);
            assert_eq!(told, ["INVALID"], "{}: {id:?} {}", place.name, response.body);
            assert_eq!(place.is_change(), codes(&response, 0).is_empty(), "{}: {id:?}", place.name);
        }
        for (at, id) in ABSENT.into_iter().enumerate() {
            let response = ask(&client, place, json!(id), (number + at).is_multiple_of(2)).await;
            let told = told(place, &response);
            let known = ["INVALID", "NOT_FOUND", "REFERENCE_NOT_FOUND"];
            assert!(told.iter().all(|code| known.contains(&code.as_str())), "{}: {id} {told:?}", place.name);
        }
        // An ID may be written as a number.
        for (id, code) in [
            (json!(-1), "INVALID"),
            (json!(0), "INVALID"),
            // The ID type accepts integers of any length; none of these is the ID of a record.
            (json!(u64::MAX), "INVALID"),
            (json!(i64::MIN), "INVALID"),
            (json!(1.5), "GRAPHQL_VALIDATION_FAILED"),
            (json!(true), "GRAPHQL_VALIDATION_FAILED"),
            (json!({}), "GRAPHQL_VALIDATION_FAILED"),
            (json!([[1]]), "GRAPHQL_VALIDATION_FAILED"),
        ] {
            for in_words in [false, true] {
                let response = ask(&client, place, id.clone(), in_words).await;
                let told = told(place, &response);
                assert_eq!(told, [code], "{}: {id} in words: {in_words} {}", place.name, response.body);
            }
        }
        asked += NO_IDS.len() + ABSENT.len() + 17;
    }
    println!("{asked} questions and changes");
    assert!(asked > 5_000, "{asked}");
    assert!(before == Contents::read(&app).await, "nothing has changed");
}
