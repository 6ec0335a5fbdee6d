//! Sends hostile texts wherever the schema takes a text: they distort no response, change nothing but their own value,
//! and break neither database.

pub mod bombs;
mod documents;
mod ids;
mod inputs;
mod people;
pub mod places;
mod strings;

use std::collections::HashMap;

use axum::body::Body;
use axum::http::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use notegraph::ids::{CompanyId, NoteId, UserId};
use notegraph::search::{Phrase, Search, tokens};
use notegraph::store::entity::note::Tags;
use notegraph::store::entity::token::Scope;
use serde_json::{Value, json};
use testkit::{App, Client, Company, Contents, Response, User};

use self::places::{Place, places};
use self::strings::{SURROGATES, texts};
use crate::filters::{Row, matches};
use crate::oracle::Contract;

/// Maximum number of texts in one document.
const TOGETHER: usize = 20;
/// The key of the records that no change targets.
const KEPT: i64 = 2;
/// Placeholder for half a character (an unpaired surrogate) in a body.
const MARK: &str = "<half>";

/// A harmless text, to check that a place accepts texts at all.
fn plain(place: &Place<'_>, number: usize) -> String {
    // Use the key of existing records, because creating a record needs more fields than its key.
    if place.name.contains("externalKey") { "plain".to_owned() } else { format!("plain {number}") }
}

/// Sends the texts as variables, or written inline in the document.
async fn ask(client: &Client, place: &Place<'_>, texts: &[&str], in_words: bool) -> Response {
    if in_words {
        return client.query(&place.written(texts)).await;
    }
    let (document, variables) = place.document(texts);
    client.query_with(&document, variables).await
}

/// Creates a record of each kind, each with id 1, and returns the user.
async fn one_of_each(company: &Company) -> User {
    // The external key by which changes refer to people.
    let key = Some("plain".to_owned());
    let user = company.user_with("ann", |user| user.external_key.clone_from(&key)).await;
    let customer = company.customer_with("Cara", |customer| customer.external_key.clone_from(&key)).await;
    let (kind, note) = (company.note_type("Call").await, company.note(|_| {}).await);
    let message = company.message(note.id, |_| {}).await;
    assert_eq!([user.id.0, customer.id.0, kind.id.0, note.id.0, message.id.0], [1; 5]);
    user
}

/// The error codes of one aliased field.
fn codes(response: &Response, at: usize) -> Vec<&str> {
    let errors = response.errors().iter().zip(response.codes());
    errors.filter(|(error, _)| error["path"][0] == format!("at{at}")).map(|(_, code)| code).collect()
}

/// Half a character is not valid text, so the request is refused, whatever the place.
async fn assert_halves_are_refused(client: &Client, place: &Place<'_>) {
    let (query, variables) = place.document(&[MARK]);
    let body = json!({ "query": query, "variables": variables }).to_string();
    for half in SURROGATES {
        let request = Request::post("/graphql")
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, format!("Bearer {}", client.token()))
            .body(Body::from(body.replace(MARK, half)))
            .unwrap();
        let response = client.send(request).await;
        assert_eq!((response.status, response.codes()), (400, vec!["BAD_REQUEST"]), "{} {half}", place.name);
    }
}

/// Whether a text contains a word, or words in sequence.
fn holds(phrase: &Phrase, text: &[String]) -> bool {
    let last = phrase.words.len() - 1;
    text.windows(last + 1).any(|found| {
        let same = |(at, word): (usize, &String)| {
            if at == last && phrase.prefix { found[at].starts_with(word) } else { found[at] == *word }
        };
        phrase.words.iter().enumerate().all(same)
    })
}

/// Whether a search finds a text; `None` if the search is refused for having too many words.
fn finds(search: &str, text: &str) -> Option<bool> {
    let Some(search) = Search::new(search).ok()? else { return Some(true) };
    let words: Vec<String> = tokens(text).map(|token| token.word).collect();
    let holds = |phrase: &Phrase| holds(phrase, &words);
    Some(!search.matches_nothing() && search.required.iter().all(holds) && !search.excluded.iter().any(holds))
}

/// The notes in the expected list, newest first; `None` if the arguments are refused.
fn expected(rows: &[Row], place: &Place<'_>, text: &str) -> Option<Vec<NoteId>> {
    let value = place.value(json!(text));
    let mut found = Vec::new();
    for row in rows {
        let is_found = match place.argument() {
            "search" => finds(text, row.note.subject.as_deref().unwrap_or_default())?,
            "filter" if text.contains('\0') => return None,
            "filter" => matches(&value, row, UserId::default()),
            // None of the texts is a valid cursor.
            "after" | "before" => return None,
            argument => panic!("{}: say what {argument} has to find", place.name),
        };
        found.extend(is_found.then_some(row.note.id));
    }
    Some(found)
}

