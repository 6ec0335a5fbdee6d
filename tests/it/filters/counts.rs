//! `noteCounts`: its numbers equal the sizes of the lists with the same filter.

use std::collections::BTreeMap;

use notegraph::ids::UserId;
use notegraph::store::entity::note::NoteStatus;
use notegraph::store::entity::token::Scope;
use serde_json::{Value, json};
use testkit::{App, Random};

use super::evaluate::matches;
use super::world::{KINDS, Row, World};
use crate::search::{Plain, search};

const KEYS: [&str; 7] = ["STATUS", "TYPE", "REFERENCE_TYPE", "USER", "ASSIGNEE", "TAG", "PRIORITY"];

/// The values that a note counts for; `None` alone if it has no value.
fn values(key: &str, row: &Row) -> Vec<Option<String>> {
    let Row { note, assignees, .. } = row;
    let user = |id: UserId| format!("User:{id}");
    let or_none = |values: Vec<String>| match values.len() {
        0 => vec![None],
        _ => values.into_iter().map(Some).collect(),
    };
    match key {
        "STATUS" => vec![Some(if note.status == NoteStatus::Open { "OPEN" } else { "CLOSED" }.to_owned())],
        "TYPE" => vec![note.type_id.map(|id| format!("NoteType:{id}"))],
        "REFERENCE_TYPE" => {
            let kind = KINDS.iter().find(|kind| Some(kind.1) == note.reference_type);
            vec![kind.map(|kind| kind.0.to_owned())]
        }
        "USER" => vec![note.user_id.map(user)],
        "PRIORITY" => vec![Some(note.priority.to_string())],
        "ASSIGNEE" => or_none(assignees.iter().copied().map(user).collect()),
        _ => {
            let mut tags = note.tags.0.clone();
            tags.sort();
            tags.dedup();
            or_none(tags)
        }
    }
}

async fn random_counts(seed: u64, confidential: bool) {
    println!("seed {seed}");
    let random = &mut Random(seed);
    let world = World::random(random, confidential).await;
    let fields: Vec<String> = KEYS
        .iter()
        .map(|key| format!("{key}: noteCounts(groupBy: {key}, filter: $filter, search: $search) {{ key label count status referenceType priority }}"))
        .collect();
    let document = format!("query($filter: NoteFilter, $search: String) {{ {} }}", fields.join(" "));
    for case in 0..150 {
        let filter = if case == 0 { json!({}) } else { world.filter(random) };
        let (search, plain) = if random.chance(50) { search(random) } else { (String::new(), Plain::new(&[])) };
        let recording = world.app.record();
        let response = world.client.query_with(&document, json!({ "filter": filter, "search": search })).await;
        assert_eq!(recording.of_operation().len(), KEYS.len(), "one statement each");
        let is_found = |row: &&Row| world.sees(row) && matches(&filter, row, world.viewer) && plain.finds(&row.texts);
        let found: Vec<&Row> = world.rows.iter().filter(is_found).collect();
        for key in KEYS {
            let mut expected: BTreeMap<Option<String>, u64> = BTreeMap::new();
            for value in found.iter().flat_map(|row| values(key, row)) {
                *expected.entry(value).or_default() += 1;
            }
            let counts = response[key].as_array().unwrap();
            let numbers: Vec<u64> = counts.iter().map(|count| count["count"].as_u64().unwrap()).collect();
            assert!(numbers.is_sorted_by(|a, b| a >= b), "{key} {counts:?}");
            let text = |value: &Value| value.as_str().map(str::to_owned);
            let told: BTreeMap<_, _> = counts.iter().map(|count| text(&count["key"])).zip(numbers).collect();
            assert_eq!(told, expected, "seed {seed}, case {case}: {key} of {filter} {search:?}");
            for count in counts {
                // Keys with few possible values also have a typed field.
                let text = count["key"].as_str();
                let of = |wanted: &str| if key == wanted { json!(text) } else { Value::Null };
                let priority = text.filter(|_| key == "PRIORITY").map(|text| text == "true");
                let typed = [of("STATUS"), of("REFERENCE_TYPE"), json!(priority)];
                assert_eq!(["status", "referenceType", "priority"].map(|name| count[name].clone()), typed, "{key}");
            }
        }
    }
}

