//! `noteAssign` and `noteUnassign`.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, SimpleObject};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};

use super::change::{References, hold_note};
use super::object::Note;
use super::text::Problems;
use super::user_error::UserError;
use crate::context::ContextExt;
use crate::db::one_of;
use crate::engine::Many;
use crate::entity::event::{Change, EventType};
use crate::entity::token::Scope;
use crate::entity::{assignment, note};
use crate::error::Result;
use crate::event::Moment;
use crate::id::Kind;
use crate::user::NoteAssignee;

/// Users to be made responsible for a note.
#[derive(InputObject)]
pub struct NoteAssignInput {
    /// The note.
    id: ID,
    /// The users: at most 100.
    user_ids: Vec<ID>,
}

/// Users to be no longer responsible for a note.
#[derive(InputObject)]
pub struct NoteUnassignInput {
    /// The note.
    id: ID,
    /// The users: at most 100.
    user_ids: Vec<ID>,
}

/// What became of it. Assigning twice is no error and keeps the first assignment.
#[derive(Clone, Default, SimpleObject)]
pub struct NoteAssignPayload {
    /// The note, with its assignees as they are now.
    note: Option<Note>,
    /// Who has become responsible.
    added: Many<NoteAssignee>,
    /// Who was already.
    already_assigned_user_ids: Vec<ID>,
    /// What has to be put right; then nobody was assigned.
    user_errors: Vec<UserError>,
}

/// What became of it.
#[derive(Clone, Default, SimpleObject)]
pub struct NoteUnassignPayload {
    /// The note, with its assignees as they are now; null where the viewer was one of them and sees it no longer.
    note: Option<Note>,
    /// Who is no longer responsible.
    removed_user_ids: Vec<ID>,
    /// Who was not responsible before.
    not_assigned_user_ids: Vec<ID>,
    /// What has to be put right; then nobody was unassigned.
    user_errors: Vec<UserError>,
}

pub async fn assign(ctx: &Context<'_>, input: NoteAssignInput) -> Result<NoteAssignPayload> {
    let viewer = ctx.viewer(Scope::Write)?;
    let NoteAssignInput { id, user_ids } = input;
    let mut problems = Problems::default();
    let mut references = References::default();
    let users = references.users(&mut problems, &["input", "userIds"], &user_ids);

    let app = ctx.app();
    let transaction = app.db.begin().await?;
    let held = hold_note(&transaction, ctx.sight(), "id", &id).await?;
    references.check(&transaction, ctx.sight(), &mut problems).await?;
    let mut note = match held {
        Ok(note) if problems.0.is_empty() => note,
        refused => {
            transaction.rollback().await?;
            problems.0.extend(refused.err());
            return Ok(NoteAssignPayload { user_errors: problems.0, ..Default::default() });
        }
    };
    let present = assignments(&transaction, &note).await?;
    let (already, new): (Vec<i64>, Vec<i64>) =
        users.into_iter().partition(|user| present.iter().any(|assignment| assignment.user_id == *user));
    let last = present.last().map_or(0, |assignment| assignment.position);
    let moment = Moment::new(viewer, &app.clock);
    let added = new_assignments(&moment, &note, &new, last);
    if !added.is_empty() {
        let rows = added.iter().cloned().map(|row| row.into_active_model().reset_all());
        assignment::Entity::insert_many(rows).exec_without_returning(&transaction).await?;
        touch(&transaction, &moment, &mut note).await?;
        let change = Change { field: "assignees".to_owned(), old: serde_json::Value::Null, new: global_ids(&new) };
        moment.append(&transaction, EventType::Assigned, note.id, None, vec![change]).await?;
    }
    transaction.commit().await?;

    Ok(NoteAssignPayload {
        note: Some(Note(Arc::new(note))),
        added: Many(added.into_iter().map(|row| NoteAssignee(Arc::new(row))).collect()),
        already_assigned_user_ids: already.into_iter().map(|user| Kind::User.id(user)).collect(),
        user_errors: Vec::new(),
    })
}

