//! Pages through lists.

use std::fmt::Write;

use serde_json::{Value, json};

use super::world::World;

const SIZES: [usize; 3] = [1, 2, 7];

/// One pass through a list, with one page size.
struct Walk {
    size: usize,
    backwards: bool,
    cursor: Value,
    /// The nodes so far, in the order of the list.
    seen: Vec<Value>,
    ended: bool,
}

/// Fails if the pages of a list, forwards or backwards, do not add up to the whole list. `place` is the field, preceded
/// by that of a record around it; empty for all notes.
pub async fn walk(world: &World, place: &str, arguments: Value, expected: &[Value], what: &str) {
    let start = |(size, backwards)| Walk { size, backwards, cursor: Value::Null, seen: Vec::new(), ended: false };
    let mut walks: Vec<Walk> = SIZES.into_iter().flat_map(|size| [(size, false), (size, true)]).map(start).collect();
    while walks.iter().any(|walk| !walk.ended) {
        step(world, place, arguments.clone(), walks.iter_mut().filter(|walk| !walk.ended).collect(), what).await;
        for Walk { size, backwards, seen, .. } in &walks {
            let so_far = seen.len().min(expected.len());
            let part = if *backwards { &expected[expected.len() - so_far..] } else { &expected[..so_far] };
            assert_eq!(seen, part, "in pages of {size}, backwards: {backwards}: {place}, {what}");
        }
    }
    for Walk { size, backwards, seen, .. } in &walks {
        assert_eq!(seen, expected, "in pages of {size}, backwards: {backwards}: {place}, {what}");
    }
}

/// Requests the next page of each walk.
async fn step(world: &World, place: &str, mut variables: Value, walks: Vec<&mut Walk>, what: &str) {
    let (around, field) =
        place.split_once(") ").map_or((String::new(), "notes"), |(around, field)| (format!("{around}) {{"), field));
    let close = if around.is_empty() { "" } else { "}" };
    let (mut cursors, mut lists) = (String::new(), String::new());
    for (n, walk) in walks.iter().enumerate() {
        variables[format!("cursor{n}")] = walk.cursor.clone();
        let _ = write!(cursors, ", $cursor{n}: String");
        let (count, beyond) = if walk.backwards { ("last", "before") } else { ("first", "after") };
        let _ = write!(
            lists,
            "list{n}: {field}(filter: $filter, search: $search, orderBy: $order, {count}: {}, {beyond}: $cursor{n}) \
             {{ nodes {{ id }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} ",
            walk.size
        );
    }
    let document = format!(
        "query($filter: NoteFilter, $search: String, $order: [NoteOrder!]{cursors}) {{ {around} {lists} {close} }}"
    );
    let response = world.client.query_with(&document, variables).await;
    let data = response.data();
    let lists = if around.is_empty() { data } else { data.as_object().unwrap().values().next().unwrap() };
    for (n, walk) in walks.into_iter().enumerate() {
        let list = &lists[format!("list{n}")];
        let (nodes, info) = (list["nodes"].as_array().unwrap(), &list["pageInfo"]);
        let started = json!(!walk.cursor.is_null());
        let (more, behind) = if walk.backwards {
            walk.seen.splice(0..0, nodes.iter().cloned());
            walk.cursor = info["startCursor"].clone();
            (&info["hasPreviousPage"], &info["hasNextPage"])
        } else {
            walk.seen.extend(nodes.iter().cloned());
            walk.cursor = info["endCursor"].clone();
            (&info["hasNextPage"], &info["hasPreviousPage"])
        };
        assert_eq!(*behind, started, "{place}, {what}");
        walk.ended = !more.as_bool().unwrap();
        assert!(walk.ended || nodes.len() == walk.size, "{place}, {what}");
    }
}
