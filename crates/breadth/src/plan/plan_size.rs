//! Computes the largest possible size of a document's plans before any plan is built.
//!
//! A plan repeats a selection on an interface or a union, with everything below it, for each possible object type. An
//! interface that leads back to itself therefore doubles the plan with every level.

use std::collections::HashMap;

use crate::bridge::types::{Selection, SelectionSet};
use crate::document::Schema;

use crate::declare::{FieldResolver, ObjectType};
use crate::selection::Fragments;

/// Counts the fields of plans. It visits each selection set once per object type that the set applies to.
pub struct Count<'a> {
    types: &'a Schema,
    fragments: &'a Fragments,
    /// Known counts, by the address of the selection set and the name of the object type.
    known: HashMap<(usize, &'static str), u64>,
}

impl<'a> Count<'a> {
    pub fn new(types: &'a Schema, fragments: &'a Fragments) -> Self {
        Self { types, fragments, known: HashMap::new() }
    }

    /// Counts the fields of a plan, as if `@skip` and `@include` left nothing out; fields that would be merged count
    /// twice.
    pub fn fields(&mut self, object: &'static ObjectType, set: &'a SelectionSet) -> u64 {
        let key = (std::ptr::from_ref(set).addr(), object.name);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let count = set.items.iter().map(|selection| match &selection.node {
            Selection::Field(field) => {
                let below = &field.node.selection_set.node;
                let targets = match object.field(&field.node.name.node).map(|field| &field.def.resolver) {
                    Some(FieldResolver::Relation(link)) if !below.items.is_empty() => link.targets(),
                    _ => Vec::new(),
                };
                targets.into_iter().map(|target| self.fields(target, below)).fold(1, u64::saturating_add)
            }
            Selection::InlineFragment(inline) => {
                let condition = inline.node.type_condition.as_ref();
                let applies = condition.is_none_or(|on| self.types.is(object.name, &on.node.on.node));
                if applies { self.fields(object, &inline.node.selection_set.node) } else { 0 }
            }
            Selection::FragmentSpread(spread) => match self.fragments.get(&spread.node.fragment_name.node) {
                Some(fragment) if self.types.is(object.name, &fragment.node.type_condition.node.on.node) => {
                    self.fields(object, &fragment.node.selection_set.node)
                }
                _ => 0,
            },
        });
        let count = count.fold(0, u64::saturating_add);
        self.known.insert(key, count);
        count
    }
}
