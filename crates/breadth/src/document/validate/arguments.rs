//! Validates arguments and directives (GraphQL, sections 5.4 and 5.7).

use super::validator::{Validator, ValuePathStep, repeated};
use super::values::Expected;
use crate::document::parse::ast::{Argument, Directive, Name, Offset};
use crate::document::parse::diagnostic::short;
use crate::document::schema::InputValue;

/// The owner of the arguments.
#[derive(Clone, Copy)]
pub enum Owner<'n> {
    Field { of: &'n str, name: &'n str },
    Directive(&'n str),
}

impl Owner<'_> {
    fn of_argument(self, argument: &str) -> String {
        match self {
            Self::Field { of, name } => format!("{of}.{name}({argument}:)"),
            Self::Directive(name) => format!("@{name}({argument}:)"),
        }
    }
}

impl<'a, 's> Validator<'_, 'a, 's> {
    pub fn arguments(&mut self, given: &[Argument<'a>], defined: &'s [InputValue], owner: Owner<'_>, at: Offset) {
        self.unique(given.iter().map(|argument| argument.name), "argument");
        for argument in given {
            if let Some(defined) = defined.iter().find(|defined| defined.name == argument.name.text) {
                let expected = Expected { ty: &defined.ty, has_default: defined.default.is_some(), one_of: None };
                self.within.push(ValuePathStep::Name(argument.name.text));
                self.value(&argument.value, expected);
                self.within.pop();
                continue;
            }
            let message = |_: &Self| {
                let name = short(argument.name.text);
                match owner {
                    Owner::Field { of, name: field } => {
                        format!("Unknown argument \"{name}\" on field \"{of}.{field}\".")
                    }
                    Owner::Directive(directive) => {
                        format!("Unknown argument \"{name}\" on directive \"@{directive}\".")
                    }
                }
            };
            self.diagnostic(message, [argument.name.at]);
            self.unknown_value(&argument.value);
        }
        for defined in defined.iter().filter(|defined| defined.is_required()) {
            if !given.iter().any(|argument| argument.name.text == defined.name) {
                let message = |this: &Self| {
                    let (argument, ty) = (owner.of_argument(&defined.name), this.schema.show(&defined.ty));
                    let place = this.place();
                    format!("Argument \"{argument}\" of type \"{ty}\" is required, but it was not provided.{place}")
                };
                self.diagnostic(message, [at]);
            }
        }
    }

    /// Checks arguments of an unknown field or directive, for which an error is already reported.
    pub fn unknown_arguments(&mut self, given: &[Argument<'a>]) {
        self.unique(given.iter().map(|argument| argument.name), "argument");
        for argument in given {
            self.unknown_value(&argument.value);
        }
    }

    pub fn directives(&mut self, directives: &[Directive<'a>], location: &str) {
        let schema = self.schema;
        for directive in directives {
            let name = directive.name.text;
            let Some(defined) = schema.directive(name) else {
                self.diagnostic(|_| format!("Unknown directive \"@{}\".", short(name)), [directive.at]);
                self.unknown_arguments(&directive.arguments);
                continue;
            };
            if !defined.locations.contains(&location) {
                self.diagnostic(|_| format!("Directive \"@{name}\" may not be used on {location}."), [directive.at]);
            }
            self.arguments(&directive.arguments, &defined.arguments, Owner::Directive(name), directive.at);
        }
        let marked = directives.iter().map(|directive| Name { at: directive.at, ..directive.name });
        for (name, at) in repeated(marked) {
            if schema.directive(name).is_some_and(|defined| !defined.repeatable) {
                self.diagnostic(|_| format!("The directive \"@{name}\" can only be used once at this location."), at);
            }
        }
    }
}
