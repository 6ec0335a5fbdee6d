//! A schema made of its text. The text is the server's own: what is wrong with it is an error of the program.

use std::collections::{HashMap, HashSet};

use async_graphql_parser::types as sdl;
use async_graphql_parser::{Error, Positioned, parse_schema};

use super::schema::{
    DirectiveDefinition, Field, Fields, Input, InputValue, Scalar, Schema, TypeDefinition, TypeId, TypeKind, Wrapped,
};

/// What every schema has (GraphQL, sections 3.5, 3.14 and 4.2).
const INTROSPECTION: &str = "
scalar Int scalar Float scalar String scalar Boolean scalar ID
directive @skip(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @include(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @deprecated(reason: String! = \"No longer supported\") on FIELD_DEFINITION | ENUM_VALUE
directive @specifiedBy(url: String!) on SCALAR
directive @oneOf on INPUT_OBJECT
type __Schema {
  description: String types: [__Type!]! queryType: __Type! mutationType: __Type subscriptionType: __Type
  directives: [__Directive!]!
}
type __Type {
  kind: __TypeKind! name: String description: String specifiedByURL: String
  fields(includeDeprecated: Boolean! = false): [__Field!] interfaces: [__Type!] possibleTypes: [__Type!]
  enumValues(includeDeprecated: Boolean! = false): [__EnumValue!]
  inputFields(includeDeprecated: Boolean! = false): [__InputValue!] ofType: __Type isOneOf: Boolean
}
enum __TypeKind { SCALAR OBJECT INTERFACE UNION ENUM INPUT_OBJECT LIST NON_NULL }
type __Field {
  name: String! description: String args(includeDeprecated: Boolean! = false): [__InputValue!]! type: __Type!
  isDeprecated: Boolean! deprecationReason: String
}
type __InputValue {
  name: String! description: String type: __Type! defaultValue: String isDeprecated: Boolean!
  deprecationReason: String
}
type __EnumValue { name: String! description: String isDeprecated: Boolean! deprecationReason: String }
type __Directive {
  name: String! description: String isRepeatable: Boolean! locations: [__DirectiveLocation!]!
  args(includeDeprecated: Boolean! = false): [__InputValue!]!
}
enum __DirectiveLocation {
  QUERY MUTATION SUBSCRIPTION FIELD FRAGMENT_DEFINITION FRAGMENT_SPREAD INLINE_FRAGMENT VARIABLE_DEFINITION SCHEMA SCALAR
  OBJECT FIELD_DEFINITION ARGUMENT_DEFINITION INTERFACE UNION ENUM ENUM_VALUE INPUT_OBJECT INPUT_FIELD_DEFINITION
}
";

/// Scalars of a schema's own, and how their values are told.
pub type OwnScalars<'a> = &'a [(&'a str, Scalar)];

impl Schema {
    /// Reads a schema as it is printed. Scalars of its own that are not named take any value.
    ///
    /// # Errors
    /// Where the text is no schema.
    ///
    /// # Panics
    /// Where the text names a type that it does not define, or has no query type: it is the program's own, and any test
    /// finds it.
    pub fn of(text: &str, scalars: OwnScalars<'_>) -> Result<Self, Error> {
        let (mut types, mut directives, mut roots) = (Vec::new(), Vec::new(), None);
        for text in [INTROSPECTION, text] {
            for definition in parse_schema(text)?.definitions {
                match definition {
                    sdl::TypeSystemDefinition::Type(definition) => types.push(definition.node),
                    sdl::TypeSystemDefinition::Directive(definition) => {
                        let repeatable = is_repeatable(text, &definition.node.name.node);
                        directives.push((definition.node, repeatable));
                    }
                    sdl::TypeSystemDefinition::Schema(schema) => roots = Some(schema.node),
                }
            }
        }
        let ids = types.iter().zip(0..).map(|(definition, id)| (definition.name.node.to_string(), id));
        let building = Building { by_name: ids.collect(), scalars };
        let possible = building.possible(&types);
        let named = |name: Option<&Positioned<_>>| {
            name.map(|name: &Positioned<async_graphql_value::Name>| building.id(&name.node))
        };
        let (query, mutation, subscription) = match &roots {
            Some(roots) => (
                named(roots.query.as_ref()),
                named(roots.mutation.as_ref()),
                named(roots.subscription.as_ref()),
            ),
            None => {
                let found = |name: &str| building.by_name.get(name).copied();
                (found("Query"), found("Mutation"), found("Subscription"))
            }
        };
        let non_null = |name: &str| Wrapped::NonNull(Box::new(Wrapped::Named(building.id(name))));
        let name = InputValue { name: "name".to_owned(), ty: non_null("String"), default: None };
        let meta = [
            Field { ty: non_null("__Schema"), arguments: Vec::new() },
            Field { ty: Wrapped::Named(building.id("__Type")), arguments: vec![name] },
            Field { ty: non_null("String"), arguments: Vec::new() },
        ];
        Ok(Self {
            types: types.into_iter().map(|definition| building.definition(definition)).collect(),
            directives: directives.into_iter().map(|(one, repeatable)| building.directive(one, repeatable)).collect(),
            possible,
            query: query.expect("a schema has a query type"),
            mutation,
            subscription,
            meta,
            by_name: building.by_name,
        })
    }
}

struct Building<'a> {
    by_name: HashMap<String, TypeId>,
    scalars: OwnScalars<'a>,
}

impl Building<'_> {
    fn id(&self, name: &str) -> TypeId {
        *self.by_name.get(name).unwrap_or_else(|| panic!("the schema has no type {name}"))
    }

    fn wrapped(&self, ty: &sdl::Type) -> Wrapped {
        let base = match &ty.base {
            sdl::BaseType::Named(name) => Wrapped::Named(self.id(name)),
            sdl::BaseType::List(inner) => Wrapped::List(Box::new(self.wrapped(inner))),
        };
        if ty.nullable { base } else { Wrapped::NonNull(Box::new(base)) }
    }

    /// The object types that objects of each type may be of.
    fn possible(&self, types: &[sdl::TypeDefinition]) -> Vec<HashSet<TypeId>> {
        let mut possible = vec![HashSet::new(); types.len()];
        let mut is = |general: TypeId, object: TypeId| {
            if let Some(objects) = possible.get_mut(general as usize) {
                objects.insert(object);
            }
        };
        for (definition, id) in types.iter().zip(0..) {
            match &definition.kind {
                sdl::TypeKind::Object(object) => {
                    is(id, id);
                    object.implements.iter().for_each(|interface| is(self.id(&interface.node), id));
                }
                sdl::TypeKind::Union(union) => union.members.iter().for_each(|object| is(id, self.id(&object.node))),
                _ => {}
            }
        }
        possible
    }

    fn definition(&self, definition: sdl::TypeDefinition) -> TypeDefinition {
        let name = definition.name.node.to_string();
        let kind = match definition.kind {
            sdl::TypeKind::Scalar => TypeKind::Scalar(self.scalar(&name)),
            sdl::TypeKind::Object(object) => TypeKind::Object(self.fields(object.fields)),
            sdl::TypeKind::Interface(interface) => TypeKind::Interface(self.fields(interface.fields)),
            sdl::TypeKind::Union(_) => TypeKind::Union,
            sdl::TypeKind::Enum(values) => {
                TypeKind::Enum(values.values.into_iter().map(|value| value.node.value.node.to_string()).collect())
            }
            sdl::TypeKind::InputObject(input) => TypeKind::Input(Input {
                fields: self.values(input.fields),
                one_of: definition.directives.iter().any(|directive| directive.node.name.node == "oneOf"),
            }),
        };
        TypeDefinition { name, kind }
    }

    fn scalar(&self, name: &str) -> Scalar {
        match name {
            "Int" => Scalar::Int,
            "Float" => Scalar::Float,
            "String" => Scalar::Text,
            "Boolean" => Scalar::Boolean,
            "ID" => Scalar::Id,
            _ => self.scalars.iter().find(|(own, _)| *own == name).map_or(Scalar::Any, |(_, scalar)| *scalar),
        }
    }

    fn fields(&self, fields: Vec<Positioned<sdl::FieldDefinition>>) -> Fields {
        let field = |field: sdl::FieldDefinition| {
            let ty = self.wrapped(&field.ty.node);
            (field.name.node.to_string(), Field { ty, arguments: self.values(field.arguments) })
        };
        fields.into_iter().map(|one| field(one.node)).collect()
    }

    fn values(&self, values: Vec<Positioned<sdl::InputValueDefinition>>) -> Vec<InputValue> {
        let value = |value: sdl::InputValueDefinition| InputValue {
            name: value.name.node.to_string(),
            ty: self.wrapped(&value.ty.node),
            default: value.default_value.map(|default| default.node),
        };
        values.into_iter().map(|one| value(one.node)).collect()
    }

    fn directive(&self, directive: sdl::DirectiveDefinition, repeatable: bool) -> (String, DirectiveDefinition) {
        let locations = directive.locations.iter().filter_map(|location| executable(location.node));
        let definition = DirectiveDefinition {
            repeatable,
            locations: locations.collect(),
            arguments: self.values(directive.arguments),
        };
        (directive.name.node.to_string(), definition)
    }
}

/// Whether a directive is declared to be repeatable. The library's parser takes all of them for that.
fn is_repeatable(text: &str, name: &str) -> bool {
    let declared = text.split_once(&format!("directive @{name}")).map(|(_, rest)| rest);
    declared.and_then(|rest| rest.split_once(" on ")).is_some_and(|(before, _)| before.ends_with("repeatable"))
}

/// A place in documents, as the specification calls it.
fn executable(location: sdl::DirectiveLocation) -> Option<&'static str> {
    Some(match location {
        sdl::DirectiveLocation::Query => "QUERY",
        sdl::DirectiveLocation::Mutation => "MUTATION",
        sdl::DirectiveLocation::Subscription => "SUBSCRIPTION",
        sdl::DirectiveLocation::Field => "FIELD",
        sdl::DirectiveLocation::FragmentDefinition => "FRAGMENT_DEFINITION",
        sdl::DirectiveLocation::FragmentSpread => "FRAGMENT_SPREAD",
        sdl::DirectiveLocation::InlineFragment => "INLINE_FRAGMENT",
        sdl::DirectiveLocation::VariableDefinition => "VARIABLE_DEFINITION",
        _ => return None,
    })
}
