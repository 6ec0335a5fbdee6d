//! Opaque tokens: `ng_<company>_<secret>`, where the secret is 256 random bits.
//!
//! Only the SHA-256 hash of a token is stored; with that much entropy, a slow hash would add nothing. The token
//! contains the company so that its lookup leads with the company, as every index does. This proves nothing by itself,
//! since the hash covers it.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, Set};
use sha2::{Digest, Sha256};

use super::Viewer;
use super::lookup::{Holder, Lookup};
use crate::clock::Clock;
use crate::error::Result;
use crate::ids::{CompanyId, UserId};
use crate::scheduling::runtime::OperationRuntime;
use crate::store::db::{self, Db};
use crate::store::entity::token::{self, Scope, Scopes};
use crate::store::entity::user::UserStatus;

/// A token in plain text, shown once to its owner.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    fn random(company_id: CompanyId) -> std::result::Result<Self, getrandom::Error> {
        let mut bits = [0; 32];
        getrandom::fill(&mut bits)?;
        Ok(Self(format!("ng_{company_id}_{}", URL_SAFE_NO_PAD.encode(bits))))
    }

    /// Wraps an existing token.
    #[cfg(test)]
    pub fn from_text(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// A token to be created.
#[derive(Clone, Debug)]
pub struct NewToken {
    pub company_id: CompanyId,
    pub user_id: UserId,
    /// The purpose of the token, as `token list` shows it.
    pub name: String,
    pub scopes: Vec<Scope>,
    pub expires_on: Option<DateTime<Utc>>,
}

/// Creates and stores a token.
///
/// # Errors
/// If the user does not exist, or the system has no randomness to give.
pub async fn create_token(
    connection: &impl ConnectionTrait,
    clock: &Clock,
    new: NewToken,
) -> std::result::Result<(token::Model, Secret), DbErr> {
    let secret = Secret::random(new.company_id).map_err(|error| DbErr::Custom(error.to_string()))?;
    // Ids without gaps: people type them, and no client sees them.
    let id = db::allocate_dense(connection, new.company_id, 1).await?.first().copied().unwrap_or_default();
    let row = token::ActiveModel {
        company_id: Set(new.company_id),
        id: Set(id),
        user_id: Set(new.user_id),
        hash: Set(hash(secret.reveal())),
        name: Set(new.name),
        scopes: Set(Scopes(new.scopes)),
        created_on: Set(clock.now()),
        expires_on: Set(new.expires_on),
        revoked_on: Set(None),
    };
    Ok((row.insert(connection).await?, secret))
}

/// Authenticates the opaque tokens of a database.
#[derive(Clone)]
pub struct Tokens {
    lookup: Lookup,
    clock: Clock,
}

impl Tokens {
    /// Runs lookups on the caller's runtime.
    pub fn new(db: Db, clock: Clock) -> Self {
        Self::on(OperationRuntime::current(), db, clock)
    }

    /// Runs lookups on `work`.
    pub fn on(runtime: OperationRuntime, db: Db, clock: Clock) -> Self {
        Self { lookup: Lookup::new(runtime, db), clock }
    }

    /// Returns the holder of a token; `None` if the token is unknown, expired or revoked, or its user is inactive.
    /// Always queries the database after the call, so that revoking a token takes effect at once.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn authenticate(&self, token: &str) -> Result<Option<Viewer>> {
        self.authenticate_from(None, token).await
    }

    /// Like [`Self::authenticate`], for a request from this address, if it is known. Addresses take turns.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn authenticate_from(&self, address: Option<IpAddr>, token: &str) -> Result<Option<Viewer>> {
        let Some(company_id) = company_of(token) else { return Ok(None) };
        let found = self.lookup.find(address, (company_id, hash(token))).await?;
        Ok(found.and_then(|holder| {
            let Holder { id, user_id, scopes: Scopes(scopes), expires_on, revoked_on, status } = holder;
            let valid = revoked_on.is_none() && expires_on.is_none_or(|end| self.clock.now() < end);
            let is_in = valid && status == UserStatus::Active;
            is_in.then_some(Viewer { company_id, user_id, token_id: Some(id), scopes })
        }))
    }
}

/// Whether this is an opaque token of this server, and not one of an identity provider.
pub fn is_opaque(token: &str) -> bool {
    token.starts_with("ng_")
}

fn company_of(token: &str) -> Option<CompanyId> {
    token.strip_prefix("ng_")?.split_once('_')?.0.parse().ok()
}

fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}
