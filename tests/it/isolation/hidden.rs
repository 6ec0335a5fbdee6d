//! Compares two servers that differ only in notes that the viewers may not see: whatever the viewers do, both servers
//! respond alike, byte for byte. Meanwhile others create, change and delete such notes on one of them.

use std::collections::{BTreeMap, BTreeSet};

use notegraph::graphql::ListLimits;
use notegraph::ids::UserId;
use notegraph::store::entity::note;
use notegraph::store::entity::token::Scope;
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};
use testkit::{App, Client, Engine};

use super::opaque::Opaque;
use super::operation::{Maker, Operation, is_administration};
use super::population::{Population, global_ids};
use super::twins::{Twins, assert_alike, lasting};
use super::words::Words;
use crate::filters::HASTY;
use crate::oracle::Contract;
use crate::oracle::random::Random;

/// Number of operations in each test, unless `NOTEGRAPH_HIDDEN_OPERATIONS` sets another one.
const OPERATIONS: usize = 10_000;
/// Number of operations from one hidden change to the next.
const BETWEEN: usize = 25;
/// Each field has to return something at least once in this many operations.
const ONCE: usize = 2_000;
/// Number of viewers: the first users, who may not see what others keep confidential.
const VIEWERS: usize = 2;
/// Number of first users who send requests; they have to stay active.
const ASKING: usize = 3;
/// Number of hidden notes at the start.
const HIDDEN: i64 = 30;

/// The clients of one user on both servers.
struct Both([Client; 2]);

struct Office {
    contract: Contract,
    twins: Twins,
    opaque: Opaque,
    viewers: Vec<Both>,
    admin: Both,
    /// Creates and changes the hidden notes.
    author: Client,
    /// The IDs that the viewers know, and guessed IDs.
    words: Words,
    /// The IDs that the author knows.
    secret: Words,
    /// For each field, how often it was requested, and how often it returned something.
    done: BTreeMap<String, (usize, usize)>,
}

impl Office {
    async fn new(limits: ListLimits, random: &mut Random) -> Self {
        let start = async || App::start_with(&Engine::of_this_run(), limits).await;
        let twins = Twins { with: start().await, without: start().await };
        let words = Words::default();
        let mut populations = Vec::new();
        for app in [&twins.with, &twins.without] {
            populations.push(Population::new(app, "Acme", &words, &mut random.clone()).await);
        }
        let [with, without] = &populations[..] else { unreachable!() };
        let both = async |user: usize, scopes: &[Scope]| {
            Both([with.users[user].token(scopes).await, without.users[user].token(scopes).await])
        };
        let mut viewers = Vec::new();
        for user in 0..VIEWERS {
            viewers.push(both(user, &[Scope::Read, Scope::Write]).await);
        }
        let admin = both(VIEWERS, &[Scope::Admin]).await;
        let Both([author, _]) = both(VIEWERS, &[Scope::Write, Scope::Confidential]).await;

        let others = &with.users[VIEWERS..];
        let mut secret = Words::default();
        for number in 1..=HIDDEN {
            // The note lies among the others in the order of the IDs and of the times.
            let id = number * 10 + 5;
            let hide = |note: &mut note::Model| {
                (note.confidential, note.user_id) = (true, Some(others[0].id));
            };
            with.note(id, &words, random, others, hide).await;
            secret.ids.entry("Note".to_owned()).or_default().push_back(format!("Note:{id}"));
        }
        let keys: Vec<UserId> = others.iter().map(|user| user.id).collect();
        secret.ids.insert("User".to_owned(), global_ids(&keys));
        secret.ids.insert("Customer".to_owned(), global_ids(&with.customers));
        secret.ids.insert("NoteType".to_owned(), global_ids(&with.types));
        let mut words = words;
        words.ids = secret.ids.clone();
        words.ids.insert("NoteMessage".to_owned(), (1..=9).map(|id| format!("NoteMessage:{}", id * 50)).collect());
        // Assignments of hidden notes and of visible ones.
        let assigned = |id: i64| keys.iter().map(move |user| format!("NoteAssignee:{}:{user}", id * 5));
        words.ids.insert("NoteAssignee".to_owned(), (1..=9).flat_map(assigned).collect());
        let office = Self {
            contract: Contract::read(),
            viewers,
            admin,
            author,
            words,
            secret,
            done: BTreeMap::new(),
            twins,
            opaque: Opaque::default(),
        };
        office.twins.level().await;
        office
    }

    /// Sends an operation to both servers and asserts that they respond alike.
    async fn ask(&mut self, who: Option<usize>, operation: &Operation, what: &str) {
        let (document, variables) = operation.sent();
        let Both([with, without]) = who.map_or(&self.admin, |viewer| &self.viewers[viewer]);
        self.twins.settle().await;
        let (with, without) = tokio::join!(
            with.query_with(&document, variables.clone()),
            without.query_with(&document, self.opaque.translated(&variables))
        );
        let alike = self.opaque.without_tokens(&lasting(&with), &lasting(&without));
        assert_alike(&alike.0, &alike.1, || format!("{what}, by {who:?}: {document}\n{variables:#}"));
        let answer = &with.body["data"][&operation.field];
        let refused = answer["userErrors"].as_array().is_some_and(|errors| !errors.is_empty());
        let (asked, given) = self.done.entry(operation.field.clone()).or_default();
        *asked += 1;
        *given += usize::from(with.errors().is_empty() && !answer.is_null() && !refused);
        self.words.learn(operation, &with.body["data"]);
    }

