//! The engine over a schema of its own: people, numbered from 1. The friend of each is the next one, the rival the one
//! after that, and both are the friends; the town is the number's last digit.

mod plans;
mod roots;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::OperationType;
use async_graphql::{InputObject, PathSegment, Variables};
use hashbrown::HashMap;
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio::time::timeout;

use super::kept::Planning;
use super::*;
use crate::object;

/// What was asked, a line for each question.
#[derive(Clone, Default)]
struct Book {
    lines: Arc<Mutex<Vec<String>>>,
    /// Where each question waits for others.
    meeting: Option<Arc<Barrier>>,
}

impl Book {
    fn write(&self, question: &str, keys: &[i64]) {
        let mut keys = keys.to_vec();
        keys.sort_unstable();
        self.lines.lock().unwrap().push(format!("{question} {keys:?}"));
    }

    fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    async fn meet(&self) {
        if let Some(meeting) = &self.meeting {
            meeting.wait().await;
        }
    }
}

macro_rules! question {
    ($name:ident: $answer:ty = $find:expr) => {
        struct $name;

        impl Question for $name {
            type Key = i64;
            type Answer = $answer;
            type Source = Book;
            type Error = Error;

            async fn ask(book: &Book, keys: &[i64]) -> Result<HashMap<i64, $answer>> {
                book.write(stringify!($name), keys);
                book.meet().await;
                let find: fn(i64) -> Option<$answer> = $find;
                Ok(keys.iter().filter_map(|&key| Some((key, find(key)?))).collect())
            }
        }
    };
}

question!(PersonById: i64 = |key| (key < 100).then_some(key));
question!(TownById: i64 = Some);
question!(FriendsOf: Vec<i64> = |key| Some(vec![key + 1, key + 2]));

/// A person with the town, which comes along.
struct Neighbour;

impl Question for Neighbour {
    type Key = i64;
    type Answer = i64;
    type Source = Book;
    type Error = Error;

    async fn ask(book: &Book, keys: &[i64]) -> Result<HashMap<i64, i64>> {
        book.write("Neighbour", keys);
        Ok(keys.iter().map(|key| (*key, *key)).collect())
    }

    async fn ask_and_seed(book: &Book, keys: &[i64], seeds: &mut Seeds) -> Result<HashMap<i64, i64>> {
        for key in keys {
            seeds.seed::<TownById>(key % 10, key % 10);
        }
        Self::ask(book, keys).await
    }
}

#[derive(Clone)]
struct Person(i64);

#[derive(Clone)]
struct Town(i64);

#[derive(InputObject)]
struct Times {
    #[graphql(default = 10)]
    times: i32,
}

object! {
    /// Somebody.
    Person implements "Named" {
        /// The number.
        number = leaf(|person: &Person| i32::try_from(person.0).unwrap_or_default());
        /// The next one.
        friend = link::<_, PersonById, _>(|person: &Person| Some(person.0 + 1), |found| found.map(Person));
        /// The one after that.
        rival = link::<_, PersonById, _>(|person: &Person| Some(person.0 + 2), |found| found.map(Person));
        /// One who must be there.
        parent = promised::<_, PersonById, _>(|person: &Person| person.0 * 10, Person);
        /// Friend and rival.
        friends = link::<_, FriendsOf, _>(
            |person: &Person| Some(person.0),
            |found| found.unwrap_or_default().into_iter().map(Person).collect::<Vec<_>>(),
        );
        /// Where they live.
        town = promised::<_, TownById, _>(|person: &Person| person.0 % 10, Town);
        /// Who lives nearby.
        neighbour = link::<_, Neighbour, _>(|person: &Person| Some(person.0 + 1), |found| found.map(Person));
        /// The same person, in another place of the tree.
        mirror = local(|person: &Person| One(person.clone()));
        /// The number, so many times.
        multiple = ask::<Person, Args<Times>, PersonById, i64, Asked<i32>>(
            |person, Args(args), _| {
                if args.times < 0 {
                    return Err(Error::new("times"));
                }
                Ok((None, person.0 * i64::from(args.times)))
            },
            |product, _| Ok(Asked(i32::try_from(product).unwrap_or_default())),
        );
    }
}

object! {
    /// A place.
    Town implements "Named" {
        /// The number.
        number = leaf(|town: &Town| i32::try_from(town.0).unwrap_or_default());
        /// The person of the same number.
        mayor = link::<_, PersonById, _>(|town: &Town| Some(town.0), |found| found.map(Person));
    }
}

/// A row of either type.
struct Named;

impl Abstract for Named {
    fn kind() -> &'static AbstractType {
        &AbstractType {
            name: "Named",
            description: "Has a number.",
            fields: &[("number", "Int!", "The number.")],
            objects: &[Person::object, Town::object],
        }
    }
}

