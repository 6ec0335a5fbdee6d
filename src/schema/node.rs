use async_graphql::{Context, ID, Interface};
use futures_util::future::try_join_all;

use crate::company::Company;
use crate::context::ContextExt;
use crate::customer::Customer;
use crate::error::{Error, Result};
use crate::id::{Kind, parse_global};
use crate::note::{Note, NoteMessage};
use crate::note_type::NoteType;
use crate::user::User;

/// The most records that one question takes.
const MAX_NODES: usize = 100;

/// A record that can be fetched again by its global ID.
#[derive(Interface)]
#[graphql(field(
    name = "id",
    ty = "ID",
    desc = "Names the record among all records: unique, stable, to be treated as opaque. Arguments of a known type also take the bare key, \"42\"."
))]
pub enum Node {
    Company(Company),
    Customer(Customer),
    User(User),
    NoteType(NoteType),
    Note(Note),
    NoteMessage(NoteMessage),
}

/// # Errors
/// INVALID, where the ID is none; when the database fails.
pub async fn node(ctx: &Context<'_>, id: &ID) -> Result<Option<Node>> {
    let (kind, key) = parse_global(id)?;
    let loaders = ctx.loaders();
    Ok(match kind {
        Kind::Company => loaders.company.load(key).await?.map(|row| Company(row).into()),
        Kind::Customer => loaders.customer.load(key).await?.map(|row| Customer(row).into()),
        Kind::User => loaders.user.load(key).await?.map(|row| User(row).into()),
        Kind::NoteType => loaders.note_type.load(key).await?.map(|row| NoteType(row).into()),
        Kind::Note => loaders.note.load(key).await?.map(|row| Note(row).into()),
        Kind::NoteMessage => loaders.message.load(key).await?.map(|row| NoteMessage(row).into()),
    })
}

/// One statement for each type among the IDs.
///
/// # Errors
/// INVALID, where there are too many IDs or one is none; when the database fails.
pub async fn nodes(ctx: &Context<'_>, ids: &[ID]) -> Result<Vec<Option<Node>>> {
    if ids.len() > MAX_NODES {
        let count = ids.len();
        return Err(Error::Invalid(format!("`ids` has {count} values; at most {MAX_NODES} are taken.")));
    }
    try_join_all(ids.iter().map(|id| node(ctx, id))).await
}
