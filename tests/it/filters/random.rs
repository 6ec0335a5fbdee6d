//! Random filters: the server answers as a plain evaluator over the rows does.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use notegraph::entity::note::{NoteStatus, ReferenceType};
use notegraph::entity::token::Scope;
use notegraph::entity::{assignment, note};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use serde_json::{Map, Value, json};

use crate::support::{App, Client};

const CASES: usize = 500;
const NOTES: usize = 70;
const REFERENCES: [&str; 6] = ["7", "Ünï 'quoted\"", "50%_\\", "null", "", "Customer:1"];
const KINDS: [(&str, ReferenceType); 3] = [
    ("ORDER", ReferenceType::Order),
    ("MEMBERSHIP_CARD", ReferenceType::MembershipCard),
    ("POINT_EARNED", ReferenceType::PointEarned),
];

/// Numbers that look random, the same ones from the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    fn some<T: Clone>(&mut self, percent: usize, list: &[T]) -> Option<T> {
        self.chance(percent).then(|| self.pick(list).clone())
    }
}

/// What the notes of the test are, and who looks.
struct World {
    client: Client,
    viewer: i64,
    /// Sees the confidential notes of others.
    confidential: bool,
    customers: Vec<i64>,
    users: Vec<i64>,
    types: Vec<i64>,
    notes: Vec<(note::Model, Vec<i64>)>,
}

impl World {
    async fn random(random: &mut Random, confidential: bool) -> Self {
        let app = App::start().await;
        let (acme, other) = (app.company("Acme").await, app.company("Other").await);
        let (mut customers, mut users, mut types) = (Vec::new(), Vec::new(), Vec::new());
        for name in ["a", "b", "c", "d"] {
            customers.push(acme.customer(name).await.id);
            types.push(acme.note_type(name).await.id);
            users.push(acme.user(name).await.id);
        }
        let viewer = acme.user("viewer").await;
        users.push(viewer.id);
        let template = acme.note(|_| {}).await;
        let of_others = other.note(|_| {}).await;
        let mut notes: Vec<(note::Model, Vec<i64>)> = Vec::new();
        for index in 0..NOTES {
            let mut note = template.clone();
            note.id = of_others.id + 1 + i64::try_from(index).unwrap();
            note.created_on += TimeDelta::hours(i64::try_from(random.below(9)).unwrap());
            note.updated_on = note.created_on + TimeDelta::hours(i64::try_from(random.below(3)).unwrap());
            note.customer_id = random.some(70, &customers);
            note.user_id = random.some(70, &users);
            note.type_id = random.some(70, &types);
            note.reference_type = random.some(60, &KINDS).map(|kind| kind.1);
            note.reference_id = random.some(60, &REFERENCES).map(str::to_owned);
            note.priority = random.chance(30);
            note.confidential = random.chance(30);
            note.show_on_overview = random.chance(30);
            note.status = if random.chance(40) { NoteStatus::Closed } else { NoteStatus::Open };
            let assignees = users.iter().copied().filter(|_| random.chance(25)).collect();
            notes.push((note, assignees));
        }
        insert(&app, &notes).await;
        notes.push((template, Vec::new()));
        let scopes: &[Scope] = if confidential { &[Scope::Read, Scope::Confidential] } else { &[Scope::Read] };
        let client = viewer.token(scopes).await;
        Self { client, viewer: viewer.id, confidential, customers, users, types, notes }
    }

    fn sees(&self, note: &note::Model, assignees: &[i64]) -> bool {
        let own = note.user_id == Some(self.viewer) || assignees.contains(&self.viewer);
        self.confidential || !note.confidential || own
    }

    /// What the list has to be.
    fn expected(
        &self,
        filter: &Value,
        updated: bool,
        descending: bool,
        of: impl Fn(&note::Model, &[i64]) -> bool,
    ) -> Vec<Value> {
        let mut found: Vec<&note::Model> = self
            .notes
            .iter()
            .filter(|(note, assignees)| self.sees(note, assignees) && of(note, assignees))
            .filter(|(note, assignees)| matches(filter, note, assignees, self.viewer))
            .map(|(note, _)| note)
            .collect();
        found.sort_by_key(|note| (if updated { note.updated_on } else { note.created_on }, note.id));
        if descending {
            found.reverse();
        }
        found.into_iter().map(|note| json!({ "id": format!("Note:{}", note.id) })).collect()
    }