pub async fn unassign(ctx: &Context<'_>, input: NoteUnassignInput) -> Result<NoteUnassignPayload> {
    let viewer = ctx.viewer(Scope::Write)?;
    let NoteUnassignInput { id, user_ids } = input;
    let mut problems = Problems::default();
    // Who is not assigned is reported, whether there is such a user or not: nothing is looked up.
    let users = References::default().users(&mut problems, &["input", "userIds"], &user_ids);

    let app = ctx.app();
    let sight = ctx.sight();
    let transaction = app.db.begin().await?;
    let mut note = match hold_note(&transaction, sight, "id", &id).await? {
        Ok(note) if problems.0.is_empty() => note,
        refused => {
            transaction.rollback().await?;
            problems.0.extend(refused.err());
            return Ok(NoteUnassignPayload { user_errors: problems.0, ..Default::default() });
        }
    };
    let present = assignments(&transaction, &note).await?;
    let (removed, absent): (Vec<i64>, Vec<i64>) =
        users.into_iter().partition(|user| present.iter().any(|assignment| assignment.user_id == *user));
    let mut visible = true;
    if !removed.is_empty() {
        let moment = Moment::new(viewer, &app.clock);
        let users = (assignment::Entity, assignment::Column::UserId);
        assignment::Entity::delete_many()
            .filter(assignment::Column::CompanyId.eq(note.company_id))
            .filter(assignment::Column::NoteId.eq(note.id))
            .filter(one_of(app.db.backend(), users, removed.iter().copied()))
            .exec(&transaction)
            .await?;
        touch(&transaction, &moment, &mut note).await?;
        let change = Change { field: "assignees".to_owned(), old: global_ids(&removed), new: serde_json::Value::Null };
        moment.append(&transaction, EventType::Unassigned, note.id, None, vec![change]).await?;
        visible = sight.notes().filter(note::Column::Id.eq(note.id)).one(&transaction).await?.is_some();
    }
    transaction.commit().await?;

    Ok(NoteUnassignPayload {
        note: visible.then(|| Note(Arc::new(note))),
        removed_user_ids: removed.into_iter().map(|user| Kind::User.id(user)).collect(),
        not_assigned_user_ids: absent.into_iter().map(|user| Kind::User.id(user)).collect(),
        user_errors: Vec::new(),
    })
}

/// Rows that assign `users` to a note, after position `last`.
pub fn new_assignments(moment: &Moment<'_>, note: &note::Model, users: &[i64], last: i32) -> Vec<assignment::Model> {
    (last + 1..)
        .zip(users)
        .map(|(position, &user_id)| assignment::Model {
            company_id: note.company_id,
            note_id: note.id,
            user_id,
            position,
            created_on: moment.time,
            assigned_by_id: Some(moment.viewer.user.id),
            source: None,
        })
        .collect()
}

async fn assignments(transaction: &DatabaseTransaction, note: &note::Model) -> Result<Vec<assignment::Model>> {
    Ok(assignment::Entity::find()
        .filter(assignment::Column::CompanyId.eq(note.company_id))
        .filter(assignment::Column::NoteId.eq(note.id))
        .order_by_asc(assignment::Column::Position)
        .all(transaction)
        .await?)
}

/// The note has changed: a new version, by this viewer, now.
async fn touch(transaction: &DatabaseTransaction, moment: &Moment<'_>, note: &mut note::Model) -> Result<()> {
    note.version += 1;
    note.updated_on = moment.time;
    note.updated_by_id = Some(moment.viewer.user.id);
    note::Entity::update_many()
        .col_expr(note::Column::Version, Expr::col(note::Column::Version).add(1))
        .col_expr(note::Column::UpdatedOn, Expr::val(note.updated_on))
        .col_expr(note::Column::UpdatedById, Expr::val(note.updated_by_id))
        .filter(note::Column::CompanyId.eq(note.company_id))
        .filter(note::Column::Id.eq(note.id))
        .exec(transaction)
        .await?;
    Ok(())
}

fn global_ids(users: &[i64]) -> serde_json::Value {
    users.iter().map(|&user| serde_json::Value::String(Kind::User.id(user).0)).collect()
}