/// Creates a company whose notes carry these texts, newest first, and a client of it.
async fn named(app: &App, texts: &[String]) -> (Vec<Row>, Client) {
    let acme = app.company("Acme").await;
    let ann = acme.user("ann").await;
    let cara = acme.customer("Cara").await;
    let mut rows = Vec::new();
    for text in texts.iter().filter(|text| !text.contains('\0') && text.chars().count() <= 1_000) {
        let note = acme.note(|note| {
            (note.customer_id, note.user_id) = (Some(cara.id), Some(ann.id));
            note.subject = Some(text.clone());
            note.reference_id = Some(text.clone()).filter(|id| id.len() <= 1_000);
            // Within the maximum size of a PostgreSQL index entry.
            note.tags = Tags(Some(text.clone()).filter(|tag| tag.len() <= 1_000).into_iter().collect());
        });
        let note = note.await;
        acme.assign(note.id, ann.id).await;
        rows.insert(0, Row::new(note, vec![ann.id], Vec::new()));
    }
    (rows, ann.token(&[Scope::Read]).await)
}

fn lists_notes(place: &Place<'_>) -> bool {
    ["NoteConnection", "NoteCount"].contains(&place.gives())
}

/// A text and the notes it finds; `None` if it is refused.
type Case<'t> = (&'t str, Option<&'t Vec<NoteId>>);

/// Groups the texts into documents. A refused text gets a document of its own, because it leaves no data in the
/// response.
fn in_documents<'t>(texts: &'t [String], found: &'t [Option<Vec<NoteId>>]) -> Vec<Vec<Case<'t>>> {
    let cases = texts.iter().map(String::as_str).zip(found.iter().map(Option::as_ref));
    let (answered, refused): (Vec<Case>, Vec<Case>) = cases.partition(|(_, found)| found.is_some());
    answered.chunks(TOGETHER).chain(refused.chunks(1)).map(<[Case]>::to_vec).collect()
}

fn assert_list(place: &Place<'_>, (text, found): Case<'_>, codes: &[&str], answer: &Value) {
    let what = format!("{}: {text:?}", place.name);
    let Some(found) = found else {
        let code = if place.takes_cursor() { "BAD_CURSOR" } else { "INVALID" };
        assert!(!codes.is_empty() && codes.iter().all(|found| *found == code), "{what}: {codes:?}");
        return;
    };
    assert!(codes.is_empty(), "{what}: {codes:?}");
    if place.gives() == "NoteCount" {
        let counts = answer.as_array().unwrap().iter().map(|count| count["count"].as_u64().unwrap());
        assert_eq!(counts.sum::<u64>(), found.len() as u64, "{what}");
        return;
    }
    let nodes: Vec<Value> = found.iter().take(20).map(|id| json!({ "id": format!("Note:{id}") })).collect();
    assert_eq!((&answer["totalCount"], &answer["nodes"]), (&json!(found.len()), &json!(nodes)), "{what}");
}

#[tokio::test]
async fn hostile_texts_in_queries_match_literally() {
    let app = App::start().await;
    let texts = texts();
    assert!(texts.len() + SURROGATES.len() >= 200, "{}", texts.len());
    let (rows, client) = named(&app, &texts).await;
    let theirs = app.company("Other").await;
    theirs.note(|note| note.subject = Some("plain OR 1=1".to_owned())).await;
    let before = Contents::read(&app).await;
    let contract = Contract::read();
    let mut known = HashMap::new();
    let mut asked = 0;
    for (number, place) in places(&contract).iter().filter(|place| !place.is_change()).enumerate() {
        let response = ask(&client, place, &[&plain(place, number)], false).await;
        let told = codes(&response, 0);
        assert!(
            told.iter().all(|code| *code == "BAD_CURSOR") && told.is_empty() != place.takes_cursor(),
            "{}",
            place.name
        );
        // The same arguments find the same notes under every record.
        let arguments = place.name.split_once('(').unwrap().1.to_owned();
        let lists_notes = lists_notes(place);
        let found = known.entry((arguments, lists_notes)).or_insert_with(|| {
            texts.iter().map(|text| lists_notes.then(|| expected(&rows, place, text)).flatten()).collect::<Vec<_>>()
        });
        for (part, cases) in in_documents(&texts, found).into_iter().enumerate() {
            let in_words = (number + part).is_multiple_of(2);
            let response = ask(&client, place, &cases.iter().map(|case| case.0).collect::<Vec<_>>(), in_words).await;
            for (at, case) in cases.into_iter().enumerate() {
                let (codes, answer) = (codes(&response, at), place.answer(&response.body["data"], at));
                if lists_notes {
                    assert_list(place, case, &codes, answer);
                } else {
                    // The results of people searches are checked in [`people`].
                    let code = if place.takes_cursor() { "BAD_CURSOR" } else { "INVALID" };
                    assert!(codes.iter().all(|found| *found == code), "{}: {:?} {codes:?}", place.name, case.0);
                    assert!(!place.takes_cursor() || !codes.is_empty(), "{}: {:?}", place.name, case.0);
                }
                asked += 1;
            }
        }
        assert_halves_are_refused(&client, place).await;
    }
    println!("{asked} questions");
    assert!(asked > 200 * 50, "{asked}");
    assert!(before == Contents::read(&app).await, "a question changes nothing");
}

