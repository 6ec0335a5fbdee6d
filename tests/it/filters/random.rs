//! Random filters, orders and pages: the server answers as a plain evaluator over the rows does.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::chance::Random;
use super::evaluate::{matches, order};
use super::generate;
use super::world::{Row, World};

/// In each of the two tests.
const CASES: usize = 2_500;
/// So many stand in one document.
const TOGETHER: usize = 25;

/// One list: its arguments, and what it has to be.
struct Case {
    filter: Value,
    order: Value,
    expected: Vec<Value>,
}

impl Case {
    fn new(world: &World, random: &mut Random) -> Self {
        let (filter, order) = (world.filter(random), generate::order(random));
        Self { expected: expected(world, &filter, &order, |_| true), filter, order }
    }
}

fn expected(world: &World, filter: &Value, order_by: &Value, of: impl Fn(&Row) -> bool) -> Vec<Value> {
    let seen = world.rows.iter().filter(|row| world.sees(row) && of(row));
    let mut found: Vec<&Row> = seen.filter(|row| matches(filter, row, world.viewer)).collect();
    found.sort_by(|a, b| order(order_by, &a.note, &b.note));
    found.into_iter().map(|row| json!({ "id": format!("Note:{}", row.note.id) })).collect()
}

/// A document with many lists, each with variables of its own.
fn document() -> String {
    let (mut variables, mut lists) = (String::new(), String::new());
    for n in 0..TOGETHER {
        let _ = write!(
            variables,
            "$filter{n}: NoteFilter, $order{n}: [NoteOrder!], $first{n}: Int, $last{n}: Int, $after{n}: String, \
             $before{n}: String, $page{n}: Int, "
        );
        let _ = write!(
            lists,
            "list{n}: notes(filter: $filter{n}, orderBy: $order{n}, first: $first{n}, last: $last{n}, \
             after: $after{n}, before: $before{n}, page: $page{n}) {{ totalCount edges {{ cursor node {{ id }} }} }} "
        );
    }
    format!("query({variables}) {{ {lists} }}")
}

/// The lists of the cases, the arguments of each page with them.
async fn ask(world: &World, document: &str, cases: &[Case], pages: Vec<Value>) -> Vec<Value> {
    let mut variables = Map::new();
    for (n, (case, page)) in cases.iter().zip(pages).enumerate() {
        variables.insert(format!("filter{n}"), case.filter.clone());
        variables.insert(format!("order{n}"), case.order.clone());
        for (name, value) in page.as_object().unwrap() {
            variables.insert(format!("{name}{n}"), value.clone());
        }
    }
    let response = world.client.query_with(document, Value::Object(variables)).await;
    (0..cases.len()).map(|n| response[format!("list{n}").as_str()].clone()).collect()
}

/// A part of a list of which the cursors are known, and what it has to be.
fn part(cursors: &[Value], expected: &[Value], random: &mut Random) -> (Value, Vec<Value>) {
    let size = 1 + random.below(7);
    let few = |list: &[Value], backwards: bool| {
        let size = size.min(list.len());
        if backwards { list[list.len() - size..].to_vec() } else { list[..size].to_vec() }
    };
    if cursors.is_empty() || random.chance(20) {
        let page = 1 + random.below(4);
        let shown = expected.chunks(size).nth(page - 1).unwrap_or_default();
        return (json!({ "first": size, "page": page }), shown.to_vec());
    }
    let (mut from, mut until) = (0, expected.len());
    let backwards = random.chance(50);
    let mut page = json!({ if backwards { "last" } else { "first" }: size });
    if random.chance(70) {
        let at = random.below(cursors.len());
        page["after"] = cursors[at].clone();
        from = at + 1;
    }
    if random.chance(50) {
        let at = random.below(cursors.len());
        page["before"] = cursors[at].clone();
        until = at;
    }
    (page, few(expected.get(from..until).unwrap_or_default(), backwards))
}

