//! Converts documents, in one pass, into async-graphql's types, from which its macros read arguments, inputs and
//! selections.

use std::collections::{HashMap, HashSet};

use serde_json::Number;

use super::parse::ast::{
    Argument, Directive, Document, Field, Fragment, Name, Offset, Operation, OperationKind, Selection, Selections,
    Type, Value, ValueKind, Variable,
};
use super::parse::diagnostic::LineIndex;
use crate::bridge::{ConstValue, Literal as TheirValue, Name as TheirName, Pos, Positioned, types as theirs};

pub struct AstConverter<'x> {
    pub lines: &'x LineIndex<'x>,
    /// Positions of integers that are IDs. They become strings, as large ones would lose digits.
    pub ids: &'x HashSet<Offset>,
}

impl AstConverter<'_> {
    /// Converts a valid document, in which names are unique.
    pub fn document(&self, document: &Document<'_>) -> theirs::ExecutableDocument {
        let fragments = document.fragments.iter().map(|one| (TheirName::new(one.name.text), self.fragment(one)));
        let operations = match &document.operations[..] {
            [operation] if operation.name.is_none() => theirs::DocumentOperations::Single(self.operation(operation)),
            operations => {
                let named =
                    operations.iter().filter_map(|one| Some((TheirName::new(one.name?.text), self.operation(one))));
                theirs::DocumentOperations::Multiple(named.collect::<HashMap<_, _>>())
            }
        };
        theirs::ExecutableDocument { operations, fragments: fragments.collect() }
    }

    fn position(&self, at: Offset) -> Pos {
        let place = self.lines.place(at);
        Pos { line: place.line, column: place.column }
    }

    fn at<T>(&self, at: Offset, node: T) -> Positioned<T> {
        Positioned::new(node, self.position(at))
    }

    fn name(&self, name: Name<'_>) -> Positioned<TheirName> {
        self.at(name.at, TheirName::new(name.text))
    }

    fn operation(&self, operation: &Operation<'_>) -> Positioned<theirs::OperationDefinition> {
        let ty = match operation.kind {
            OperationKind::Query => theirs::OperationType::Query,
            OperationKind::Mutation => theirs::OperationType::Mutation,
            OperationKind::Subscription => theirs::OperationType::Subscription,
        };
        let definition = theirs::OperationDefinition {
            ty,
            variable_definitions: operation.variables.iter().map(|variable| self.variable(variable)).collect(),
            directives: self.directives(&operation.directives),
            selection_set: self.selections(&operation.selection),
        };
        self.at(operation.at, definition)
    }

    fn variable(&self, variable: &Variable<'_>) -> Positioned<theirs::VariableDefinition> {
        let default = variable.default.as_ref();
        let definition = theirs::VariableDefinition {
            name: self.name(variable.name),
            var_type: self.at(variable.ty.at(), ty(&variable.ty)),
            directives: self.directives(&variable.directives),
            default_value: default.map(|default| self.at(default.at, self.constant(default))),
        };
        self.at(variable.at, definition)
    }

    fn fragment(&self, fragment: &Fragment<'_>) -> Positioned<theirs::FragmentDefinition> {
        let definition = theirs::FragmentDefinition {
            type_condition: self.condition(fragment.on),
            directives: self.directives(&fragment.directives),
            selection_set: self.selections(&fragment.selection),
        };
        self.at(fragment.at, definition)
    }

    fn condition(&self, on: Name<'_>) -> Positioned<theirs::TypeCondition> {
        self.at(on.at, theirs::TypeCondition { on: self.name(on) })
    }

    fn selections(&self, selections: &Selections<'_>) -> Positioned<theirs::SelectionSet> {
        let items = selections.items.iter().map(|selection| match selection {
            Selection::Field(field) => {
                self.at(field.at(), theirs::Selection::Field(self.at(field.at(), self.field(field))))
            }
            Selection::Spread(spread) => {
                let handed = theirs::FragmentSpread {
                    fragment_name: self.name(spread.name),
                    directives: self.directives(&spread.directives),
                };
                self.at(spread.at, theirs::Selection::FragmentSpread(self.at(spread.at, handed)))
            }
            Selection::Inline(inline) => {
                let handed = theirs::InlineFragment {
                    type_condition: inline.on.map(|on| self.condition(on)),
                    directives: self.directives(&inline.directives),
                    selection_set: self.selections(&inline.selection),
                };
                self.at(inline.at, theirs::Selection::InlineFragment(self.at(inline.at, handed)))
            }
        });
        self.at(selections.at, theirs::SelectionSet { items: items.collect() })
    }

    fn field(&self, field: &Field<'_>) -> theirs::Field {
        theirs::Field {
            alias: field.alias.map(|alias| self.name(alias)),
            name: self.name(field.name),
            arguments: self.arguments(&field.arguments),
            directives: self.directives(&field.directives),
            selection_set: field.selection.as_ref().map_or_else(Positioned::default, |below| self.selections(below)),
        }
    }

    fn directives(&self, directives: &[Directive<'_>]) -> Vec<Positioned<theirs::Directive>> {
        let handed = |directive: &Directive<'_>| {
            let (name, arguments) = (self.name(directive.name), self.arguments(&directive.arguments));
            self.at(directive.at, theirs::Directive { name, arguments })
        };
        directives.iter().map(handed).collect()
    }

    fn arguments(&self, arguments: &[Argument<'_>]) -> Vec<(Positioned<TheirName>, Positioned<TheirValue>)> {
        let handed = |argument: &Argument<'_>| {
            (self.name(argument.name), self.at(argument.value.at, self.value(&argument.value)))
        };
        arguments.iter().map(handed).collect()
    }

    fn value(&self, value: &Value<'_>) -> TheirValue {
        match &value.kind {
            ValueKind::Variable(name) => TheirValue::Variable(TheirName::new(name)),
            ValueKind::List(items) => TheirValue::List(items.iter().map(|item| self.value(item)).collect()),
            ValueKind::Object(fields) => {
                let fields = fields.iter().map(|field| (TheirName::new(field.name.text), self.value(&field.value)));
                TheirValue::Object(fields.collect())
            }
            _ => self.constant(value).into_value(),
        }
    }

    /// Converts a value without variables.
    pub fn constant(&self, value: &Value<'_>) -> ConstValue {
        match &value.kind {
            ValueKind::Int(text) if self.ids.contains(&value.at) => ConstValue::String((*text).to_owned()),
            ValueKind::List(items) => ConstValue::List(items.iter().map(|item| self.constant(item)).collect()),
            ValueKind::Object(fields) => {
                let fields = fields.iter().map(|field| (TheirName::new(field.name.text), self.constant(&field.value)));
                ConstValue::Object(fields.collect())
            }
            kind => own_value(kind),
        }
    }
}

