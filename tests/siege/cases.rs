//! Requests that have blocked a server before: seeds for the search, and for cases of their own.

use serde_json::{Value, json};

/// A request to `/graphql`.
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

/// Selects the details of 100 notes under `aliases` aliases. With twelve aliases and long texts, the response takes
/// gigabytes.
pub fn aliased_details(aliases: usize) -> Case {
    let fields = aliases_of(aliases, "details");
    Case::new("aliased details", format!("{{ notes(first: 100) {{ nodes {{ {fields} }} }} }}"), json!({}))
}

/// Highlights a phrase of 100 words in each of 100 long texts, under 180 aliases.
pub fn snippets() -> Case {
    let hits = aliases_of(180, "searchHit { snippet }");
    let query = format!("query($s: String!) {{ notes(first: 100, search: $s) {{ edges {{ {hits} }} }} }}");
    let search = format!("\"{}a\"", "a ".repeat(99));
    Case::new("snippets", query, json!({ "s": search }))
}

/// Excludes fifty phrases, which makes the server count all other notes of the company.
pub fn exclusions() -> Case {
    let search: Vec<String> = (0..50).map(|number| format!("-\"zq{number} zr\"")).collect();
    let query = "query($s: String!) { notes(first: 1, search: $s) { totalCount } }";
    Case::new("exclusions", query.to_owned(), json!({ "s": search.join(" ") }))
}

/// Counts the tags of all notes 60 times in one request.
pub fn counts() -> Case {
    let fields = aliases_of(60, "noteCounts(groupBy: TAG) { key label count }");
    Case::new("counts", format!("{{ {fields} }}"), json!({}))
}

/// Matches any of 49 substrings of subjects, which makes the server read every note.
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

/// Matches any of many conditions on assignees, tags and messages, each of which reads another table.
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

/// Ranks nearly all notes by relevance.
pub fn relevance() -> Case {
    let query =
        "{ notes(first: 20, search: \"a\", orderBy: [{ field: RELEVANCE, direction: DESC }]) { nodes { id } } }";
    Case::new("relevance", query.to_owned(), json!({}))
}

/// Searches among the notes of each of 100 customers.
pub fn search_of_customers() -> Case {
    let query = "{ customers(first: 100) { nodes { notes(first: 1, search: \"a\") { totalCount nodes { id } } } } }";
    Case::new("search of customers", query.to_owned(), json!({}))
}

/// Selects all fields of the assignees of 100 notes.
pub fn assignees() -> Case {
    let user = aliases_of(40, "user { fullName username email }");
    let query = format!("{{ notes(first: 100) {{ nodes {{ assignees {{ createdOn {user} }} }} }} }}");
    Case::new("assignees", query, json!({}))
}

/// Nests connections, each with small pages.
pub fn nested() -> Case {
    let query = "{ customers(first: 100) { nodes { notes(first: 10) { nodes { customer { notes(first: 10) { nodes {
        id subject customer { notes(first: 5) { nodes { id } } } } } } } } } } }";
    Case::new("nested", query.to_owned(), json!({}))
}

/// Reads a page far into a list, in an order without an index.
pub fn far_page() -> Case {
    let query = "{ notes(first: 100, page: 100, orderBy: [{ field: SUBJECT }, { field: REMINDER, direction: DESC },
        { field: PRIORITY }]) { nodes { id } } }";
    Case::new("far page", query.to_owned(), json!({}))
}

/// All cases.
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
