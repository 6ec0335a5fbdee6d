//! Registers the declared types with async-graphql, which prints the schema and whose macros make the scalars, enums
//! and inputs of fields. async-graphql executes nothing.
//!
//! Within this crate, only this file names the library. The crates that use this one name the library for its macros
//! and for the types of values, such as `ID` and `MaybeUndefined`; the parser's types, the registry and what else the
//! macros need they take from here. So an update that moves or changes those changes only this file.

use std::borrow::Cow;
use std::marker::PhantomData;

use async_graphql::registry::{MetaField, MetaTypeId, ObjectBuilder};
use async_graphql::resolver_utils::ContainerType;
use async_graphql::{Context, ContextSelectionSet, EmptySubscription, Schema, ServerError, ServerResult};

use super::abstracts::AbstractType;
use super::declare::{Arguments, Object};
use crate::escape;

/// The library's registry of types.
pub use async_graphql::registry::{Deprecation, MetaInputValue, MetaType, Registry};
/// The traits that the library's macros implement for scalars, enums and inputs.
pub use async_graphql::{
    ID, InputType, OutputType, ScalarType,
    resolver_utils::{EnumType, enum_value},
};
/// Types for positions, names and values.
pub use async_graphql::{Name, Pos, Positioned, SDLExportOptions, Value, Variables};
/// The parsed documents that the engine executes.
pub use async_graphql_parser::{Error as ParseError, parse_schema, types};
pub use async_graphql_value::{ConstValue, Value as Literal, indexmap};

/// Registers an object type with the schema and returns its name.
pub fn register<T: Object>(registry: &mut Registry) -> String {
    let object = T::object();
    for interface in object.implements {
        registry.add_implements(object.name, interface);
    }
    registry.create_output_type::<Declared<T>, _>(MetaTypeId::Object, |registry| {
        let fields = object.fields.iter().map(|field| {
            let (ty, args) = (field.def.register)(registry);
            let mut meta = meta_field(&field.name, &field.description, ty, args);
            if let Some(reason) = field.def.deprecated {
                meta.deprecation = Deprecation::Deprecated { reason: Some(reason.to_owned()) };
            }
            (field.name.clone(), meta)
        });
        let fields = fields.collect();
        ObjectBuilder::new(object.name, fields)
            .description(Some(object.description.clone()))
            .rust_typename(std::any::type_name::<Declared<T>>())
            .build()
    });
    object.name.to_owned()
}

fn meta_field(name: &str, description: &str, ty: String, args: Arguments) -> MetaField {
    MetaField { description: Some(description.to_owned()), args, ..MetaField::new(name, ty) }
}

/// Registers an interface or a union with the schema and returns its name.
pub fn register_abstract(kind: &'static AbstractType, registry: &mut Registry) -> String {
    if registry.types.contains_key(kind.name) {
        return kind.name.to_owned();
    }
    // Registered without its object types first, as they may lead back to it.
    registry.types.insert(kind.name.to_owned(), meta_abstract(kind, &[]));
    for object in kind.targets() {
        let says_so = kind.fields.is_empty() || object.implements.contains(&kind.name);
        assert!(says_so, "{} is among the types of {}, and does not implement it", object.name, kind.name);
    }
    let objects: Vec<String> = kind.targets().iter().map(|object| (object.register)(registry)).collect();
    registry.types.insert(kind.name.to_owned(), meta_abstract(kind, &objects));
    kind.name.to_owned()
}

fn meta_abstract(kind: &AbstractType, objects: &[String]) -> MetaType {
    let (name, description) = (kind.name.to_owned(), Some(kind.description.to_owned()));
    let possible_types = objects.iter().cloned().collect();
    if kind.fields.is_empty() {
        return MetaType::Union {
            name,
            description,
            possible_types,
            visible: None,
            inaccessible: false,
            tags: Vec::new(),
            rust_typename: None,
            directive_invocations: Vec::new(),
        };
    }
    let field = |(name, ty, description): &(&str, &str, &str)| {
        ((*name).to_owned(), meta_field(name, description, (*ty).to_owned(), Arguments::new()))
    };
    MetaType::Interface {
        name,
        description,
        fields: kind.fields.iter().map(field).collect(),
        possible_types,
        extends: false,
        inaccessible: false,
        tags: Vec::new(),
        keys: None,
        visible: None,
        rust_typename: None,
        directive_invocations: Vec::new(),
        requires_scopes: Vec::new(),
    }
}

/// Prints the schema with these root types as SDL.
pub fn sdl<Query: Object, Mutation: Object>(options: SDLExportOptions) -> String {
    let (query, mutation) = (Whole::<Query, Mutation>(PhantomData), Declared::<Mutation>(PhantomData));
    escape::with_quotes(&Schema::build(query, mutation, EmptySubscription).finish().sdl_with_options(options))
}

/// The query root. It registers all types of the schema and then escapes their texts.
struct Whole<Query, Mutation>(PhantomData<fn() -> (Query, Mutation)>);

impl<Query: Object, Mutation: Object> OutputType for Whole<Query, Mutation> {
    fn type_name() -> Cow<'static, str> {
        Declared::<Query>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        register::<Query>(registry);
        if !Declared::<Mutation>::is_empty() {
            register::<Mutation>(registry);
        }
        escape::escape(registry);
        Self::qualified_type_name()
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<types::Field>) -> ServerResult<Value> {
        Declared::<Query>(PhantomData).resolve(ctx, field).await
    }
}

impl<Query: Object, Mutation: Object> ContainerType for Whole<Query, Mutation> {
    async fn resolve_field(&self, _: &Context<'_>) -> ServerResult<Option<Value>> {
        Ok(None)
    }
}

impl<Query: Object, Mutation: Object> async_graphql::ObjectType for Whole<Query, Mutation> {}

/// Presents a declared object type to the library.
struct Declared<T>(PhantomData<fn() -> T>);

impl<T: Object> OutputType for Declared<T> {
    fn type_name() -> Cow<'static, str> {
        T::object().name.into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        register::<T>(registry);
        Self::qualified_type_name()
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, field: &Positioned<types::Field>) -> ServerResult<Value> {
        Err(ServerError::new("This is executed elsewhere.", Some(field.pos)))
    }
}

impl<T: Object> ContainerType for Declared<T> {
    fn is_empty() -> bool {
        T::object().fields.is_empty()
    }

    async fn resolve_field(&self, _: &Context<'_>) -> ServerResult<Option<Value>> {
        Ok(None)
    }
}

impl<T: Object> async_graphql::ObjectType for Declared<T> {}
