use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{Context, ContextSelectionSet, ID, OutputType, Positioned, ServerResult, Value};
use futures_util::try_join;
use hashbrown::HashMap;

use crate::company::{Company, CompanyById};
use crate::context::{ContextExt, Reader};
use crate::customer::{Customer, CustomerById};
use crate::engine::{AnyRow, Interface, Question, resolve_each};
use crate::error::{Error, Result};
use crate::id::{Kind, parse_global};
use crate::note::{MessageById, Note, NoteById, NoteMessage};
use crate::note_type::{NoteType, NoteTypeById};
use crate::user::{User, UserById};

/// The most records that one question takes.
const MAX_NODES: usize = 100;

const NODE: Interface = Interface {
    name: "Node",
    description: "A record that can be fetched again by its global ID.",
    fields: &[(
        "id",
        "ID!",
        "Names the record among all records: unique, stable, to be treated as opaque. Arguments of a known type also \
         take the bare key, \"42\".",
    )],
    objects: &[
        Company::create_type_info,
        Customer::create_type_info,
        User::create_type_info,
        NoteType::create_type_info,
        Note::create_type_info,
        NoteMessage::create_type_info,
    ],
};

/// A record of any type.
pub struct Node(AnyRow);

impl OutputType for Node {
    fn type_name() -> Cow<'static, str> {
        NODE.name.into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        NODE.register::<Self>(registry);
        Self::qualified_type_name()
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        self.0.resolve(ctx).await
    }
}

/// Records of any types, null where there is none.
pub struct Nodes(Vec<Option<Node>>);

impl OutputType for Nodes {
    fn type_name() -> Cow<'static, str> {
        format!("[{}]", NODE.name).into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        NODE.register::<Node>(registry);
        Self::qualified_type_name()
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        let rows: Vec<_> = self.0.iter().map(|node| node.as_ref().map(|node| node.0.clone())).collect();
        resolve_each(&rows, true, ctx).await
    }
}

/// # Errors
/// INVALID, where the ID is none; when the database fails.
pub async fn node(ctx: &Context<'_>, id: &ID) -> Result<Option<Node>> {
    let (kind, key) = parse_global(id)?;
    let loaders = ctx.loaders();
    let row = match kind {
        Kind::Company => loaders.company.load(key).await?.map(|row| AnyRow::new(Company(row))),
        Kind::Customer => loaders.customer.load(key).await?.map(|row| AnyRow::new(Customer(row))),
        Kind::User => loaders.user.load(key).await?.map(|row| AnyRow::new(User(row))),
        Kind::NoteType => loaders.note_type.load(key).await?.map(|row| AnyRow::new(NoteType(row))),
        Kind::Note => loaders.note.load(key).await?.map(|row| AnyRow::new(Note(row))),
        Kind::NoteMessage => loaders.message.load(key).await?.map(|row| AnyRow::new(NoteMessage(row))),
    };
    Ok(row.map(Node))
}

/// One statement for each type among the IDs.
///
/// # Errors
/// INVALID, where there are too many IDs or one is none; when the database fails.
pub async fn nodes(ctx: &Context<'_>, ids: &[ID]) -> Result<Nodes> {
    if ids.len() > MAX_NODES {
        let count = ids.len();
        return Err(Error::Invalid(format!("`ids` has {count} values; at most {MAX_NODES} are taken.")));
    }
    let ids = ids.iter().map(parse_global).collect::<Result<Vec<_>>>()?;
    let reader = ctx.reader();
    let keys = |kind: Kind| ids.iter().filter(move |id| id.0 == kind).map(|id| id.1).collect::<Vec<i64>>();
    let (companies, customers, users, types, notes, messages) = try_join!(
        find::<CompanyById>(reader, keys(Kind::Company)),
        find::<CustomerById>(reader, keys(Kind::Customer)),
        find::<UserById>(reader, keys(Kind::User)),
        find::<NoteTypeById>(reader, keys(Kind::NoteType)),
        find::<NoteById>(reader, keys(Kind::Note)),
        find::<MessageById>(reader, keys(Kind::NoteMessage)),
    )?;
    let row = |(kind, key): (Kind, i64)| match kind {
        Kind::Company => companies.get(&key).map(|row| AnyRow::new(Company(Arc::clone(row)))),
        Kind::Customer => customers.get(&key).map(|row| AnyRow::new(Customer(Arc::clone(row)))),
        Kind::User => users.get(&key).map(|row| AnyRow::new(User(Arc::clone(row)))),
        Kind::NoteType => types.get(&key).map(|row| AnyRow::new(NoteType(Arc::clone(row)))),
        Kind::Note => notes.get(&key).map(|row| AnyRow::new(Note(Arc::clone(row)))),
        Kind::NoteMessage => messages.get(&key).map(|row| AnyRow::new(NoteMessage(Arc::clone(row)))),
    };
    Ok(Nodes(ids.into_iter().map(|id| row(id).map(Node)).collect()))
}

async fn find<Q>(reader: &Reader, keys: Vec<i64>) -> Result<HashMap<i64, Q::Answer>>
where
    Q: Question<Key = i64, Source = Reader>,
{
    if keys.is_empty() { Ok(HashMap::new()) } else { Q::ask(reader, &keys).await }
}
