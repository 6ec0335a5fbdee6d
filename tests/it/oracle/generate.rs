//! Random valid documents.

use std::collections::BTreeMap;

use async_graphql_value::Value;

use super::contract::{Contract, Field};
use super::document::{Document, Fragment, Selection, What};
use super::random::Random;
use super::values::Values;

/// The style of generated documents.
#[derive(Clone, Copy)]
pub struct Style {
    /// Fields with selections may occur again under the same key, and fragments may be spread again.
    pub merge: bool,
    /// Arguments may be invalid in ways that only the field itself detects.
    pub wrong: bool,
    /// Only arguments whose meaning is easy to reproduce.
    pub plain: bool,
}

/// IDs and cursors of the rows, for use in documents.
#[derive(Default)]
pub struct Words {
    /// Global ids by type name.
    pub ids: BTreeMap<String, Vec<String>>,
    pub cursors: Vec<String>,
}

const DEEPEST: usize = 6;

pub fn document(contract: &Contract, words: &Words, style: Style, random: &mut Random) -> Document {
    let budget = 4 + random.below(36);
    let values = Values { contract, words, style, variables: Vec::new() };
    let mut generator =
        Generator { contract, style, random, values, fragments: Vec::new(), keys: Keys::default(), budget };
    let selection = generator.set("Query", 0);
    Document { variables: generator.values.variables, selection, fragments: generator.fragments }
}

struct Generator<'a> {
    contract: &'a Contract,
    style: Style,
    random: &'a mut Random,
    values: Values<'a>,
    fragments: Vec<Fragment>,
    keys: Keys,
    /// Approximate number of fields that may still be added.
    budget: usize,
}

/// The response keys of a document. A key stands for fields of one type everywhere, and for one field with the same
/// arguments under the same parent, so that fields with equal keys can always be merged.
#[derive(Default)]
struct Keys {
    types: BTreeMap<String, String>,
    fields: BTreeMap<(String, String), String>,
    made: usize,
}

fn is_composite(selected: &Selection) -> bool {
    matches!(selected.what, What::Field { .. }) && !selected.below.is_empty()
}

