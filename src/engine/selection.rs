//! What a document asks for at one place: fragments flattened, `@skip` and `@include` decided, fields of equal response
//! keys merged. Specification: GraphQL, section 6.3.2, `CollectFields`.

use std::collections::HashSet;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Directive, Field, Selection, SelectionSet};
use async_graphql::{Name, Positioned, Value};
use async_graphql_value::Value as Input;

use super::Context;

/// A field that is asked for, and the selection sets of all its mentions.
pub struct Asked<'a> {
    pub field: &'a Positioned<Field>,
    pub sets: Vec<&'a SelectionSet>,
}

/// The fields that `sets` ask of an object, by response key, in order. `applies` tells whether a fragment on a type does.
pub fn collect<'a>(
    ctx: &Context<'a>,
    sets: &[&'a SelectionSet],
    applies: impl Fn(&str) -> bool,
) -> IndexMap<&'a str, Asked<'a>> {
    let mut collected = Collected { ctx, applies: &applies, fields: IndexMap::new(), fragments: HashSet::new() };
    for set in sets {
        collected.set(set);
    }
    collected.fields
}

struct Collected<'a, 'c, F> {
    ctx: &'c Context<'a>,
    applies: &'c F,
    fields: IndexMap<&'a str, Asked<'a>>,
    fragments: HashSet<&'a str>,
}

impl<'a, F: Fn(&str) -> bool> Collected<'a, '_, F> {
    fn set(&mut self, set: &'a SelectionSet) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) if self.included(&field.node.directives) => {
                    let key = field.node.response_key().node.as_str();
                    let asked = self.fields.entry(key).or_insert_with(|| Asked { field, sets: Vec::new() });
                    if !field.node.selection_set.node.items.is_empty() {
                        asked.sets.push(&field.node.selection_set.node);
                    }
                }
                Selection::FragmentSpread(spread) if self.included(&spread.node.directives) => {
                    let name = spread.node.fragment_name.node.as_str();
                    let Some(fragment) = self.ctx.query_env.fragments.get(name) else { continue };
                    let applies = (self.applies)(fragment.node.type_condition.node.on.node.as_str());
                    if applies && self.fragments.insert(name) {
                        self.set(&fragment.node.selection_set.node);
                    }
                }
                Selection::InlineFragment(fragment) if self.included(&fragment.node.directives) => {
                    let condition = fragment.node.type_condition.as_ref();
                    if condition.is_none_or(|condition| (self.applies)(condition.node.on.node.as_str())) {
                        self.set(&fragment.node.selection_set.node);
                    }
                }
                _ => {}
            }
        }
    }

    /// Decided by `@skip` and `@include`.
    fn included(&self, directives: &[Positioned<Directive>]) -> bool {
        directives.iter().all(|directive| {
            let wanted = match directive.node.name.node.as_str() {
                "skip" => false,
                "include" => true,
                _ => return true,
            };
            let condition = directive.node.get_argument("if").map(|value| input(self.ctx, &value.node));
            condition.flatten() == Some(Value::Boolean(wanted))
        })
    }
}

/// The value of an input with its variables filled in; `None` where it is a variable that was not given.
pub fn input(ctx: &Context<'_>, value: &Input) -> Option<Value> {
    match value {
        Input::Variable(name) => variable(ctx, name),
        Input::List(items) => {
            Some(Value::List(items.iter().map(|item| input(ctx, item).unwrap_or(Value::Null)).collect()))
        }
        Input::Object(fields) => Some(Value::Object(
            fields.iter().filter_map(|(name, value)| Some((name.clone(), input(ctx, value)?))).collect(),
        )),
        constant => constant.clone().into_const(),
    }
}

fn variable(ctx: &Context<'_>, name: &Name) -> Option<Value> {
    ctx.query_env.variables.get(name).cloned().or_else(|| {
        let definitions = &ctx.query_env.operation.node.variable_definitions;
        let definition = definitions.iter().find(|definition| definition.node.name.node == *name)?;
        definition.node.default_value.as_ref().map(|value| value.node.clone())
    })
}
