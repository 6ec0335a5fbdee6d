//! `noteTypeCreate`, `noteTypeRename` and `noteTypeDelete`. None of them appends an event, because the event log is
//! about notes.

use std::sync::Arc;

use async_graphql::ID;
use breadth::{Context, inline, object};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect};

use super::object::NoteType;
use crate::error::Result;
use crate::graphql::context::ContextExt;
use crate::graphql::global_id::NodeId;
use crate::graphql::user_errors::{ErrorCode, UserError, UserErrors};
use crate::ids::NoteTypeId;
use crate::store::AccessScope;
use crate::store::db::{ConstraintViolation, Transaction};
use crate::store::entity::token::Scope;
use crate::store::entity::{note, note_type};
use crate::text::quote::quote;

/// Maximum length of a type's name, in characters. Imported ones may be longer.
const NAME: usize = 255;

/// The result of a mutation of note types.
#[derive(Clone, Default)]
pub struct NoteTypePayload {
    note_type: Option<NoteType>,
    user_errors: Vec<UserError>,
}

object! {
    /// The result of a mutation of note types.
    NoteTypePayload {
        /// The current state of the type; after `noteTypeDelete`, the last state of the deleted type.
        note_type = inline(|payload: &NoteTypePayload| payload.note_type.clone());
        /// Errors that the user can fix. If there are any, nothing was changed.
        user_errors = inline(|payload: &NoteTypePayload| payload.user_errors.clone());
    }
}

impl NoteTypePayload {
    fn done(row: note_type::Model) -> Self {
        Self { note_type: Some(NoteType(Arc::new(row))), user_errors: Vec::new() }
    }

    async fn refused(transaction: Transaction, errors: Vec<UserError>) -> Result<Self> {
        transaction.rollback().await?;
        Ok(Self { note_type: None, user_errors: errors })
    }
}

pub async fn create(ctx: &Context<'_>, name: String) -> Result<NoteTypePayload> {
    let viewer = ctx.viewer(Scope::Admin)?;
    let errors = check(&name);
    let transaction = ctx.app().db.begin().await?;
    if !errors.is_empty() {
        return NoteTypePayload::refused(transaction, errors).await;
    }
    let id = ctx.app().db.ids().allocate_one(&transaction, viewer.company_id).await?;
    let row = note_type::Model { company_id: viewer.company_id, id, name, from_import: false };
    let taken = OnConflict::columns([note_type::Column::CompanyId, note_type::Column::Name]).do_nothing().to_owned();
    let insert = note_type::Entity::insert(row.clone().into_active_model().reset_all()).on_conflict(taken);
    if insert.exec_without_returning(&transaction).await? == 0 {
        return NoteTypePayload::refused(transaction, vec![taken_name(&row.name)]).await;
    }
    transaction.commit().await?;
    Ok(NoteTypePayload::done(row))
}

pub async fn rename(ctx: &Context<'_>, id: ID, name: String) -> Result<NoteTypePayload> {
    ctx.viewer(Scope::Admin)?;
    let mut errors = check(&name);
    let transaction = ctx.app().db.begin().await?;
    let mut row = match lock_note_type(&transaction, ctx.access(), &id).await? {
        Ok(row) if errors.is_empty() => row,
        refused => {
            errors.extend(refused.err());
            return NoteTypePayload::refused(transaction, errors).await;
        }
    };
    let renamed = note_type::Entity::update_many()
        .col_expr(note_type::Column::Name, Expr::val(name.as_str()))
        .filter(note_type::Column::CompanyId.eq(row.company_id))
        .filter(note_type::Column::Id.eq(row.id))
        .exec(&transaction)
        .await;
    match renamed {
        Err(error) if ConstraintViolation::of(&error) == Some(ConstraintViolation::Unique) => {
            return NoteTypePayload::refused(transaction, vec![taken_name(&name)]).await;
        }
        renamed => renamed?,
    };
    transaction.commit_if(row.name != name).await?;
    row.name = name;
    Ok(NoteTypePayload::done(row))
}

pub async fn delete(ctx: &Context<'_>, id: ID) -> Result<NoteTypePayload> {
    ctx.viewer(Scope::Admin)?;
    let transaction = ctx.app().db.begin().await?;
    let row = match lock_note_type(&transaction, ctx.access(), &id).await? {
        Ok(row) => row,
        Err(refused) => return NoteTypePayload::refused(transaction, vec![refused]).await,
    };
    // A mutation that links a note to the type locks the type, too, so the count stays true. ADMIN sees all notes.
    let count = ctx.access().notes().filter(note::Column::TypeId.eq(row.id)).count(&transaction).await?;
    if count > 0 {
        let message = format!("{count} notes have the type {}; change their type first.", quote(&row.name));
        let in_use = UserError::new(ErrorCode::InUse, &["id"], message).with(serde_json::json!({ "count": count }));
        return NoteTypePayload::refused(transaction, vec![in_use]).await;
    }
    note_type::Entity::delete_many()
        .filter(note_type::Column::CompanyId.eq(row.company_id))
        .filter(note_type::Column::Id.eq(row.id))
        .exec(&transaction)
        .await?;
    transaction.commit().await?;
    Ok(NoteTypePayload::done(row))
}

/// Loads a type of the viewer's company, and locks it until the transaction ends.
async fn lock_note_type(
    transaction: &Transaction,
    access: AccessScope,
    id: &ID,
) -> Result<Result<note_type::Model, UserError>> {
    let key = match NoteTypeId::parse(id) {
        Ok(key) => key,
        Err(message) => return Ok(Err(UserError::new(ErrorCode::Invalid, &["id"], message))),
    };
    let found = access.note_types().filter(note_type::Column::Id.eq(key)).lock_exclusive().one(transaction).await?;
    Ok(found
        .ok_or_else(|| UserError::new(ErrorCode::NotFound, &["id"], format!("There is no note type {}.", quote(id)))))
}

fn check(name: &str) -> Vec<UserError> {
    let mut errors = UserErrors::default();
    if name.trim().is_empty() {
        errors.check_text(&["name"], name, NAME);
        errors.add(ErrorCode::Required, &["name"], "A name must have at least one visible character.");
    } else {
        errors.check_name(&["name"], name, NAME);
    }
    errors.0
}

fn taken_name(name: &str) -> UserError {
    UserError::new(ErrorCode::Taken, &["name"], format!("A note type {} already exists.", quote(name)))
}
