//! Compares which requests are accepted or refused: writes documents and variables of every kind, some with a few
//! faults, to files that `web/check/verdicts.mjs` compares with the reference implementation.

use std::fmt::Write;

use async_graphql::Variables;
use async_graphql::parser::types::{BaseType, Type};
use breadth::ResponseError;
use breadth::document::{self, DocumentError};
use notegraph::schema::query_limits::QueryLimits;
use notegraph::schema::{self, Schema};
use serde_json::{Value, json};

use super::contract::{Contract, Field, Kind, innermost};
use super::generate::{self, Style, Words};
use super::mutate::{self, Pool};
use super::random::Random;

/// A document, with the operation name and variables of the request.
pub struct Asked {
    pub document: String,
    pub operation: Option<String>,
    /// JSON as text, so that numbers keep their spelling.
    pub variables: String,
}

/// The server's verdict, with all error messages and the locations of the first error.
fn verdict(schema: &Schema, asked: &Asked) -> Value {
    let (types, limits) = (schema.types(), QueryLimits::default());
    let told = |verdict: &str, errors: &[ResponseError]| {
        let messages: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
        let places = errors.first().map(|error| error.locations.clone()).unwrap_or_default();
        json!({ "verdict": verdict, "messages": messages, "locations": places })
    };
    let checked = match document::read(types, &asked.document, limits.parser_limits(), &limits.document_limits()) {
        Ok(checked) => checked,
        Err(DocumentError::Syntax(error)) => return told("syntax", &[error]),
        Err(DocumentError::TooMuch(message)) => return json!({ "verdict": "too much", "messages": [message] }),
        Err(DocumentError::Invalid(errors)) => return told("invalid", &errors),
    };
    let operation = match checked.operation(asked.operation.as_deref()) {
        Ok(operation) => operation,
        Err(error) => return told("operation", &[error]),
    };
    let variables = serde_json::from_str(&asked.variables).unwrap();
    match operation.variables(types, Variables::from_json(variables)) {
        Ok(_) => told("taken", &[]),
        Err(errors) => told("variables", &errors),
    }
}

/// A valid request, or one with a few faults.
pub fn asked(contract: &Contract, pool: &Pool, random: &mut Random) -> Asked {
    let mut asked = right(contract, random);
    // Some requests stay unchanged: valid ones must be accepted.
    for _ in 0..random.below(4) {
        match random.below(10) {
            0..6 => asked.document = mutate::text(&asked.document, pool, random),
            6..9 => asked.variables = mutate::json(&asked.variables, pool, random),
            _ => asked.operation = random.perhaps((*random.clone().one(&["A", "B", "nope", "query"])).to_owned()),
        }
    }
    asked
}

/// Generates requests from a seed, after those that each run contains. Each line contains a request and the server's
/// verdict.
pub fn lines(seed: u64, count: usize) -> String {
    let contract = Contract::read();
    let (schema, pool) = (schema::build(), Pool::of(&contract));
    let mut random = Random::new(seed);
    let mut lines = String::new();
    let fixed = SPECIMENS.iter().chain(&WRAPPED).copied().map(specimen).collect::<Vec<_>>();
    let generated = std::iter::repeat_with(|| asked(&contract, &pool, &mut random));
    for asked in fixed.into_iter().chain(generated).take(count) {
        let Asked { document, operation, variables } = &asked;
        let line = json!({
            "document": document,
            "operationName": operation,
            "variables": variables,
            "ours": verdict(&schema, &asked),
        });
        let _ = writeln!(lines, "{line}");
    }
    lines
}