/// Keeps only the rows that no change targets: those of the company `theirs`, and those of the records with this key.
fn unrelated(contents: Contents, theirs: CompanyId, key: i64) -> Contents {
    let mut unrelated = contents;
    for (table, rows) in &mut unrelated.0 {
        let id = match table.as_str() {
            "note" | "customer" | "user" | "note_type" => "id",
            "message" | "assignment" | "note_tag" | "note_update" | "search_part" | "search_note" => "note_id",
            _ => "",
        };
        rows.retain(|row| row["company_id"] == theirs.0 || row[id] == key);
    }
    unrelated
}

#[tokio::test]
async fn hostile_texts_in_mutations_change_nothing_else() {
    let app = App::start().await;
    let (acme, other) = (app.company("Acme").await, app.company("Other").await);
    // The changes target the first record of each kind.
    let key = Some("plain".to_owned());
    let ann = acme.user_with("ann", |user| user.external_key.clone_from(&key)).await;
    acme.customer_with("Cara", |customer| customer.external_key.clone_from(&key)).await;
    assert_eq!((acme.note_type("Call").await.id.0, acme.note(|_| {}).await.id.0, ann.id.0), (1, 1, 1));
    for company in [&acme, &other] {
        let (user, customer) = (company.user("ben").await, company.customer("Cleo").await);
        let kind = company.note_type("Letter").await;
        let note = company.note(|note| {
            (note.user_id, note.customer_id, note.type_id) = (Some(user.id), Some(customer.id), Some(kind.id));
            note.tags = Tags(vec!["plain".to_owned()]);
        });
        let note = note.await;
        company.message(note.id, |_| {}).await;
        company.assign(note.id, user.id).await;
        if company.id == acme.id {
            assert_eq!([user.id.0, customer.id.0, kind.id.0, note.id.0], [KEPT; 4]);
        }
    }
    let client = ann.token(&[Scope::Read, Scope::Write, Scope::Admin]).await;
    let before = unrelated(Contents::read(&app).await, other.id, KEPT);
    let texts = texts();
    let contract = Contract::read();
    let mut changed = 0;
    for (number, place) in places(&contract).iter().filter(|place| place.is_change()).enumerate() {
        let response = ask(&client, place, &[&plain(place, number)], false).await;
        assert_eq!(place.answer(response.data(), 0)["userErrors"], json!([]), "{}", place.name);
        for (part, texts) in texts.chunks(TOGETHER).enumerate() {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let response = ask(&client, place, &texts, (number + part).is_multiple_of(2)).await;
            for (at, text) in texts.into_iter().enumerate() {
                assert_eq!(codes(&response, at), Vec::<&str>::new(), "{}: {text:?}", place.name);
                let problems = place.answer(&response.body["data"], at)["userErrors"].as_array().unwrap();
                let known = ["INVALID", "TOO_LONG", "TOO_MANY", "REQUIRED", "TAKEN"];
                let is_known = |problem: &Value| known.contains(&problem["code"].as_str().unwrap());
                assert!(problems.iter().all(is_known), "{}: {text:?} {problems:?}", place.name);
                changed += usize::from(problems.is_empty());
            }
            if place.name.contains("addTags") {
                // A note holds at most a hundred tags, so clear them.
                client.query("mutation { notePatch(input: { id: 1, patch: { tags: [] } }) { changedFields } }").await;
            }
        }
        assert_halves_are_refused(&client, place).await;
    }
    println!("{changed} changes");
    assert!(changed > 100 * 40, "{changed}");
    let after = unrelated(Contents::read(&app).await, other.id, KEPT);
    assert_eq!(before, after);
    testkit::assert_search_index_is_current(app.db()).await;
}

#[test]
fn the_tested_places_are_all_of_the_schema() {
    let contract = Contract::read();
    let places = places(&contract);
    let names: Vec<&str> = places.iter().map(|place| place.name.as_str()).collect();
    for name in [
        "Query.notes(search)",
        "Query.notes(filter.subject.startsWith)",
        "Query.noteCounts(filter.tags.hasNone)",
        "Customer.notes(filter.subject.in)",
        "User.assignedNotes(after)",
        "Note.messages(before)",
        "Mutation.noteCreate(input.details)",
        "Mutation.notesPatch(input.patch.addTags)",
        "Mutation.noteMessagePost(input.attachment.filename)",
        "Mutation.customersUpsert(input.phone.countryCode)",
        "Mutation.noteTypeRename(name)",
        "Query.notes(filter.referenceId.notIn)",
        "Mutation.noteCreate(input.referenceId)",
        "Mutation.notesPatch(input.patch.referenceId)",
        "Mutation.customersUpsert(input.homeHouseId)",
    ] {
        assert!(names.contains(&name), "{name} is none of {names:#?}");
    }
    assert!(!names.iter().any(|name| name.contains("and.") || name.contains("customerId")), "{names:#?}");
}
