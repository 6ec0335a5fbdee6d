//! Scalars: values come back as they were sent, the same on both databases.

use chrono::NaiveDate;
use notegraph::ids::{MessageId, NoteId};
use notegraph::store::entity::token::Scope;
use serde_json::{Value, json};

use notegraph::text::control_characters::is_control;
use testkit::{App, Client};

async fn writer() -> (App, Client) {
    let app = App::start().await;
    let client = app.company("Acme").await.user("ann").await.token(&[Scope::Read, Scope::Write]).await;
    (app, client)
}

const CREATE: &str = "mutation($input: NoteCreateInput!) { noteCreate(input: $input) {
    note { id subject details tags referenceId reminder } userErrors { code path } } }";
const READ: &str = "query($id: ID!) { note(id: $id) { id subject details tags referenceId reminder } }";

/// Creates a note and reads it back; both responses must be equal.
async fn made(client: &Client, input: Value) -> Value {
    let response = client.query_with(CREATE, json!({ "input": input })).await;
    assert_eq!(response["noteCreate"]["userErrors"], json!([]));
    let note = response["noteCreate"]["note"].clone();
    let read = client.query_with(READ, json!({ "id": note["id"] })).await;
    assert_eq!(read["note"], note, "read otherwise than it was made");
    note
}

#[tokio::test]
async fn times_are_returned_in_utc_with_microseconds() {
    let (_app, client) = writer().await;
    for (sent, given) in [
        ("2026-03-14T09:26:53Z", "2026-03-14T09:26:53Z"),
        ("2026-03-14t09:26:53z", "2026-03-14T09:26:53Z"),
        ("2026-03-14T09:26:53+00:00", "2026-03-14T09:26:53Z"),
        ("2026-03-14T10:26:53+01:00", "2026-03-14T09:26:53Z"),
        ("2026-03-13T23:56:53.5-09:30", "2026-03-14T09:26:53.500Z"),
        ("2026-03-14T09:26:53.000001Z", "2026-03-14T09:26:53.000001Z"),
        ("2026-03-14T09:26:53.120Z", "2026-03-14T09:26:53.120Z"),
        ("2026-03-14T09:26:53.123456Z", "2026-03-14T09:26:53.123456Z"),
        ("2026-03-14T09:26:53.999999999Z", "2026-03-14T09:26:53.999999Z"),
        ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"),
        ("1900-02-28T23:59:59-01:00", "1900-03-01T00:59:59Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ] {
        let note = made(&client, json!({ "reminder": sent })).await;
        assert_eq!(note["reminder"], json!(given), "{sent}");
        let document =
            format!("mutation {{ noteCreate(input: {{ reminder: \"{sent}\" }}) {{ note {{ reminder }} }} }}");
        assert_eq!(
            client.query(&document).await["noteCreate"]["note"]["reminder"],
            json!(given),
            "{sent} as a literal"
        );
    }
}

#[tokio::test]
async fn times_sort_correctly_with_any_fraction() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let times = ["53Z", "53.000001Z", "53.000010Z", "53.1Z", "53.100001Z", "53.12Z", "53.999999Z", "54Z"];
    for time in times.iter().rev() {
        let time = format!("2026-03-14T09:26:{time}").parse().unwrap();
        acme.note(|note| note.created_on = time).await;
    }
    let client = acme.user("ann").await.token(&[Scope::Read]).await;
    let (mut walked, mut after) = (Vec::new(), Value::Null);
    loop {
        let document = "query($after: String) { notes(first: 1, after: $after, orderBy: [{ field: CREATED_ON }]) {
            nodes { createdOn } pageInfo { endCursor hasNextPage } } }";
        let response = client.query_with(document, json!({ "after": after })).await;
        let page = &response["notes"];
        walked.extend(
            page["nodes"].as_array().unwrap().iter().map(|node| node["createdOn"].as_str().unwrap().to_owned()),
        );
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            break;
        }
    }
    let given = ["53Z", "53.000001Z", "53.000010Z", "53.100Z", "53.100001Z", "53.120Z", "53.999999Z", "54Z"];
    assert_eq!(walked, given.map(|time| format!("2026-03-14T09:26:{time}")));
}

#[tokio::test]
async fn large_integers_are_text() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let client = acme.user("ann").await.token(&[Scope::Read]).await;
    for id in [9_007_199_254_740_993, i64::MAX] {
        let note = acme.note(|note| note.id = NoteId(id)).await;
        acme.message(note.id, |message| {
            message.id = MessageId(id);
            message.attachment_filename = Some("large".to_owned());
            message.attachment_size = Some(id - 1);
        })
        .await;
        let document =
            "query($id: ID!) { note(id: $id) { databaseId id messages { nodes { databaseId attachment { size } } } } }";
        for asked in [id.to_string(), format!("Note:{id}")] {
            let response = client.query_with(document, json!({ "id": asked })).await;
            let messages =
                json!({ "nodes": [{ "databaseId": id.to_string(), "attachment": { "size": (id - 1).to_string() } }] });
            let note = json!({ "databaseId": id.to_string(), "id": format!("Note:{id}"), "messages": messages });
            assert_eq!(response["note"], note);
        }
    }
}

