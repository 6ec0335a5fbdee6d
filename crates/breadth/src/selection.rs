//! Collects the fields that a document selects at one place: flattens fragments, evaluates `@skip` and `@include`, and
//! merges fields with the same response key (GraphQL, section 6.3.2, `CollectFields`).

use std::collections::{HashMap, HashSet};

use crate::bridge::indexmap::IndexMap;
use crate::bridge::indexmap::map::Entry;
use crate::bridge::types::{Directive, Field, FragmentDefinition, OperationDefinition, Selection, SelectionSet};
use crate::bridge::{Literal as Input, Name, Pos, Positioned};
use crate::document::Schema;
use crate::document::conditions::{condition, is_included};

/// The fragments of a document.
pub type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

/// Inputs of planning: the types, the fragments of the document, and the values of its conditions.
#[derive(Clone, Copy)]
pub struct PlanContext<'a> {
    pub types: &'a Schema,
    pub fragments: &'a Fragments,
    /// Returns the value of a variable that `@skip` or `@include` names.
    pub flag: &'a dyn Fn(&str) -> bool,
}

/// Maximum number of positions kept per field, besides the first.
const MAX_PLACES: usize = 9;

/// A selected field, and the selection sets of all fields that are merged into it.
pub struct CollectedField<'a> {
    pub field: &'a Positioned<Field>,
    /// Positions of the other merged fields.
    pub more: Vec<Pos>,
    pub sets: Vec<&'a SelectionSet>,
}

/// The fields that `sets` select on an object type, by response key, in order.
pub fn collect<'a>(
    context: PlanContext<'a>,
    sets: &[&'a SelectionSet],
    object: &'a str,
) -> IndexMap<&'a str, CollectedField<'a>> {
    let mut collected = Collected { context, object, fields: IndexMap::new(), fragments: HashSet::new() };
    for set in sets {
        collected.set(set);
    }
    collected.fields
}

struct Collected<'a> {
    context: PlanContext<'a>,
    object: &'a str,
    fields: IndexMap<&'a str, CollectedField<'a>>,
    fragments: HashSet<&'a str>,
}

impl<'a> Collected<'a> {
    fn set(&mut self, set: &'a SelectionSet) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) if self.included(&field.node.directives) => {
                    let key = field.node.response_key().node.as_str();
                    let collected = match self.fields.entry(key) {
                        Entry::Vacant(new) => new.insert(CollectedField { field, more: Vec::new(), sets: Vec::new() }),
                        Entry::Occupied(known) => {
                            let collected = known.into_mut();
                            if collected.more.len() < MAX_PLACES {
                                collected.more.push(field.pos);
                            }
                            collected
                        }
                    };
                    if !field.node.selection_set.node.items.is_empty() {
                        collected.sets.push(&field.node.selection_set.node);
                    }
                }
                Selection::FragmentSpread(spread) if self.included(&spread.node.directives) => {
                    let name = spread.node.fragment_name.node.as_str();
                    let Some(fragment) = self.context.fragments.get(name) else { continue };
                    let applies = self.context.types.is(self.object, &fragment.node.type_condition.node.on.node);
                    if applies && self.fragments.insert(name) {
                        self.set(&fragment.node.selection_set.node);
                    }
                }
                Selection::InlineFragment(fragment) if self.included(&fragment.node.directives) => {
                    let condition = fragment.node.type_condition.as_ref();
                    if condition.is_none_or(|on| self.context.types.is(self.object, &on.node.on.node)) {
                        self.set(&fragment.node.selection_set.node);
                    }
                }
                _ => {}
            }
        }
    }

    fn included(&self, directives: &[Positioned<Directive>]) -> bool {
        is_included(directives, self.context.flag)
    }
}

/// The variables that `@skip` and `@include` name in an operation or in any fragment, without duplicates.
pub fn condition_variables(fragments: &Fragments, operation: &OperationDefinition) -> Vec<Name> {
    let mut found: Vec<Name> = Vec::new();
    let mut sets = vec![&operation.selection_set.node];
    sets.extend(fragments.values().map(|fragment| &fragment.node.selection_set.node));
    while let Some(set) = sets.pop() {
        for selection in &set.items {
            for directive in selection.node.directives() {
                if let Some((_, Input::Variable(name))) = condition(&directive.node)
                    && !found.contains(name)
                {
                    found.push(name.clone());
                }
            }
            match &selection.node {
                Selection::Field(field) => sets.push(&field.node.selection_set.node),
                Selection::InlineFragment(inline) => sets.push(&inline.node.selection_set.node),
                Selection::FragmentSpread(_) => {}
            }
        }
    }
    found
}
