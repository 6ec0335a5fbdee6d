//! Changes that a client may send again when it has lost the answer: with the same key and the same input it gets the
//! first result, and nothing is made twice.
//!
//! A key belongs to one change of one user. Its row is written in the transaction of the change, so that there is never
//! one without the other; a change that is refused keeps no key.

use async_graphql::InputType;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, LockBehavior, LockType, Query};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseBackend, EntityTrait, IntoActiveModel, QueryFilter,
    Statement,
};
use sha2::{Digest, Sha256};

use crate::context::ContextExt;
use crate::db::Transaction;
use crate::engine::Context;
use crate::entity::idempotency_key::{Column, Entity, Model};
use crate::error::Result;
use crate::event::Moment;
use crate::user_error::{ErrorCode, Problems, UserError};

/// The most characters of a key.
const MAX_LENGTH: usize = 255;
/// How long the first result is remembered.
const KEPT: TimeDelta = TimeDelta::hours(24);
/// How many keys that are older are forgotten with each that is kept: more than one, so that they come to an end.
const FORGOTTEN: u64 = 100;
/// Where the key stands in the input.
const PATH: [&str; 2] = ["input", "idempotencyKey"];

/// A key that a client gave a change; `None` where it gave none.
pub struct IdempotencyKey(Option<Given>);

struct Given {
    operation: &'static str,
    key: String,
    input_hash: Vec<u8>,
}

/// What is known of a change when it is about to be made.
pub enum Found {
    /// It has not been made under this key.
    Nothing,
    /// It has: this is what it made.
    Made(i64),
    /// The key is another change's, or this one is just being made.
    Refused(UserError),
}

impl IdempotencyKey {
    /// The key of an input. Inputs are the same where their values are, in whichever order and with whichever defaults
    /// a client writes them.
    pub fn new(operation: &'static str, key: Option<&str>, input: &impl InputType, problems: &mut Problems) -> Self {
        let Some(key) = key else { return Self(None) };
        let before = problems.0.len();
        problems.text(&PATH, key, MAX_LENGTH);
        if key.is_empty() {
            problems.add(
                ErrorCode::Required,
                &PATH,
                format!("A key has 1 to {MAX_LENGTH} characters, or is left out."),
            );
        }
        if problems.0.len() > before {
            return Self(None);
        }
        // Of a derived input, this names each field in the order in which it is declared, with null or its default where
        // the client said nothing.
        let input_hash = Sha256::digest(input.to_value().to_string()).to_vec();
        Self(Some(Given { operation, key: key.to_owned(), input_hash }))
    }

    /// Looks for an earlier change under this key; keeps later ones from being made until this transaction ends.
    pub async fn find(&self, transaction: &Transaction, ctx: &Context<'_>) -> Result<Found> {
        let Some(given) = &self.0 else { return Ok(Found::Nothing) };
        let sight = ctx.sight();
        if !given.lock(transaction, sight.company_id, sight.user_id).await? {
            let message = "This change is being made under the same key just now; ask again in a moment.";
            return Ok(Found::Refused(UserError::new(ErrorCode::IdempotencyInProgress, &PATH, message)));
        }
        let key = (sight.company_id, sight.user_id, given.operation.to_owned(), given.key.clone());
        let Some(row) = Entity::find_by_id(key.clone()).one(transaction).await? else { return Ok(Found::Nothing) };
        if row.created_on <= ctx.app().clock.now() - KEPT {
            Entity::delete_by_id(key).exec(transaction).await?;
            return Ok(Found::Nothing);
        }
        if row.input_hash != given.input_hash {
            let message = "This key was used with another input; take a new key for each change.";
            return Ok(Found::Refused(UserError::new(ErrorCode::IdempotencyKeyReused, &PATH, message)));
        }
        Ok(Found::Made(row.made_id))
    }

    /// Remembers what was made, and forgets some of what is too old to be asked for.
    pub async fn keep(self, transaction: &Transaction, moment: &Moment<'_>, made_id: i64) -> Result<()> {
        let Some(Given { operation, key, input_hash }) = self.0 else { return Ok(()) };
        let row = Model {
            company_id: moment.viewer.company_id,
            user_id: moment.viewer.user_id,
            operation: operation.to_owned(),
            key,
            input_hash,
            made_id,
            created_on: moment.time,
        };
        forget(transaction, row.company_id, moment.time - KEPT).await?;
        Entity::insert(row.into_active_model().reset_all()).exec_without_returning(transaction).await?;
        Ok(())
    }
}

impl Given {
    /// Whether this transaction is the one that may make the change. (`SQLite` has one writer at a time: there, whoever
    /// comes later finds what the first has made.)
    async fn lock(&self, transaction: &Transaction, company_id: i64, user_id: i64) -> Result<bool> {
        let backend = transaction.get_database_backend();
        if backend != DatabaseBackend::Postgres {
            return Ok(true);
        }
        let hash = Sha256::digest(format!("{company_id} {user_id} {} {}", self.operation, self.key));
        let lock = hash.iter().take(8).fold(0, |lock: i64, byte| (lock << 8) | i64::from(*byte));
        let sql = "SELECT pg_try_advisory_xact_lock($1) AS locked";
        let statement = Statement::from_sql_and_values(backend, sql, [lock.into()]);
        Ok(match transaction.query_one_raw(statement).await? {
            Some(row) => row.try_get("", "locked")?,
            None => false,
        })
    }
}

/// What was made then is gone, or this viewer sees it no longer.
pub fn gone() -> UserError {
    let message = "What was made under this key is gone; take a new key to make it again.";
    UserError::new(ErrorCode::NotFound, &PATH, message)
}

async fn forget(transaction: &Transaction, company_id: i64, before: DateTime<Utc>) -> Result<()> {
    let key = [Column::UserId, Column::Operation, Column::Key];
    // Two that forget at the same time take other rows, rather than wait for each other.
    let old = Query::select()
        .columns(key)
        .from(Entity)
        .and_where(Column::CompanyId.eq(company_id))
        .and_where(Column::CreatedOn.lte(before))
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
