//! Computes the size of a document before anything expands its fragments one by one: fragments that spread each other
//! can double it with every line. Each fragment is visited once.

use crate::document::graph::FragmentGraph;
use crate::document::parse::ast::{Document, Selection, Selections};

/// Limits on the size of a document. Fragments count wherever they are spread, and once if they are not spread.
#[derive(Clone, Copy, Debug)]
pub struct DocumentLimits {
    pub operations: usize,
    pub fragments: usize,
    pub fields: u64,
    /// Maximum nesting depth of selections, with fragments expanded.
    pub depth: u64,
    pub aliases: u64,
    /// Maximum number of root fields per operation.
    pub root_fields: u64,
    pub directives: u64,
    /// Maximum nesting depth of fields, with fragments expanded.
    pub nested_fields: u64,
    /// Maximum number of fields in an operation's plan, where a field of an interface or a union counts once per object
    /// type.
    pub planned_fields: u64,
    /// Maximum nesting depth of introspection lists; tools request types, their fields and the arguments of these.
    pub introspected_lists: u64,
    /// Maximum number of introspected values, estimated from the lengths of the lists in the schema.
    pub introspected_values: u64,
}

impl Default for DocumentLimits {
    /// More than large real documents need.
    fn default() -> Self {
        Self {
            operations: 50,
            fragments: 300,
            fields: 2_000,
            depth: 64,
            aliases: 500,
            root_fields: 200,
            directives: 500,
            nested_fields: 64,
            planned_fields: 20_000,
            introspected_lists: 3,
            introspected_values: 1_000_000,
        }
    }
}

#[derive(Clone, Copy, Default)]
struct Weight {
    fields: u64,
    aliases: u64,
    directives: u64,
    depth: u64,
    own_fields: u64,
    nested_fields: u64,
}

impl Weight {
    fn add(&mut self, other: Self) {
        self.fields = self.fields.saturating_add(other.fields);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        self.own_fields = self.own_fields.saturating_add(other.own_fields);
        self.depth = self.depth.max(other.depth);
        self.nested_fields = self.nested_fields.max(other.nested_fields);
    }
}

/// Checks the number of definitions.
///
/// # Errors
/// A message for the client that names the limit and its value.
pub fn check_definitions(document: &Document<'_>, limits: &DocumentLimits) -> Result<(), String> {
    for (count, most, what) in [
        (document.fragments.len(), limits.fragments, "fragments"),
        (document.operations.len(), limits.operations, "operations"),
    ] {
        if count > most {
            return Err(format!("The document defines {count} {what}; at most {most} are allowed."));
        }
    }
    Ok(())
}

/// Checks that the document is small enough to be validated, in time that depends on the text alone.
///
/// # Errors
/// As for [`check_definitions`].
pub fn check(document: &Document<'_>, graph: &FragmentGraph<'_>, limits: &DocumentLimits) -> Result<(), String> {
    let mut weights = vec![Weight::default(); document.fragments.len()];
    let mut spread = vec![false; document.fragments.len()];
    for number in graph.order() {
        let Some(fragment) = document.fragments.get(*number) else { continue };
        let mut weight = set(graph, &weights, &mut spread, &fragment.selection);
        // A spread of an empty fragment costs a step, too.
        weight.fields = weight.fields.saturating_add(1);
        weight.directives = weight.directives.saturating_add(fragment.directives.len() as u64);
        if let Some(known) = weights.get_mut(*number) {
            *known = weight;
        }
    }
    let mut whole = Weight::default();
    for operation in &document.operations {
        let mut weight = set(graph, &weights, &mut spread, &operation.selection);
        let of_variables = operation.variables.iter().map(|variable| variable.directives.len());
        let own = operation.directives.len() + of_variables.sum::<usize>();
        weight.directives = weight.directives.saturating_add(own as u64);
        if weight.own_fields > limits.root_fields {
            return Err(format!("An operation has more than {} fields of its own.", limits.root_fields));
        }
        whole.add(weight);
    }
    for (weight, spread) in weights.into_iter().zip(spread) {
        if !spread {
            whole.add(weight);
        }
    }
    for (count, most, what) in [
        (whole.fields, limits.fields, "fields"),
        (whole.aliases, limits.aliases, "aliases"),
        (whole.directives, limits.directives, "directives"),
    ] {
        if count > most {
            return Err(format!("The document has more than {most} {what}, fragments expanded."));
        }
    }
    for (depth, most, what) in
        [(whole.depth, limits.depth, "selections"), (whole.nested_fields, limits.nested_fields, "fields")]
    {
        if depth > most {
            return Err(format!("The document nests more than {most} {what}, fragments expanded."));
        }
    }
    Ok(())
}

/// Computes the size of a selection set from the known sizes of fragments. The recursion is as deep as brackets may
/// nest.
fn set(graph: &FragmentGraph<'_>, weights: &[Weight], spread: &mut [bool], selections: &Selections<'_>) -> Weight {
    let mut weight = Weight::default();
    for selection in &selections.items {
        let (more, directives) = match selection {
            Selection::Field(field) => {
                let below = field.selection.as_ref().map(|below| set(graph, weights, spread, below));
                let mut more = below.unwrap_or_default();
                more.fields = more.fields.saturating_add(1);
                more.aliases = more.aliases.saturating_add(u64::from(field.alias.is_some()));
                more.own_fields = 1;
                more.nested_fields = more.nested_fields.saturating_add(1);
                (more, field.directives.len())
            }
            Selection::Inline(inline) => (set(graph, weights, spread, &inline.selection), inline.directives.len()),
            Selection::Spread(named) => {
                let number = graph.find(named.name.text);
                if let Some(flag) = number.and_then(|number| spread.get_mut(number)) {
                    *flag = true;
                }
                let known = number.and_then(|number| weights.get(number)).copied();
                (known.unwrap_or_default(), named.directives.len())
            }
        };
        weight.add(more);
        weight.directives = weight.directives.saturating_add(directives as u64);
    }
    weight.depth += 1;
    weight
}
