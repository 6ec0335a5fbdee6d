//! Names that would control a terminal: none can be created, and existing ones are printed safely.

use std::process::Stdio;

use notegraph::auth::{NewToken, create_token};
use notegraph::store::entity::token::Scope;
use notegraph::text::control_characters;
use serde_json::{Value, json};
use tokio::process::Command;

use testkit::{App, Company, Database, Engine};

/// Moves the cursor up, writes a row over another one, sets the title, ends the line, reorders.
const HOSTILE: &str = "bob\x1b]0;owned\x07\x1b[2K\x1b[1A\r1   active  root  ADMIN\nFAKE ROW\u{9b}2J\u{202e}\u{2028}";

/// One of each kind of character that a name cannot contain.
const CONTROLS: [&str; 12] = [
    "\n", "\r", "\t", "\x1b[31m", "\x07", "\u{7f}", "\u{85}", "\u{9b}", "\u{2028}", "\u{2029}", "\u{202e}", "\u{2066}",
];

async fn run(database: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_notegraph"));
    command.args(arguments).env_clear().env("DATABASE_URL", database).stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[track_caller]
fn assert_harmless(printed: &str, lines: usize) {
    let control = printed.split('\n').find_map(control_characters::first);
    assert_eq!(control, None, "{printed:?}");
    assert_eq!(printed.lines().count(), lines, "{printed:?}");
}

#[tokio::test]
async fn stored_control_characters_are_printed_on_one_line() {
    let app = App::start().await;
    let acme = app.company(&format!("Acme {HOSTILE}")).await;
    let user = acme.user_with(HOSTILE, |_| {}).await;
    let new = NewToken {
        company_id: user.company_id,
        user_id: user.id,
        name: HOSTILE.to_owned(),
        scopes: vec![Scope::Read],
        expires_on: None,
    };
    let transaction = app.db().begin().await.unwrap();
    create_token(&transaction, app.clock(), new).await.unwrap();
    transaction.commit().await.unwrap();
    let url = app.database_url();
    let company = format!("Acme {HOSTILE}");

    let (status, printed, _) = run(url, &["token", "list", "--company", &company]).await;
    assert_eq!(status, Some(0));
    assert_harmless(&printed, 2);
    assert!(printed.contains(r"\u{1b}[2K") && printed.contains(r"\nFAKE ROW"), "{printed}");
    let scope = ["--scope", "READ"];
    let create = [&["token", "create", "--company", &company, "--user", HOSTILE], &scope[..]].concat();
    let (status, printed, told) = run(url, &create).await;
    assert_eq!(status, Some(0));
    assert_harmless(&printed, 1);
    assert_harmless(&told, 1);
    // Error messages contain existing names.
    for arguments in [
        &["token", "list", "--company", "Nobody"][..],
        &["token", "create", "--company", &company, "--user", "nobody", "--scope", "READ"],
        &["user", "create", "--company", &company, "--username", "ann", "--first-name", "\x1b[2J"],
        &["token", "revoke", "--company", &company, "99"],
        &["no such command \x1b[2J\u{9b}"],
    ] {
        let (status, printed, told) = run(url, arguments).await;
        assert!(status.is_some_and(|status| status > 0), "{arguments:?}");
        assert_harmless(&printed, 0);
        assert_harmless(&told, told.lines().count());
    }
}

#[tokio::test]
async fn the_command_line_refuses_control_characters() {
    let database = Database::empty(&Engine::of_this_run()).await;
    let url = database.url();
    assert_eq!(run(url, &["company", "create", "Acme"]).await.0, Some(0));
    assert_eq!(run(url, &["user", "create", "--company", "Acme", "--username", "ann"]).await.0, Some(0));
    for control in CONTROLS {
        let name = format!("a{control}b");
        for arguments in [
            &["company", "create", &name][..],
            &["user", "create", "--company", "Acme", "--username", &name],
            &["user", "create", "--company", "Acme", "--username", "bo", "--first-name", &name],
            &["user", "create", "--company", "Acme", "--username", "bo", "--email", &name],
            &["token", "create", "--company", "Acme", "--user", "ann", "--scope", "READ", "--name", &name],
            &["import", "/dev/null", "--company", &name],
        ] {
            let (status, _, told) = run(url, arguments).await;
            assert!(status == Some(2) && told.contains("must not contain control characters"), "{arguments:?}: {told}");
        }
    }
    let (_, tokens, told) = run(url, &["token", "list", "--company", "Acme"]).await;
    assert!(tokens.is_empty() && told.contains("has no token"), "{tokens}{told}");
}

#[tokio::test]
async fn the_api_refuses_control_characters() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let client = acme.user("admin").await.token(&[Scope::Admin]).await;
    let users = "mutation($i: [UserInput!]!) { x: usersUpsert(input: $i) { userErrors { code path } } }";
    let customers = "mutation($i: [CustomerInput!]!) { x: customersUpsert(input: $i) { userErrors { code path } } }";
    let person = |document: &'static str, field: &str, value: Value| {
        let mut input = json!({ "externalKey": "e", "firstName": "Ann" });
        if document == users {
            input["username"] = json!("ann");
        }
        input[field] = value;
        (document, json!({ "i": [input] }))
    };
    for control in CONTROLS {
        let name = format!("a{control}b");
        let mut requests = vec![
            (
                "mutation($n: String!) { x: noteTypeCreate(name: $n) { userErrors { code path } } }",
                json!({ "n": name }),
            ),
            person(customers, "phone", json!({ "full": name })),
        ];
        for field in ["externalKey", "username", "firstName", "lastName", "fullName", "email", "role", "createdBy"] {
            requests.push(person(users, field, json!(name)));
        }
        for field in ["externalKey", "companyName", "firstName", "middleName", "lastName", "fullName", "flag", "locale"]
        {
            requests.push(person(customers, field, json!(name)));
        }
        for (document, variables) in requests {
            let answer = client.query_with(document, variables.clone()).await;
            assert_eq!(answer["x"]["userErrors"][0]["code"], "INVALID", "{variables}");
        }
    }
    assert_eq!(client.query("{ noteTypes { name } users { totalCount } }").await["users"]["totalCount"], 1);
    right_names_are_taken(&acme).await;
}

/// Accepts names in scripts that need joiners and directional marks.
async fn right_names_are_taken(acme: &Company) {
    let client = acme.user("other").await.token(&[Scope::Admin]).await;
    for name in ["Zoë Ünal", "\u{5e9}\u{5dc}\u{200f}", "\u{645}\u{200c}\u{6cc}", "👩\u{200d}💻", "手帳"] {
        let document = "mutation($n: String!) { noteTypeCreate(name: $n) { userErrors { code } } }";
        let answer = client.query_with(document, json!({ "n": name })).await;
        assert_eq!(answer["noteTypeCreate"]["userErrors"], json!([]), "{name}");
    }
}
