//! Keys and texts that libraries take for serialized JSON: the server treats them as plain data.

use axum::body::Body;
use axum::http::Request;
use notegraph::store::entity::token::Scope;
use serde_json::{Value, json};

use testkit::{App, Client};

const MARKER: &str = "$serde_json::private::RawValue";

async fn post(client: &Client, body: String) -> (u16, Value) {
    let request = Request::post("/graphql")
        .header("authorization", format!("Bearer {}", client.token()))
        .header("content-type", "application/json")
        .header("accept", "application/graphql-response+json")
        .body(Body::from(body))
        .unwrap();
    let answer = client.send(request).await;
    (answer.status, answer.body)
}

/// JSON within strings within JSON, nested so deeply that parsing all of it would overflow the stack.
fn nested(marker: &str) -> String {
    let mut json = "1".to_owned();
    for _ in 0..60 {
        let inner = format!("{}{json}{}", "[".repeat(90), "]".repeat(90));
        json = format!(r#"{{"{marker}":"{}"}}"#, inner.replace('\\', "\\u005c").replace('"', "\\u0022"));
    }
    json
}

/// Parsed by the library, the first text crashed the process, and the last one took 130 MB.
#[tokio::test]
async fn a_text_under_a_marker_is_not_parsed() {
    let app = App::start().await;
    let client = app.company("Acme").await.user("ann").await.token(&[Scope::Read]).await;
    let many = Value::String(format!("[{}0]", r#"{"":0},"#.repeat(200_000)));
    for hidden in [nested(MARKER), nested("$serde_json::private::Number"), format!(r#"{{"{MARKER}":{many}}}"#)] {
        for name in ["extensions", "variables"] {
            for value in [&hidden, &format!(r#"{{"a":{hidden}}}"#)] {
                let body = format!(r#"{{"query":"{{ viewer {{ scopes }} }}","{name}":{value}}}"#);
                let (status, answer) = post(&client, body).await;
                assert_eq!((status, &answer["errors"][0]["extensions"]["code"]), (400, &json!("BAD_REQUEST")));
                let message = answer["errors"][0]["message"].as_str().unwrap();
                assert!(message.contains(name) && message.contains("reserved"), "{message}");
            }
        }
        // Members that the server ignores may contain anything.
        let (status, _) = post(&client, format!(r#"{{"query":"{{ __typename }}","other":{hidden}}}"#)).await;
        assert_eq!(status, 200);
        let (status, _) = post(&client, hidden).await;
        assert_eq!(status, 400, "no request");
    }
}

#[tokio::test]
async fn no_client_injects_json_into_a_response() {
    let app = App::start().await;
    let client = app.company("Acme").await.user("ann").await.token(&[Scope::Write]).await;
    let written = json!({ MARKER: "{\"forged\": true}" });
    let create = "mutation($a: NoteCreateInput!) {
        noteCreate(input: $a) { note { id subject tags } userErrors { code message params } } }";
    // No input field accepts an arbitrary object.
    for field in ["subject", "details", "tags", "status", "reminder", "customerId"] {
        for value in [written.clone(), json!([written.clone()])] {
            let (status, answer) =
                post(&client, json!({ "query": create, "variables": { "a": { field: value } } }).to_string()).await;
            assert_eq!(status, 400, "{field}: {answer}");
            assert!(!answer.to_string().contains(r#"{"forged":true}"#), "{field}: {answer}");
        }
    }
    // Within a text it stays a text.
    let text = written.to_string();
    let note = client.query_with(create, json!({ "a": { "subject": text, "tags": [text] } })).await;
    assert_eq!(note["noteCreate"]["note"]["subject"], text);
    assert_eq!(note["noteCreate"]["note"]["tags"], json!([text]));
    // The same applies to an argument that is written in the document.
    let (status, answer) = post(&client, json!({ "query": "{ note(id: { a: 1 }) { id } }" }).to_string()).await;
    assert_eq!(status, 400, "{answer}");
}