impl Generator<'_> {
    fn set(&mut self, parent: &str, depth: usize) -> Vec<Selection> {
        let count = 1 + self.random.below(if depth == 0 { 3 } else { 5 });
        let mut set: Vec<Selection> = (0..count).map(|_| self.selection(parent, depth)).collect();
        if self.style.merge && self.random.percent(20) {
            set.extend(self.again(parent, &set, depth));
        }
        for selected in &mut set {
            if self.random.percent(10) {
                // The library ignores `__typename` when it looks for unused variables.
                let is_typename = matches!(&selected.what, What::Field { name, .. } if name == "__typename");
                selected.directives = self.directives(!is_typename);
            }
        }
        set
    }

    fn selection(&mut self, parent: &str, depth: usize) -> Selection {
        self.budget = self.budget.saturating_sub(1);
        let is_interface = self.contract.implementers.contains_key(parent);
        match self.random.below(100) {
            0..8 => self.typename(),
            8..20 if depth < DEEPEST && self.budget > 0 => self.inline(parent, depth),
            20..32 if depth < DEEPEST && self.budget > 0 => self.spread(parent, depth),
            32..85 if is_interface && self.budget > 0 => self.inline(parent, depth),
            _ => self.field(parent, depth).unwrap_or_else(|| self.typename()),
        }
    }

    /// Repeats a field of the set with another selection, either directly or in an inline fragment.
    fn again(&mut self, parent: &str, set: &[Selection], depth: usize) -> Option<Selection> {
        let composite: Vec<&Selection> = set.iter().filter(|selected| is_composite(selected)).collect();
        let what = if composite.is_empty() { return None } else { self.random.one(&composite).what.clone() };
        let What::Field { name, .. } = &what else { return None };
        let field = self.contract.fields(parent)?.iter().find(|field| field.name == *name)?;
        let below = self.set(field.gives_name(), depth + 1);
        let again = Selection { what, directives: Vec::new(), below };
        if self.random.percent(50) {
            return Some(again);
        }
        Some(Selection { what: What::Inline(None), directives: Vec::new(), below: vec![again] })
    }

    fn typename(&mut self) -> Selection {
        let mut selected = Selection::field("__typename");
        if let What::Field { alias, .. } = &mut selected.what
            && self.random.percent(20)
        {
            *alias = Some("kind".to_owned());
        }
        selected
    }

    fn directives(&mut self, variables: bool) -> Vec<(&'static str, Value)> {
        let names: &[&'static str] = match self.random.below(10) {
            0..5 => &["skip"],
            5..9 => &["include"],
            _ => &["skip", "include"],
        };
        // Keep the selection more often than not.
        let conditions = names.iter().map(|name| {
            let kept = self.random.percent(70);
            let value = (*name == "include") == kept;
            let literal = !variables || self.random.percent(50);
            (*name, if literal { Value::Boolean(value) } else { self.values.condition(value, self.random) })
        });
        conditions.collect()
    }

    /// A type condition for fragments that applies to some object of `parent`.
    fn condition(&mut self, parent: &str) -> String {
        if let Some(objects) = self.contract.implementers.get(parent)
            && self.random.percent(80)
        {
            return self.random.one(objects).clone();
        }
        let interfaces = self.contract.interfaces(parent);
        if !interfaces.is_empty() && self.random.percent(25) {
            return (*self.random.one(&interfaces)).to_owned();
        }
        parent.to_owned()
    }

    fn inline(&mut self, parent: &str, depth: usize) -> Selection {
        if self.random.percent(25) {
            let mut selected = Selection::new(What::Inline(None));
            selected.below = self.set(parent, depth + 1);
            return selected;
        }
        let on = self.condition(parent);
        let below = self.set(&on, depth + 1);
        Selection { what: What::Inline(Some(on)), directives: Vec::new(), below }
    }

    fn spread(&mut self, parent: &str, depth: usize) -> Selection {
        if self.style.merge && self.random.percent(50) {
            let interfaces = self.contract.interfaces(parent);
            let objects = self.contract.implementers.get(parent);
            let applies = |on: &String| {
                on == parent || interfaces.contains(&on.as_str()) || objects.is_some_and(|objects| objects.contains(on))
            };
            let known: Vec<usize> =
                (0..self.fragments.len()).filter(|&index| applies(&self.fragments[index].on)).collect();
            if !known.is_empty() {
                return Selection::new(What::Spread(*self.random.one(&known)));
            }
        }
        let on = self.condition(parent);
        let selection = self.set(&on, depth + 1);
        self.fragments.push(Fragment { on, selection });
        Selection::new(What::Spread(self.fragments.len() - 1))
    }

    fn field(&mut self, parent: &str, depth: usize) -> Option<Selection> {
        let contract = self.contract;
        let leaves_only = depth >= DEEPEST || self.budget == 0;
        let wanted = |field: &&Field| {
            // The oracles do not compute the results of these fields.
            let only_here = ["noteDeletePreview", "noteCounts", "noteEvents", "history"].contains(&field.name.as_str());
            !(only_here || leaves_only && contract.fields(field.gives_name()).is_some())
        };
        let fields: Vec<&Field> = contract.fields(parent)?.iter().filter(wanted).collect();
        let (linked, leaves): (Vec<&Field>, Vec<&Field>) =
            fields.into_iter().partition(|field| contract.fields(field.gives_name()).is_some());
        let pool = if leaves.is_empty() || (!linked.is_empty() && self.random.percent(55)) { linked } else { leaves };
        if pool.is_empty() {
            return None;
        }
        let field = *self.random.one(&pool);
        let arguments = self.values.arguments(field, depth, self.random);
        let composite = contract.fields(field.gives_name()).is_some();
        let fresh = composite && !self.style.merge;
        let alias = self.keys.take(parent, field, &format!("{arguments:?}"), fresh, self.random);
        let below = if composite { self.set(field.gives_name(), depth + 1) } else { Vec::new() };
        Some(Selection {
            what: What::Field { alias, name: field.name.clone(), arguments },
            directives: Vec::new(),
            below,
        })
    }
}

impl Keys {
    /// Returns an alias if the field's own name is taken, or by chance.
    fn take(
        &mut self,
        parent: &str,
        field: &Field,
        arguments: &str,
        fresh: bool,
        random: &mut Random,
    ) -> Option<String> {
        let mut candidates = vec![field.name.clone()];
        // The fields of an interface keep their names, so that they agree with the fields of its objects.
        if parent != "Node" && random.percent(25) {
            let other = ["a", "b", "c", "id", "name", "user"];
            candidates.insert(0, (*random.one(&other)).to_owned());
        }
        let ty = field.gives.to_string();
        let asked = format!("{} {arguments}", field.name);
        for key in candidates {
            let entry = (parent.to_owned(), key.clone());
            let known = self.types.get(&key);
            let free = if fresh { known.is_none() } else { known.is_none_or(|known| *known == ty) };
            let agrees = field.name == "id" || key != "id";
            if free && agrees && self.fields.get(&entry).is_none_or(|known| *known == asked) {
                self.types.insert(key.clone(), ty);
                self.fields.insert(entry, asked);
                return (key != field.name).then_some(key);
            }
        }
        self.made += 1;
        let key = format!("k{}", self.made);
        self.types.insert(key.clone(), ty);
        self.fields.insert((parent.to_owned(), key.clone()), asked);
        Some(key)
    }
}
