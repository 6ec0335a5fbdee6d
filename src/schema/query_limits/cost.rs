//! Estimates the cost of a valid document with its variables. Fragments that spread each other can double the document
//! with every line, and executing it visits all of that; the estimate visits each fragment once.

use std::collections::HashMap;

use async_graphql::{Value, Variables};
use async_graphql_value::Value as Literal;
use breadth::document::{OperationKind, Schema, TypeId, TypeRef};
use breadth::types::{ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet};

use super::QueryLimits;
use super::spreads::Fragments;
use super::values::{Size, literal_size, size};
use super::weight::SelectionCost;

/// Points for a field of the document, in addition to its values: for processing it, and for its database queries.
const FIELD: u64 = 100;

/// Points for a byte that a mutation writes, for each record that it is written to. With the index of a text of many
/// different words, a byte took 0.9 microseconds of CPU time on `PostgreSQL`, and 0.2 on `SQLite`.
const WRITTEN: u64 = 1;

/// Memory that one value of the arguments takes, in bytes; an object counts as ten values.
const INPUT_BYTES: u64 = 300;

/// The default and the maximum page size.
const PAGE: (u64, u64) = (20, 100);
/// The assumed length of a list that is not paginated, such as the assignees of a note. What a longer one takes is
/// measured while the operation runs.
const LIST: u64 = 10;

/// The estimated cost of a document, charged before it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueryCost {
    /// The total, in points.
    pub cost: u64,
    /// The part of `cost` for the bytes that mutations write. It stays charged when the rest is replaced by the
    /// measured cost, as the bytes stay.
    pub written: u64,
    /// Memory that the arguments take while they are coerced, in bytes.
    pub arguments: u64,
}

/// Estimates the cost of a document: 100 points for each field, one for each value that the response could contain, and
/// one for each byte that mutations write, for each record that it is written to. Which fields are lists, and of what, is
/// taken from the schema. Refuses a document that exceeds a limit.
///
/// # Errors
/// A message for the client: what there is too much of, and how much is allowed.
pub fn query_cost(
    types: &Schema,
    document: &ExecutableDocument,
    variables: &Variables,
    limits: &QueryLimits,
) -> Result<QueryCost, String> {
    for (count, most, what) in [
        (document.fragments.len(), limits.fragments, "fragments"),
        (document.operations.iter().count(), limits.operations, "operations"),
    ] {
        if count > most {
            return Err(format!("The document defines {count} {what}; at most {most} are allowed."));
        }
    }
    let fragments = Fragments::of(document)
        .map_err(|_| "A fragment of the document spreads itself, directly or through others.")?;
    let (mut estimate, mut whole) = (QueryCost::default(), SelectionCost::default());
    for (_, operation) in document.operations.iter() {
        let calculator = CostCalculator::new(types, document, &operation.node, variables, &fragments);
        let weight = calculator.set(calculator.root(), &operation.node.selection_set.node);
        if weight.own_fields > limits.root_fields {
            return Err(format!("An operation has more than {} fields of its own.", limits.root_fields));
        }
        // Count all operations, and the fragments that none of them spreads.
        whole.add(weight);
        for name in &fragments.unused {
            whole.add(calculator.known.get(name).copied().unwrap_or_default());
        }
        whole.check(limits)?;
        // The operation to run is selected later, so the most expensive one counts.
        let written = weight.written.saturating_mul(WRITTEN);
        let cost = written.saturating_add(weight.fields * FIELD + weight.values);
        let arguments = estimate.arguments.max(weight.inputs.saturating_mul(INPUT_BYTES));
        estimate = if cost > estimate.cost {
            QueryCost { cost, written, arguments }
        } else {
            QueryCost { arguments, ..estimate }
        };
    }
    Ok(estimate)
}

/// What determines the length of a list of objects.
#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    /// The arguments of the parent: the list is the page of a connection, or the results of a mutation.
    OfParent,
    /// Nothing that the document says: this length is assumed.
    Of(u64),
}

struct CostCalculator<'a> {
    types: &'a Schema,
    operation: &'a OperationDefinition,
    variables: &'a Variables,
    /// The sizes of the variables.
    sizes: HashMap<&'a str, Size>,
    /// The weights of the fragments.
    known: HashMap<&'a str, SelectionCost>,
}

impl<'a> CostCalculator<'a> {
    fn new(
        types: &'a Schema,
        document: &'a ExecutableDocument,
        operation: &'a OperationDefinition,
        variables: &'a Variables,
        fragments: &Fragments<'a>,
    ) -> Self {
        let mut calculator = Self { types, operation, variables, sizes: HashMap::new(), known: HashMap::new() };
        let definitions = operation.variable_definitions.iter().map(|definition| definition.node.name.node.as_str());
        calculator.sizes =
            definitions.map(|name| (name, calculator.variable(name).map_or(Size::default(), size))).collect();
        for name in &fragments.in_order {
            if let Some(fragment) = document.fragments.get(*name) {
                let on = types.find(&fragment.node.type_condition.node.on.node);
                let mut weight = calculator.set(on, &fragment.node.selection_set.node);
                // Spreading an empty fragment costs a step, too.
                weight.fields = weight.fields.saturating_add(1);
                calculator.known.insert(name, weight);
            }
        }
        calculator
    }

    /// The root type of the operation.
    fn root(&self) -> Option<TypeId> {
        self.types.root(match self.operation.ty {
            OperationType::Query => OperationKind::Query,
            OperationType::Mutation => OperationKind::Mutation,
            OperationType::Subscription => OperationKind::Subscription,
        })
    }

