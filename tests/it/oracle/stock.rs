//! Executes the same fields with async-graphql's own executor: object by object and field by field, with its own rules
//! for nulls, errors, lists and merging, and with a separate load for each row.

use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::resolver_utils::{ContainerType, resolve_container};
use async_graphql::{
    Context, ContextSelectionSet, EmptyMutation, EmptySubscription, ID, InputType, Name, ObjectType as Root,
    OutputType, Positioned, ServerError, ServerResult, Value,
};
use breadth::{
    CoercedArguments, Context as Carried, Data, ErasedRow, FaultInjector, FieldResolver, FieldValue, LoadState, Loader,
    Object, ObjectType, Prepared, RelationField, RowList,
};
use notegraph::company::{Company, CompanyById};
use notegraph::customer::{self, Customer, CustomerById};
use notegraph::error::{Error, Result};
use notegraph::graphql::context::{ContextExt, DataSource};
use notegraph::graphql::global_id::{GlobalIdTarget, parse_global_id};
use notegraph::graphql::pagination::PageArgs;
use notegraph::note::{
    AssigneeById, EventByHandle, MessageById, Note, NoteById, NoteConnection, NoteEvent, NoteListArgs, NoteMessage,
};
use notegraph::note_type::{self, NoteType, NoteTypeById};
use notegraph::schema::Query as Declared;
use notegraph::store::entity::token::Scope;
use notegraph::user::{self, NoteAssignee, User, UserById, Viewer};

pub type Stock = async_graphql::Schema<Query, EmptyMutation, EmptySubscription>;

pub fn build() -> Stock {
    async_graphql::Schema::new(Query, EmptyMutation, EmptySubscription)
}

/// A row of an object type, as an object of the library.
#[derive(Clone)]
struct Wrapped {
    object: &'static ObjectType,
    rows: Arc<dyn RowList>,
    index: usize,
}

/// A single row as a list of rows.
struct Single<'a>(&'a Wrapped);

impl RowList for Single<'_> {
    fn len(&self) -> usize {
        1
    }

    fn get(&self, _: usize) -> &ErasedRow {
        self.0.rows.get(self.0.index)
    }
}

impl Wrapped {
    fn new<T: Object>(row: T) -> Self {
        Self { object: T::object(), rows: Arc::new(vec![row]), index: 0 }
    }

    /// Follows a link from this row, and resolves the result by the library's own rules for results, options and lists.
    async fn relation(&self, relation: &dyn RelationField, ctx: &Context<'_>) -> ServerResult<Value> {
        let below = ctx.with_selection_set(&ctx.item.node.selection_set);
        let given: ServerResult<Vec<(Name, Value)>> = ctx.field().arguments();
        let arguments = relation.arguments(Value::Object(given?.into_iter().collect()));
        let carried = carried(ctx);
        let mut rows: Arc<dyn RowList> = Arc::new(Vec::<()>::new());
        let value = match arguments {
            Ok(arguments) => {
                let mut state = LoadState::default();
                let prepared = relation.prepare(&Single(self), CoercedArguments::Own(arguments), carried, &mut state);
                state.run_wave(carried).await;
                let ready = match prepared {
                    Prepared::Ready(ready) => ready,
                    Prepared::Coming(coming) => coming.await,
                };
                let mut found = relation.complete(ready, &mut state);
                if let Some(only) = found.rows.pop() {
                    rows = only.into();
                }
                found.values.remove(0)
            }
            Err(message) => FieldValue::Failed(breadth::Error::new(message)),
        };
        // Below the root no field has an interface type.
        let wrapped = |index| Self { object: relation.targets()[0], rows: Arc::clone(&rows), index };
        let one: Result<Self, async_graphql::Error> = match value {
            FieldValue::Null => return Ok(Value::Null),
            FieldValue::Json(json) => return Ok(parsed(&json)),
            FieldValue::Many(first, end) => {
                let items: Vec<Self> = (first..end).map(wrapped).collect();
                return OutputType::resolve(&items, &below, ctx.item).await;
            }
            FieldValue::Object(_, index) => Ok(wrapped(index)),
            FieldValue::Failed(error) => Err(library(error)),
            FieldValue::Each(_) => unreachable!("below the root no list is of an interface"),
        };
        if relation.nullable() {
            OutputType::resolve(&Some(one), &below, ctx.item).await
        } else {
            OutputType::resolve(&one, &below, ctx.item).await
        }
    }
}

/// Converts an error to an error of the library.
fn library(error: impl Into<breadth::Error>) -> async_graphql::Error {
    async_graphql::Error::new(error.into().message)
}

/// The data that the operation carries along.
fn carried<'a>(ctx: &Context<'a>) -> Carried<'a> {
    Carried::new(ctx.data_unchecked::<Arc<Data>>())
}

fn parsed(json: &[u8]) -> Value {
    Value::from_json(serde_json::from_slice(json).unwrap()).unwrap()
}

impl OutputType for Wrapped {
    fn type_name() -> Cow<'static, str> {
        "Wrapped".into()
    }

    fn introspection_type_name(&self) -> Cow<'static, str> {
        self.object.name.into()
    }

    fn create_type_info(_: &mut Registry) -> String {
        unreachable!("the engine's own registration is used")
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        resolve_container(ctx, self).await
    }
}

impl ContainerType for Wrapped {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        let Some(field) = self.object.field(&ctx.item.node.name.node) else { return Ok(None) };
        match &field.def.resolver {
            FieldResolver::Leaf(write) => {
                let mut json = Vec::new();
                let written = write(self.rows.get(self.index), carried(ctx), &mut json);
                written.map_err(|none| ServerError::new(none.error.message, None))?;
                Ok(Some(parsed(&json)))
            }
            FieldResolver::Relation(relation) => self.relation(relation.as_ref(), ctx).await.map(Some),
        }
    }
}

