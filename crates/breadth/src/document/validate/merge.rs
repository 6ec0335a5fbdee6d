//! Checks that fields with the same response name can be merged (GraphQL, section 5.3.2).
//!
//! All fields that meet in one place of the response are grouped by response name, and each is compared only with the
//! first of its group, which suffices because the comparison is an equivalence. The time is therefore linear in the
//! number of fields; comparing all pairs would be quadratic.

use std::collections::{HashMap, HashSet};

use super::validator::Validator;
use crate::document::parse::ast::{Argument, Field, Selection, Selections, Value, ValueKind};
use crate::document::parse::diagnostic::{MAX_DIAGNOSTICS, short};
use crate::document::schema::{Field as Defined, Schema, TypeId, TypeRef};

/// Maximum number of fields and argument values that are compared. Fields below a field of an interface are compared
/// once per object type next to it, and so on at each level, so a crafted document could make few fields be compared
/// many times. In other documents, 2,000 fields take about 4,000 steps.
const MAX_STEPS: usize = 200_000;
/// Bytes of a text that are compared in one step.
const BYTES_OF_A_STEP: usize = 256;

#[derive(Clone, Copy)]
struct Mention<'d, 'a, 's> {
    field: &'d Field<'a>,
    parent: Option<TypeId>,
    defined: Option<&'s Defined>,
}

/// The two rules of field merging.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Responses have the same shape, whatever the objects are.
    Shape,
    /// Fields that can be on the same object are the same field.
    Fields,
}

struct Merging<'d, 'a> {
    steps: usize,
    /// Response names around the current field, from the outermost one that merges several fields.
    path: Vec<&'a str>,
    conflicts: Vec<(String, [&'d Field<'a>; 2])>,
}

impl<'d, 'a, 's> Validator<'d, 'a, 's> {
    pub fn merges(&mut self) {
        if self.is_full() {
            return;
        }
        let document = self.document;
        let mut merging = Merging { steps: 0, path: Vec::new(), conflicts: Vec::new() };
        for operation in &document.operations {
            let root = self.schema.root(operation.kind);
            let set = self.collect(std::iter::once((root, &operation.selection)));
            // The stricter rule runs first: if the fields differ, that is reported and not that their types do.
            self.set(&set, Rule::Fields, &mut merging);
            self.set(&set, Rule::Shape, &mut merging);
        }
        if merging.steps > MAX_STEPS {
            self.diagnostic(|_| "The document asks for fields of one name in too many combinations.".to_owned(), []);
        }
        for (reason, [one, other]) in merging.conflicts {
            self.diagnostic(|_| reason, [one.at(), other.at()]);
        }
    }

