//! Validates the declarations and uses of variables (GraphQL, section 5.8).

use std::collections::HashMap;

use super::validator::{Usage, Validator, repeated};
use super::values::Expected;
use crate::document::parse::ast::{Offset, Operation, Type, Value, ValueKind, Variable};
use crate::document::parse::diagnostic::short;
use crate::document::schema::{Schema, TypeRef};

/// The variables that an operation uses directly and in each of its fragments.
pub struct Used<'u, 'a, 's> {
    pub own: Vec<Usage<'a, 's>>,
    pub of_fragments: Vec<&'u Vec<Usage<'a, 's>>>,
}

/// A variable of an operation.
pub struct DeclaredVariable {
    pub ty: TypeRef,
    /// Whether the variable is nullable and used in a non-null position, so that its value decides (GraphQL, section
    /// 6.4.1).
    pub is_open: bool,
}

impl Schema {
    /// Resolves a type reference; returns `None` if the schema has no type of that name.
    fn resolve(&self, ty: &Type<'_>) -> Option<TypeRef> {
        Some(match ty {
            Type::Named(name) => TypeRef::Named(self.find(name.text)?),
            Type::List(_, inner) => TypeRef::List(Box::new(self.resolve(inner)?)),
            Type::NonNull(inner) => TypeRef::NonNull(Box::new(self.resolve(inner)?)),
        })
    }
}

struct Known<'v, 'a> {
    number: usize,
    variable: &'v Variable<'a>,
    is_used: bool,
}

impl<'a, 's> Validator<'_, 'a, 's> {
    pub fn variables(&mut self, operation: &Operation<'a>, used: &Used<'_, 'a, 's>) -> Vec<DeclaredVariable> {
        for (name, at) in repeated(operation.variables.iter().map(|variable| variable.name)) {
            self.diagnostic(|_| format!("There can be only one variable named \"${}\".", short(name)), at);
        }
        let mut declared: Vec<Option<DeclaredVariable>> =
            operation.variables.iter().map(|one| self.declared(one)).collect();
        let mut known = HashMap::with_capacity(operation.variables.len());
        for (number, variable) in operation.variables.iter().enumerate() {
            known.entry(variable.name.text).or_insert(Known { number, variable, is_used: false });
        }
        for usage in used.own.iter().chain(used.of_fragments.iter().copied().flatten()) {
            if self.is_full() {
                break;
            }
            let Some(known) = known.get_mut(usage.name) else {
                self.undefined(operation, usage);
                continue;
            };
            known.is_used = true;
            if let (Some(Some(declared)), Some(place)) = (declared.get_mut(known.number), usage.ty) {
                self.usage(known.variable, declared, usage, place);
            }
        }
        for variable in &operation.variables {
            // If two variables have the same name, only the first is known; the duplicate is already reported.
            let known = known.get(variable.name.text);
            if known.is_some_and(|known| !known.is_used && known.variable.at == variable.at) {
                let message = |_: &Self| {
                    format!("Variable \"${}\" is never used{}.", short(variable.name.text), of(operation, "in"))
                };
                self.diagnostic(message, [variable.at]);
            }
        }
        declared.into_iter().flatten().collect()
    }

    fn undefined(&mut self, operation: &Operation<'a>, usage: &Usage<'a, 's>) {
        let message = |_: &Self| format!("Variable \"${}\" is not defined{}.", short(usage.name), of(operation, "by"));
        self.diagnostic(message, [usage.at, operation.at]);
    }

    fn declared(&mut self, variable: &Variable<'a>) -> Option<DeclaredVariable> {
        let schema = self.schema;
        self.directives(&variable.directives, "VARIABLE_DEFINITION");
        let innermost = variable.ty.innermost();
        let ty = match schema.resolve(&variable.ty) {
            None => {
                self.diagnostic(|_| format!("Unknown type \"{}\".", short(innermost.text)), [innermost.at]);
                None
            }
            Some(ty) if !schema.is_input(ty.innermost()) => {
                let message = |_: &Self| {
                    let (name, ty) = (short(variable.name.text), schema.show(&ty));
                    format!("Variable \"${name}\" cannot be non-input type \"{ty}\".")
                };
                self.diagnostic(message, [variable.ty.at()]);
                None
            }
            ty => ty,
        };
        if let Some(default) = &variable.default {
            match &ty {
                Some(ty) => self.default(default, ty),
                None => self.unknown_value(default),
            }
        }
        // The definition of a variable contains no variables.
        self.usages.clear();
        Some(DeclaredVariable { ty: ty?, is_open: false })
    }

    /// Validates a default with a separate `Validator`, as `ty` does not live long enough and a default contains no
    /// variables.
    fn default(&mut self, default: &Value<'a>, ty: &TypeRef) {
        let mut validator = Validator {
            diagnostics: std::mem::take(&mut self.diagnostics),
            ids: std::mem::take(&mut self.ids),
            ..Validator::new(self.schema, self.document, self.graph)
        };
        validator.value(default, Expected { ty, has_default: false, one_of: None });
        (self.diagnostics, self.ids) = (validator.diagnostics, validator.ids);
    }

    /// Checks that a variable is allowed where it is used (GraphQL, section 5.8.5).
    fn usage(
        &mut self,
        variable: &Variable<'a>,
        declared: &mut DeclaredVariable,
        usage: &Usage<'a, 's>,
        place: &TypeRef,
    ) {
        let schema = self.schema;
        let own = &declared.ty;
        let is_open = place.is_non_null() && !own.is_non_null();
        let has_default = variable.default.as_ref().is_some_and(|default| !matches!(default.kind, ValueKind::Null));
        let fits =
            if is_open { (has_default || usage.has_default) && own.fits(place.nullable()) } else { own.fits(place) };
        let at: [Offset; 2] = [variable.at, usage.at];
        if fits {
            declared.is_open |= is_open;
        } else {
            let message = |_: &Self| {
                let (name, own, place) = (short(usage.name), schema.show(own), schema.show(place));
                format!("Variable \"${name}\" of type \"{own}\" used in position expecting type \"{place}\".")
            };
            self.diagnostic(message, at);
        }
        if let Some(one_of) = usage.one_of
            && !declared.ty.is_non_null()
        {
            let message = |_: &Self| {
                let (name, own, input) = (short(usage.name), schema.show(&declared.ty), schema.name(one_of));
                format!(
                    "Variable \"${name}\" is of type \"{own}\" but must be non-nullable to be used for OneOf Input Object \
                     \"{input}\"."
                )
            };
            self.diagnostic(message, at);
        }
    }
}

/// ` by operation "Name"`, or an empty string if the operation has no name.
fn of(operation: &Operation<'_>, word: &str) -> String {
    operation.name.map_or_else(String::new, |name| format!(" {word} operation \"{}\"", short(name.text)))
}
