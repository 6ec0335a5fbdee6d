//! The rules of filters and orders, implemented a second time without a database.

use std::cmp::Ordering;
use std::fmt::Display;

use chrono::{DateTime, Utc};
use notegraph::ids::UserId;
use notegraph::store::entity::note::{self, NoteStatus};
use notegraph::text::casefold::casefold;
use serde_json::{Value, json};

use super::world::{KINDS, Row, Said};

pub fn matches(filter: &Value, row: &Row, viewer: UserId) -> bool {
    let Row { note, assignees, messages, .. } = row;
    let status = if note.status == NoteStatus::Open { "OPEN" } else { "CLOSED" };
    let kind = KINDS.iter().find(|kind| Some(kind.1) == note.reference_type).map(|kind| kind.0);
    let set = filter.as_object().unwrap().iter().filter(|(_, condition)| !condition.is_null());
    set.into_iter().all(|(field, condition)| match field.as_str() {
        "and" => condition.as_array().unwrap().iter().all(|filter| matches(filter, row, viewer)),
        "or" => condition.as_array().unwrap().iter().any(|filter| matches(filter, row, viewer)),
        "not" => !matches(condition, row, viewer),
        "id" => link(condition, Some(note.id)),
        "customerId" => link(condition, note.customer_id),
        "userId" => link(condition, note.user_id),
        "typeId" => link(condition, note.type_id),
        "referenceId" => text(condition, note.reference_id.as_deref()),
        "referenceType" => text(condition, kind),
        "status" => text(condition, Some(status)),
        "priority" => *condition == json!(note.priority),
        "confidential" => *condition == json!(note.confidential),
        "showOnOverview" => *condition == json!(note.show_on_overview),
        "subject" => subject(condition, note.subject.as_deref()),
        "reminder" => time(condition, note.reminder),
        "createdOn" => time(condition, Some(note.created_on)),
        "updatedOn" => time(condition, Some(note.updated_on)),
        "closedOn" => time(condition, note.closed_on),
        "tags" => {
            let tags: Vec<Value> = note.tags.0.iter().map(|tag| json!(tag)).collect();
            operators(condition).all(|(operator, value)| match operator {
                "hasAny" => list(value).iter().any(|tag| tags.contains(tag)),
                "hasAll" => list(value).iter().all(|tag| tags.contains(tag)),
                "hasNone" => !list(value).iter().any(|tag| tags.contains(tag)),
                _ => *value == json!(tags.is_empty()),
            })
        }
        "assignees" => operators(condition).all(|(operator, value)| {
            let assigned = |id: &Value| assignees.iter().any(|user| key(id) == user.to_string());
            match operator {
                "any" => list(value).iter().any(assigned),
                "all" => list(value).iter().all(assigned),
                "none" => !list(value).iter().any(assigned),
                "isEmpty" => *value == json!(assignees.is_empty()),
                _ => *value == json!(assignees.contains(&viewer)),
            }
        }),
        "messages" => thread(condition, messages),
        field => panic!("{field}"),
    })
}