/// The same, as a union.
struct Any;

impl Abstract for Any {
    fn kind() -> &'static AbstractType {
        &AbstractType {
            name: "Any",
            description: "A person or a town.",
            fields: &[],
            objects: &[Person::object, Town::object],
        }
    }
}

struct Query;

object! {
    /// What can be asked.
    Query {
        /// The first.
        person = local(|_: &Query| Some(Person(1)));
        /// The first two.
        people = local(|_: &Query| vec![Person(1), Person(2)]);
        /// Rows of both types.
        all = local(|_: &Query| {
            vec![
                Some(AnyRow::<Named>::new(Person(1))),
                None,
                Some(AnyRow::new(Town(3))),
                Some(AnyRow::new(Person(5))),
            ]
        });
        /// A row of either type.
        one = local(|_: &Query| Some(AnyRow::<Named>::new(Town(7))));
        /// A person or a town.
        any = local(|_: &Query| Some(AnyRow::<Any>::new(Person(1))));
        /// By number.
        by_number = ask::<Query, Args<Number>, PersonById, (), Option<Person>>(
            |_, Args(args), _| Ok((Some(args.number.into()), ())),
            |(), found| Ok(found.map(Person)),
        );
        /// What a future finds.
        found = resolve(|_: &Query, Args(Number { number }), ctx| Box::pin(found(number, ctx)));
        /// A list that may fail.
        list = resolve(|_: &Query, Args(Number { number }), ctx| {
            Box::pin(async move { Ok(Nullable(found(number, ctx).await?.into_iter().collect::<Vec<_>>())) })
        })
        .deprecated("Use `people`.");
    }
}

struct Mutation;

object! {
    /// What can be changed.
    Mutation {
        /// A change that may be of nobody.
        change = resolve(|_: &Mutation, Args(Number { number }), ctx| Box::pin(found(number, ctx)));
        /// A change that is of somebody.
        must = resolve(|_: &Mutation, Args(Number { number }), ctx| {
            Box::pin(async move { found(number, ctx).await.map(|found| One(found.unwrap_or(Person(1)))) })
        });
    }
}

#[derive(InputObject)]
struct Number {
    number: i32,
}

/// Fails for numbers below zero, and takes its time.
async fn found(number: i32, ctx: Context<'_>) -> Result<Option<Person>> {
    let book = ctx.data::<Book>();
    book.write("begin", &[number.into()]);
    book.meet().await;
    tokio::task::yield_now().await;
    book.write("end", &[number.into()]);
    if number < 0 { Err(Error::new("number")) } else { Ok(Some(Person(number.into()))) }
}

struct Answer {
    data: Value,
    /// Path and message of each error.
    errors: Vec<(String, String)>,
    asked: Vec<String>,
}

fn types() -> document::Schema {
    document::Schema::of(&sdl::<Query, Mutation>(), &[]).unwrap()
}

/// Executes a valid document of one operation.
async fn execute(document: &str, sent: Value, data: &Data) -> Response {
    // The plan is made when it is needed, or ahead, where there is no space for more.
    let is_ahead = document.len().is_multiple_of(2);
    let document = parse_query(document).unwrap();
    let (_, operation) = document.operations.iter().next().unwrap();
    let mut variables = Variables::from_json(sent);
    for definition in &operation.node.variable_definitions {
        if let Some(default) = &definition.node.default_value {
            variables.entry(definition.node.name.node.clone()).or_insert_with(|| default.node.clone());
        }
    }
    let is_query = operation.node.ty == OperationType::Query;
    let root = if is_query { Query::object() } else { Mutation::object() };
    let types = types();
    let planning = Planning { types: &types, operation: &operation.node, fragments: &document.fragments };
    let mut plans = Plans::new(root, planning, if is_ahead { 0 } else { 100_000 });
    if is_ahead {
        plans.prepare(planning);
    }
    let plan = plans.plan(planning, &variables);
    assert!(Arc::ptr_eq(&plan, &plans.plan(planning, &variables)), "it is kept");
    let root = || -> Box<dyn Rows> { if is_query { Box::new(vec![Query]) } else { Box::new(vec![Mutation]) } };
    Operation { plan: &plan, data, variables: &variables, told: &[], meter: None, root: &root }.execute().await
}

fn shown(response: Response) -> (Value, Vec<(String, String)>) {
    let data = match response.data {
        Answered::Written(pieces) => serde_json::from_slice(&pieces.concat()).unwrap(),
        Answered::Null | Answered::Nothing => Value::Null,
    };
    let path = |path: &[PathSegment]| serde_json::to_string(path).unwrap().replace('"', "");
    let errors = response.errors.into_iter().map(|error| (path(&error.path), error.message));
    let mut errors: Vec<(String, String)> = errors.collect();
    errors.sort();
    (data, errors)
}