    /// Weighs a selection set on a type. It recurses no deeper than brackets may nest, as the weights of fragments are
    /// known.
    fn set(&self, on: Option<TypeId>, set: &'a SelectionSet) -> SelectionCost {
        let mut weight = SelectionCost::default();
        for selection in &set.items {
            let (more, directives) = match &selection.node {
                Selection::Field(field) => (self.field(on, &field.node), field.node.directives.len()),
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    let on = condition.map_or(on, |condition| self.types.find(&condition.node.on.node));
                    (self.set(on, &fragment.node.selection_set.node), fragment.node.directives.len())
                }
                Selection::FragmentSpread(spread) => {
                    let known = self.known.get(spread.node.fragment_name.node.as_str());
                    (known.copied().unwrap_or_default(), spread.node.directives.len())
                }
            };
            weight.add(more);
            weight.directives += directives as u64;
        }
        weight.depth += u64::from(!set.items.is_empty());
        weight
    }

    fn field(&self, on: Option<TypeId>, field: &'a Field) -> SelectionCost {
        let defined = on.and_then(|on| self.types.field(on, &field.name.node));
        let below = self.set(defined.map(|defined| defined.ty.innermost()), &field.selection_set.node);
        let list = on.zip(defined).and_then(|(on, defined)| self.list(on, &defined.name, &defined.ty));
        let times = self.times(field, list, below.page);
        let mut variable = |name: &str| self.sizes.get(name).copied().unwrap_or_default();
        let own: Size = field.arguments.iter().map(|(_, value)| literal_size(&value.node, &mut variable)).sum();
        let written = field.get_argument("input").map_or(0, |input| self.written(&input.node, times));
        SelectionCost {
            fields: below.fields.saturating_add(1),
            values: below.values.saturating_mul(times).saturating_add(1),
            arguments: below.arguments.saturating_mul(times).saturating_add(own.bytes),
            inputs: below.inputs.saturating_add(own.values),
            written: below.written.saturating_add(written),
            aliases: below.aliases.saturating_add(u64::from(field.alias.is_some())),
            own_fields: 1,
            page: list == Some(List::OfParent),
            ..below
        }
    }

    /// What determines the length of a field, if it is a list of objects.
    fn list(&self, on: TypeId, name: &str, ty: &TypeRef) -> Option<List> {
        if !matches!(ty.nullable(), TypeRef::List(_)) || !self.types.is_composite(ty.innermost()) {
            return None;
        }
        // Relay's name for types that hold a page ("Connection Types" in its specification), and that of the types that
        // mutations return.
        let parent = self.types.name(on);
        if parent.ends_with("Connection") || parent.ends_with("Payload") {
            return Some(List::OfParent);
        }
        Some(List::Of(self.types.introspection_length(on, name).unwrap_or(LIST)))
    }

    /// The number of objects that a field returns.
    fn times(&self, field: &Field, list: Option<List>, page: bool) -> u64 {
        if let Some(ids) = field.get_argument("ids") {
            return self.length(&ids.node);
        }
        // A mutation of many records returns as many results.
        if let Some(input) = field.get_argument("input") {
            return match &input.node {
                Literal::Object(input) => input.get("ids").map_or(1, |ids| self.length(ids)),
                input @ Literal::List(_) => self.length(input),
                Literal::Variable(name) => match self.variable(name) {
                    Some(Value::Object(input)) => input.get("ids").map_or(1, length),
                    Some(input @ Value::List(_)) => length(input),
                    _ => 1,
                },
                _ => 1,
            };
        }
        match list {
            Some(List::Of(length)) => return length,
            Some(List::OfParent) => return 1,
            None if !page => return 1,
            None => {}
        }
        let size = ["first", "last"].into_iter().find_map(|name| match &field.get_argument(name)?.node {
            Literal::Number(number) => number.as_u64(),
            Literal::Variable(name) => match self.variable(name)? {
                Value::Number(number) => number.as_u64(),
                _ => None,
            },
            _ => None,
        });
        size.unwrap_or(PAGE.0).min(PAGE.1)
    }

    /// Bytes that the input of a mutation writes. If it names records by `ids`, everything else is written to each of
    /// them; if it is a list, it contains each record once.
    fn written(&self, input: &Literal, records: u64) -> u64 {
        let mut variable = |name: &str| self.sizes.get(name).copied().unwrap_or_default();
        let (whole, ids) = match input {
            Literal::Variable(name) => match self.variable(name) {
                Some(Value::Object(fields)) => (variable(name).bytes, fields.get("ids").map(|ids| size(ids).bytes)),
                _ => (variable(name).bytes, None),
            },
            Literal::Object(fields) => {
                let ids = fields.get("ids").map(|ids| literal_size(ids, &mut variable).bytes);
                (literal_size(input, &mut variable).bytes, ids)
            }
            _ => (literal_size(input, &mut variable).bytes, None),
        };
        match ids {
            Some(ids) => whole.saturating_sub(ids).saturating_mul(records),
            None => whole,
        }
    }

    fn length(&self, list: &Literal) -> u64 {
        match list {
            Literal::List(items) => items.len() as u64,
            Literal::Variable(name) => self.variable(name).map_or(1, length),
            _ => 1,
        }
    }

    fn variable(&self, name: &str) -> Option<&Value> {
        self.variables.get(name).or_else(|| {
            let definitions = self.operation.variable_definitions.iter();
            let definition = definitions.map(|definition| &definition.node).find(|one| one.name.node == *name)?;
            definition.default_value.as_ref().map(|value| &value.node)
        })
    }
}

fn length(list: &Value) -> u64 {
    if let Value::List(items) = list { items.len() as u64 } else { 1 }
}

#[cfg(test)]
mod tests;
