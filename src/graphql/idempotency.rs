//! Idempotency keys of mutations. A client that lost the response sends the mutation again with the same key and input,
//! and gets the first result; nothing is created twice.
//!
//! A key belongs to one mutation of one user. Its row is written in the transaction of the change, so that there is
//! never one without the other; a refused mutation does not store its key.

use std::marker::PhantomData;

use async_graphql::InputType;
use breadth::Context;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, LockBehavior, LockType, OnConflict, Query};
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryTrait};
use sha2::{Digest, Sha256};

use crate::auth::Viewer;
use crate::error::Result;
use crate::graphql::context::ContextExt;
use crate::graphql::user_errors::{ErrorCode, UserError, UserErrors};
use crate::ids::{CompanyId, RecordId, UserId};
use crate::store::AccessScope;
use crate::store::db::{Answer, Answers, LockedName, ReadBatch};
use crate::store::entity::idempotency_key::{Column, Entity, Model};

/// Maximum length of a key, in characters.
const MAX_LENGTH: usize = 255;
/// How long results are kept.
const KEPT: TimeDelta = TimeDelta::hours(24);
/// How many expired keys are deleted with each key that is stored: more than one, so that expired keys do not
/// accumulate.
const FORGOTTEN: u64 = 100;
/// Path of the key in the input.
const PATH: [&str; 2] = ["input", "idempotencyKey"];

/// The idempotency key of a mutation that creates a record with the ID `I`; `None` if the client sent none.
pub struct IdempotencyKey<I>(Option<Given>, PhantomData<fn(I) -> I>);

struct Given {
    operation: &'static str,
    key: String,
    input_hash: Vec<u8>,
}

/// A key that the first reads of a transaction look up.
#[derive(Clone, Copy)]
pub struct RequestedKey(Option<(LockedName, Answer)>);

/// The result of looking a key up before its change is made.
pub enum PriorResult<I> {
    /// No change was made under this key.
    New,
    /// The change was made, and created this record.
    Completed(I),
    /// The key was used with another input, or the change is being made at the moment.
    Conflict(UserError),
}

impl<I: RecordId> IdempotencyKey<I> {
    /// Reads the key of an input. Inputs are equal if their values are, whatever the order of fields, and whether or
    /// not the client writes out defaults.
    pub fn new(operation: &'static str, key: Option<&str>, input: &impl InputType, errors: &mut UserErrors) -> Self {
        let Some(key) = key else { return Self(None, PhantomData) };
        let before = errors.0.len();
        errors.check_text(&PATH, key, MAX_LENGTH);
        if key.is_empty() {
            errors.add(ErrorCode::Required, &PATH, format!("A key must have 1 to {MAX_LENGTH} characters."));
        }
        if errors.0.len() > before {
            return Self(None, PhantomData);
        }
        // For a derived input type this lists all fields in the order of their declaration, with null or the default
        // for those that the client left out.
        let input_hash = Sha256::digest(input.to_value().to_string()).to_vec();
        Self(Some(Given { operation, key: key.to_owned(), input_hash }), PhantomData)
    }

    /// Looks for an earlier change under this key outside a transaction, so that a retry is answered before the work that
    /// precedes one. What is new here may not be new any more to [`Self::find`].
    pub async fn look_up(&self, ctx: &Context<'_>) -> Result<PriorResult<I>> {
        let Some(given) = &self.0 else { return Ok(PriorResult::New) };
        let (app, access) = (ctx.app(), ctx.access());
        let row = given.stored(app.db.read(), access).await?;
        Ok(match row {
            Some(row) if !is_expired(&row, app.clock.now()) => given.result(&row),
            _ => PriorResult::New,
        })
    }

    /// Adds the reads that look for an earlier change under this key, and block later ones until the transaction ends.
    pub fn ask(&self, reads: &mut ReadBatch, access: AccessScope) -> RequestedKey {
        RequestedKey(self.0.as_ref().map(|given| {
            let name = format!("{} {} {} {}", access.company_id, access.user_id, given.operation, given.key);
            // The row is read with a later snapshot than that of the lock.
            (reads.try_lock_name(&name), reads.add(&Entity::find_by_id(given.id(access)).into_query()))
        }))
    }

