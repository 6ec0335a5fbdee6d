//! The state of a validation, which the rules share, and how they report faults.

use std::collections::HashSet;

use crate::document::graph::FragmentGraph;
use crate::document::parse::ast::{Document, Name, Offset};
use crate::document::parse::diagnostic::{Diagnostic, MAX_DIAGNOSTICS, MAX_NAME_CHARS, short};
use crate::document::schema::{Schema, TypeId, TypeRef};

/// A use of a variable.
#[derive(Clone, Copy)]
pub struct Usage<'a, 's> {
    pub name: &'a str,
    pub at: Offset,
    /// The type expected at the position, if known.
    pub ty: Option<&'s TypeRef>,
    /// Whether the position has a default value.
    pub has_default: bool,
    /// The input object with `@oneOf`, if the variable is the value of its field (GraphQL, section 3.13).
    pub one_of: Option<TypeId>,
}

/// The validation of one document.
pub struct Validator<'d, 'a, 's> {
    pub schema: &'s Schema,
    pub document: &'d Document<'a>,
    pub graph: &'d FragmentGraph<'a>,
    pub diagnostics: Vec<Diagnostic>,
    /// The variables used in the current definition.
    pub usages: Vec<Usage<'a, 's>>,
    pub ids: HashSet<Offset>,
    pub introspects: bool,
    /// Response names of the fields around the current position.
    pub path: Vec<&'a str>,
    /// The arguments, input fields and list indices around the current value.
    pub within: Vec<ValuePathStep<'a>>,
}

#[derive(Clone, Copy)]
pub enum ValuePathStep<'a> {
    Name(&'a str),
    Item(usize),
}

impl<'d, 'a, 's> Validator<'d, 'a, 's> {
    pub fn new(schema: &'s Schema, document: &'d Document<'a>, graph: &'d FragmentGraph<'a>) -> Self {
        Self {
            schema,
            document,
            graph,
            diagnostics: Vec::new(),
            usages: Vec::new(),
            ids: HashSet::new(),
            introspects: false,
            path: Vec::new(),
            within: Vec::new(),
        }
    }
}

impl Validator<'_, '_, '_> {
    /// Records a fault. `message` is called only if the fault is reported, as a hostile document has hundreds of
    /// thousands.
    pub fn diagnostic(&mut self, message: impl FnOnce(&Self) -> String, at: impl IntoIterator<Item = Offset>) {
        if !self.is_full() {
            let message = message(self);
            self.diagnostics.push(Diagnostic::new(message, at.into_iter().take(10)));
        }
    }

    /// Whether no more faults are reported, so that looking for them is pointless.
    pub fn is_full(&self) -> bool {
        self.diagnostics.len() >= MAX_DIAGNOSTICS
    }

    /// The current position in the response and in its arguments, for error messages, such as
    /// ` (in "notes.nodes" at input.ids[2])`.
    pub fn place(&self) -> String {
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
    pub fn unique<'n>(&mut self, names: impl Iterator<Item = Name<'n>> + Clone, what: &str) {
        for (name, at) in repeated(names) {
            self.diagnostic(|_| format!("There can be only one {what} named \"{}\".", short(name)), at);
        }
    }
}

/// The names that occur more than once, with all their positions.
pub fn repeated<'n>(names: impl Iterator<Item = Name<'n>>) -> Vec<(&'n str, Vec<Offset>)> {
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
    use super::*;
    use crate::document::tests::schema;

    #[test]
    fn messages_are_formatted_only_for_reported_errors() {
        let (schema, document) = (schema(), Document { operations: Vec::new(), fragments: Vec::new() });
        let Ok(graph) = FragmentGraph::of(&document) else { panic!("it has no fragments") };
        let mut validator = Validator::new(&schema, &document, &graph);
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
