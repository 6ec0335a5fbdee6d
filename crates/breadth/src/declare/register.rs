//! Registers the declared types with async-graphql, which prints the schema.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::pin::Pin;

use futures_util::Stream;

use super::abstracts::AbstractType;
use super::declare::{Arguments, Object};
use super::escape;
use crate::bridge::{
    ContainerType, ContextSelectionSet, Deprecation, LibraryContext, LibraryObjectType, LibraryResponse, LibrarySchema,
    LibrarySubscriptionType, MetaField, MetaType, MetaTypeId, ObjectBuilder, OutputType, Positioned, Registry,
    SDLExportOptions, ServerError, ServerResult, Value, types,
};

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

impl AbstractType {
    /// Registers the type with the schema and returns its name.
    ///
    /// # Panics
    /// An object type among the types of an interface does not implement it.
    pub fn register(&'static self, registry: &mut Registry) -> String {
        if registry.types.contains_key(self.name) {
            return self.name.to_owned();
        }
        // Registered without its object types first, as they may lead back to it.
        registry.types.insert(self.name.to_owned(), meta_abstract(self, &[]));
        for object in self.targets() {
            let says_so = self.fields.is_empty() || object.implements.contains(&self.name);
            assert!(says_so, "{} is among the types of {}, and does not implement it", object.name, self.name);
        }
        let objects: Vec<String> = self.targets().iter().map(|object| (object.register)(registry)).collect();
        registry.types.insert(self.name.to_owned(), meta_abstract(self, &objects));
        self.name.to_owned()
    }
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
pub fn sdl<Query: Object, Mutation: Object, Subscription: Object>(options: SDLExportOptions) -> String {
    let query = Whole::<Query, Mutation, Subscription>(PhantomData);
    let (mutation, subscription) = (Declared::<Mutation>(PhantomData), DeclaredEvents::<Subscription>(PhantomData));
    escape::with_quotes(&LibrarySchema::build(query, mutation, subscription).finish().sdl_with_options(options))
}

/// The query root. It registers all types of the schema and then escapes their texts.
struct Whole<Query, Mutation, Subscription>(Roots<Query, Mutation, Subscription>);

type Roots<Query, Mutation, Subscription> = PhantomData<fn() -> (Query, Mutation, Subscription)>;

impl<Query: Object, Mutation: Object, Subscription: Object> OutputType for Whole<Query, Mutation, Subscription> {
    fn type_name() -> Cow<'static, str> {
        Declared::<Query>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        register::<Query>(registry);
        if !Declared::<Mutation>::is_empty() {
            register::<Mutation>(registry);
        }
        if !Declared::<Subscription>::is_empty() {
            register::<Subscription>(registry);
        }
        escape::escape(registry);
        Self::qualified_type_name()
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<types::Field>) -> ServerResult<Value> {
        Declared::<Query>(PhantomData).resolve(ctx, field).await
    }
}

impl<Query: Object, Mutation: Object, Subscription: Object> ContainerType for Whole<Query, Mutation, Subscription> {
    async fn resolve_field(&self, _: &LibraryContext<'_>) -> ServerResult<Option<Value>> {
        Ok(None)
    }
}

impl<Query: Object, Mutation: Object, Subscription: Object> LibraryObjectType for Whole<Query, Mutation, Subscription> {}

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

    async fn resolve_field(&self, _: &LibraryContext<'_>) -> ServerResult<Option<Value>> {
        Ok(None)
    }
}

impl<T: Object> LibraryObjectType for Declared<T> {}

/// Presents the subscription root to the library.
struct DeclaredEvents<T>(PhantomData<fn() -> T>);

impl<T: Object> LibrarySubscriptionType for DeclaredEvents<T> {
    fn type_name() -> Cow<'static, str> {
        T::object().name.into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        register::<T>(registry);
        T::object().name.to_owned()
    }

    fn is_empty() -> bool {
        T::object().fields.is_empty()
    }

    fn create_field_stream<'a>(
        &'a self,
        _: &'a LibraryContext<'_>,
    ) -> Option<Pin<Box<dyn Stream<Item = LibraryResponse> + Send + 'a>>> {
        // Executed elsewhere.
        None
    }
}
