//! Texts and assignees that attackers store in their own notes before they query them.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use tokio::time::sleep;

use crate::server::Server;
use crate::template::Cast;
use crate::wire::{Wire, post};

/// Time in which a used-up budget is refilled.
const BUDGET: Duration = Duration::from_secs(12);

/// The contents of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Alphabet {
    /// One letter and a blank: as many words as possible, all equal.
    Words,
    /// Different words.
    Vocabulary,
    /// U+0001, which takes six bytes in JSON.
    Control,
    /// A letter with many combining marks.
    Marks,
    /// Chinese characters; each pair of them is indexed.
    Chinese,
    /// Quotes and backslashes, which take two bytes in JSON.
    Quotes,
    /// An emoji that consists of several code points.
    Joined,
}

pub const ALPHABETS: [Alphabet; 7] = [
    Alphabet::Words,
    Alphabet::Vocabulary,
    Alphabet::Control,
    Alphabet::Marks,
    Alphabet::Chinese,
    Alphabet::Quotes,
    Alphabet::Joined,
];

impl Alphabet {
    /// A text of `length` characters.
    pub fn text(self, length: usize) -> String {
        let ideograph =
            |number: usize| char::from_u32(0x4e00 + u32::try_from(number * 7919 % 20_000).unwrap()).unwrap();
        match self {
            Self::Words => "a ".chars().cycle().take(length).collect(),
            Self::Vocabulary => (0..)
                .flat_map(|number: usize| format!("{:x}q ", number * 7919 % 999_983).into_bytes())
                .map(char::from)
                .take(length)
                .collect(),
            Self::Control => "\u{1}".repeat(length),
            Self::Marks => "a\u{301}\u{302}\u{303}\u{304}".chars().cycle().take(length).collect(),
            Self::Chinese => (0..length).map(ideograph).collect(),
            Self::Quotes => "\"\\".chars().cycle().take(length).collect(),
            Self::Joined => "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} ".chars().cycle().take(length).collect(),
        }
    }
}

/// Replaces the details of the notes that a list shows first. Each attacker changes a few, as writing uses their
/// budgets. If the server refuses a text of this length, a shorter one is tried, as an attacker takes what is possible.
/// Returns the length that all notes have at least.
pub async fn details(server: &Server, cast: &Cast, alphabet: Alphabet, length: usize) -> usize {
    let document = "mutation($input: NotesPatchInput!) { notesPatch(input: $input) { changedCount } }";
    let each = cast.keys.notes.len().div_ceil(cast.attackers.len());
    let mut least = length;
    for (ids, token) in cast.keys.notes.chunks(each).zip(&cast.attackers) {
        loop {
            let patch = json!({ "details": alphabet.text(least) });
            let input = json!({ "ids": ids, "patch": patch });
            match send(server, token, document, json!({ "input": input })).await {
                Ok(_) => break,
                Err(refusal) => assert!(least > 1_000, "no text is taken: {refusal}"),
            }
            least /= 2;
        }
    }
    least
}

/// Assigns 100 more users to 100 notes, `times` times; stops if the server refuses more. Returns how many users each
/// note has.
pub async fn assignees(server: &Server, cast: &Cast, times: usize) -> usize {
    let upsert = "mutation($input: [UserInput!]!) { usersUpsert(input: $input) {
        users { databaseId } userErrors { code } } }";
    let assign = "mutation($input: NotesAssignInput!) { notesAssign(input: $input) { changedCount } }";
    for batch in 0..times {
        let users: Vec<Value> = (0..100)
            .map(|number| json!({ "externalKey": format!("{batch}-{number}"), "username": format!("u{batch}-{number}") }))
            .collect();
        let users = send(server, &cast.admin, upsert, json!({ "input": users })).await.unwrap();
        let rows = users["usersUpsert"]["users"].as_array().unwrap();
        let ids: Vec<&Value> = rows.iter().map(|user| &user["databaseId"]).collect();
        let input = json!({ "ids": cast.keys.notes, "userIds": ids });
        if send(server, &cast.admin, assign, json!({ "input": input })).await.is_err() {
            return batch * 100;
        }
    }
    times * 100
}

/// Returns the data of a response, or the server's refusal. If a budget is used up, waits for it.
pub async fn send(server: &Server, token: &str, document: &str, variables: Value) -> Result<Value, String> {
    let request = post(token, &json!({ "query": document, "variables": variables }).to_string());
    // A separate address per token, as addresses have budgets, too.
    let from =
        Ipv4Addr::new(127, 0, 70, token.bytes().fold(1, |sum: u8, byte| sum.wrapping_mul(31).wrapping_add(byte)) | 1);
    let start = Instant::now();
    loop {
        let mut wire = Wire::connect(server.address, from).await.map_err(|error| error.to_string())?;
        let answer = wire.ask(&request, 1 << 20).await.map_err(|error| error.to_string())?;
        if answer.status == 429 && start.elapsed() < BUDGET {
            sleep(Duration::from_millis(500)).await;
            continue;
        }
        let mut body: Value = serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
        let is_good = answer.status == 200 && body.get("errors").is_none();
        return if is_good { Ok(body["data"].take()) } else { Err(body.to_string()) };
    }
}