/// Documents that together contain all constructs of the language, with variables.
const SPECIMENS: [(&str, &str); 19] = [
    ("{ __typename }", "{}"),
    (
        "query A($if: Boolean! = true) { __typename @skip(if: $if) viewer @include(if: $if) { scopes } }",
        r#"{"if": false}"#,
    ),
    (
        "{ __schema { queryType { name } types { name kind fields(includeDeprecated: true) { name args { name } } } } }",
        "{}",
    ),
    (
        "query A($name: String!, $d: Boolean) { __type(name: $name) { fields(includeDeprecated: $d) { name } } }",
        r#"{"name": "Note"}"#,
    ),
    (
        "\"what for\" query A(\"which\" $n: Int = 2) { notes(first: $n) { nodes { ...F } } } \"its fields\" fragment F on Note { id subject }",
        "{}",
    ),
    (
        "query A($id: ID!) { note(id: $id) { id } } mutation B($id: ID!) { noteDelete(input: {id: $id}) { deletedNoteId } }",
        r#"{"id": 7}"#,
    ),
    ("query A($d: OrderDirection) { note(id: 2) { messages(direction: $d) { totalCount } } }", "{}"),
    (
        "query A($i: [ID!]!) { notes(filter: {id: {in: $i}}) { totalCount } nodes(ids: $i) { id } }",
        r#"{"i": ["Note:1", 2]}"#,
    ),
    (
        "query A($f: NoteFilter, $o: [NoteOrder!]) { notes(filter: $f, orderBy: $o) { totalCount } }",
        r#"{"f": {"status": {"eq": "OPEN"}, "not": {"priority": true}}, "o": {"field": "CREATED_ON"}}"#,
    ),
    ("{ node(id: \"Note:1\") { id ... on Note { x: subject } ... on User { x: email } ... { __typename } } }", "{}"),
    (
        "{ viewer { user { id ...U } } ...Q } fragment U on User { username } fragment Q on Query { viewer { user { username id } } }",
        "{}",
    ),
    (
        "mutation A($u: URL!) { noteMessagePost(input: {noteId: 1, message: \"\"\"a \\\"\"\" b\"\"\", attachment: {url: $u, filename: \"c\"}}) { userErrors { code } } }",
        r#"{"u": "https://a.b/c"}"#,
    ),
    (
        "mutation A($d: Date, $r: DateTime) { customersUpsert(input: [{externalKey: \"a\", birthdate: $d, createdOn: $r}]) { userErrors { code } } }",
        r#"{"d": "2026-03-14", "r": "2026-03-14T09:26:53Z"}"#,
    ),
    (
        "{ a: notes(first: 1, search: \"\\u{1F600}\\uD83D\\uDE00\\n\") { totalCount } # why\r\n b: notes(first: 2,) { totalCount } }",
        "{}",
    ),
    (
        "query A($t: [String!] = [\"a\"]) { notes(filter: {tags: {hasAny: $t}}) { totalCount nodes { tags } edges { node { tags } cursor } } }",
        r#"{"t": "b"}"#,
    ),
    (
        "mutation A($p: NotePatch!) { notePatch(input: {id: \"1\", expectedVersion: 3, patch: $p}) { note { id } changedFields } }",
        r#"{"p": {"subject": "x", "tags": [], "priority": true}}"#,
    ),
    (
        "query A($s: UserStatus) { users(status: $s, first: 3) { nodes { id status } } noteCounts(groupBy: STATUS) { count } }",
        r#"{"s": "ACTIVE"}"#,
    ),
    (
        "query A($d: Boolean, $s: Boolean! = false) { ...T @include(if: $s) __type(name: \"Note\") { fields(includeDeprecated: $d) @skip(if: $s) { name } } } fragment T on Query { t: __type(name: \"User\") { fields(includeDeprecated: $d) { name } } }",
        r#"{"d": true, "s": true}"#,
    ),
    ("query A { viewer { scopes } } query B { noteTypes { id name } }", "{}"),
];

/// Values of custom scalars inside a list or an object, where the scalars are neither. Nothing may run before they are
/// refused, so each comparison contains them.
const WRAPPED: [(&str, &str); 5] = [
    (
        "mutation A($d: Date) { noteDelete(input: {id: 1}) { deletedNoteId } customersUpsert(input: [{externalKey: \"a\", birthdate: [$d]}]) { userErrors { code } } }",
        r#"{"d": "2026-03-14"}"#,
    ),
    (
        "mutation A($d: Int) { noteCreate(input: {details: \"a\", reminder: [$d]}) { userErrors { code } } }",
        r#"{"d": 1}"#,
    ),
    (
        "query A($t: DateTime) { notes(filter: {createdOn: {gt: [$t]}}) { totalCount } }",
        r#"{"t": "2026-03-14T09:26:53Z"}"#,
    ),
    (
        "mutation A($x: URL) { noteMessagePost(input: {noteId: 1, message: \"a\", attachment: {url: {a: $x}}}) { userErrors { code } } }",
        "{}",
    ),
    (
        "mutation A { noteMessagePost(input: {noteId: 1, message: \"a\", attachment: {url: [\"https://a.b/c\"]}}) { userErrors { code } } }",
        "{}",
    ),
];

fn specimen((document, variables): (&str, &str)) -> Asked {
    let operation = (document.contains(" A") && document.contains(" B")).then(|| "A".to_owned());
    Asked { document: document.to_owned(), operation, variables: variables.to_owned() }
}

#[test]
fn specimens_are_taken_and_wrapped_values_are_not() {
    let schema = schema::build();
    for (given, expected) in SPECIMENS.map(|one| (one, "taken")).into_iter().chain(WRAPPED.map(|one| (one, "invalid")))
    {
        let verdict = verdict(&schema, &specimen(given));
        assert_eq!(verdict["verdict"], expected, "{}: {verdict:#}", given.0);
    }
}