    fn filter(&self, random: &mut Random) -> Value {
        let mut filter = Map::new();
        for _ in 0..=random.below(3) {
            let (field, condition) = match random.below(11) {
                0 => ("id", ids(random, "Note", &self.notes.iter().map(|(note, _)| note.id).collect::<Vec<_>>())),
                1 => ("customerId", ids(random, "Customer", &self.customers)),
                2 => ("userId", ids(random, "User", &self.users)),
                3 => ("typeId", ids(random, "NoteType", &self.types)),
                4 => ("referenceId", compare(random, true, |random| json!(random.pick(&REFERENCES)))),
                5 => ("referenceType", compare(random, true, |random| json!(random.pick(&KINDS).0))),
                6 => ("status", compare(random, false, |random| json!(random.pick(&["OPEN", "CLOSED"])))),
                7 => ("priority", json!(random.chance(50))),
                8 => ("confidential", json!(random.chance(50))),
                9 => ("showOnOverview", json!(random.chance(50))),
                _ => ("assignees", self.assignees(random)),
            };
            // Null sets no condition.
            filter.insert(field.to_owned(), if random.chance(5) { Value::Null } else { condition });
        }
        Value::Object(filter)
    }

    fn assignees(&self, random: &mut Random) -> Value {
        let mut condition = Map::new();
        for _ in 0..=random.below(2) {
            let (operator, value) = match random.below(5) {
                0 => ("any", list(random, |random| json!(format!("User:{}", random.pick(&self.users))))),
                1 => ("all", list(random, |random| json!(random.pick(&self.users).to_string()))),
                2 => ("none", list(random, |random| json!(random.pick(&self.users).to_string()))),
                3 => ("isEmpty", json!(random.chance(50))),
                _ => ("includesViewer", json!(random.chance(50))),
            };
            condition.insert(operator.to_owned(), value);
        }
        Value::Object(condition)
    }
}

/// All in one transaction: the rows are many.
async fn insert(app: &App, notes: &[(note::Model, Vec<i64>)]) {
    let transaction = app.db().begin().await.unwrap();
    for (note, assignees) in notes {
        note.clone().into_active_model().reset_all().insert(&transaction).await.unwrap();
        for (position, &user_id) in (1..).zip(assignees) {
            let row = assignment::Model {
                company_id: note.company_id,
                note_id: note.id,
                user_id,
                position,
                created_on: note.created_on,
                assigned_by_id: None,
                source: None,
            };
            assignment::Entity::insert(row.into_active_model().reset_all()).exec(&transaction).await.unwrap();
        }
    }
    transaction.commit().await.unwrap();
}

fn list(random: &mut Random, mut value: impl FnMut(&mut Random) -> Value) -> Value {
    (0..random.below(4)).map(|_| value(random)).collect()
}

fn compare(random: &mut Random, nullable: bool, mut value: impl FnMut(&mut Random) -> Value) -> Value {
    let mut condition = Map::new();
    for _ in 0..=random.below(4) / 3 {
        let (operator, value) = match random.below(if nullable { 5 } else { 4 }) {
            0 => ("eq", value(random)),
            1 => ("neq", value(random)),
            2 => ("in", list(random, &mut value)),
            3 => ("notIn", list(random, &mut value)),
            _ => ("isNull", json!(random.chance(50))),
        };
        condition.insert(operator.to_owned(), value);
    }
    Value::Object(condition)
}

/// IDs in full or bare, and now and then of nobody.
fn ids(random: &mut Random, kind: &str, known: &[i64]) -> Value {
    compare(random, true, |random| {
        let id = if random.chance(90) { *random.pick(known) } else { i64::MAX };
        if random.chance(50) { json!(format!("{kind}:{id}")) } else { json!(id.to_string()) }
    })
}

/// The rules of filters, written down a second time and without a database.
fn matches(filter: &Value, note: &note::Model, assignees: &[i64], viewer: i64) -> bool {
    let link = |id: Option<i64>| id.map(|id| id.to_string());
    let status = if note.status == NoteStatus::Open { "OPEN" } else { "CLOSED" };
    let kind = KINDS.iter().find(|kind| Some(kind.1) == note.reference_type).map(|kind| kind.0.to_owned());
    filter.as_object().unwrap().iter().filter(|(_, condition)| !condition.is_null()).all(|(field, condition)| {
        match field.as_str() {
            "id" => holds(condition, link(Some(note.id)).as_deref(), true),
            "customerId" => holds(condition, link(note.customer_id).as_deref(), true),
            "userId" => holds(condition, link(note.user_id).as_deref(), true),
            "typeId" => holds(condition, link(note.type_id).as_deref(), true),
            "referenceId" => holds(condition, note.reference_id.as_deref(), false),
            "referenceType" => holds(condition, kind.as_deref(), false),
            "status" => holds(condition, Some(status), false),
            "priority" => *condition == json!(note.priority),
            "confidential" => *condition == json!(note.confidential),
            "showOnOverview" => *condition == json!(note.show_on_overview),
            _ => condition.as_object().unwrap().iter().all(|(operator, value)| {
                let named = |user: &i64| value.as_array().unwrap().iter().any(|id| key(id) == user.to_string());
                match operator.as_str() {
                    "any" => assignees.iter().any(named),
                    "all" => value
                        .as_array()
                        .unwrap()
                        .iter()
                        .all(|id| assignees.iter().any(|user| key(id) == user.to_string())),
                    "none" => !assignees.iter().any(named),
                    "isEmpty" => *value == json!(assignees.is_empty()),
                    _ => *value == json!(assignees.contains(&viewer)),
                }
            }),
        }
    })
}

