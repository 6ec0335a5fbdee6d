//! Mutates candidates.

use super::candidate::{Candidate, Field};
use super::generate::Generator;
use crate::stored::ALPHABETS;

/// Maximum number of fields; the server refuses larger requests.
const FIELDS: usize = 2_000;

impl Generator<'_> {
    /// Returns a copy of a candidate with one to three mutations.
    pub fn changed(&mut self, candidate: &Candidate) -> Candidate {
        let mut changed = candidate.clone();
        for _ in 0..=self.random.below(3) {
            self.change(&mut changed);
        }
        changed
    }

    fn change(&mut self, candidate: &mut Candidate) {
        let before = candidate.clone();
        match self.random.below(10) {
            0 | 1 => {
                let copies = *self.random.pick(&[1, 2, 4, 12, 60, 100, 180, 400]);
                self.any(candidate).copies = copies;
            }
            2 => {
                let root = if candidate.is_mutation { "Mutation" } else { "Query" };
                candidate.fields.extend(self.field(root, 0));
            }
            3 => {
                let field = self.any(candidate);
                let ty = field.ty.clone();
                field.fields.extend(self.field(&ty, 2));
            }
            4 => {
                let field = self.any(candidate);
                if field.fields.len() > 1 {
                    let at = self.random.below(field.fields.len());
                    field.fields.remove(at);
                } else if candidate.fields.len() > 1 {
                    let at = self.random.below(candidate.fields.len());
                    candidate.fields.remove(at);
                }
            }
            5..=7 => self.change_argument(candidate),
            8 => {
                candidate.how.alphabet = *self.random.pick(&ALPHABETS);
                candidate.how.length = *self.random.pick(&[100, 1_000, 10_000, 60_000, 250_000]);
            }
            _ => {
                candidate.how.at_once = *self.random.pick(&[1, 2, 5, 10, 25, 50]);
                candidate.how.reads = self.random.chance(80);
            }
        }
        if size(&candidate.fields) > FIELDS {
            *candidate = before;
        }
    }

    fn change_argument(&mut self, candidate: &mut Candidate) {
        let root = if candidate.is_mutation { "Mutation" } else { "Query" };
        let mut parent = root.to_owned();
        let at = self.random.below(count(&candidate.fields));
        let field = nth(&mut candidate.fields, &mut { at }, &mut parent).unwrap();
        let Some(definition) = self.schema.field(&parent, &field.name).filter(|it| !it.arguments.is_empty()) else {
            return;
        };
        let argument = &self.random.pick(&definition.arguments).node;
        let is_needed = !argument.ty.node.nullable && argument.default_value.is_none();
        let new = self.argument(argument);
        field.arguments.retain(|known| argument.name.node != known.name);
        if is_needed || self.random.chance(80) {
            field.arguments.extend(new);
        }
    }

    fn any<'c>(&mut self, candidate: &'c mut Candidate) -> &'c mut Field {
        let at = self.random.below(count(&candidate.fields));
        nth(&mut candidate.fields, &mut { at }, &mut String::new()).unwrap()
    }
}

fn count(fields: &[Field]) -> usize {
    fields.iter().map(|field| 1 + count(&field.fields)).sum()
}

/// Number of fields in the document, including copies.
fn size(fields: &[Field]) -> usize {
    fields.iter().fold(0, |sum: usize, field| sum.saturating_add(field.copies.saturating_mul(1 + size(&field.fields))))
}

/// Returns the field at a position in document order. `parent` becomes the type that it belongs to.
fn nth<'f>(fields: &'f mut [Field], at: &mut usize, parent: &mut String) -> Option<&'f mut Field> {
    for field in fields {
        if *at == 0 {
            return Some(field);
        }
        *at -= 1;
        let mut below = field.ty.clone();
        // Count first: the borrow checker does not let a field that was searched be returned from another branch.
        let inside = count(&field.fields);
        if *at < inside {
            let found = nth(&mut field.fields, at, &mut below);
            *parent = below;
            return found;
        }
        *at -= inside;
    }
    None
}
