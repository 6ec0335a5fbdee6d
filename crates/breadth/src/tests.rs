//! Tests the engine with a schema of its own. People are numbered from 1. The friend of each is the next person and the
//! rival the one after that; `friends` are both. The town of a person is the last digit of the number.

mod interrupted;
mod plans;
mod relations;
mod roots;
mod subscriptions;
mod texts;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::OperationType;
use async_graphql::{InputObject, InputValueError, InputValueResult, ScalarType, Value as ConstValue, Variables};
use hashbrown::HashMap;
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio::time::timeout;

use super::execute::Executor;
use super::plan::{PlanCache, Planning};
use super::*;
use crate::object;

/// Records the loads, one line each.
#[derive(Clone, Default)]
struct Book {
    lines: Arc<Mutex<Vec<String>>>,
    /// The point where each load waits for others.
    meeting: Option<Arc<Barrier>>,
}

impl Book {
    fn write(&self, loader: &str, keys: &[i64]) {
        let mut keys = keys.to_vec();
        keys.sort_unstable();
        self.lines.lock().unwrap().push(format!("{loader} {keys:?}"));
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

macro_rules! loader {
    ($name:ident: $answer:ty = $find:expr) => {
        struct $name;

        impl Loader for $name {
            type Key = i64;
            type Value = $answer;
            type Source = Book;
            type Error = Error;

            async fn load(book: &Book, keys: &[i64]) -> Result<HashMap<i64, $answer>> {
                book.write(stringify!($name), keys);
                book.meet().await;
                let find: fn(i64) -> Option<$answer> = $find;
                Ok(keys.iter().filter_map(|&key| Some((key, find(key)?))).collect())
            }
        }
    };
}

loader!(PersonById: i64 = |key| (key < 100).then_some(key));
loader!(TownById: i64 = Some);
loader!(FriendsOf: Vec<i64> = |key| Some(vec![key + 1, key + 2]));

/// Loads a person and seeds the person's town.
struct Neighbour;

impl Loader for Neighbour {
    type Key = i64;
    type Value = i64;
    type Source = Book;
    type Error = Error;

    async fn load(book: &Book, keys: &[i64]) -> Result<HashMap<i64, i64>> {
        book.write("Neighbour", keys);
        Ok(keys.iter().map(|key| (*key, *key)).collect())
    }

    async fn load_and_prefetch(book: &Book, keys: &[i64], prefetched: &mut Prefetched) -> Result<HashMap<i64, i64>> {
        for key in keys {
            prefetched.seed::<TownById>(key % 10, key % 10);
        }
        Self::load(book, keys).await
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
    /// A person.
    Person implements "Named" {
        /// The number.
        number = field(|person: &Person| i32::try_from(person.0).unwrap_or_default());
        /// The next one.
        friend = relation::<_, PersonById, _>(|person: &Person| Some(person.0 + 1), |found| found.map(Person));
        /// The one after that.
        rival = relation::<_, PersonById, _>(|person: &Person| Some(person.0 + 2), |found| found.map(Person));
        /// A person that must exist.
        parent = required::<_, PersonById, _>(|person: &Person| person.0 * 10, Person);
        /// Friend and rival.
        friends = relation::<_, FriendsOf, _>(
            |person: &Person| Some(person.0),
            |found| found.unwrap_or_default().into_iter().map(Person).collect::<Vec<_>>(),
        );
        /// The town where they live.
        town = required::<_, TownById, _>(|person: &Person| person.0 % 10, Town);
        /// The person next door.
        neighbour = relation::<_, Neighbour, _>(|person: &Person| Some(person.0 + 1), |found| found.map(Person));
        /// The same person, in another place of the tree.
        mirror = inline(|person: &Person| NonNull(person.clone()));
        /// The number times `times`.
        multiple = relation_with_args::<Person, Args<Times>, PersonById, i64, LoadedScalar<i32>>(
            |person, Args(args), _| {
                if args.times < 0 {
                    return Err(Error::new("times"));
                }
                Ok((None, person.0 * i64::from(args.times)))
            },
            |product, _| Ok(LoadedScalar(i32::try_from(product).unwrap_or_default())),
        );
    }
}

object! {
    /// A town.
    Town implements "Named" {
        /// The number.
        number = field(|town: &Town| i32::try_from(town.0).unwrap_or_default());
        /// The person with the same number.
        mayor = relation::<_, PersonById, _>(|town: &Town| Some(town.0), |found| found.map(Person));
    }
}

/// An interface.
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

/// The same as a union.
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

#[derive(Default)]
struct Query;

object! {
    /// The query root.
    Query {
        /// The first person.
        person = inline(|_: &Query| Some(Person(1)));
        /// The first two people.
        people = inline(|_: &Query| vec![Person(1), Person(2)]);
        /// Rows of both types.
        all = inline(|_: &Query| {
            vec![
                Some(AnyRow::<Named>::new(Person(1))),
                None,
                Some(AnyRow::new(Town(3))),
                Some(AnyRow::new(Person(5))),
            ]
        });
        /// A row of either type.
        one = inline(|_: &Query| Some(AnyRow::<Named>::new(Town(7))));
        /// A person or a town.
        any = inline(|_: &Query| Some(AnyRow::<Any>::new(Person(1))));
        /// A row that is never null.
        sure = inline(|_: &Query| NonNull(AnyRow::<Any>::new(Town(3))));
        /// A list of rows that are never null.
        sures = inline(|_: &Query| vec![AnyRow::<Any>::new(Town(3)), AnyRow::new(Person(2))]);
        /// A list with nulls.
        gaps = inline(|_: &Query| vec![Some(Person(1)), None, Some(Person(20))]);
        /// By number.
        by_number = relation_with_args::<Query, Args<Number>, PersonById, (), Option<Person>>(
            |_, Args(args), _| Ok((Some(args.number.into()), ())),
            |(), found| Ok(found.map(Person)),
        );
        /// A row that a future loads.
        found = resolve(|_: &Query, Args(Number { number }), ctx| Box::pin(found(number, ctx)));
        /// A list that may fail.
        list = resolve(|_: &Query, Args(Number { number }), ctx| {
            Box::pin(async move { Ok(Nullable(found(number, ctx).await?.into_iter().collect::<Vec<_>>())) })
        })
        .deprecated("Use `people`.");
    }
}

#[derive(Default)]
struct Mutation;

object! {
    /// The mutation root.
    Mutation {
        /// A nullable field.
        change = resolve(|_: &Mutation, Args(Number { number }), ctx| Box::pin(found(number, ctx)));
        /// A field that takes an even number.
        even = resolve(|_: &Mutation, Args(Evens { even }), ctx| Box::pin(found(even.0, ctx)));
        /// A field that is never null.
        must = resolve(|_: &Mutation, Args(Number { number }), ctx| {
            Box::pin(async move { found(number, ctx).await.map(|found| NonNull(found.unwrap_or(Person(1)))) })
        });
    }
}

/// A scalar whose valid numbers only its Rust type knows.
struct Even(i32);

#[async_graphql::Scalar]
impl ScalarType for Even {
    fn parse(value: ConstValue) -> InputValueResult<Self> {
        match value {
            ConstValue::Number(number) if number.as_i64().is_some_and(|number| number % 2 == 0) => {
                Ok(Self(number.as_i64().and_then(|number| i32::try_from(number).ok()).unwrap_or_default()))
            }
            _ => Err(InputValueError::custom("it has to be even")),
        }
    }

    fn to_value(&self) -> ConstValue {
        self.0.into()
    }
}

#[derive(InputObject)]
struct Evens {
    even: Even,
}

#[derive(InputObject)]
struct Number {
    number: i32,
}

/// Fails for negative numbers, and yields before it completes.
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
    document::Schema::of(&sdl::<Query, Mutation, NoSubscription>(), &[("Even", document::Scalar::Any)]).unwrap()
}

/// Executes a valid document of one operation.
async fn execute(document: &str, sent: Value, data: &Data) -> Response {
    execute_with(document, sent, data, None).await
}

async fn execute_with(document: &str, sent: Value, data: &Data, meter: Option<&dyn ExecutionMeter>) -> Response {
    // Builds the plan on demand, or ahead without room for another one.
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
    let mut plans = PlanCache::new(root, planning, if is_ahead { 0 } else { 100_000 });
    if is_ahead {
        plans.prepare(planning);
    }
    let plan = plans.plan(planning, &variables);
    assert!(Arc::ptr_eq(&plan, &plans.plan(planning, &variables)), "it is kept");
    let root = || -> Box<dyn RowList> { if is_query { Box::new(vec![Query]) } else { Box::new(vec![Mutation]) } };
    Executor { plan: &plan, data, variables: &variables, types: &types, meter, root: &root }.execute().await
}

fn shown(response: Response) -> (Value, Vec<(String, String)>) {
    let data = match response.data {
        ResponseData::Written(pieces) => serde_json::from_slice(&pieces.concat()).unwrap(),
        ResponseData::Null | ResponseData::Nothing => Value::Null,
    };
    let path = |path: &[PathSegment]| serde_json::to_string(path).unwrap().replace('"', "");
    let errors = response.errors.into_iter().map(|error| (path(&error.path), error.message));
    let mut errors: Vec<(String, String)> = errors.collect();
    errors.sort();
    (data, errors)
}

async fn failing(document: &str, fails: &'static [(&'static str, &'static str)]) -> Answer {
    let book = Book::default();
    let fails = move |loader: &str, key: &str| fails.contains(&(loader, key));
    let data = Data::default().with(book.clone()).with(FaultInjector(Box::new(fails)));
    let (data, errors) = shown(execute(document, json!({}), &data).await);
    Answer { data, errors, asked: book.lines() }
}

/// The data and the loads of a response without errors.
async fn run(document: &str) -> (Value, Vec<String>) {
    let answer = failing(document, &[]).await;
    assert_eq!(answer.errors, []);
    (answer.data, answer.asked)
}

fn paths(answer: &Answer) -> Vec<&str> {
    answer.errors.iter().map(|(path, _)| path.as_str()).collect()
}
