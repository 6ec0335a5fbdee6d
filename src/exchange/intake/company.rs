//! The company that records are imported into.

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};

use super::ids::IdAllocator;
use super::rows::insert;
use crate::clock::Clock;
use crate::ids::CompanyId;
use crate::store::entity::company;

/// Finds the company by name, or creates it, with the id in the records if that is free.
pub async fn find_or_make(
    connection: &impl ConnectionTrait,
    clock: &Clock,
    name: &str,
    given: Option<CompanyId>,
    ids: &IdAllocator,
) -> Result<company::Model, DbErr> {
    if let Some(company) = company::Entity::find().filter(company::Column::Name.eq(name)).one(connection).await? {
        return Ok(company);
    }
    let free = match given {
        Some(id) if company::Entity::find_by_id(id).one(connection).await?.is_none() => Some(id),
        _ => None,
    };
    let id = match free {
        Some(id) => id,
        None => ids.new_company(connection).await?,
    };
    let row = company::Model { id, name: name.to_owned(), created_on: clock.now() };
    insert::<company::Entity, _>(connection, vec![row.clone()]).await?;
    Ok(row)
}
