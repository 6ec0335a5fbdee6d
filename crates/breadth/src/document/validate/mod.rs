//! Validates a document against a schema (GraphQL, section 5). The time is linear in the text and in the number of
//! fields with fragments expanded, which [`super::shape`] has bounded; no rule compares all pairs.

mod arguments;
mod definitions;
mod merge;
mod selections;
mod subscription;
mod values;
mod variables;

use std::collections::HashSet;

use super::ast::{Document, Name, Offset};
use super::diagnostic::{Diagnostic, MAX_DIAGNOSTICS, MAX_NAME_CHARS, short};
use super::graph::FragmentGraph;
use super::schema::{Schema, TypeId, TypeRef};

pub use variables::DeclaredVariable;

/// The facts about a valid document that execution needs.
pub struct Findings {
    /// The variables of each operation, in the order of the document.
    pub operations: Vec<Vec<DeclaredVariable>>,
    /// Positions of integers that are IDs (GraphQL, section 3.5.5).
    pub ids: HashSet<Offset>,
    /// Whether the document uses introspection.
    pub introspects: bool,
}

/// A use of a variable.
#[derive(Clone, Copy)]
struct Usage<'a, 's> {
    name: &'a str,
    at: Offset,
    /// The type expected at the position, if known.
    ty: Option<&'s TypeRef>,
    /// Whether the position has a default value.
    has_default: bool,
    /// The input object with `@oneOf`, if the variable is the value of its field (GraphQL, section 3.13).
    one_of: Option<TypeId>,
}

/// The validation of one document.
struct Validator<'d, 'a, 's> {
    schema: &'s Schema,
    document: &'d Document<'a>,
    graph: &'d FragmentGraph<'a>,
    diagnostics: Vec<Diagnostic>,
    /// The variables used in the current definition.
    usages: Vec<Usage<'a, 's>>,
    ids: HashSet<Offset>,
    introspects: bool,
    /// Response names of the fields around the current position.
    path: Vec<&'a str>,
    /// The arguments, input fields and list indices around the current value.
    within: Vec<ValuePathStep<'a>>,
}

#[derive(Clone, Copy)]
enum ValuePathStep<'a> {
    Name(&'a str),
    Item(usize),
}

/// # Errors
/// The faults without duplicates, at most a hundred.
pub fn validate<'a>(
    schema: &Schema,
    document: &Document<'a>,
    graph: &FragmentGraph<'a>,
) -> Result<Findings, Vec<Diagnostic>> {
    let mut validator = Validator {
        schema,
        document,
        graph,
        diagnostics: Vec::new(),
        usages: Vec::new(),
        ids: HashSet::new(),
        introspects: false,
        path: Vec::new(),
        within: Vec::new(),
    };
    let operations = validator.definitions();
    validator.merges();
    let Validator { mut diagnostics, ids, introspects, .. } = validator;
    if diagnostics.is_empty() {
        return Ok(Findings { operations, ids, introspects });
    }
    diagnostics.sort_by(|one, other| one.at.first().cmp(&other.at.first()));
    diagnostics.dedup();
    Err(diagnostics)
}

impl Validator<'_, '_, '_> {
    /// Records a fault. `message` is called only if the fault is reported, as a hostile document has hundreds of
    /// thousands.
    fn diagnostic(&mut self, message: impl FnOnce(&Self) -> String, at: impl IntoIterator<Item = Offset>) {
        if !self.is_full() {
            let message = message(self);
            self.diagnostics.push(Diagnostic::new(message, at.into_iter().take(10)));
        }
    }

    /// Whether no more faults are reported, so that looking for them is pointless.
    fn is_full(&self) -> bool {
        self.diagnostics.len() >= MAX_DIAGNOSTICS
    }

    /// The current position in the response and in its arguments, for error messages, such as
    /// ` (in "notes.nodes" at input.ids[2])`.
    fn place(&self) -> String {
        let mut within = String::new();
        for step in self.within.iter().take(10) {
            match step {
                ValuePathStep::Name(name) if within.is_empty() => within.push_str(&short(name)),
                ValuePathStep::Name(name) => within.extend([".", &short(name)]),
                ValuePathStep::Item(index) => within.extend(["[", &index.to_string(), "]"]),
            }
        }
        match (self.path.is_empty(), within.is_empty()) {
            (true, true) => String::new(),
            (true, false) => format!(" (at {within})"),
            (false, true) => format!(" (in \"{}\")", self.around()),
            (false, false) => format!(" (in \"{}\" at {within})", self.around()),
        }
    }

    /// The response names around the current position, as far as they are shown.
    fn around(&self) -> String {
        let mut around = String::new();
        for (number, name) in self.path.iter().take(MAX_NAME_CHARS).enumerate() {
            around.push_str(if number == 0 { "" } else { "." });
            around.extend(name.chars().take(MAX_NAME_CHARS + 1));
        }
        short(&around)
    }

    /// Reports each name that occurs more than once.
    fn unique<'n>(&mut self, names: impl Iterator<Item = Name<'n>> + Clone, what: &str) {
        for (name, at) in repeated(names) {
            self.diagnostic(|_| format!("There can be only one {what} named \"{}\".", short(name)), at);
        }
    }
}

/// The names that occur more than once, with all their positions.
fn repeated<'n>(names: impl Iterator<Item = Name<'n>>) -> Vec<(&'n str, Vec<Offset>)> {
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
    fn messages_are_formatted_only_for_reported_errors() {
        let (schema, document) = (schema(), Document { operations: Vec::new(), fragments: Vec::new() });
        let Ok(graph) = FragmentGraph::of(&document) else { panic!("it has no fragments") };
        let mut validator = Validator {
            schema: &schema,
            document: &document,
            graph: &graph,
            diagnostics: Vec::new(),
            usages: Vec::new(),
            ids: HashSet::new(),
            introspects: false,
            path: Vec::new(),
            within: Vec::new(),
        };
        let mut made = 0;
        for at in 0..1_000 {
            let message = |_: &Validator<'_, '_, '_>| {
                made += 1;
                at.to_string()
            };
            validator.diagnostic(message, [at]);
        }
        assert_eq!((made, validator.diagnostics.len()), (MAX_DIAGNOSTICS, MAX_DIAGNOSTICS));
    }
}
