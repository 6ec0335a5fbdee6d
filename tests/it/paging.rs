//! Pages of lists: walked in any page size and in either direction, they add up to the list.

mod numbers;
mod refused;

use chrono::TimeDelta;
use notegraph::ids::{CustomerId, NoteId, UserId};
use notegraph::store::entity::note::{self, NoteStatus};
use notegraph::store::entity::token::Scope;
use notegraph::store::entity::user::UserStatus;
use serde_json::{Value, json};

use testkit::{App, Client, Company};

/// A list of the API: its place in a document, its order and its records.
struct List {
    /// The parts of the document before and after the field.
    around: (String, &'static str),
    field: &'static str,
    /// Arguments other than those for pagination, with a trailing comma.
    arguments: String,
    /// JSON pointer to the list in the response.
    pointer: &'static str,
    ids: Vec<String>,
}

impl List {
    fn top(field: &'static str, arguments: &str, ids: Vec<String>) -> Self {
        let pointer = match field {
            "notes" => "/notes",
            "users" => "/users",
            _ => "/customers",
        };
        Self { around: (String::new(), ""), field, arguments: arguments.to_owned(), pointer, ids }
    }

    fn under(parent: &str, field: &'static str, pointer: &'static str, arguments: &str, ids: Vec<String>) -> Self {
        Self { around: (format!("{parent} {{"), "}"), field, arguments: arguments.to_owned(), pointer, ids }
    }

    async fn page(&self, client: &Client, part: &str) -> Value {
        let (before, after) = &self.around;
        let document = format!(
            "{{ {before} {}({}{part}) {{ edges {{ cursor node {{ id }} }} nodes {{ id }}
                pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} {after} }}",
            self.field, self.arguments
        );
        let response = client.query(&document).await;
        let page = response.data().pointer(self.pointer).unwrap().clone();
        let ids = |edges: &Value| edges.as_array().unwrap().iter().map(|edge| edge["node"]["id"].clone()).collect();
        let nodes: Vec<Value> = page["nodes"].as_array().unwrap().iter().map(|node| node["id"].clone()).collect();
        let edges: Vec<Value> = ids(&page["edges"]);
        assert_eq!(nodes, edges, "nodes and edges differ");
        let cursor = |edge: Option<&Value>| edge.map_or(Value::Null, |edge| edge["cursor"].clone());
        let edges = page["edges"].as_array().unwrap();
        assert_eq!(page["pageInfo"]["startCursor"], cursor(edges.first()));
        assert_eq!(page["pageInfo"]["endCursor"], cursor(edges.last()));
        page
    }

    /// Walks the list and compares each page with the whole.
    async fn walk(&self, client: &Client, size: usize, backwards: bool) {
        let what = format!("{}({}) in pages of {size}, backwards: {backwards}", self.field, self.arguments);
        let count = self.ids.len();
        let (mut walked, mut part) = (0, format!("{}: {size}", if backwards { "last" } else { "first" }));
        loop {
            let page = self.page(client, &part).await;
            let length = size.min(count - walked);
            let (from, to) =
                if backwards { (count - walked - length, count - walked) } else { (walked, walked + length) };
            assert_eq!(ids(&page), self.ids[from..to], "{what}, after {walked}");
            let info = &page["pageInfo"];
            assert_eq!(info["hasPreviousPage"], json!(from > 0), "{what}, after {walked}");
            assert_eq!(info["hasNextPage"], json!(to < count), "{what}, after {walked}");
            walked += length;
            if walked == count {
                break;
            }
            part = if backwards {
                format!("last: {size}, before: {}", info["startCursor"])
            } else {
                format!("first: {size}, after: {}", info["endCursor"])
            };
        }
    }

    async fn walk_all_ways(&self, client: &Client) {
        assert!(self.ids.len() > 7, "a walk in pages of 7 has to have more than one");
        for size in [1, 2, 7] {
            self.walk(client, size, false).await;
            self.walk(client, size, true).await;
        }
    }
}