async fn failing(document: &str, fails: &'static [(&'static str, &'static str)]) -> Answer {
    let book = Book::default();
    let fails = move |question: &str, key: &str| fails.contains(&(question, key));
    let data = Data::default().with(book.clone()).with(Faults(Box::new(fails)));
    let (data, errors) = shown(execute(document, json!({}), &data).await);
    Answer { data, errors, asked: book.lines() }
}

/// The data and the questions of an answer without errors.
async fn run(document: &str) -> (Value, Vec<String>) {
    let answer = failing(document, &[]).await;
    assert_eq!(answer.errors, []);
    (answer.data, answer.asked)
}

fn paths(answer: &Answer) -> Vec<&str> {
    answer.errors.iter().map(|(path, _)| path.as_str()).collect()
}

#[tokio::test]
async fn links_that_ask_the_same_in_one_round_are_one_question_with_all_their_keys() {
    let (data, asked) =
        run("{ people { friend { number } rival { number } mirror { other: friend { number } } } }").await;
    assert_eq!(asked, ["PersonById [2, 3, 4]"]);
    let each = |friend: i32| json!({ "friend": { "number": friend }, "rival": { "number": friend + 1 }, "mirror": { "other": { "number": friend } } });
    assert_eq!(data, json!({ "people": [each(2), each(3)] }));
}

#[tokio::test]
async fn a_link_waits_for_a_later_equal_question_where_that_makes_nothing_longer() {
    let (_, asked) = run("{ person { friend { number } friends { friend { number } } } }").await;
    assert_eq!(asked, ["FriendsOf [1]", "PersonById [2, 3, 4]"]);
}

#[tokio::test]
async fn a_link_that_others_hang_on_does_not_wait() {
    let (_, mut asked) = run("{ person { friend { friends { number } } friends { friend { number } } } }").await;
    // Both at once, in any order.
    asked[..2].sort();
    assert_eq!(asked[..2], ["FriendsOf [1]", "PersonById [2]"]);
    asked[2..].sort();
    assert_eq!(asked[2..], ["FriendsOf [2]", "PersonById [3, 4]"]);
}

#[tokio::test]
async fn what_is_answered_is_not_asked_again() {
    let (data, asked) = run("{ person { friend { rival { number } } other: rival { friend { number } } } }").await;
    assert_eq!(asked, ["PersonById [2, 3]", "PersonById [4]"]);
    assert_eq!(data["person"]["other"]["friend"]["number"], 4);
    let (_, asked) = run("{ person { friend { friend { number } } rival { number } } }").await;
    assert_eq!(asked.concat().matches('3').count(), 1, "{asked:?}");
}

#[tokio::test]
async fn rows_of_several_types_are_one_run() {
    let document = "{ all { __typename number ... on Person { friend { number } } ... on Town { mayor { number } } } }";
    let (data, asked) = run(document).await;
    assert_eq!(asked, ["PersonById [2, 3, 6]"]);
    let person = |number: i32| json!({ "__typename": "Person", "number": number, "friend": { "number": number + 1 } });
    let town = json!({ "__typename": "Town", "number": 3, "mayor": { "number": 3 } });
    assert_eq!(data, json!({ "all": [person(1), null, town, person(5)] }));
}

#[tokio::test]
async fn a_fragment_applies_to_its_type_and_to_those_that_have_its_interface() {
    let document =
        "{ one { ... on Named { number } ... on Person { friend { number } } ... on Town { mayor { __typename } } } }";
    let (data, _) = run(document).await;
    assert_eq!(data, json!({ "one": { "number": 7, "mayor": { "__typename": "Person" } } }));
}

/// At the union, at one of its types, within an interface, and where it never applies.
#[tokio::test]
async fn a_fragment_applies_to_the_types_of_its_union() {
    let person = json!({ "__typename": "Person", "number": 1 });
    let fragment = "fragment F on Any { __typename ... on Named { number } }";
    for document in [
        format!("{{ any {{ ...F }} }} {fragment}"),
        "{ any { ... on Any { __typename ... on Person { number } } } }".to_owned(),
        "{ any { ... on Named { ... on Any { __typename ... on Person { number } } } ... on Town { x: number } } }"
            .to_owned(),
    ] {
        assert_eq!(run(&document).await.0, json!({ "any": person }), "{document}");
    }
    let (data, _) = run(&format!("{{ person {{ ...F }} one {{ ...F }} }} {fragment}")).await;
    assert_eq!(data, json!({ "person": person, "one": { "__typename": "Town", "number": 7 } }));
}

