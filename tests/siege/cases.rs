//! Requests that have seized a server before, as seeds of the search and for cases of their own.

use serde_json::{Value, json};

/// What is sent to `/graphql`.
#[derive(Clone, Debug)]
pub struct Case {
    pub name: &'static str,
    pub query: String,
    pub variables: Value,
}

impl Case {
    fn new(name: &'static str, query: String, variables: Value) -> Self {
        Self { name, query, variables }
    }

    pub fn body(&self) -> String {
        json!({ "query": self.query, "variables": self.variables }).to_string()
    }
}

/// Twelve names for the details of 100 notes: an answer of gigabytes, where the texts are long.
pub fn aliased_details(aliases: usize) -> Case {
    let fields = aliases_of(aliases, "details");
    Case::new("aliased details", format!("{{ notes(first: 100) {{ nodes {{ {fields} }} }} }}"), json!({}))
}

/// A phrase of 100 words, looked for in each of 100 long texts by each of 180 aliases.
pub fn snippets() -> Case {
    let hits = aliases_of(180, "searchHit { snippet }");
    let query = format!("query($s: String!) {{ notes(first: 100, search: $s) {{ edges {{ {hits} }} }} }}");
    let search = format!("\"{}a\"", "a ".repeat(99));
    Case::new("snippets", query, json!({ "s": search }))
}

/// Fifty phrases that no note may hold: the whole company is counted without them.
pub fn exclusions() -> Case {
    let search: Vec<String> = (0..50).map(|number| format!("-\"zq{number} zr\"")).collect();
    let query = "query($s: String!) { notes(first: 1, search: $s) { totalCount } }";
    Case::new("exclusions", query.to_owned(), json!({ "s": search.join(" ") }))
}

/// The tags of all notes, counted 60 times in one request.
pub fn counts() -> Case {
    let fields = aliases_of(60, "noteCounts(groupBy: TAG) { key label count }");
    Case::new("counts", format!("{{ {fields} }}"), json!({}))
}

/// Fifty parts of subjects, any of which may match: every note is looked at.
pub fn contains() -> Case {
    let query = "query($f: NoteFilter) { notes(first: 1, filter: $f) { totalCount } }";
    Case::new("contains", query.to_owned(), json!({ "f": { "or": subjects(49) } }))
}

/// The same for the notes of each of 100 customers.
pub fn contains_of_customers() -> Case {
    let query =
        "query($f: NoteFilter) { customers(first: 100) { nodes { notes(first: 1, filter: $f) { totalCount } } } }";
    Case::new("contains of customers", query.to_owned(), json!({ "f": { "or": subjects(49) } }))
}

/// Any of many conditions on assignees, tags and messages, each of which looks into another table.
pub fn any_of_many() -> Case {
    let ids: Vec<String> = (1..=100).map(|id| id.to_string()).collect();
    let mut any = vec![json!({ "not": { "assignees": { "none": ids } } })];
    for part in 0..14 {
        let tags: Vec<String> = (0..100).map(|tag| format!("t{part}x{tag}")).collect();
        any.push(json!({ "tags": { "hasAll": tags } }));
    }
    for part in 0..9 {
        let messages = json!({ "postedById": { "notIn": ids }, "createdOn": { "gt": "2001-01-01T00:00:00Z" } });
        any.push(json!({ "messages": messages, "subject": { "contains": format!("zz{part}") } }));
    }
    let query = "query($f: NoteFilter) { notes(first: 1, filter: $f) { totalCount } }";
    Case::new("any of many", query.to_owned(), json!({ "f": { "or": any } }))
}

/// The most relevant of nearly all notes.
pub fn relevance() -> Case {
    let query =
        "{ notes(first: 20, search: \"a\", orderBy: [{ field: RELEVANCE, direction: DESC }]) { nodes { id } } }";
    Case::new("relevance", query.to_owned(), json!({}))
}

/// A search among the notes of each of 100 customers.
pub fn search_of_customers() -> Case {
    let query = "{ customers(first: 100) { nodes { notes(first: 1, search: \"a\") { totalCount nodes { id } } } } }";
    Case::new("search of customers", query.to_owned(), json!({}))
}

/// All that the assignees of 100 notes have.
pub fn assignees() -> Case {
    let user = aliases_of(40, "user { fullName username email }");
    let query = format!("{{ notes(first: 100) {{ nodes {{ assignees {{ createdOn {user} }} }} }} }}");
    Case::new("assignees", query, json!({}))
}

/// Connections within each other, each page of which is small.
pub fn nested() -> Case {
    let query = "{ customers(first: 100) { nodes { notes(first: 10) { nodes { customer { notes(first: 10) { nodes {
        id subject customer { notes(first: 5) { nodes { id } } } } } } } } } } }";
    Case::new("nested", query.to_owned(), json!({}))
}

/// A page far into the list, in an order that no index has.
pub fn far_page() -> Case {
    let query = "{ notes(first: 100, page: 100, orderBy: [{ field: SUBJECT }, { field: REMINDER, direction: DESC },
        { field: PRIORITY }]) { nodes { id } } }";
    Case::new("far page", query.to_owned(), json!({}))
}

/// All of them.
pub fn all() -> Vec<Case> {
    vec![
        aliased_details(12),
        snippets(),
        exclusions(),
        counts(),
        contains(),
        contains_of_customers(),
        any_of_many(),
        relevance(),
        search_of_customers(),
        assignees(),
        nested(),
        far_page(),
    ]
}

fn aliases_of(count: usize, field: &str) -> String {
    let fields: Vec<String> = (0..count).map(|number| format!("a{number}: {field}")).collect();
    fields.join(" ")
}

fn subjects(count: usize) -> Vec<Value> {
    (0..count).map(|number| json!({ "subject": { "contains": format!("zq{number}") } })).collect()
}