fn ids(page: &Value) -> Vec<String> {
    page["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap().to_owned()).collect()
}

/// A company with notes, many of which share their times, another company, and notes that the viewer does not see.
struct Seeded {
    app: App,
    client: Client,
    acme: Company,
    customer: CustomerId,
    user: UserId,
    /// The notes that the viewer sees.
    notes: Vec<note::Model>,
    /// The ids of those notes to which the user is assigned.
    assigned: Vec<NoteId>,
}

/// Subjects with ties, some of which differ only in case.
const SUBJECTS: [Option<&str>; 7] =
    [Some("Zebra"), None, Some("éCLAIR"), Some("ÉCLAIR"), Some(""), None, Some("o'Neil \"日本\"")];

async fn seeded(count: usize) -> Seeded {
    let app = App::start().await;
    let (acme, other) = (app.company("Acme").await, app.company("Other").await);
    let (ann, ben) = (acme.user("ann").await, acme.user("ben").await);
    let (cara, cleo) = (acme.customer("Cara").await, acme.customer("Cleo").await);
    let start = app.clock().now();
    let hours = |hours: usize| start + TimeDelta::hours(i64::try_from(hours).unwrap());
    let (mut notes, mut assigned) = (Vec::new(), Vec::new());
    for index in 0..count {
        let times = |note: &mut note::Model| {
            note.created_on = hours(index * 7 % 3);
            note.updated_on = hours(index * 5 % 4);
            note.reminder = (index % 3 != 1).then(|| hours(index * 11 % 5));
            note.subject = SUBJECTS[index * 3 % SUBJECTS.len()].map(str::to_owned);
            note.priority = index % 4 == 1;
            note.show_on_overview = index % 5 == 2;
            note.status = if index % 3 == 2 { NoteStatus::Closed } else { NoteStatus::Open };
        };
        let seen = acme.note(|note| {
            times(note);
            note.customer_id = Some(if index % 3 == 0 { cleo.id } else { cara.id });
            note.user_id = Some(if index % 4 == 0 { ben.id } else { ann.id });
        });
        let seen = seen.await;
        if index % 5 != 0 {
            acme.assign(seen.id, ann.id).await;
            assigned.push(seen.id);
        }
        notes.push(seen);
        if index % 4 == 0 {
            other.note(times).await;
            acme.note(|note| {
                times(note);
                note.confidential = true;
                note.customer_id = Some(cara.id);
            })
            .await;
        }
    }
    let client = ann.token(&[Scope::Read]).await;
    Seeded { client, acme, customer: cara.id, user: ann.id, notes, assigned, app }
}

/// The fields of an order, each with its direction and the placement of nulls. Empty for the default order.
type Order = &'static [(&'static str, &'static str, &'static str)];

const NEWEST: Order = &[];
const ORDERS: [Order; 26] = [
    NEWEST,
    &[("CREATED_ON", "ASC", "LAST")],
    &[("CREATED_ON", "DESC", "LAST")],
    &[("UPDATED_ON", "ASC", "FIRST")],
    &[("UPDATED_ON", "DESC", "LAST")],
    &[("REMINDER", "ASC", "LAST")],
    &[("REMINDER", "ASC", "FIRST")],
    &[("REMINDER", "DESC", "LAST")],
    &[("REMINDER", "DESC", "FIRST")],
    &[("SUBJECT", "ASC", "LAST")],
    &[("SUBJECT", "ASC", "FIRST")],
    &[("SUBJECT", "DESC", "LAST")],
    &[("SUBJECT", "DESC", "FIRST")],
    &[("STATUS", "ASC", "LAST")],
    &[("STATUS", "DESC", "LAST")],
    &[("PRIORITY", "ASC", "LAST")],
    &[("PRIORITY", "DESC", "LAST")],
    &[("SHOW_ON_OVERVIEW", "ASC", "LAST")],
    &[("SHOW_ON_OVERVIEW", "DESC", "LAST")],
    &[("CREATED_ON", "ASC", "LAST"), ("UPDATED_ON", "DESC", "LAST")],
    &[("UPDATED_ON", "DESC", "LAST"), ("CREATED_ON", "DESC", "LAST")],
    &[("STATUS", "ASC", "LAST"), ("CREATED_ON", "DESC", "LAST")],
    &[("PRIORITY", "DESC", "LAST"), ("REMINDER", "ASC", "FIRST")],
    &[("REMINDER", "DESC", "FIRST"), ("SUBJECT", "ASC", "LAST")],
    &[("SUBJECT", "DESC", "LAST"), ("REMINDER", "DESC", "LAST"), ("STATUS", "DESC", "LAST")],
    &[("SHOW_ON_OVERVIEW", "DESC", "LAST"), ("PRIORITY", "ASC", "LAST"), ("SUBJECT", "ASC", "FIRST")],
];