fn operators(condition: &Value) -> impl Iterator<Item = (&str, &Value)> {
    // Null sets no condition.
    let set = condition.as_object().unwrap().iter().filter(|(_, value)| !value.is_null());
    set.map(|(operator, value)| (operator.as_str(), value))
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

fn key(id: &Value) -> &str {
    let id = id.as_str().unwrap();
    id.split_once(':').map_or(id, |(_, key)| key)
}

/// The operators that most comparisons have.
fn compare(condition: &Value, same: impl Fn(&Value) -> bool, is_empty: bool) -> bool {
    operators(condition).all(|(operator, value)| match operator {
        "eq" => same(value),
        "neq" => !same(value),
        "in" => list(value).iter().any(&same),
        "notIn" => !list(value).iter().any(&same),
        "isNull" => *value == json!(is_empty),
        _ => true,
    })
}

fn link(condition: &Value, column: Option<impl Display>) -> bool {
    let column = column.map(|id| id.to_string());
    compare(condition, |value| column.as_deref() == Some(key(value)), column.is_none())
}

fn text(condition: &Value, column: Option<&str>) -> bool {
    compare(condition, |value| column == value.as_str(), column.is_none())
}

fn subject(condition: &Value, column: Option<&str>) -> bool {
    let folded = |value: &Value| casefold(value.as_str().unwrap());
    let column = column.map(casefold);
    let column = column.as_deref();
    compare(condition, |value| column == Some(&folded(value)), column.is_none())
        && operators(condition).all(|(operator, value)| match operator {
            "contains" => column.is_some_and(|column| column.contains(&folded(value))),
            "startsWith" => column.is_some_and(|column| column.starts_with(&folded(value))),
            _ => true,
        })
}

fn time(condition: &Value, column: Option<DateTime<Utc>>) -> bool {
    operators(condition).all(|(operator, value)| {
        if operator == "isNull" {
            return *value == json!(column.is_none());
        }
        let bound: DateTime<Utc> = value.as_str().unwrap().parse().unwrap();
        column.is_some_and(|column| match operator {
            "eq" => column == bound,
            "gt" => column > bound,
            "gte" => column >= bound,
            "lt" => column < bound,
            _ => column <= bound,
        })
    })
}

fn thread(condition: &Value, messages: &[Said]) -> bool {
    let set = |field: &str| condition.get(field).filter(|value| !value.is_null());
    let (by, at, exists) = (set("postedById"), set("createdOn"), set("exists"));
    let found = messages.iter().any(|said| {
        by.is_none_or(|condition| link(condition, said.by)) && at.is_none_or(|condition| time(condition, Some(said.at)))
    });
    json!(found) == *exists.unwrap_or(&json!(true))
}

/// Compares notes by `orderBy`; the ID decides last, in the direction of the last field.
pub fn order(order_by: &Value, a: &note::Model, b: &note::Model) -> Ordering {
    order_scored(order_by, (a, 0), (b, 0))
}

/// Like [`order`], for notes with their scores. If the last field has few values, the creation time decides before the
/// ID; after the status, both decide in the opposite direction.
pub fn order_scored(order_by: &Value, a: (&note::Model, usize), b: (&note::Model, usize)) -> Ordering {
    let newest = json!({ "field": "CREATED_ON", "direction": "DESC" });
    let mut order_by = order_by.as_array().cloned().unwrap_or_default();
    let last = order_by.last().unwrap_or(&newest);
    let mut ties = last["direction"] == "DESC";
    if last["field"] == "STATUS" {
        ties = !ties;
    }
    let has_few_values =
        ["STATUS", "PRIORITY", "SHOW_ON_OVERVIEW", "RELEVANCE"].iter().any(|few| last["field"] == *few);
    let by_creation = order_by.iter().any(|order| order["field"] == "CREATED_ON");
    if order_by.is_empty() || has_few_values && !by_creation {
        order_by.push(json!({ "field": "CREATED_ON", "direction": if ties { "DESC" } else { "ASC" } }));
    }
    let descends = |order: &Value| order["direction"] == "DESC";
    let directed = |ordering: Ordering, down: bool| if down { ordering.reverse() } else { ordering };
    let by_fields = order_by.iter().map(|order| {
        let (one, other) = (value(order, a), value(order, b));
        match (one, other) {
            (Some(one), Some(other)) => directed(one.cmp(&other), descends(order)),
            (one, other) => directed(other.is_some().cmp(&one.is_some()), order["nulls"] == "FIRST"),
        }
    });
    by_fields.fold(Ordering::Equal, Ordering::then).then(directed(a.0.id.cmp(&b.0.id), ties))
}

/// The sort value of a note, which compares by number or by code points.
fn value(order: &Value, (note, score): (&note::Model, usize)) -> Option<(i64, String)> {
    let number = |number: i64| Some((number, String::new()));
    match order["field"].as_str().unwrap() {
        "CREATED_ON" => number(note.created_on.timestamp_micros()),
        "UPDATED_ON" => number(note.updated_on.timestamp_micros()),
        "REMINDER" => number(note.reminder?.timestamp_micros()),
        "STATUS" => number((note.status == NoteStatus::Closed).into()),
        "PRIORITY" => number(note.priority.into()),
        "SHOW_ON_OVERVIEW" => number(note.show_on_overview.into()),
        "RELEVANCE" => number(i64::try_from(score).unwrap()),
        _ => Some((0, casefold(note.subject.as_deref()?).chars().take(100).collect())),
    }
}
