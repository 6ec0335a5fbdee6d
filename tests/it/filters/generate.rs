//! Random filters and orders.

use notegraph::ids::RecordId;
use serde_json::{Map, Value, json};
use testkit::Random;

use super::world::{KINDS, REFERENCES, SUBJECTS, TAGS, World};

pub const FIELDS: [&str; 7] =
    ["CREATED_ON", "UPDATED_ON", "REMINDER", "STATUS", "SUBJECT", "PRIORITY", "SHOW_ON_OVERVIEW"];

pub fn order(random: &mut Random) -> Value {
    let mut fields: Vec<&str> = FIELDS.to_vec();
    let orders = (0..random.below(4)).map(|_| {
        let mut order = json!({ "field": fields.swap_remove(random.below(fields.len())) });
        if random.chance(70) {
            order["direction"] = json!(random.pick(&["ASC", "DESC"]));
        }
        if random.chance(50) {
            order["nulls"] = json!(random.pick(&["FIRST", "LAST"]));
        }
        order
    });
    orders.collect()
}

impl World {
    pub fn filter(&self, random: &mut Random) -> Value {
        // Few enough to stay within the limits of a filter.
        self.nested(1, &mut 4, random)
    }

    fn nested(&self, level: usize, budget: &mut usize, random: &mut Random) -> Value {
        let mut filter = Map::new();
        for _ in 0..random.below(if level == 1 { 4 } else { 3 }) {
            let (field, condition) = self.condition(random);
            // Null sets no condition.
            filter.insert(field.to_owned(), if random.chance(5) { Value::Null } else { condition });
        }
        if level < 4 && *budget > 0 && random.chance(50) {
            *budget -= 1;
            let name = *random.pick(&["and", "or", "not"]);
            let within = if name == "not" {
                self.nested(level + 1, budget, random)
            } else {
                (0..random.below(4)).map(|_| self.nested(level + 1, budget, random)).collect()
            };
            filter.insert(name.to_owned(), within);
        }
        Value::Object(filter)
    }

    fn condition(&self, random: &mut Random) -> (&'static str, Value) {
        match random.below(20) {
            0 => ("id", ids(random, "Note", &self.rows.iter().map(|row| row.note.id).collect::<Vec<_>>())),
            1 => ("customerId", ids(random, "Customer", &self.customers)),
            2 => ("userId", ids(random, "User", &self.users)),
            3 => ("typeId", ids(random, "NoteType", &self.types)),
            4 => ("referenceId", compare(random, true, |random| json!(random.pick(&REFERENCES)))),
            5 => ("referenceType", compare(random, true, |random| json!(random.pick(&KINDS).0))),
            6 => ("status", compare(random, false, |random| json!(random.pick(&["OPEN", "CLOSED"])))),
            7 => ("priority", json!(random.chance(50))),
            8 => ("confidential", json!(random.chance(50))),
            9 => ("showOnOverview", json!(random.chance(50))),
            10..13 => ("subject", subject(random)),
            13 => ("tags", tags(random)),
            14 => ("messages", self.messages(random)),
            15 => ("reminder", self.times(true, random)),
            16 => ("createdOn", self.times(true, random)),
            17 => ("updatedOn", self.times(true, random)),
            18 => ("closedOn", self.times(true, random)),
            _ => ("assignees", self.assignees(random)),
        }
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
        with_nulls(condition, &["any", "all", "none", "isEmpty", "includesViewer"], random)
    }

    fn messages(&self, random: &mut Random) -> Value {
        let mut condition = Map::new();
        if random.chance(60) {
            condition.insert("exists".to_owned(), json!(random.chance(50)));
        }
        if random.chance(60) {
            condition.insert("postedById".to_owned(), ids(random, "User", &self.users));
        }
        if random.chance(40) || condition.is_empty() {
            condition.insert("createdOn".to_owned(), self.times(false, random));
        }
        with_nulls(condition, &["exists", "postedById", "createdOn"], random)
    }

    fn times(&self, nullable: bool, random: &mut Random) -> Value {
        let mut condition = Map::new();
        if nullable && random.chance(30) {
            condition.insert("isNull".to_owned(), json!(random.chance(50)));
        }
        // At least one operator has to be set.
        let least = usize::from(condition.is_empty());
        for _ in 0..random.below(3).max(least) {
            let operator = *random.pick(&["eq", "gt", "gte", "lt", "lte"]);
            condition.insert(operator.to_owned(), json!(self.time(random)));
        }
        with_nulls(condition, &["eq", "gt", "gte", "lt", "lte", "isNull"], random)
    }
}

fn tags(random: &mut Random) -> Value {
    let mut condition = Map::new();
    for _ in 0..=random.below(2) {
        let tag = |random: &mut Random| json!(if random.chance(90) { *random.pick(&TAGS) } else { "other" });
        let (operator, value) = match random.below(4) {
            0 => ("hasAny", list(random, tag)),
            1 => ("hasAll", list(random, tag)),
            2 => ("hasNone", list(random, tag)),
            _ => ("isEmpty", json!(random.chance(50))),
        };
        condition.insert(operator.to_owned(), value);
    }
    with_nulls(condition, &["hasAny", "hasAll", "hasNone", "isEmpty"], random)
}

fn subject(random: &mut Random) -> Value {
    let mut condition = json!({});
    if random.chance(30) {
        condition = compare(random, true, |random| {
            let text = *random.pick(&SUBJECTS);
            json!(cased(text, random))
        });
    }
    if random.chance(50) {
        condition["contains"] = json!(piece(random, false));
    }
    if random.chance(50) || condition == json!({}) {
        condition["startsWith"] = json!(piece(random, true));
    }
    condition
}

/// The text, sometimes in another case.
fn cased(text: &str, random: &mut Random) -> String {
    match random.below(3) {
        0 => text.to_uppercase(),
        1 => text.to_lowercase(),
        _ => text.to_owned(),
    }
}

/// A substring of a subject, or a prefix; shorter and longer than what is indexed.
fn piece(random: &mut Random, beginning: bool) -> String {
    let text: Vec<char> = random.pick(&SUBJECTS).chars().collect();
    let from = if beginning { 0 } else { random.below(text.len() + 1) };
    let until = from + random.below(text.len() - from + 1);
    let piece = cased(&text[from..until].iter().collect::<String>(), random);
    if random.chance(15) { "x".repeat(if beginning { 99 } else { 3 }) + &piece } else { piece }
}

/// A few values, sometimes up to the maximum of a list.
fn list(random: &mut Random, mut value: impl FnMut(&mut Random) -> Value) -> Value {
    let count = if random.chance(5) { 5 + random.below(96) } else { random.below(4) };
    (0..count).map(|_| value(random)).collect()
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
    with_nulls(
        condition,
        if nullable { &["eq", "neq", "in", "notIn", "isNull"] } else { &["eq", "neq", "in", "notIn"] },
        random,
    )
}

/// Sometimes sets all other operators to null, as some generated clients do.
fn with_nulls(mut condition: Map<String, Value>, operators: &[&str], random: &mut Random) -> Value {
    if random.chance(20) {
        for operator in operators {
            condition.entry(*operator).or_insert(Value::Null);
        }
    }
    Value::Object(condition)
}

/// IDs in full or bare form, sometimes of a record that does not exist.
fn ids(random: &mut Random, kind: &str, known: &[impl RecordId]) -> Value {
    compare(random, true, |random| {
        let id = if random.chance(90) { (*random.pick(known)).into() } else { i64::MAX };
        if random.chance(50) { json!(format!("{kind}:{id}")) } else { json!(id.to_string()) }
    })
}
