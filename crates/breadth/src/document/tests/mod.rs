//! A small schema, and documents that are validated against it.

mod bounds;
mod handed;
mod rules;
mod sent;
mod types;

use async_graphql::Value as ConstValue;

use super::*;

const SDL: &str = r"
    scalar Day
    interface Node { id: ID! }
    interface Tree { next(of: [Int]): Tree }
    type Oak implements Tree { next(of: [Int]): Tree }
    type Elm implements Tree { next(of: [Int]): Tree }
    type Note implements Node {
        id: ID! text(lang: Language = DE, size: Int! = 3): String tags: [String!]! parent: Note user: User a: Int b: Int
        c: [Int] d: String! find(by: By, on: Day, f: Float): Note
    }
    type User implements Node { id: ID! name: String! note: Note a: String }
    type Other { x: Int }
    union Any = Note | User
    enum Language { DE EN }
    input By @oneOf { id: ID name: String }
    input Filter { text: String, ids: [ID!], not: Filter, least: Int! = 0, must: Boolean }
    input New { name: String! many: [New!] size: Int! = 1 }
    type Query { note(id: ID!): Note node(id: ID!): Node any: Any tree: Tree notes(filter: Filter, first: Int): [Note!]! user: User }
    type Mutation { add(input: New!): Note! }
    schema { query: Query mutation: Mutation }
";

pub fn schema() -> Schema {
    let day = Scalar::Own(|value| match value {
        ConstValue::String(text) if text.len() == 10 => Ok(()),
        _ => Err("it has to be a day".to_owned()),
    });
    Schema::of(SDL, &[("Day", day)]).unwrap()
}

fn read(text: &str) -> Result<ValidDocument, DocumentError> {
    super::read(&schema(), text, ParserLimits::default(), &DocumentLimits::default())
}

/// The messages and positions of errors.
fn wrong(text: &str) -> Vec<String> {
    wrong_for(&schema(), text)
}

fn wrong_for(schema: &Schema, text: &str) -> Vec<String> {
    let told = |error: &ResponseError| {
        let at: Vec<String> = error.locations.iter().map(|at| format!("{}:{}", at.line, at.column)).collect();
        format!("{} {}", at.join(" "), error.message)
    };
    match super::read(schema, text, ParserLimits::default(), &DocumentLimits::default()) {
        Ok(_) => Vec::new(),
        Err(DocumentError::Syntax(error)) => vec![told(&error)],
        Err(DocumentError::TooMuch(message)) => vec![message],
        Err(DocumentError::Invalid(errors)) => errors.iter().map(told).collect(),
    }
}
