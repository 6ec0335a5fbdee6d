//! Random filters, searches, orders and pages: the server's responses equal those of a plain evaluator over the rows.
//!
//! `NOTEGRAPH_LISTS_SEED` selects other cases.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use notegraph::graphql::ListLimits;
use notegraph::ids::{CustomerId, NoteId, RecordId, UserId};
use serde_json::{Map, Value, json};
use testkit::{Random, share};

use super::evaluate::{matches, order_scored};
use super::generate;
use super::walk::walk;
use super::world::{Row, World};
use crate::search::{Plain, search};

/// Number of lists in each of the four tests.
const CASES: usize = 1_875;
/// Minimum number of lists with a condition in their filter: five thousand in all tests.
const FILTERS: usize = 1_250;
/// Minimum number of lists with an order, and with a search.
const ORDERS: usize = 1_000;
const SEARCHES: usize = 950;
/// Number of lists in one document.
const TOGETHER: usize = 25;

/// One list: its arguments, and the expected notes.
struct Case<'w> {
    filter: Value,
    order: Value,
    search: Value,
    plain: Plain,
    expected: Vec<&'w Row>,
}

impl<'w> Case<'w> {
    fn new(world: &'w World, random: &mut Random) -> Self {
        let (mut filter, mut order) = (world.filter(random), generate::order(random));
        let (written, plain) = if random.chance(75) { search(random) } else { (String::new(), Plain::new(&[])) };
        if !plain.is_blank() && random.chance(35) {
            // Otherwise few searches would find anything.
            filter = json!({});
        }
        if !plain.is_blank() && random.chance(50) {
            let by_relevance = json!({ "field": "RELEVANCE", "direction": random.pick(&["ASC", "DESC"]) });
            let fields = order.as_array_mut().unwrap();
            fields.insert(random.below(fields.len() + 1), by_relevance);
            fields.truncate(3);
        }
        let search = if written.is_empty() && random.chance(50) { Value::Null } else { json!(written) };
        let mut case = Self { filter, order, search, plain, expected: Vec::new() };
        case.expected = case.among(world, |_| true);
        case
    }

