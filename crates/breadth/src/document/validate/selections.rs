//! Validates selections (GraphQL, sections 5.3 and 5.5.2).

use super::arguments::Owner;
use super::validator::Validator;
use crate::document::parse::ast::{Field, Inline, Selection, Selections, Spread};
use crate::document::parse::diagnostic::short;
use crate::document::schema::{Field as Defined, TypeId};

impl<'a> Validator<'_, 'a, '_> {
    /// Validates a selection set. `parent` is `None` if the type is unknown, for which an error is already reported.
    /// The recursion is as deep as brackets may nest.
    pub fn selections(&mut self, parent: Option<TypeId>, selections: &Selections<'a>) {
        for selection in &selections.items {
            if self.is_full() {
                return;
            }
            match selection {
                Selection::Field(field) => {
                    self.path.push(field.response_name().text);
                    self.field(parent, field);
                    self.path.pop();
                }
                Selection::Inline(inline) => self.inline(parent, inline),
                Selection::Spread(spread) => self.spread(parent, spread),
            }
        }
    }

    fn field(&mut self, parent: Option<TypeId>, field: &Field<'a>) {
        let schema = self.schema;
        let defined = parent.and_then(|parent| schema.field(parent, field.name.text));
        if let (Some(parent), None) = (parent, defined) {
            let message = |_: &Self| {
                format!("Cannot query field \"{}\" on type \"{}\".", short(field.name.text), schema.name(parent))
            };
            self.diagnostic(message, [field.at()]);
        }
        match (parent, defined) {
            (Some(parent), Some(defined)) => {
                self.introspects |= matches!(field.name.text, "__schema" | "__type");
                let owner = Owner::Field { of: schema.name(parent), name: field.name.text };
                self.arguments(&field.arguments, &defined.arguments, owner, field.at());
            }
            _ => self.unknown_arguments(&field.arguments),
        }
        self.directives(&field.directives, "FIELD");
        if let Some(defined) = defined {
            self.leaf(defined, field);
        }
        if let Some(below) = &field.selection {
            let ty = defined.map(|defined| defined.ty.innermost()).filter(|ty| schema.is_composite(*ty));
            self.selections(ty, below);
        }
    }

    /// Fields of composite types must have a selection, and other fields must not (GraphQL, section 5.3.3).
    fn leaf(&mut self, defined: &Defined, field: &Field<'a>) {
        let schema = self.schema;
        let (name, ty) = (field.name.text, &defined.ty);
        match (schema.is_composite(ty.innermost()), &field.selection) {
            (true, None) => {
                let message = |_: &Self| {
                    format!(
                        "Field \"{name}\" of type \"{}\" must have a selection of subfields. Did you mean \"{name} {{ ... \
                         }}\"?",
                        schema.show(ty)
                    )
                };
                self.diagnostic(message, [field.at()]);
            }
            (false, Some(below)) => {
                let message = |_: &Self| {
                    let ty = schema.show(ty);
                    format!("Field \"{name}\" must not have a selection since type \"{ty}\" has no subfields.")
                };
                self.diagnostic(message, [below.at]);
            }
            _ => {}
        }
    }

    fn inline(&mut self, parent: Option<TypeId>, inline: &Inline<'a>) {
        let on = match inline.on {
            Some(on) => self.condition(on, None),
            None => parent,
        };
        if let (Some(on), Some(parent)) = (on, parent)
            && !self.schema.overlap(on, parent)
        {
            let message = |this: &Self| {
                let (parent, on) = (this.schema.name(parent), this.schema.name(on));
                format!("Fragment cannot be spread here as objects of type \"{parent}\" can never be of type \"{on}\".")
            };
            self.diagnostic(message, [inline.at]);
        }
        self.directives(&inline.directives, "INLINE_FRAGMENT");
        self.selections(on, &inline.selection);
    }

    fn spread(&mut self, parent: Option<TypeId>, spread: &Spread<'a>) {
        let (document, schema) = (self.document, self.schema);
        let fragment = self.graph.find(spread.name.text).and_then(|number| document.fragments.get(number));
        match fragment {
            None => {
                self.diagnostic(|_| format!("Unknown fragment \"{}\".", short(spread.name.text)), [spread.name.at]);
            }
            Some(fragment) => {
                let on = schema.find(fragment.on.text).filter(|on| schema.is_composite(*on));
                if let (Some(on), Some(parent)) = (on, parent)
                    && !schema.overlap(on, parent)
                {
                    let message = |_: &Self| {
                        let (name, parent, on) = (short(spread.name.text), schema.name(parent), schema.name(on));
                        format!(
                            "Fragment \"{name}\" cannot be spread here as objects of type \"{parent}\" can never be of \
                             type \"{on}\"."
                        )
                    };
                    self.diagnostic(message, [spread.at]);
                }
            }
        }
        self.directives(&spread.directives, "FRAGMENT_SPREAD");
    }
}
