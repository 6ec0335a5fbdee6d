//! Two companies of one server have the same contents under the same ids, and run the same operations, one after the
//! other or concurrently. Each gets the same responses as the other, and no data of the other.

use std::collections::{BTreeMap, BTreeSet};

use notegraph::graphql::ListLimits;
use notegraph::ids::CompanyId;
use notegraph::store::entity::company;
use notegraph::store::entity::token::Scope;
use serde_json::json;
use testkit::{App, Client, Engine, Response};

use super::canonical::Canonical;
use super::operation::{Maker, Operation, is_administration};
use super::population::{FIRST, Population, global_ids};
use super::selection::whole;
use super::twins::assert_alike;
use super::words::Words;
use crate::filters::HASTY;
use crate::hostile::places::places;
use crate::oracle::Contract;
use crate::oracle::random::Random;

const ROUNDS: usize = 1_000;
/// The mark in many texts of each company, and that of the other company. They have the same length, so that snippets
/// end at the same place.
const PAIRS: [(&str, &str); 2] = [("zqaz", "zqbz"), ("zqbz", "zqaz")];

/// Number of first users who send requests; they have to stay active.
const ASKING: usize = 2;

struct Side {
    words: Words,
    /// A client with every scope, and one with some scopes.
    clients: Vec<Client>,
    canonical: Canonical,
    mark: &'static str,
    other_mark: &'static str,
}

impl Side {
    /// The response in canonical form. Asserts that it contains nothing of the other company.
    fn canonical(&mut self, response: &Response, what: &str) -> String {
        let shown = response.text.to_lowercase();
        assert!(!shown.contains(self.other_mark), "{what}: {shown}");
        assert!(!shown.contains("internal"), "{what}: {shown}");
        format!("{} {:#}", response.status, self.canonical.of(&response.body))
    }
}

/// Creates both companies with the same people and notes.
async fn sides(app: &App, random: &mut Random) -> Vec<Side> {
    // Among the initial ids, only those of the companies are in the range of new ids.
    let created_on = app.clock().now();
    app.insert(company::Model { id: CompanyId(FIRST), name: "before".to_owned(), created_on }).await;
    let mut populations = Vec::new();
    for (mark, other_mark) in PAIRS {
        let words = Words::of_company(mark, other_mark);
        populations.push(Population::new(app, mark, &words, &mut random.clone()).await);
    }
    let mut sides = Vec::new();
    for (population, (mark, other_mark)) in populations.iter().zip(PAIRS) {
        let [admin, writer] = [&population.users[0], &population.users[1]];
        let clients = vec![admin.token(&[Scope::Admin]).await, writer.token(&[Scope::Write]).await];
        let mut words = Words::of_company(mark, other_mark);
        words.ids.insert("Customer".to_owned(), global_ids(&population.customers));
        words.ids.insert("NoteType".to_owned(), global_ids(&population.types));
        sides.push(Side {
            words,
            clients,
            canonical: Canonical::new(mark, FIRST, app.clock().now()),
            mark,
            other_mark,
        });
    }
    sides
}

/// Asserts that searches find the company's own mark, and nothing by the mark of the other.
async fn assert_finds_its_own(contract: &Contract, side: &Side) {
    let mut found_some = 0;
    for place in places(contract).iter().filter(|place| place.argument() == "search") {
        let find = async |text: &str| {
            let (document, variables) = place.asking(&[json!(text)], &whole(contract, place.gives(), 1));
            side.clients[0].query_with(&document, variables).await.data().clone()
        };
        let nothing = find("never").await;
        assert_eq!(find(side.other_mark).await, nothing, "{}", place.name);
        found_some += usize::from(find(side.mark).await != nothing);
    }
    assert!(found_some > 2, "{found_some}");
}

async fn in_lockstep(seed: u64, limits: ListLimits) {
    println!("seed {seed}");
    let random = &mut Random::new(seed);
    let contract = Contract::read();
    let app = App::start_with(&Engine::of_this_run(), limits).await;
    let mut sides = sides(&app, random).await;
    let mut done: BTreeMap<String, usize> = BTreeMap::new();
    for round in 0..ROUNDS {
        let who = random.below(2);
        let wanted = |field: &str| who == 0 || !is_administration(field);
        // Both sides make the same random choices from what each of them knows.
        let choices = Random::new(random.next());
        let mut operations = Vec::new();
        for side in &sides {
            let random = &mut choices.clone();
            let mut maker = Maker { contract: &contract, words: &side.words, random, lists: true };
            let mut operation = maker.operation(&wanted);
            operation.keep_active(ASKING);
            operations.push(operation);
        }
        let sent: Vec<_> = operations.iter().map(Operation::sent).collect();
        let ask = |side: usize| {
            let (document, variables) = sent[side].clone();
            let client = sides[side].clients[who].clone();
            async move { client.query_with(&document, variables).await }
        };
        app.settle().await;
        let responses = match random.below(4) {
            0 => {
                let first = ask(0).await;
                [first, ask(1).await]
            }
            1 => {
                let second = ask(1).await;
                [ask(0).await, second]
            }
            _ => <[Response; 2]>::from(tokio::join!(ask(0), ask(1))),
        };
        let what =
            |side: usize| format!("seed {seed}, round {round}, {}: {} {}", PAIRS[side].0, sent[side].0, sent[side].1);
        let answers: Vec<String> = (0..2).map(|side| sides[side].canonical(&responses[side], &what(side))).collect();
        assert_alike(&answers[0], &answers[1], || format!("{}\n{}", what(0), what(1)));
        for ((side, operation), response) in sides.iter_mut().zip(&operations).zip(&responses) {
            side.words.learn(operation, &response.body["data"]);
        }
        *done.entry(operations[0].field.clone()).or_default() += 1;
    }
    for side in &sides {
        assert_finds_its_own(&contract, side).await;
    }
    let [one, other] = [0, 1].map(|side| sides[side].canonical.ids.keys().copied().collect::<BTreeSet<i64>>());
    println!("{} new ids of each company; {done:?}", one.len());
    assert!(one.is_disjoint(&other), "{:?}", one.intersection(&other));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_companies_in_lockstep_get_their_own_responses() {
    in_lockstep(1, ListLimits::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_companies_in_lockstep_get_their_own_responses_with_the_search_index() {
    in_lockstep(2, HASTY).await;
}