/// Converts a value of a custom scalar, in which integers are not IDs, and a variable stands for null.
pub fn own_value(kind: &ValueKind<'_>) -> ConstValue {
    match kind {
        ValueKind::Variable(_) | ValueKind::Null => ConstValue::Null,
        ValueKind::Int(text) | ValueKind::Float(text) => ConstValue::Number(number(text)),
        ValueKind::Text(text, _) => ConstValue::String(text.clone().into_owned()),
        ValueKind::Boolean(flag) => ConstValue::Boolean(*flag),
        ValueKind::Enum(name) => ConstValue::Enum(TheirName::new(name)),
        ValueKind::List(items) => ConstValue::List(items.iter().map(|item| own_value(&item.kind)).collect()),
        ValueKind::Object(fields) => {
            let field = |field: &Argument<'_>| (TheirName::new(field.name.text), own_value(&field.value.kind));
            ConstValue::Object(fields.iter().map(field).collect())
        }
    }
}

/// Reads the number of a valid value, which is in range.
fn number(text: &str) -> Number {
    let whole = text.parse::<i64>().map(Number::from).or_else(|_| text.parse::<u64>().map(Number::from)).ok();
    whole.or_else(|| Number::from_f64(text.parse().ok()?)).unwrap_or_else(|| Number::from(0))
}

fn ty(ty: &Type<'_>) -> theirs::Type {
    let (nullable, inner) = match ty {
        Type::NonNull(inner) => (false, &**inner),
        other => (true, other),
    };
    let base = match inner {
        Type::List(_, inner) => theirs::BaseType::List(Box::new(self::ty(inner))),
        other => theirs::BaseType::Named(TheirName::new(other.innermost().text)),
    };
    theirs::Type { base, nullable }
}