#[tokio::test]
async fn dates_have_no_time() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let client = acme.user("ann").await.token(&[Scope::Read]).await;
    for day in ["2026-03-14", "2000-02-29", "1900-02-28", "0001-01-01", "9999-12-31"] {
        let date: NaiveDate = day.parse().unwrap();
        let customer = acme.customer_with("Cara", |customer| {
            customer.birthdate = Some(date);
            customer.anniversary_date = Some(date);
        });
        let id = customer.await.id.to_string();
        let document = "query($id: ID!) { customer(id: $id) { birthdate anniversaryDate } }";
        let response = client.query_with(document, json!({ "id": id })).await;
        assert_eq!(response["customer"], json!({ "birthdate": day, "anniversaryDate": day }));
    }
}

/// Texts that something on the way might change.
const TEXTS: [&str; 16] = [
    "",
    " ",
    "  both ends\t",
    "null",
    "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽",
    "שלום עולם \u{202e}rtl\u{202c} مرحبا",
    "line\u{2028}paragraph\u{2029}nel\u{85}",
    "one\r\ntwo\rthree\nfour",
    "e\u{301} and \u{e9}, \u{1100}\u{1161} and \u{ac00}",
    "\u{1}\u{7f}\u{feff}\u{fffd}\u{10ffff}\u{e000}",
    "quote ' double \" back \\ slash / percent % under _ dollar $1 ? :name",
    "'; DROP TABLE note; --",
    "<script>alert(1)</script>&amp;",
    "\\u0041 \\n {{braces}} ${x} #{y}",
    "ﬁ İ ß ẞ ſ",
    "\u{200b}zero\u{200d}width\u{2060}",
];

#[tokio::test]
async fn text_survives_byte_for_byte() {
    let (_app, client) = writer().await;
    for text in TEXTS {
        let mut input = json!({ "subject": text, "details": text, "referenceId": text });
        if !text.trim().is_empty() {
            input["tags"] = json!([text, format!("{text}.")]);
        }
        let note = made(&client, input.clone()).await;
        for field in ["subject", "details", "referenceId"] {
            assert_eq!(note[field], json!(text), "{field} of {text:?}");
        }
        assert_eq!(note["tags"], input.get("tags").cloned().unwrap_or(json!([])));

        let filter = json!({ "filter": { "referenceId": { "eq": text } } });
        let found =
            client.query_with("query($filter: NoteFilter) { notes(filter: $filter) { nodes { id } } }", filter).await;
        assert_eq!(found["notes"]["nodes"], json!([{ "id": note["id"] }]), "{text:?} by its reference");
    }
}

#[tokio::test]
async fn escapes_in_documents_are_decoded() {
    let (_app, client) = writer().await;
    for text in TEXTS {
        // JSON escapes are GraphQL escapes, except for the two control characters that JSON does not escape.
        let literal = json!(text).to_string().replace('\u{7f}', "\\u007f").replace('\u{feff}', "\\ufeff");
        let document = format!("mutation {{ noteCreate(input: {{ subject: {literal} }}) {{ note {{ subject }} }} }}");
        assert_eq!(client.query(&document).await["noteCreate"]["note"]["subject"], json!(text), "{literal}");
    }
}

#[tokio::test]
async fn messages_and_file_names_survive_byte_for_byte() {
    let (_app, client) = writer().await;
    let id = made(&client, json!({})).await["id"].clone();
    let document = "mutation($input: NoteMessagePostInput!) { noteMessagePost(input: $input) {
        message { message attachment { filename url contentType } } userErrors { code } } }";
    for text in TEXTS.iter().filter(|text| !text.trim().is_empty()) {
        // Names contain no control characters; everything else stays as it is.
        let name: String = text.chars().filter(|character| !is_control(*character)).collect();
        let attachment = json!({ "filename": name, "url": "https://example.com/%C3%BC?a=b#c", "contentType": name });
        let input = json!({ "noteId": id, "message": text, "attachment": attachment });
        let response = client.query_with(document, json!({ "input": input })).await;
        assert_eq!(response["noteMessagePost"]["message"], json!({ "message": text, "attachment": attachment }));
        let read = client.query_with(
            "query($id: ID!) { note(id: $id) { lastMessage { message attachment { filename url contentType } } } }",
            json!({ "id": id }),
        );
        assert_eq!(read.await["note"]["lastMessage"], json!({ "message": text, "attachment": attachment }));
    }
}

#[tokio::test]
async fn the_longest_texts_are_stored_completely() {
    let (_app, client) = writer().await;
    for letter in ["x", "é", "👍", "\n"] {
        let text = letter.repeat(250_000);
        let note = made(&client, json!({ "details": text })).await;
        assert!(note["details"] == json!(text), "{letter:?} was altered");
        let response = client.query_with(CREATE, json!({ "input": { "details": text + letter } })).await;
        assert_eq!(response["noteCreate"]["userErrors"], json!([{ "code": "TOO_LONG", "path": ["input", "details"] }]));
    }
}

#[tokio::test]
async fn a_nul_character_is_refused_with_its_path() {
    let (_app, client) = writer().await;
    for (field, value) in
        [("subject", json!("a\0")), ("details", json!("\0")), ("referenceId", json!("\0")), ("tags", json!(["a\0"]))]
    {
        let response = client.query_with(CREATE, json!({ "input": { field: value } })).await;
        assert_eq!(response["noteCreate"]["userErrors"][0]["code"], json!("INVALID"), "{field}");
    }
}