    /// The earlier change under this key, from the answers to what was asked with [`Self::ask`].
    pub fn find(&self, ctx: &Context<'_>, asked: RequestedKey, answers: &mut Answers) -> Result<PriorResult<I>> {
        let (Some(given), Some((lock, stored))) = (&self.0, asked.0) else { return Ok(PriorResult::New) };
        if !answers.has_locked(lock)? {
            let message = "Another request with this key is still running; try again in a moment.";
            return Ok(PriorResult::Conflict(UserError::new(ErrorCode::IdempotencyInProgress, &PATH, message)));
        }
        let Some(row) = answers.take_models::<Model>(stored)?.pop() else { return Ok(PriorResult::New) };
        // [`Self::keep`] replaces it.
        if is_expired(&row, ctx.app().clock.now()) { Ok(PriorResult::New) } else { Ok(given.result(&row)) }
    }

    /// Stores the key with the id of the record that the viewer has created at this time, in place of an expired one,
    /// and deletes some other expired keys.
    pub async fn keep(
        self,
        transaction: &impl ConnectionTrait,
        viewer: &Viewer,
        time: DateTime<Utc>,
        made_id: I,
    ) -> Result<()> {
        let Some(Given { operation, key, input_hash }) = self.0 else { return Ok(()) };
        let row = Model {
            company_id: viewer.company_id,
            user_id: viewer.user_id,
            operation: operation.to_owned(),
            key,
            input_hash,
            made_id: made_id.into(),
            created_on: time,
        };
        forget(transaction, &row, time - KEPT).await?;
        let expired = OnConflict::columns([Column::CompanyId, Column::UserId, Column::Operation, Column::Key])
            .update_columns([Column::InputHash, Column::MadeId, Column::CreatedOn])
            .to_owned();
        let insert = Entity::insert(row.into_active_model().reset_all()).on_conflict(expired);
        insert.exec_without_returning(transaction).await?;
        Ok(())
    }
}

impl Given {
    fn id(&self, access: AccessScope) -> (CompanyId, UserId, String, String) {
        (access.company_id, access.user_id, self.operation.to_owned(), self.key.clone())
    }

    async fn stored<C: ConnectionTrait>(&self, connection: &C, access: AccessScope) -> Result<Option<Model>> {
        Ok(Entity::find_by_id(self.id(access)).one(connection).await?)
    }

    /// What the row of the key means for this input.
    fn result<I: RecordId>(&self, row: &Model) -> PriorResult<I> {
        if row.input_hash == self.input_hash {
            return PriorResult::Completed(row.made_id.into());
        }
        let message = "This key was already used with another input; use a new key for each change.";
        PriorResult::Conflict(UserError::new(ErrorCode::IdempotencyKeyReused, &PATH, message))
    }
}

fn is_expired(row: &Model, now: DateTime<Utc>) -> bool {
    row.created_on <= now - KEPT
}

/// The error for a record that has been deleted since, or that this viewer may no longer see.
pub fn gone() -> UserError {
    let message = "The record that was created with this key is no longer available; use a new key to create it again.";
    UserError::new(ErrorCode::NotFound, &PATH, message)
}

/// Deletes some of the company's expired keys, except the given one, which is written at the same time.
async fn forget(transaction: &impl ConnectionTrait, kept: &Model, before: DateTime<Utc>) -> Result<()> {
    let company_id = kept.company_id;
    let key = [Column::UserId, Column::Operation, Column::Key];
    // Concurrent transactions delete different rows, instead of waiting for each other.
    let old = Query::select()
        .columns(key)
        .from(Entity)
        .and_where(Column::CompanyId.eq(company_id))
        .and_where(Column::CreatedOn.lte(before))
        .and_where(Expr::tuple(key.map(Expr::col)).ne(Expr::tuple([
            Expr::val(kept.user_id),
            Expr::val(kept.operation.as_str()),
            Expr::val(kept.key.as_str()),
        ])))
        .order_by(Column::CreatedOn, sea_orm::Order::Asc)
        .limit(FORGOTTEN)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .take();
    Entity::delete_many()
        .filter(Column::CompanyId.eq(company_id))
        .filter(Expr::tuple(key.map(Expr::col)).in_subquery(old))
        .exec(transaction)
        .await?;
    Ok(())
}
