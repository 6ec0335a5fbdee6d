//! What a client sends, held against the schema before anything runs.
//!
//! The library looks at many values only when their field runs: an integer out of range, a variable that is missing,
//! whatever stands in one object with an optional variable that is left out. In a document of two changes it would
//! find the second one wrong when the first is done. Here a document is refused as a whole.

use std::collections::{HashMap, HashSet, VecDeque};

use async_graphql::parser::types::{
    BaseType, DocumentOperations, Field, FieldDefinition, FragmentDefinition, InputValueDefinition,
    OperationDefinition, OperationType, Selection, SelectionSet, Type, TypeKind, TypeSystemDefinition,
};
use async_graphql::{Name, Pos, Positioned, Request, ServerError, Value as Constant, Variables};
use async_graphql_parser::parse_schema;
use async_graphql_value::Value as Literal;

use super::value::{Known, Sent, Wrong, value};

/// What the fields and directives of the schema take.
pub struct Inputs {
    /// The arguments and the type of each field, by the name of the type that it is a field of.
    fields: HashMap<String, HashMap<String, Takes>>,
    directives: HashMap<String, Arguments>,
    known: HashMap<String, Known>,
}

struct Takes {
    arguments: Arguments,
    gives: String,
}

/// The type of each argument.
type Arguments = HashMap<String, Type>;

impl Inputs {
    /// # Errors
    /// Where the text is no schema.
    pub fn of(sdl: &str) -> Result<Self, async_graphql_parser::Error> {
        let mut inputs = Self { fields: HashMap::new(), directives: HashMap::new(), known: HashMap::new() };
        for definition in parse_schema(sdl)?.definitions {
            let definition = match definition {
                TypeSystemDefinition::Type(definition) => definition,
                TypeSystemDefinition::Directive(Positioned { node, .. }) => {
                    inputs.directives.insert(node.name.node.to_string(), arguments(node.arguments));
                    continue;
                }
                TypeSystemDefinition::Schema(_) => continue,
            };
            let name = definition.node.name.node.to_string();
            match definition.node.kind {
                TypeKind::Object(object) => drop(inputs.fields.insert(name, fields(object.fields))),
                TypeKind::Interface(interface) => drop(inputs.fields.insert(name, fields(interface.fields))),
                TypeKind::Enum(values) => {
                    let values = values.values.into_iter().map(|value| value.node.value.node.to_string()).collect();
                    inputs.known.insert(name, Known::Enum(values));
                }
                TypeKind::InputObject(object) => {
                    let fields = object.fields.into_iter().map(|field| field.node);
                    let fields = fields.map(|field| (field.name.node.to_string(), required(&field), field.ty.node));
                    let fields = fields.map(|(name, required, ty)| (name, (ty, required))).collect();
                    inputs.known.insert(name, Known::Object(fields));
                }
                TypeKind::Scalar | TypeKind::Union(_) => {}
            }
        }
        Ok(inputs)
    }

    /// Looks at the variables and the arguments of the operation that would run. What else is wrong with the document
    /// is left to the library. Variables that were left out get their defaults: where the library decides `@skip` and
    /// `@include`, it does not look at these.
    ///
    /// # Errors
    /// What is wrong, each with its place in the document.
    pub fn check(&self, request: &mut Request) -> Result<(), Vec<ServerError>> {
        let mut variables = std::mem::take(&mut request.variables);
        let name = request.operation_name.clone();
        let mut errors = Vec::new();
        if let Ok(document) = request.parsed_query()
            && let Some(operation) = selected(&document.operations, name.as_deref())
        {
            let mut asked = Asked {
                inputs: self,
                operation,
                fragments: &document.fragments,
                variables: &variables,
                seen: HashSet::new(),
                waiting: VecDeque::new(),
                errors: &mut errors,
            };
            asked.variables();
            let root = match operation.ty {
                OperationType::Query => "Query",
                OperationType::Mutation => "Mutation",
                OperationType::Subscription => "Subscription",
            };
            asked.selection(root, &operation.selection_set.node);
            while let Some(fragment) = asked.waiting.pop_front() {
                asked.selection(&fragment.type_condition.node.on.node, &fragment.selection_set.node);
            }
            for definition in &operation.variable_definitions {
                if let Some(default) = &definition.node.default_value {
                    let name = definition.node.name.node.clone();
                    variables.entry(name).or_insert_with(|| default.node.clone());
                }
            }
        }
        request.variables = variables;
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

fn fields(definitions: Vec<Positioned<FieldDefinition>>) -> HashMap<String, Takes> {
    let takes = |field: FieldDefinition| Takes {
        gives: innermost(&field.ty.node).to_owned(),
        arguments: arguments(field.arguments),
    };
    definitions.into_iter().map(|field| (field.node.name.node.to_string(), takes(field.node))).collect()
}

fn arguments(definitions: Vec<Positioned<InputValueDefinition>>) -> Arguments {
    definitions.into_iter().map(|argument| (argument.node.name.node.to_string(), argument.node.ty.node)).collect()
}

fn required(field: &InputValueDefinition) -> bool {
    !field.ty.node.nullable && field.default_value.is_none()
}

/// The name of a type, or of what it is a list of.
pub fn innermost(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => innermost(inner),
    }
}

fn selected<'a>(operations: &'a DocumentOperations, name: Option<&str>) -> Option<&'a OperationDefinition> {
    match operations {
        DocumentOperations::Single(operation) => Some(&operation.node),
        DocumentOperations::Multiple(operations) => match name {
            Some(name) => operations.get(name).map(|operation| &operation.node),
            None => operations.values().next().filter(|_| operations.len() == 1).map(|operation| &operation.node),
        },
    }
}

