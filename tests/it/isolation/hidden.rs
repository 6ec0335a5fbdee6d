//! Two servers that differ in notes alone that the viewers may not see: whatever these do, both answer the same, to the
//! letter. On one of them others go on to make, change and delete such notes all the while.

use std::collections::{BTreeMap, BTreeSet};

use notegraph::entity::note;
use notegraph::entity::token::Scope;
use notegraph::search::Limits;
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

use super::operation::{Maker, Operation, is_administration};
use super::population::Population;
use super::twins::{Twins, assert_alike, lasting};
use super::words::Words;
use crate::filters::HASTY;
use crate::oracle::Contract;
use crate::oracle::random::Random;
use crate::support::{App, Client, Engine};

/// In each of the tests, where `NOTEGRAPH_HIDDEN_OPERATIONS` asks for no other number.
const OPERATIONS: usize = 10_000;
/// From one change that does not show to the next.
const BETWEEN: usize = 25;
/// Of so many operations each field gives something at least once.
const ONCE: usize = 2_000;
/// Users who may not see what others keep confidential: the first ones.
const VIEWERS: usize = 2;
/// The first users, who ask; they have to stay active.
const ASKING: usize = 3;
/// Notes that do not show, at first.
const HIDDEN: i64 = 30;

/// A user on both servers.
struct Both([Client; 2]);

struct Office {
    contract: Contract,
    twins: Twins,
    viewers: Vec<Both>,
    admin: Both,
    /// Who makes and changes what does not show.
    author: Client,
    /// What the viewers know; they guess the IDs of the rest.
    words: Words,
    /// What the author knows.
    secret: Words,
    /// How often each field was asked for, and gave something.
    done: BTreeMap<String, (usize, usize)>,
}

impl Office {
    async fn new(limits: Limits, random: &mut Random) -> Self {
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
            // Among the others, in the order of the IDs and in that of the times.
            let id = number * 10 + 5;
            let hide = |note: &mut note::Model| {
                (note.confidential, note.user_id) = (true, Some(others[0].id));
            };
            with.note(id, &words, random, others, hide).await;
            secret.ids.entry("Note".to_owned()).or_default().push_back(format!("Note:{id}"));
        }
        let known = |kind: &str, keys: &[i64]| keys.iter().map(|key| format!("{kind}:{key}")).collect();
        let keys: Vec<i64> = others.iter().map(|user| user.id).collect();
        secret.ids.insert("User".to_owned(), known("User", &keys));
        secret.ids.insert("Customer".to_owned(), known("Customer", &with.customers));
        secret.ids.insert("NoteType".to_owned(), known("NoteType", &with.types));
        let mut words = words;
        words.ids = secret.ids.clone();
        words.ids.insert("NoteMessage".to_owned(), (1..=9).map(|id| format!("NoteMessage:{}", id * 50)).collect());
        // Of notes that do not show, and of others.
        let assigned = |id: i64| keys.iter().map(move |user| format!("NoteAssignee:{}:{user}", id * 5));
        words.ids.insert("NoteAssignee".to_owned(), (1..=9).flat_map(assigned).collect());
        let office =
            Self { contract: Contract::read(), viewers, admin, author, words, secret, done: BTreeMap::new(), twins };
        office.twins.level().await;
        office
    }

    /// Asks both servers for the same. What they answer is the same.
    async fn ask(&mut self, who: Option<usize>, operation: &Operation, what: &str) {
        let (document, variables) = operation.sent();
        let Both([with, without]) = who.map_or(&self.admin, |viewer| &self.viewers[viewer]);
        let (with, without) = tokio::join!(
            with.query_with(&document, variables.clone()),
            without.query_with(&document, variables.clone())
        );
        assert_alike(&lasting(&with), &lasting(&without), || format!("{what}, by {who:?}: {document}\n{variables:#}"));
        let answer = &with.body["data"][&operation.field];
        let refused = answer["userErrors"].as_array().is_some_and(|errors| !errors.is_empty());
        let (asked, given) = self.done.entry(operation.field.clone()).or_default();
        *asked += 1;
        *given += usize::from(with.errors().is_empty() && !answer.is_null() && !refused);
        self.words.learn(operation, &with.body["data"]);
    }

    /// One change of what does not show.
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

    /// Fails where there was nothing to see, or too little was done that could have shown it.
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

/// The notes that an answer to the author shows, and whether they are gone.
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

/// Whether an administrator sees what hangs on hidden notes: these keep their types from being deleted.
fn shows_hidden(operation: &mut Operation, kept: &BTreeSet<String>) -> bool {
    let is_deletion = operation.field == "noteTypeDelete";
    let id = operation.argument_mut("id").map(|id| id.as_str().unwrap_or_default().replace("NoteType:", ""));
    is_deletion && id.is_some_and(|id| kept.contains(&id))
}

async fn hidden_notes_do_not_show(seed: u64, limits: Limits) {
    println!("seed {seed}");
    let random = &mut Random::new(seed);
    let mut office = Office::new(limits, random).await;
    let kept = |id: &String| id.replace("NoteType:", "");
    let kept: BTreeSet<String> = office.secret.ids["NoteType"].iter().map(kept).collect();
    let operations = std::env::var("NOTEGRAPH_HIDDEN_OPERATIONS").map_or(OPERATIONS, |number| number.parse().unwrap());
    for number in 0..operations {
        if number % BETWEEN == 0 {
            office.change_hidden(random).await;
            // They guess well.
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
async fn hidden_notes_do_not_show_in_what_is_done_with_seed_1() {
    hidden_notes_do_not_show(1, Limits::default()).await;
}

#[tokio::test]
async fn hidden_notes_do_not_show_in_what_is_done_with_seed_2() {
    hidden_notes_do_not_show(2, Limits::default()).await;
}

#[tokio::test]
async fn hidden_notes_do_not_show_where_a_search_asks_the_index() {
    hidden_notes_do_not_show(3, HASTY).await;
}