    /// Makes one change of hidden notes.
    async fn change_hidden(&mut self, random: &mut Random) {
        let wanted = [
            "noteCreate",
            "notePatch",
            "noteAssign",
            "noteUnassign",
            "noteMessagePost",
            "noteDelete",
            "notesPatch",
            "notesAssign",
        ];
        let mut maker = Maker { contract: &self.contract, words: &self.secret, random, lists: false };
        let mut operation = maker.operation(&|field| wanted.contains(&field));
        let is_new = operation.field == "noteCreate";
        let input = operation.argument_mut("input").unwrap();
        if is_new {
            input["confidential"] = json!(true);
        } else if let Some(patch) = input.get_mut("patch") {
            patch.as_object_mut().unwrap().remove("confidential");
        }
        let (document, variables) = operation.sent();
        let response = self.author.query_with(&document, variables).await;
        let notes = self.secret.ids.get_mut("Note").unwrap();
        hidden(&response.body["data"], &mut |id, gone| {
            notes.retain(|known| known != id);
            if !gone {
                notes.push_back(id.to_owned());
            }
        });
        self.twins.level().await;
    }

    /// Fails if there was nothing hidden, or if too few operations could have revealed it.
    async fn assert_meant_something(&self, operations: usize) {
        let count = async |app: &App| note::Entity::find().count(app.db().read()).await.unwrap();
        let (with, without) = (count(&self.twins.with).await, count(&self.twins.without).await);
        println!("{with} notes and {without}; of each field, how often it was asked for and gave something:");
        println!("{:?}", self.done);
        assert!(with >= without + 10, "{with} {without}");
        for root in ["Query", "Mutation"] {
            for field in self.contract.fields(root).unwrap() {
                let (_, given) = self.done.get(&field.name).copied().unwrap_or_default();
                assert!(given >= operations / ONCE, "{} gave something {given} times", field.name);
            }
        }
    }
}

/// Reports the notes that a response shows to the author, and whether each is deleted.
fn hidden(data: &Value, tell: &mut dyn FnMut(&str, bool)) {
    match data {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(id) if name == "deletedNoteId" => tell(id, true),
                    Value::String(id) if name == "id" && id.starts_with("Note:") => tell(id, false),
                    other => hidden(other, tell),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| hidden(item, tell)),
        _ => {}
    }
}

/// Whether the operation shows hidden notes to an administrator legitimately: a note type in use cannot be deleted.
fn shows_hidden(operation: &mut Operation, kept: &BTreeSet<String>) -> bool {
    let is_deletion = operation.field == "noteTypeDelete";
    let id = operation.argument_mut("id").map(|id| id.as_str().unwrap_or_default().replace("NoteType:", ""));
    is_deletion && id.is_some_and(|id| kept.contains(&id))
}

async fn hidden_notes_do_not_show(seed: u64, limits: ListLimits) {
    println!("seed {seed}");
    let random = &mut Random::new(seed);
    let mut office = Office::new(limits, random).await;
    let kept = |id: &String| id.replace("NoteType:", "");
    let kept: BTreeSet<String> = office.secret.ids["NoteType"].iter().map(kept).collect();
    let operations = std::env::var("NOTEGRAPH_HIDDEN_OPERATIONS").map_or(OPERATIONS, |number| number.parse().unwrap());
    for number in 0..operations {
        if number % BETWEEN == 0 {
            office.change_hidden(random).await;
            // Let the viewers guess the ID of a hidden note.
            let guess = &office.secret.ids["Note"];
            let guess = guess[random.below(guess.len())].clone();
            office.words.ids.get_mut("Note").unwrap().push_back(guess);
        }
        let who = if random.percent(6) { None } else { Some(random.below(VIEWERS)) };
        let mut maker = Maker { contract: &office.contract, words: &office.words, random, lists: who.is_some() };
        let operation = loop {
            let wanted = |field: &str| who.is_some() || is_administration(field);
            let mut operation = maker.operation(&wanted);
            operation.keep_active(ASKING);
            if who.is_some() || !shows_hidden(&mut operation, &kept) {
                break operation;
            }
        };
        office.ask(who, &operation, &format!("seed {seed}, operation {number}")).await;
    }
    office.assert_meant_something(operations).await;
}

#[tokio::test]
async fn hidden_notes_do_not_show_in_random_operations_1() {
    hidden_notes_do_not_show(1, ListLimits::default()).await;
}

#[tokio::test]
async fn hidden_notes_do_not_show_in_random_operations_2() {
    hidden_notes_do_not_show(2, ListLimits::default()).await;
}

#[tokio::test]
async fn hidden_notes_do_not_show_with_the_search_index() {
    hidden_notes_do_not_show(3, HASTY).await;
}