const NESTED: &str = "query($filter: NoteFilter, $order: [NoteOrder!]) {
    customers(first: 100) { nodes { databaseId
        notes(filter: $filter, orderBy: $order, first: 100) { nodes { id } totalCount } } }
    users(first: 100) { nodes { databaseId
        createdNotes(filter: $filter, orderBy: $order, first: 100) { nodes { id } totalCount }
        assignedNotes(filter: $filter, orderBy: $order, first: 100) { nodes { id } totalCount } } } }";

/// The same list under customers, authors and assignees.
async fn nested(world: &World, case: &Case, what: &str) {
    let variables = json!({ "filter": case.filter, "order": case.order });
    let response = world.client.query_with(NESTED, variables).await;
    let list = |of: &dyn Fn(&Row) -> bool| {
        let expected = expected(world, &case.filter, &case.order, of);
        json!({ "totalCount": expected.len(), "nodes": expected })
    };
    for customer in response["customers"]["nodes"].as_array().unwrap() {
        let id = customer["databaseId"].as_str().unwrap().parse().ok();
        assert_eq!(customer["notes"], list(&|row| row.note.customer_id == id), "customer {id:?}, {what}");
    }
    for user in response["users"]["nodes"].as_array().unwrap() {
        let id: Option<i64> = user["databaseId"].as_str().unwrap().parse().ok();
        assert_eq!(user["createdNotes"], list(&|row| row.note.user_id == id), "author {id:?}, {what}");
        let assigned = list(&|row| row.assignees.contains(&id.unwrap()));
        assert_eq!(user["assignedNotes"], assigned, "assignee {id:?}, {what}");
    }
}

async fn random_cases(seed: u64, confidential: bool) {
    println!("seed {seed}");
    let random = &mut Random(seed);
    let world = World::random(random, confidential).await;
    let document = document();
    let mut sizes = BTreeMap::new();
    for batch in 0..CASES / TOGETHER {
        let cases: Vec<Case> = (0..TOGETHER).map(|_| Case::new(&world, random)).collect();
        let what = |n: usize| {
            let Case { filter, order, .. } = &cases[n];
            format!("seed {seed}, batch {batch}, list {n}: {filter} by {order}")
        };
        let whole = ask(&world, &document, &cases, vec![json!({ "first": 100 }); TOGETHER]).await;
        let (mut pages, mut parts) = (Vec::new(), Vec::new());
        for (n, (case, list)) in cases.iter().zip(&whole).enumerate() {
            let edges = list["edges"].as_array().unwrap();
            let nodes: Vec<Value> = edges.iter().map(|edge| edge["node"].clone()).collect();
            assert_eq!(nodes, case.expected, "{}", what(n));
            assert_eq!(list["totalCount"], json!(case.expected.len()), "{}", what(n));
            let size = match case.expected.len() {
                0 => "nothing",
                count if count == world.rows.iter().filter(|row| world.sees(row)).count() => "everything",
                _ => "something",
            };
            *sizes.entry(size).or_insert(0) += 1;
            let cursors: Vec<Value> = edges.iter().map(|edge| edge["cursor"].clone()).collect();
            let (page, part) = part(&cursors, &case.expected, random);
            pages.push(page);
            parts.push(part);
        }
        let shown = ask(&world, &document, &cases, pages.clone()).await;
        for (n, (list, part)) in shown.iter().zip(parts).enumerate() {
            let nodes: Vec<Value> = list["edges"].as_array().unwrap().iter().map(|edge| edge["node"].clone()).collect();
            assert_eq!(nodes, part, "{} of {}", pages[n], what(n));
        }
        nested(&world, &cases[0], &what(0)).await;
    }
    println!("{sizes:?}");
    assert!(sizes.len() == 3 && sizes.values().all(|count| *count > CASES / 20), "{sizes:?}");
}

#[tokio::test]
async fn random_lists_are_what_a_plain_evaluator_finds() {
    random_cases(20_261_121, false).await;
}

#[tokio::test]
async fn random_lists_are_it_for_who_sees_confidential_notes() {
    random_cases(42, true).await;
}