/// One operation under examination.
struct Asked<'a> {
    inputs: &'a Inputs,
    operation: &'a OperationDefinition,
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    variables: &'a Variables,
    /// The fragments that the operation uses, as far as is known.
    seen: HashSet<&'a Name>,
    /// Those among them that are still to be looked at: not within the place of use, as a chain of them may be long.
    waiting: VecDeque<&'a FragmentDefinition>,
    errors: &'a mut Vec<ServerError>,
}

impl<'a> Asked<'a> {
    fn variables(&mut self) {
        for definition in &self.operation.variable_definitions {
            let Positioned { pos, node: definition } = definition;
            let (name, ty) = (&definition.name.node, &definition.var_type.node);
            let default = definition.default_value.as_ref().map(|default| &default.node);
            let found = match (self.variables.get(name), default) {
                (Some(sent), _) => value(&self.inputs.known, ty, &Sent::Json(sent), &|_| None),
                (None, Some(default)) => value(&self.inputs.known, ty, &Sent::Constant(default), &|_| None),
                (None, None) if !ty.nullable => Err(Wrong::here(format!("is missing; its type is {ty}"))),
                (None, None) => Ok(()),
            };
            self.refuse(found, *pos, &format!("Variable \"${name}"));
        }
    }

    fn selection(&mut self, parent: &str, set: &'a SelectionSet) {
        let inputs = self.inputs;
        for selection in &set.items {
            for Positioned { node: directive, .. } in selection.node.directives() {
                if let Some(takes) = inputs.directives.get(directive.name.node.as_str()) {
                    self.arguments(takes, &directive.arguments);
                }
            }
            match &selection.node {
                Selection::Field(field) => self.field(parent, &field.node),
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map(|condition| condition.node.on.node.as_str());
                    self.selection(on.unwrap_or(parent), &fragment.node.selection_set.node);
                }
                // Looked at once, wherever it is used. Another operation may use others, with other variables.
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if let Some(fragment) = self.fragments.get(name)
                        && self.seen.insert(name)
                    {
                        self.waiting.push_back(&fragment.node);
                    }
                }
            }
        }
    }

    fn field(&mut self, parent: &str, field: &'a Field) {
        let inputs = self.inputs;
        let Some(takes) = inputs.fields.get(parent).and_then(|fields| fields.get(field.name.node.as_str())) else {
            return;
        };
        self.arguments(&takes.arguments, &field.arguments);
        self.selection(&takes.gives, &field.selection_set.node);
    }

    fn arguments(&mut self, takes: &Arguments, sent: &[(Positioned<Name>, Positioned<Literal>)]) {
        for (name, sent) in sent {
            let Some(ty) = takes.get(name.node.as_str()) else { continue };
            let found = value(&self.inputs.known, ty, &Sent::Literal(&sent.node), &|variable| self.value_of(variable));
            self.refuse(found, sent.pos, &format!("Argument \"{}", name.node));
        }
    }

    fn value_of(&self, variable: &str) -> Option<&Constant> {
        self.variables.get(&Name::new(variable)).or_else(|| {
            let mut definitions = self.operation.variable_definitions.iter();
            let definition = definitions.find(|definition| definition.node.name.node == variable)?;
            Some(&definition.node.default_value.as_ref()?.node)
        })
    }

    fn refuse(&mut self, found: Result<(), Wrong>, pos: Pos, what: &str) {
        if let Err(Wrong { path, reason }) = found {
            self.errors.push(ServerError::new(format!("{what}{path}\" {reason}."), Some(pos)));
        }
    }
}