    /// Collects all fields of some selections with fragments expanded, each fragment once.
    fn collect(&self, sets: impl Iterator<Item = (Option<TypeId>, &'d Selections<'a>)>) -> Vec<Mention<'d, 'a, 's>> {
        let (mut found, mut seen) = (Vec::new(), HashSet::new());
        for (parent, selections) in sets {
            self.collect_from(parent, selections, &mut found, &mut seen);
        }
        found
    }

    fn collect_from(
        &self,
        parent: Option<TypeId>,
        selections: &'d Selections<'a>,
        found: &mut Vec<Mention<'d, 'a, 's>>,
        seen: &mut HashSet<usize>,
    ) {
        let schema = self.schema;
        for selection in &selections.items {
            match selection {
                Selection::Field(field) => {
                    let defined = parent.and_then(|parent| schema.field(parent, field.name.text));
                    found.push(Mention { field, parent, defined });
                }
                Selection::Inline(inline) => {
                    let on = inline.on.map_or(parent, |on| schema.find(on.text));
                    self.collect_from(on, &inline.selection, found, seen);
                }
                Selection::Spread(spread) => {
                    if let Some(number) = self.graph.find(spread.name.text)
                        && seen.insert(number)
                        && let Some(fragment) = self.document.fragments.get(number)
                    {
                        self.collect_from(schema.find(fragment.on.text), &fragment.selection, found, seen);
                    }
                }
            }
        }
    }

    /// Compares the fields of a set. The recursion is as deep as selections may nest.
    fn set(&self, set: &[Mention<'d, 'a, 's>], rule: Rule, merging: &mut Merging<'d, 'a>) {
        merging.steps += set.len();
        if merging.steps > MAX_STEPS {
            return;
        }
        for group in grouped(set) {
            let Some(first) = group.first() else { continue };
            if group.len() == 1 {
                // A field that is not merged is not part of the path that an error reports.
                let path = std::mem::take(&mut merging.path);
                self.below(&group, rule, merging);
                merging.path = path;
                continue;
            }
            let name = first.field.response_name().text;
            for part in self.parts(&group, rule) {
                let Some(first) = part.first() else { continue };
                let mut conflict = false;
                for other in part.iter().skip(1) {
                    if merging.steps > MAX_STEPS {
                        return;
                    }
                    let difference = match rule {
                        Rule::Shape => self.shapes_differ(first, other),
                        Rule::Fields => fields_differ(first.field, other.field, &mut merging.steps),
                    };
                    if let Some(difference) = difference {
                        conflict = true;
                        let reason = || difference.told(self.schema, first, other);
                        merging.conflict(name, reason, [first.field, other.field]);
                    }
                }
                if !conflict {
                    merging.path.push(name);
                    self.below(&part, rule, merging);
                    merging.path.pop();
                }
            }
        }
    }

    fn below(&self, mentions: &[Mention<'d, 'a, 's>], rule: Rule, merging: &mut Merging<'d, 'a>) {
        let sets = mentions.iter().filter_map(|mention| {
            let ty = mention.defined.map(|defined| defined.ty.innermost());
            Some((ty, mention.field.selection.as_ref()?))
        });
        let set = self.collect(sets);
        if !set.is_empty() {
            self.set(&set, rule, merging);
        }
    }

    /// Splits a group into fields that can be on the same object; fields of two different object types cannot.
    fn parts(&self, group: &[Mention<'d, 'a, 's>], rule: Rule) -> Vec<Vec<Mention<'d, 'a, 's>>> {
        let object = |mention: &Mention<'_, '_, '_>| mention.parent.filter(|parent| self.schema.is_object(*parent));
        let mut objects: Vec<TypeId> = Vec::new();
        if rule == Rule::Fields {
            objects = group.iter().filter_map(object).collect();
            objects.sort_unstable();
            objects.dedup();
        }
        if objects.len() < 2 {
            return vec![group.to_vec()];
        }
        let part = |ty: TypeId| {
            group.iter().filter(move |mention| object(mention).is_none_or(|found| found == ty)).copied().collect()
        };
        objects.into_iter().map(part).collect()
    }

    fn shapes_differ(&self, one: &Mention<'_, '_, 's>, other: &Mention<'_, '_, 's>) -> Option<Difference> {
        let differ = self.types_differ(&one.defined?.ty, &other.defined?.ty);
        differ.then_some(Difference::Types)
    }

    fn types_differ(&self, one: &TypeRef, other: &TypeRef) -> bool {
        match (one, other) {
            (TypeRef::List(one), TypeRef::List(other)) | (TypeRef::NonNull(one), TypeRef::NonNull(other)) => {
                self.types_differ(one, other)
            }
            (TypeRef::Named(one), TypeRef::Named(other)) => {
                one != other && !(self.schema.is_composite(*one) && self.schema.is_composite(*other))
            }
            _ => true,
        }
    }
}

impl<'d, 'a> Merging<'d, 'a> {
    fn conflict(&mut self, name: &str, reason: impl FnOnce() -> String, fields: [&'d Field<'a>; 2]) {
        // If two fields differ in both type and name, one error is reported.
        let is_known = |known: &[&Field<'_>; 2]| known[0].at() == fields[0].at() && known[1].at() == fields[1].at();
        if self.conflicts.len() >= MAX_DIAGNOSTICS || self.conflicts.iter().any(|(_, known)| is_known(known)) {
            return;
        }
        let mut message = String::new();
        for (number, around) in self.path.iter().map(|around| short(around)).chain([short(name)]).enumerate() {
            let what = if number == 0 { "Fields" } else { "subfields" };
            message.extend([what, " \"", &around, "\" conflict because "]);
        }
        message.push_str(&reason());
        message.push_str(". Use different aliases on the fields to fetch both if this was intentional.");
        self.conflicts.push((message, fields));
    }
}

/// Groups fields by response name, in the order of the document.
fn grouped<'d, 'a, 's>(set: &[Mention<'d, 'a, 's>]) -> Vec<Vec<Mention<'d, 'a, 's>>> {
    let mut groups: Vec<Vec<Mention<'d, 'a, 's>>> = Vec::with_capacity(set.len());
    let mut numbers: HashMap<&str, usize> = HashMap::with_capacity(set.len());
    for mention in set {
        let number = *numbers.entry(mention.field.response_name().text).or_insert(groups.len());
        match groups.get_mut(number) {
            Some(group) => group.push(*mention),
            None => groups.push(vec![*mention]),
        }
    }
    groups
}

/// Why two fields cannot be merged.
#[derive(Clone, Copy)]
enum Difference {
    Names,
    Arguments,
    Types,
}

impl Difference {
    fn told(self, schema: &Schema, one: &Mention<'_, '_, '_>, other: &Mention<'_, '_, '_>) -> String {
        let ty = |of: &Mention<'_, '_, '_>| of.defined.map(|defined| schema.show(&defined.ty)).unwrap_or_default();
        match self {
            Self::Names => {
                let (one, other) = (short(one.field.name.text), short(other.field.name.text));
                format!("\"{one}\" and \"{other}\" are different fields")
            }
            Self::Arguments => "they have differing arguments".to_owned(),
            Self::Types => format!("they return conflicting types \"{}\" and \"{}\"", ty(one), ty(other)),
        }
    }
}

fn fields_differ(one: &Field<'_>, other: &Field<'_>, steps: &mut usize) -> Option<Difference> {
    if one.name.text != other.name.text {
        return Some(Difference::Names);
    }
    (!same_arguments(&one.arguments, &other.arguments, steps)).then_some(Difference::Arguments)
}

/// Compares arguments in any order. Counts the values it compares as steps, and long texts by their length.
fn same_arguments(one: &[Argument<'_>], other: &[Argument<'_>], steps: &mut usize) -> bool {
    if one.len() != other.len() {
        return false;
    }
    if let ([one], [other]) = (one, other) {
        return same_argument(one, other, steps);
    }
    sorted(one).into_iter().zip(sorted(other)).all(|(one, other)| same_argument(one, other, steps))
}

fn sorted<'x, 'a>(arguments: &'x [Argument<'a>]) -> Vec<&'x Argument<'a>> {
    let mut sorted: Vec<_> = arguments.iter().collect();
    sorted.sort_by_key(|argument| argument.name.text);
    sorted
}

fn same_argument(one: &Argument<'_>, other: &Argument<'_>, steps: &mut usize) -> bool {
    one.name.text == other.name.text && same_value(&one.value, &other.value, steps)
}

fn same_value(one: &Value<'_>, other: &Value<'_>, steps: &mut usize) -> bool {
    *steps += 1;
    match (&one.kind, &other.kind) {
        (ValueKind::Variable(one), ValueKind::Variable(other))
        | (ValueKind::Int(one), ValueKind::Int(other))
        | (ValueKind::Float(one), ValueKind::Float(other))
        | (ValueKind::Enum(one), ValueKind::Enum(other)) => one == other,
        (ValueKind::Text(one, is_block), ValueKind::Text(other, is_other_block)) => {
            *steps += one.len() / BYTES_OF_A_STEP;
            one == other && is_block == is_other_block
        }
        (ValueKind::Boolean(one), ValueKind::Boolean(other)) => one == other,
        (ValueKind::Null, ValueKind::Null) => true,
        (ValueKind::List(one), ValueKind::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same_value(one, other, steps))
        }
        (ValueKind::Object(one), ValueKind::Object(other)) => same_arguments(one, other, steps),
        _ => false,
    }
}