    /// The expected notes in their order, if the list covers only these rows.
    fn among(&self, world: &'w World, these: impl Fn(&Row) -> bool) -> Vec<&'w Row> {
        let seen = world.rows.iter().filter(|row| world.sees(row) && these(row));
        let found = seen.filter(|row| matches(&self.filter, row, world.viewer) && self.plain.finds(&row.texts));
        let mut found: Vec<&Row> = found.collect();
        found.sort_by_key(|row| Reverse((row.note.created_on, row.note.id)));
        let most = usize::try_from(world.limits.scored).unwrap();
        let scores: HashMap<NoteId, usize> =
            found.iter().take(most).map(|row| (row.note.id, self.plain.score(&row.texts))).collect();
        let placed = |row: &'w Row| (&row.note, scores.get(&row.note.id).copied().unwrap_or_default());
        found.sort_by(|a, b| order_scored(&self.order, placed(a), placed(b)));
        found
    }

    fn variables(&self) -> Value {
        json!({ "filter": self.filter, "search": self.search, "order": self.order })
    }
}

fn nodes(rows: &[&Row]) -> Vec<Value> {
    rows.iter().map(|row| json!({ "id": format!("Note:{}", row.note.id) })).collect()
}

/// A document with many lists, each with its own variables.
fn document() -> String {
    let (mut variables, mut lists) = (String::new(), String::new());
    for n in 0..TOGETHER {
        let _ = write!(
            variables,
            "$filter{n}: NoteFilter, $search{n}: String, $order{n}: [NoteOrder!], $first{n}: Int, $last{n}: Int, \
             $after{n}: String, $before{n}: String, $page{n}: Int, "
        );
        let _ = write!(
            lists,
            "list{n}: notes(filter: $filter{n}, search: $search{n}, orderBy: $order{n}, first: $first{n}, \
             last: $last{n}, after: $after{n}, before: $before{n}, page: $page{n}) \
             {{ totalCount edges {{ cursor node {{ id }} searchHit {{ field snippet }} }} }} "
        );
    }
    format!("query({variables}) {{ {lists} }}")
}

/// Requests the lists of the cases, each with the arguments of its page.
async fn ask(world: &World, document: &str, cases: &[Case<'_>], pages: Vec<Value>) -> Vec<Value> {
    let mut variables = Map::new();
    for (n, (case, page)) in cases.iter().zip(pages).enumerate() {
        for arguments in [case.variables(), page] {
            for (name, value) in arguments.as_object().unwrap() {
                variables.insert(format!("{name}{n}"), value.clone());
            }
        }
    }
    let response = world.client.query_with(document, Value::Object(variables)).await;
    (0..cases.len()).map(|n| response[format!("list{n}").as_str()].clone()).collect()
}

/// The arguments of a part of a list with known cursors, and its expected nodes.
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

const NESTED: &str = "query($filter: NoteFilter, $search: String, $order: [NoteOrder!], $size: Int, $page: Int) {
    customers(first: 100) { nodes { id notes(filter: $filter, search: $search, orderBy: $order, first: 100) { ...all }
        some: notes(filter: $filter, search: $search, orderBy: $order, first: $size, page: $page) { ...some } } }
    users(first: 100) { nodes { id
        createdNotes(filter: $filter, search: $search, orderBy: $order, first: 100) { ...all }
        some: createdNotes(filter: $filter, search: $search, orderBy: $order, last: $size) { ...some }
        assignedNotes(filter: $filter, search: $search, orderBy: $order, first: 100) { ...all }
        others: assignedNotes(filter: $filter, search: $search, orderBy: $order, first: $size, page: $page) { ...some }
    } } }
    fragment all on NoteConnection { totalCount nodes { id } }
    fragment some on NoteConnection { nodes { id } }";

/// Requests the same list under customers, authors and assignees, with a page of each. Then pages through one of these
/// lists, or through that of all notes.
async fn nested(world: &World, case: &Case<'_>, random: &mut Random, what: &str) {
    let (size, page) = (1 + random.below(4), 1 + random.below(3));
    let mut variables = case.variables();
    (variables["size"], variables["page"]) = (json!(size), json!(page));
    let response = world.client.query_with(NESTED, variables).await;
    let mut lists = vec![(String::new(), nodes(&case.expected))];
    let mut list = |place: String, shown: &Value, these: &dyn Fn(&Row) -> bool| {
        let expected = nodes(&case.among(world, these));
        assert_eq!(*shown, json!({ "totalCount": expected.len(), "nodes": expected }), "{place}, {what}");
        lists.push((place, expected.clone()));
        expected
    };
    let numbered = |list: &[Value]| json!({ "nodes": list.chunks(size).nth(page - 1).unwrap_or_default() });
    let ending = |list: &[Value]| json!({ "nodes": list[list.len() - size.min(list.len())..] });
    for customer in response["customers"]["nodes"].as_array().unwrap() {
        let id: CustomerId = key(customer);
        let place = |field: &str| format!("customer(id: {id}) {field}");
        let notes = list(place("notes"), &customer["notes"], &|row| row.note.customer_id == Some(id));
        assert_eq!(customer["some"], numbered(&notes), "page {page} of {size}: customer {id}, {what}");
    }
    for user in response["users"]["nodes"].as_array().unwrap() {
        let id: UserId = key(user);
        let place = |field: &str| format!("user(id: {id}) {field}");
        let created = list(place("createdNotes"), &user["createdNotes"], &|row| row.note.user_id == Some(id));
        assert_eq!(user["some"], ending(&created), "the last {size}: author {id}, {what}");
        let assigned = list(place("assignedNotes"), &user["assignedNotes"], &|row| row.assignees.contains(&id));
        assert_eq!(user["others"], numbered(&assigned), "page {page} of {size}: assignee {id}, {what}");
    }
    let (place, expected) = random.pick(&lists);
    walk(world, place, case.variables(), expected, what).await;
}

fn key<I: RecordId>(record: &Value) -> I {
    record["id"].as_str().unwrap().split_once(':').unwrap().1.parse::<i64>().unwrap().into()
}

/// Asserts that the hit is the text with the most matches, and that its snippet marks words of that text.
fn assert_hit(plain: &Plain, row: &Row, hit: &Value, what: &str) {
    if !plain.wants_something() {
        assert!(hit.is_null(), "{what}");
        return;
    }
    let most = row.texts.iter().map(|text| plain.hits(text)).max().unwrap();
    let best = row.texts.iter().position(|text| plain.hits(text) == most).unwrap();
    let field = ["SUBJECT", "DETAILS"].get(best).unwrap_or(&"MESSAGE");
    let text = &row.texts[best].written;
    assert_eq!(hit["field"], *field, "{text:?}, {what}");
    let snippet = hit["snippet"].as_str().unwrap();
    let words: Vec<&str> =
        snippet.split('\u{e000}').skip(1).map(|rest| rest.split('\u{e001}').next().unwrap()).collect();
    assert!(!words.is_empty() && words.iter().all(|word| text.contains(word)), "{snippet:?} of {text:?}, {what}");
}

/// The seed of a test, or another one if the environment says so.
fn chosen(seed: u64) -> u64 {
    let variable = "NOTEGRAPH_LISTS_SEED";
    let other =
        std::env::var(variable).map_or(0, |other| other.parse().unwrap_or_else(|_| panic!("{variable}={other}")));
    println!("{variable}={other}: seed {}", seed.wrapping_add(other));
    seed.wrapping_add(other)
}

async fn random_cases(seed: u64, confidential: bool, limits: ListLimits) {
    let seed = chosen(seed);
    let random = &mut Random(seed);
    let world = World::with(limits, random, confidential).await;
    let document = document();
    let batches = share(CASES / TOGETHER);
    let lists = batches * TOGETHER;
    // The minimum, if this run does only a share of the lists.
    let least = |count: usize| count * lists / CASES;
    let everything = world.rows.iter().filter(|row| world.sees(row)).count();
    let mut sizes = BTreeMap::new();
    let (mut filters, mut orders, mut searches, mut found) = (0, 0, 0, 0);
    for batch in 0..batches {
        let cases: Vec<Case> = (0..TOGETHER).map(|_| Case::new(&world, random)).collect();
        let what = |n: usize| {
            let Case { filter, search, order, .. } = &cases[n];
            format!("seed {seed}, batch {batch}, list {n}: {filter} and {search} by {order}")
        };
        let whole = ask(&world, &document, &cases, vec![json!({ "first": 100 }); TOGETHER]).await;
        let (mut pages, mut parts) = (Vec::new(), Vec::new());
        for (n, (case, list)) in cases.iter().zip(&whole).enumerate() {
            let expected = nodes(&case.expected);
            let edges = list["edges"].as_array().unwrap();
            let nodes: Vec<Value> = edges.iter().map(|edge| edge["node"].clone()).collect();
            assert_eq!(nodes, expected, "{}", what(n));
            assert_eq!(list["totalCount"], json!(expected.len()), "{}", what(n));
            for (edge, row) in edges.iter().zip(&case.expected) {
                assert_hit(&case.plain, row, &edge["searchHit"], &what(n));
            }
            let size = match expected.len() {
                0 => "nothing",
                count if count == everything => "everything",
                _ => "something",
            };
            *sizes.entry(size).or_insert(0) += 1;
            filters += usize::from(case.filter.as_object().unwrap().values().any(|condition| !condition.is_null()));
            orders += usize::from(case.order != json!([]));
            searches += usize::from(!case.plain.is_blank());
            found += usize::from(!case.plain.is_blank() && size == "something");
            let cursors: Vec<Value> = edges.iter().map(|edge| edge["cursor"].clone()).collect();
            let (page, part) = part(&cursors, &expected, random);
            pages.push(page);
            parts.push(part);
        }
        let shown = ask(&world, &document, &cases, pages.clone()).await;
        for (n, (list, part)) in shown.iter().zip(parts).enumerate() {
            let nodes: Vec<Value> = list["edges"].as_array().unwrap().iter().map(|edge| edge["node"].clone()).collect();
            assert_eq!(nodes, part, "{} of {}", pages[n], what(n));
        }
        nested(&world, &cases[0], random, &what(0)).await;
    }
    println!("{filters} filters, {orders} orders, {searches} searches; {sizes:?}, {found} of something by these");
    let enough = filters >= least(FILTERS) && orders >= least(ORDERS) && searches >= least(SEARCHES);
    assert!(enough, "{filters} {orders} {searches} of {lists}");
    assert!(sizes.len() == 3 && sizes.values().all(|count| *count > lists / 20), "{sizes:?}");
    assert!(found > lists / 5, "{found}");
}

/// Limits with which a search soon stops examining notes one by one, and scores only a few of its matches.
pub const HASTY: ListLimits = ListLimits { looked_at: 5, scored: 9, work: 250_000, fewest: 500 };

#[tokio::test]
async fn random_lists_equal_the_evaluator() {
    random_cases(20_261_121, false, ListLimits::default()).await;
}

#[tokio::test]
async fn random_lists_equal_the_evaluator_with_confidential_notes() {
    random_cases(42, true, ListLimits::default()).await;
}

#[tokio::test]
async fn random_lists_equal_the_evaluator_with_the_search_index() {
    random_cases(43, false, HASTY).await;
}

#[tokio::test]
async fn random_lists_equal_the_evaluator_with_the_index_and_confidential_notes() {
    random_cases(44, true, HASTY).await;
}