#[tokio::test]
async fn counts_equal_the_lists() {
    random_counts(7, false).await;
}

#[tokio::test]
async fn counts_equal_the_lists_for_viewers_of_confidential_notes() {
    random_counts(8, true).await;
}

#[tokio::test]
async fn counts_have_labels() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let (ann, kind) = (acme.user("ann").await, acme.note_type("Call").await);
    for tag in ["b", "a"] {
        acme.note(|note| {
            (note.user_id, note.type_id, note.priority) = (Some(ann.id), Some(kind.id), tag == "a");
            note.tags.0 = vec![tag.to_owned()];
        })
        .await;
    }
    let untouched = acme.note(|_| {}).await;
    let client = ann.token(&[Scope::Read]).await;
    let counts = async |key: &str| {
        client.query(&format!("{{ noteCounts(groupBy: {key}) {{ key label count }} }}")).await["noteCounts"].clone()
    };
    let none = json!({ "key": null, "label": null, "count": 1 });
    let ann = json!({ "key": format!("User:{}", ann.id), "label": "ann", "count": 2 });
    assert_eq!(counts("USER").await, json!([ann, none]));
    let kind = json!({ "key": format!("NoteType:{}", kind.id), "label": "Call", "count": 2 });
    assert_eq!(counts("TYPE").await, json!([kind, none]));
    let tag = |tag: &str| json!({ "key": tag, "label": tag, "count": 1 });
    assert_eq!(counts("TAG").await, json!([tag("a"), tag("b"), none]));
    assert_eq!(counts("STATUS").await, json!([{ "key": "OPEN", "label": null, "count": 3 }]));
    let priority = |key: &str, count: u64| json!({ "key": key, "label": null, "count": count });
    assert_eq!(counts("PRIORITY").await, json!([priority("false", 2), priority("true", 1)]));
    assert_eq!(counts("ASSIGNEE").await, json!([{ "key": null, "label": null, "count": 3 }]));

    // The counted tags follow the list in the note, whoever changes it.
    let patch = format!(
        "mutation {{ notePatch(input: {{ id: {}, patch: {{ addTags: [\"b\", \"c\"] }} }}) {{ userErrors {{ code }} }} }}",
        untouched.id
    );
    let writer = acme.user("bob").await.token(&[Scope::Write]).await;
    assert_eq!(writer.query(&patch).await["notePatch"]["userErrors"], json!([]));
    assert_eq!(counts("TAG").await, json!([json!({ "key": "b", "label": "b", "count": 2 }), tag("a"), tag("c")]));
    let delete = format!("mutation {{ noteDelete(input: {{ id: {} }}) {{ userErrors {{ code }} }} }}", untouched.id);
    assert_eq!(writer.query(&delete).await["noteDelete"]["userErrors"], json!([]));
    assert_eq!(counts("TAG").await, json!([tag("a"), tag("b")]));
}

/// At most a thousand values are returned: those with the most notes, ties in alphabetical order.
#[tokio::test]
async fn at_most_a_thousand_values_are_counted() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let tags = |range: std::ops::Range<u32>| range.map(|number| format!("tag {number:04}")).collect();
    acme.note(|note| note.tags.0 = tags(0..1_001)).await;
    acme.note(|note| note.tags.0 = tags(1_000..1_001)).await;
    let client = acme.user("ann").await.token(&[Scope::Read]).await;
    let counts = client.query("{ noteCounts(groupBy: TAG) { key count } }").await["noteCounts"].clone();
    let counts = counts.as_array().unwrap();
    assert_eq!(counts.len(), 1_000);
    assert_eq!(counts[0], json!({ "key": "tag 1000", "count": 2 }));
    assert_eq!(counts[1], json!({ "key": "tag 0000", "count": 1 }));
    assert_eq!(counts[999], json!({ "key": "tag 0998", "count": 1 }));
}