/// The root fields of the contract, which resolve to wrapped rows.
pub struct Query;

impl Root for Query {}

impl OutputType for Query {
    fn type_name() -> Cow<'static, str> {
        Declared::object().name.into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        format!("{}!", (Declared::object().register)(registry))
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        resolve_container(ctx, self).await
    }
}

impl ContainerType for Query {
    /// Each root field is nullable, so an error makes that field null.
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        Ok(self.root(ctx).await.unwrap_or_else(|error| {
            ctx.add_error(error);
            Some(Value::Null)
        }))
    }
}

impl Query {
    async fn root(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        let fail = |error: Error| ctx.set_error_path(library(error).into_server_error(ctx.item.pos));
        let carried = carried(ctx);
        carried.viewer(Scope::Read).map_err(fail)?;
        let below = ctx.with_selection_set(&ctx.item.node.selection_set);
        let name = ctx.item.node.name.node.as_str();
        let found = match name {
            "node" | "note" | "customer" | "user" => {
                let id: ID = argument(ctx, "id")?;
                let id = if name == "node" { id } else { full(name, &id) };
                let found = find(carried, &id).await.map_err(library).transpose();
                return OutputType::resolve(&found, &below, ctx.item).await.map(Some);
            }
            "nodes" => {
                let mut items = Vec::new();
                for id in argument::<Vec<ID>>(ctx, "ids")? {
                    items.push(find(carried, &id).await.map_err(fail)?);
                }
                return OutputType::resolve(&items, &below, ctx.item).await.map(Some);
            }
            "noteTypes" => {
                let types = note_type::all(carried.data_source()).await.map_err(fail)?;
                let types: Vec<Wrapped> = types.into_iter().map(Wrapped::new).collect();
                return OutputType::resolve(&types, &below, ctx.item).await.map(Some);
            }
            "viewer" => Wrapped::new(Viewer(Arc::new(carried.viewer(Scope::Read).map_err(fail)?.clone()))),
            "notes" => {
                let given: Vec<(Name, Value)> = ctx.field().arguments()?;
                let args = NoteListArgs::parse(Some(Value::Object(given.into_iter().collect())));
                let args = args.map_err(|error| error.into_server_error(ctx.item.pos))?;
                Wrapped::new(NoteConnection::all(carried.data_source(), args).await.map_err(fail)?)
            }
            "customers" => {
                let search: Option<String> = argument(ctx, "search")?;
                Wrapped::new(customer::list(carried.data_source(), search.as_deref(), &page(ctx)?).await.map_err(fail)?)
            }
            "users" => {
                let (status, search) = (argument(ctx, "status")?, argument::<Option<String>>(ctx, "search")?);
                Wrapped::new(
                    user::list(carried.data_source(), search.as_deref(), status, &page(ctx)?).await.map_err(fail)?,
                )
            }
            _ => return Ok(None),
        };
        OutputType::resolve(&found, &below, ctx.item).await.map(Some)
    }
}

fn argument<T: InputType>(ctx: &Context<'_>, name: &str) -> ServerResult<T> {
    Ok(ctx.param_value(name, None)?.1)
}

fn page(ctx: &Context<'_>) -> ServerResult<PageArgs> {
    Ok(PageArgs {
        first: argument(ctx, "first")?,
        after: argument(ctx, "after")?,
        last: argument(ctx, "last")?,
        before: argument(ctx, "before")?,
        page: argument(ctx, "page")?,
    })
}

/// Expands the bare key `42`, which the field `note` also accepts, to `Note:42`.
fn full(field: &str, id: &ID) -> ID {
    if id.contains(':') {
        return id.clone();
    }
    let (first, rest) = field.split_at(1);
    ID(format!("{}{rest}:{}", first.to_uppercase(), id.as_str()))
}

async fn find(carried: Carried<'_>, id: &ID) -> Result<Option<Wrapped>> {
    Ok(match parse_global_id(id)? {
        GlobalIdTarget::Company(key) => row::<CompanyById, _>(carried, key, Company).await?,
        GlobalIdTarget::Customer(key) => row::<CustomerById, _>(carried, key, Customer).await?,
        GlobalIdTarget::User(key) => row::<UserById, _>(carried, key, User).await?,
        GlobalIdTarget::NoteType(key) => row::<NoteTypeById, _>(carried, key, NoteType).await?,
        GlobalIdTarget::Note(key) => row::<NoteById, _>(carried, key, Note).await?,
        GlobalIdTarget::Message(key) => row::<MessageById, _>(carried, key, NoteMessage).await?,
        GlobalIdTarget::Assignee(key) => row::<AssigneeById, _>(carried, key, NoteAssignee).await?,
        GlobalIdTarget::Event(key) => row::<EventByHandle, _>(carried, key, NoteEvent).await?,
    })
}

async fn row<L, T>(carried: Carried<'_>, key: L::Key, make: impl FnOnce(L::Value) -> T) -> Result<Option<Wrapped>>
where
    L: Loader<Source = DataSource, Error = Error>,
    T: Object,
{
    let path = std::any::type_name::<L>();
    let loader = path.rsplit("::").next().unwrap();
    let shown = format!("{key:?}");
    if carried.data::<FaultInjector>().0(loader, &shown) {
        return Err(Error::Invalid(format!("{loader} {shown} fails on purpose.")));
    }
    let mut found = L::load(carried.data_source(), std::slice::from_ref(&key)).await?;
    Ok(found.remove(&key).map(|row| Wrapped::new(make(row))))
}
