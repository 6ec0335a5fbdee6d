//! Limits introspection. Its lists form cycles (types have fields, and fields have types), so a small document can
//! request everything many times over.

use super::shape::DocumentLimits;
use crate::document::graph::FragmentGraph;
use crate::document::parse::ast::{Document, Selection, Selections};
use crate::document::schema::{Field as Defined, ListSizes, Schema, TypeId, TypeKind};

/// The size of a selection on introspection types.
#[derive(Clone, Copy, Default)]
struct Asked {
    /// Nesting depth of lists.
    lists: u64,
    values: u64,
}

impl Schema {
    /// Lengths of the introspection lists: the exact number of types and directives, and estimates for the others.
    pub(crate) fn list_sizes(&self) -> ListSizes {
        let count = |length: &dyn Fn(&TypeKind) -> usize| {
            let lengths =
                || self.types.iter().map(|definition| length(&definition.kind) as u64).filter(|long| *long > 0);
            lengths().sum::<u64>().div_ceil(lengths().count().max(1) as u64)
        };
        let fields = |kind: &TypeKind| match kind {
            TypeKind::Object(fields) | TypeKind::Interface(fields) => fields.all.len(),
            _ => 0,
        };
        let arguments = |kind: &TypeKind| match kind {
            TypeKind::Object(fields) | TypeKind::Interface(fields) => {
                fields.all.iter().map(|field| field.arguments.len()).max().unwrap_or_default()
            }
            _ => 0,
        };
        let possible = self
            .types
            .iter()
            .zip(&self.possible)
            .filter(|(definition, _)| matches!(definition.kind, TypeKind::Interface(_) | TypeKind::Union));
        [
            ("types", self.types.len() as u64),
            ("directives", self.directives.len() as u64),
            ("fields", count(&fields)),
            ("args", count(&arguments)),
            ("inputFields", count(&|kind| if let TypeKind::Input(input) = kind { input.fields.len() } else { 0 })),
            ("enumValues", count(&|kind| if let TypeKind::Enum(values) = kind { values.len() } else { 0 })),
            ("possibleTypes", possible.map(|(_, objects)| objects.len() as u64).max().unwrap_or_default()),
            ("interfaces", self.types.iter().map(|one| one.interfaces.len() as u64).max().unwrap_or_default()),
        ]
    }
}

impl Schema {
    /// The number of objects that a list of the introspection types has, exactly or on average; `None` for other fields.
    pub fn introspection_length(&self, parent: TypeId, field: &str) -> Option<u64> {
        if !self.name(parent).starts_with("__") {
            return None;
        }
        self.list_size(field)
    }

    fn list_size(&self, list: &str) -> Option<u64> {
        self.list_sizes.iter().find(|(name, _)| *name == list).map(|(_, size)| *size)
    }
}

/// Checks that a valid document stays within the limits on introspection. It visits each fragment once.
///
/// # Errors
/// A message for the client.
pub fn check(
    schema: &Schema,
    document: &Document<'_>,
    graph: &FragmentGraph<'_>,
    limits: &DocumentLimits,
) -> Result<(), String> {
    let fragments = vec![Asked::default(); document.fragments.len()];
    let mut reading = Reading { schema, graph, fragments };
    for number in graph.order() {
        let Some(fragment) = document.fragments.get(*number) else { continue };
        let asked = reading.set(schema.find(fragment.on.text), &fragment.selection);
        if let Some(known) = reading.fragments.get_mut(*number) {
            *known = asked;
        }
    }
    for operation in &document.operations {
        let asked = reading.set(schema.root(operation.kind), &operation.selection);
        if asked.lists > limits.introspected_lists {
            return Err(format!("The introspection nests more than {} lists.", limits.introspected_lists));
        }
        if asked.values > limits.introspected_values {
            let most = limits.introspected_values;
            return Err(format!("The introspection asks for more than {most} values; send its parts one by one."));
        }
    }
    Ok(())
}

struct Reading<'x> {
    schema: &'x Schema,
    graph: &'x FragmentGraph<'x>,
    /// The size of each fragment, once it is known.
    fragments: Vec<Asked>,
}

impl Reading<'_> {
    /// Computes the size of a selection set. The recursion is as deep as brackets may nest.
    fn set(&self, parent: Option<TypeId>, selections: &Selections<'_>) -> Asked {
        let mut asked = Asked::default();
        for selection in &selections.items {
            let more = match selection {
                Selection::Field(field) => {
                    let defined = parent.and_then(|parent| self.schema.field(parent, field.name.text));
                    let ty = defined.map(|defined| defined.ty.innermost());
                    let below = field.selection.as_ref().map(|below| self.set(ty, below)).unwrap_or_default();
                    match (parent, defined) {
                        (Some(parent), Some(defined)) if self.schema.name(parent).starts_with("__") => {
                            self.within(defined, below)
                        }
                        _ => below,
                    }
                }
                Selection::Inline(inline) => {
                    let on = inline.on.map_or(parent, |on| self.schema.find(on.text));
                    self.set(on, &inline.selection)
                }
                Selection::Spread(spread) => {
                    let number = self.graph.find(spread.name.text);
                    number.and_then(|number| self.fragments.get(number)).copied().unwrap_or_default()
                }
            };
            asked.lists = asked.lists.max(more.lists);
            asked.values = asked.values.saturating_add(more.values);
        }
        asked
    }

    /// The size of an introspection field with the selection below it.
    fn within(&self, field: &Defined, below: Asked) -> Asked {
        let times = self.schema.list_size(&field.name);
        let values = below.values.saturating_add(1).saturating_mul(times.unwrap_or(1).max(1));
        Asked { lists: below.lists + u64::from(times.is_some()), values }
    }
}
