//! Finds nulls that variables bring to non-null places.
//!
//! A nullable variable may be used in a non-null place that has a default (GraphQL, section 5.8.5); its null is then an
//! error of the field (section 6.4.1). Such nulls are found before anything runs, in selected fields only: the
//! arguments of fields that `@skip` and `@include` leave out are never evaluated.

use std::collections::HashSet;

use crate::bridge::types::{Directive, ExecutableDocument, OperationDefinition, Selection, SelectionSet};
use crate::bridge::{ConstValue, Literal, Name, Positioned, Variables};

use super::conditions::{flag, is_included};
use super::schema::{InputValue, Schema, TypeId, TypeKind, TypeRef};

/// Returns each variable that brings null to a non-null place, with the type expected in the first such place.
pub fn misplaced<'d>(
    schema: &Schema,
    document: &'d ExecutableDocument,
    (root, operation): (TypeId, &'d OperationDefinition),
    variables: &Variables,
) -> Vec<(&'d Name, String)> {
    let mut nulls = Nulls { schema, document, variables, seen: HashSet::new(), found: Vec::new() };
    nulls.set(root, &operation.selection_set.node);
    nulls.found
}

struct Nulls<'d, 'x> {
    schema: &'x Schema,
    document: &'d ExecutableDocument,
    variables: &'x Variables,
    /// Fragments that were visited.
    seen: HashSet<&'d Name>,
    found: Vec<(&'d Name, String)>,
}

impl<'d, 'x> Nulls<'d, 'x> {
    /// Checks a selection set. The recursion is as deep as brackets may nest, and visits each fragment once.
    fn set(&mut self, parent: TypeId, set: &'d SelectionSet) {
        let schema = self.schema;
        for Positioned { node: selection, .. } in &set.items {
            if !self.is_selected(selection.directives()) {
                continue;
            }
            match selection {
                Selection::Field(field) => {
                    let Some(defined) = schema.field(parent, &field.node.name.node) else { continue };
                    self.arguments(&defined.arguments, field.node.arguments.iter());
                    self.set(defined.ty.innermost(), &field.node.selection_set.node);
                }
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref().and_then(|on| schema.find(&on.node.on.node));
                    self.set(on.unwrap_or(parent), &inline.node.selection_set.node);
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if let Some(fragment) = self.document.fragments.get(name)
                        && self.seen.insert(name)
                        && let Some(on) = schema.find(&fragment.node.type_condition.node.on.node)
                    {
                        self.set(on, &fragment.node.selection_set.node);
                    }
                }
            }
        }
    }

    /// Evaluates `@skip` first: if it leaves the selection out, `@include` is not evaluated (GraphQL, section 6.3.2).
    fn is_selected(&mut self, directives: &'d [Positioned<Directive>]) -> bool {
        for name in ["skip", "include"] {
            let found = directives.iter().find(|directive| directive.node.name.node == name);
            if let (Some(directive), Some(defined)) = (found, self.schema.directive(name)) {
                self.arguments(&defined.arguments, directive.node.arguments.iter());
                if !is_included(std::slice::from_ref(directive), |name| flag(self.variables, name)) {
                    return false;
                }
            }
        }
        true
    }

    fn arguments(
        &mut self,
        defined: &'x [InputValue],
        given: impl Iterator<Item = &'d (Positioned<Name>, Positioned<Literal>)>,
    ) {
        for (name, value) in given {
            if let Some(defined) = defined.iter().find(|defined| defined.name == name.node.as_str()) {
                self.value(&defined.ty, &value.node);
            }
        }
    }

    fn value(&mut self, ty: &'x TypeRef, value: &'d Literal) {
        if let Literal::Variable(name) = value {
            let is_null = matches!(self.variables.get(name), Some(ConstValue::Null));
            if is_null && ty.is_non_null() && !self.found.iter().any(|(found, _)| *found == name) {
                self.found.push((name, self.schema.show(ty)));
            }
            return;
        }
        match (ty.nullable(), value) {
            (TypeRef::List(inner), Literal::List(items)) => items.iter().for_each(|item| self.value(inner, item)),
            (TypeRef::List(inner), _) => self.value(inner, value),
            (inner, Literal::Object(fields)) => {
                let TypeKind::Input(input) = self.schema.kind(inner.innermost()) else { return };
                for (name, value) in fields {
                    if let Some(defined) = input.fields.iter().find(|defined| defined.name == name.as_str()) {
                        self.value(&defined.ty, value);
                    }
                }
            }
            _ => {}
        }
    }
}
