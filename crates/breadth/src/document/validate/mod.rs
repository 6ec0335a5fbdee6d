//! Holding a document against a schema (GraphQL, section 5). Takes time by the text, and by the fields that its fragments
//! come to, which [`super::shape`] has bounded; no rule compares each with each.

mod arguments;
mod definitions;
mod merge;
mod selections;
mod subscription;
mod values;
mod variables;

use std::collections::HashSet;

use super::fault::{Fault, LONGEST_NAME, MOST_FAULTS, short};
use super::graph::Graph;
use super::schema::{Schema, TypeId, TypeRef};
use super::syntax::{At, Document, Name};

pub use variables::Declared;

/// Findings about a valid document.
pub struct Findings {
    /// The variables of each operation, in the order of the document.
    pub operations: Vec<Vec<Declared>>,
    /// The places of whole numbers that are identifiers (GraphQL, section 3.5.5).
    pub ids: HashSet<At>,
    /// Whether it asks about the schema.
    pub introspects: bool,
}

/// A variable that stands somewhere.
#[derive(Clone, Copy)]
struct Usage<'a, 's> {
    name: &'a str,
    at: At,
    /// The type that its place expects, where that is known.
    ty: Option<&'s TypeRef>,
    /// Whether its place has a default.
    has_default: bool,
    /// The input object whose only field it is (GraphQL, section 3.13).
    one_of: Option<TypeId>,
}

/// One document under examination.
struct Examination<'d, 'a, 's> {
    schema: &'s Schema,
    document: &'d Document<'a>,
    graph: &'d Graph<'a>,
    faults: Vec<Fault>,
    /// The variables that the definition which is looked at uses.
    usages: Vec<Usage<'a, 's>>,
    ids: HashSet<At>,
    introspects: bool,
    /// Response names of the fields around the current place.
    path: Vec<&'a str>,
    /// The arguments, fields and items around the value that is looked at.
    within: Vec<Step<'a>>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Name(&'a str),
    Item(usize),
}

/// # Errors
/// The faults, each once, at most a hundred of them.
pub fn validate<'a>(schema: &Schema, document: &Document<'a>, graph: &Graph<'a>) -> Result<Findings, Vec<Fault>> {
    let mut examination = Examination {
        schema,
        document,
        graph,
        faults: Vec::new(),
        usages: Vec::new(),
        ids: HashSet::new(),
        introspects: false,
        path: Vec::new(),
        within: Vec::new(),
    };
    let operations = examination.definitions();
    examination.merges();
    let Examination { mut faults, ids, introspects, .. } = examination;
    if faults.is_empty() {
        return Ok(Findings { operations, ids, introspects });
    }
    faults.sort_by(|one, other| one.at.first().cmp(&other.at.first()));
    faults.dedup();
    Err(faults)
}

impl Examination<'_, '_, '_> {
    /// `message` is called only where the fault is told: a hostile document has faults by the hundred thousand.
    fn fault(&mut self, message: impl FnOnce(&Self) -> String, at: impl IntoIterator<Item = At>) {
        if !self.is_full() {
            let message = message(self);
            self.faults.push(Fault::new(message, at.into_iter().take(10)));
        }
    }

    /// Whether no more faults are told, so that there is no use in looking for them.
    fn is_full(&self) -> bool {
        self.faults.len() >= MOST_FAULTS
    }

    /// The place in the answer and in its arguments, for people: ` (in "notes.nodes" at input.ids[2])`.
    fn place(&self) -> String {
        let mut within = String::new();
        for step in self.within.iter().take(10) {
            match step {
                Step::Name(name) if within.is_empty() => within.push_str(&short(name)),
                Step::Name(name) => within.extend([".", &short(name)]),
                Step::Item(index) => within.extend(["[", &index.to_string(), "]"]),
            }
        }
        match (self.path.is_empty(), within.is_empty()) {
            (true, true) => String::new(),
            (true, false) => format!(" (at {within})"),
            (false, true) => format!(" (in \"{}\")", self.around()),
            (false, false) => format!(" (in \"{}\" at {within})", self.around()),
        }
    }

    /// The response names around, as many as are shown.
    fn around(&self) -> String {
        let mut around = String::new();
        for (number, name) in self.path.iter().take(LONGEST_NAME).enumerate() {
            around.push_str(if number == 0 { "" } else { "." });
            around.extend(name.chars().take(LONGEST_NAME + 1));
        }
        short(&around)
    }

    /// Tells of names that stand more than once among some, each name once.
    fn unique<'n>(&mut self, names: impl Iterator<Item = Name<'n>> + Clone, what: &str) {
        for (name, at) in repeated(names) {
            self.fault(|_| format!("There can be only one {what} named \"{}\".", short(name)), at);
        }
    }
}

/// The names that stand more than once, with all their places.
fn repeated<'n>(names: impl Iterator<Item = Name<'n>>) -> Vec<(&'n str, Vec<At>)> {
    let mut sorted: Vec<Name<'n>> = names.collect();
    if sorted.len() < 2 {
        return Vec::new();
    }
    sorted.sort_unstable_by_key(|name| (name.text, name.at));
    let same = sorted.chunk_by(|one, other| one.text == other.text).filter(|same| same.len() > 1);
    same.filter_map(|same| Some((same.first()?.text, same.iter().map(|name| name.at).collect()))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::schema;
    use super::*;

    #[test]
    fn messages_are_made_of_what_is_told_alone() {
        let (schema, document) = (schema(), Document { operations: Vec::new(), fragments: Vec::new() });
        let Ok(graph) = Graph::of(&document) else { panic!("it has no fragments") };
        let mut examination = Examination {
            schema: &schema,
            document: &document,
            graph: &graph,
            faults: Vec::new(),
            usages: Vec::new(),
            ids: HashSet::new(),
            introspects: false,
            path: Vec::new(),
            within: Vec::new(),
        };
        let mut made = 0;
        for at in 0..1_000 {
            let message = |_: &Examination<'_, '_, '_>| {
                made += 1;
                at.to_string()
            };
            examination.fault(message, [at]);
        }
        assert_eq!((made, examination.faults.len()), (MOST_FAULTS, MOST_FAULTS));
    }
}
