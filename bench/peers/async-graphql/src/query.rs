//! `note` and `notes`, with the filters that the work uses.

use async_graphql::{Context, ID, InputObject, Object, Result};
use bench_data::postgres as db;

use crate::Viewer;
use crate::objects::{Note, NoteConnection, NoteStatus};

pub struct Query;

#[derive(InputObject)]
struct NoteStatusFilter {
    eq: Option<NoteStatus>,
}

#[derive(InputObject)]
#[graphql(name = "IDFilter")]
struct IdFilter {
    eq: Option<ID>,
}

#[derive(InputObject)]
struct NoteFilter {
    status: Option<NoteStatusFilter>,
    customer_id: Option<IdFilter>,
}

/// The key in "42" or "Note:42".
pub fn key(id: &ID) -> Result<i64> {
    Ok(id.rsplit(':').next().unwrap_or_default().parse()?)
}

#[Object]
impl Query {
    async fn note(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Note>> {
        let viewer = ctx.data_unchecked::<Viewer>();
        Ok(db::note(&viewer.pool, viewer.company, key(&id)?).await?.map(Note))
    }

    async fn notes(
        &self,
        ctx: &Context<'_>,
        filter: NoteFilter,
        #[graphql(default = 20)] first: i64,
    ) -> Result<NoteConnection> {
        let Viewer { pool, company, .. } = ctx.data_unchecked::<Viewer>();
        let rows = match (filter.customer_id.and_then(|id| id.eq), filter.status.and_then(|status| status.eq)) {
            (Some(customer), None) => db::of_customer(pool, *company, key(&customer)?, first).await?,
            (None, Some(NoteStatus::Open)) => db::newest_open(pool, *company, first).await?,
            _ => return Err("filter by a customer, or by the status OPEN".into()),
        };
        Ok(NoteConnection { nodes: rows.into_iter().map(Note).collect() })
    }
}