/// The `orderBy` argument, with a trailing comma.
fn arguments(order: Order) -> String {
    let field = |(field, direction, nulls): &(&str, &str, &str)| {
        format!("{{ field: {field}, direction: {direction}, nulls: {nulls} }}")
    };
    let fields: Vec<String> = order.iter().map(field).collect();
    if fields.is_empty() { String::new() } else { format!("orderBy: [{}], ", fields.join(", ")) }
}

fn ordered(notes: &[note::Model], order: Order) -> Vec<String> {
    let mut notes: Vec<&note::Model> = notes.iter().collect();
    let field = |(field, direction, nulls): &(&str, &str, &str)| json!({ "field": field, "direction": direction, "nulls": nulls });
    let order: Value = order.iter().map(field).collect();
    notes.sort_by(|a, b| crate::filters::order(&order, a, b));
    notes.into_iter().map(|note| format!("Note:{}", note.id)).collect()
}

#[tokio::test]
async fn paging_over_notes_equals_the_list_in_every_order() {
    let seeded = seeded(17).await;
    for order in ORDERS {
        let list = List::top("notes", &arguments(order), ordered(&seeded.notes, order));
        list.walk_all_ways(&seeded.client).await;
    }
}

#[tokio::test]
async fn paging_over_notes_of_people_equals_the_list() {
    let Seeded { client, customer, user, notes, assigned, app: _app, .. } = &seeded(21).await;
    let about: Vec<_> = notes.iter().filter(|note| note.customer_id == Some(*customer)).cloned().collect();
    let written: Vec<_> = notes.iter().filter(|note| note.user_id == Some(*user)).cloned().collect();
    let assigned: Vec<_> = notes.iter().filter(|note| assigned.contains(&note.id)).cloned().collect();
    let (customer, user) = (format!("customer(id: {customer})"), format!("user(id: {user})"));
    for order in ORDERS.into_iter().step_by(5) {
        let part = arguments(order);
        for list in [
            List::under(&customer, "notes", "/customer/notes", &part, ordered(&about, order)),
            List::under(&user, "createdNotes", "/user/createdNotes", &part, ordered(&written, order)),
            List::under(&user, "assignedNotes", "/user/assignedNotes", &part, ordered(&assigned, order)),
        ] {
            list.walk_all_ways(client).await;
        }
    }
}

#[tokio::test]
async fn paging_over_people_equals_the_list() {
    let app = App::start().await;
    let (acme, other) = (app.company("Acme").await, app.company("Other").await);
    let (mut users, mut inactive, mut customers) = (Vec::new(), Vec::new(), Vec::new());
    for index in 0..18 {
        let status = if index % 2 == 1 { UserStatus::Inactive } else { UserStatus::Active };
        let user = acme.user_with(&format!("user {index}"), |user| user.status = status).await;
        users.push(format!("User:{}", user.id));
        if status == UserStatus::Inactive {
            inactive.push(format!("User:{}", user.id));
        }
        customers.push(format!("Customer:{}", acme.customer("Cara").await.id));
        other.user("olga").await;
        other.customer("Olaf").await;
    }
    let ann = acme.user("ann").await;
    users.push(format!("User:{}", ann.id));
    let client = ann.token(&[Scope::Read]).await;
    for list in [
        List::top("users", "", users),
        List::top("users", "status: INACTIVE, ", inactive),
        List::top("customers", "", customers),
    ] {
        list.walk_all_ways(&client).await;
    }
}

#[tokio::test]
async fn paging_over_messages_equals_the_thread() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let (note, other) = (acme.note(|_| {}).await, acme.note(|_| {}).await);
    let mut thread = Vec::new();
    for _ in 0..15 {
        thread.push(format!("NoteMessage:{}", acme.message(note.id, |_| {}).await.id));
        acme.message(other.id, |_| {}).await;
    }
    let client = acme.user("ann").await.token(&[Scope::Read]).await;
    let parent = format!("note(id: {})", note.id);
    let list = |direction: &str, ids| List::under(&parent, "messages", "/note/messages", direction, ids);
    list("", thread.clone()).walk_all_ways(&client).await;
    list("direction: ASC, ", thread.clone()).walk_all_ways(&client).await;
    thread.reverse();
    list("direction: DESC, ", thread).walk_all_ways(&client).await;
}