#[tokio::test]
async fn mentions_of_a_field_are_merged_and_followed_once() {
    let document = "
        { person { ...A } ... { person { friend { rival { number } } } ...B } ...B }
        fragment A on Person { friend { number } ... on Named { number } }
        fragment B on Query { person { friend { number mirror { number } } friend { mirror { __typename } } } }";
    let (data, asked) = run(document).await;
    let friend = json!({ "number": 2, "rival": { "number": 4 }, "mirror": { "number": 2, "__typename": "Person" } });
    assert_eq!(data, json!({ "person": { "friend": friend, "number": 1 } }));
    assert_eq!(asked, ["PersonById [2]", "PersonById [4]"]);
}

#[tokio::test]
async fn a_null_climbs_to_the_next_place_that_may_be_null() {
    let document = "{ people { number friend { friends { number town { number } } } } }";
    let answer = failing(document, &[("TownById", "3")]).await;
    // Friends of 2 are 3 and 4, of 3 are 4 and 5.
    let friends =
        json!({ "friends": [{ "number": 4, "town": { "number": 4 } }, { "number": 5, "town": { "number": 5 } }] });
    assert_eq!(answer.data, json!({ "people": [{ "number": 1, "friend": null }, { "number": 2, "friend": friends }] }));
    assert_eq!(paths(&answer), ["[people,0,friend,friends,0,town]"]);
}

#[tokio::test]
async fn a_null_climbs_to_the_top_where_nothing_may_be_null() {
    let answer = failing("{ people { town { number } } }", &[("TownById", "2")]).await;
    assert_eq!(answer.data, Value::Null);
    assert_eq!(paths(&answer), ["[people,1,town]"]);
    let answer =
        failing("{ all { ... on Person { town { number } } number } person { number } }", &[("TownById", "5")]).await;
    assert_eq!(answer.data["all"][3], Value::Null);
    assert_eq!(answer.data["all"][0], json!({ "town": { "number": 1 }, "number": 1 }));
    assert_eq!(answer.data["person"], json!({ "number": 1 }));
    assert_eq!(paths(&answer), ["[all,3,town]"]);
}

#[tokio::test]
async fn a_failure_is_told_at_every_place_that_asked() {
    let document = "{ people { a: friend { number } b: rival { number } } }";
    let answer = failing(document, &[("PersonById", "3")]).await;
    assert_eq!(paths(&answer), ["[people,0,b]", "[people,1,a]"]);
    assert_eq!(answer.data["people"][0], json!({ "a": { "number": 2 }, "b": null }));
}

#[tokio::test]
async fn a_failure_is_told_once_however_often_its_field_is_mentioned() {
    let document = "
        { person { friend { number } } person { number } ...A ...A }
        fragment A on Query { person { town { number } } }";
    let answer = failing(document, &[("PersonById", "2")]).await;
    assert_eq!(paths(&answer), ["[person,friend]"]);
    assert_eq!(answer.data["person"], json!({ "friend": null, "number": 1, "town": { "number": 1 } }));
    let answer = failing(document, &[("TownById", "1")]).await;
    assert_eq!(paths(&answer), ["[person,town]"]);
    assert_eq!(answer.data, json!({ "person": null }));
}

#[tokio::test]
async fn what_is_promised_and_not_there_is_an_error() {
    // 1's parent is 10; 10's would be 100, whom nobody knows.
    let answer = failing("{ person { parent { friend { number } parent { number } } } }", &[]).await;
    assert_eq!(answer.data, json!({ "person": null }));
    assert_eq!(paths(&answer), ["[person,parent,parent]"]);
}

#[tokio::test]
async fn arguments_have_their_defaults_and_their_errors_a_place() {
    let document = "query($left: Int, $five: Int! = 5) { people {
        multiple twice: multiple(times: 2) five: multiple(times: $five) ten: multiple(times: $left) } }";
    let (data, asked) = run(document).await;
    assert_eq!(data["people"][1], json!({ "multiple": 20, "twice": 4, "five": 10, "ten": 20 }));
    assert!(asked.is_empty(), "who has no key asks nothing: {asked:?}");
    let answer = failing("{ person { number rival { wrong: multiple(times: -1) } } }", &[]).await;
    assert_eq!(answer.data, json!({ "person": { "number": 1, "rival": null } }));
    assert_eq!(answer.errors, [("[person,rival,wrong]".to_owned(), "times".to_owned())]);
}

#[tokio::test]
async fn lists_may_be_empty_and_questions_without_keys_are_not_put() {
    let (data, asked) = run("{ people @skip(if: true) { friend { number } } __typename }").await;
    assert_eq!((data, asked), (json!({ "__typename": "Query" }), Vec::new()));
    let (data, asked) = run("{ person { friend { friend @include(if: false) { number } } } }").await;
    assert_eq!((data, asked), (json!({ "person": { "friend": {} } }), vec!["PersonById [2]".to_owned()]));
}