fn right(contract: &Contract, random: &mut Random) -> Asked {
    if random.percent(35) {
        let kinds = ["Company", "Customer", "User", "NoteType", "Note", "NoteMessage", "NoteAssignee"];
        let ids = kinds.map(|kind| (kind.to_owned(), (1..4).map(|key| format!("{kind}:{key}")).collect()));
        let words = Words { ids: ids.into_iter().collect(), cursors: vec!["x".to_owned()] };
        let style = Style { merge: true, wrong: true, plain: false };
        let document = generate::document(contract, &words, style, random);
        let variables = Value::Object(document.sent()).to_string();
        return Asked { document: document.text(), operation: None, variables };
    }
    if random.percent(40) {
        return field(contract, random);
    }
    specimen(*random.one(&SPECIMENS))
}

/// A request for one field of the schema, with arguments of all kinds, each as a literal or a variable.
fn field(contract: &Contract, random: &mut Random) -> Asked {
    let (root, word) = *random.one(&[("Query", "query"), ("Mutation", "mutation")]);
    let fields: Vec<&Field> =
        contract.fields(root).unwrap().iter().filter(|field| !field.arguments.is_empty()).collect();
    let field = *random.one(&fields);
    let (mut definitions, mut sent, mut arguments) = (Vec::new(), serde_json::Map::new(), Vec::new());
    for argument in &field.arguments {
        let required = !argument.takes.nullable && !argument.has_default;
        if !required && random.percent(60) {
            continue;
        }
        let name = &argument.name;
        let given = value(contract, &argument.takes, 0, random);
        if random.percent(50) {
            arguments.push(format!("{name}: {}", literal(contract, &argument.takes, &given)));
            continue;
        }
        let ty = argument.takes.to_string();
        let default = if random.percent(20) && !given.is_null() {
            format!(" = {}", literal(contract, &argument.takes, &given))
        } else {
            String::new()
        };
        definitions.push(format!("${name}: {ty}{default}"));
        arguments.push(format!("{name}: ${name}"));
        if default.is_empty() || random.percent(50) {
            sent.insert(name.clone(), given);
        }
    }
    let definitions = if definitions.is_empty() { String::new() } else { format!("({})", definitions.join(", ")) };
    let arguments = if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
    let below = if contract.fields(field.gives_name()).is_some() { " { __typename }" } else { "" };
    Asked {
        document: format!("{word} A{definitions} {{ {}{arguments}{below} }}", field.name),
        operation: None,
        variables: Value::Object(sent).to_string(),
    }
}

/// A random value of a type.
fn value(contract: &Contract, ty: &Type, depth: usize, random: &mut Random) -> Value {
    if ty.nullable && random.percent(5) {
        return Value::Null;
    }
    let name = match &ty.base {
        BaseType::List(inner) if random.percent(15) => return value(contract, inner, depth, random),
        BaseType::List(inner) => {
            return (0..random.below(3)).map(|_| value(contract, inner, depth, random)).collect();
        }
        BaseType::Named(name) => name.as_str(),
    };
    match &contract.types.get(name) {
        Some(Kind::Enum(values)) => random.one(values).as_str().into(),
        Some(Kind::Input(fields)) => {
            let mut object = serde_json::Map::new();
            for field in fields {
                let required = !field.takes.nullable && !field.has_default;
                // Limit the depth, because `not` and `and` are recursive.
                if required || (depth < 3 && random.percent(if fields.len() > 6 { 15 } else { 50 })) {
                    object.insert(field.name.clone(), value(contract, &field.takes, depth + 1, random));
                }
            }
            Value::Object(object)
        }
        _ => match name {
            "Int" => random.between(-3, 100).into(),
            "Boolean" => random.percent(50).into(),
            "ID" if random.percent(30) => random.between(1, 9).into(),
            "Date" => "2026-02-28".into(),
            "DateTime" => "2026-03-14T09:26:53.5+01:00".into(),
            "BigInt" => "-12".into(),
            "URL" => "https://example.com/a?b".into(),
            _ => (*random.one(&["a", "", "Note:1", "é\"\n\\"])).into(),
        },
    }
}

/// The value as a literal in a document.
fn literal(contract: &Contract, ty: &Type, value: &Value) -> String {
    match (value, &ty.base) {
        (Value::Array(items), base) => {
            let inner = if let BaseType::List(inner) = base { inner } else { ty };
            let items: Vec<String> = items.iter().map(|item| literal(contract, inner, item)).collect();
            format!("[{}]", items.join(", "))
        }
        (Value::Object(fields), _) => {
            let Some(Kind::Input(known)) = contract.types.get(innermost(ty)) else { return value.to_string() };
            let field = |(name, value): (&String, &Value)| {
                let ty = &known.iter().find(|field| field.name == *name).unwrap().takes;
                format!("{name}: {}", literal(contract, ty, value))
            };
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        (Value::String(text), _) if matches!(contract.types.get(innermost(ty)), Some(Kind::Enum(_))) => text.clone(),
        (value, _) => value.to_string(),
    }
}
