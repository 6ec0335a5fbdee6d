//! Builds a [`Schema`] from SDL. The text is the server's own, so an error in it is a bug in the program.

use std::collections::{HashMap, HashSet};

use crate::bridge::{ConstValue, Name, ParseError as Error, Positioned, parse_schema, types as sdl};

use super::schema::{
    Deprecated, DirectiveDefinition, EnumValue, Field, Fields, Input, InputValue, ListSizes, Scalar, Schema,
    TypeDefinition, TypeId, TypeKind, TypeRef,
};

/// The part that every schema contains (GraphQL, sections 3.5, 3.14 and 4.2).
const INTROSPECTION: &str = r#"
"A whole number of 32 bits, with its sign." scalar Int
"A number with a fraction, of 64 bits as IEEE 754 has it." scalar Float
"A text of Unicode characters." scalar String
"`true` or `false`." scalar Boolean
"An identifier: a text that means nothing else. A whole number is taken for one, too." scalar ID
"Leaves a field or a fragment out where its argument is true."
directive @skip("Whether to leave it out." if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
"Leaves a field or a fragment out where its argument is false."
directive @include("Whether to keep it." if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
"Marks what clients should do without."
directive @deprecated("Why, and what to use instead, in Markdown." reason: String! = "No longer supported")
on FIELD_DEFINITION | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION | ENUM_VALUE
"Names the specification of a scalar." directive @specifiedBy("Its address." url: String!) on SCALAR
"Marks an input object of which exactly one field is given, and not as null." directive @oneOf on INPUT_OBJECT
"What a server offers: its types, its directives, and where operations begin."
type __Schema {
  description: String "All types, those of the introspection among them." types: [__Type!]!
  "Where queries begin." queryType: __Type! "Where mutations begin." mutationType: __Type
  "Where subscriptions begin." subscriptionType: __Type "All directives." directives: [__Directive!]!
}
"A type, or a list of one, or one that is never null: `kind` tells which, and which fields say something."
type __Type {
  kind: __TypeKind! name: String description: String specifiedByURL: String
  fields(includeDeprecated: Boolean! = false): [__Field!] interfaces: [__Type!] possibleTypes: [__Type!]
  enumValues(includeDeprecated: Boolean! = false): [__EnumValue!]
  inputFields(includeDeprecated: Boolean! = false): [__InputValue!] ofType: __Type isOneOf: Boolean
}
"The kinds of types."
enum __TypeKind { SCALAR OBJECT INTERFACE UNION ENUM INPUT_OBJECT LIST NON_NULL }
"A field of an object or an interface."
type __Field {
  name: String! description: String args(includeDeprecated: Boolean! = false): [__InputValue!]! type: __Type!
  isDeprecated: Boolean! deprecationReason: String
}
"An argument, or a field of an input object."
type __InputValue {
  name: String! description: String type: __Type! "In the words of a document." defaultValue: String
  isDeprecated: Boolean! deprecationReason: String
}
"A value of an enumeration."
type __EnumValue { name: String! description: String isDeprecated: Boolean! deprecationReason: String }
"A directive."
type __Directive {
  name: String! description: String isRepeatable: Boolean! locations: [__DirectiveLocation!]!
  args(includeDeprecated: Boolean! = false): [__InputValue!]!
}
"Where directives may stand."
enum __DirectiveLocation {
  QUERY MUTATION SUBSCRIPTION FIELD FRAGMENT_DEFINITION FRAGMENT_SPREAD INLINE_FRAGMENT VARIABLE_DEFINITION SCHEMA SCALAR
  OBJECT FIELD_DEFINITION ARGUMENT_DEFINITION INTERFACE UNION ENUM ENUM_VALUE INPUT_OBJECT INPUT_FIELD_DEFINITION
}
"#;

/// Checks for the values of custom scalars, by the scalar's name.
pub type OwnScalars<'a> = &'a [(&'a str, Scalar)];

impl Schema {
    /// Parses a schema from SDL. `scalars` says which values the custom scalars accept; it needs an entry for each one
    /// that is used as an input.
    ///
    /// # Errors
    /// The text is not valid SDL.
    ///
    /// # Panics
    /// The text names a type that it does not define, it has no query type, a type lacks what its interfaces require,
    /// or `scalars` lacks a scalar of an input. The text is the program's own, so any test finds such a bug.
    pub fn of(text: &str, scalars: OwnScalars<'_>) -> Result<Self, Error> {
        let (mut types, mut directives, mut roots) = (Vec::new(), Vec::<(sdl::DirectiveDefinition, bool)>::new(), None);
        for text in [INTROSPECTION, text] {
            for definition in parse_schema(text)?.definitions {
                match definition {
                    sdl::TypeSystemDefinition::Type(definition) => types.push(definition.node),
                    sdl::TypeSystemDefinition::Directive(definition) => {
                        let name = &definition.node.name.node;
                        // The directives of the specification keep its definitions.
                        if directives.iter().all(|(known, _)| known.name.node != *name) {
                            let repeatable = is_repeatable(text, name);
                            directives.push((definition.node, repeatable));
                        }
                    }
                    sdl::TypeSystemDefinition::Schema(schema) => roots = Some(schema.node),
                }
            }
        }
        let ids = types.iter().zip(0..).map(|(definition, id)| (definition.name.node.to_string(), id));
        let building = Building { by_name: ids.collect(), scalars };
        let possible = building.possible(&types);
        let named = |name: Option<&Positioned<_>>| name.map(|name: &Positioned<Name>| building.id(&name.node));
        let (query, mutation, subscription) = if let Some(roots) = &roots {
            (named(roots.query.as_ref()), named(roots.mutation.as_ref()), named(roots.subscription.as_ref()))
        } else {
            let found = |name: &str| building.by_name.get(name).copied();
            (found("Query"), found("Mutation"), found("Subscription"))
        };
        let non_null = |name: &str| TypeRef::NonNull(Box::new(TypeRef::Named(building.id(name))));
        let name = InputValue {
            name: "name".to_owned(),
            description: None,
            deprecated: None,
            ty: non_null("String"),
            default: None,
        };
        let field = |name: &str, ty: TypeRef, arguments: Vec<InputValue>| Field {
            name: name.to_owned(),
            description: None,
            deprecated: None,
            ty,
            arguments,
        };
        let meta = [
            field("__schema", non_null("__Schema"), Vec::new()),
            field("__type", TypeRef::Named(building.id("__Type")), vec![name]),
            field("__typename", non_null("String"), Vec::new()),
        ];
        let mut schema = Self {
            description: None,
            types: types.into_iter().map(|definition| building.definition(definition)).collect(),
            directives: directives.into_iter().map(|(one, repeatable)| building.directive(one, repeatable)).collect(),
            possible,
            query: query.expect("a schema has a query type"),
            mutation,
            subscription,
            meta,
            list_sizes: ListSizes::default(),
            by_name: building.by_name,
        };
        schema.list_sizes = schema.list_sizes();
        for ty in schema.inputs() {
            let (name, is_any) = (schema.name(ty), matches!(schema.kind(ty), TypeKind::Scalar(Scalar::Any)));
            let is_named = scalars.iter().any(|(own, _)| *own == name);
            assert!(!is_any || is_named, "nothing says which values the scalar {name} takes");
        }
        schema.check_interfaces().unwrap_or_else(|error| panic!("{error}"));
        Ok(schema)
    }
}

impl Schema {
    /// The types of all arguments and of all fields of input objects.
    fn inputs(&self) -> impl Iterator<Item = TypeId> {
        let of_fields = |fields: &Fields| -> Vec<TypeId> {
            fields.all.iter().flat_map(|field| &field.arguments).map(|argument| argument.ty.innermost()).collect()
        };
        let of_type = move |definition: &TypeDefinition| match &definition.kind {
            TypeKind::Object(fields) | TypeKind::Interface(fields) => of_fields(fields),
            TypeKind::Input(input) => input.fields.iter().map(|field| field.ty.innermost()).collect(),
            TypeKind::Scalar(_) | TypeKind::Enum(_) | TypeKind::Union => Vec::new(),
        };
        self.types.iter().flat_map(of_type)
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

    fn wrapped(&self, ty: &sdl::Type) -> TypeRef {
        let base = match &ty.base {
            sdl::BaseType::Named(name) => TypeRef::Named(self.id(name)),
            sdl::BaseType::List(inner) => TypeRef::List(Box::new(self.wrapped(inner))),
        };
        if ty.nullable { base } else { TypeRef::NonNull(Box::new(base)) }
    }

    /// The possible object types of each type.
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
        let mut interfaces: Vec<TypeId> = Vec::new();
        let mut implements = |names: Vec<Positioned<Name>>| {
            interfaces.extend(names.iter().map(|name| self.id(&name.node)));
        };
        let kind = match definition.kind {
            sdl::TypeKind::Scalar => TypeKind::Scalar(self.scalar(&name)),
            sdl::TypeKind::Object(object) => {
                implements(object.implements);
                TypeKind::Object(self.fields(object.fields))
            }
            sdl::TypeKind::Interface(interface) => {
                implements(interface.implements);
                TypeKind::Interface(self.fields(interface.fields))
            }
            sdl::TypeKind::Union(_) => TypeKind::Union,
            sdl::TypeKind::Enum(values) => {
                TypeKind::Enum(values.values.into_iter().map(|value| enum_value(value.node)).collect())
            }
            sdl::TypeKind::InputObject(input) => TypeKind::Input(Input {
                fields: self.values(input.fields),
                one_of: definition.directives.iter().any(|directive| directive.node.name.node == "oneOf"),
            }),
        };
        let specified_by = text_of(&definition.directives, "specifiedBy", "url");
        let description = definition.description.map(|description| description.node);
        TypeDefinition { name, description, kind, interfaces, specified_by }
    }

    fn scalar(&self, name: &str) -> Scalar {
        match name {
            "Int" => Scalar::Int,
            "Float" => Scalar::Float,
            "String" => Scalar::String,
            "Boolean" => Scalar::Boolean,
            "ID" => Scalar::Id,
            _ => self.scalars.iter().find(|(own, _)| *own == name).map_or(Scalar::Any, |(_, scalar)| *scalar),
        }
    }

    fn fields(&self, fields: Vec<Positioned<sdl::FieldDefinition>>) -> Fields {
        let field = |field: sdl::FieldDefinition| Field {
            name: field.name.node.to_string(),
            description: field.description.map(|description| description.node),
            deprecated: deprecated(&field.directives),
            ty: self.wrapped(&field.ty.node),
            arguments: self.values(field.arguments),
        };
        let all: Vec<Field> = fields.into_iter().map(|one| field(one.node)).collect();
        let by_name = all.iter().enumerate().map(|(number, field)| (field.name.clone(), number)).collect();
        Fields { all, by_name }
    }

    fn values(&self, values: Vec<Positioned<sdl::InputValueDefinition>>) -> Vec<InputValue> {
        let value = |value: sdl::InputValueDefinition| InputValue {
            name: value.name.node.to_string(),
            description: value.description.map(|description| description.node),
            deprecated: deprecated(&value.directives),
            ty: self.wrapped(&value.ty.node),
            default: value.default_value.map(|default| default.node),
        };
        values.into_iter().map(|one| value(one.node)).collect()
    }

    fn directive(&self, directive: sdl::DirectiveDefinition, repeatable: bool) -> (String, DirectiveDefinition) {
        let name = directive.name.node.to_string();
        let definition = DirectiveDefinition {
            name: name.clone(),
            description: directive.description.map(|description| description.node),
            repeatable,
            locations: directive.locations.iter().map(|location| place(location.node)).collect(),
            arguments: self.values(directive.arguments),
        };
        (name, definition)
    }
}

/// Whether a directive is declared as repeatable. The library's parser reports all of them as repeatable.
fn is_repeatable(text: &str, name: &str) -> bool {
    let is_name = |char: char| char.is_ascii_alphanumeric() || char == '_';
    let mut declared = text.split("directive @").skip(1);
    let found = declared.find_map(|rest| rest.strip_prefix(name).filter(|rest| !rest.starts_with(is_name)));
    found.and_then(|rest| rest.split_once(" on ")).is_some_and(|(before, _)| before.trim_end().ends_with("repeatable"))
}

fn enum_value(value: sdl::EnumValueDefinition) -> EnumValue {
    EnumValue {
        name: value.value.node.to_string(),
        description: value.description.map(|description| description.node),
        deprecated: deprecated(&value.directives),
    }
}

fn deprecated(directives: &[Positioned<sdl::ConstDirective>]) -> Deprecated {
    directives.iter().find(|directive| directive.node.name.node == "deprecated")?;
    Some(text_of(directives, "deprecated", "reason").unwrap_or_else(|| "No longer supported".to_owned()))
}

/// A directive's argument, if the directive is there and the argument is a string.
fn text_of(directives: &[Positioned<sdl::ConstDirective>], directive: &str, argument: &str) -> Option<String> {
    let found = directives.iter().find(|found| found.node.name.node == directive)?;
    match &found.node.get_argument(argument)?.node {
        ConstValue::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// The specification's name of a directive location.
fn place(location: sdl::DirectiveLocation) -> &'static str {
    match location {
        sdl::DirectiveLocation::Query => "QUERY",
        sdl::DirectiveLocation::Mutation => "MUTATION",
        sdl::DirectiveLocation::Subscription => "SUBSCRIPTION",
        sdl::DirectiveLocation::Field => "FIELD",
        sdl::DirectiveLocation::FragmentDefinition => "FRAGMENT_DEFINITION",
        sdl::DirectiveLocation::FragmentSpread => "FRAGMENT_SPREAD",
        sdl::DirectiveLocation::InlineFragment => "INLINE_FRAGMENT",
        sdl::DirectiveLocation::VariableDefinition => "VARIABLE_DEFINITION",
        sdl::DirectiveLocation::Schema => "SCHEMA",
        sdl::DirectiveLocation::Scalar => "SCALAR",
        sdl::DirectiveLocation::Object => "OBJECT",
        sdl::DirectiveLocation::FieldDefinition => "FIELD_DEFINITION",
        sdl::DirectiveLocation::ArgumentDefinition => "ARGUMENT_DEFINITION",
        sdl::DirectiveLocation::Interface => "INTERFACE",
        sdl::DirectiveLocation::Union => "UNION",
        sdl::DirectiveLocation::Enum => "ENUM",
        sdl::DirectiveLocation::EnumValue => "ENUM_VALUE",
        sdl::DirectiveLocation::InputObject => "INPUT_OBJECT",
        sdl::DirectiveLocation::InputFieldDefinition => "INPUT_FIELD_DEFINITION",
    }
}
