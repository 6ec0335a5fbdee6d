//! Subscriptions: the start of their events, and the execution of one.

use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt, stream};

use super::*;
use crate::document::{DocumentLimits, ParserLimits};

struct Subscription;

#[derive(InputObject)]
struct From {
    from: i32,
    #[graphql(default = 3)]
    count: i32,
}

type Starting<T> = Result<BoxStream<'static, Result<SourceItem<T>>>>;

/// People from a number on. Number 9 fails in the stream, and no stream starts with a negative one.
fn people(from: &From, ctx: Context<'_>) -> Starting<NonNull<Person>> {
    ctx.data::<Book>().write("subscribe", &[from.from.into()]);
    if from.from < 0 {
        return Err(Error::new("below zero"));
    }
    let person = |number: i32| {
        if number == 9 {
            Err(Error::new("lost"))
        } else {
            Ok(SourceItem { value: NonNull(Person(number.into())), id: Some(number.to_string()) })
        }
    };
    Ok(stream::iter((from.from..from.from + from.count).map(person)).boxed())
}

object! {
    /// The subscription root.
    Subscription {
        /// People from a number on.
        people = source(|Args(from): &Args<From>, ctx| std::future::ready(people(from, ctx)).boxed());
        /// Lists of people.
        pairs = source(|(), _| async { Ok(stream::iter([Ok(vec![Person(1), Person(2)].into())]).boxed()) }.boxed());
    }
}

fn schema() -> Schema {
    Schema::new::<Query, Mutation, Subscription>(&[("Even", scalar::<Even>())])
}

/// The responses to the events of a subscription, or the one that refuses it, and the loads.
async fn subscribe(document: &str, sent: Value) -> (Vec<String>, Vec<String>) {
    let (schema, book) = (schema(), Book::default());
    let data = Data::default().with(book.clone());
    let document = schema.read(document, ParserLimits::default(), &DocumentLimits::default()).unwrap();
    let operation = document.checked.operation(None).unwrap();
    let variables = operation.variables(schema.types(), Variables::from_json(sent)).unwrap();
    let number = operation.number;
    let mut events = match schema.subscribe(&document, number, &variables, &data).await {
        Ok(events) => events,
        Err(refused) => return (vec![refused.to_json()], book.lines()),
    };
    let mut responses = Vec::new();
    while let Some(event) = events.next().await {
        responses.push(match event {
            Ok(event) => schema.execute_event(&document, number, &variables, &data, None, event).await.to_json(),
            Err(error) => error.message,
        });
    }
    (responses, book.lines())
}

#[tokio::test]
async fn each_event_is_executed_with_the_same_plan() {
    let document = "subscription($from: Int!) { p: people(from: $from) { number friend { town { number } } } }";
    let (responses, loads) = subscribe(document, json!({ "from": 3 })).await;
    let response = |number: i32| {
        let town = (number + 1) % 10;
        format!(r#"{{"data":{{"p":{{"number":{number},"friend":{{"town":{{"number":{town}}}}}}}}}}}"#)
    };
    assert_eq!(responses, [3, 4, 5].map(response));
    let expected =
        [3, 4, 5].map(|number| [format!("PersonById [{}]", number + 1), format!("TownById [{}]", number + 1)]);
    assert_eq!(loads[0], "subscribe [3]");
    assert_eq!(loads[1..], expected.concat());
}

#[tokio::test]
async fn an_event_may_be_a_list() {
    let (responses, loads) = subscribe("subscription { pairs { friend { number } } }", json!({})).await;
    assert_eq!(responses, [r#"{"data":{"pairs":[{"friend":{"number":2}},{"friend":{"number":3}}]}}"#]);
    assert_eq!(loads, ["PersonById [2, 3]"]);
}

#[tokio::test]
async fn a_failure_in_the_stream_is_its_last_item() {
    let (responses, _) = subscribe("subscription { people(from: 8, count: 2) { number } }", json!({})).await;
    assert_eq!(responses, [r#"{"data":{"people":{"number":8}}}"#, "lost"]);
}

#[tokio::test]
async fn a_failing_start_refuses_the_subscription() {
    let (responses, _) = subscribe("subscription { people(from: -1) { number } }", json!({})).await;
    assert_eq!(
        responses,
        [r#"{"errors":[{"message":"below zero","locations":[{"line":1,"column":16}],"path":["people"]}]}"#]
    );
}

#[tokio::test]
async fn only_subscriptions_have_events() {
    let (schema, data, none) = (schema(), Data::default().with(Book::default()), Variables::default());
    let read = |text: &str| schema.read(text, ParserLimits::default(), &DocumentLimits::default());
    let query = read("{ people { number } }").unwrap();
    let refused = schema.subscribe(&query, 0, &none, &data).await.err().unwrap();
    assert_eq!(refused.to_json(), r#"{"errors":[{"message":"This operation is no subscription."}]}"#);
    let subscription = read("subscription { pairs { number } }").unwrap();
    let refused = schema.execute(&subscription, 0, &none, &data, None).await;
    assert_eq!(refused.to_json(), r#"{"errors":[{"message":"This operation is a subscription."}]}"#);
    assert!(read("subscription { pairs { number } people(from: 1) { number } }").is_err());
    assert!(read("subscription { __typename }").is_err());
}

/// A meter that lets nothing load.
struct Stopped;

impl ExecutionMeter for Stopped {
    fn check(&self) -> Result<()> {
        Err(Error::new("stopped"))
    }
}

#[tokio::test]
async fn a_meter_stops_the_execution_of_an_event() {
    let (schema, data, none) = (schema(), Data::default().with(Book::default()), Variables::default());
    let document = "subscription { people(from: 1) { friend { number } } }";
    let document = schema.read(document, ParserLimits::default(), &DocumentLimits::default()).unwrap();
    let event = schema.subscribe(&document, 0, &none, &data).await.unwrap().next().await.unwrap().unwrap();
    assert_eq!(event.id.as_deref(), Some("1"));
    let response = schema.execute_event(&document, 0, &none, &data, Some(&Stopped), event).await;
    let (data, errors) = shown(response);
    assert_eq!((data, errors), (Value::Null, vec![("[people]".to_owned(), "stopped".to_owned())]));
}

#[test]
fn the_subscription_type_is_part_of_the_schema() {
    let sdl = sdl::<Query, Mutation, Subscription>();
    assert!(sdl.contains("\tpeople(from: Int!, count: Int! = 3): Person!"), "{sdl}");
    assert!(sdl.contains("\tsubscription: Subscription\n"), "{sdl}");
}
