//! Custom fields for what the generated ones cannot do.

use async_graphql::{Context, Result};
use bench_data::{NewNote, Patch, postgres as db};
use chrono::{SubsecRound, Utc};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use seaography::{CustomFields, CustomOutputType};

use crate::Viewer;
use crate::entities::note;

pub struct Lists;

#[CustomFields]
impl Lists {
    /// One note by its key: the generated list would also query the page before and the page after.
    async fn note_by_key(ctx: &Context<'_>, id: i64) -> Result<Option<note::Model>> {
        let viewer = ctx.data::<Viewer>()?;
        let database = ctx.data::<DatabaseConnection>()?;
        Ok(note::Entity::find_by_id((viewer.company, id)).one(database).await?)
    }

    /// The newest open notes: the generated list would count all of them first.
    async fn notes_newest_open(ctx: &Context<'_>, first: i64) -> Result<Vec<note::Model>> {
        let viewer = ctx.data::<Viewer>()?;
        let newest = note::Entity::find()
            .filter(note::Column::CompanyId.eq(viewer.company))
            .filter(note::Column::Status.eq("open"))
            .order_by_desc(note::Column::CreatedOn)
            .order_by_desc(note::Column::Id)
            .limit(u64::try_from(first)?);
        Ok(newest.all(ctx.data::<DatabaseConnection>()?).await?)
    }

    /// The newest notes of a customer.
    async fn notes_of_customer(ctx: &Context<'_>, id: i64, first: i64) -> Result<Vec<note::Model>> {
        let viewer = ctx.data::<Viewer>()?;
        let newest = note::Entity::find()
            .filter(note::Column::CompanyId.eq(viewer.company))
            .filter(note::Column::CustomerId.eq(id))
            .order_by_desc(note::Column::CreatedOn)
            .order_by_desc(note::Column::Id)
            .limit(u64::try_from(first)?);
        Ok(newest.all(ctx.data::<DatabaseConnection>()?).await?)
    }
}

pub struct Changes;

#[derive(Clone, CustomOutputType)]
pub struct PatchPayload {
    pub note: note::Model,
    /// A JSON list, as custom fields neither take nor return lists of scalars.
    pub changed_fields: String,
}

#[CustomFields]
impl Changes {
    async fn note_make(
        ctx: &Context<'_>,
        customer_id: i64,
        type_id: i64,
        subject: String,
        details: String,
        tags: String,
        assignee_ids: String,
    ) -> Result<note::Model> {
        let viewer = ctx.data::<Viewer>()?;
        let pool = ctx.data::<DatabaseConnection>()?.get_postgres_connection_pool();
        // Lists come as JSON text, as custom fields take no lists of scalars.
        let (tags, assignee_ids) = (serde_json::from_str(&tags)?, serde_json::from_str(&assignee_ids)?);
        let new = NewNote { customer_id, type_id, subject, details, tags, assignee_ids };
        let time = Utc::now().trunc_subsecs(6);
        let (row, _) = db::create(pool, viewer.company, viewer.actor, time, new).await?;
        Ok(model(viewer.company, row))
    }

    async fn note_change(ctx: &Context<'_>, id: i64, subject: String, priority: bool) -> Result<PatchPayload> {
        let viewer = ctx.data::<Viewer>()?;
        let pool = ctx.data::<DatabaseConnection>()?.get_postgres_connection_pool();
        let time = Utc::now().trunc_subsecs(6);
        let patched = db::patch(pool, viewer.company, viewer.actor, time, id, Patch { subject, priority }).await?;
        let patched = patched.ok_or("no such note")?;
        let changed_fields =
            serde_json::to_string(&patched.changes.iter().map(|change| change.field).collect::<Vec<_>>())?;
        Ok(PatchPayload { note: model(viewer.company, patched.note), changed_fields })
    }
}

fn model(company_id: i64, row: bench_data::Note) -> note::Model {
    note::Model {
        company_id,
        id: row.id,
        version: row.version,
        type_id: row.type_id,
        subject: row.subject,
        details: row.details,
        status: row.status,
        priority: row.priority,
        confidential: row.confidential,
        show_on_overview: row.show_on_overview,
        reminder: row.reminder,
        tags: row.tags.into(),
        reference_type: row.reference_type,
        reference_id: row.reference_id,
        customer_id: row.customer_id,
        user_id: row.user_id,
        message_count: row.message_count,
        created_on: row.created_on,
        updated_on: row.updated_on,
        updated_by_id: row.updated_by_id,
        closed_on: row.closed_on,
    }
}