#[tokio::test]
async fn after_and_before_select_the_rows_between() {
    let Seeded { client, notes, acme, app: _app, .. } = &seeded(9).await;
    let note = notes[0].id;
    let mut thread = Vec::new();
    for _ in 0..9 {
        thread.push(format!("NoteMessage:{}", acme.message(note, |_| {}).await.id));
    }
    let parent = format!("note(id: {note})");
    let by_reminder: Order = &[("REMINDER", "ASC", "LAST"), ("UPDATED_ON", "DESC", "LAST")];
    for list in [
        List::top("notes", &arguments(by_reminder), ordered(notes, by_reminder)),
        List::under(&parent, "messages", "/note/messages", "", thread),
    ] {
        let whole = list.page(client, "first: 100").await;
        let cursors: Vec<&Value> = whole["edges"].as_array().unwrap().iter().map(|edge| &edge["cursor"]).collect();
        for (after, before) in [(0, 8), (1, 7), (2, 4), (3, 4), (4, 4), (6, 2)] {
            let between: &[String] = if after < before { &list.ids[after + 1..before] } else { &[] };
            let cursors = format!("after: {}, before: {}", cursors[after], cursors[before]);
            for size in [1, 2, 100] {
                let few = size.min(between.len());
                let first = list.page(client, &format!("first: {size}, {cursors}")).await;
                assert_eq!(ids(&first), between[..few], "{} first {size} of {after}..{before}", list.field);
                let last = list.page(client, &format!("last: {size}, {cursors}")).await;
                assert_eq!(ids(&last), between[between.len() - few..], "{} last {size}", list.field);
            }
        }
    }
}

#[tokio::test]
async fn rows_added_while_paging_neither_repeat_nor_hide_others() {
    let Seeded { client, notes, acme, app: _app, .. } = &seeded(12).await;
    let expected = ordered(notes, NEWEST);
    for backwards in [false, true] {
        let (mut walked, mut part) = (Vec::new(), String::new());
        for number in 1.. {
            let document = format!(
                "{{ notes({}: 2{part}) {{ nodes {{ id }}
                    pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}",
                if backwards { "last" } else { "first" }
            );
            let response = client.query(&document).await;
            let page = &response["notes"];
            let mut found = ids(page);
            let (more, cursor, argument) = if backwards {
                found.reverse();
                ("hasPreviousPage", "startCursor", "before")
            } else {
                ("hasNextPage", "endCursor", "after")
            };
            walked.extend(found);
            if page["pageInfo"][more] == json!(false) {
                break;
            }
            part = format!(", {argument}: {}", page["pageInfo"][cursor]);
            // Insert notes at and around every existing position.
            for place in notes.iter().filter(|_| number <= 3) {
                acme.note(|note| note.created_on = place.created_on).await;
                acme.note(|note| note.created_on = place.created_on + TimeDelta::minutes(number)).await;
            }
        }
        let mut distinct = walked.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), walked.len(), "one came twice: {walked:?}");
        walked.retain(|id| expected.contains(id));
        if backwards {
            walked.reverse();
        }
        assert_eq!(walked, expected, "backwards: {backwards}");
    }
}

/// The record of a cursor lies outside the page, on the cursor's side, whichever way the list is walked.
#[tokio::test]
async fn the_row_of_a_cursor_is_not_in_the_page() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    for _ in 0..6 {
        acme.note(|_| {}).await;
    }
    let client = acme.user("ann").await.token(&[Scope::Read]).await;
    let all = client.query("{ notes { edges { cursor } } }").await;
    let cursor = |at: usize| all["notes"]["edges"][at]["cursor"].as_str().unwrap().to_owned();
    for (arguments, previous, next) in [
        (format!("before: \"{}\"", cursor(3)), false, true),
        (format!("first: 10, before: \"{}\"", cursor(3)), false, true),
        (format!("first: 10, after: \"{}\", before: \"{}\"", cursor(0), cursor(3)), true, true),
        (format!("last: 10, after: \"{}\"", cursor(0)), true, false),
        (format!("last: 10, after: \"{}\", before: \"{}\"", cursor(0), cursor(4)), true, true),
        (format!("last: 1, before: \"{}\"", cursor(1)), false, true),
    ] {
        let document = format!("{{ notes({arguments}) {{ pageInfo {{ hasPreviousPage hasNextPage }} }} }}");
        let info = client.query(&document).await["notes"]["pageInfo"].clone();
        assert_eq!(info, json!({ "hasPreviousPage": previous, "hasNextPage": next }), "{arguments}");
    }
}