fn key(id: &Value) -> &str {
    let id = id.as_str().unwrap();
    id.split_once(':').map_or(id, |(_, key)| key)
}

fn holds(condition: &Value, column: Option<&str>, is_link: bool) -> bool {
    let same = |value: &Value| column == Some(if is_link { key(value) } else { value.as_str().unwrap() });
    condition.as_object().unwrap().iter().all(|(operator, value)| match operator.as_str() {
        "eq" => same(value),
        "neq" => !same(value),
        "in" => value.as_array().unwrap().iter().any(same),
        "notIn" => !value.as_array().unwrap().iter().any(same),
        _ => *value == json!(column.is_none()),
    })
}

const ASKED: &str = "query($filter: NoteFilter, $order: [NoteOrder!], $size: Int, $page: Int) {
    notes(filter: $filter, orderBy: $order, first: $size, page: $page) { nodes { id } totalCount } }";
const NESTED: &str = "query($filter: NoteFilter, $order: [NoteOrder!]) {
    customers(first: 100) { nodes { databaseId
        notes(filter: $filter, orderBy: $order, first: 100) { nodes { id } totalCount } } }
    users(first: 100) { nodes { databaseId
        createdNotes(filter: $filter, orderBy: $order, first: 100) { nodes { id } totalCount }
        assignedNotes(filter: $filter, orderBy: $order, first: 100) { nodes { id } totalCount } } } }";

async fn random_cases(seed: u64, confidential: bool) {
    println!("seed {seed}");
    let random = &mut Random(seed);
    let world = World::random(random, confidential).await;
    let mut sizes = BTreeMap::new();
    for case in 0..CASES / 2 {
        let filter = world.filter(random);
        let (updated, descending) = (random.chance(50), random.chance(50));
        let field = if updated { "UPDATED_ON" } else { "CREATED_ON" };
        let order = json!([{ "field": field, "direction": if descending { "DESC" } else { "ASC" } }]);
        let what = format!("seed {seed}, case {case}: {filter} by {order}");
        let mut variables = json!({ "filter": filter, "order": order, "size": 100 });

        let expected = world.expected(&filter, updated, descending, |_, _| true);
        *sizes.entry(expected.len().min(1)).or_insert(0) += 1;
        let mut shown = expected.as_slice();
        if random.chance(50) {
            let (size, page) = (1 + random.below(7), 1 + random.below(3));
            variables["size"] = json!(size);
            variables["page"] = json!(page);
            shown = expected.chunks(size).nth(page - 1).unwrap_or_default();
        }
        let response = world.client.query_with(ASKED, variables).await;
        assert_eq!(response["notes"], json!({ "nodes": shown, "totalCount": expected.len() }), "{what}");

        if case % 10 == 0 {
            let variables = json!({ "filter": filter, "order": order });
            let response = world.client.query_with(NESTED, variables).await;
            let list = |of: &dyn Fn(&note::Model, &[i64]) -> bool| {
                let expected = world.expected(&filter, updated, descending, of);
                json!({ "totalCount": expected.len(), "nodes": expected })
            };
            for customer in response["customers"]["nodes"].as_array().unwrap() {
                let id = customer["databaseId"].as_str().unwrap().parse().ok();
                assert_eq!(customer["notes"], list(&|note, _| note.customer_id == id), "customer {id:?}, {what}");
            }
            for user in response["users"]["nodes"].as_array().unwrap() {
                let id: Option<i64> = user["databaseId"].as_str().unwrap().parse().ok();
                assert_eq!(user["createdNotes"], list(&|note, _| note.user_id == id), "author {id:?}, {what}");
                let assigned = list(&|_, assignees| assignees.contains(&id.unwrap()));
                assert_eq!(user["assignedNotes"], assigned, "assignee {id:?}, {what}");
            }
        }
    }
    assert!(sizes.len() == 2, "filters that find nothing, and filters that find something: {sizes:?}");
}

#[tokio::test]
async fn random_filters_find_what_a_plain_evaluator_finds() {
    random_cases(20_261_121, false).await;
}

#[tokio::test]
async fn random_filters_find_it_for_who_sees_confidential_notes() {
    random_cases(42, true).await;
}
